"""Fields of an Output that take the place of the template's, seen in the file that is made."""
import json

import pytest

import mps
import pictures

CLIP_SECONDS = 5.3


@pytest.fixture
def make(one_desk, tmp_path):
    """Makes one output of the usual clip; `video` comes on top of a small fast picture."""
    def making(video=None, **fields):
        fields.setdefault("Video", {**mps.SMALL, **(video or {})})
        one_desk.transcode(one_desk.output(**fields))
        return one_desk.fetch(one_desk.key("a.mp4"), tmp_path)
    return making


@pytest.mark.parametrize("width, height", [("256", None), ("256", "256"), ("130", None)])
def test_width_and_height_set_the_size(make, width, height):
    path = make({"Width": width, **({"Height": height} if height else {})}, Clip=mps.BRIEF)
    video = pictures.picture(path)
    assert video["width"] == int(width)
    # The clip is 16:9; sizes are even whatever the proportion says.
    wanted = int(height) if height else int(width) * 9 / 16
    assert video["height"] % 2 == 0 and abs(video["height"] - wanted) <= 1, video["height"]
    assert video["sample_aspect_ratio"] == "1:1"


@pytest.mark.parametrize("fps", ["10", 12.5])
def test_fps_sets_the_frame_rate(make, fps):
    numerator, denominator = pictures.picture(make({"Fps": fps}))["avg_frame_rate"].split("/")
    assert int(numerator) / int(denominator) == pytest.approx(float(fps), rel=0.01)


def test_bitrate_sets_the_mean_rate(make):
    assert pictures.kbps(make({"Bitrate": "100"})) == pytest.approx(100, rel=0.3)
    assert pictures.kbps(make({"Bitrate": "400"})) == pytest.approx(400, rel=0.3)


def test_maxrate_and_bufsize_bound_the_rate(make):
    options = pictures.encoder_options(
        make({"Bitrate": "300", "Maxrate": "350", "Bufsize": "1200"}, Clip=mps.BRIEF))
    assert (options["bitrate"], options["vbv_maxrate"], options["vbv_bufsize"]) \
        == ("300", "350", "1200")


def test_crf_is_used_and_bitrate_ignored_beside_it(make):
    options = pictures.encoder_options(make({"Bitrate": "50", "Crf": "30"}, Clip=mps.BRIEF))
    assert options["rc"].startswith("crf") and float(options["crf"]) == 30


@pytest.mark.parametrize("gop, frames", [("25", 25), (50, 50), ("1s", 25), ("2s", 50)])
def test_gop_is_frames_or_seconds(make, gop, frames):
    numbers, total = pictures.key_frames(make({"Gop": gop}))
    assert numbers == list(range(0, total, frames))


def test_groups_last_ten_seconds_by_default(make):
    assert pictures.key_frames(make())[0] == [0]


@pytest.mark.parametrize("preset, effort", [("veryfast", "2"), ("fast", "6"), ("slow", "8")])
def test_preset_sets_the_encoders_effort(make, preset, effort):
    path = make({"Width": "160", "Preset": preset}, Clip=mps.BRIEF)
    assert pictures.encoder_options(path)["subme"] == effort


@pytest.mark.parametrize("profile, named", [
    ("baseline", "Constrained Baseline"), ("main", "Main"), ("high", "High")])
def test_profile_sets_the_profile(make, profile, named):
    # Without B frames and 8x8 transforms a stream of a higher profile would not show it.
    path = make({"Profile": profile, "Preset": "fast"}, Clip=mps.BRIEF)
    assert pictures.picture(path)["profile"] == named


def test_cbr_holds_the_rate(make):
    path = make({"Bitrate": "1000", "Maxrate": "1000", "Bufsize": "1000"},
                TransConfig={"TransMode": "CBR"})
    options = pictures.encoder_options(path)
    assert (options["bitrate"], options["vbv_maxrate"], options["vbv_bufsize"]) \
        == ("1000", "1000", "1000")
    assert pictures.kbps(path) == pytest.approx(1000, rel=0.2)


def test_onepass_may_be_named(make):
    path = make(TransConfig={"TransMode": "onepass"}, Clip=mps.BRIEF)
    assert pictures.picture(path)["width"] == 320


def test_audio_samplerate_bitrate_and_profile(make):
    audio = pictures.sound(make(Audio={"Codec": "AAC", "Profile": "aac_low",
                                       "Samplerate": "22050", "Bitrate": "32"}))
    assert (audio["codec_name"], audio["profile"], audio["sample_rate"]) == ("aac", "LC", "22050")
    assert int(audio["bit_rate"]) == pytest.approx(32000, rel=0.25)


@pytest.mark.parametrize("channels", ["1", 2, "6"])
def test_audio_channels(make, channels):
    path = make(Audio={"Channels": channels}, Clip=mps.BRIEF)
    assert pictures.sound(path)["channels"] == int(channels)


@pytest.mark.parametrize("video, fields, size", [
    ({"Crop": "640:720:320:0"}, {}, (320, 360)),
    ({"Pad": "480:360:10:20"}, {}, (480, 360)),
    ({}, {"Rotate": "90"}, (320, 568)),
    ({"LongShortMode": "true"}, {"Rotate": 270}, (180, 320)),
    ({"Height": "320"}, {"TransConfig": {"AdjDarMethod": "crop"}}, (320, 320)),
    ({"Height": "320"}, {"TransConfig": {"AdjDarMethod": "pad"}}, (320, 320)),
    ({"Width": "1920"}, {"TransConfig": {"IsCheckReso": "true"}}, (1280, 720)),
], ids=str)
def test_a_picture_is_cropped_turned_and_fitted(make, video, fields, size):
    made = pictures.picture(make(video, Clip=mps.BRIEF, **fields))
    assert (made["width"], made["height"], made["sample_aspect_ratio"]) == (*size, "1:1")


def test_a_source_that_is_too_small_fails_where_it_must(one_desk):
    [job] = one_desk.submit(one_desk.output(Video={**mps.SMALL, "Width": "1920"},
                                            TransConfig={"IsCheckResoFail": "true"}))
    [ended] = one_desk.wait(job["JobId"])
    assert ended["State"] == "TranscodeFail" and "1280x720" in ended["Message"]


def test_max_fps_bounds_the_frame_rate(make):
    assert pictures.picture(make({"MaxFps": "10"}, Clip=mps.BRIEF))["avg_frame_rate"] == "10/1"
    assert pictures.picture(make({"MaxFps": "50"}, Clip=mps.BRIEF))["avg_frame_rate"] == "25/1"


@pytest.mark.parametrize("form, profile", [("yuvj420p", "High"), ("yuv444p", "High 4:4:4 Predictive")])
def test_samples_have_the_form_that_is_asked_for(make, form, profile):
    made = pictures.picture(make({"PixFmt": form}, Clip=mps.BRIEF))
    assert (made["pix_fmt"], made["profile"]) == (form, profile)


def test_the_volume_is_changed_by_decibels(make):
    usual = pictures.mean_volume(make(Clip=mps.BRIEF))
    quiet = make(Clip=mps.BRIEF, Audio={"Volume": {"Method": "linear", "Level": "-10"}})
    assert pictures.mean_volume(quiet) - usual == pytest.approx(-10, abs=0.4)


@pytest.mark.parametrize("span, seconds", [
    ({"Seek": "1", "Duration": "2"}, 2),
    ({"Seek": "00:00:01.500", "Duration": "00:00:02"}, 2),
    ({"Seek": "3.5"}, CLIP_SECONDS - 3.5),
    ({"Duration": "00:00:01.200"}, 1.2),
    ({"Duration": 1.5}, 1.5),
    ({"End": "2"}, CLIP_SECONDS - 2),
    ({"Seek": "1", "End": "00:00:02.000", "Duration": "0.5"}, CLIP_SECONDS - 3),
    ({"Seek": "1", "Duration": "60"}, CLIP_SECONDS - 1),
], ids=str)
def test_clip_takes_a_part(make, span, seconds):
    path = make(Clip={"TimeSpan": span})
    assert float(pictures.picture(path)["duration"]) == pytest.approx(seconds, abs=0.12)
    assert float(pictures.sound(path)["duration"]) == pytest.approx(seconds, abs=0.12)


def test_a_clip_starts_where_seek_says(one_desk, tmp_path):
    # The first frame of a cut at 3 s is nearer to that of another such cut than to the clip's own.
    for name, seek in (("whole.mp4", "0"), ("cut.mp4", "3"), ("frame.mp4", "3.000")):
        one_desk.transcode(one_desk.output(name, Video={**mps.SMALL, "Crf": "18"},
                                           Clip={"TimeSpan": {"Seek": seek, "Duration": "1"}}))
    whole, cut, same = (one_desk.fetch(one_desk.key(name), tmp_path)
                        for name in ("whole.mp4", "cut.mp4", "frame.mp4"))
    assert pictures.likeness(cut, same) > 0.99
    assert pictures.likeness(cut, whole) < 0.95


def test_scalars_may_be_numbers_or_strings(make):
    path = make({"Width": 256, "Bitrate": 200, "Crf": 35}, Audio={"Channels": 1, "Bitrate": 48},
                Priority=7, Clip=mps.BRIEF)
    assert pictures.picture(path)["width"] == 256
    assert pictures.sound(path)["channels"] == 1


@pytest.mark.parametrize("remove", ["true", True])
def test_booleans_may_be_json_or_strings(make, remove):
    assert pictures.streams(make(Audio={"Remove": remove}, Clip=mps.BRIEF), "audio") == []


def test_nested_objects_may_be_json_in_strings(desk, tmp_path):
    output = desk.output(
        Video=json.dumps({"Width": "256", "Preset": "veryfast", "Crf": "35"}),
        Audio=json.dumps({"Channels": "1"}),
        Container=json.dumps({"Format": "mp4"}),
        TransConfig=json.dumps({"TransMode": "onepass"}),
        Clip=json.dumps({"TimeSpan": {"Seek": "1", "Duration": "1"}}))
    desk.transcode(output)
    path = desk.fetch(desk.key("a.mp4"), tmp_path)
    assert pictures.picture(path)["width"] == 256
    assert pictures.sound(path)["channels"] == 1
    assert pictures.seconds(path) == pytest.approx(1, abs=0.15)


def test_a_string_of_json_may_stand_one_level_deeper(make):
    path = make(Clip={"TimeSpan": json.dumps({"Seek": "1", "Duration": "1"})})
    assert pictures.seconds(path) == pytest.approx(1, abs=0.15)


def test_container_overrides_the_templates(make):
    path = make(TemplateId=mps.HLS_LD, Container={"Format": "mp4"}, Clip=mps.BRIEF)
    assert "mp4" in pictures.probe(path)["format"]["format_name"]


def test_what_is_not_overridden_stays_the_templates(make):
    # Level LD of the table: 640 wide, sound at 64 Kbps.
    path = make(Video={"Preset": "veryfast"})
    assert pictures.picture(path)["width"] == 640
    sound = pictures.sound(path)
    assert int(sound["bit_rate"]) == pytest.approx(64000, rel=0.25)
    assert (sound["sample_rate"], sound["channels"]) == ("44100", 2)
