"""Callbacks of product vod: what was set is told over HTTP, signed, when jobs have ended."""
import hashlib
import http.server
import json
import queue
import threading
import urllib.parse

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
    """A web server that takes messages: its address, and a queue of their headers and bodies."""
    taken = queue.Queue()

    class Taking(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.put((dict(self.headers.items()), json.loads(body)))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taking)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}/vod", taken
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.mark.parametrize("generation", sorted(vod.GENERATIONS))
def test_the_end_of_an_upload_is_told_and_signed(server, receiver, media, generation):
    client = vod.GENERATIONS[generation](server)
    url, taken = receiver
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
    headers = {name.lower(): value for name, value in headers.items()}
    signed = f"{url}|{headers['x-vod-timestamp']}|Key4Tests"
    assert headers["x-vod-signature"] == hashlib.md5(signed.encode()).hexdigest()
    # The key is nowhere in what the server keeps.
    for file, content in server.kept():
        assert b"Key4Tests" not in content, file
    client.call("DeleteMessageCallback")
    client.refuses(404, "InvalidMessageCallback.NotFound", None, "GetMessageCallback")


def test_nothing_is_told_after_a_cancel_that_answered(server, receiver, media):
    client, native = vod.NewVod(server), harness.Native(server)
    url, taken = receiver
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
    assert message["JobId"] == two
    assert not any(name.lower().startswith("x-vod") for name in headers), "nothing signs without a key"


@pytest.mark.parametrize("parameters, code", [
    ({"CallbackType": "MNS"}, "InvalidParameter.CallbackType"),
    ({"EventTypeList": "ALL"}, "MissingParameter"),
    ({"CallbackURL": "ftp://h/", "EventTypeList": "ALL"}, "InvalidParameter.CallbackURL"),
    ({"CallbackURL": "http://10.1.2.3/", "EventTypeList": "ALL"}, "InvalidParameter.CallbackURL"),
    ({"CallbackURL": "https://example.com/", "EventTypeList": "TranscodeComplete"}, "InvalidParameter"),
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
