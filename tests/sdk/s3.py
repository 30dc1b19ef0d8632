"""An object store of the tests' own, in a process that ends with the tests however they end."""
import json
import os
import pathlib
import socket
import subprocess
import time

import requests

READY_SECONDS = 120
BUCKET = "films"


class Store:
    """A running store over a directory. One that has ended may be started again, at the same address."""

    def __init__(self, directory):
        self.root, self._ready = directory / "store", directory / "store.json"
        self.root.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._process = None
        self.start()

    def start(self):
        self._ready.unlink(missing_ok=True)
        program = os.environ.get("REELGATE_S3SERVER")
        assert program, "REELGATE_S3SERVER does not name the store; run: cargo xtask test-sdk"
        # It ends when its standard input does.
        self._process = subprocess.Popen([program, self.root, self._ready, str(self._port), BUCKET],
                                         stdin=subprocess.PIPE, start_new_session=True)
        deadline = time.monotonic() + READY_SECONDS
        while not self._ready.exists():
            assert self._process.poll() is None, "the store ended at its start"
            assert time.monotonic() < deadline, f"no store after {READY_SECONDS} s"
            time.sleep(0.02)
        self.told = json.loads(self._ready.read_text("utf-8"))

    def stop(self):
        """Ends it as `kill -9` does; its files stay."""
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()

    def misbehave(self, method, part, fault, times=2**63):
        rule = {"method": method, "part": part, "fault": fault, "times": times}
        self._control("POST", "rules", json=rule)

    def behave(self):
        self._control("DELETE", "rules")

    def requests(self):
        """Method, path and query of each request so far."""
        return self._control("GET", "requests").json()

    def _control(self, method, what, **options):
        session = requests.Session()
        session.trust_env = False
        url = f"{self.told['endpoint']}/_control/{what}"
        response = session.request(method, url, timeout=120, **options)
        assert response.ok, response.text
        return response

    def files(self, folder=""):
        """The files of the bucket below a folder, relative to it."""
        root = self.root / BUCKET / folder
        return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())

    def secret_file(self):
        path = pathlib.Path(self._ready).with_name("secret")
        path.write_text(self.told["secret"] + "\n", "utf-8")
        return path
