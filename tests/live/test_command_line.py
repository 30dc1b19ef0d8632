"""A stream by the command line, from its creation to its end, with real publishers and targets."""
import json
import pathlib
import subprocess

import pytest

import edge as edges
import processes
import seen
from database import free_port

SECONDS = 120


class Watching:
    """`live watch` of a stream, a sign on each line."""

    def __init__(self, program, environment, stream):
        command = [program, "live", "watch", stream, "-o", "json"]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.signs = []

    def until(self, wanted):
        """The next sign that is wanted."""
        for line in self.process.stdout:
            self.signs.append(json.loads(line))
            if wanted(self.signs[-1]):
                return self.signs[-1]["data"]
        raise AssertionError(f"the watch ended: {self.signs[-5:]}")

    def rest(self):
        self.signs += [json.loads(line) for line in self.process.stdout]
        return self.process.wait(SECONDS)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def watch(program, environment):
    made = []
    def watching(stream):
        made.append(Watching(program, environment, stream))
        return made[-1]
    yield watching
    for one in made:
        one.stop()


def is_live(sign):
    return sign["event"] == "stream" and sign["data"]["state"] == "live"


def test_a_stream_is_created_watched_changed_and_stopped(run, read, watch, server, relay, guests, pattern, tmp_path):
    name = edges.unique("shell")
    source, target = relay.address("in", name), relay.address("out", name)
    guests.publish(pattern, source)
    processes.wait_until(lambda: relay.passing("in", name), SECONDS, "a publisher comes")
    made = read("live", "create", name, "--input", source, "--output", target, "--template", "480p-h264",
                "--record", f"media/{name}", "--template", "copy", "--start")
    try:
        watching = watch(name)
        assert made["run"] == 1
        watching.until(is_live)
        health = watching.until(lambda sign: sign["event"] == "health" and sign["data"]["out_kbps"] > 0)
        assert health["activity"] == "live" and health["in_kbps"] > 0
        processes.wait_until(lambda: relay.passing("out", name), SECONDS, "it is sent on")
        shown = run("live", "get", name).stdout.decode()
        assert "is live" in shown and "480p-h264" in shown and "fps" in shown

        changed = read("live", "update", name, "--template", "720p-h264")
        assert changed["plan"]["revision"] == 2
        watching.until(lambda sign: sign["event"] == "note" and sign["data"]["what"] == "changed")
        lines = lambda: [one for one in edges.engines(server.process.pid, name) if "720" in edges.line_of(one)]
        processes.wait_until(lines, SECONDS, "a process runs by the new plan")
        passes = lambda: relay.passing("out", name) and relay.passing("out", name).bytes_in > 40_000
        processes.wait_until(passes, SECONDS, "the new process publishes")
        thumbnail = lambda: run("live", "thumbnail", name, "newest.jpg", code=None).returncode == 0
        processes.wait_until(thumbnail, SECONDS, "there is a picture")
        assert (tmp_path / "newest.jpg").read_bytes().startswith(b"\xff\xd8")

        stopped = read("live", "stop", name)
        assert stopped["state"] == "stopped" and stopped["ended"] is None
        assert not edges.engines(server.process.pid, name)
        assert watching.rest() == 0
        assert watching.signs[-1]["data"]["state"] == "stopped"
        told = [note["what"] for note in read("live", "notes", name)["notes"]]
        assert told[-2:] == ["taken", "started"] and "changed" in told and "stopped" in told and "live" in told
    finally:
        run("live", "stop", name, code=None)
    records = lambda: run("bucket", "ls", f"media/{name}/").stdout.decode().split()
    processes.wait_until(lambda: any(word.endswith(".mkv") for word in records()), SECONDS, "recordings are kept")
    [key, *_] = [word for word in records() if word.endswith(".mkv")]
    run("bucket", "get", f"media/{key}", "kept.mkv")
    kinds = seen.streams(pathlib.Path(tmp_path / "kept.mkv"))
    assert (kinds["video"]["codec_name"], kinds["audio"]["codec_name"]) == ("h264", "aac")
    run("live", "delete", name)
    run("live", "get", name, code=1)


def test_a_source_that_is_away_is_waited_for_until_somebody_stops_that(run, read, watch, relay):
    name = edges.unique("nobody")
    read("live", "create", name, "--input", relay.address("in", name), "--output", relay.address("out", name), "--start")
    try:
        watching = watch(name)
        watching.until(lambda sign: sign["event"] == "health" and sign["data"]["last_error"])
        assert read("live", "list", "--keyword", name, "--running")["total"] == 1
        assert read("live", "get", name)["state"] != "live"
        run("live", "stop", name)
        assert watching.rest() == 0
    finally:
        run("live", "stop", name, code=None)
        run("live", "delete", name)


def test_what_cannot_be_done_is_given_up_and_the_exit_codes_say_so(run, read, watch, relay, guests, clip):
    name, port = edges.unique("unfit"), free_port()
    # RTMP has no place for this codec.
    guests.publish(clip, f"srt://127.0.0.1:{port}?mode=listener", codec=("-c:v", "mpeg2video", "-c:a", "copy"))
    read("live", "create", name, "--input", f"srt://127.0.0.1:{port}", "--output", relay.address("out", name))
    started = run("live", "start", name, "--wait", code=1)
    assert b"is ended" in started.stdout, started
    watching = watch(name)
    assert watching.rest() == 1
    assert watching.signs[-1]["data"]["ended"]["reason"] == "unfit"
    shown = run("live", "get", name).stdout.decode()
    assert "is ended" in shown and "mpeg2video" in shown, shown
    run("live", "delete", name)
