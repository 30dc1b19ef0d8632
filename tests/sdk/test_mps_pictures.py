"""Snapshots and media information of product Mts, through both SDK generations."""
import hashlib
import json
import re
import subprocess
import time

import pytest

import mps
import pictures

CLIP = "bbb_720p25_aac51.mp4"
UNKNOWN = "0123456789abcdef0123456789abcdef"
ENDED = {"Success", "Fail"}


def file(desk, name):
    return {"Bucket": desk.bucket, "Location": mps.LOCATION, "Object": mps.percent(desk.key(name))}


def submit(desk, config, clip=CLIP, **more):
    return desk.mts.call("SubmitSnapshotJob", Input=json.dumps(desk.input(clip)),
                         SnapshotConfig=json.dumps(config), PipelineId=desk.pipeline,
                         **more)["SnapshotJob"]


def ended(desk, job):
    deadline = time.monotonic() + mps.WAIT_SECONDS
    while True:
        answer = desk.mts.call("QuerySnapshotJobList", SnapshotJobIds=job["Id"])
        [shown] = answer["SnapshotJobList"]["SnapshotJob"]
        if shown["State"] in ENDED:
            return shown
        assert time.monotonic() < deadline, shown
        time.sleep(mps.POLL_SECONDS)


def taken(desk, config, **more):
    job = ended(desk, submit(desk, config, **more))
    assert job["State"] == "Success", job
    return job


def test_one_picture_is_there_when_the_call_is_answered(desk, tmp_path):
    job = submit(desk, {"OutputFile": file(desk, "one.jpg"), "Time": "1500", "Width": "320",
                        "FrameType": "intra"}, UserData="mine")
    assert (job["State"], job["Count"], job["UserData"]) == ("Success", "1", "mine")
    shown = job["SnapshotConfig"]
    assert (shown["Time"], shown["Width"], shown["FrameType"]) == ("1500", "320", "intra")
    picture = pictures.picture(desk.fetch(desk.key("one.jpg"), tmp_path))
    assert (picture["codec_name"], picture["width"], picture["height"]) == ("mjpeg", 320, 180)


def test_a_row_of_pictures_has_numbers_in_its_names(desk, tmp_path):
    job = taken(desk, {"OutputFile": file(desk, "row/{Count}-a.jpg"), "Time": 0, "Interval": 2,
                       "Num": 10, "Width": 64})
    # The clip is a bit longer than five seconds.
    assert job["Count"] == "3" and not job.get("TileCount")
    names = [desk.key(f"row/0000{number}-a.jpg") for number in (1, 2, 3)]
    assert desk.keys() == names
    first, last = (desk.fetch(name, tmp_path) for name in (names[0], names[2]))
    assert pictures.likeness(first, last) < 0.9


def test_pictures_are_spread_or_at_moments_of_their_own(one_desk):
    spread = taken(one_desk, {"OutputFile": file(one_desk, "s{Count}.png"), "Time": 0,
                              "Interval": 0, "Num": 4, "Width": 64})
    listed = taken(one_desk, {"OutputFile": file(one_desk, "t{Count}.jpg"),
                              "TimeArray": [4000, "100"], "Height": 64})
    assert (spread["Count"], listed["Count"]) == ("4", "2")
    assert listed["SnapshotConfig"]["TimeArray"] == {"TimePointList": [4000, 100]}
    assert {key.rsplit("/", 1)[1] for key in one_desk.keys()} == {
        *(f"s0000{number}.png" for number in range(1, 5)), "t00001.jpg", "t00002.jpg"}


@pytest.mark.parametrize("keeps", [True, False])
def test_sheets_lie_beside_the_pictures_or_alone(desk, tmp_path, keeps):
    job = taken(desk, {
        "OutputFile": file(desk, "cell{Count}.jpg"), "TileOutputFile": file(desk, "{TileCount}.jpg"),
        "Time": 0, "Interval": 1, "Num": 5, "Format": "vtt",
        "TileOut": {"Lines": 2, "Columns": 2, "CellWidth": 64, "CellHeight": 36, "Margin": 3,
                    "Padding": 2, "IsKeepCellPic": str(keeps).lower()}})
    assert (job["Count"], job["TileCount"]) == ("5", "2")
    names = [key.rsplit("/", 1)[1] for key in desk.keys()]
    assert [name for name in names if name.startswith("cell")] == [
        f"cell0000{number}.jpg" for number in range(1, 6)][:5 * keeps]
    sheet = pictures.picture(desk.fetch(desk.key("00002.jpg"), tmp_path))
    assert (sheet["width"], sheet["height"]) == (2 * 64 + 2 + 6, 2 * 36 + 2 + 6)
    cues = desk.fetch(desk.key("00001.vtt"), tmp_path).read_text()
    assert cues.startswith("WEBVTT") and "00002.jpg#xywh=3,3,64,36" in cues


@pytest.fixture
def dark(desk, tmp_path):
    """The key of a film whose first second is black, and whose key frames are two seconds apart."""
    key, path = desk.key("in/dark.mp4"), tmp_path / "dark.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "color=black:s=192x108:r=25:d=1", "-f",
                    "lavfi", "-i", "testsrc2=s=192x108:r=25:d=4", "-filter_complex", "concat=n=2,format=yuv420p",
                    "-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-sc_threshold", "0", str(path)], check=True)
    desk.native.put_object(desk.bucket, key, path)
    return {"Bucket": desk.bucket, "Location": mps.LOCATION, "Object": mps.percent(key)}


def test_first_pictures_are_not_black_and_key_frames_are(desk, dark, tmp_path):
    def pictured(name, **more):
        config = {"OutputFile": file(desk, name), "Time": 0, "Interval": 1, "Num": 4, **more}
        job = desk.mts.call("SubmitSnapshotJob", Input=json.dumps(dark), SnapshotConfig=json.dumps(config),
                            PipelineId=desk.pipeline)["SnapshotJob"]
        job = ended(desk, job)
        assert (job["State"], job["Count"]) == ("Success", "4"), job
        assert job["SnapshotConfig"].get("FrameType") == more.get("FrameType")
        return [desk.fetch(desk.key(name.replace("{SnapshotTime}", str(ms))), tmp_path)
                for ms in (0, 1000, 2000, 3000)]

    def is_dark(path):
        return pictures.luma(path, "crop=192:108") < 8

    plain = pictured("plain{SnapshotTime}.jpg", FrameType="normal")
    light = pictured("light{SnapshotTime}.jpg", BlackLevel="90", PixelBlackThreshold="40")
    keys = pictured("keys{SnapshotTime}.jpg", FrameType="intra")
    assert [is_dark(path) for path in plain + light + keys] == [
        True, False, False, False, *[False] * 4, True, True, False, False]
    # What is not black begins at the second picture; a key frame is there until the next.
    assert pictures.likeness(light[0], plain[1]) > 0.98
    assert pictures.likeness(keys[3], keys[2]) > 0.999 and pictures.likeness(keys[3], plain[3]) < 0.98


def test_sheets_have_a_colour_and_each_third_picture(one_desk, tmp_path):
    layout = {"Lines": 1, "Columns": 2, "CellWidth": 64, "CellHeight": 36, "Margin": 20, "Color": "#FF0000",
              "CellSelStep": "3"}
    job = taken(one_desk, {
        "OutputFile": file(one_desk, "c{Count}.jpg"), "TileOutputFile": file(one_desk, "t{TileCount}.jpg"),
        "Time": 0, "Interval": 1, "Num": 5, "TileOut": layout})
    assert (job["Count"], job["TileCount"]) == ("5", "1")
    assert job["SnapshotConfig"]["TileOut"]["CellSelStep"] == "3"
    sheet = one_desk.fetch(one_desk.key("t00001.jpg"), tmp_path)
    shown = pictures.picture(sheet)
    assert (shown["width"], shown["height"]) == (2 * 64 + 40, 36 + 40)
    # Red is of luma 76.
    assert pictures.luma(sheet, "crop=160:12:4:4") == pytest.approx(76, abs=3)


def test_failures_and_filters(desk):
    desk.pause()
    input = json.dumps({"Bucket": desk.bucket, "Location": mps.LOCATION, "Object": "none.mp4"})
    config = json.dumps({"OutputFile": file(desk, "{Count}.jpg"), "Time": 0, "Num": 2})
    job = desk.mts.call("SubmitSnapshotJob", Input=input, SnapshotConfig=config,
                        PipelineId=desk.pipeline)["SnapshotJob"]
    assert job["State"] == "Submitted"

    def listed(state):
        answer = desk.mts.call("QuerySnapshotJobList", State=state, PipelineId=desk.pipeline)
        return [shown["Id"] for shown in answer["SnapshotJobList"]["SnapshotJob"]]

    assert (listed("Submitted"), listed("Success")) == ([job["Id"]], [])
    desk.resume()
    failed = ended(desk, job)
    assert (failed["State"], failed["Code"]) == ("Fail", "InvalidParameter.ResourceNotFound")
    assert (listed("All"), listed("Fail")) == ([job["Id"]], [job["Id"]])


@pytest.mark.parametrize("more, code, about", [
    ({"BlackLevel": "60"}, "InvalidParameter.NotSupported", "SnapshotConfig.BlackLevel"),
    ({"Width": "5000"}, "InvalidParameter.OutOfRange", "SnapshotConfig.Width"),
    ({"Time": None}, "InvalidParameter.NullValue", "SnapshotConfig.Time"),
    ({"Interval": "soon"}, "InvalidParameter.NumberFormatInvalid", "SnapshotConfig.Interval"),
    ({"Num": "2"}, "InvalidParameter.ObjectKeyInvalid", "one.jpg")], ids=str)
def test_what_cannot_be_done_is_refused_by_name(one_desk, more, code, about):
    config = {"OutputFile": file(one_desk, "one.jpg"), "Time": 0, **more}
    refusal = one_desk.mts.refuses(400, code, None, "SubmitSnapshotJob",
                                   Input=json.dumps(one_desk.input()),
                                   SnapshotConfig=json.dumps(config))
    assert f'"{about}"' in refusal.message


def look(desk, clip=CLIP, **more):
    return desk.mts.call("SubmitMediaInfoJob", Input=json.dumps(desk.input(clip)),
                         PipelineId=desk.pipeline, **more)["MediaInfoJob"]


def test_media_information_is_told_at_once(desk, media):
    job = look(desk, UserData="mine")
    content = (media / CLIP).read_bytes()
    assert (job["State"], job["Async"], job["UserData"]) == ("Success", False, "mine")
    properties = job["Properties"]
    assert properties["MD5"] == hashlib.md5(content).hexdigest()
    assert (properties["Width"], properties["Height"], properties["Fps"]) == ("1280", "720", "25")
    assert properties["Format"]["Size"] == properties["FileSize"] == str(len(content))
    [video] = properties["Streams"]["VideoStreamList"]["VideoStream"]
    [sound] = properties["Streams"]["AudioStreamList"]["AudioStream"]
    assert (video["CodecName"], video["Rotate"], sound["Channels"]) == ("h264", "0", "6")
    answer = desk.mts.call("QueryMediaInfoJobList", MediaInfoJobIds=f"{job['JobId']},{UNKNOWN}")
    [again] = answer["MediaInfoJobList"]["MediaInfoJob"]
    assert again["Properties"]["FileMd5"] == properties["MD5"]
    assert answer["NonExistMediaInfoJobIds"] == {"String": [UNKNOWN]}


def test_media_information_may_be_fetched_later(desk):
    desk.pause()
    job = look(desk, clip="hdr10_av1_vertical_720x1280.mp4", Async="true")
    assert (job["State"], job["Async"], job.get("Properties")) == ("Analyzing", True, None)
    desk.resume()
    deadline = time.monotonic() + mps.WAIT_SECONDS
    while job["State"] == "Analyzing":
        assert time.monotonic() < deadline
        answer = desk.mts.call("QueryMediaInfoJobList", MediaInfoJobIds=job["JobId"])
        [job] = answer["MediaInfoJobList"]["MediaInfoJob"]
    [video] = job["Properties"]["Streams"]["VideoStreamList"]["VideoStream"]
    assert (video["ColorTransfer"], video["ColorPrimaries"]) == ("smpte2084", "bt2020")


def test_what_is_no_media_fails_with_its_reason(one_desk):
    key = one_desk.key("note.mp4")
    one_desk.native.put_object(one_desk.bucket, key, b"no film")
    job = one_desk.mts.call("SubmitMediaInfoJob", PipelineId=one_desk.pipeline, Input=json.dumps(
        {"Bucket": one_desk.bucket, "Location": mps.LOCATION, "Object": key}))["MediaInfoJob"]
    assert (job["State"], job["Code"]) == ("Fail", "InvalidParameter.ResourceContentBad")
    assert re.search(re.escape(key), job["Message"])
