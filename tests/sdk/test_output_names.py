"""Keys of outputs: percent-encoding and placeholders."""
import json
import urllib.parse

import pytest

import mps
import pictures

NAMES = ["two words.mp4", "Größe über Straße.mp4", "视频 转码.mp4", "a+b&c=d%41.mp4",
         "deep/er/still.mp4"]


@pytest.mark.parametrize("name", NAMES)
def test_a_percent_encoded_key_is_decoded_for_use_and_echoed_as_received(desk, tmp_path, name):
    received = mps.percent(desk.key(name))
    [job] = desk.transcode(desk.output(name, Clip=mps.BRIEF))
    assert desk.keys() == [desk.key(name)]
    assert pictures.picture(desk.fetch(desk.key(name), tmp_path))["width"] == 320
    assert job["Output"]["OutputFile"]["Object"] == received


def test_a_slash_may_be_encoded_too(one_desk):
    key = one_desk.key("folder/a.mp4")
    one_desk.transcode(one_desk.output(OutputObject=urllib.parse.quote(key, safe=""),
                                         Clip=mps.BRIEF))
    assert one_desk.keys() == [key]


def test_an_encoded_input_is_found_and_echoed_as_received(desk, media):
    key = desk.key("in put/Türe 门.ogg")
    desk.native.put_object(desk.bucket, key, media / "speech_libri_5703.ogg")
    source = {"Bucket": desk.bucket, "Location": mps.LOCATION, "Object": mps.percent(key)}
    [job] = desk.transcode(desk.output(Video={"Remove": "true"}), Input=source)
    assert job["Input"] == source


@pytest.mark.parametrize("pattern, wanted", [
    ("%7BObjectPrefix%7D%7BFileName%7Dtest.mp4", "{folder}/sub/sourcetest.mp4"),
    ("{ObjectPrefix}{FileName}test.mp4", "{folder}/sub/sourcetest.mp4"),
    ("{folder}/x/%7BFileName%7D.mp4", "{folder}/x/source.mp4"),
])
def test_placeholders_are_parts_of_the_inputs_key(one_desk, media, pattern, wanted):
    source = one_desk.key("sub/source.ogg")
    one_desk.native.put_object(one_desk.bucket, source, media / "speech_libri_5703.ogg")
    output = one_desk.output(OutputObject=pattern.replace("{folder}", one_desk.folder),
                             Video={"Remove": "true"})
    one_desk.transcode(output, Input={**one_desk.input(), "Object": mps.percent(source)})
    made = wanted.replace("{folder}", one_desk.folder)
    assert sorted(one_desk.keys()) == sorted([source, made])


def test_ext_name_is_the_inputs_extension(one_desk, media):
    source = one_desk.key("sub/source.ogg")
    one_desk.native.put_object(one_desk.bucket, source, media / "speech_libri_5703.ogg")
    output = one_desk.output(OutputObject="%7BObjectPrefix%7Dmade-%7BExtName%7D.mp4",
                             Video={"Remove": "true"})
    one_desk.transcode(output, Input={**one_desk.input(), "Object": mps.percent(source)})
    # Whether the dot belongs to it is not documented.
    made = set(one_desk.keys()) - {source}
    assert made in ({one_desk.key("sub/made-ogg.mp4")}, {one_desk.key("sub/made-.ogg.mp4")})


def test_placeholders_take_encoded_letters_of_the_input(one_desk, media):
    source = one_desk.key("ü b/门.ogg")
    one_desk.native.put_object(one_desk.bucket, source, media / "speech_libri_5703.ogg")
    output = one_desk.output(OutputObject="%7BObjectPrefix%7D%7BFileName%7D-1.mp4",
                             Video={"Remove": "true"})
    one_desk.transcode(output, Input={**one_desk.input(), "Object": mps.percent(source)})
    assert one_desk.key("ü b/门-1.mp4") in one_desk.keys()


def test_placeholders_name_an_hls_output_too(one_desk):
    # The input's folder is `clips/`, so the outputs land beside it.
    output = one_desk.output(OutputObject=f"{one_desk.folder}/%7BFileName%7D", template=mps.HLS_LD,
                             Clip=mps.BRIEF)
    one_desk.transcode(output)
    assert one_desk.keys() == [one_desk.key("bbb_720p25_aac51-00001.ts"),
                               one_desk.key("bbb_720p25_aac51.m3u8")]


@pytest.mark.parametrize("placeholder", ["%7BNoSuchThing%7D", "%7BRunId%7D", "%7BCount%7D"])
def test_a_placeholder_that_means_nothing_here_is_refused(one_desk, placeholder):
    code, message = one_desk.refused(one_desk.output(
        OutputObject=f"{one_desk.folder}/{placeholder}.mp4"))
    assert code.startswith("InvalidParameter."), code
    assert "OutputObject" in message or placeholder[3:-3] in message, message


@pytest.mark.parametrize("key", ["/leading.mp4", "%5Cleading.mp4", "line%0Abreak.mp4",
                                 "cr%0Dlf.mp4", "x" * 1024, "a/../b.mp4",
                                 "%2E%2E/b.mp4", "..%2Fb.mp4", "%FF.mp4", "a%00.mp4"])
def test_a_bad_key_is_refused(one_desk, key):
    code, message = one_desk.refused(one_desk.output(OutputObject=key))
    assert code == "InvalidParameter.ObjectKeyInvalid", (code, message)
    assert message.startswith("The object key "), message


@pytest.mark.parametrize("key", ["../../../credentials.json", "%2E%2E/%2E%2E/credentials.json",
                                 "/etc/passwd", "a%00b"])
def test_an_input_cannot_lead_out_of_its_bucket(one_desk, key):
    source = json.dumps({**one_desk.input(), "Object": key})
    one_desk.mts.refuses(400, "InvalidParameter.ObjectKeyInvalid", None, "SubmitJobs",
                         Input=source, OutputBucket=one_desk.bucket, PipelineId=one_desk.pipeline,
                         Outputs=json.dumps([one_desk.output()]))


def test_a_missing_key_is_refused_by_name(one_desk):
    output = one_desk.output()
    del output["OutputObject"]
    code, message = one_desk.refused(output)
    assert code.startswith("InvalidParameter.") and "OutputObject" in message
