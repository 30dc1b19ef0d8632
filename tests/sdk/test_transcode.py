"""A clip goes in, a file comes out: containers, streams, geometry."""
import pytest

import mps
import pictures

PHONE = "phone_vfr_hevc_rot90_2video.mp4"
ANAMORPHIC = "bbb_sar64x45_bpyramid.mp4"


def made(desk, tmp_path, output, name="a.mp4", clip="bbb_720p25_aac51.mp4"):
    """The file that an output becomes."""
    desk.transcode(output, clip=clip)
    return desk.fetch(desk.key(name), tmp_path)


def test_a_preset_makes_an_mp4_with_its_width_and_proportional_height(desk, tmp_path):
    path = made(desk, tmp_path, desk.output(template="S00000001-200010", Video=None))
    video, audio = pictures.picture(path), pictures.sound(path)
    assert (video["codec_name"], video["width"], video["height"]) == ("h264", 640, 360)
    assert video["pix_fmt"] == "yuv420p"
    assert (audio["codec_name"], audio["profile"], audio["channels"]) == ("aac", "LC", 2)
    assert pictures.seconds(path) == pytest.approx(5.3, abs=0.15)
    assert pictures.header_is_first(path)


def test_a_preset_enlarges_a_smaller_source(one_desk, tmp_path):
    # "No resolution/bitrate check, so upscaling happens."
    output = one_desk.output(template="S00000001-200030", Video={"Preset": "veryfast"},
                             Clip={"TimeSpan": {"Seek": "0", "Duration": "1"}})
    path = made(one_desk, tmp_path, output, clip=ANAMORPHIC)
    assert pictures.picture(path)["width"] == 1280


def test_several_outputs_make_one_job_each_in_their_order(desk, tmp_path):
    sizes = [(320, 180), (256, 144), (192, 108)]
    outputs = [desk.output(f"{width}.mp4", UserData=str(width), Clip=mps.BRIEF,
                           Video={"Width": width, "Preset": "veryfast", "Bitrate": "100"})
               for width, _ in sizes]
    jobs = desk.transcode(*outputs)
    assert len({job["JobId"] for job in jobs}) == 3
    assert [job["Output"]["UserData"] for job in jobs] == ["320", "256", "192"]
    for width, height in sizes:
        video = pictures.picture(desk.fetch(desk.key(f"{width}.mp4"), tmp_path))
        assert (video["width"], video["height"]) == (width, height)


def test_a_refused_output_stands_in_its_place_between_accepted_ones(desk):
    results = desk.submit_raw([
        desk.output("first.mp4", Clip=mps.BRIEF),
        desk.output("second.mp4", template="S00000001-999999"),
        desk.output("third.mp4", Clip=mps.BRIEF),
        desk.output("fourth.mp4", Video={"Width": "127"}),
    ])
    assert [result["Success"] for result in results] == [True, False, True, False]
    for result, code in ((results[1], "InvalidParameter.TemplateNotFound"),
                         (results[3], "InvalidParameter.OutOfRange")):
        assert result["Code"] == code and result["Message"], result
        assert result.get("Job") is None
    for result in (results[0], results[2]):
        assert not result.get("Code") and not result.get("Message"), result
    jobs = desk.wait(results[0]["Job"]["JobId"], results[2]["Job"]["JobId"])
    assert [job["State"] for job in jobs] == ["TranscodeSuccess"] * 2
    assert desk.keys() == [desk.key("first.mp4"), desk.key("third.mp4")]


def test_an_unknown_templates_message_names_it(desk):
    code, message = desk.refused(desk.output(template="0123456789abcdef0123456789abcdef"))
    assert code == "InvalidParameter.TemplateNotFound"
    assert message == 'The Template operated "0123456789abcdef0123456789abcdef" cannot be found.'


def test_a_rotated_clip_comes_out_upright_with_its_sides_swapped(one_desk, tmp_path):
    # Coded 1440x1080 and turned by 90 degrees: a player shows 1080x1440.
    output = one_desk.output(Video={"Width": 324, "Preset": "veryfast"})
    path = made(one_desk, tmp_path, output, clip=PHONE)
    video = pictures.picture(path)
    assert (video["width"], video["height"]) == (324, 432)
    assert pictures.rotations(path) == []


def test_an_anamorphic_clip_gets_square_pixels_and_keeps_its_shape(one_desk, tmp_path):
    path = made(one_desk, tmp_path, one_desk.output(), clip=ANAMORPHIC)
    video = pictures.picture(path)
    assert video["sample_aspect_ratio"] == "1:1"
    # 800x640 with pixels of 64:45 is shown as 16:9.
    assert (video["width"], video["height"]) == (320, 180)


def test_a_silent_clip_gives_video_only(one_desk, tmp_path):
    path = made(one_desk, tmp_path, one_desk.output(), clip=ANAMORPHIC)
    assert pictures.streams(path, "audio") == []
    assert pictures.picture(path)["codec_name"] == "h264"


@pytest.mark.parametrize("clip", ["speech_libri_5703.ogg", "bbb_720p25_aac51.mp4"])
def test_video_removed_leaves_sound_only(one_desk, tmp_path, clip):
    path = made(one_desk, tmp_path, one_desk.output(Video={"Remove": "true"}), clip=clip)
    assert pictures.streams(path, "video") == []
    assert pictures.sound(path)["codec_name"] == "aac"


def test_audio_removed_leaves_video_only(one_desk, tmp_path):
    path = made(one_desk, tmp_path, one_desk.output(Audio={"Remove": "true"}))
    assert pictures.streams(path, "audio") == []
    assert pictures.picture(path)["width"] == 320


def test_a_job_of_one_generation_is_read_by_the_other(server, shapes, desk):
    [job] = desk.transcode(desk.output(Clip=mps.BRIEF))
    other = "old" if desk.mts.generation == "new" else "new"
    [read] = mps.GENERATIONS[other](server, shapes).call(
        "QueryJobList", JobIds=job["JobId"])["JobList"]["Job"]
    assert (read["JobId"], read["State"]) == (job["JobId"], "TranscodeSuccess")


def test_an_existing_object_is_replaced(one_desk, tmp_path):
    key = one_desk.key("a.mp4")
    one_desk.native.put_object(one_desk.bucket, key, b"old")
    path = made(one_desk, tmp_path, one_desk.output(Clip=mps.BRIEF))
    assert pictures.picture(path)["width"] == 320
    assert one_desk.keys() == [key]
