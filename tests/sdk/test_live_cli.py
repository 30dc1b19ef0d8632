"""`reelgate live` against the running server. What runs is in a cluster without workers, so that nothing happens by itself."""
import json
import subprocess
import threading

import pytest

import mps

UNKNOWN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def cluster(run):
    name = mps.unique("quiet")
    run("cluster", "create", name)
    yield name
    run("cluster", "delete", name, code=None)


@pytest.fixture
def stream(run, cluster):
    """A stream's name; nothing runs it."""
    name = mps.unique("stream")
    run("live", "create", name, "--input", "rtmp://origin.example.com/live/secret", "--cluster", cluster,
        "--output", f"rtmp://edge.example.com/live/{name}-secret", "--template", "720p-h264",
        "--hls", f"media/live/{name}.m3u8", "--template", "copy", "--segment-seconds", 2)
    yield name
    run("live", "stop", name, code=None)
    run("live", "delete", name, code=None)


def test_a_stream_is_created_with_all_that_can_be_said(read, run, cluster):
    name = mps.unique("all")
    made = read("live", "create", name, "--input", "srt://origin.example.com:9000?streamid=x", "--cluster", cluster,
                "--output", "rtmps://edge.example.com/live/all", "--output", "srt://edge.example.com:9000",
                "--hls", "media/live/all.m3u8", "--record", "media/takes/", "--template", "480p-h265", "--window", 0,
                "--latency", "normal", "--stop-after", 5, "--frozen-after-ms", 2000)
    h265 = read("live", "template", "get", "480p-h265")["id"]
    assert [output["template"] for output in made["outputs"]] == [h265] * 4
    assert [output["target"] for output in made["outputs"]] == [
        {"to": "push", "address": "rtmps://edge.example.com/live/all"},
        {"to": "push", "address": "srt://edge.example.com:9000"},
        {"to": "hls", "bucket": "media", "playlist": "live/all.m3u8", "segment_seconds": 4, "window": 0},
        {"to": "recording", "bucket": "media", "folder": "takes"}]
    assert made["input"] == {"address": "srt://origin.example.com:9000?streamid=x", "frozen_after_ms": 2000}
    assert (made["latency"], made["on_source_lost"], made["state"], made["cluster"]) == (
        "normal", {"stop_after_minutes": 5}, "idle", cluster)
    run("live", "delete", made["id"])


def test_tables_show_streams_without_what_gives_access(run, read, stream):
    for shown in (run("live", "list", "--keyword", stream), run("live", "get", stream)):
        table = shown.stdout.decode()
        assert stream in table and "rtmp://origin.example.com:1935/…" in table and "secret" not in table
    assert "720p-h264" in table and f"media/live/{stream}.m3u8" in table
    known = read("live", "get", stream)
    assert read("live", "list", "--keyword", stream) == {"streams": [known], "total": 1, "next_cursor": None}
    assert read("live", "list", "--keyword", stream, "--running")["total"] == 0
    assert read("live", "list", "--keyword", stream, "--idle", "--cluster", known["cluster"])["total"] == 1


def test_a_stream_is_started_changed_and_stopped(run, read, stream):
    assert b"is waiting" in run("live", "start", stream).stdout
    assert b"is running" in run("live", "start", stream, code=1).stderr
    changed = read("live", "update", stream, "--template", "480p-h264", "--keep-trying", "--frozen-after-ms", 1000)
    assert [output["settings"]["height"] for output in changed["plan"]["outputs"]] == [480, 480]
    assert changed["plan"]["revision"] == 2
    assert changed["input"] == {"address": "rtmp://origin.example.com/live/secret", "frozen_after_ms": 1000}
    renamed = read("live", "update", changed["id"], "--name", stream + "-x")
    assert renamed["name"] == stream + "-x"
    run("live", "update", changed["id"], "--name", stream)
    assert read("live", "stop", stream)["state"] == "stopped"
    assert b"not running" in run("live", "stop", stream, code=1).stderr
    told = [note["what"] for note in read("live", "notes", stream)["notes"]]
    assert told[0] == "stopped" and told[-1] == "started" and "changed" in told
    assert b"changed" in run("live", "notes", stream).stdout


def test_one_that_fails_keeps_no_other_from_its_turn(run, read, stream):
    done = run("live", "start", UNKNOWN, stream, code=1)
    assert UNKNOWN.encode() in done.stderr
    assert read("live", "get", stream)["state"] == "waiting"
    run("live", "stop", "no-such-stream", stream, code=1)
    assert read("live", "get", stream)["state"] == "stopped"
    run("live", "delete", "no-such-stream", stream, code=1)
    run("live", "get", stream, code=1)


def test_watch_tells_what_happens_until_the_stream_is_stopped(program, environment, run, stream):
    run("live", "start", stream)
    with subprocess.Popen([program, "live", "watch", stream], env=environment, stdout=subprocess.PIPE,
                          stdin=subprocess.DEVNULL) as watching:
        lines = []
        # The first line says that it is connected.
        lines.append(watching.stdout.readline().decode())
        stopping = threading.Thread(target=run, args=("live", "stop", stream))
        stopping.start()
        lines += [line.decode() for line in watching.stdout]
        stopping.join()
        assert watching.wait(60) == 0
    assert f"{stream} is waiting" in lines[0]
    assert any("stopped" in line for line in lines[1:]) and f"{stream} is stopped" in lines[-1], lines
    assert f"{stream} is stopped" in run("live", "watch", stream).stdout.decode()
    signs = [json.loads(line) for line in run("live", "watch", stream, "-o", "json").stdout.splitlines()]
    assert [sign["event"] for sign in signs] == ["stream"] and signs[0]["data"]["state"] == "stopped"


def test_templates_are_managed(run, read):
    name = mps.unique("mobile")
    made = read("live", "template", "create", name, "--height", 360, "--width", "ratio", "--video-kbps", 600,
                "--fps", 29.97, "--gop-seconds", 2, "--audio-kbps", 64)
    assert made["settings"] == {"codec": "h264", "width": "ratio", "height": 360, "video_kbps": 600, "fps": 29.97,
                                "gop": {"seconds": 2.0}, "audio_kbps": 64}
    changed = read("live", "template", "update", name, "--codec", "h265", "--fps", 0, "--gop-frames", 50)
    assert changed["settings"] == {**made["settings"], "codec": "h265", "fps": None, "gop": {"frames": 50}}
    table = run("live", "template", "list").stdout.decode()
    assert name in table and "720p-h264" in table and "built in" in table
    assert b"cannot be changed" in run("live", "template", "delete", "copy", code=1).stderr
    run("live", "template", "delete", name)
    run("live", "template", "get", name, code=1)


def test_operators_set_where_streams_of_an_account_may_come_from_and_go_to(run, read):
    account = mps.unique("films")
    run("account", "create", account)
    rules = read("live", "domains", "--account", account, "--pull", "*.example.com,example.org:1935", "--push", "example.net")
    assert rules == {"pull": ["*.example.com", "example.org:1935"], "push": ["example.net"]}
    rules = read("live", "domains", "--account", account, "--pull", "any")
    assert rules == {"pull": [], "push": ["example.net"]}
    assert b"any public host" in run("live", "domains", "--account", account).stdout
    assert read("live", "domains") == {"pull": [], "push": []}
    assert b"pull[0]" in run("live", "domains", "--pull", "a b", code=1).stderr


@pytest.mark.parametrize("arguments, code, said", [
    (["get", "no-such-stream"], 1, b"no-such-stream"),
    (["watch", UNKNOWN], 1, UNKNOWN.encode()),
    (["thumbnail", UNKNOWN, "x.jpg"], 1, UNKNOWN.encode()),
    (["create", "x", "--input", "rtmp://a.example.com/live/x"], 1, b"--output"),
    (["create", "x", "--input", "ftp://a.example.com/x", "--record", "media/x"], 1, b"input.address"),
    (["create", "x", "--input", "rtmp://127.0.0.1/live/x", "--record", "media/x"], 1, b"public address"),
    (["create", "x", "--input", "rtmp://a.example.com/live/x", "--record", "nowhere/x"], 1, b"nowhere"),
    (["create", "x", "--input", "rtmp://a.example.com/live/x", "--record", "media/x", "--template", "none"], 1, b"none"),
    (["create", "x", "--input", "rtmp://a.example.com/live/x", "--record", "media/x", "--cluster", "none"], 1, b"none"),
    (["create", "x", "--input", "rtmp://a.example.com/live/x", "--record", "media"], 2, b"BUCKET/FOLDER"),
    (["create", "x", "--record", "media/x"], 2, b"--input"),
    (["update", "x", "--stop-after", "1", "--keep-trying"], 2, b"--keep-trying"),
    (["template", "create", "x", "--width", "wide"], 2, b"ratio")], ids=lambda value: str(value)[:60])
def test_mistakes_end_with_an_error_that_names_them(run, arguments, code, said):
    done = run("live", *arguments, code=code)
    assert said in done.stderr, done


def test_a_name_that_several_streams_have_names_none(run, read, stream, cluster):
    other = read("live", "create", stream, "--input", "rtmp://origin.example.com/live/x", "--record", "media/x",
                 "--cluster", cluster)
    done = run("live", "get", stream, code=1)
    assert other["id"].encode() in done.stderr
    run("live", "delete", other["id"])
    run("live", "get", stream)
