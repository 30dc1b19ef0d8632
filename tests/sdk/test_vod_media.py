"""Uploads by URL through both SDK generations, from a web server on loopback to something that plays."""
import json
import urllib.parse

import pytest
import requests

import harness
import mps
import vod

CLIP = "bbb_sar64x45_bpyramid.mp4"
TEMPLATE = {
    "TemplateName": "small", "Definition": "LD", "Container": {"Format": "m3u8"},
    "Video": {"Codec": "H.264", "Width": "160", "Bitrate": "100", "Preset": "veryfast"},
    "Audio": {"Codec": "AAC", "Bitrate": "32"},
}


@pytest.fixture(scope="module")
def studio(program, tmp_path_factory):
    """A server that may fetch from loopback."""
    options = ["--allow-private-network", "127.0.0.1"]
    running = harness.Server.start(program, tmp_path_factory.mktemp("studio"), options=options)
    harness.lift_limits(running)
    yield running
    running.stop()


@pytest.fixture(params=sorted(vod.GENERATIONS))
def client(request, studio):
    return vod.GENERATIONS[request.param](studio)


def upload(client, url, **parameters):
    answer = client.call("UploadMediaByURL", UploadURLs=urllib.parse.quote(url, safe=""), **parameters)
    return answer["UploadJobs"][0]["JobId"]


def get(url, **headers):
    session = requests.Session()
    session.trust_env = False
    return session.get(url, headers=headers, timeout=120)


def test_an_upload_becomes_a_video_that_plays(client, media):
    clip = (media / CLIP).read_bytes()
    with vod.web(media) as web:
        url = f"{web}/{CLIP}"
        metadata = json.dumps([{"SourceURL": url, "Title": "A film", "Tags": "a,b", "FileSize": str(len(clip))}])
        user_data = json.dumps({"Extend": {"mine": 1}})
        job = upload(client, url, UploadMetadatas=metadata, UserData=user_data)
        info = vod.uploaded(client, job)
    assert info["Status"] == "SUCCESS", info
    assert (info["UploadURL"], info["FileSize"], info["UserData"]) == (url, str(len(clip)), user_data)
    video = client.call("GetVideoInfo", VideoId=info["MediaId"])["Video"]
    assert (video["Title"], video["Tags"], video["Status"], video["Size"]) == ("A film", "a,b", "Normal", len(clip))
    assert video["Duration"] > 0
    play = client.call("GetPlayInfo", VideoId=info["MediaId"])
    source, = play["PlayInfoList"]["PlayInfo"]
    assert (source["JobId"], source["Definition"], source["Format"]) == (job, "OD", "mp4")
    whole = get(source["PlayURL"])
    assert (whole.status_code, whole.content) == (200, clip)
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["access-control-allow-origin"] == "*"
    part = get(source["PlayURL"], Range="bytes=10-19")
    assert (part.status_code, part.content) == (206, clip[10:20])
    # An address that was changed opens nothing.
    start, key = source["PlayURL"].rsplit("/", 1)
    for bad in (f"{start}/other.mp4", source["PlayURL"].replace("/shared/", "/shared/1"),
                source["PlayURL"].replace(".o.", ".f.")):
        assert get(bad).status_code == 403, bad
    cover = get(play["VideoBase"]["CoverURL"])
    assert cover.status_code == 200 and cover.content[:2] == b"\xff\xd8"
    mezzanine = client.call("GetMezzanineInfo", VideoId=info["MediaId"], AdditionType="video,audio")["Mezzanine"]
    assert mezzanine["Status"] == "Normal" and mezzanine["VideoStreamList"][0]["CodecName"] == "h264"
    assert get(mezzanine["FileURL"]).content == clip
    answer = client.call("DeleteVideo", VideoIds=info["MediaId"])
    assert answer["ForbiddenVideoIds"] == []
    assert get(source["PlayURL"]).status_code == 404


def test_a_template_group_makes_streams_of_an_upload(client, media):
    name = mps.unique("group")
    group = client.call("AddTranscodeTemplateGroup", Name=name,
                        TranscodeTemplateList=json.dumps([TEMPLATE]))["TranscodeTemplateGroupId"]
    with vod.web(media) as web:
        job = upload(client, f"{web}/{CLIP}", TemplateGroupId=group)
        info = vod.uploaded(client, job)
    assert info["Status"] == "SUCCESS", info
    task = ended(client, info["MediaId"])
    assert (task["TaskStatus"], task["Trigger"]) == ("CompleteAllSucc", "Auto")
    stream, = [it for it in client.call("GetPlayInfo", VideoId=info["MediaId"])["PlayInfoList"]["PlayInfo"]
               if it["Format"] == "m3u8"]
    assert (stream["Definition"], stream["Width"]) == ("LD", 160)
    playlist = get(stream["PlayURL"])
    assert playlist.status_code == 200
    segments = [line for line in playlist.text.splitlines() if line and not line.startswith("#")]
    assert segments
    for segment in segments:
        assert get(urllib.parse.urljoin(stream["PlayURL"], segment)).status_code == 200
    again = client.call("SubmitTranscodeJobs", VideoId=info["MediaId"], TemplateGroupId=group)
    task = ended(client, info["MediaId"])
    assert (task["TranscodeTaskId"], task["Trigger"]) == (again["TranscodeTaskId"], "Manual")
    summary, = client.call("GetTranscodeSummary", VideoIds=info["MediaId"])["TranscodeSummaryList"]
    assert summary["TranscodeStatus"] == "CompleteAllSucc"


def ended(client, video):
    """The newest task of a video, once it has ended."""

    def look():
        tasks = client.call("ListTranscodeTask", VideoId=video)["TranscodeTaskList"]
        task = client.call("GetTranscodeTask", TranscodeTaskId=tasks[0]["TranscodeTaskId"])["TranscodeTask"]
        return task if task["TaskStatus"].startswith("Complete") else None

    return waited(look)


def waited(look):
    import time
    deadline = time.monotonic() + mps.WAIT_SECONDS
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline
        time.sleep(mps.POLL_SECONDS)


def test_pictures_are_taken_and_listed(client, studio, media):
    harness.Native(studio).put_object("media", "pictures.mp4", media / CLIP)
    files = json.dumps([{"FileURL": "oss://media/pictures.mp4", "Title": "Pictures"}])
    registered, = client.call("RegisterMedia", RegisterMetadatas=files)["RegisteredMediaList"]
    video = registered["MediaId"]
    waited(lambda: client.call("GetVideoInfo", VideoId=video)["Video"]["Status"] == "Normal")
    client.call("SubmitSnapshotJob", VideoId=video, Count=2, Interval=0, Width="64")

    def pictures():
        shown = client.call("ListSnapshots", VideoId=video, SnapshotType="NormalSnapshot")["MediaSnapshot"]
        return shown if shown["Total"] else None

    shown = waited(pictures)
    assert shown["Total"] >= 2
    for picture in shown["Snapshots"]["Snapshot"]:
        assert get(picture["Url"]).content[:2] == b"\xff\xd8"


def test_what_cannot_be_fetched_fails_with_a_cause(client, media, tmp_path):
    (tmp_path / "page.mp4").write_text("<html><body>Not found</body></html>")
    with vod.web(tmp_path) as web:
        missing, page = upload(client, f"{web}/none.mp4"), upload(client, f"{web}/page.mp4")
        for job in (missing, page):
            info = vod.uploaded(client, job)
            assert info["Status"] == "DOWNLOAD_FAIL", info
            assert info["ErrorCode"] and info["ErrorMessage"] and "MediaId" not in info


def test_a_file_that_is_no_media_is_a_video_whose_upload_has_failed(client, studio):
    harness.Native(studio).put_object("media", "page.mp4", b"<html><body>Not a film</body></html>")
    files = json.dumps([{"FileURL": "oss://media/page.mp4", "Title": "Page"}])
    registered, = client.call("RegisterMedia", RegisterMetadatas=files)["RegisteredMediaList"]
    video = registered["MediaId"]
    status = lambda: client.call("GetVideoInfo", VideoId=video)["Video"]["Status"]
    waited(lambda: status() != "UploadSucc")
    assert status() == "UploadFail"
    found = client.call("GetVideoList", Status="UploadFail,Uploading")["VideoList"]["Video"]
    assert video in [it["VideoId"] for it in found]
    client.refuses(403, "Forbidden.IllegalStatus", None, "GetPlayInfo", VideoId=video)
    assert client.call("DeleteVideo", VideoIds=video)["ForbiddenVideoIds"] == []


def test_groups_and_categories_are_kept(client):
    name = mps.unique("group")
    group = client.call("AddTranscodeTemplateGroup", Name=name,
                        TranscodeTemplateList=json.dumps([TEMPLATE]))["TranscodeTemplateGroupId"]
    shown = client.call("GetTranscodeTemplateGroup", TranscodeTemplateGroupId=group)["TranscodeTemplateGroup"]
    template, = shown["TranscodeTemplateList"]
    assert shown["Name"] == name and json.loads(template["Video"])["Width"] == "160"
    client.call("UpdateTranscodeTemplateGroup", TranscodeTemplateGroupId=group, Locked="Enabled")
    client.refuses(403, "Forbidden.LockedTemplateGroup", None, "DeleteTranscodeTemplateGroup",
                   TranscodeTemplateGroupId=group, ForceDelGroup="true")
    client.call("UpdateTranscodeTemplateGroup", TranscodeTemplateGroupId=group, Locked="Disabled")
    client.call("DeleteTranscodeTemplateGroup", TranscodeTemplateGroupId=group, ForceDelGroup="true")
    marked = json.dumps([{**TEMPLATE, "WatermarkIds": ["w"]}])
    client.refuses(400, "InvalidParameter", None, "AddTranscodeTemplateGroup", Name="x",
                   TranscodeTemplateList=marked)

    top = client.call("AddCategory", CateName=name)["Category"]
    below = client.call("AddCategory", CateName="below", ParentId=top["CateId"])["Category"]
    assert (top["Level"], below["Level"], below["ParentId"]) == (0, 1, top["CateId"])
    found = client.call("GetCategories", CateId=top["CateId"])
    assert found["SubCategories"]["Category"][0]["CateName"] == "below"
    client.call("DeleteCategory", CateId=top["CateId"])
    client.refuses(404, "InvalidCategory.NotFound", None, "GetCategories", CateId=below["CateId"])
