"""Pictures of videos through the vendor's SDK: tasks of their own, and those beside a transcoding task."""
import io
import subprocess
import tarfile

import pytest

import harness
import mpc
import mpc_families
import pictures

FAILED, INVALID = (400, "MPC.10212"), (400, "MPC.10202")


@pytest.fixture
def desk(server, media, native):
    return mpc_families.Desk("ThumbnailsTask", mpc.Mpc(server), server, media, native)


@pytest.fixture(scope="module")
def idle(program, tmp_path_factory):
    """A server that runs no job: tasks keep waiting."""
    running = harness.Server.start(program, tmp_path_factory.mktemp("idle"), slots=0)
    harness.lift_limits(running)
    yield running
    running.stop()


def test_pictures_at_distances_lie_in_a_folder_of_their_own(desk):
    answer = desk.start(thumbnail_para={"type": "TIME", "time": 2, "max_length": 320}, user_data="caf\u00e9")
    assert answer.status_code == 202
    task = desk.ended(answer.task_id)
    assert (task.status, task.user_data, task.description) == ("SUCCEEDED", "caf\u00e9", "The task has completed.")
    names = [one.pic_name for one in task.thumbnail_info]
    # The clip is a bit longer than five seconds.
    assert names == ["0.jpg", "2.jpg", "4.jpg", "5.jpg"]
    folder = task.output.object
    assert folder.startswith(f"{desk.folder}/") and folder != f"{desk.folder}/"
    for name in names:
        assert desk.stored(f"{folder}/{name}")[:3] == b"\xff\xd8\xff"


def test_moments_are_pictures_with_the_name_that_was_asked_for(desk):
    para = {"type": "DOTS", "dots": [3, 1], "output_filename": "shot", "width": 320, "height": 180}
    task = desk.ended(desk.start(thumbnail_para=para, original_dir=1).task_id)
    assert [one.pic_name for one in task.thumbnail_info] == ["shot_1.jpg", "shot_3.jpg"]
    assert task.output.object == desk.folder
    assert desk.stored(f"{desk.folder}/shot_3.jpg")[:3] == b"\xff\xd8\xff"


def test_pictures_are_packed_into_a_tar_file(desk):
    para = {"type": "TIME", "time": 2, "output_filename": "all"}
    task = desk.ended(desk.start(thumbnail_para=para, original_dir=1, tar=0).task_id)
    assert (task.status, task.output_file_name) == ("SUCCEEDED", "all.tar")
    with tarfile.open(fileobj=io.BytesIO(desk.stored(f"{desk.folder}/all.tar"))) as packed:
        assert packed.getnames() == ["all_0.jpg", "all_2.jpg", "all_4.jpg", "all_5.jpg"]


def test_one_picture_can_be_had_at_once(desk):
    answer = desk.start(thumbnail_para={"type": "DOTS_MS", "dots_ms": [1500]}, sync=1, original_dir=1)
    assert (answer.status, answer.output_file_name, answer.thumbnail_time) == ("SUCCEEDED", "1500.jpg", "1500")
    assert desk.stored(f"{desk.folder}/1500.jpg")[:3] == b"\xff\xd8\xff"
    missing = desk.place("clips/there-is-none.mp4")
    answer = desk.start(input=missing, thumbnail_para={"type": "DOTS", "dots": [1]}, sync=1)
    assert answer.status == "FAILED" and answer.output_file_name is None
    assert "does not exist" in answer.description


def test_a_first_picture_is_not_black_where_that_is_asked_for(desk, native, tmp_path):
    path = tmp_path / "dark.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "color=black:s=192x108:r=25:d=1", "-f",
                    "lavfi", "-i", "testsrc2=s=192x108:r=25:d=3", "-filter_complex", "concat=n=2,format=yuv420p",
                    "-c:v", "libx264", "-preset", "ultrafast", str(path)], check=True)
    source = desk.place(f"{desk.folder}-in/dark.mp4")
    native.put_object(source["bucket"], source["object"], path)

    def first_luma(para):
        task = desk.ended(desk.start(input=source, thumbnail_para=para, original_dir=1).task_id)
        assert task.status == "SUCCEEDED", task
        shown = tmp_path / "0.jpg"
        shown.write_bytes(desk.stored(f"{desk.folder}/0.jpg"))
        return pictures.luma(shown, "crop=192:108")

    assert first_luma({"time": 2}) < 8
    assert first_luma({"time": 2, "amount": 90, "threshold": 40}) > 60


@pytest.mark.parametrize("members, name", [
    ({}, "thumbnail_para"),
    ({"thumbnail_para": {"type": "ALL"}}, "thumbnail_para.type"),
    ({"thumbnail_para": {"time": "5"}}, "thumbnail_para.time"),
    ({"thumbnail_para": {"amount": 101}}, "thumbnail_para.amount"),
    ({"thumbnail_para": {"width": 640}}, "thumbnail_para.height"),
    ({"thumbnail_para": {}, "sync": 1}, "sync"),
    ({"thumbnail_para": {}, "tar": 2}, "tar"),
    ({"thumbnail_para": {}, "encryption": {}}, "encryption"),
])
def test_what_is_wrong_is_named(desk, members, name):
    outcome, message = desk.turned_down(**members)
    assert outcome == INVALID
    assert message.startswith(f"Invalid request parameter, {name} "), message


def test_a_bucket_that_there_is_not_is_an_invalid_path(desk):
    place = {"bucket": "no-such-bucket", "location": mpc.LOCATION, "object": "a.mp4"}
    assert desk.turned_down(input=place, thumbnail_para={})[0] == (406, "MPC.10209")


def test_a_task_that_waits_is_cancelled_once_and_never_by_another_family(idle, media):
    desk = mpc_families.Desk("ThumbnailsTask", mpc.Mpc(idle), idle, media, harness.Native(idle))
    first, second = [desk.start(thumbnail_para={}).task_id for _ in range(2)]
    assert desk.one(first).status == "WAITING"
    assert desk.client.refused("DeleteTranscodingTask", task_id=int(first))[0] == FAILED
    assert desk.client.refused("CancelRemuxTask", task_id=first)[0] == FAILED
    assert desk.client.call("DeleteThumbnailsTask", task_id=first).status_code == 204
    assert desk.one(first).status == "CANCELED"
    for task_id in (first, "2147483647"):
        assert desk.client.refused("DeleteThumbnailsTask", task_id=task_id)[0] == FAILED
    for task_id in ("x", "-1", "2147483648"):
        assert desk.client.refused("DeleteThumbnailsTask", task_id=task_id)[0] == INVALID
    assert [one.task_id for one in desk.listed(status="WAITING")] == [second]
    unknown = desk.listed(task_id=["2147483647", second])
    # The SDK sends ids in their order.
    assert [(one.task_id, one.status) for one in unknown] == [(second, "WAITING"), ("2147483647", "NO_TASK")]


def test_a_transcoding_task_takes_pictures_of_its_source(server, media, native):
    desk = mpc.Desk(mpc.Mpc(server), server, media, native)
    shots = desk.place(f"{desk.folder}/shots")
    task_id = desk.create(
        thumbnail={"tar": 1, "out": shots, "params": {"type": "TIME", "time": 2, "max_length": 320}},
        thumbnails=[{"tar": 0, "params": {"type": "DOTS", "dots": [1, 3], "output_filename": "few"}}],
        image_sprites=[{"params": {"sample_type": "PERCENT", "sample_interval": 20, "row_count": 2,
                                   "column_count": 2, "width": 160, "height": 0}}])
    task = desk.wait(task_id)
    assert task.status == "SUCCEEDED", task
    assert [one.pic_name for one in task.pic_info] == ["0.jpg", "2.jpg", "4.jpg", "5.jpg"]
    assert task.thumbnail_output.object == f"{desk.folder}/shots"
    few, = task.thumbnails_info
    assert few.output_name == "few.tar"
    sheets, = task.image_sprite_info
    stem = "bbb_720p25_aac51_imageSprite_0"
    assert sheets.output_image_name == [f"{stem}_0.jpg", f"{stem}_1.jpg"]
    assert (sheets.row_count, sheets.column_count, sheets.total_count) == (2, 2, 5)
    assert (sheets.width, sheets.height, sheets.output_webvtt_name) == (160, 90, f"{stem}.vtt")
    assert desk.object("shots/5.jpg")[:3] == b"\xff\xd8\xff"
    assert desk.object(f"{stem}.vtt").startswith(b"WEBVTT")
    assert {"few.tar", f"{stem}.vtt", "5.jpg"} <= set(task.output_file_name)
    outcome, message = desk.refused(thumbnail={"params": {"type": "DOTS_MS", "dots_ms": [1]}})
    assert outcome == INVALID and "thumbnail.params.type" in message
