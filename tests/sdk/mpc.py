"""Media Processing Center through the vendor's own SDK: a client that checks each answer, and a desk for tasks."""
import json
import pathlib
import time
import urllib.parse

import huaweicloudsdkmpc.v1 as sdk
from huaweicloudsdkcore.exceptions import exceptions
from huaweicloudsdkcore.http.http_handler import HttpHandler

import check_shapes
import harness
import huawei
import mps

SHAPES = json.loads((pathlib.Path(__file__).with_name("shapes") / "mpc.json").read_text("utf-8"))["operations"]
LOCATION = "local-1"
# A small fast picture.
SMALL = {"video": {"codec": 1, "width": 320, "height": 180, "bitrate": 200, "preset": 1},
         "audio": {"codec": 1, "sample_rate": 4, "bitrate": 64, "channels": 2}}
# It takes long, so that a test can meet it while it runs.
LARGE = {"video": {"codec": 1, "width": 1920, "height": 1080, "preset": 3, "bitrate": 9000},
         "audio": {"codec": 1, "sample_rate": 4, "bitrate": 64, "channels": 2}}
MP4, HLS = {"pack_type": 4}, {"pack_type": 1}
ENDED = {"SUCCEEDED", "FAILED", "CANCELED"}


def snake(operation):
    """The SDK's method of an operation: `list_all_buckets` of `ListAllBuckets`."""
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in operation).lstrip("_")


def operation_of(method, path):
    """Which operation a request is, by the SDK's own table."""
    for name, described in SHAPES.items():
        wanted = described["transport"]["pathname"].split("/")
        parts = path.split("/")
        is_same = len(parts) == len(wanted) and all(
            want in (part, "{project_id}") for want, part in zip(wanted, parts))
        if described["transport"]["method"] == method and is_same:
            return name
    raise AssertionError(f"{method} {path} is no operation")


class Mpc:
    """Every operation by its name; raw answers are checked before the SDK drops what it does not know."""

    def __init__(self, server, made=None):
        handler = HttpHandler().add_response_handler(self._seen)
        self.made = made or huawei.credentials(server)
        self.client = (sdk.MpcClient.new_builder().with_credentials(self.made)
                       .with_http_handler(handler).with_endpoint(huawei.base(server)).build())
        self.last = None

    def _seen(self, response, **_):
        self.last = response
        if response.status_code >= 300:
            body = response.json()
            assert body["error_code"] and body["error_msg"], body
            return
        if response.status_code == 204:
            assert response.content == b""
            return
        path = urllib.parse.urlsplit(response.request.url).path
        operation = operation_of(response.request.method, path)
        report = {}
        check_shapes.compare(SHAPES[operation]["response"], response.json(), "", report)
        wrong = [(path, found) for path, found in sorted(report.items()) if found[0] in ("unknown", "wrong")]
        assert not wrong, f"{operation} answers what the SDK does not understand: {wrong}"
        assert "null" not in {found[1] for found in report.values()}, report

    def call(self, operation, body=None, **parameters):
        """The SDK's own answer; `body` is plain JSON."""
        if body is not None:
            parameters["body"] = body
        request = getattr(sdk, f"{operation}Request")(**parameters)
        return getattr(self.client, snake(operation))(request)

    def refused(self, operation, body=None, **parameters):
        """(status, code) and the message of a refusal."""
        try:
            answer = self.call(operation, body, **parameters)
        except exceptions.ClientRequestException as error:
            assert len(error.request_id) == 32, error
            return (error.status_code, error.error_code), error.error_msg
        raise AssertionError(f"{operation} was answered: {answer}")


class Desk:
    """Creates tasks over one server's bucket and waits for them."""

    def __init__(self, client, server, media, native):
        self.client, self.server, self.native = client, server, native
        self.bucket = server.credentials["bucket"]
        self._media = media
        self.folder = mps.unique("mpc")
        self.pipeline = f"mpc-{client.made.project_id}"

    def place(self, key, **members):
        return {"bucket": self.bucket, "location": LOCATION, "object": key, **members}

    def source(self, clip="bbb_720p25_aac51.mp4"):
        """The address of a clip of the repository, stored on first use."""
        key = f"clips/{clip}"
        if self.native.request("HEAD", harness.object_path(self.bucket, key)).status_code == 404:
            self.native.put_object(self.bucket, key, self._media / clip)
        return self.place(key)

    def body(self, *av_parameters, **members):
        """A task with these outputs, one small MP4 unless the test says otherwise."""
        outputs = list(av_parameters) or [{**SMALL, "common": MP4}]
        whole = {"input": self.source(), "output": self.place(self.folder), "av_parameters": outputs, **members}
        return {name: value for name, value in whole.items() if value is not None}

    def create(self, *av_parameters, **members):
        """The id of a new task, an integer."""
        answer = self.client.call("CreateTranscodingTask", self.body(*av_parameters, **members))
        assert answer.status_code == 202
        assert type(answer.task_id) is int and 0 < answer.task_id < 2 ** 31
        return answer.task_id

    def refused(self, *av_parameters, **members):
        body = self.body(*av_parameters, **members)
        return self.client.refused("CreateTranscodingTask", body)

    def task(self, task_id):
        answer = self.client.call("ListTranscodingTask", task_id=[task_id])
        task, = answer.task_array
        assert task.task_id == str(task_id)
        return task

    def detail(self, task_id):
        task, = self.client.call("ListTranscodeDetail", task_id=[str(task_id)]).task_array
        return task

    def wait(self, task_id, states=ENDED):
        """The task as soon as it is in one of the states; as long as it gets on, its progress never goes back."""
        deadline, progress = time.monotonic() + mps.WAIT_SECONDS, 0
        while True:
            task = self.task(task_id)
            if task.status in ("TRANSCODING", "SUCCEEDED"):
                assert progress <= task.progress <= 100, (progress, task)
                progress = task.progress
            if task.status in states:
                return task
            assert time.monotonic() < deadline, task
            time.sleep(mps.POLL_SECONDS)

    def cancel(self, task_id):
        return self.client.call("DeleteTranscodingTask", task_id=task_id)

    def switch(self, state):
        """Pauses or resumes the project's pipeline, as anybody does who uses the native API."""
        listed = self.native.call("GET", "/pipelines", params={"limit": 100})["pipelines"]
        pipeline, = [one for one in listed if one["name"] == self.pipeline]
        self.native.call("PATCH", f"/pipelines/{pipeline['id']}", json={"state": state})

    def object(self, name):
        return self.native.get_object(self.bucket, f"{self.folder}/{name}")
