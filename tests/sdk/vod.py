"""Product vod through either SDK generation, and a web server that uploads come from."""
import contextlib
import functools
import http.server
import importlib
import json
import pathlib
import threading
import time

from alibabacloud_tea_openapi.utils_models import Config
from alibabacloud_vod20170321 import models
from alibabacloud_vod20170321.client import Client

import check_shapes
import harness
import mps

SHAPES = pathlib.Path(__file__).with_name("shapes") / "vod.json"
UNKNOWN = "0123456789abcdef0123456789abcdef"
ENDED = {"SUCCESS", "DOWNLOAD_FAIL", "UPLOAD_FAIL"}


def check(operation, answer):
    """Fails when the answer has a field that the SDK does not know or reads as another type."""
    operations = json.loads(SHAPES.read_text("utf-8"))["operations"]
    report = {}
    check_shapes.compare(operations[operation]["response"], answer, "", report)
    wrong = [(path, found) for path, found in sorted(report.items()) if found[0] in ("unknown", "wrong")]
    assert not wrong, f"{operation} answers what the SDK does not understand: {wrong}"


class NewVod(mps.Mts):
    generation = "new"

    def __init__(self, server):
        credentials = server.credentials
        self.client = Client(Config(access_key_id=credentials["access_key_id"],
                                    access_key_secret=credentials["access_key_secret"],
                                    region_id="cn-shanghai", endpoint=server.address, protocol="http"))
        call_api = self.client.call_api

        def checked(params, request, runtime):
            answer = call_api(params, request, runtime)
            check(params.action, answer["body"])
            return answer

        self.client.call_api = checked
        # The SDK writes names of several capitals in ways of its own.
        self._methods = {name.replace("_", ""): name for name in dir(self.client) if not name.startswith("_")}

    def call(self, operation, **parameters):
        request = getattr(models, f"{operation}Request")().from_map(parameters)
        answer = getattr(self.client, self._methods[operation.lower()])(request)
        assert answer.status_code == 200
        return answer.body.to_map()


class OldVod(mps.Mts):
    generation = "old"

    def __init__(self, server):
        self.client = harness.old_client(server)
        self._address = server.address

    def raw(self, operation, form="json", **parameters):
        module = importlib.import_module(f"aliyunsdkvod.request.v20170321.{operation}Request")
        request = getattr(module, f"{operation}Request")()
        request.set_endpoint(self._address)
        request.set_protocol_type("http")
        request.set_accept_format(form)
        for name, value in parameters.items():
            getattr(request, f"set_{name}")(value)
        if form == "json":
            return self.client.do_action_with_exception(request).decode("utf-8")
        # The other way to call always asks for JSON.
        return self.client.do_action(request).decode("utf-8")

    def call(self, operation, **parameters):
        answer = json.loads(self.raw(operation, **parameters))
        check(operation, answer)
        return answer


GENERATIONS = {"new": NewVod, "old": OldVod}


def uploaded(vod, job):
    """What is known of an upload once it has ended."""
    deadline = time.monotonic() + mps.WAIT_SECONDS
    while True:
        info, = vod.call("GetURLUploadInfos", JobIds=job)["URLUploadInfoList"]
        if info["Status"] in ENDED:
            return info
        assert time.monotonic() < deadline, info
        time.sleep(mps.POLL_SECONDS)


@contextlib.contextmanager
def web(folder):
    """A web server on loopback that serves a folder: its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
