"""QueryTemplateList: the static presets. Templates of the account are in test_own_templates."""
import pytest

UNKNOWN = "0123456789abcdef0123456789abcdef"
CONTAINERS = {"0000": "flv", "1000": "m3u8", "2000": "mp4"}
# Level: width, video Kbps, audio Kbps.
LEVELS = {"70": (3840, 6000, 160), "60": (2048, 3500, 160), "40": (1920, 3000, 160),
          "30": (1280, 1800, 128), "20": (848, 800, 80), "10": (640, 400, 64), "50": (320, 300, 32)}
STATIC = [(f"S00000001-{family}{level}", container, *values)
          for family, container in CONTAINERS.items() for level, values in LEVELS.items()]


def queried(mts, *ids):
    return mts.call("QueryTemplateList", TemplateIds=",".join(ids))


@pytest.mark.parametrize("preset, container, width, video, audio", STATIC,
                         ids=[row[0] for row in STATIC])
def test_a_static_preset_is_as_documented(one_mts, preset, container, width, video, audio):
    [shown] = queried(one_mts, preset)["TemplateList"]["Template"]
    assert shown["Id"] == preset
    assert shown["Name"] and shown["State"] == "Normal"
    assert shown["Container"] == {"Format": container}
    assert (shown["Video"]["Codec"], shown["Video"]["Width"]) == ("H.264", str(width))
    assert shown["Video"]["Bitrate"] == str(video)
    assert not shown["Video"].get("Height")
    assert (shown["Audio"]["Codec"], shown["Audio"]["Bitrate"]) == ("AAC", str(audio))


@pytest.mark.parametrize("preset, container", [(f"S00000001-{family}00", it) for family, it in CONTAINERS.items()])
def test_remux_presets_say_that_they_copy(one_mts, preset, container):
    [shown] = queried(one_mts, preset)["TemplateList"]["Template"]
    assert (shown["Container"]["Format"], shown["Video"]["Codec"], shown["Audio"]["Codec"]) == (
        container, "copy", "copy")


def test_presets_are_found_by_both_generations(mts):
    wanted = ["S00000001-200030", "S00000001-100020"]
    answer = queried(mts, *wanted)
    assert {template["Id"] for template in answer["TemplateList"]["Template"]} == set(wanted)
    assert "NonExistTids" not in answer


def test_unknown_templates_are_listed_apart(mts):
    missing = [UNKNOWN, "S00000001-999999", "S99999999-200030"]
    answer = queried(mts, missing[0], "S00000001-200010", *missing[1:])
    assert [found["Id"] for found in answer["TemplateList"]["Template"]] == ["S00000001-200010"]
    assert sorted(answer["NonExistTids"]["String"]) == sorted(missing)


def test_only_unknown_templates_leave_an_empty_list(mts):
    answer = queried(mts, UNKNOWN)
    assert answer["TemplateList"] == {"Template": []}
    assert answer["NonExistTids"] == {"String": [UNKNOWN]}


def test_ten_ids_and_no_more(mts):
    ids = [row[0] for row in STATIC[:11]]
    assert len(queried(mts, *ids[:10])["TemplateList"]["Template"]) == 10
    refusal = mts.refused("QueryTemplateList", TemplateIds=",".join(ids))
    assert refusal.status == 400 and refusal.code.startswith("InvalidParameter"), refusal
    assert "TemplateIds" in refusal.message


def test_template_ids_are_mandatory(mts):
    mts.refuses(400, "MissingTemplateIds", "TemplateIds is mandatory for this action.",
                "QueryTemplateList")


@pytest.mark.parametrize("parameters", [
    {"PageNumber": 0}, {"PageSize": 0}, {"PageSize": 101}, {"State": "Gone"}], ids=str)
def test_search_refuses_bad_parameters(mts, parameters):
    [name] = parameters
    refusal = mts.refused("SearchTemplate", **parameters)
    assert refusal.status == 400 and name in refusal.message, refusal


def test_a_preset_found_is_a_preset_that_a_job_can_use(one_desk):
    one_desk.pause()
    for preset, *_ in STATIC:
        [job] = one_desk.submit(one_desk.output(template=preset, Video=None))
        assert job["Output"]["TemplateId"] == preset
