"""Events: the stream, webhooks and MPS's topics, against the real server with a receiver on this machine."""
import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import subprocess
import threading
import time

import harness
import mps
import pytest

LOOPBACK = ("--allow-private-network", "127.0.0.0/8")
PATIENCE = 180


class Receiver:
    """Takes what is posted, keeps it, and answers each path as it is told; 0 is no answer."""

    def __init__(self):
        self.answers, self.got = {}, []
        self._news = threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                with receiver._news:
                    receiver.got.append((self.path, dict(self.headers.items()), body, time.time()))
                    receiver._news.notify_all()
                status = receiver.answers.get(self.path, 204)
                if status == 0:
                    receiver.closed.wait(PATIENCE)
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.closed = threading.Event()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self._server.server_address[1]}{path}"

    def at(self, path):
        with self._news:
            return [message for message in self.got if message[0] == path]

    def wait(self, path, count, seconds=PATIENCE):
        enough = lambda: sum(message[0] == path for message in self.got) >= count
        with self._news:
            assert self._news.wait_for(enough, seconds), f"{path}: {self.got}"
        return self.at(path)

    def close(self):
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver():
    with contextlib.closing(Receiver()) as made:
        yield made


@pytest.fixture
def house(program, tmp_path):
    """A server of the test's own that may send to this machine."""
    server = harness.Server.start(program, tmp_path, options=LOOPBACK)
    harness.lift_limits(server)
    yield server
    if server.process.poll() is None:
        server.stop()


@pytest.fixture
def told(house, shapes, media, receiver):
    """A desk of MPS whose pipeline names a topic and a queue, and both have receivers."""
    native = harness.Native(house)
    mts = mps.NewMts(house, shapes)
    config = {"Topic": "done", "QueueName": "all/ends"}
    made = mts.call("AddPipeline", Name="told", NotifyConfig=json.dumps(config))["Pipeline"]
    assert {name: value for name, value in made["NotifyConfig"].items() if value} == config
    for name, path in [("done", "/topic"), ("all%2Fends", "/queue")]:
        native.call("PUT", f"/topics/{name}", json={"url": receiver.url(path)})
    return mps.Desk(mts, house, made["Id"], media, native)


def signed(secret, headers, body):
    """Whether the message is what the secret's owner has sent."""
    headers = {name.lower(): value for name, value in headers.items()}
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return f"v1,{mac}" in headers["webhook-signature"].split(" ")


def message_id(message):
    return {name.lower(): value for name, value in message[1].items()}["webhook-id"]


def names(messages, job):
    bodies = [json.loads(body) for _, _, body, _ in messages]
    return [body["type"] for body in bodies if body["data"]["job_id"] == job]


def test_topics_and_queues_get_the_vendors_message(told, receiver):
    [good] = told.transcode(told.output(Clip=mps.BRIEF))
    [bad] = told.submit(told.output("b.mp4"), Input={
        "Bucket": told.bucket, "Location": mps.LOCATION, "Object": "not/there.mp4"})
    told.wait(bad["JobId"])
    for path in ["/topic", "/queue"]:
        messages = {body["jobId"]: body for body in
                    (json.loads(message[2]) for message in receiver.wait(path, 2))}
        success, failure = messages[good["JobId"]], messages[bad["JobId"]]
        assert (success["state"], success["type"]) == ("Success", "Transcode")
        assert set(success) == {"jobId", "JobId", "requestId", "RequestId", "type", "Type",
                                "state", "State"}
        assert success["requestId"], success
        assert (failure["State"], failure["Code"]) == ("Fail", "InvalidParameter.ResourceNotFound")
        for message in messages.values():
            for name in message:
                assert message[name] == message[name[0].lower() + name[1:]]
    assert len(receiver.at("/topic")) == 2


def test_a_topic_is_told_of_fingerprint_jobs(told, receiver):
    library = told.mts.call("CreateFpShotDB", Name="films", ModelId=12)["FpShotDB"]["FpDBId"]

    def submit(source, key, save):
        config = {"FpDBId": library, "PrimaryKey": key, "SaveType": save}
        return told.mts.call("SubmitFpShotJob", Input=json.dumps(source), UserData=f"of {key}",
                             PipelineId=told.pipeline, FpShotConfig=json.dumps(config))["JobId"]

    missing = {"Bucket": told.bucket, "Location": mps.LOCATION, "Object": "not/there.mp4"}
    jobs = {}
    for source, key, save in [(told.input(), "film", "save"), (told.input(), "copy", "nosave"),
                              (missing, "missing", "nosave")]:
        jobs[key] = submit(source, key, save)
        # One after the other, so that the second finds what the first has stored.
        messages = [json.loads(message[2]) for message in receiver.wait("/topic", len(jobs))]
    assert len(receiver.wait("/queue", len(jobs))) == len(jobs)
    assert [(message["Type"], message["UserData"]) for message in messages] == [
        ("FpShot", f"of {key}") for key in jobs]
    first, copy, failed = (message["FpShotJobNotify"] for message in messages)
    for notify, key in [(first, "film"), (copy, "copy"), (failed, "missing")]:
        assert (notify["Type"], notify["JobId"], notify["UserData"]) == ("FpShot", jobs[key], f"of {key}"), notify
    assert (first["State"], copy["State"], failed["State"]) == ("Success", "Success", "Fail")
    assert failed["Code"] == "InvalidParameter.ResourceNotFound" and failed["Message"], failed
    [shot] = copy["FpShots"]["FpShot"]
    assert shot["PrimaryKey"] == "film", shot
    assert "Code" not in copy


def test_webhooks_are_signed_and_in_order(told, receiver):
    made = told.native.call("POST", "/webhooks", json={"url": receiver.url("/hook")})
    assert made["secret"].startswith("whsec_") and made["enabled"]
    assert "secret" not in told.native.call("GET", f"/webhooks/{made['id']}")
    [job] = told.transcode(told.output(Clip=mps.BRIEF, UserData="mine"))
    messages = receiver.wait("/hook", 3)
    assert names(messages, job["JobId"]) == ["job.queued", "job.started", "job.succeeded"]
    for _, headers, body, _ in messages:
        assert signed(made["secret"], headers, body)
        assert json.loads(body)["data"]["user_data"] == "mine"
    assert len({message_id(message) for message in messages}) == 3
    deadline = time.monotonic() + PATIENCE
    while True:
        log = told.native.call("GET", "/deliveries", params={"destination": made["id"]})["deliveries"]
        if all(found["state"] == "delivered" for found in log):
            break
        assert time.monotonic() < deadline, log
        time.sleep(0.05)
    again = told.native.call("POST", f"/deliveries/{log[0]['id']}/replay")
    assert again["state"] in ("sending", "delivered")
    assert message_id(receiver.wait("/hook", 4)[3]) == log[0]["id"]


def test_an_address_inside_is_refused_unless_it_was_allowed(native):
    for url in ["http://127.0.0.1:9/", "http://[::ffff:7f00:1]/", "http://0x7f.1/",
                "http://169.254.169.254/", "ftp://example.com/"]:
        refused = native.request("POST", "/webhooks", json={"url": url})
        assert refused.status_code == 400 and refused.json()["field"] == "url", url


def test_after_a_cancel_nothing_goes_out_but_the_cancel(told, receiver):
    told.native.call("POST", "/webhooks", json={"url": receiver.url("/hook")})
    running = told.running_job()
    told.pause()
    [queued] = told.submit(told.output("c.mp4"))
    receiver.wait("/hook", 3)
    assert told.mts.call("CancelJob", JobId=queued["JobId"])["JobId"] == queued["JobId"]
    told.stop(running)
    told.resume()
    messages = receiver.wait("/hook", 6)
    # Whatever else was to come would be there by now.
    time.sleep(2)
    messages = receiver.at("/hook")
    assert names(messages, queued["JobId"]) == ["job.queued", "job.cancelled"]
    assert names(messages, running) == ["job.queued", "job.started", "job.stopping", "job.cancelled"]
    assert receiver.at("/topic") == receiver.at("/queue") == []


def test_a_stream_goes_on_where_it_was_left(told):
    told.pause()
    [job] = told.submit(told.output())
    seen = stream(told.native, {"Last-Event-ID": "0"}, 1)
    assert [(event["type"], event["data"]["job_id"]) for event in seen] == [("job.queued", job["JobId"])]
    told.mts.call("CancelJob", JobId=job["JobId"])
    later = stream(told.native, {"Last-Event-ID": seen[-1]["id"]}, 1)
    assert [event["type"] for event in later] == ["job.cancelled"]
    page = told.native.call("GET", "/events", params={"after": 0, "name": "job.cancelled"},
                            headers={"Accept": "application/json"})
    assert [event["id"] for event in page["events"]] == [later[0]["id"]]
    wrong = told.native.request("GET", "/events", headers={"Last-Event-ID": "no place"})
    assert wrong.status_code == 400


def stream(native, headers, count):
    """So many events of the stream."""
    with native.request("GET", "/events", headers=headers, stream=True) as response:
        assert response.headers["content-type"] == "text/event-stream"
        found = []
        for line in response.iter_lines(decode_unicode=True):
            if line.startswith("data: "):
                found.append(json.loads(line.removeprefix("data: ")))
            if len(found) == count:
                return found
    raise AssertionError(f"the stream ended: {found}")


def test_a_server_killed_in_mid_delivery_loses_nothing(program, house, told, receiver, tmp_path):
    native = told.native
    native.call("POST", "/webhooks", json={"url": receiver.url("/hook")})
    receiver.answers["/hook"] = 0
    told.pause()
    jobs = [job["JobId"] for job in told.submit(told.output("a.mp4"), told.output("b.mp4"))]
    before = receiver.wait("/hook", 2)
    house.kill()
    receiver.answers["/hook"] = 200
    again = harness.Server.start(program, tmp_path, options=LOOPBACK)
    try:
        messages = receiver.wait("/hook", 4)
        assert {message_id(message) for message in messages[2:4]} == {
            message_id(message) for message in before}
        assert {body for _, _, body, _ in messages[2:4]} == {body for _, _, body, _ in before}
        assert sorted(json.loads(body)["data"]["job_id"] for _, _, body, _ in before) == sorted(jobs)
    finally:
        again.stop()


def test_the_command_line_shows_and_sends_again(program, house, told, receiver):
    def run(*arguments):
        done = subprocess.run([program, *arguments, "--server", house.address, "-o", "json"],
                              env={**harness.clean_environment(),
                                   "REELGATE_API_KEY": house.credentials["api_key"]},
                              capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout
    made = json.loads(run("webhook", "create", receiver.url("/hook"), "--event", "job.cancelled"))
    assert made["events"] == ["job.cancelled"] and made["secret"]
    told.pause()
    [job] = told.submit(told.output())
    told.mts.call("CancelJob", JobId=job["JobId"])
    receiver.wait("/hook", 1)
    lines = run("events", "--job", job["JobId"]).splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["job.queued", "job.cancelled"]
    deadline = time.monotonic() + PATIENCE
    while True:
        [found] = json.loads(run("delivery", "list", "--job", job["JobId"]))["deliveries"]
        if found["state"] == "delivered":
            break
        assert time.monotonic() < deadline, found
    run("delivery", "replay", found["id"])
    receiver.wait("/hook", 2)
    assert [topic["topic"] for topic in json.loads(run("topic", "list"))["topics"]] == [
        "all/ends", "done"]
    run("webhook", "delete", made["id"])
    assert json.loads(run("webhook", "list")) == {"webhooks": []}
