"""A day of video is stored with little memory. It takes long, so it runs only if REELGATE_LONG_TESTS is set."""
import os
import pathlib
import subprocess
import time

import pytest

import harness
import processes

HOURS = (1, 24)
LOOP_SECONDS = 120
WAIT_SECONDS = 4 * 3600
# A day's frames, 100 bytes each, while their place grows, its stored form, and the pieces that the store writes.
MORE_MIB = 256


def film(directory, hours):
    """So many hours of one frame a second: two minutes of it again and again, which costs no encoding."""
    part, whole = directory / "part.mp4", directory / f"{hours}.mp4"
    made = ["ffmpeg", "-v", "error", "-nostdin", "-y"]
    subprocess.run([*made, "-f", "lavfi", "-i", "mandelbrot=size=160x90:rate=1", "-t", str(LOOP_SECONDS), "-c:v",
                    "libx264", "-preset", "ultrafast", "-crf", "40", "-g", "20", "-pix_fmt", "yuv420p", part], check=True)
    again = str(hours * 3600 // LOOP_SECONDS - 1)
    subprocess.run([*made, "-stream_loop", again, "-i", part, "-c", "copy", "-t", str(hours * 3600), whole], check=True)
    return whole


def highest_mib(process_id):
    """The most memory that a process has had; 0 if it has ended."""
    try:
        lines = pathlib.Path(f"/proc/{process_id}/status").read_text("utf-8").splitlines()
    except OSError:
        return 0
    return max([int(line.split()[1]) >> 10 for line in lines if line.startswith("VmHWM:")], default=0)


@pytest.mark.skipif(not os.environ.get("REELGATE_LONG_TESTS"), reason="REELGATE_LONG_TESTS is not set")
def test_memory_does_not_grow_with_the_length_of_an_input(program, tmp_path):
    server = harness.Server.start(program, tmp_path)
    try:
        native = harness.Native(server)
        library = native.call("POST", "/libraries", json={"name": "films", "model": "video"})["id"]
        own, decoders = {}, {}
        for hours in HOURS:
            native.put_object("media", f"{hours}.mp4", film(tmp_path, hours))
            body = {"kind": "fingerprint", "input": f"oss://media/{hours}.mp4", "library": library, "key": f"{hours} h",
                    "media": "video", "save": "only"}
            job = native.call("POST", "/jobs", json=body)["id"]
            deadline, most = time.monotonic() + WAIT_SECONDS, 0
            while True:
                state = native.call("GET", f"/jobs/{job}")["state"]
                below = processes.below(server.process.pid)
                most = max([most, *(highest_mib(one) for one in below if processes.name_of(one) == "ffmpeg")])
                if state in ("succeeded", "failed"):
                    break
                assert time.monotonic() < deadline, state
                time.sleep(0.5)
            assert state == "succeeded", native.call("GET", f"/jobs/{job}")
            own[hours], decoders[hours] = highest_mib(server.process.pid), most
        print(f"MiB at most: the server {own}, FFmpeg {decoders}")
        hour, day = HOURS
        assert own[day] - own[hour] < MORE_MIB, own
        assert 0 < decoders[day] < decoders[hour] + MORE_MIB, decoders
        listed = native.call("GET", f"/libraries/{library}/entries")["entries"]
        assert sorted(entry["key"] for entry in listed) == ["1 h", "24 h"]
    finally:
        server.kill()
