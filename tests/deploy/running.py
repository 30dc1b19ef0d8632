"""A server in a process of its own, and one job through it."""
import contextlib
import json
import os
import signal
import subprocess
import time

import requests

READY_SECONDS = 180


@contextlib.contextmanager
def server(command, directory, **process_options):
    """Runs `command` with the options of a small server; gives a function that calls its native API."""
    ready, log = directory / "ready.json", directory / "server.log"
    arguments = ["serve", "--listen", "127.0.0.1:0", "--ready-file", ready, "--slots", "1"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REELGATE_")}
    environment["REELGATE_DATA"] = str(directory / "data")
    with log.open("wb") as output:
        process = subprocess.Popen([*command, *arguments], stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, env=environment, **process_options)
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not ready.exists():
            assert process.poll() is None and time.monotonic() < deadline, log.read_text("utf-8", "replace")
            time.sleep(0.02)
        told = json.loads(ready.read_text("utf-8"))
        key = json.loads(open(told["credentials_file"], encoding="utf-8").read())["api_key"]
        yield Native(told["address"], key)
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0, log.read_text("utf-8", "replace")
    finally:
        process.kill()
        process.wait()


class Native:
    """The native API of a server."""

    def __init__(self, address, key):
        self.address = address
        self._headers = {"Authorization": f"Bearer {key}"}

    def call(self, method, path, **options):
        response = requests.request(method, f"http://{self.address}/api/v1{path}", timeout=90,
                                    headers=self._headers, **options)
        assert response.ok, f"{method} {path}: {response.status_code} {response.text}"
        return response

    def transcode(self, clip):
        """Makes a small MP4 of the clip's first second; the job as it ended."""
        self.call("PUT", "/buckets/media/objects/in.mp4", data=clip.read_bytes())
        job = self.call("POST", "/jobs", json={
            "input": "oss://media/in.mp4",
            "outputs": [{"object": "oss://media/out.mp4", "preset": "web-240p",
                         "clip": {"start_ms": 0, "length": {"duration_ms": 1000}}}]}).json()["id"]
        for _ in range(4):
            ended = self.call("GET", f"/jobs/{job}?wait=30s").json()
            if ended["state"] in ("succeeded", "failed", "cancelled"):
                break
        return ended
