"""What is sent: a real clip made small, and patterns of which every moment is known."""
import pathlib
import subprocess

MEDIA = pathlib.Path(__file__).parents[2] / "media"
# Keyframes of everything sent are a second apart.
GOP_SECONDS = 1
RATE = 25
H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", str(RATE * GOP_SECONDS),
        "-sc_threshold", "0", "-pix_fmt", "yuv420p"]
AAC = ["-c:a", "aac", "-b:a", "96k", "-ar", "48000", "-ac", "2"]


def make(arguments, to):
    """A file made by FFmpeg."""
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", *map(str, arguments), "-y", to], check=True)
    return to


def real(to):
    """Five seconds of animation with sound."""
    return make(["-i", MEDIA / "bbb_720p25_aac51.mp4", "-t", "5", "-vf", "scale=320:180", *H264, *AAC], to)


def pattern(to, seconds=40):
    """A white picture and a tone in the first fifth of each second, both from the same moment on."""
    picture = f"color=black:s=320x180:r={RATE},drawbox=enable='lt(mod(t,1),0.2)':color=white:t=fill"
    tone = "aevalsrc='0.5*sin(2*PI*1000*t)*lt(mod(t,1),0.2)':s=48000"
    return make(["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone, "-t", seconds, *H264, *AAC], to)


def old_codecs(to):
    """The same picture as FLV cannot hold it: MPEG-2 with Layer II."""
    source = MEDIA / "bbb_720p25_aac51.mp4"
    return make(["-i", source, "-t", "5", "-vf", "scale=320:180", "-c:v", "mpeg2video", "-g", str(RATE), "-b:v", "1M",
                 "-c:a", "mp2", "-ac", "2", "-ar", "48000"], to)
