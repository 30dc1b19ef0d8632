"""Jobs that fail, and how soon and in which words."""
import json
import time

import pytest

import mps

# Seconds: much more than a job that cannot work needs on a busy machine.
AT_ONCE = 60


def failed(desk, clip="bbb_720p25_aac51.mp4", **options):
    begun = time.monotonic()
    [submitted] = desk.submit(desk.output(), clip=clip, **options)
    [job] = desk.wait(submitted["JobId"])
    assert job["State"] == "TranscodeFail", job
    assert mps.TIME.fullmatch(job["FinishTime"])
    assert job["Message"]
    assert not (job["Output"].get("Properties") or {}).get("Streams")
    assert desk.keys() == [], "a failed job left files"
    return job, time.monotonic() - begun


def test_a_missing_source_fails_the_job(desk):
    source = {"Bucket": desk.bucket, "Location": mps.LOCATION, "Object": "not/there.mp4"}
    job, took = failed(desk, Input=source)
    assert job["Code"] == "InvalidParameter.ResourceNotFound"
    assert job["Message"].startswith('The resource operated "not/there.mp4" cannot be found.')
    assert took < AT_ONCE


def test_a_source_bucket_that_does_not_exist_is_refused(desk):
    # It is shared by all outputs, so the call fails as a whole.
    source = json.dumps({"Bucket": "no-such-bucket", "Location": mps.LOCATION, "Object": "a.mp4"})
    desk.mts.refuses(404, "InvalidParameter.ResourceNotFound",
                     'The resource operated "no-such-bucket" cannot be found.', "SubmitJobs",
                     Input=source, OutputBucket=desk.bucket, PipelineId=desk.pipeline,
                     Outputs=json.dumps([desk.output()]))


def test_a_source_that_cannot_be_decoded_fails_within_seconds(desk):
    job, took = failed(desk, clip="broken_missing_stsd.mp4")
    assert job["Code"] == "InvalidParameter.ResourceContentBad"
    assert job["Message"].startswith(
        'The resource operated "clips/broken_missing_stsd.mp4" is bad.')
    assert took < AT_ONCE


@pytest.mark.parametrize("content", [b"", b"this is no film\n" * 1000], ids=["empty", "text"])
def test_a_source_that_is_no_media_fails_within_seconds(one_desk, content):
    key = f"{mps.unique('in')}/no-film.mp4"
    one_desk.native.put_object(one_desk.bucket, key, content)
    job, took = failed(one_desk, Input={"Bucket": one_desk.bucket, "Location": mps.LOCATION,
                                        "Object": key})
    assert job["Code"] == "InvalidParameter.ResourceContentBad"
    assert took < AT_ONCE


def test_a_truncated_source_with_whole_frames_is_made_or_fails_as_bad(one_desk):
    [submitted] = one_desk.submit(one_desk.output(), clip="broken_mdat_too_long.mp4")
    [job] = one_desk.wait(submitted["JobId"])
    assert (job["State"], job.get("Code") or None) in {
        ("TranscodeSuccess", None), ("TranscodeFail", "InvalidParameter.ResourceContentBad")}


def test_a_cut_that_begins_after_the_end_fails_the_job(one_desk):
    [submitted] = one_desk.submit(one_desk.output(Clip={"TimeSpan": {"Seek": "60"}}))
    [job] = one_desk.wait(submitted["JobId"])
    assert job["State"] == "TranscodeFail" and job["Code"] and job["Message"]
    assert one_desk.keys() == []


def test_a_failed_job_does_not_touch_its_siblings(one_desk):
    jobs = one_desk.submit(one_desk.output("good.mp4"),
                           one_desk.output("bad.mp4", Clip={"TimeSpan": {"Seek": "60"}}))
    good, bad = one_desk.wait(*(job["JobId"] for job in jobs))
    assert (good["State"], bad["State"]) == ("TranscodeSuccess", "TranscodeFail")
    assert one_desk.keys() == [one_desk.key("good.mp4")]
