"""Files put into other containers through the vendor's SDK."""
import hashlib

import pytest

import harness
import mpc
import mpc_families

FAILED, INVALID = (400, "MPC.10212"), (400, "MPC.10202")
RETRY, NOT_FINAL = (403, "MPC.10212"), (403, "MPC.10213")


@pytest.fixture
def desk(server, media, native):
    return mpc_families.Desk("RemuxTask", mpc.Mpc(server), server, media, native)


def test_a_file_becomes_hls_and_mp4(desk):
    hls = desk.start(output_param={"format": "HLS", "segment_duration": 2}, user_data="mine")
    mp4 = desk.start(output=desk.place(desk.folder, file_name="copy.mp4"),
                     output_param={"format": "MP4", "remove_meta": True})
    assert (hls.status_code, mp4.status_code) == (200, 200)
    task = desk.ended(hls.task_id)
    assert (task.status, task.complete_ratio, task.error_code) == ("SUCCEED", 100, "MPC.10218")
    assert (task.output.object, task.output.file_name) == (desk.folder, "bbb_720p25_aac51.m3u8")
    assert (task.output_param.format, task.output_param.segment_duration) == ("HLS", 2)
    playlist = desk.stored(f"{desk.folder}/bbb_720p25_aac51.m3u8").decode()
    segments = [line for line in playlist.splitlines() if line and not line.startswith("#")]
    assert segments and all(desk.stored(f"{desk.folder}/{name}")[:1] == b"G" for name in segments)
    task = desk.ended(mp4.task_id)
    facts, content = task.output_metadata, desk.stored(f"{desk.folder}/copy.mp4")
    assert (facts.size, facts.md5) == (len(content), hashlib.md5(content).hexdigest())
    assert (facts.video[0].codec, facts.video[0].width, facts.format) == ("H.264", 1280, "MP4")


def test_what_the_container_cannot_hold_fails_and_can_be_tried_again(desk):
    source = desk.source("speech_libri_5703.ogg")
    task_id = desk.start(input=source, output_param={"format": "MP4"}).task_id
    task = desk.ended(task_id)
    assert (task.status, task.error_code) == ("FAILED", "MPC.10087")
    assert "vorbis" in task.description
    answer = desk.client.call("CreateRetryRemuxTask", {"task_id": task_id})
    assert answer.status_code == 200
    assert desk.ended(task_id).status == "FAILED"


def test_only_what_has_failed_is_tried_again_and_only_what_has_ended_forgotten(desk):
    done = desk.start(output_param={"format": "MP4"}).task_id
    assert desk.ended(done).status == "SUCCEED"
    for task_id in (done, "2147483647"):
        assert desk.client.refused("CreateRetryRemuxTask", {"task_id": task_id})[0] == RETRY
        assert desk.client.refused("CancelRemuxTask", task_id=task_id)[0] == FAILED
    assert desk.client.refused("CreateRetryRemuxTask", {"task_id": "x"})[0] == INVALID
    assert desk.client.refused("DeleteRemuxTask", task_id="2147483647")[0] == NOT_FINAL
    assert desk.client.call("DeleteRemuxTask", task_id=done).status_code == 204
    assert desk.listed(task_id=[done]) == []
    assert desk.client.refused("DeleteRemuxTask", task_id=done)[0] == NOT_FINAL


def test_a_task_that_waits_is_cancelled_and_not_forgotten_before(program, tmp_path, media):
    idle = harness.Server.start(program, tmp_path, slots=0)
    try:
        desk = mpc_families.Desk("RemuxTask", mpc.Mpc(idle), idle, media, harness.Native(idle))
        task_id = desk.start(output_param={"format": "MP4"}).task_id
        assert (desk.one(task_id).status, desk.one(task_id).complete_ratio) == ("WAITING", 0)
        assert desk.client.refused("DeleteRemuxTask", task_id=task_id)[0] == NOT_FINAL
        assert desk.client.refused("CreateRetryRemuxTask", {"task_id": task_id})[0] == RETRY
        assert desk.client.refused("DeleteThumbnailsTask", task_id=task_id)[0] == FAILED
        assert desk.client.call("CancelRemuxTask", task_id=task_id).status_code == 204
        assert desk.one(task_id).status == "CANCELED"
        assert desk.client.call("DeleteRemuxTask", task_id=task_id).status_code == 204
    finally:
        idle.stop()


@pytest.mark.parametrize("members, name", [
    ({"output_param": None}, "output_param"),
    ({"output_param": {"format": "DASH"}}, "output_param.format"),
    ({"output_param": {"format": "HLS", "segment_duration": "5"}}, "output_param.segment_duration"),
    ({"output_param": {"format": "MP4", "codec": 1}}, "output_param.codec"),
])
def test_what_is_wrong_is_named(desk, members, name):
    outcome, message = desk.turned_down(**members)
    assert outcome == INVALID
    assert message.startswith(f"Invalid request parameter, {name} "), message


def test_tasks_are_found_by_their_source(program, tmp_path, media):
    idle = harness.Server.start(program, tmp_path, slots=0)
    try:
        desk = mpc_families.Desk("RemuxTask", mpc.Mpc(idle), idle, media, harness.Native(idle))
        film, speech = desk.source(), desk.source("speech_libri_5703.ogg")
        sources = (film, speech, film, film)
        first, other, second, third = [
            desk.start(input=source, output_param={"format": "MP4"}).task_id for source in sources]

        def found(**query):
            answer = desk.client.call("ListRemuxTask", **query)
            return answer.total, [task.task_id for task in answer.tasks]

        of_film = {"input_bucket": film["bucket"], "input_object": film["object"]}
        assert found(**of_film) == (3, [third, second, first])
        assert found(input_object=speech["object"]) == (1, [other])
        assert found(input_bucket=film["bucket"]) == (4, [third, second, other, first])
        assert found(**of_film, size=2, page=1) == (3, [first])
        assert found(**of_film, task_id=[first, other]) == (1, [first])
        assert found(**of_film, status="SUCCEED") == (0, [])
        assert found(input_bucket="elsewhere") == (0, [])
        # Part of a name is another name.
        assert found(input_object=film["object"][:-1]) == (0, [])
    finally:
        idle.stop()
