"""No field is ignored: what is not built, not known or out of range is refused by name.

The list is what the vendor documents for an output, less what docs/mps.md names as honoured.
"""
import json

import pytest

import mps

FILE = {"Bucket": "media", "Location": mps.LOCATION, "Object": "logo.png"}
URL = "http://media.oss-cn-hangzhou.example.com/part.mp4"

# Each: the name that the refusal has to say, and the fields of the Output.
NOT_BUILT = [
    # 4.1
    ("WaterMarkTemplateId", {"WaterMarks": [{"Type": "Text", "WaterMarkTemplateId": "a"}]}),
    ("adaptive", {"WaterMarks": '[{"Type": "Text", "TextWaterMark": {"Content": "eA==",'
                                ' "adaptive": true}}]'}),
    ("WaterMarkConfigUrl", {"WaterMarkConfigUrl": URL}),
    ("RoleArn", {"MergeList": [{"MergeURL": URL, "RoleArn": "acs:ram::1:role/a"}]}),
    ("DigiWaterMark", {"DigiWaterMark": {"Type": "1", "Alpha": "1", "InputFile": FILE}}),
    ("SuperReso", {"SuperReso": {"IsHalfSample": "true"}}),
    # 4.2
    ("ForceSegTime", {"Container": {"Format": "mpd"}, "MuxConfig": {"Segment": {"ForceSegTime": "3"}}}),
    *(("Codec", {"Video": {"Codec": codec}}) for codec in ("GIF", "WEBP")),
    ("ScanMode", {"Video": {"Codec": "H.265", "Preset": "", "ScanMode": "interlaced"}}),
    ("PixFmt", {"Video": {"PixFmt": "bgr8"}}),
    ("BitrateBnd", {"Video": {"Crf": "30", "BitrateBnd": {"Max": "500", "Min": "100"}}}),
    ("ResoPriority", {"Video": {"ResoPriority": "auto"}}),
    ("Degrain", {"Video": {"Degrain": "10"}}),
    ("Qscale", {"Video": {"Codec": "H.265", "Qscale": "20"}}),
    ("NarrowBand", {"Video": {"NarrowBand": {"Version": "1.0", "Abrmax": 1000}}}),
    # 4.3
    # What the format does not hold.
    ("Codec", {"Container": {"Format": "flv"}, "Video": {"Codec": "H.265"}}),
    *(("Codec", {"Container": {"Format": container}}) for container in ("mp3", "ogg", "flac", "m4a")),
    *(("Codec", {"Audio": {"Codec": codec}}) for codec in ("VORBIS", "FLAC")),
    ("Profile", {"Video": {"Codec": "H.265", "Profile": "main", "Preset": ""}}),
    ("Preset", {"Video": {"Codec": "H.265", "Preset": "slow"}}),
    *(("Profile", {"Audio": {"Profile": profile}}) for profile in (
        "aac_he", "aac_he_v2", "aac_ld", "aac_eld")),
    ("Method", {"Audio": {"Volume": {"Method": "loud"}}}),
    ("Qscale", {"Audio": {"Qscale": "5"}}),
    # 4.4
    ("TransMode", {"Video": {"Codec": "H.265"}, "TransConfig": {"TransMode": "CBR"}}),
    # 4.6
    ("DitherMode", {"MuxConfig": {"Gif": {"IsCustomPalette": "false", "DitherMode": "bayer"}}}),
    # 4.13
    ("OutputObject", {"OutputObject": "out/%7BDestMd5%7D.mp4"}),
    ("OutputObject", {"OutputObject": "out/%7BDestAvgBitrate%7D.mp4"}),
]

UNKNOWN = [
    ("Colour", {"Colour": "red"}),
    ("outputObject", {"outputObject": "twice.mp4"}),
    ("Bitrates", {"Video": {"Bitrates": "100"}}),
    ("width", {"Video": {"width": "320"}}),
    ("Loudness", {"Audio": {"Loudness": "5"}}),
    ("Formats", {"Container": {"Formats": "mp4"}}),
    ("Mode", {"TransConfig": {"Mode": "CBR"}}),
    ("Segments", {"MuxConfig": {"Segments": {"Duration": "5"}}}),
    ("Durations", {"MuxConfig": {"Segment": {"Durations": "5"}}}),
    ("Start", {"Clip": {"TimeSpan": {"Start": "5"}}}),
    ("Span", {"Clip": {"Span": {"Seek": "5"}}}),
]

OUT_OF_RANGE = [
    ("ScanMode", {"Video": {"ScanMode": "bob"}}),
    *(("Width", {"Video": {"Width": width}}) for width in ("127", "4097", "0", "-2", 4097)),
    *(("Height", {"Video": {"Width": "320", "Height": height}}) for height in ("127", "4097")),
    *(("Fps", {"Video": {"Fps": fps}}) for fps in ("0", "-1", "61", 60.5)),
    *(("Bitrate", {"Video": {"Bitrate": rate}}) for rate in ("9", "50001", 0)),
    *(("Maxrate", {"Video": {"Maxrate": rate}}) for rate in ("9", "50001")),
    *(("Bufsize", {"Video": {"Bufsize": size}}) for size in ("999", "128001")),
    *(("Crf", {"Video": {"Crf": crf}}) for crf in ("-1", "52", 51.5)),
    *(("Gop", {"Video": {"Gop": gop}}) for gop in ("0", "100001", "-1")),
    *(("Bitrate", {"Audio": {"Bitrate": rate}}) for rate in ("7", "1001")),
    *(("Duration", {"Container": {"Format": "m3u8"},
                    "MuxConfig": {"Segment": {"Duration": seconds}}}) for seconds in ("0", "61")),
    *(("Rotate", {"Rotate": degrees}) for degrees in ("360", "-90")),
    *(("MaxFps", {"Video": {"MaxFps": fps}}) for fps in ("0", "61")),
    ("Pad", {"Video": {"Pad": "5000:960:0:120"}}),
    ("Level", {"Audio": {"Volume": {"Method": "linear", "Level": "21"}}}),
    ("TruePeak", {"Audio": {"Volume": {"Method": "dynamic", "TruePeak": "1"}}}),
    ("PeakLevel", {"Audio": {"Volume": {"Method": "adaptive", "PeakLevel": "2"}}}),
    *(("Priority", {"Priority": priority}) for priority in ("0", "11", 11, "-1")),
    ("Seek", {"Clip": {"TimeSpan": {"Seek": "86400"}}}),
]

# Values that are no member of the documented set, or no number, or no JSON of the right kind. The
# documentation has several codes for these and does not say which one goes where.
INVALID = [
    *(("VideoStreamMap", {"VideoStreamMap": place}) for place in ("1", "0:a:0", "0:v:", "0:v:-1")),
    *(("AudioStreamMap", {"AudioStreamMap": place}) for place in ("1", "0:v:1", "0:a:one")),
    *(("Samplerate", {"Audio": {"Samplerate": rate}}) for rate in ("44000", "8000", "x")),
    *(("Channels", {"Audio": {"Channels": channels}}) for channels in ("0", "3", "7", "9", "two")),
    ("Preset", {"Video": {"Preset": "placebo"}}),
    ("Profile", {"Video": {"Profile": "high422"}}),
    ("Profile", {"Audio": {"Profile": "lc"}}),
    ("Codec", {"Video": {"Codec": "THEORA"}}),
    ("Codec", {"Audio": {"Codec": "OPUS"}}),
    ("Format", {"Container": {"Format": "avi"}}),
    ("TransMode", {"TransConfig": {"TransMode": "cbr3"}}),
    ("Width", {"Video": {"Width": "wide"}}),
    ("Width", {"Video": {"Width": "320.5"}}),
    ("Width", {"Video": {"Width": {"Max": 5}}}),
    ("Bitrate", {"Video": {"Bitrate": "1e3"}}),
    ("Fps", {"Video": {"Fps": "NaN"}}),
    ("Crf", {"Video": {"Crf": "Infinity"}}),
    ("Gop", {"Video": {"Gop": "10m"}}),
    ("Gop", {"Video": {"Gop": "0s"}}),
    ("Priority", {"Priority": "high"}),
    *(("Seek", {"Clip": {"TimeSpan": {"Seek": seek}}}) for seek in (
        "24:00:00", "00:60:00", "1:2", "00:00:61", "-1", "later")),
    ("Duration", {"Clip": {"TimeSpan": {"Duration": "0"}}}),
    ("Duration", {"Container": {"Format": "m3u8"}, "MuxConfig": {"Segment": {"Duration": "2.5"}}}),
    ("Video", {"Video": "no json"}),
    ("Video", {"Video": [1]}),
    ("Audio", {"Audio": 5}),
    ("Clip", {"Clip": "{"}),
    ("TimeSpan", {"Clip": {"TimeSpan": "x"}}),
    ("UserData", {"UserData": "x" * 1025}),
    ("OutputObject", {"OutputObject": ""}),
    ("TemplateId", {"TemplateId": ""}),
    ("TemplateId", {"TemplateId": None}),
]


def named(cases):
    return [pytest.param(name, fields, id=json.dumps(fields, ensure_ascii=True)[:70])
            for name, fields in cases]


@pytest.fixture
def refuse(one_desk):
    """The refusal of an output that would be accepted without `fields`."""
    one_desk.pause()

    def refusing(fields):
        video = fields.get("Video")
        if isinstance(video, dict):
            fields = {**fields, "Video": {**mps.SMALL, **video}}
        return one_desk.refused({**one_desk.output(), **fields})
    return refusing


@pytest.mark.parametrize("name, fields", named(NOT_BUILT))
def test_what_is_not_built_is_refused_by_name(refuse, name, fields):
    code, message = refuse(fields)
    assert code == "InvalidParameter.NotSupported", (code, message)
    assert name in message and message.startswith("The specified parameter "), message


@pytest.mark.parametrize("name, fields", named(UNKNOWN))
def test_an_unknown_field_is_refused_by_name(refuse, name, fields):
    code, message = refuse(fields)
    assert code == "InvalidParameter.NotSupported", (code, message)
    assert name in message, message


@pytest.mark.parametrize("name, fields", named(OUT_OF_RANGE))
def test_a_value_out_of_range_is_refused_by_name(refuse, name, fields):
    code, message = refuse(fields)
    assert code == "InvalidParameter.OutOfRange", (code, message)
    assert name in message and message.endswith(" is out of range."), message


@pytest.mark.parametrize("name, fields", named(INVALID))
def test_an_invalid_value_is_refused_by_name(refuse, name, fields):
    code, message = refuse(fields)
    assert code.startswith("InvalidParameter"), (code, message)
    assert name in message, message


@pytest.mark.parametrize("name, fields", [
    ("Remove", {"Video": {"Remove": "maybe"}}), ("Remove", {"Audio": {"Remove": "1x"}})],
    ids=str)
def test_what_is_no_boolean_is_refused_by_name(refuse, name, fields):
    code, message = refuse(fields)
    assert code == "ParameterNotBoolean" and name in message, (code, message)


@pytest.mark.parametrize("fields", [
    {"Video": {"Width": "128"}}, {"Video": {"Width": "4096"}}, {"Video": {"Fps": "60"}},
    {"Video": {"Bitrate": "10"}}, {"Video": {"Bitrate": "50000"}}, {"Video": {"Crf": "51"}},
    {"Video": {"Crf": 0}}, {"Video": {"Bufsize": "1000", "Maxrate": "300"}},
    {"Video": {"Bufsize": "128000", "Maxrate": "50000"}}, {"Video": {"Gop": "100000"}},
    {"Video": {"Gop": "1"}}, {"Audio": {"Bitrate": "8"}}, {"Audio": {"Bitrate": "1000"}},
    {"Audio": {"Channels": "8"}}, {"Audio": {"Samplerate": "96000"}}, {"Audio": {"Codec": "aac"}},
    {"Priority": "1"}, {"Priority": "10"}, {"Clip": {"TimeSpan": {"Seek": "86399.999"}}},
    {"Clip": {"TimeSpan": {"Seek": "23:59:59.999"}}},
    {"Container": {"Format": "m3u8"}, "MuxConfig": {"Segment": {"Duration": "60"}}},
    *({"Video": {"Preset": preset}} for preset in ("veryfast", "fast", "medium", "slow", "slower")),
], ids=json.dumps)
def test_the_ends_of_ranges_are_accepted(one_desk, fields):
    one_desk.pause()
    if "Video" in fields:
        fields = {**fields, "Video": {**mps.SMALL, **fields["Video"]}}
    one_desk.submit({**one_desk.output(), **fields})


@pytest.mark.parametrize("template", [
    "S00000001-400040",
    "S00000003-400040", "S00000000-200030"])
def test_presets_that_are_not_built_are_refused(one_desk, template):
    code, message = one_desk.refused(one_desk.output(template=template, Video=None))
    assert code in ("InvalidParameter.NotSupported", "InvalidParameter.TemplateNotSupported",
                    "InvalidParameter.TemplateNotFound"), code
    assert template in message or "Format" in message, message


@pytest.mark.parametrize("field, value, code", [
    ("Audio", {"Channels": "2", "Samplerate": "44100"}, "InvalidParameter.NotSupported"),
    ("Container", {"Format": "s16le"}, "InvalidParameter.NotSupported"),
    ("Referer", "http://example.com", "InvalidParameter.NotSupported"),
    ("Colour", "red", "InvalidParameter.NotSupported"),
    ("Object", "/leading.mp4", "InvalidParameter.ObjectKeyInvalid"),
    ("Object", "x" * 1024, "InvalidParameter.ObjectKeyInvalid"),
    ("Bucket", "No Bucket", "InvalidParameter.BucketNameInvalid"),
])
def test_fields_of_the_input_are_refused_for_the_whole_call(one_desk, field, value, code):
    source = json.dumps({**one_desk.input(), field: value})
    refusal = refuse_call(one_desk, Input=source)
    assert (refusal.status, refusal.code) == (400, code), refusal
    if code.endswith("NotSupported"):
        assert field in refusal.message, refusal


def refuse_call(desk, **parameters):
    whole = {"Input": json.dumps(desk.input()), "OutputBucket": desk.bucket,
             "Outputs": json.dumps([desk.output()]), "PipelineId": desk.pipeline, **parameters}
    return desk.mts.refused("SubmitJobs", **{name: value for name, value in whole.items()
                                             if value is not None})


@pytest.mark.parametrize("parameter", ["Input", "OutputBucket", "Outputs", "PipelineId"])
def test_a_mandatory_parameter_is_missing(desk, parameter):
    refusal = refuse_call(desk, **{parameter: None})
    assert (refusal.status, refusal.code, refusal.message) == (
        400, f"Missing{parameter}", f"{parameter} is mandatory for this action.")


@pytest.mark.parametrize("parameters, status, code, name", [
    ({"Input": "{"}, 400, "InvalidParameter.Json", "Input"),
    ({"Input": "[]"}, 400, "InvalidParameter.Json", "Input"),
    ({"Input": "{}"}, 400, "InvalidParameter.", "Bucket"),
    ({"Input": ""}, 400, "InvalidParameter.EmptyValue", "Input"),
    ({"Outputs": "[{]"}, 400, "InvalidParameter.JsonArrayFormatInvalid", "Outputs"),
    ({"Outputs": "{}"}, 400, "InvalidParameter.JsonArrayFormatInvalid", "Outputs"),
    ({"Outputs": "[]"}, 400, "InvalidParameter", "Outputs"),
    ({"Outputs": json.dumps([{}] * 31)}, 400, "InvalidParameter", "Outputs"),
    ({"PipelineId": "default"}, 400, "InvalidParameter.UUIDFormatInvalid", "PipelineId"),
    ({"PipelineId": "0123456789abcdef0123456789abcdef"}, 404,
     "InvalidParameter.ResourceNotFound", "0123456789abcdef0123456789abcdef"),
    ({"OutputBucket": "no-such-bucket"}, 404, "InvalidParameter.ResourceNotFound",
     "no-such-bucket"),
    ({"OutputBucket": "A/B"}, 400, "InvalidParameter.BucketNameInvalid", "A/B"),
], ids=str)
def test_what_all_outputs_share_fails_the_whole_call(desk, parameters, status, code, name):
    refusal = refuse_call(desk, **parameters)
    assert refusal.status == status and refusal.code.startswith(code), refusal
    assert name in refusal.message, refusal


def test_thirty_outputs_are_accepted(one_desk):
    one_desk.pause()
    assert len(one_desk.submit(*(one_desk.output(f"{number}.mp4") for number in range(30)))) == 30


def test_an_output_that_is_no_object_is_refused_in_its_place(one_desk):
    one_desk.pause()
    try:
        results = one_desk.submit_raw([one_desk.output(), 5])
    except mps.AlibabaCloudException as error:
        # Or the array as a whole is malformed.
        assert error.status_code == 400 and "Outputs" in error.data["Message"]
    else:
        assert [result["Success"] for result in results] == [True, False]


def test_nothing_of_a_refused_call_is_queued(one_desk):
    one_desk.pause()
    refuse_call(one_desk, Outputs=json.dumps([one_desk.output()] * 31))
    listed = one_desk.mts.call("ListJob", PipelineId=one_desk.pipeline)
    assert listed["JobList"]["Job"] == []
