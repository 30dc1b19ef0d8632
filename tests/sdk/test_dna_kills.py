"""Fingerprint jobs whose process is killed between the write that stores an entry and the naming of what was found."""
import json

import pytest

import harness
import s3
from test_s3 import create, until

FILM = "bbb_720p25_aac51.mp4"
RESULT = "found/film.json"


@pytest.fixture
def store(tmp_path):
    running = s3.Store(tmp_path)
    yield running
    running.stop()


def entries(native, library):
    return [entry["key"] for entry in native.call("GET", f"/libraries/{library}/entries")["entries"]]


def submit(native, library, key, save, result):
    body = {"kind": "fingerprint", "input": "oss://far/film.mp4", "library": library, "key": key, "media": "video",
            "save": save, "result": f"oss://far/{result}"}
    return native.call("POST", "/jobs", json=body)["id"]


def test_a_result_that_was_not_named_when_the_process_died_is_named_by_the_next(program, tmp_path, store, media):
    first = harness.Server.start(program, tmp_path)
    try:
        harness.lift_limits(first)
        made = create(program, first, store, "far")
        assert made.returncode == 0, made.stderr
        native = harness.Native(first)
        native.put_object("far", "film.mp4", media / FILM)
        library = native.call("POST", "/libraries", json={"name": "films", "model": "video"})["id"]
        store.misbehave("PUT", f"{s3.BUCKET}/{RESULT}", {"status": 503})
        job = submit(native, library, "film", "if_new", RESULT)
        until(lambda: any(seen.startswith("PUT") and RESULT in seen and "staged" not in seen
                          for seen in store.requests()), "the result is about to get its name")
        # The entry is there, and with it the job's win; what it found has no name yet.
        assert entries(native, library) == ["film"]
        assert native.call("GET", f"/jobs/{job}")["state"] not in ("succeeded", "failed")
        assert RESULT not in store.files()
    finally:
        first.kill()
    store.behave()
    second = harness.Server.start(program, tmp_path)
    try:
        native = harness.Native(second)
        told = native.call("GET", f"/jobs/{job}", params={"wait": "60s"})
        until(lambda: native.call("GET", f"/jobs/{job}")["state"] == "succeeded", f"{told} ends")
        assert json.loads(native.get_object("far", RESULT))["entries"] == []
        assert entries(native, library) == ["film"]
        until(lambda: not store.files(".reelgate"), "what was staged is gone")
        # It is found once, by the copy of whoever starts anew.
        again = submit(native, library, "again", "if_new", "found/again.json")
        until(lambda: native.call("GET", f"/jobs/{again}")["state"] == "succeeded", "the second job ends")
        found = json.loads(native.get_object("far", "found/again.json"))["entries"]
        assert [entry["key"] for entry in found] == ["film"]
        assert entries(native, library) == ["film"]
    finally:
        second.kill()
