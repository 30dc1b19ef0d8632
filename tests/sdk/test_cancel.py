"""CancelJob: a job is cancelled only while it is Submitted, and then it never runs."""
import re
import time

import pytest
from alibabacloud_tea_openapi.exceptions import ClientException
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

import harness
import mps

UNKNOWN = "0123456789abcdef0123456789abcdef"
NO_UUID = ('The parameter "JobId" is invalid.A uuid must:1)be comprised of chracters[a-f],'
           'numbers[0-9];2)be 32 characters long.')


def test_a_submitted_job_is_cancelled_and_the_answer_is_the_pages(desk):
    desk.pause()
    [job] = desk.submit(desk.output())
    answer = desk.mts.call("CancelJob", JobId=job["JobId"])
    assert set(answer) == {"RequestId", "JobId"}
    assert answer["JobId"] == job["JobId"]
    assert mps.REQUEST_ID.fullmatch(answer["RequestId"])
    read = desk.query(job["JobId"])[job["JobId"]]
    assert read["State"] == "TranscodeCancelled"
    assert read["JobId"] == job["JobId"]


def test_pause_submit_cancel_resume_runs_all_but_the_cancelled_one(desk):
    desk.pause()
    jobs = desk.submit(*(desk.output(f"{name}.mp4", Clip=mps.BRIEF) for name in "abc"))
    ids = [job["JobId"] for job in jobs]
    assert {job["State"] for job in desk.query(*ids).values()} == {"Submitted"}
    desk.mts.call("CancelJob", JobId=ids[1])
    desk.resume()
    ended = desk.wait(*ids)
    assert [job["State"] for job in ended] == [
        "TranscodeSuccess", "TranscodeCancelled", "TranscodeSuccess"]
    assert not (ended[1]["Output"].get("Properties") or {}).get("Streams")
    assert desk.keys() == [desk.key("a.mp4"), desk.key("c.mp4")]


def test_a_paused_pipeline_keeps_its_jobs_while_another_works(one_desk, server):
    one_desk.pause()
    [job] = one_desk.submit(one_desk.output())
    default = server.credentials["pipeline_id"]
    one_desk.transcode(one_desk.output("other.mp4", Clip=mps.BRIEF),
                       PipelineId=default)
    assert one_desk.state(job["JobId"]) == "Submitted"
    assert one_desk.keys() == [one_desk.key("other.mp4")]


def test_an_absent_job_id_is_missing(mts):
    mts.refuses(400, "MissingJobId", "JobId is mandatory for this action.", "CancelJob")


def test_an_absent_job_id_is_missing_in_a_common_request(server):
    client = AcsClient(server.credentials["access_key_id"],
                                   server.credentials["access_key_secret"], harness.REGION)
    request = CommonRequest(domain=server.address, version="2014-06-18", action_name="CancelJob")
    with pytest.raises(ServerException) as raised:
        client.do_action_with_exception(request)
    assert raised.value.get_http_status() == 400
    assert raised.value.get_error_code() == "MissingJobId"
    assert raised.value.get_error_msg() == "JobId is mandatory for this action."


def test_an_empty_job_id_is_empty(mts):
    mts.refuses(400, "InvalidParameter.EmptyValue",
                'The specified parameter "JobId" cannot be empty.', "CancelJob", JobId="")


@pytest.mark.parametrize("job_id", [
    "j+1", "0123", UNKNOWN + "0", UNKNOWN[:-1] + "g", UNKNOWN.upper(),
    "01234567-89ab-cdef-0123-456789abcdef", "d1ce4d3efcb549419193f50f1fcd****", "ü" * 32,
    f"{UNKNOWN},{UNKNOWN}"])
def test_a_job_id_of_another_form_is_no_uuid(mts, job_id):
    mts.refuses(400, "InvalidParameter.UUIDFormatInvalid", NO_UUID, "CancelJob", JobId=job_id)


def test_an_unknown_job_is_not_found(mts):
    mts.refuses(404, "InvalidParameter.ResourceNotFound",
                f'The resource operated "{UNKNOWN}" cannot be found.', "CancelJob", JobId=UNKNOWN)


def test_a_running_job_is_refused_and_runs_on(desk):
    running = desk.running_job()
    desk.mts.refuses(403, "PermissionDenied.JobInRunning",
                     f'The Job operated "{running}" is running, cannot cancel.',
                     "CancelJob", JobId=running)
    assert desk.state(running) == "Transcoding"
    desk.stop(running)


def test_a_finished_job_is_refused(desk):
    [job] = desk.transcode(desk.output(Clip=mps.BRIEF))
    desk.mts.refuses(403, "PermissionDenied.JobInComplete",
                     f'The Job operated "{job["JobId"]}" is complete, cannot cancel.',
                     "CancelJob", JobId=job["JobId"])
    assert desk.state(job["JobId"]) == "TranscodeSuccess"


def test_a_failed_job_is_refused(desk):
    source = {"Bucket": desk.bucket, "Location": mps.LOCATION, "Object": "not/there.mp4"}
    [job] = desk.submit(desk.output(), Input=source)
    desk.wait(job["JobId"], states={"TranscodeFail"})
    desk.mts.refuses(403, "PermissionDenied.JobInFailure",
                     f'The Job operated "{job["JobId"]}" is failure, cannot cancel.',
                     "CancelJob", JobId=job["JobId"])


def test_a_cancelled_job_is_refused_a_second_time(desk):
    desk.pause()
    [job] = desk.submit(desk.output())
    desk.mts.call("CancelJob", JobId=job["JobId"])
    refusal = desk.mts.refused("CancelJob", JobId=job["JobId"])
    # The vendor documents no code for it; this one is our choice, see docs/mps.md.
    assert (refusal.status, refusal.code) == (400, "InvalidParameter.InvalidState")
    assert refusal.message == 'The specified parameter "JobId" is invalid.'
    assert desk.state(job["JobId"]) == "TranscodeCancelled"


def test_refusals_are_the_sdks_own_exceptions(mts):
    refusal = mts.refused("CancelJob", JobId=UNKNOWN)
    wanted = ClientException if mts.generation == "new" else ServerException
    assert type(refusal.error) is wanted


def test_a_job_stopped_by_the_native_api_is_cancelled_and_leaves_nothing(one_desk):
    running = one_desk.running_job()
    one_desk.stop(running)
    assert one_desk.state(running) == "TranscodeCancelled"
    assert one_desk.keys() == []


def test_resume_dispatches_at_once(one_desk):
    one_desk.pause()
    [job] = one_desk.submit(one_desk.output("large.mp4", Video=mps.LARGE))
    begun = time.monotonic()
    one_desk.resume()
    one_desk.wait(job["JobId"], states={"Transcoding"})
    print(f"resume to Transcoding, as seen through the SDK: {time.monotonic() - begun:.3f} s")
    one_desk.stop(job["JobId"])


def test_a_submit_is_dispatched_at_once(one_desk):
    begun = time.monotonic()
    running = one_desk.running_job()
    took = time.monotonic() - begun
    print(f"submit to Transcoding, as seen through the SDK: {took:.3f} s")
    assert took < 30
    one_desk.stop(running)


def test_a_race_of_cancels_against_a_resume_has_one_winner_each(one_desk):
    # Whoever was told "cancelled" has no output; whoever was refused has one.
    one_desk.pause()
    names = [f"{number:02}.mp4" for number in range(8)]
    ids = [job["JobId"] for job in one_desk.submit(*(
        one_desk.output(name, Video={"Width": "128", "Preset": "veryfast"},
                        Clip={"TimeSpan": {"Duration": "0.5"}}) for name in names))]
    one_desk.resume()
    cancelled = set()
    for job_id in reversed(ids):
        try:
            one_desk.mts.call("CancelJob", JobId=job_id)
            cancelled.add(job_id)
        except ClientException as error:
            assert re.fullmatch("PermissionDenied.JobIn(Running|Complete)", error.code)
    states = {job["JobId"]: job["State"] for job in one_desk.wait(*ids)}
    assert states == {job_id: "TranscodeCancelled" if job_id in cancelled else "TranscodeSuccess"
                      for job_id in ids}
    assert one_desk.keys() == [one_desk.key(name) for name, job_id in zip(names, ids)
                               if job_id not in cancelled]
