"""A real server in a process of its own, and the three kinds of clients that the tests call it with."""
import dataclasses
import importlib
import json
import os
import pathlib
import signal
import subprocess
import time
import urllib.parse

import requests
from aliyunsdkcore.auth.credentials import StsTokenCredential
from aliyunsdkcore.client import AcsClient
from alibabacloud_mts20140618.client import Client as MtsClient
from alibabacloud_tea_openapi.utils_models import Config

import check_shapes
import engines

REGION = "cn-hangzhou"
# Long enough for a busy machine; nothing waits this long unless it fails.
READY_SECONDS = 120
STOP_SECONDS = 60
SHAPES = pathlib.Path(__file__).with_name("shapes") / "mts.json"


@dataclasses.dataclass
class Server:
    """A running `reelgate serve`; `credentials` is the content of its credentials file."""

    process: subprocess.Popen
    data: pathlib.Path
    log: pathlib.Path
    address: str = ""
    credentials: dict = dataclasses.field(default_factory=dict, repr=False)

    @classmethod
    def start(cls, program, directory, slots=2, options=(), listen="127.0.0.1:0", variables=()):
        """Starts the server on a free port and returns when it serves requests.

        A directory where an earlier one ran may be used again; `options` go to `serve` as well,
        and `variables` to its environment.
        """
        data, log, ready = directory / "data", directory / "server.log", directory / "ready.json"
        ready.unlink(missing_ok=True)
        arguments = ["serve", "--data", data, "--listen", listen,
                     "--ready-file", ready, "--slots", str(slots), *options]
        environment = {**clean_environment(), **engines.used.variables(directory), **dict(variables)}
        with log.open("ab") as output:
            # A session of its own: Ctrl-C reaches pytest only, which then stops the server.
            process = subprocess.Popen([program, *arguments], stdin=subprocess.DEVNULL,
                                       stdout=output, stderr=subprocess.STDOUT,
                                       env=environment, start_new_session=True)
        server = cls(process, data, log)
        try:
            answer = server._wait_until_ready(ready)
            server.address = answer["address"]
            server.credentials = json.loads(pathlib.Path(answer["credentials_file"]).read_text("utf-8"))
        except BaseException:
            server.kill()
            raise
        return server

    def _wait_until_ready(self, ready):
        deadline = time.monotonic() + READY_SECONDS
        while not ready.exists():
            status = self.process.poll()
            if status is not None:
                raise RuntimeError(f"the server ended with {status} at its start\n{self.log_tail()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"no ready file after {READY_SECONDS} s\n{self.log_tail()}")
            time.sleep(0.02)
        return json.loads(ready.read_text("utf-8"))

    def stop(self):
        """Asks the server to end; one that has to be killed, or that died before, is an error."""
        status = self.process.poll()
        if status is not None:
            raise RuntimeError(f"the server ended with {status} during the tests\n{self.log_tail()}")
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(
                f"the server ran on for {STOP_SECONDS} s after SIGTERM\n{self.log_tail()}") from None

    def kill(self):
        """Ends the server as `kill -9` does."""
        self.process.kill()
        self.process.wait()

    def kept(self):
        """Each file that the server or its store has, with its content."""
        for path in [*self.data.rglob("*"), *engines.used.files()]:
            try:
                if path.is_file():
                    yield path, path.read_bytes()
            except FileNotFoundError:
                continue  # It went while we looked.

    def log_tail(self, lines=100):
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])


def clean_environment():
    """Settings of the person who runs the tests must not reach what is under test."""
    return {name: value for name, value in os.environ.items() if not name.startswith("REELGATE_")}


class Shapes:
    """What the vendor's SDK understands of each answer."""

    def __init__(self):
        self._operations = json.loads(SHAPES.read_text("utf-8"))["operations"]

    def check(self, operation, answer):
        """Fails when the answer has a field that the SDK does not know or reads as another type."""
        report = {}
        check_shapes.compare(self._operations[operation]["response"], answer, "", report)
        wrong = [f"{verdict} {path or '(answer)'} ({detail})"
                 for path, (verdict, detail) in sorted(report.items())
                 if verdict in ("unknown", "wrong")]
        assert not wrong, f"{operation} answers what the SDK does not understand: {wrong}"


def new_sdk(server, shapes):
    """The newer SDK's own client. Each raw answer is checked before the SDK drops unknown fields."""
    client = MtsClient(Config(access_key_id=server.credentials["access_key_id"],
                              access_key_secret=server.credentials["access_key_secret"],
                              security_token=server.credentials.get("security_token"),
                              region_id=REGION, endpoint=server.address, protocol="http"))
    call_api = client.call_api

    def checked(params, request, runtime):
        answer = call_api(params, request, runtime)
        shapes.check(params.action, answer["body"])
        return answer

    client.call_api = checked
    return client


def old_client(server):
    """The older SDK's core, which every product's requests go through."""
    key, secret = (server.credentials[name] for name in ("access_key_id", "access_key_secret"))
    token = server.credentials.get("security_token")
    if token is None:
        return AcsClient(key, secret, REGION)
    return AcsClient(region_id=REGION, credential=StsTokenCredential(key, secret, token))


class OldSdk:
    """The older SDK's own client, which has one request class for each operation."""

    def __init__(self, server, shapes):
        self.client = old_client(server)
        self._address, self._shapes = server.address, shapes

    def call(self, operation, **parameters):
        """Sets the parameters by the request's own setters and returns the checked answer."""
        module = importlib.import_module(f"aliyunsdkmts.request.v20140618.{operation}Request")
        request = getattr(module, f"{operation}Request")()
        request.set_endpoint(self._address)
        request.set_accept_format("json")
        for name, value in parameters.items():
            getattr(request, f"set_{name}")(value)
        answer = json.loads(self.client.do_action_with_exception(request))
        self._shapes.check(operation, answer)
        return answer


class Native:
    """A small client of the native API: paths below /api/v1, and objects."""

    def __init__(self, server):
        self._base = f"http://{server.address}/api/v1"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {server.credentials['api_key']}"

    def request(self, method, path, **options):
        """Returns the response whatever its status; `options` are those of requests."""
        return self._session.request(method, self._base + path, timeout=120, **options)

    def call(self, method, path, **options):
        """Returns the JSON of a successful answer."""
        return self._successful(self.request(method, path, **options)).json()

    def put_object(self, bucket, key, content):
        """Stores bytes, or the content of the file when given a path."""
        if isinstance(content, pathlib.Path):
            with content.open("rb") as file:
                response = self.request("PUT", object_path(bucket, key), data=file)
        else:
            response = self.request("PUT", object_path(bucket, key), data=content)
        self._successful(response)

    def get_object(self, bucket, key):
        return self._successful(self.request("GET", object_path(bucket, key))).content

    @staticmethod
    def _successful(response):
        assert response.ok, f"{response.request.method} {response.url}: " \
                            f"{response.status_code} {response.text}"
        return response


def lift_limits(server):
    """Lets the first account call everything as often as it likes."""
    native, account = Native(server), server.credentials["account_id"]
    for limit in native.call("GET", f"/accounts/{account}/limits")["limits"]:
        native.call("PUT", f"/accounts/{account}/limits/{limit['action']}", json={"limit": "unlimited"})


def object_path(bucket, key):
    return f"/buckets/{bucket}/objects/{urllib.parse.quote(key)}"
