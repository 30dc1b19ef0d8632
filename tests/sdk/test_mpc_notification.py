"""Notifications of MPC: which topics are told of which events, and what they get."""
import base64
import hashlib
import hmac
import http.server
import json
import queue
import threading

import pytest
from huaweicloudsdkmpc.v1 import (ListNotifyEventRequest, ListNotifySmnTopicConfigRequest, Notification,
                                  NotificationConfigReq, NotifySmnTopicConfigRequest)

import harness
import huawei
import mpc
import mps
import pictures

CLIP = "bbb_sar64x45_bpyramid.mp4"
EVENTS = {"TranscodeStart", "TranscodeComplete", "ThumbnailComplete", "RemuxComplete", "AnimatedGraphicsComplete",
          "ParseComplete"}


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
            taken.put(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taking)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}/smn", taken
    running.shutdown()
    thread.join()
    running.server_close()


def urn(server, name="done"):
    return f"urn:smn:cn-north-4:{server.credentials['project_id']}:{name}"


def put(client, *settings):
    """Sets (event, status, topic) or the same with a kind of message."""
    names = ("event_name", "status", "topic", "msg_type")
    notifications = [Notification(**dict(zip(names, setting))) for setting in settings]
    request = NotifySmnTopicConfigRequest(body=NotificationConfigReq(notifications=notifications))
    return client.notify_smn_topic_config(request)


def shown(client):
    answer = client.list_notify_smn_topic_config(ListNotifySmnTopicConfigRequest())
    assert answer.total == len(answer.notifications)
    return {it.event_name: (it.status, it.topic, it.msg_type) for it in answer.notifications}


def submit(server, native, **job):
    pipelines = native.call("GET", "/pipelines")["pipelines"]
    pipeline, = [it["id"] for it in pipelines if it["name"] == f"mpc-{server.credentials['project_id']}"]
    return native.call("POST", "/jobs", json={"input": "oss://media/in.mp4", "pipeline": pipeline, **job})


def message(server, taken, secret):
    """The next message, once it is clear who has sent it."""
    headers, body = taken.get(timeout=mps.WAIT_SECONDS)
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"
    envelope = json.loads(body)
    assert headers["x-smn-message-type"] == envelope["type"] == "Notification"
    assert headers["x-smn-message-id"] == headers["webhook-id"] == envelope["message_id"]
    assert headers["x-smn-topic-urn"] == envelope["topic_urn"] == urn(server)
    assert headers["x-smn-subscription-urn"].startswith(urn(server) + ":")
    # Nobody but the vendor can sign as the vendor does.
    assert (envelope["signature"], envelope["signing_cert_url"], envelope["signature_version"]) == ("", "", "v1")
    assert envelope["timestamp"].endswith("Z")
    return json.loads(envelope["message"])


def test_what_is_set_is_shown_and_events_that_are_not_named_stay(server):
    client = huawei.client(server)
    assert shown(client) == {}
    answer = client.list_notify_event(ListNotifyEventRequest())
    assert (set(answer.event_name), answer.total) == (EVENTS, 6)
    done, other = urn(server), urn(server, "other")
    assert put(client, *[(name, "on", done) for name in sorted(EVENTS)]).status_code == 204
    assert shown(client) == {name: ("on", done, 3) for name in EVENTS}
    put(client, ("TranscodeStart", "off", done, 2), ("ParseComplete", "on", other, 2), ("EditingComplete", "off", done))
    expected = {name: ("on", done, 3) for name in EVENTS}
    expected |= {"TranscodeStart": ("off", done, 2), "ParseComplete": ("on", other, 2)}
    assert shown(client) == expected


@pytest.mark.parametrize("setting, about", [
    (("EditingComplete", "on", "urn:smn:r:p:done"), "EditingComplete can only be off"),
    (("Other", "on", "urn:smn:r:p:done"), "is no event"),
    (("TranscodeStart", "maybe", "urn:smn:r:p:done"), "status"),
    (("TranscodeStart", "on", "done"), "topic"),
    (("TranscodeStart", "on", "urn:smn:r:p:done", 1), "msg_type"),
])
def test_what_cannot_be_set_is_refused_by_name(one_mpc, setting, about):
    refused = huawei.refusal(put, one_mpc, setting)
    assert (refused.status_code, refused.error_code) == (400, "MPC.10202")
    assert about in refused.error_msg
    assert shown(one_mpc) == {}


def test_a_topic_is_told_how_tasks_go(server, receiver, media):
    client, native = huawei.client(server), harness.Native(server)
    url, taken = receiver
    native.put_object("media", "in.mp4", media / CLIP)
    secret = native.call("PUT", "/topics/done", json={"url": url})["secret"]
    put(client, *[(name, "on", urn(server)) for name in sorted(EVENTS)])
    clip = {"length": {"duration_ms": 500}}
    task = submit(server, native, user_data="mine",
                  outputs=[{"object": "oss://media/out/a.mp4", "preset": "web-240p", "clip": clip}])
    began, ended = message(server, taken, secret), message(server, taken, secret)
    assert (began["event_type"], ended["event_type"]) == ("TranscodeStart", "TranscodeComplete")
    began, ended = began["transcode_info"], ended["transcode_info"]
    assert (began["status"], ended["status"]) == ("TRANSCODING", "SUCCEED")
    for info in (began, ended):
        assert (info["task_id"], info["user_data"]) == (str(task["number"]), "mine")
        assert (info["input"]["bucket"], info["input"]["object"]) == ("media", "in.mp4")
    assert "end_time" not in began and "media_detail" not in began
    assert ended["create_time"] <= ended["start_time"] <= ended["end_time"] and len(ended["end_time"]) == 14
    made, = ended["media_detail"]["output_video_paras"]
    assert (made["file_name"], made["pack"], made["video"]["height"]) == ("a.mp4", "MP4", 240)
    assert ended["media_detail"]["origin_para"]["video"]["height"] == pictures.picture(media / CLIP)["height"]
    for kind, event, member, more in [
        ({"kind": "snapshot", "output": "oss://media/out/a.jpg", "moments": {"at": [0]}}, "ThumbnailComplete",
         "thumbnail_info", "thumbnail_info"),
        ({"kind": "remux", "output": "oss://media/out/b.mp4", "container": {"format": "mp4"}}, "RemuxComplete",
         "remux_info", "output_metadata"),
        ({"kind": "media_info"}, "ParseComplete", "parse_info", "metadata"),
    ]:
        task = submit(server, native, **kind)
        told = message(server, taken, secret)
        info = told[member]
        assert (told["event_type"], info["task_id"], info["status"]) == (event, str(task["number"]), "SUCCEED")
        assert info[more], info
    param = {"format": "gif", "width": 160, "height": -1, "start": 0, "end": 500, "frame_rate": 10}
    place = {"bucket": "media", "location": mpc.LOCATION}
    made = mpc.Mpc(server).call("CreateAnimatedGraphicsTask", {
        "input": {**place, "object": "in.mp4"}, "output": {**place, "object": "out"}, "output_param": param,
        "user_data": "moves"})
    told = message(server, taken, secret)
    info = told["animated_graphics_info"]
    assert (told["event_type"], info["task_id"], info["status"]) == ("AnimatedGraphicsComplete", made.task_id, "SUCCEED")
    assert (info["output_param"], info["output"]["file_name"], info["user_data"]) == (param, "in.gif", "moves")
    # What fails says why, and has no details.
    submit(server, native, kind="media_info", input="oss://media/none.mp4")
    info = message(server, taken, secret)["parse_info"]
    assert info["status"] == "FAILED" and info["description"] and "metadata" not in info


def test_a_cancelled_task_and_an_event_that_is_off_are_not_told(server, receiver, media):
    client, native = huawei.client(server), harness.Native(server)
    url, taken = receiver
    native.put_object("media", "in.mp4", media / CLIP)
    secret = native.call("PUT", "/topics/done", json={"url": url})["secret"]
    put(client, ("ParseComplete", "on", urn(server)), ("RemuxComplete", "off", urn(server)))
    pipeline = f"mpc-{server.credentials['project_id']}"
    native.call("PATCH", f"/pipelines/{pipeline}", json={"state": "paused"})
    cancelled = submit(server, native, kind="media_info")
    submit(server, native, kind="remux", output="oss://media/out/b.mp4", container={"format": "mp4"})
    last = submit(server, native, kind="media_info")
    native.call("POST", f"/jobs/{cancelled['id']}/cancel", json={"only": "queued"})
    native.call("PATCH", f"/pipelines/{pipeline}", json={"state": "active"})
    native.call("GET", f"/jobs/{last['id']}", params={"wait": "60s"})
    told = message(server, taken, secret)
    assert told["parse_info"]["task_id"] == str(last["number"])
    log = native.call("GET", "/deliveries")["deliveries"]
    assert [(it["dialect"], it["message"]) for it in log] == [("huawei", "ParseComplete")]


@pytest.fixture(scope="module")
def one_mpc(program, tmp_path_factory):
    running = harness.Server.start(program, tmp_path_factory.mktemp("notifications"), slots=0)
    harness.lift_limits(running)
    yield huawei.client(running)
    running.stop()
