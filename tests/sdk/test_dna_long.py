"""A day of video is stored, and looked for, with little memory. It takes long, so it runs only if REELGATE_LONG_TESTS is set."""
import os
import pathlib
import subprocess
import time

import pytest

import harness
import processes

HOURS = (1, 24)
LOOP_SECONDS = 120
# What is looked for is looked at 24 times a second, and stands at the end: all that is before it has to be looked at.
WANTED_SECONDS = 60
WAIT_SECONDS = 4 * 3600
# A day's frames, 100 bytes each, while their place grows, its stored form, and the pieces that the store writes.
MORE_MIB = 256
# How far edges may be off where there is one frame a second.
EDGE_SECONDS = 1.5

pytestmark = pytest.mark.skipif(not os.environ.get("REELGATE_LONG_TESTS"), reason="REELGATE_LONG_TESTS is not set")


@pytest.fixture
def running(program, tmp_path):
    server = harness.Server.start(program, tmp_path)
    yield server
    server.kill()


def piece(directory, name, seconds, start=""):
    """So many seconds of one frame a second, none of which is like another's piece."""
    path = directory / name
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i",
                    f"mandelbrot=size=160x90:rate=1{start}", "-t", str(seconds), "-c:v", "libx264", "-preset", "ultrafast",
                    "-crf", "40", "-g", "20", "-pix_fmt", "yuv420p", path], check=True)
    return path


def film(directory, hours, end=None):
    """So many hours: two minutes again and again, which costs no encoding, with `end` as the last of them."""
    part, whole, names = piece(directory, "part.mp4", LOOP_SECONDS), directory / f"{hours}.mp4", directory / "parts.txt"
    parts = [part] * round(hours * 3600 / LOOP_SECONDS)
    parts += [end] if end else []
    names.write_text("".join(f"file '{one}'\n" for one in parts), "utf-8")
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "concat", "-safe", "0", "-i", names, "-c", "copy",
                    whole], check=True)
    return whole


def highest_mib(process_id):
    """The most memory that a process has had; 0 if it has ended."""
    try:
        lines = pathlib.Path(f"/proc/{process_id}/status").read_text("utf-8").splitlines()
    except OSError:
        return 0
    return max([int(line.split()[1]) >> 10 for line in lines if line.startswith("VmHWM:")], default=0)


def succeeded(native, server, body):
    """The id of such a job when it has succeeded, and the MiB that the FFmpeg below the server had at most meanwhile."""
    job = native.call("POST", "/jobs", json={"kind": "fingerprint", "media": "video", **body})["id"]
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
    return job, most


def check_memory(own, decoders):
    """MiB by hours of the input: a day's are hardly more than an hour's."""
    print(f"MiB at most: the server {own}, FFmpeg {decoders}")
    hour, day = HOURS
    assert own[day] - own[hour] < MORE_MIB, own
    assert 0 < decoders[day] < decoders[hour] + MORE_MIB, decoders


def test_memory_does_not_grow_with_the_length_of_an_input(running, tmp_path):
    native = harness.Native(running)
    library = native.call("POST", "/libraries", json={"name": "films", "model": "video"})["id"]
    own, decoders = {}, {}
    for hours in HOURS:
        native.put_object("media", f"{hours}.mp4", film(tmp_path, hours))
        body = {"input": f"oss://media/{hours}.mp4", "library": library, "key": f"{hours} h", "save": "only"}
        _, decoders[hours] = succeeded(native, running, body)
        own[hours] = highest_mib(running.process.pid)
    check_memory(own, decoders)
    listed = native.call("GET", f"/libraries/{library}/entries")["entries"]
    assert sorted(entry["key"] for entry in listed) == sorted(f"{hours} h" for hours in HOURS)


def test_memory_of_a_search_does_not_grow_with_the_length_of_its_input(running, tmp_path):
    native = harness.Native(running)
    library = native.call("POST", "/libraries", json={"name": "films", "model": "video"})["id"]
    wanted = piece(tmp_path, "wanted.mp4", WANTED_SECONDS, ":start_x=-0.1011:start_y=0.9563")
    native.put_object("media", "wanted.mp4", wanted)
    succeeded(native, running, {"input": "oss://media/wanted.mp4", "library": library, "key": "wanted", "save": "only"})
    own, decoders = {}, {}
    for hours in HOURS:
        native.put_object("media", f"{hours}.mp4", film(tmp_path, hours, wanted))
        body = {"input": f"oss://media/{hours}.mp4", "library": library, "key": f"{hours} h", "save": "never",
                "result": f"oss://media/found/{hours}.json"}
        job, decoders[hours] = succeeded(native, running, body)
        own[hours] = highest_mib(running.process.pid)
        [entry] = native.call("GET", f"/jobs/{job}/matches")["entries"]
        [segment] = entry["segments"]
        assert entry["key"] == "wanted"
        begin = hours * 3600
        told = [segment["input"]["start"] - begin, segment["input"]["end"] - begin, segment["reference"]["start"],
                segment["reference"]["end"]]
        for seconds, right in zip(told, [0, WANTED_SECONDS, 0, WANTED_SECONDS], strict=True):
            assert abs(seconds - right) < EDGE_SECONDS, segment
    check_memory(own, decoders)
    assert len(native.call("GET", f"/libraries/{library}/entries")["entries"]) == 1
