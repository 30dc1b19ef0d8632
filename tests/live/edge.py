"""Streams through the native API, and the processes that run them."""
import itertools
import time

import harness
import processes

LOOPBACK = ("--allow-private-network", "127.0.0.0/8")
# Long enough for a busy machine; nothing waits this long unless it fails.
SECONDS = 90
_numbers = itertools.count(1)


def unique(name):
    return f"{name}-{next(_numbers)}"


def push(to, template="copy"):
    return {"target": {"to": "push", "address": to}, "template": template}


def hls(playlist, template="copy", seconds=1, window=0, bucket="media"):
    target = {"to": "hls", "bucket": bucket, "playlist": playlist, "segment_seconds": seconds, "window": window}
    return {"target": target, "template": template}


def recording(folder, template="copy", bucket="media"):
    return {"target": {"to": "recording", "bucket": bucket, "folder": folder}, "template": template}


class Edge:
    """Calls about streams at one server."""

    def __init__(self, server):
        self.native = harness.Native(server)
        self._made = []

    def create(self, source, *outputs, frozen_ms=None, **more):
        """Makes a stream, which does not run; its id."""
        origin = {"address": source, **({"frozen_after_ms": frozen_ms} if frozen_ms else {})}
        body = {"name": unique("stream"), "input": origin, "outputs": list(outputs), **more}
        made = self.native.call("POST", "/streams", json=body)["id"]
        self._made.append(made)
        return made

    def stop_all(self):
        for stream in self._made:
            self.native.request("POST", f"/streams/{stream}/stop")

    def run(self, source, *outputs, **more):
        """Makes and starts a stream; its id."""
        made = self.create(source, *outputs, **more)
        self.start(made)
        return made

    def get(self, stream):
        return self.native.call("GET", f"/streams/{stream}")

    def start(self, stream, **options):
        return self.native.call("POST", f"/streams/{stream}/start", params=options)

    def stop(self, stream, **options):
        return self.native.call("POST", f"/streams/{stream}/stop", params=options)

    def refused(self, method, path, **options):
        """The status and the code of a call that is not granted."""
        answer = self.native.request(method, path, **options)
        assert not answer.ok, f"{method} {path} is granted: {answer.text}"
        return answer.status_code, answer.json()["code"]

    def change(self, stream, **change):
        return self.native.call("PATCH", f"/streams/{stream}", json=change)

    def delete(self, stream):
        answer = self.native.request("DELETE", f"/streams/{stream}")
        assert answer.ok, answer.text

    def notes(self, stream):
        """What has happened to a stream, the oldest first."""
        told = self.native.call("GET", f"/streams/{stream}/notes", params={"limit": 100})["notes"]
        return list(reversed(told))

    def happened(self, stream):
        return [note["what"] for note in self.notes(stream)]

    def wait_for(self, stream, state, seconds=SECONDS):
        """The stream once it is in this state."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.get(stream)
            if found["state"] == state:
                return found
            assert time.monotonic() < deadline, f"not {state} in {seconds} s: {found}\n{self.notes(stream)}"
            time.sleep(0.05)

    def wait_until(self, stream, condition, what, seconds=SECONDS):
        """The stream once this holds of it."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.get(stream)
            if condition(found):
                return found
            assert time.monotonic() < deadline, f"{what}: not in {seconds} s: {found}\n{self.notes(stream)}"
            time.sleep(0.05)

    def objects(self, prefix):
        """Keys in the first bucket."""
        told = self.native.call("GET", "/buckets/media/objects", params={"prefix": prefix, "limit": 1000})
        return [it["key"] for it in told["objects"]]

    def template(self, codec, height=None):
        """The name of one that ships with the program."""
        for one in self.native.call("GET", "/stream-templates")["templates"]:
            settings = one["settings"]
            if one["builtin"] and settings["codec"] == codec and settings.get("height") == height:
                return one["name"]
        raise AssertionError(f"there is no template of {codec} and {height} lines")


def engines(process_id, words=""):
    """The FFmpegs below a process whose command lines have these words."""
    return {one for one in processes.below(process_id) if "ffmpeg" in processes.name_of(one) and words in line_of(one)}


def line_of(process_id):
    """The command line of a process."""
    try:
        with open(f"/proc/{process_id}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


def ends(process_ids, seconds=30):
    processes.wait_until(lambda: not processes.alive(process_ids), seconds, "processes end")
