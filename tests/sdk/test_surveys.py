"""What is found out about a source before it is encoded, and what is painted over: through the SDKs of Mts and of Media
Processing Center."""
import json
import re
import subprocess

import pytest

import mpc
import mps
import pictures

KEY = "surveys/boxed.mkv"
VIDEO = {"Width": "320", "Preset": "veryfast", "Crf": "18"}


@pytest.fixture(scope="module")
def boxed(tmp_path_factory):
    """A picture of 320x180 of two fields, with borders to 320x240, a white logo, and a quiet tone."""
    path = tmp_path_factory.mktemp("boxed") / "boxed.mkv"
    filters = ("lutyuv=y=val/2+60,drawbox=x=200:y=20:w=60:h=30:color=white:t=fill,pad=320:240:0:30,"
               "tinterlace=mode=interleave_top,setfield=prog")
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-t", "4", "-i",
                    "mandelbrot=s=320x180:r=50:end_scale=0.2:end_pts=200", "-f", "lavfi", "-i", "sine=1000:d=4,volume=-24dB",
                    "-vf", filters, "-c:v", "ffv1", "-pix_fmt", "yuv420p", "-c:a", "pcm_s16le", str(path)], check=True)
    return path


def stored(desk, path):
    desk.native.put_object(desk.bucket, KEY, path)
    return {"Bucket": desk.bucket, "Location": mps.LOCATION, "Object": KEY}


def combed(path):
    """The share of frames of two fields among those that move."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-vf", "idet,metadata=mode=print:file=-", "-f", "null", "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    counted = re.findall(r"(lavfi\.idet\.multiple\.[a-z]+)=([\d.]+)$", text, re.MULTILINE)
    last = {name: float(value) for name, value in counted}
    fields = last["lavfi.idet.multiple.tff"] + last["lavfi.idet.multiple.bff"]
    return fields / max(1, fields + last["lavfi.idet.multiple.progressive"])


@pytest.mark.parametrize("mode", ["auto", "progressive"])
def test_borders_go_and_fields_become_whole_frames(one_desk, boxed, tmp_path, mode):
    assert combed(boxed) > 0.9
    [job] = one_desk.transcode(one_desk.output(Video={**VIDEO, "Crop": "border", "ScanMode": mode}),
                               Input=stored(one_desk, boxed))
    assert (job["Output"]["Video"]["Crop"], job["Output"]["Video"]["ScanMode"]) == ("border", mode)
    path = one_desk.fetch(one_desk.key("a.mp4"), tmp_path)
    video = pictures.picture(path)
    assert (video["width"], video["height"]) == (320, 180)
    assert combed(path) < 0.02


@pytest.mark.parametrize("volume, target", [
    ({"Method": "dynamic", "IntegratedLoudnessTarget": "-23", "TruePeak": "-2", "LoudnessRangeTarget": "8"}, -23),
    ({"Method": "auto"}, -16),
], ids=str)
def test_sound_is_brought_to_a_loudness(desk, tmp_path, volume, target):
    [job] = desk.transcode(desk.output(Audio={"Volume": volume}))
    assert job["Output"]["Audio"]["Volume"]["Method"] == volume["Method"]
    path = desk.fetch(desk.key("a.mp4"), tmp_path)
    assert pictures.loudness(path) == pytest.approx(target, abs=0.5)


def test_a_peak_is_put_where_it_is_asked_for(one_desk, boxed, tmp_path):
    # At low rates the encoder adds two decibels where a tone begins.
    audio = {"Bitrate": "192", "Volume": {"Method": "adaptive", "PeakLevel": "0.5"}}
    one_desk.transcode(one_desk.output(Video=VIDEO, Audio=audio), Input=stored(one_desk, boxed))
    path = one_desk.fetch(one_desk.key("a.mp4"), tmp_path)
    assert pictures.peak(path) == pytest.approx(-6, abs=0.7)


def test_a_logo_is_painted_over_while_it_is_said_to_be(desk, boxed, tmp_path):
    places = {"0": [], "1000": [{"l": 190, "t": 45, "w": 0.25, "h": 40}], "2000": []}
    [job] = desk.transcode(desk.output(Video=VIDEO, DeWatermark=places), Input=stored(desk, boxed))
    assert json.loads(job["Output"]["DeWatermark"]) == places
    path = desk.fetch(desk.key("a.mp4"), tmp_path)
    shown = [pictures.luma(path, "crop=56:26:202:52", second) for second in (0.5, 1.5, 2.5)]
    assert shown[0] > 220 and shown[1] < 200 and shown[2] > 220, shown


def test_a_task_of_mpc_cuts_borders_and_finds_the_volume(server, media, native, boxed, tmp_path):
    desk = mpc.Desk(mpc.Mpc(server), server, media, native)
    native.put_object(desk.bucket, KEY, boxed)
    small = {**mpc.SMALL, "video": {**mpc.SMALL["video"], "width": 0, "height": 0, "black_cut": 1}}
    task = desk.create({**small, "common": mpc.MP4}, input=desk.place(KEY), audio_process={"volume": "auto"},
                       output_filenames=["cut.mp4"])
    desk.wait(task, {"SUCCEEDED"})
    path = tmp_path / "cut.mp4"
    path.write_bytes(desk.object(path.name))
    assert (pictures.picture(path)["width"], pictures.picture(path)["height"]) == (320, 180)
    assert pictures.loudness(path) == pytest.approx(-16, abs=0.5)
