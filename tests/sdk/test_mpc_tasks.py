"""Transcoding tasks through the vendor's SDK: created, looked for, cancelled, made."""
import concurrent.futures
import datetime

import pytest
from huaweicloudsdkcore.exceptions import exceptions

import harness
import huawei
import mpc
import pictures

UNKNOWN = 2 ** 31 - 1
FAILED = (400, "MPC.10212")
INVALID = (400, "MPC.10202")


@pytest.fixture
def desk(server, media, native):
    return mpc.Desk(mpc.Mpc(server), server, media, native)


@pytest.fixture(scope="module")
def idle(program, tmp_path_factory):
    """A server that runs no job: tasks keep waiting."""
    running = harness.Server.start(program, tmp_path_factory.mktemp("idle"), slots=0)
    harness.lift_limits(running)
    yield running
    running.stop()


@pytest.fixture
def waiting(idle, media):
    """Tasks that wait for ever."""
    return mpc.Desk(mpc.Mpc(idle), idle, media, harness.Native(idle))


def test_a_task_that_waits_is_cancelled_once(waiting):
    task_id = waiting.create(user_data="caf\u00e9 \u4f60")
    task = waiting.task(task_id)
    assert (task.status, task.progress, task.user_data) == ("WAITING", 0, "caf\u00e9 \u4f60")
    answer = waiting.cancel(task_id)
    assert answer.status_code == 204
    task = waiting.task(task_id)
    assert (task.status, task.error_code) == ("CANCELED", None)
    assert task.end_time >= task.create_time
    assert waiting.client.refused("DeleteTranscodingTask", task_id=task_id) == (FAILED, "Operation failed.")
    body = {"error_code": "MPC.10212", "error_msg": "Operation failed."}
    assert waiting.client.last.json() == body


def test_what_is_no_task_that_waits_is_refused_alike(desk):
    done = desk.create()
    desk.wait(done, {"SUCCEEDED"})
    running = desk.create({**mpc.LARGE, "common": mpc.MP4})
    desk.wait(running, {"TRANSCODING"})
    for task_id in (done, running, UNKNOWN, 0):
        assert desk.client.refused("DeleteTranscodingTask", task_id=task_id)[0] == FAILED
    assert desk.task(running).status == "TRANSCODING"
    job, = [one for one in desk.native.call("GET", "/jobs", params={"state": "running", "limit": 100})["jobs"]
            if one["number"] == running]
    desk.native.call("POST", f"/jobs/{job['id']}/cancel")
    desk.wait(running, {"CANCELED"})


def test_a_cancel_and_a_start_never_both_win(desk):
    bodies = [desk.body(crop={"duration": 1}, output_filenames=[f"{number}.mp4"]) for number in range(24)]
    ids = [desk.client.call("CreateTranscodingTask", body).task_id for body in bodies]

    def cancel(task_id):
        client = mpc.Mpc(desk.server)
        try:
            return task_id, client.call("DeleteTranscodingTask", task_id=task_id).status_code
        except exceptions.ClientRequestException as error:
            return task_id, (error.status_code, error.error_code)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = dict(pool.map(cancel, ids))
    assert set(answers.values()) <= {204, FAILED}
    jobs = {job["number"]: job for job in desk.native.call("GET", "/jobs", params={"limit": 100})["jobs"]}
    for task_id, answer in answers.items():
        task = desk.wait(task_id)
        assert task.status == ("CANCELED" if answer == 204 else "SUCCEEDED"), (answer, task)
        happened = desk.native.call("GET", f"/jobs/{jobs[task_id]['id']}/history")["events"]
        started = any(entry["event"] == "started" for entry in happened)
        assert started == (answer != 204), happened


@pytest.mark.parametrize("query", [[], [("task_id", "")], [("task_id", "x")], [("task_id", "1.5")],
                                   [("task_id", "-1")], [("task_id", str(2 ** 31))],
                                   [("task_id", "1"), ("task_id", "2")], [("id", "1")]])
def test_an_id_that_is_none_is_an_invalid_parameter(server, query):
    path = f"/v1/{server.credentials['project_id']}/transcodings"
    answer = huawei.Wire(server).send("DELETE", path, query=query)
    assert huawei.summary(answer) == INVALID


def test_a_task_of_another_project_or_kind_is_out_of_reach(idle, waiting, media):
    task_id = waiting.create()
    other = waiting.native.call("POST", "/projects", json={"name": mpc.mps.unique("project")})["id"]
    theirs = mpc.Mpc(idle, huawei.credentials(idle, project=other))
    assert theirs.refused("DeleteTranscodingTask", task_id=task_id)[0] == FAILED
    assert theirs.refused("DeleteTranscodingTaskByConsole", task_id=task_id)[0] == (400, "MPC.10213")
    seen, = theirs.call("ListTranscodingTask", task_id=[task_id]).task_array
    assert (seen.task_id, seen.status) == (str(task_id), "NO_TASK")
    assert theirs.call("ListTranscodingTask").total == 0
    # A job of another pipeline of the account has a number, and is no task.
    name = mpc.mps.unique("other") + ".mp4"
    number = waiting.native.call("POST", "/jobs", json={
        "input": "oss://media/a.mp4", "outputs": [{"object": f"oss://media/{name}", "preset": "web-240p"}]})["number"]
    assert waiting.client.refused("DeleteTranscodingTask", task_id=number)[0] == FAILED
    assert waiting.task(task_id).status == "WAITING"


def test_a_task_makes_all_its_outputs(desk, tmp_path):
    task_id = desk.create({**mpc.SMALL, "common": mpc.MP4},
                          {**mpc.SMALL, "common": {**mpc.HLS, "hls_interval": 2}},
                          output_filenames=["small.mp4", "ladder"], user_data="{}", priority=9,
                          crop={"duration": 3}, watermarks=[], subtitle={"subtitle_type": 0})
    task = desk.wait(task_id, {"SUCCEEDED"})
    assert (task.progress, task.error_code, task.description) == (100, "MPC.10218", "The task has completed.")
    assert task.output_file_name == ["small.mp4", "ladder.m3u8"]
    assert task.input.object == "clips/bbb_720p25_aac51.mp4" and task.output.location == mpc.LOCATION
    assert [one.common.pack_type for one in task.av_parameters] == [4, 1]
    one, two = task.transcode_detail.multitask_info
    source = task.transcode_detail.input_file
    assert (source.format, source.video_info.width, source.video_info.codec) == ("MP4", 1280, "H.264")
    assert (one.output_file.format, two.output_file.format) == ("MP4", "HLS")
    assert two.output_file.manifest_name == "ladder.m3u8"
    assert one.output_file.video_info.width == 320 and one.output_file.audio_info[0].codec == "AAC"
    made = tmp_path / "small.mp4"
    made.write_bytes(desk.object("small.mp4"))
    probed = pictures.probe(made)
    video, = [stream for stream in probed["streams"] if stream["codec_type"] == "video"]
    assert (video["codec_name"], video["width"], video["height"]) == ("h264", 320, 180)
    assert abs(float(probed["format"]["duration"]) - 3) < 0.2
    assert b"#EXTM3U" in desk.object("ladder.m3u8")
    detail = desk.detail(task_id)
    assert detail.start_time >= detail.create_time
    assert detail.media_detail.origin_para.video.height == 720
    assert [para.pack for para in detail.media_detail.output_video_paras] == ["MP4", "HLS"]


def test_templates_and_members_of_groups_become_outputs_of_one_task(desk):
    small = {"template_name": mpc.mps.unique("t").replace("-", "_"), **mpc.SMALL, "common": mpc.MP4}
    template = desk.client.call("CreateTransTemplate", small).template_id
    group = desk.client.call("CreateTemplateGroup", {
        "name": mpc.mps.unique("g").replace("-", "_"), "common": mpc.HLS, "audio": mpc.SMALL["audio"],
        "video_common": {"codec": 1, "preset": 1},
        "videos": [{"width": 320, "height": 180, "bitrate": 200}, {"width": 160, "height": 90, "bitrate": 100}]})
    members = group.template_group.template_ids
    wanted = [template, *members]
    task_id = desk.create(av_parameters=None, trans_template_id=wanted, crop={"duration": 1})
    task = desk.wait(task_id, {"SUCCEEDED"})
    assert task.trans_template_id == wanted
    shown = task.transcode_detail.multitask_info
    assert [one.template_id for one in shown] == wanted
    assert [one.output_file.format for one in shown] == ["MP4", "HLS", "HLS"]
    assert [one.output_file.video_info.width for one in shown] == [320, 320, 160]
    listed = desk.create(av_parameters=None, crop={"duration": 1},
                         trans_template_list=[{"template_id": template, "output_filename": "listed"}])
    assert desk.wait(listed, {"SUCCEEDED"}).output_file_name == ["listed.mp4"]


def test_outputs_without_names_get_those_of_their_places(desk):
    task_id = desk.create({**mpc.SMALL, "common": mpc.MP4}, {**mpc.SMALL, "common": mpc.MP4}, crop={"duration": 1})
    task = desk.wait(task_id, {"SUCCEEDED"})
    assert task.output_file_name == ["bbb_720p25_aac51_0.mp4", "bbb_720p25_aac51_1.mp4"]


def test_pictures_are_turned_and_padded_and_the_sound_is_made_quieter(desk, tmp_path):
    square = {**mpc.SMALL["video"], "width": 240, "height": 240}
    made = []
    for number, members in enumerate([{}, {"video_process": {"rotate": 1, "fill_type": "white"},
                                           "audio_process": {"volume": "dynamic", "volume_expr": -12}}]):
        task_id = desk.create({**mpc.SMALL, "video": square, "common": mpc.MP4}, crop={"duration": 1},
                              output_filenames=[f"{number}.mp4"], **members)
        desk.wait(task_id, {"SUCCEEDED"})
        path = tmp_path / f"{number}.mp4"
        path.write_bytes(desk.object(path.name))
        made.append(path)
    usual, changed = made
    assert (pictures.picture(changed)["width"], pictures.picture(changed)["height"]) == (240, 240)
    # A high picture between white bars.
    assert pictures.luma(changed, "crop=16:16:8:112") > 230
    assert pictures.luma(changed, "crop=16:16:112:112") < 230
    quieter = pictures.mean_volume(changed) - pictures.mean_volume(usual)
    assert quieter == pytest.approx(-12, abs=0.5)


def test_a_source_that_is_missing_fails_the_task(desk):
    task_id = desk.create(input=desk.place("nowhere/at/all.mp4"))
    task = desk.wait(task_id)
    assert (task.status, task.error_code) == ("FAILED", "MPC.10053")
    assert task.output_file_name == []
    detail = desk.detail(task_id)
    assert detail.xcode_error.error_code == "MPC.10053" and detail.xcode_error.error_msg
    broken = desk.wait(desk.create(input=desk.source("broken_missing_stsd.mp4")))
    assert (broken.status, broken.error_code) == ("FAILED", "MPC.10125")


def test_a_pause_of_the_pipeline_holds_tasks(desk):
    desk.switch("paused")
    try:
        task_id = desk.create(crop={"duration": 1})
        other = desk.create(crop={"duration": 1})
        assert desk.task(task_id).status == "WAITING"
        assert desk.cancel(other).status_code == 204
    finally:
        desk.switch("active")
    desk.wait(task_id, {"SUCCEEDED"})
    assert desk.task(other).status == "CANCELED"


def test_both_ways_to_show_who_calls(server, desk):
    task_id = desk.create(crop={"duration": 1})
    iam = huawei.Iam(server)
    path = f"/v1/{server.credentials['project_id']}/transcodings?task_id={task_id}"
    answer = iam.call("GET", path, headers={"X-Auth-Token": iam.token()})
    assert answer.status_code == 200
    assert answer.json()["task_array"][0]["task_id"] == str(task_id)
    desk.wait(task_id, {"SUCCEEDED"})


def test_a_limit_of_calls_is_told_in_the_vendors_form(waiting, idle):
    limits = f"/accounts/{idle.credentials['account_id']}/limits/mpc:ListTranscodeDetail"
    waiting.native.call("PUT", limits, json={"limit": "1/h"})
    try:
        waiting.client.call("ListTranscodeDetail", task_id=["1"])
        # The SDK shows neither code nor text of a 429.
        with pytest.raises(exceptions.ClientRequestException, match="429"):
            waiting.client.call("ListTranscodeDetail", task_id=["1"])
        path = f"/v1/{idle.credentials['project_id']}/transcodings/detail"
        answer = huawei.Wire(idle).send("GET", path, query=[("task_id", "1")])
        assert huawei.summary(answer) == (429, "APIGW.0308")
        assert int(answer.headers["Retry-After"]) > 3000
    finally:
        waiting.native.request("DELETE", limits)


def test_a_cancel_is_on_record_with_its_task(waiting):
    task_id = waiting.create()
    waiting.cancel(task_id)
    waiting.client.refused("DeleteTranscodingTask", task_id=task_id)
    listed = waiting.native.call("GET", "/audit", params={"action": "mpc:DeleteTranscodingTask", "limit": 100})
    records = [(one["status"], one.get("code")) for one in listed["entries"]
               if one["resource"].endswith(f"/transcodings?task_id={task_id}")]
    assert sorted(records, key=str) == [(204, None), (400, "MPC.10212")]


def test_records_of_ended_tasks_are_deleted(waiting):
    task_id = waiting.create()
    for never in (task_id, UNKNOWN):
        refusal = waiting.client.refused("DeleteTranscodingTaskByConsole", task_id=never)
        assert refusal == ((400, "MPC.10213"), "Operation failed. The task is not in the final state.")
    waiting.cancel(task_id)
    assert waiting.client.call("DeleteTranscodingTaskByConsole", task_id=task_id).status_code == 204
    assert waiting.task(task_id).status == "NO_TASK"


def listed(client, **parameters):
    answer = client.call("ListTranscodingTask", **parameters)
    return [task.task_id for task in answer.task_array], answer.total, answer.is_truncated


def test_tasks_are_listed_by_ids_state_time_and_page(waiting, idle):
    project = waiting.native.call("POST", "/projects", json={"name": mpc.mps.unique("project")})["id"]
    client = mpc.Mpc(idle, huawei.credentials(idle, project=project))
    waiting.client = client
    ids = [str(waiting.create()) for _ in range(5)]
    newest = ids[::-1]
    waiting.cancel(int(ids[1]))
    assert listed(client) == (newest, 5, 0)
    assert listed(client, page=0, size=2) == (newest[:2], 5, 1)
    assert listed(client, page=1, size=2) == (newest[2:4], 5, 1)
    assert listed(client, page=2, size=2) == (newest[4:], 5, 0)
    assert listed(client, page=3, size=2) == ([], 5, 0)
    assert listed(client, page=50000, size=100) == ([], 5, 0)
    assert listed(client, status="CANCELED") == ([ids[1]], 1, 0)
    assert listed(client, status="WAITING", size=3) == ([newest[0], newest[1], newest[2]], 4, 1)
    assert listed(client, status="NEED_TO_BE_AUDIT") == ([], 0, 0)
    # In the order asked for, each once, whatever the page; and what is no task is told. The SDK itself sorts ids.
    wanted = [ids[3], ids[0], str(UNKNOWN), ids[3]]
    assert set(listed(client, task_id=wanted, page=9, start_time="x")[0]) == set(wanted)
    query = "&".join(f"task_id={one}" for one in wanted)
    iam = huawei.Iam(idle)
    token = iam.token(scope={"project": {"id": project}})
    answer = iam.call("GET", f"/v1/{project}/transcodings?{query}", headers={"X-Auth-Token": token}).json()
    assert [(one["task_id"], one["status"]) for one in answer["task_array"]] == [
        (ids[3], "WAITING"), (ids[0], "WAITING"), (str(UNKNOWN), "NO_TASK")]
    assert (answer["total"], answer["is_truncated"]) == (3, 0)
    assert listed(client, task_id=ids, status="CANCELED") == ([ids[1]], 1, 0)
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    form = "%Y%m%d%H%M%S"
    around = {"start_time": (now - day).strftime(form), "end_time": (now + day).strftime(form)}
    assert listed(client, **around) == (newest, 5, 0)
    assert listed(client, end_time=(now - day).strftime(form)) == ([], 0, 0)


@pytest.mark.parametrize("parameters, about", [
    ({"status": "RUNNING"}, "status"), ({"status": "NO_TASK"}, "status"), ({"page": -1}, "page"),
    ({"page": 50001}, "page"), ({"size": 0}, "size"), ({"size": 101}, "size"),
    ({"start_time": "20260230000000"}, "start_time"), ({"end_time": "yesterday"}, "end_time"),
    ({"start_time": "20260102000001", "end_time": "20260102000000"},
     "start_time cannot be greater than end_time"),
    ({"task_id": list(range(1, 12))}, "task_id")])
def test_lists_that_cannot_be_are_refused(waiting, parameters, about):
    outcome, message = waiting.client.refused("ListTranscodingTask", **parameters)
    assert outcome == INVALID
    assert about in message and message.startswith("Invalid request parameter, ")


def test_summaries_count_the_tasks_of_each_day(desk):
    desk.wait(desk.create(crop={"duration": 1}), {"SUCCEEDED"})
    today = datetime.datetime.now(datetime.timezone.utc)
    days = {"start_time": (today - datetime.timedelta(days=1)).strftime("%Y%m%d"),
            "end_time": (today + datetime.timedelta(days=1)).strftime("%Y%m%d")}
    for kind, least in [("transcode_task_number", 1), ("video_duration", 0.01),
                        ("transcode_duration", 0), ("remux_file_duration", 0)]:
        answer = desk.client.call("ListStatSummary", stat_type=kind, **days)
        assert answer.stat_type == kind
        assert [day.date for day in answer.summary][0] == (today - datetime.timedelta(days=1)).strftime("%Y/%m/%d")
        assert len(answer.summary) == 3
        assert answer.total >= least and abs(answer.total - sum(day.value for day in answer.summary)) < 0.05
    for wrong, about in [({"stat_type": "x"}, "stat_type"), ({"start_time": "2026"}, "start_time"),
                         ({"start_time": "20991231"}, "start_time cannot be greater than end_time"),
                         ({"start_time": "20000101"}, "at most 366 days")]:
        outcome, message = desk.client.refused("ListStatSummary", **{"stat_type": "video_duration", **days, **wrong})
        assert outcome == INVALID and about in message


@pytest.mark.parametrize("members, code, about", [
    ({"av_parameters": [{"common": mpc.MP4}] * 10}, INVALID, "at most 9 outputs"),
    ({"av_parameters": None, "trans_template_id": [7]}, (400, "MPC.10089"), "template"),
    ({"av_parameters": None}, INVALID, "trans_template_id"),
    ({"av_parameters": [{**mpc.SMALL, "common": {"pack_type": "4"}}]}, INVALID, "pack_type must be an integer"),
    ({"av_parameters": [{**mpc.SMALL, "common": {"pack_type": 7}}]}, INVALID, "pack_type"),
    ({"priority": 7}, INVALID, "priority"),
    ({"user_data": "x" * 1025}, INVALID, "user_data"),
    ({"output_filenames": ["a.mp4", "b.mp4"]}, INVALID, "output_filenames"),
    ({"output_filenames": ["a/b.mp4"]}, INVALID, "output_filenames[0]"),
    ({"watermarks": [{"template_id": "1"}]}, INVALID, "watermarks"),
    ({"encryption": {"hls_encrypt": {"key": "k", "url": "u"}}}, INVALID, "encryption"),
    ({"video_process": {"rotate": 4}}, INVALID, "video_process.rotate"),
    ({"video_process": {"fill_type": "gauss"}}, INVALID, "video_process.fill_type"),
    ({"audio_process": {"volume": "loud"}}, INVALID, "audio_process.volume"),
    ({"audio_process": {"volume": "dynamic", "volume_expr": 16}}, INVALID, "audio_process.volume_expr"),
    ({"input": {"bucket": "no-such-bucket", "location": "x", "object": "a.mp4"}}, (406, "MPC.10209"), "no-such-bucket"),
    ({"output": {"bucket": "no-such-bucket", "location": "x", "object": "a"}}, (406, "MPC.10209"), "no-such-bucket"),
    ({"input": {"bucket": "media", "location": "x", "object": "a/../b.mp4"}}, (406, "MPC.10209"), "input.object"),
    ({"input": None}, INVALID, "input is missing"),
    ({"output": None}, INVALID, "output is missing")])
def test_tasks_that_cannot_be_are_refused(waiting, members, code, about):
    # As JSON: the SDK itself lets no string stand for a number.
    body = waiting.body(**members)
    before = waiting.client.call("ListTranscodingTask").total
    outcome, message = waiting.client.refused("CreateTranscodingTask", body)
    assert outcome == code, message
    assert about in message
    assert waiting.client.call("ListTranscodingTask").total == before


@pytest.mark.parametrize("body, about", [
    ("", "the body is missing"), ("{", "no JSON"), ("[]", "no JSON object"), ("null", "no JSON object"),
    ('{"input": 7}', "input must be an object"), ('{"inputs": {}}', "input is missing"),
    ('{"input": 1, "input": 2}', "names a member twice"), ('{"a": "' + "x" * 600000 + '"}', "longer than")])
def test_bodies_that_are_none_are_refused(server, body, about):
    path = f"/v1/{server.credentials['project_id']}/transcodings"
    answer = huawei.Wire(server).send("POST", path, body=body, headers={"Content-Type": "application/json"})
    assert huawei.summary(answer) == INVALID
    assert about in answer.json()["error_msg"]


def test_a_body_of_another_type_is_refused(server):
    path = f"/v1/{server.credentials['project_id']}/transcodings"
    answer = huawei.Wire(server).send("POST", path, body="{}", headers={"Content-Type": "text/plain"})
    assert huawei.summary(answer) == (400, "MPC.10205")
    large = huawei.Wire(server).send("POST", path, body="x" * (12 * 1024 * 1024 + 1),
                                     headers={"Content-Type": "application/json"})
    assert large.status_code == 413
