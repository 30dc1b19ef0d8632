"""Callbacks of product vod: what was set is told over HTTP, signed, when jobs have ended."""
import hashlib
import http.server
import json
import queue
import threading
import time
import urllib.parse
import urllib.request

import pytest

import harness
import mps
import vod

CLIP = "bbb_sar64x45_bpyramid.mp4"


@pytest.fixture
def server(program, tmp_path):
    running = harness.Server.start(program, tmp_path, options=["--allow-private-network", "127.0.0.1"])
    harness.lift_limits(running)
    yield running
    running.stop()


@pytest.fixture
def receiver():
    """A web server that takes messages: its address, a queue of their headers and bodies, and what paths answer."""
    taken, answers = queue.Queue(), {}

    class Taking(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            taken.put((headers | {"path": self.path}, json.loads(body)))
            self.send_response(answers.get(self.path, 200))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taking)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}/vod", taken, answers
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.mark.parametrize("generation", sorted(vod.GENERATIONS))
def test_the_end_of_an_upload_is_told_and_signed(server, receiver, media, generation):
    client = vod.GENERATIONS[generation](server)
    url, taken, _ = receiver
    client.refuses(404, "InvalidMessageCallback.NotFound", None, "GetMessageCallback")
    client.call("SetMessageCallback", CallbackType="HTTP", CallbackURL=url, AuthSwitch="on", AuthKey="Key4Tests",
                EventTypeList="UploadByURLComplete")
    shown = client.call("GetMessageCallback")["MessageCallback"]
    assert (shown["CallbackURL"], shown["AuthKey"], shown["AuthSwitch"]) == (url, "Key4Tests", "on")
    with vod.web(media) as web:
        source = f"{web}/{CLIP}"
        answer = client.call("UploadMediaByURL", UploadURLs=urllib.parse.quote(source, safe=""),
                             UserData=json.dumps({"Extend": {"mine": 1}}))
        job = answer["UploadJobs"][0]["JobId"]
        info = vod.uploaded(client, job)
        headers, message = taken.get(timeout=mps.WAIT_SECONDS)
    assert message["EventType"] == "UploadByURLComplete"
    assert (message["JobId"], message["VideoId"], message["Status"]) == (job, info["MediaId"], "success")
    assert (message["SourceURL"], message["Size"]) == (source, info["FileSize"])
    assert json.loads(message["Extend"]) == {"mine": 1}
    signed = f"{url}|{headers['x-vod-timestamp']}|Key4Tests"
    assert headers["x-vod-signature"] == hashlib.md5(signed.encode()).hexdigest()
    # The key is nowhere in what the server keeps.
    for file, content in server.kept():
        assert b"Key4Tests" not in content, file
    client.call("DeleteMessageCallback")
    client.refuses(404, "InvalidMessageCallback.NotFound", None, "GetMessageCallback")


def test_nothing_is_told_after_a_cancel_that_answered(server, receiver, media):
    client, native = vod.NewVod(server), harness.Native(server)
    url, taken, _ = receiver
    client.call("SetMessageCallback", CallbackURL=url, EventTypeList="ALL")
    default, = [it for it in native.call("GET", "/pipelines")["pipelines"] if it["name"] == "default"]
    native.call("PATCH", f"/pipelines/{default['id']}", json={"state": "paused"})
    with vod.web(media) as web:
        sources = ",".join([f"{web}/{CLIP}"] * 2)
        one, two = [job["JobId"] for job in
                    client.call("UploadMediaByURL", UploadURLs=sources)["UploadJobs"]]
        assert client.call("CancelUrlUploadJobs", JobIds=one)["CanceledJobs"] == [one]
        native.call("PATCH", f"/pipelines/{default['id']}", json={"state": "active"})
        headers, message = taken.get(timeout=mps.WAIT_SECONDS)
    assert (message["EventType"], message["JobId"]) == ("UploadByURLComplete", two)
    assert [taken.get(timeout=mps.WAIT_SECONDS)[1]["EventType"] for _ in range(2)] == [
        "FileUploadComplete", "VideoAnalysisComplete"]
    assert not any(name.lower().startswith("x-vod") for name in headers), "nothing signs without a key"


def messages(taken, count):
    return [taken.get(timeout=mps.WAIT_SECONDS) for _ in range(count)]


TEMPLATES = [{"Definition": definition, "Container": {"Format": "mp4"}, "Audio": {"Codec": "AAC", "Bitrate": "64"},
              "Video": {"Codec": "H.264", "Width": width, "Height": height, "Bitrate": "200"}}
             for definition, width, height in [("LD", "320", "180"), ("SD", "256", "144")]]


@pytest.mark.parametrize("generation", sorted(vod.GENERATIONS))
def test_all_that_becomes_of_an_upload_is_told_in_its_order_to_the_address_it_named(server, receiver, media, generation):
    client = vod.GENERATIONS[generation](server)
    url, taken, _ = receiver
    own = url.replace("/vod", "/own")
    client.call("SetMessageCallback", CallbackURL=url, AuthSwitch="on", AuthKey="Key4Tests", EventTypeList="ALL")
    group = client.call("AddTranscodeTemplateGroup", Name="two", TranscodeTemplateList=json.dumps(TEMPLATES))
    user_data = {"MessageCallback": {"CallbackURL": own, "CallbackType": "http"}, "Extend": {"mine": 1}}
    with vod.web(media) as web:
        source = f"{web}/{CLIP}"
        client.call("UploadMediaByURL", UploadURLs=urllib.parse.quote(source, safe=""),
                    TemplateGroupId=group["TranscodeTemplateGroupId"], UserData=json.dumps(user_data))
        told = messages(taken, 6)
    kinds = [message["EventType"] for _, message in told]
    assert kinds == ["UploadByURLComplete", "FileUploadComplete", "VideoAnalysisComplete", "StreamTranscodeComplete",
                     "StreamTranscodeComplete", "TranscodeComplete"]
    video = told[0][1]["VideoId"]
    for headers, message in told:
        assert (headers["path"], message["VideoId"], message["Status"]) == ("/own", video, "success")
        assert json.loads(message["Extend"]) == {"mine": 1}
        signed = f"{own}|{headers['x-vod-timestamp']}|Key4Tests"
        assert headers["x-vod-signature"] == hashlib.md5(signed.encode()).hexdigest()
    file, analysis, *streams = [message for _, message in told[1:5]]
    clip = (media / CLIP).read_bytes()
    assert file["Size"] == analysis["Size"] == len(clip)
    with urllib.request.urlopen(file["FileUrl"]) as answer:
        assert answer.read() == clip
    mezzanine = client.call("GetMezzanineInfo", VideoId=video)["Mezzanine"]
    for name in ("Width", "Height", "Bitrate", "Fps"):
        assert analysis[name] == mezzanine[name], name
    assert analysis["Duration"] == float(mezzanine["Duration"])
    whole = told[5][1]
    by_job = {stream["JobId"]: stream for stream in whole["StreamInfos"]}
    assert {stream["JobId"] for stream in streams} == set(by_job) and len(by_job) == 2
    for stream in streams:
        listed = by_job[stream["JobId"]]
        for name in ("Status", "Definition", "Width", "Height", "Size", "Duration", "Format", "Encrypt", "IsAudio"):
            assert stream[name] == listed[name], name
        assert (stream["Format"], stream["Encrypt"]) == ("mp4", False)
        assert (stream["Width"], stream["Height"]) in [(320, 180), (256, 144)]
        with urllib.request.urlopen(listed["FileUrl"]) as answer:
            assert len(answer.read()) == stream["Size"]
    # A call of its own goes before the upload, and both before what holds for all.
    third = url.replace("/vod", "/third")
    named = json.dumps({"MessageCallback": {"CallbackURL": third}})
    for user_data, path in [(named, "/third"), ("", "/own")]:
        parameters = {"UserData": user_data} if user_data else {}
        client.call("SubmitSnapshotJob", VideoId=video, SpecifiedOffsetTime=0, Count=2, **parameters)
        (headers, message), = messages(taken, 1)
        assert (headers["path"], message["EventType"]) == (path, "SnapshotComplete")
        info, = message["SnapshotInfos"]
        assert (info["SnapshotType"], info["Status"], message["SubType"]) == (
            "NormalSnapshot", "success", "SpecifiedTime")
        assert info["SnapshotFormat"].startswith(f"vod/{video}/") and message["CoverUrl"]


def test_a_message_is_tried_three_times_and_then_the_next_one_comes(server, receiver, media):
    client, native = vod.NewVod(server), harness.Native(server)
    url, taken, answers = receiver
    # Only 200 is an answer that takes it.
    answers["/vod"] = 202
    client.call("SetMessageCallback", CallbackURL=url, EventTypeList="UploadByURLComplete,FileUploadComplete")
    # Receivers of this product are no topics of the account.
    assert native.call("GET", "/topics")["topics"] == []
    with vod.web(media) as web:
        client.call("UploadMediaByURL", UploadURLs=urllib.parse.quote(f"{web}/{CLIP}", safe=""))
        kinds = [message["EventType"] for _, message in messages(taken, 6)]
    assert kinds == ["UploadByURLComplete"] * 3 + ["FileUploadComplete"] * 3
    deadline = time.monotonic() + mps.WAIT_SECONDS
    while len(dead := native.call("GET", "/deliveries?state=dead")["deliveries"]) < 2:
        assert time.monotonic() < deadline, dead
        time.sleep(0.1)
    assert {(it["dialect"], it["message"], it["tries"], it["last_status"]) for it in dead} == {
        ("vod", "UploadByURLComplete", 3, 202), ("vod", "FileUploadComplete", 3, 202)}
    answers["/vod"] = 200
    native.call("POST", f"/deliveries/{dead[0]['id']}/replay")
    assert messages(taken, 1)[0][1]["EventType"] == dead[0]["message"]


@pytest.mark.parametrize("parameters, code", [
    ({"CallbackType": "MNS"}, "InvalidParameter.CallbackType"),
    ({"EventTypeList": "ALL"}, "MissingParameter"),
    ({"CallbackURL": "ftp://h/", "EventTypeList": "ALL"}, "InvalidParameter.CallbackURL"),
    ({"CallbackURL": "http://10.1.2.3/", "EventTypeList": "ALL"}, "InvalidParameter.CallbackURL"),
    ({"CallbackURL": "https://example.com/", "EventTypeList": "DeleteMediaComplete"}, "InvalidParameter"),
    ({"CallbackURL": "https://example.com/", "AuthSwitch": "on"}, "MissingParameter"),
    ({"CallbackURL": "https://example.com/", "AuthSwitch": "on", "AuthKey": "short"}, "InvalidParameter.AuthKey"),
])
def test_what_cannot_be_set_is_refused(one_vod, parameters, code):
    one_vod.refuses(400, code, None, "SetMessageCallback", **parameters)


@pytest.fixture(scope="module")
def one_vod(program, tmp_path_factory):
    running = harness.Server.start(program, tmp_path_factory.mktemp("callbacks"), slots=0)
    harness.lift_limits(running)
    yield vod.NewVod(running)
    running.stop()
