"""QueryJobList and ListJob."""
import datetime

import pytest

import mps

UNKNOWN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def paused(one_desk):
    """Submits jobs that stay where they are; their ids, oldest first."""
    one_desk.pause()

    def submitting(count):
        ids = []
        while len(ids) < count:
            ids += [job["JobId"] for job in one_desk.submit(*(
                one_desk.output(f"{len(ids) + number}.mp4")
                for number in range(min(3, count - len(ids)))))]
        return ids
    return submitting


def listed(mts, **parameters):
    """The ids of one page, and its token."""
    answer = mts.call("ListJob", **parameters)
    return [job["JobId"] for job in answer["JobList"]["Job"]], answer.get("NextPageToken")


def walked(mts, size, **parameters):
    """The ids of all pages."""
    ids, token = [], None
    while True:
        page, token = listed(mts, MaximumPageSize=size, **parameters,
                             **({"NextPageToken": token} if token else {}))
        assert len(page) <= size
        ids += page
        if not token:
            return ids
        assert len(page) == size, "a page before the last is not full"
        assert len(ids) < 10000


def at(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_query_answers_newest_first_whatever_was_asked_first(mts, paused):
    ids = paused(4)
    for asked in (ids, ids[::-1], [ids[2], ids[0], ids[3], ids[1]]):
        answer = mts.call("QueryJobList", JobIds=",".join(asked))
        jobs = answer["JobList"]["Job"]
        assert {job["JobId"] for job in jobs} == set(ids)
        times = [job["CreationTime"] for job in jobs]
        assert times == sorted(times, reverse=True)
        # A second is long: within it, jobs made later come first too.
        assert [job["JobId"] for job in jobs] == sorted(
            (job["JobId"] for job in jobs), key=ids.index, reverse=True)
        assert "NonExistJobIds" not in answer


def test_query_lists_missing_jobs_apart(mts, paused):
    [job] = paused(1)
    answer = mts.call("QueryJobList", JobIds=f"{UNKNOWN},{job}")
    assert [found["JobId"] for found in answer["JobList"]["Job"]] == [job]
    assert answer["NonExistJobIds"] == {"String": [UNKNOWN]}
    answer = mts.call("QueryJobList", JobIds=UNKNOWN)
    assert answer["JobList"] == {"Job": []}
    assert answer["NonExistJobIds"] == {"String": [UNKNOWN]}


def test_query_takes_ten_ids_and_no_more(mts, paused):
    ids = paused(9) + [f"{number:032x}" for number in range(2)]
    answer = mts.call("QueryJobList", JobIds=",".join(ids[:10]))
    assert len(answer["JobList"]["Job"]) == 9
    assert answer["NonExistJobIds"] == {"String": [ids[9]]}
    refusal = mts.refused("QueryJobList", JobIds=",".join(ids))
    assert refusal.status == 400 and refusal.code.startswith("InvalidParameter"), refusal
    assert "JobIds" in refusal.message


def test_query_without_ids_is_invalid(mts):
    mts.refuses(400, "InvalidParameter", 'The specified parameter "JobIds" is invalid.',
                "QueryJobList")


@pytest.mark.parametrize("ids", ["x", f"{UNKNOWN},y", UNKNOWN.upper()])
def test_query_refuses_ids_of_another_form(mts, ids):
    mts.refuses(400, "InvalidParameter.UUIDFormatInvalid", None, "QueryJobList", JobIds=ids)


def test_query_answers_a_repeated_id_once(one_mts, paused):
    [job] = paused(1)
    answer = one_mts.call("QueryJobList", JobIds=f"{job},{job}")
    assert [found["JobId"] for found in answer["JobList"]["Job"]] == [job]


def test_list_filters_by_pipeline_newest_first(mts, one_desk, paused):
    ids = paused(5)
    page, token = listed(mts, PipelineId=one_desk.pipeline)
    assert (page, token) == (ids[::-1], None)


def test_list_walks_all_pages_without_gap_or_repeat(mts, one_desk, paused):
    ids = paused(7)
    for size in (1, 2, 3, 7, 100):
        assert walked(mts, size, PipelineId=one_desk.pipeline) == ids[::-1], size


def test_list_walks_on_while_jobs_are_added(mts, one_desk, paused):
    ids = paused(4)
    first, token = listed(mts, PipelineId=one_desk.pipeline, MaximumPageSize=2)
    paused(2)
    second, token = listed(mts, PipelineId=one_desk.pipeline, MaximumPageSize=2,
                           NextPageToken=token)
    assert first + second == ids[::-1]
    assert not token


def test_a_page_has_ten_jobs_by_default_and_a_token_of_32_digits(mts, one_desk, paused):
    ids = paused(12)
    page, token = listed(mts, PipelineId=one_desk.pipeline)
    assert page == ids[:1:-1]
    assert len(token) == 32 and int(token, 16) >= 0
    page, token = listed(mts, PipelineId=one_desk.pipeline, NextPageToken=token)
    assert (page, token) == (ids[1::-1], None)


@pytest.mark.parametrize("size", [0, 101, -1])
def test_a_page_size_out_of_range_is_refused(mts, size):
    refusal = mts.refused("ListJob", MaximumPageSize=size)
    assert refusal.status == 400 and "MaximumPageSize" in refusal.message, refusal
    assert refusal.code in ("InvalidParameter.OutOfRange", "InvalidMaximumPageSize"), refusal


def test_list_filters_by_state(mts, one_desk):
    source = {"Bucket": one_desk.bucket, "Location": mps.LOCATION, "Object": "not/there.mp4"}
    [failed] = one_desk.submit(one_desk.output(), Input=source)
    [done] = one_desk.submit(one_desk.output(Clip={"TimeSpan": {"Duration": "0.5"}}))
    one_desk.wait(failed["JobId"], done["JobId"])
    running = one_desk.running_job()
    one_desk.pause()
    waiting, cancelled = one_desk.submit(one_desk.output("w.mp4"), one_desk.output("c.mp4"))
    one_desk.mts.call("CancelJob", JobId=cancelled["JobId"])
    wanted = {"TranscodeFail": failed["JobId"], "TranscodeSuccess": done["JobId"],
              "Transcoding": running, "Submitted": waiting["JobId"],
              "TranscodeCancelled": cancelled["JobId"]}
    for state, job in wanted.items():
        page, _ = listed(mts, PipelineId=one_desk.pipeline, State=state)
        assert page == [job], state
    for parameters in ({"State": "All"}, {}):
        page, _ = listed(mts, PipelineId=one_desk.pipeline, **parameters)
        assert set(page) == set(wanted.values())
    one_desk.stop(running)


def test_list_filters_by_time_of_creation(mts, one_desk, paused):
    ids = paused(3)
    jobs = one_desk.query(*ids)
    made = [datetime.datetime.strptime(job["CreationTime"], "%Y-%m-%dT%H:%M:%SZ")
            for job in jobs.values()]
    second = datetime.timedelta(seconds=1)
    before, after = at(min(made) - second), at(max(made) + second)
    pipeline = {"PipelineId": one_desk.pipeline}
    inside, _ = listed(mts, StartOfJobCreatedTimeRange=before, EndOfJobCreatedTimeRange=after,
                       **pipeline)
    assert inside == ids[::-1]
    # The very second that the jobs show must find them.
    exact, _ = listed(mts, StartOfJobCreatedTimeRange=at(min(made)),
                      EndOfJobCreatedTimeRange=at(max(made)), **pipeline)
    assert exact == ids[::-1]
    for parameters in ({"StartOfJobCreatedTimeRange": after},
                       {"EndOfJobCreatedTimeRange": before}):
        assert listed(mts, **parameters, **pipeline) == ([], None)


@pytest.mark.parametrize("parameters", [
    {"State": "Done"}, {"State": "transcoding"}, {"PipelineId": "default"},
    {"StartOfJobCreatedTimeRange": "yesterday"},
    {"EndOfJobCreatedTimeRange": "2026-13-01T00:00:00Z"}, {"NextPageToken": "x"}], ids=str)
def test_list_refuses_bad_parameters(mts, parameters):
    [name] = parameters
    refusal = mts.refused("ListJob", **parameters)
    assert refusal.status == 400 and refusal.code.startswith("Invalid"), refusal
    assert name in refusal.message, refusal


def test_list_of_an_unknown_pipeline_is_empty(mts):
    # The documentation calls it a filter, so nothing passes it.
    assert listed(mts, PipelineId=UNKNOWN) == ([], None)


def test_list_without_parameters_shows_the_newest_jobs(mts, paused):
    ids = paused(2)
    page, _ = listed(mts)
    assert page[:2] == ids[::-1]
