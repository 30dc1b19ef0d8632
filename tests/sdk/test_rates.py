"""Modes and rates of an Output that look at the source or at the whole of it, seen in the files that are made."""
import pytest

import mps
import pictures

SMALL = {"Width": "320", "Preset": "veryfast"}


def made(one_desk, tmp_path, video, mode=None):
    fields = {"TransConfig": mode} if mode else {}
    one_desk.transcode(one_desk.output("r.mp4", Video={**SMALL, **video}, **fields))
    return one_desk.fetch(one_desk.key("r.mp4"), tmp_path)


def test_twopass_comes_to_its_average(one_desk, tmp_path):
    path = made(one_desk, tmp_path, {"Bitrate": "250"}, {"TransMode": "twopass"})
    assert pictures.kbps(path) == pytest.approx(250, rel=0.12)


def test_fixcrf_puts_the_bitrate_aside(one_desk, tmp_path):
    path = made(one_desk, tmp_path, {"Bitrate": "50", "Crf": "30"}, {"TransMode": "fixCRF"})
    options = pictures.encoder_options(path)
    assert options["rc"].startswith("crf") and float(options["crf"]) == 30


def test_bitrate_of_minus_one_stays_between_its_bounds(one_desk, tmp_path):
    path = made(one_desk, tmp_path, {"Bitrate": "-1", "BitrateBnd": {"Max": "200", "Min": "100"}})
    assert pictures.encoder_options(path)["bitrate"] == "200"


def test_qscale_is_one_quantizer(one_desk, tmp_path):
    options = pictures.encoder_options(made(one_desk, tmp_path, {"Qscale": "33"}))
    assert (options["rc"], options["qp"]) == ("cqp", "33")


def test_bitrates_are_checked_against_the_source(one_desk, tmp_path):
    path = made(one_desk, tmp_path, {"Bitrate": "20000"}, {"IsCheckVideoBitrate": "true"})
    assert int(pictures.encoder_options(path)["bitrate"]) < 2000
    [job] = one_desk.submit(one_desk.output(
        "f.mp4", Video={**SMALL, "Bitrate": "20000"},
        TransConfig={"IsCheckVideoBitrate": "true", "IsCheckVideoBitrateFail": "true"}))
    [job] = one_desk.wait(job["JobId"])
    assert (job["State"], job["Code"]) == ("TranscodeFail", "InvalidParameter.OutOfRange")
