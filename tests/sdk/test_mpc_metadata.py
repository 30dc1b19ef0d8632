"""What is in a file, through the vendor's SDK."""
import hashlib
import json

import pytest

import harness
import mpc
import mpc_families

FAILED, INVALID = (400, "MPC.10212"), (400, "MPC.10202")
CLIP = "bbb_720p25_aac51.mp4"


@pytest.fixture
def desk(server, media, native):
    return mpc_families.Desk("ExtractTask", mpc.Mpc(server), server, media, native)


def check(metadata, media):
    content = (media / CLIP).read_bytes()
    assert (metadata.size, metadata.md5) == (len(content), hashlib.md5(content).hexdigest())
    assert (metadata.format, metadata.duration) == ("MP4", 5)
    # In seconds, whatever it is called.
    assert 5.0 < metadata.duration_ms < 6.0
    video, = metadata.video
    assert (video.width, video.height, video.codec, video.frame_rate) == (1280, 720, "H.264", 25)
    audio, = metadata.audio
    assert (audio.codec, audio.channels) == ("AAC", 6)
    assert metadata.bitrate > 1000 * video.bitrate


def test_facts_are_told_at_once_or_later(desk, media):
    answer = desk.start(output=None, sync=1)
    assert (answer.status_code, answer.status, answer.description) == (200, "SUCCEED", "The task has completed.")
    check(answer.metadata, media)
    answer = desk.start(output=desk.place(desk.folder, file_name="facts.json"), user_data="mine")
    assert answer.metadata is None
    task = desk.ended(answer.task_id)
    assert (task.status, task.error_code, task.user_data) == ("SUCCEED", "MPC.10218", "mine")
    assert task.start_time and task.end_time >= task.create_time
    assert (task.output.object, task.output.file_name) == (desk.folder, "facts.json")
    check(task.metadata, media)
    written = json.loads(desk.stored(f"{desk.folder}/facts.json"))
    assert written["format"]["md5"] == task.metadata.md5


def test_a_source_that_is_none_fails_with_its_reason(desk):
    desk.native.put_object(desk.bucket, f"{desk.folder}/note.mp4", b"no film")
    for key, code in ((f"{desk.folder}/note.mp4", "MPC.10125"), (f"{desk.folder}/none.mp4", "MPC.10053")):
        answer = desk.start(input=desk.place(key), output=None, sync=1)
        assert (answer.status, answer.metadata) == ("FAILED", None)
        task = desk.one(answer.task_id)
        assert (task.status, task.error_code) == ("FAILED", code)
        assert task.description == answer.description


def test_what_is_wrong_or_encrypted_is_named(desk):
    encryption = {"hls_encrypt": {"key": "a2V5", "url": "https://keys.example/1"}}
    for members, name in [({"encryption": encryption}, "encryption.hls_encrypt"), ({"sync": 2}, "sync"),
                          ({"input": None}, "input")]:
        outcome, message = desk.turned_down(**members)
        assert outcome == INVALID
        assert message.startswith(f"Invalid request parameter, {name} "), message


def test_unknown_ids_are_left_out_and_ended_tasks_not_cancelled(desk):
    task_id = desk.start(output=None, sync=1).task_id
    answer = desk.client.call("ListExtractTask", task_id=["2147483647", task_id])
    assert (answer.total, [one.task_id for one in answer.tasks]) == (1, [task_id])
    for wrong in (task_id, "2147483647"):
        assert desk.client.refused("DeleteExtractTask", task_id=wrong)[0] == FAILED
    assert desk.client.refused("DeleteExtractTask", task_id="x")[0] == INVALID


def test_a_task_that_waits_is_cancelled(program, tmp_path, media):
    idle = harness.Server.start(program, tmp_path, slots=0)
    try:
        desk = mpc_families.Desk("ExtractTask", mpc.Mpc(idle), idle, media, harness.Native(idle))
        task_id = desk.start(output=None).task_id
        assert desk.one(task_id).status == "WAITING"
        assert desk.client.call("DeleteExtractTask", task_id=task_id).status_code == 204
        assert desk.one(task_id).status == "CANCELED"
    finally:
        idle.stop()
