"""Parts of videos as animated pictures, through the vendor's SDK."""
import subprocess

import pytest

import harness
import mpc
import mpc_families
import pictures

FAILED, INVALID = (400, "MPC.10212"), (400, "MPC.10202")
PARAM = {"format": "gif", "width": 160, "height": -1, "start": 1000, "end": 3000, "frame_rate": 10}


@pytest.fixture
def desk(server, media, native):
    return mpc_families.Desk("AnimatedGraphicsTask", mpc.Mpc(server), server, media, native)


def similar(one, other):
    """The structural similarity of the first pictures of two files, 0 to 1."""
    graph = "[0:v]trim=end_frame=1,scale=160:90[a];[1:v]trim=end_frame=1,scale=160:90[b];[a][b]ssim"
    command = ["ffmpeg", "-v", "info", "-i", str(one), "-ss", "1", "-i", str(other), "-filter_complex", graph,
               "-f", "null", "-"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    return float(said.rsplit("All:", 1)[1].split()[0])


def test_a_part_of_a_video_becomes_a_gif(desk, media, tmp_path):
    made = desk.start(output_param=PARAM, user_data="mine")
    assert made.status_code == 200
    task = desk.ended(made.task_id)
    assert (task.status, task.error_code) == ("SUCCEED", "MPC.10218"), task
    assert task.description == "The task has completed."
    assert (task.output.object, task.output.file_name) == (desk.folder, "bbb_720p25_aac51.gif")
    assert (task.user_data, task.output_param.width, task.output_param.height) == ("mine", 160, -1)
    assert (task.output_param.start, task.output_param.end, task.output_param.frame_rate) == (1000, 3000, 10)
    assert task.create_time <= task.start_time <= task.end_time
    path = tmp_path / "a.gif"
    path.write_bytes(desk.stored(f"{desk.folder}/bbb_720p25_aac51.gif"))
    packets = pictures.ffprobe(path, "-show_entries", "packet=duration_time")["packets"]
    assert [float(packet["duration_time"]) for packet in packets] == pytest.approx([0.1] * 20)
    shown = pictures.picture(path)
    assert (shown["codec_name"], shown["width"], shown["height"]) == ("gif", 160, 90)
    assert similar(path, media / "bbb_720p25_aac51.mp4") > 0.85


def test_animations_and_other_tasks_are_listed_by_themselves(desk):
    made = desk.start(output=desk.place(desk.folder, file_name="x"), output_param={**PARAM, "width": 0, "height": 0,
                                                                                "end": 1200}).task_id
    task = desk.ended(made)
    assert (task.status, task.output.file_name) == ("SUCCEED", "x.gif"), task
    other = str(desk.create())
    listed = [task.task_id for task in desk.listed()]
    assert made in listed and other not in listed
    transcodings = desk.client.call("ListTranscodingTask", size=100).task_array
    ids = [task.task_id for task in transcodings]
    assert other in ids and made not in ids
    unknown, = desk.client.call("ListTranscodingTask", task_id=[int(made)]).task_array
    assert unknown.status == "NO_TASK"
    assert desk.listed(task_id=[other]) == []
    assert desk.listed(status="FAILED", task_id=[made]) == []
    assert desk.client.refused("DeleteAnimatedGraphicsTask", task_id=other)[0] == FAILED
    assert desk.client.refused("DeleteAnimatedGraphicsTask", task_id=made)[0] == FAILED
    desk.wait(int(other))


def test_what_the_source_cannot_give_fails_and_says_why(desk):
    task = desk.ended(desk.start(input=desk.source("speech_libri_5703.ogg"), output_param=PARAM).task_id)
    assert (task.status, task.error_code) == ("FAILED", "MPC.10067"), task
    late = {**PARAM, "start": 100_000, "end": 101_000}
    task = desk.ended(desk.start(output_param=late).task_id)
    assert (task.status, task.error_code) == ("FAILED", "MPC.10087"), task


def test_a_task_that_waits_is_cancelled(program, tmp_path, media):
    idle = harness.Server.start(program, tmp_path, slots=0)
    try:
        desk = mpc_families.Desk("AnimatedGraphicsTask", mpc.Mpc(idle), idle, media, harness.Native(idle))
        assert desk.listed() == []
        task_id = desk.start(output_param=PARAM).task_id
        assert desk.one(task_id).status == "WAITING"
        assert desk.client.refused("DeleteTranscodingTask", task_id=int(task_id))[0] == FAILED
        assert desk.client.call("DeleteAnimatedGraphicsTask", task_id=task_id).status_code == 204
        assert desk.one(task_id).status == "CANCELED"
        assert desk.client.refused("DeleteAnimatedGraphicsTask", task_id=task_id)[0] == FAILED
    finally:
        idle.stop()


@pytest.mark.parametrize("changes, name", [
    (None, "output_param"),
    ({"format": "webp"}, "output_param.format"),
    ({"width": 31}, "output_param.width"),
    ({"height": 2162}, "output_param.height"),
    ({"height": 0}, "output_param.height"),
    ({"end": 61_001}, "output_param.end"),
    ({"start": 3000}, "output_param.end"),
    ({"frame_rate": 76}, "output_param.frame_rate"),
])
def test_what_is_wrong_is_named(desk, changes, name):
    outcome, message = desk.turned_down(output_param=None if changes is None else {**PARAM, **changes})
    assert outcome == INVALID
    assert message.startswith(f"Invalid request parameter, {name} "), message
