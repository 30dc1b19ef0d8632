"""Failed jobs that the native API queues again, as both APIs show them."""
import mps
import pytest


@pytest.fixture
def failed(desk):
    """Submits a job whose source is missing, and returns the ids of it and of the source's object."""
    def failing(name="a.mp4"):
        key = f"{mps.unique('late')}/in.mp4"
        [job] = desk.submit(desk.output(name, Clip=mps.BRIEF), Input={
            "Bucket": desk.bucket, "Location": mps.LOCATION, "Object": key})
        [ended] = desk.wait(job["JobId"])
        assert (ended["State"], ended["Code"]) == (
            "TranscodeFail", "InvalidParameter.ResourceNotFound")
        return job["JobId"], key
    return failing


def retry(desk, job_id):
    return desk.native.request("POST", f"/jobs/{job_id}/retry")


def test_a_retried_job_is_submitted_and_can_be_cancelled(desk, failed):
    job_id, _ = failed()
    desk.pause()
    answer = retry(desk, job_id)
    assert answer.status_code == 200 and answer.json()["state"] == "queued"
    shown = desk.query(job_id)[job_id]
    assert (shown["State"], shown["Percent"]) == ("Submitted", 0)
    assert not {"Code", "Message", "FinishTime"} & {name for name in shown if shown[name]}
    listed = desk.mts.call("ListJob", State="Submitted", PipelineId=desk.pipeline)
    assert [job["JobId"] for job in listed["JobList"]["Job"]] == [job_id]
    assert desk.mts.call("CancelJob", JobId=job_id)["JobId"] == job_id
    desk.resume()
    assert desk.state(job_id) == "TranscodeCancelled"
    refused = retry(desk, job_id)
    assert refused.status_code == 409
    assert (refused.json()["code"], refused.json()["state"]) == ("retry_refused", "cancelled")
    assert desk.keys() == []


def test_a_retried_job_succeeds_once_its_source_is_there(desk, failed, media):
    job_id, key = failed()
    desk.native.put_object(desk.bucket, key, media / "bbb_720p25_aac51.mp4")
    assert retry(desk, job_id).status_code == 200
    [ended] = desk.wait(job_id)
    assert ended["State"] == "TranscodeSuccess" and mps.TIME.fullmatch(ended["FinishTime"])
    assert desk.keys() == [desk.key("a.mp4")]
    native = desk.native.call("GET", f"/jobs/{job_id}")
    assert (native["state"], native["attempt"], native["fault"]) == ("succeeded", 2, None)
    events = desk.native.call("GET", f"/jobs/{job_id}/history")["events"]
    assert [event["event"] for event in events] == [
        "queued", "started", "attempt_failed", "failed", "retried", "started", "succeeded"]
    assert [event["attempt"] for event in events] == [0, 1, 1, 1, 1, 2, 2]
    assert events[2]["code"] == "source_missing" and events[2]["again"] is False


def test_only_failed_jobs_are_queued_again(one_desk):
    one_desk.pause()
    [job] = one_desk.submit(one_desk.output(Clip=mps.BRIEF))
    refused = retry(one_desk, job["JobId"])
    assert (refused.status_code, refused.json()["state"]) == (409, "queued")
    one_desk.resume()
    one_desk.wait(job["JobId"])
    refused = retry(one_desk, job["JobId"])
    assert (refused.status_code, refused.json()["state"]) == (409, "succeeded")
