"""Animated pictures, segments that begin at chosen moments, and frames of two fields: through the SDK of Mts and the
native API."""
import re
import struct
import subprocess

import pytest

import mps

SECONDS = {"TimeSpan": {"Seek": "0", "Duration": "2"}}


def animated(desk, name, video, **mux):
    codec = name.rsplit(".", 1)[1]
    return desk.output(name, Container={"Format": codec}, Video={"Codec": codec.upper(), **video},
                       Audio={"Remove": "true"}, Clip=SECONDS, MuxConfig=mux)


def probed(path, entries, *options):
    done = subprocess.run(["ffprobe", "-v", "error", *options, "-show_entries", entries, "-of", "csv=p=0", str(path)],
                          capture_output=True, text=True, check=True)
    return [line.strip(",") for line in done.stdout.splitlines() if line]


def chunks(content):
    at = 12
    while at < len(content):
        name, length = struct.unpack_from("<4sI", content, at)
        yield name, content[at + 8:at + 8 + length]
        at += 8 + length + length % 2


def test_a_gif_of_mts(one_desk, tmp_path):
    told = {"Loop": "2", "FinalDelay": "70", "IsCustomPalette": "true", "DitherMode": "bayer"}
    [job] = one_desk.transcode(animated(one_desk, "a.gif", {"Width": "160", "Fps": "10"}, Gif=told))
    assert job["Output"]["MuxConfig"]["Gif"] == told
    assert job["Output"]["Properties"]["Width"] == "160"
    path = one_desk.fetch(one_desk.key("a.gif"), tmp_path)
    delays = [float(it) for it in probed(path, "packet=duration_time")]
    assert delays == pytest.approx([0.1] * 19 + [0.7])
    assert re.search(rb"NETSCAPE2\.0\x03\x01\x02\x00", path.read_bytes())


def test_a_webp_of_mts(one_desk, tmp_path):
    [job] = one_desk.transcode(animated(one_desk, "a.webp", {"Width": "160", "Fps": "10"}, Webp={"Loop": "3"}))
    assert job["Output"]["MuxConfig"]["Webp"] == {"Loop": "3"}
    found = list(chunks(one_desk.fetch(one_desk.key("a.webp"), tmp_path).read_bytes()))
    [shown] = [body for name, body in found if name == b"ANIM"]
    assert struct.unpack_from("<H", shown, 4) == (3,)
    delays = [int.from_bytes(body[12:15], "little") for name, body in found if name == b"ANMF"]
    assert sum(delays) == 2000 and set(delays) == {100}


@pytest.mark.parametrize("field, code, output", [
    ("Codec", "NotSupported", {"Container": {"Format": "gif"}, "Audio": {"Remove": "true"}}),
    ("Codec", "NotSupported", {"Container": {"Format": "gif"}, "Video": {"Codec": "GIF"}}),
    ("Preset", "NotSupported", {"Container": {"Format": "gif"}, "Video": {"Codec": "GIF", "Preset": "fast"},
                                "Audio": {"Remove": "true"}}),
    ("Fps", "OutOfRange", {"Container": {"Format": "gif"}, "Video": {"Codec": "GIF", "Fps": "60"},
                           "Audio": {"Remove": "true"}}),
    ("ForceSegTime", "Format", {"Container": {"Format": "m3u8"}, "MuxConfig": {"Segment": {"ForceSegTime": "1;2"}}}),
], ids=str)
def test_what_does_not_go_together_is_refused(one_desk, field, code, output):
    found, message = one_desk.refused(one_desk.output("a", **output))
    assert code in found and field in message


def test_segments_begin_at_points_of_time(one_desk, tmp_path):
    one_desk.transcode(one_desk.output("cut", template=mps.HLS_LD, Video={**mps.SMALL, "Fps": "25"},
                                       MuxConfig={"Segment": {"Duration": "2", "ForceSegTime": "3.333,1.01"}}))
    names = sorted(key for key in one_desk.keys() if key.rsplit("/", 1)[-1].startswith("cut"))
    files = [one_desk.fetch(key, tmp_path) for key in names]
    text = next(path for path in files if path.suffix == ".m3u8").read_text("utf-8")
    lengths = [float(it) for it in re.findall(r"#EXTINF:([\d.]+)", text)]
    assert lengths[:4] == pytest.approx([1.04, 0.96, 1.36, 0.64], abs=0.001)
    starts = []
    for path in (path for path in files if path.suffix == ".ts"):
        time, flags = probed(path, "packet=pts_time,flags", "-select_streams", "v")[0].split(",")[:2]
        assert flags.startswith("K")
        starts.append(float(time))
    assert [start - starts[0] for start in starts][:5] == pytest.approx([0, 1.04, 2, 3.36, 4], abs=0.001)


def test_frames_of_two_fields(one_desk, tmp_path):
    [job] = one_desk.transcode(one_desk.output(Video={**mps.SMALL, "Height": "180", "ScanMode": "interlaced", "Fps": "25"}))
    assert job["Output"]["Video"]["ScanMode"] == "interlaced"
    path = one_desk.fetch(one_desk.key("a.mp4"), tmp_path)
    assert probed(path, "stream=field_order", "-select_streams", "v") == ["tt"]


def test_the_native_api_says_which_overlay_is_wrong(one_desk, native):
    right = {"mark": {"text": {"text": "a", "size": 40}}}
    wrong = {"mark": {"text": {"text": "a", "size": 40, "alpha": 2}}}
    output = {"object": {"bucket": one_desk.bucket, "key": "x.mp4"}, "preset": "web-240p", "overlays": [right, wrong]}
    body = {"input": {"bucket": one_desk.bucket, "key": "in"}, "outputs": [output]}
    answer = native.request("POST", "/jobs", json=body)
    assert answer.status_code == 400 and "overlays[1].mark.text" in answer.text
