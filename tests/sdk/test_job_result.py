"""The Job object: what is echoed, what is filled in, and as which type."""
import pytest

import mps
import pictures
import processes


def test_a_submitted_job_echoes_the_request(desk):
    desk.pause()
    [job] = desk.submit(desk.output(Priority="9", UserData="größe 1"))
    assert job["JobId"] == job["JobId"].lower() and len(job["JobId"]) == 32
    assert job["State"] == "Submitted"
    assert job["PipelineId"] == desk.pipeline
    assert mps.TIME.fullmatch(job["CreationTime"])
    assert job["Percent"] == 0
    assert not job.get("Code") and not job.get("Message")
    assert not job.get("FinishTime")
    assert job["Input"] == desk.input()
    output = job["Output"]
    assert output["OutputFile"]["Bucket"] == desk.bucket
    assert output["OutputFile"]["Location"] == mps.LOCATION
    assert output["OutputFile"]["Object"] == mps.percent(desk.key("a.mp4"))
    assert output["TemplateId"] == mps.MP4_LD
    assert (output["Priority"], output["UserData"]) == ("9", "größe 1")
    assert output["Video"]["Width"] == "320"
    assert output["Video"]["Preset"] == "veryfast"
    assert output["Video"]["Bitrate"] == "200"


def test_a_submitted_job_reads_the_same_later(desk):
    desk.pause()
    clip = {"TimeSpan": {"Seek": "1", "Duration": "2"}}
    [job] = desk.submit(desk.output(UserData="again", Clip=clip))
    read = desk.query(job["JobId"])[job["JobId"]]
    for field in ("JobId", "State", "PipelineId", "CreationTime", "Input"):
        assert read[field] == job[field]
    for field in ("OutputFile", "TemplateId", "Priority", "UserData", "Video", "Clip"):
        assert read["Output"][field] == job["Output"][field]
    assert read["Output"]["Clip"] == clip


@pytest.mark.parametrize("given, shown", [(None, "6"), ("1", "1"), (10, "10")])
def test_priority_is_text_and_six_by_default(one_desk, given, shown):
    one_desk.pause()
    [job] = one_desk.submit(one_desk.output(Priority=given))
    assert job["Output"]["Priority"] == shown


def test_user_data_may_have_1024_bytes_and_no_more(one_desk):
    one_desk.pause()
    [job] = one_desk.submit(one_desk.output(UserData="ü" * 512))
    assert job["Output"]["UserData"] == "ü" * 512
    code, message = one_desk.refused(one_desk.output(UserData="ü" * 512 + "x"))
    assert code.startswith("InvalidParameter") and "UserData" in message


def test_a_finished_job_says_so(desk):
    [job] = desk.transcode(desk.output(UserData="done", Clip=mps.BRIEF))
    assert job["Percent"] == 100 and isinstance(job["Percent"], int)
    assert mps.TIME.fullmatch(job["FinishTime"])
    assert job["FinishTime"] >= job["CreationTime"]
    assert not job.get("Code") and not job.get("Message")
    assert isinstance(job.get("MNSMessageResult") or {}, dict)


def test_properties_are_what_ffprobe_says_of_the_output(desk, tmp_path):
    [job] = desk.transcode(desk.output())
    path = desk.fetch(desk.key("a.mp4"), tmp_path)
    probed = pictures.probe(path)
    video, audio = pictures.picture(path), pictures.sound(path)
    properties = job["Output"]["Properties"]
    size = path.stat().st_size
    assert (properties["Width"], properties["Height"]) == ("320", "180")
    assert int(properties["FileSize"]) == size
    duration = float(probed["format"]["duration"])
    assert float(properties["Duration"]) == pytest.approx(duration, abs=1)
    assert float(properties["Fps"]) == pytest.approx(25, abs=0.01)
    assert float(properties["Bitrate"]) == pytest.approx(
        int(probed["format"]["bit_rate"]) / 1000, rel=0.02)

    file_format = properties["Format"]
    assert file_format["NumStreams"] == "2"
    assert file_format["FormatName"] == probed["format"]["format_name"]
    assert file_format["FormatLongName"] == probed["format"]["format_long_name"]
    assert float(file_format["Duration"]) == pytest.approx(duration)
    assert int(file_format["Size"]) == size
    assert float(file_format["StartTime"]) == pytest.approx(float(probed["format"]["start_time"]))

    [shown] = properties["Streams"]["VideoStreamList"]["VideoStream"]
    for ours, theirs in {"Index": "index", "CodecName": "codec_name", "Profile": "profile",
                         "CodecLongName": "codec_long_name", "Width": "width", "Height": "height",
                         "CodecTagString": "codec_tag_string", "CodecTag": "codec_tag",
                         "HasBFrames": "has_b_frames", "Sar": "sample_aspect_ratio",
                         "Dar": "display_aspect_ratio", "PixFmt": "pix_fmt", "Level": "level",
                         "AvgFPS": "avg_frame_rate", "Timebase": "time_base",
                         "NumFrames": "nb_frames"}.items():
        assert shown[ours] == str(video[theirs]), ours
    for ours, theirs in (("StartTime", "start_time"), ("Duration", "duration")):
        assert float(shown[ours]) == pytest.approx(float(video[theirs]), abs=0.001), ours
    assert rate_of(shown["Fps"]) == pytest.approx(25, abs=0.01)

    [shown] = properties["Streams"]["AudioStreamList"]["AudioStream"]
    for ours, theirs in {"Index": "index", "CodecName": "codec_name",
                         "CodecLongName": "codec_long_name", "CodecTagString": "codec_tag_string",
                         "CodecTag": "codec_tag", "SampleFmt": "sample_fmt",
                         "Samplerate": "sample_rate", "Channels": "channels",
                         "ChannelLayout": "channel_layout", "Timebase": "time_base",
                         "NumFrames": "nb_frames"}.items():
        assert shown[ours] == str(audio[theirs]), ours
    for ours, theirs in (("StartTime", "start_time"), ("Duration", "duration")):
        assert float(shown[ours]) == pytest.approx(float(audio[theirs]), abs=0.001), ours


def rate_of(text):
    numerator, _, denominator = text.partition("/")
    return float(numerator) / float(denominator or 1)


def test_a_silent_output_lists_no_audio_stream(one_desk):
    [job] = one_desk.transcode(one_desk.output(Audio={"Remove": "true"}, Clip=mps.BRIEF))
    streams = job["Output"]["Properties"]["Streams"]
    assert len(streams["VideoStreamList"]["VideoStream"]) == 1
    listed = streams.get("AudioStreamList") or {}
    assert not listed.get("AudioStream")


def test_percent_is_an_integer_while_a_job_runs(one_desk):
    running = one_desk.running_job()
    job = one_desk.query(running)[running]
    assert isinstance(job["Percent"], int) and 0 <= job["Percent"] < 100
    assert not job.get("FinishTime")
    assert "Properties" not in job["Output"] or not job["Output"]["Properties"].get("Streams")
    one_desk.stop(running)


def test_percent_grows_while_a_job_runs(one_desk):
    running = one_desk.running_job()
    percent = 0

    def grown():
        nonlocal percent
        now = one_desk.query(running)[running]["Percent"]
        assert percent <= now < 100, "progress went back"
        percent = now
        return percent >= 2
    processes.wait_until(grown, 20, "some progress")
    one_desk.stop(running)


def test_a_job_of_the_native_api_is_shown_from_its_spec(desk, native):
    # Another dialect made it: only the common fields can be expected.
    desk.pause()
    created = native.call("POST", "/jobs", json={
        "input": f"oss://media/{desk.source('bbb_720p25_aac51.mp4')}",
        "pipeline": desk.pipeline, "priority": 3,
        "outputs": [{"object": f"oss://media/{desk.key('n.mp4')}", "preset": "web-240p"}]})
    job = desk.query(created["id"])[created["id"]]
    assert (job["State"], job["PipelineId"]) == ("Submitted", desk.pipeline)
    assert (job["Input"]["Bucket"], job["Input"]["Object"]) == (
        "media", "clips/bbb_720p25_aac51.mp4")
    assert job["Output"]["OutputFile"]["Object"] == desk.key("n.mp4")
    assert job["Output"]["Priority"] == "3"
    desk.mts.call("CancelJob", JobId=created["id"])
