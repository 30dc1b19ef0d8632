"""Templates that an account keeps, and those of watermarks, through both SDK generations."""
import json

import pytest

import mps

UNKNOWN = "0123456789abcdef0123456789abcdef"
VIDEO = {"Codec": "H.264", "Width": "320", "Crf": "30", "Preset": "veryfast"}
AUDIO = {"Codec": "AAC", "Bitrate": "64", "Channels": 1}


def added(mts, name=None, **parts):
    parts = parts or {"Video": VIDEO, "Audio": AUDIO}
    texts = {part: json.dumps(value) for part, value in parts.items()}
    return mts.call("AddTemplate", Name=name or mps.unique("template"), **texts)["Template"]


def queried(mts, template):
    [shown] = mts.call("QueryTemplateList", TemplateIds=template)["TemplateList"]["Template"]
    return shown


def test_a_template_is_kept_changed_and_deleted(mts):
    name = mps.unique("web")
    made = added(mts, name)
    assert (made["Name"], made["State"], made["Video"]) == (name, "Normal", VIDEO)
    # Numbers come back as texts.
    assert made["Audio"] == {**AUDIO, "Channels": "1"}
    shown = queried(mts, made["Id"])
    assert mps.TIME.fullmatch(shown.pop("CreationTime"))
    assert shown == made

    changed = mts.call("UpdateTemplate", TemplateId=made["Id"], Name=name + "-new",
                       Container='{"Format":"m3u8"}', Audio=json.dumps(AUDIO))["Template"]
    assert (changed["Name"], changed["Container"]) == (name + "-new", {"Format": "m3u8"})
    assert not changed.get("Video")

    assert mts.call("DeleteTemplate", TemplateId=made["Id"])["TemplateId"] == made["Id"]
    assert queried(mts, made["Id"])["State"] == "Deleted"
    mts.refuses(404, "InvalidParameter.ResourceDeleted",
                f'The resource operated "{made["Id"]}" has been deleted.',
                "DeleteTemplate", TemplateId=made["Id"])


def test_searches_find_own_templates_by_state_and_name(mts):
    prefix = mps.unique("searched") + "-"
    ids = [added(mts, prefix + letter)["Id"] for letter in "abc"]
    mts.call("DeleteTemplate", TemplateId=ids[1])

    def found(**parameters):
        answer = mts.call("SearchTemplate", NamePrefix=prefix, **parameters)
        names = [shown["Name"] for shown in answer["TemplateList"]["Template"]]
        return [name.removeprefix(prefix) for name in names], answer["TotalCount"]

    assert found() == (["c", "b", "a"], 3)
    assert found(State="All", PageSize=2, PageNumber=2) == (["a"], 3)
    assert found(State="Normal") == (["c", "a"], 2)
    assert found(State="Deleted") == (["b"], 1)


def test_a_job_has_the_settings_of_its_template(desk):
    made = added(desk.mts, Video=VIDEO, Audio=AUDIO)
    plain, smaller = desk.transcode(
        desk.output("plain.mp4", template=made["Id"], Video=None, Clip=mps.BRIEF),
        desk.output("small.mp4", template=made["Id"], Video={"Width": "160"}, Clip=mps.BRIEF))
    for job, width in [(plain, "320"), (smaller, "160")]:
        assert job["Output"]["TemplateId"] == made["Id"]
        properties = job["Output"]["Properties"]
        assert properties["Width"] == width
        [sound] = properties["Streams"]["AudioStreamList"]["AudioStream"]
        assert sound["Channels"] == "1"
    desk.mts.call("DeleteTemplate", TemplateId=made["Id"])
    code, _ = desk.refused(desk.output(template=made["Id"]))
    assert code == "InvalidParameter.ResourceDeleted"


@pytest.mark.parametrize("parts, code, about", [
    ({"Video": '{"Width":"100"}'}, "InvalidParameter.OutOfRange", "Video.Width"),
    ({"Video": '{"Sparkle":"1"}'}, "InvalidParameter.NotSupported", "Video.Sparkle"),
    ({"Container": "{"}, "InvalidParameter.JsonFormatInvalid", "Container"),
    ({"Audio": "[1]"}, "InvalidParameter.JsonObjectFormatInvalid", "Audio"),
    ({}, "InvalidParameter", "Audio.Remove")], ids=str)
def test_what_no_output_may_have_no_template_has(mts, parts, code, about):
    refusal = mts.refuses(400, code, None, "AddTemplate", Name="refused", **parts)
    assert f'"{about}"' in refusal.message


def test_templates_of_others_and_presets_stay_as_they_are(mts):
    for template, status, code in [
            (UNKNOWN, 404, "InvalidParameter.TemplateNotFound"),
            ("S00000001-200030", 400, "InvalidParameter.TemplateNotSupported"),
            ("mine", 400, "InvalidParameter.UUIDFormatInvalid")]:
        mts.refuses(status, code, None, "DeleteTemplate", TemplateId=template)
        mts.refuses(status, code, None, "UpdateTemplate", TemplateId=template, Name="new",
                    Audio=json.dumps(AUDIO))


def test_watermark_templates_are_kept_changed_and_deleted(mts):
    config = {"Width": "0.1", "Dx": 10, "Dy": "0.05", "ReferPos": "TopLeft", "Type": "Image",
              "Timeline": {"Start": "2", "Duration": "ToEND"}, "RatioRefer": {"Width": "Long"}}
    made = mts.call("AddWaterMarkTemplate", Name="logo",
                    Config=json.dumps(config))["WaterMarkTemplate"]
    expected = {**config, "Dx": "10", "Id": made["Id"], "Name": "logo", "State": "Normal"}
    assert made == expected
    answer = mts.call("QueryWaterMarkTemplateList", WaterMarkTemplateIds=f"{made['Id']},{UNKNOWN}")
    assert answer["WaterMarkTemplateList"]["WaterMarkTemplate"] == [made]
    assert answer["NonExistWids"] == {"String": [UNKNOWN]}

    changed = mts.call("UpdateWaterMarkTemplate", WaterMarkTemplateId=made["Id"], Name="new",
                       Config='{"Width":"64"}')["WaterMarkTemplate"]
    assert (changed["Name"], changed["Width"], changed.get("Dx")) == ("new", "64", None)
    mts.call("DeleteWaterMarkTemplate", WaterMarkTemplateId=made["Id"])
    answer = mts.call("SearchWaterMarkTemplate", State="Deleted", PageSize=100)
    assert made["Id"] in [it["Id"] for it in answer["WaterMarkTemplateList"]["WaterMarkTemplate"]]
    mts.refuses(400, "InvalidParameter.NotSupported", None, "AddWaterMarkTemplate",
                Name="text", Config='{"Type":"Text"}')


@pytest.mark.parametrize("preset, width, most", [
    ("S00000002-200020", "640", 400), ("S00000003-200030", "848", 800)])
def test_a_narrowband_preset_stays_under_its_rate(one_desk, preset, width, most):
    [job] = one_desk.transcode(one_desk.output(template=preset, Video={"Preset": "veryfast"},
                                               Clip={"TimeSpan": {"Duration": "4"}}))
    properties = job["Output"]["Properties"]
    [video] = properties["Streams"]["VideoStreamList"]["VideoStream"]
    assert properties["Width"] == width
    # A buffer of two seconds may be spent beside the rate.
    assert float(video["Bitrate"]) <= most * 1.5
