"""What is in a file: its packets, and when its picture and its sound change."""
import array
import json
import subprocess

# Of the sound that is looked at.
SAMPLE_RATE = 8000


def probe(path, *arguments):
    command = ["ffprobe", "-v", "error", "-of", "json", *arguments, str(path)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=120).stdout
    return json.loads(said)


def streams(path):
    """The file's streams by kind, the first of each."""
    found = {}
    for stream in probe(path, "-show_streams")["streams"]:
        found.setdefault(stream["codec_type"], stream)
    return found


def packets(path, kind):
    """Times of decoding in seconds, and which packets are keyframes: `kind` is `v` or `a`."""
    told = probe(path, "-select_streams", f"{kind}:0", "-show_entries", "packet=dts_time,pts_time,flags")["packets"]
    return [(float(it.get("dts_time") or it["pts_time"]), "K" in it["flags"]) for it in told]


def largest_step(path, kind):
    """The largest distance of two packets that follow each other; negative steps fail."""
    times = [time for time, _ in packets(path, kind)]
    steps = [after - before for before, after in zip(times, times[1:])]
    assert steps and min(steps) >= 0, f"{path}: {kind} goes back by {min(steps, default=0)} s"
    return max(steps)


def flashes(path):
    """When a white picture begins."""
    command = ["ffmpeg", "-v", "error", "-copyts", "-i", str(path), "-map", "0:v:0", "-vf", "scale=1:1,format=gray",
               "-fps_mode", "passthrough", "-f", "rawvideo", "-"]
    levels = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=120).stdout
    told = probe(path, "-select_streams", "v:0", "-show_entries", "frame=pts_time")["frames"]
    times = [float(frame["pts_time"]) for frame in told]
    assert len(times) == len(levels), f"{path}: {len(times)} frames have times, {len(levels)} have pictures"
    return rises([level > 128 for level in levels], times)


def beeps(path):
    """When a tone begins, as the file's own clock has it."""
    told = probe(path, "-select_streams", "a:0", "-read_intervals", "%+#1", "-show_entries", "packet=pts_time")
    begin = float(told["packets"][0]["pts_time"])
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:a:0", "-af", "aresample=async=1", "-ac", "1",
               "-ar", str(SAMPLE_RATE), "-f", "s16le", "-"]
    samples = array.array("h")
    samples.frombytes(subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=120).stdout)
    # Windows of 2 ms, in which a tone of 1 kHz has two whole waves.
    width = SAMPLE_RATE // 500
    loud = [max(map(abs, samples[at:at + width])) > 4000 for at in range(0, len(samples) - width, width)]
    return rises(loud, [begin + at * width / SAMPLE_RATE for at in range(len(loud))])


def rises(on, times):
    return [time for before, now, time in zip(on, on[1:], times[1:]) if now and not before]


def offsets(path):
    """How much later each flash is than its tone, in seconds."""
    sounds = beeps(path)
    found = []
    for flash in flashes(path):
        nearest = min(sounds, key=lambda it: abs(it - flash), default=None)
        if nearest is not None and abs(nearest - flash) < 0.5:
            found.append(flash - nearest)
    return found
