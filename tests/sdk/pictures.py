"""What ffprobe says of a file."""
import json
import re
import subprocess


def ffprobe(path, *arguments):
    command = ["ffprobe", "-v", "error", "-of", "json", *arguments, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return json.loads(done.stdout)


def probe(path):
    """The format and the streams."""
    return ffprobe(path, "-show_format", "-show_streams")


def streams(path, kind):
    return [stream for stream in probe(path)["streams"] if stream["codec_type"] == kind]


def picture(path):
    """The only video stream."""
    [stream] = streams(path, "video")
    return stream


def sound(path):
    """The only audio stream."""
    [stream] = streams(path, "audio")
    return stream


def seconds(path):
    return float(probe(path)["format"]["duration"])


def rotations(path):
    """Rotations that a player would apply."""
    [stream] = streams(path, "video")
    return [data for data in stream.get("side_data_list", []) if "rotation" in data] \
        + [tag for tag in stream.get("tags", {}) if tag == "rotate"]


def key_frames(path):
    """The numbers of the key frames in order of presentation, and how many frames there are."""
    frames = ffprobe(path, "-select_streams", "v:0", "-show_entries",
                     "frame=key_frame,pts_time")["frames"]
    return [number for number, frame in enumerate(frames) if frame["key_frame"]], len(frames)


def first_packet_is_key(path):
    packets = ffprobe(path, "-select_streams", "v:0", "-show_entries", "packet=flags",
                      "-read_intervals", "%+#1")["packets"]
    return packets[0]["flags"].startswith("K")


def kbps(path):
    """The mean rate of the video stream's packets."""
    packets = ffprobe(path, "-select_streams", "v:0", "-show_entries",
                      "packet=size,duration_time")["packets"]
    length = sum(float(packet["duration_time"]) for packet in packets)
    return sum(int(packet["size"]) for packet in packets) * 8 / length / 1000


def header_is_first(path):
    """Whether an MP4 can be played before it is loaded to its end."""
    content = path.read_bytes()
    return 0 < content.find(b"moov") < content.find(b"mdat")


def encoder_options(path):
    """What x264 wrote into the stream about how it was called, such as {"crf": "23.0"}."""
    found = re.search(rb"x264 - core.*? options: ([ -~]+)", path.read_bytes(), re.DOTALL)
    assert found, f"{path} does not say how it was encoded"
    return dict(part.split("=", 1) for part in found[1].decode().split() if "=" in part)


def likeness(path, other):
    """The SSIM of two files' first frames."""
    command = ["ffmpeg", "-hide_banner", "-nostats", "-i", str(path), "-i", str(other),
               "-lavfi", "[0:v]trim=end_frame=1[a];[1:v]trim=end_frame=1[b];[a][b]ssim",
               "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"All:([\d.]+)", done.stderr)
    assert found, done.stderr
    return float(found[1])


def mean_volume(path):
    """The level of the sound over the whole, in dB of full scale."""
    command = ["ffmpeg", "-hide_banner", "-nostats", "-i", str(path), "-vn", "-af", "volumedetect",
               "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"mean_volume: (-?[\d.]+) dB", done.stderr)
    assert found, done.stderr
    return float(found[1])


def luma(path, crop, second=0):
    """The mean luma of a part of the frame at a moment, the first one by default."""
    # Of a single picture nothing is left where it is looked for a moment.
    seek = ["-ss", str(second)] if second else []
    command = ["ffmpeg", "-v", "error", *seek, "-i", str(path), "-frames:v", "1", "-vf", f"{crop},extractplanes=y",
               "-f", "rawvideo", "-"]
    plane = subprocess.run(command, capture_output=True, check=True).stdout
    return sum(plane) / len(plane)


def r128(path):
    """What FFmpeg says at its end of loudness by EBU R 128."""
    command = ["ffmpeg", "-hide_banner", "-nostats", "-i", str(path), "-vn", "-af",
               "ebur128=framelog=verbose:peak=true", "-f", "null", "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stderr


def loudness(path):
    """The integrated loudness, in LUFS."""
    return float(re.findall(r"I: +(-?[\d.]+) LUFS", r128(path))[-1])


def peak(path):
    """The highest true peak, in dB of full scale."""
    return float(re.findall(r"Peak: +(-?[\d.]+) dBFS", r128(path))[-1])
