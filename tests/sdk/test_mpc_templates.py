"""Templates, template groups and watermark templates of Media Processing Center through the vendor's SDK."""
import concurrent.futures
import uuid

import huaweicloudsdkmpc.v1 as sdk
import pytest
from huaweicloudsdkcore.exceptions import exceptions

import huawei
import mpc
import pictures

INVALID = "Invalid request parameter, "


@pytest.fixture
def checked(server):
    """Answers are compared with what the SDK understands."""
    return mpc.Mpc(server)


@pytest.fixture
def client(checked):
    return checked.client


@pytest.fixture
def elsewhere(server, native):
    """A client of another project of the same account."""
    made = native.call("POST", "/projects", json={"name": f"other-{uuid.uuid4().hex[:8]}"})
    return mpc.Mpc(server, huawei.credentials(server, project=made["id"])).client


def name(prefix):
    return f"{prefix}_{uuid.uuid4().hex[:8]}"


def refused(call, request):
    error = huawei.refusal(call, request)
    return error.status_code, error.error_code, error.error_msg


def video(**changes):
    return sdk.Video(**{"output_policy": "transcode", "codec": 1, "bitrate": 1500, "profile": 3, "level": 11,
                        "preset": 4, "max_iframes_interval": 5, "bframes_count": 4, "frame_rate": 25,
                        "width": 1280, "height": 720, "black_cut": 0, **changes})


def audio(**changes):
    return sdk.Audio(**{"output_policy": "transcode", "codec": 1, "sample_rate": 4, "bitrate": 128,
                        "channels": 2, **changes})


def common(**changes):
    return sdk.Common(**{"pvc": False, "hls_interval": 5, "dash_interval": 5, "pack_type": 1, **changes})


def template(client, **changes):
    body = sdk.TransTemplate(**{"template_name": name("t"), "video": video(), "audio": audio(),
                                "common": common(), **changes})
    answer = client.create_trans_template(sdk.CreateTransTemplateRequest(body=body))
    assert answer.status_code == 201
    assert isinstance(answer.template_id, int) and 0 < answer.template_id < 2**31
    return answer.template_id, body


def listed(client, *ids):
    answer = client.list_template(sdk.ListTemplateRequest(template_id=list(ids)))
    assert answer.total == len(answer.template_array)
    return {info.template_id: info.template for info in answer.template_array}


def test_a_template_is_kept_as_it_was_sent(client):
    made, body = template(client)
    found = listed(client, made)[made]
    assert found.to_dict() == body.to_dict()


def test_a_template_is_changed_as_a_whole_and_forgotten(client):
    made, before = template(client)
    after = sdk.ModifyTransTemplateReq(template_id=made, template_name=name("u"), common=common(pack_type=4),
                                       audio=audio(channels=1))
    answer = client.update_trans_template(sdk.UpdateTransTemplateRequest(body=after))
    assert answer.status_code == 204
    found = listed(client, made)[made]
    assert (found.template_name, found.video, found.audio.channels) == (after.template_name, None, 1)
    # The name that it had is free again.
    template(client, template_name=before.template_name)
    answer = client.delete_template(sdk.DeleteTemplateRequest(template_id=made))
    assert answer.status_code == 204
    assert listed(client, made) == {}
    gone = (403, "MPC.10212", "Operation failed.")
    assert refused(client.delete_template, sdk.DeleteTemplateRequest(template_id=made)) == gone
    assert refused(client.update_trans_template, sdk.UpdateTransTemplateRequest(body=after)) == gone
    template(client, template_name=after.template_name)


def test_names_of_templates_are_taken_once_even_at_once(client):
    wanted = name("t")
    body = sdk.TransTemplate(template_name=wanted, video=video(), audio=audio(), common=common())

    def make(_):
        try:
            return client.create_trans_template(sdk.CreateTransTemplateRequest(body=body)).template_id
        except exceptions.ClientRequestException as error:
            return error.status_code, error.error_code

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(make, range(6)))
    made = [it for it in outcomes if isinstance(it, int)]
    assert len(made) == 1, outcomes
    assert outcomes.count((400, "MPC.10091")) == 5, outcomes
    other, body = template(client)
    body = sdk.ModifyTransTemplateReq(template_id=other, template_name=wanted, common=common())
    taken = (400, "MPC.10091", "The template name already exists.")
    assert refused(client.update_trans_template, sdk.UpdateTransTemplateRequest(body=body)) == taken


def test_ids_are_handed_out_once_even_at_once(client):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        made = [made for made, _ in pool.map(lambda _: template(client), range(16))]
    assert len(set(made)) == 16
    assert not [it for it in made if 7_000_000 <= it < 8_000_000]


def test_templates_are_listed_page_by_page(client):
    made = [template(client)[0] for _ in range(5)]
    pages, number = [], 0
    while not pages or pages[-1]:
        answer = client.list_template(sdk.ListTemplateRequest(page=number, size=2))
        assert len(answer.template_array) <= 2 and answer.total >= 5
        pages.append([info.template_id for info in answer.template_array])
        number += 1
    seen = [it for page in pages for it in page]
    assert seen == sorted(set(seen)) and set(made) <= set(seen)
    # The SDK puts ids into their order.
    assert list(listed(client, made[3], 2**31 - 1, made[1])) == [made[1], made[3]]


def test_presets_are_found_by_id_and_stay_as_they_are(client):
    found = listed(client, 7000112, 7000121)
    assert found[7000112].template_name == "HLS_H.264_1920_3000_AAC_128"
    assert (found[7000121].video.codec, found[7000121].common.pack_type) == (2, 4)
    answer = client.list_template(sdk.ListTemplateRequest(size=1000))
    assert not [info for info in answer.template_array if info.template_id >= 7_000_000]
    gone = (403, "MPC.10212", "Operation failed.")
    assert refused(client.delete_template, sdk.DeleteTemplateRequest(template_id=7000112)) == gone


@pytest.mark.parametrize("changes, why", [
    ({"template_name": None}, "template_name is missing"),
    ({"template_name": ""}, "template_name is empty"),
    ({"template_name": "a-b"}, "template_name must be at most 128 letters, digits and underscores"),
    ({"template_name": "x" * 129}, "template_name must be at most 128 letters, digits and underscores"),
    ({"common": None}, "common is missing"),
    ({"common": common(pack_type=3, hls_interval=6)},
     "common.dash_interval must be hls_interval for pack_type 3: one set of segments has both playlists"),
    ({"common": common(pvc=True)}, "common.PVC must be false: there is no encoder for it"),
    ({"video": video(codec=3)}, "video.codec must be 1 or 2"),
    ({"video": video(bitrate=30001)}, "video.bitrate must be 0 or 40 to 30000"),
    ({"video": video(width="1280")}, "video.width must be an integer"),
    ({"video": video(black_cut=3)}, "video.black_cut must be 0 to 2"),
    ({"audio": audio(codec=2)}, "audio.codec must be 1 or 4: there is no encoder for HE-AAC"),
    ({"video": video(output_policy="discard"), "audio": audio(output_policy="discard")},
     "video and audio cannot both be discarded"),
])
def test_what_no_template_can_be_is_refused_by_name(client, changes, why):
    body = sdk.TransTemplate(**{"template_name": name("t"), "video": video(), "audio": audio(),
                                "common": common(), **changes})
    expected = (403, "MPC.10202", f"{INVALID}{why}.")
    assert refused(client.create_trans_template, sdk.CreateTransTemplateRequest(body=body)) == expected


def test_parameters_of_lists_are_checked(client):
    for options, why in [({"size": 1001}, "size must be 1 to 1000"), ({"page": -1}, "page must be 0 to 50000"),
                         ({"template_id": list(range(11))}, "template_id comes more than 10 times")]:
        expected = (403, "MPC.10202", f"{INVALID}{why}.")
        assert refused(client.list_template, sdk.ListTemplateRequest(**options)) == expected


def test_another_project_has_templates_of_its_own(client, elsewhere):
    made, body = template(client)
    assert listed(elsewhere, made) == {}
    gone = (403, "MPC.10212", "Operation failed.")
    assert refused(elsewhere.delete_template, sdk.DeleteTemplateRequest(template_id=made)) == gone
    assert elsewhere.list_template(sdk.ListTemplateRequest()).total == 0
    # Names are the project's.
    template(elsewhere, template_name=body.template_name)


def group(client, **changes):
    shared = sdk.VideoCommon(output_policy="transcode", codec=1, profile=3, preset=1, bframes_count=4, frame_rate=0)
    videos = [sdk.VideoObj(width=1280, height=720, bitrate=1500, stream_name="high"),
              sdk.VideoObj(width=640, height=360, bitrate=500)]
    body = sdk.TransTemplateGroup(**{"name": name("g"), "videos": videos, "audio": audio(),
                                     "video_common": shared, "common": common(), **changes})
    answer = client.create_template_group(sdk.CreateTemplateGroupRequest(body=body))
    assert answer.status_code == 201
    return answer.template_group, body


def groups(client, **options):
    answer = client.list_template_group(sdk.ListTemplateGroupRequest(**options))
    return answer.template_group_list


def test_a_group_is_kept_with_an_id_for_each_member(client):
    made, body = group(client)
    assert len(made.group_id) == 32
    assert len(set(made.template_ids)) == 2 and max(made.template_ids) < 2**31
    assert [it.template_id for it in made.videos] == made.template_ids
    assert (made.videos[0].stream_name, made.videos[1].bitrate) == ("high", 500)
    assert made.video_common.to_dict() == body.video_common.to_dict()
    for found in [groups(client, group_id=[made.group_id]), groups(client, group_name=[body.name]),
                  groups(client, group_id=[made.group_id, "0" * 32, "x"], group_name=[body.name, "none"])]:
        assert [it.to_dict() for it in found] == [made.to_dict()]
    # Members are no templates of their own.
    assert listed(client, *made.template_ids) == {}


def test_a_group_is_changed_in_part(client):
    made, body = group(client)
    videos = [sdk.VideoObj(width=854, height=480, bitrate=it) for it in (800, 700, 600)]
    change = sdk.ModifyTransTemplateGroup(group_id=made.group_id, name=name("h"), videos=videos)
    answer = client.update_template_group(sdk.UpdateTemplateGroupRequest(body=change))
    assert answer.status_code == 204
    found, = groups(client, group_id=[made.group_id])
    assert found.template_ids[:2] == made.template_ids and len(set(found.template_ids)) == 3
    assert [it.bitrate for it in found.videos] == [800, 700, 600]
    assert (found.name, found.audio.to_dict()) == (change.name, body.audio.to_dict())
    change = sdk.ModifyTransTemplateGroup(group_id=made.group_id, videos=videos[:1])
    client.update_template_group(sdk.UpdateTemplateGroupRequest(body=change))
    found, = groups(client, group_id=[made.group_id])
    assert found.template_ids == made.template_ids[:1]
    group(client, name=body.name)
    answer = client.delete_template_group(sdk.DeleteTemplateGroupRequest(group_id=made.group_id))
    assert answer.status_code == 204
    assert groups(client, group_id=[made.group_id]) == []
    missing = (400, "MPC.10231", "The template group does not exist.")
    request = sdk.DeleteTemplateGroupRequest(group_id=made.group_id)
    assert refused(client.delete_template_group, request) == missing
    assert refused(client.update_template_group, sdk.UpdateTemplateGroupRequest(body=change)) == missing
    group(client, name=found.name)


def test_what_no_group_can_be_is_refused_by_name(client):
    made, body = group(client)
    taken = (400, "MPC.10230", "The template group already exists.")
    assert refused(client.create_template_group, sdk.CreateTemplateGroupRequest(body=body)) == taken
    small = sdk.VideoObj(width=640, height=360, bitrate=500)
    for changes, why in [
            ({"name": None}, "name is missing"),
            ({"common": None}, "common is missing"),
            ({"videos": []}, "videos must be a list of 1 to 6"),
            ({"videos": [small] * 7}, "videos must be a list of 1 to 6"),
            ({"videos": [small, sdk.VideoObj(width=640, height=360)]}, "videos[1].bitrate is missing"),
            ({"videos": [sdk.VideoObj(width=31, bitrate=0)]}, "videos[0].width must be 0 or 32 to 4096"),
            ({"video_common": sdk.VideoCommon(level=17)}, "video_common.level must be 0 to 16")]:
        body = sdk.TransTemplateGroup(**{"name": name("g"), "videos": [small], "audio": audio(),
                                         "common": common(), **changes})
        expected = (400, "MPC.10202", f"{INVALID}{why}.")
        assert refused(client.create_template_group, sdk.CreateTemplateGroupRequest(body=body)) == expected
    change = sdk.ModifyTransTemplateGroup(group_id=made.group_id, common=common(pack_type=5))
    code, kind, _ = refused(client.update_template_group, sdk.UpdateTemplateGroupRequest(body=change))
    assert (code, kind) == (400, "MPC.10202")
    found, = groups(client, group_id=[made.group_id])
    assert found.to_dict() == made.to_dict()


def test_groups_are_listed_page_by_page(client, elsewhere):
    made = {group(elsewhere)[0].group_id for _ in range(3)}
    seen = [groups(elsewhere, page=page, size=2) for page in range(3)]
    assert [len(page) for page in seen] == [2, 1, 0]
    assert {it.group_id for page in seen for it in page} == made
    assert groups(client, group_id=list(made)) == []


MARK = {"dx": "0.1", "dy": "12", "referpos": "TopRight", "timeline_start": "0", "timeline_duration": "ToEND",
        "image_process": "Grayed", "width": "0.25", "height": "64", "base": "output", "type": "Image"}


def mark(client, **changes):
    body = sdk.WatermarkTemplate(**{**MARK, "template_name": name("w"), **changes})
    answer = client.create_watermark_template(sdk.CreateWatermarkTemplateRequest(body=body))
    assert answer.status_code == 201 and 0 < answer.template_id < 2**31
    return answer.template_id, body


def marks(client, *ids):
    answer = client.list_watermark_template(sdk.ListWatermarkTemplateRequest(template_id=list(ids)))
    assert answer.total == len(answer.templates)
    return {it.template_id: it for it in answer.templates}


def test_a_watermark_template_is_kept_changed_and_forgotten(client):
    made, body = mark(client)
    found = marks(client, made)[made]
    assert {**found.to_dict(), "template_id": None} == {**body.to_dict(), "template_id": None}
    change = sdk.WatermarkTemplate(template_id=made, dx="7", template_name=name("w"))
    answer = client.update_watermark_template(sdk.UpdateWatermarkTemplateRequest(body=change))
    assert answer.status_code == 204
    found = marks(client, made)[made]
    assert (found.dx, found.dy, found.template_name) == ("7", "12", change.template_name)
    mark(client, template_name=body.template_name)
    taken = (400, "MPC.10091", "The template name already exists.")
    other = sdk.CreateWatermarkTemplateRequest(body=sdk.WatermarkTemplate(template_name=change.template_name))
    assert refused(client.create_watermark_template, other) == taken
    answer = client.delete_watermark_template(sdk.DeleteWatermarkTemplateRequest(template_id=made))
    assert answer.status_code == 204
    assert marks(client, made) == {}
    gone = (403, "MPC.10212", "Operation failed.")
    request = sdk.DeleteWatermarkTemplateRequest(template_id=made)
    assert refused(client.delete_watermark_template, request) == gone
    assert refused(client.update_watermark_template, sdk.UpdateWatermarkTemplateRequest(body=change)) == gone


def test_watermark_templates_are_listed_page_by_page(elsewhere):
    made = [mark(elsewhere)[0] for _ in range(3)]
    page = elsewhere.list_watermark_template(sdk.ListWatermarkTemplateRequest(page=1, size=2))
    assert ([it.template_id for it in page.templates], page.total) == ([made[2]], 3)


@pytest.mark.parametrize("changes, why", [
    ({"dx": "4097"}, "dx must be 0 to 4096 pixels, or above 0.0 and below 1.0"),
    ({"dx": 12}, "dx must be a string"),
    ({"referpos": "Middle"}, "referpos must be one of TopRight, TopLeft, BottomRight, BottomLeft"),
    ({"type": "Text"}, "type must be Image: the vendor has announced Text, and does not serve it either"),
    ({"template_name": "x" * 65}, "template_name must be 1 to 64 characters, and none of control"),
    ({"template_id": 7}, "template_id is no parameter of this operation"),
])
def test_what_no_watermark_template_can_be_is_refused_by_name(client, changes, why):
    body = sdk.WatermarkTemplate(**{**MARK, **changes})
    expected = (403, "MPC.10202", f"{INVALID}{why}.")
    request = sdk.CreateWatermarkTemplateRequest(body=body)
    assert refused(client.create_watermark_template, request) == expected


def test_without_a_body_everything_is_refused(client):
    for call, request, status in [
            (client.create_trans_template, sdk.CreateTransTemplateRequest(), 403),
            (client.update_trans_template, sdk.UpdateTransTemplateRequest(), 403),
            (client.create_template_group, sdk.CreateTemplateGroupRequest(), 400),
            (client.update_template_group, sdk.UpdateTemplateGroupRequest(), 400),
            (client.create_watermark_template, sdk.CreateWatermarkTemplateRequest(), 403),
            (client.update_watermark_template, sdk.UpdateWatermarkTemplateRequest(), 403)]:
        assert refused(call, request) == (status, "MPC.10202", f"{INVALID}the body is missing.")


@pytest.fixture
def desk(server, checked, media, native):
    return mpc.Desk(checked, server, media, native)


def streams(desk, task, at, tmp_path):
    """Codec, width and channels of the streams of an output, of a playlist those of its segments."""
    name = task.output_file_name[at]
    made = tmp_path / name.rsplit("/", 1)[-1]
    made.write_bytes(desk.object(name))
    if name.endswith(".m3u8"):
        segments = [line for line in made.read_text("utf-8").splitlines() if not line.startswith("#")]
        made = tmp_path / segments[0]
        made.write_bytes(desk.object(segments[0]))
    found = pictures.probe(made)["streams"]
    return {(one["codec_name"], one.get("width"), one.get("channels")) for one in found}


def test_tasks_are_made_by_templates_groups_and_presets(client, desk, tmp_path):
    own, _ = template(client, video=video(codec=2, profile=4, level=0, bitrate=200, width=320, height=240, preset=1),
                      audio=audio(channels=1), common=common(pack_type=4))
    group_made, _ = group(client, videos=[sdk.VideoObj(width=256, height=144, bitrate=100),
                                          sdk.VideoObj(width=128, height=72, bitrate=60)])
    asked = [own, *group_made.template_ids, 7000141, 7000142]
    task = desk.wait(desk.create(av_parameters=None, trans_template_id=asked, crop={"duration": 2}))
    assert task.status == "SUCCEEDED", task
    assert task.trans_template_id == asked
    assert [streams(desk, task, at, tmp_path) for at in range(5)] == [
        {("hevc", 320, None), ("aac", None, 1)},
        {("h264", 256, None), ("aac", None, 2)},
        {("h264", 128, None), ("aac", None, 2)},
        {("mp3", None, 2)},
        {("aac", None, 2)},
    ]
    details = task.transcode_detail.multitask_info
    assert [it.template_id for it in details] == asked


def test_a_task_of_a_template_that_is_none_is_refused(client, desk):
    gone, _ = template(client)
    client.delete_template(sdk.DeleteTemplateRequest(template_id=gone))
    for wanted in (gone, 7000512, 2**31 - 1):
        found = desk.refused(av_parameters=None, trans_template_id=[7000115, wanted])
        assert found == ((400, "MPC.10089"), "The template file does not exist.")
