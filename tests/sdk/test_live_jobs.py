"""Edge transcoding jobs through both SDK generations: what is answered in which state, and what is refused."""
import time
import xml.etree.ElementTree as xml

import pytest

import harness
import live
import mps
from captured import deliver

NAMES = ["ClusterId", "Name", "TemplateId", "StreamInput", "StreamOutput"]


@pytest.fixture(scope="module")
def cluster(server):
    return live.cluster(harness.Native(server))


@pytest.fixture(params=sorted(live.GENERATIONS))
def jobs(request, server, cluster):
    return live.Jobs(live.GENERATIONS[request.param](server), cluster)


@pytest.fixture
def one_jobs(server, cluster):
    """Through one generation, where a second would show nothing more."""
    return live.Jobs(live.NewLive(server), cluster)


def test_a_job_is_created_started_stopped_and_deleted(jobs):
    output = live.target()
    # The older core sends a region with each call, without being asked.
    region = {"RegionId": "cn-shanghai"} if jobs.live.generation == "new" else {}
    job = jobs.create("晚会_1-a", StreamOutput=output, OwnerId=7, **region)
    fresh = jobs.get(job)
    created = fresh.pop("CreateTime")
    assert mps.TIME.fullmatch(created)
    assert fresh == {"JobId": job, "Name": "晚会_1-a", "Status": "0", "Type": "common", "TemplateId": live.COPY,
                     "TemplateName": "copy", "StreamInput": live.SOURCE, "StreamOutput": output}
    jobs.start(job)
    running = jobs.get(job)
    assert running["Status"] == "1" and mps.TIME.fullmatch(running["LastStartAt"])
    assert "LastStopAt" not in running
    for refused in ["StartEdgeTranscodeJob", "UpdateEdgeTranscodeJob", "DeleteEdgeTranscodeJob"]:
        jobs.refuses(403, "OperationDenied", refused, JobId=job)
    jobs.stop(job)
    stopped = jobs.get(job)
    assert stopped["Status"] == "0" and mps.TIME.fullmatch(stopped["LastStopAt"])
    assert stopped["LastStartAt"] == running["LastStartAt"]
    jobs.refuses(403, "OperationDenied", "StopEdgeTranscodeJob", JobId=job)
    # Nothing of it is left that a start had to wait for.
    jobs.start(job)
    jobs.stop(job)
    assert set(jobs.call("DeleteEdgeTranscodeJob", job)) == {"RequestId"}
    for gone in live.ON_JOBS:
        jobs.refuses(404, "JobNotFound", gone, JobId=job)


def test_a_job_that_never_ran_is_not_stopped(jobs):
    job = jobs.create()
    jobs.refuses(403, "OperationDenied", "StopEdgeTranscodeJob", JobId=job)
    assert "LastStopAt" not in jobs.get(job)


@pytest.mark.parametrize("operation, needed", [
    ("CreateEdgeTranscodeJob", NAMES),
    ("GetEdgeTranscodeTemplate", ["ClusterId", "TemplateId"]),
    ("ListEdgeTranscodeJob", ["ClusterId"]),
    ("ListEdgeTranscodeTemplate", ["ClusterId"]),
    *[(operation, ["ClusterId", "JobId"]) for operation in live.ON_JOBS],
])
def test_what_is_needed_is_neither_absent_nor_empty(jobs, operation, needed):
    whole = {"ClusterId": jobs.cluster, "JobId": live.UNKNOWN, "Name": "n", "TemplateId": live.COPY,
             "StreamInput": live.SOURCE, "StreamOutput": live.target()}
    for name in needed:
        given = {it: whole[it] for it in needed if it != name}
        for parameters in [given, {**given, name: ""}]:
            refusal = jobs.live.refuses(400, "MissingParameter", None, operation, **parameters)
            assert name in refusal.message


@pytest.mark.parametrize("name, value, status, code", [
    ("Name", "a b", 400, "InvalidParameter"),
    ("Name", "n" * 256, 400, "InvalidParameter"),
    ("Name", "<script>", 400, "InvalidParameter"),
    ("StreamInput", "in.example.com/app/s", 400, "InvalidParameter"),
    ("StreamInput", "file:///etc/passwd", 400, "InvalidParameter"),
    ("StreamInput", "rtmp://in.example.com", 400, "InvalidParameter"),
    ("StreamInput", "rtmp://in.example.com/a\nb", 400, "InvalidParameter"),
    ("StreamInput", "rtmp://127.0.0.1/app/s", 403, "OperationDenied"),
    ("StreamInput", "rtmp://0x7f.1/app/s", 403, "OperationDenied"),
    ("StreamInput", "https://169.254.169.254/latest.m3u8", 403, "OperationDenied"),
    ("StreamInput", "srt://0.0.0.0:9000?mode=listener", 403, "OperationDenied"),
    ("StreamOutput", "http://out.example.com/a.flv", 400, "InvalidParameter"),
    ("StreamOutput", "rtsp://out.example.com/s", 400, "InvalidParameter"),
    ("StreamOutput", "srt://out.example.com", 400, "InvalidParameter"),
    ("StreamOutput", live.SOURCE, 400, "InvalidParameter"),
    ("StreamOutput", "rtmp://[::1]/app/s", 403, "OperationDenied"),
    ("TemplateId", live.UNKNOWN, 404, "TemplateNotFound"),
    ("TemplateId", "x", 404, "TemplateNotFound"),
])
def test_bad_values_are_refused_when_a_job_is_made_or_changed(jobs, name, value, status, code):
    whole = {"Name": "n", "TemplateId": live.COPY, "StreamInput": live.SOURCE, "StreamOutput": live.target(), name: value}
    jobs.refuses(status, code, "CreateEdgeTranscodeJob", **whole)
    job = jobs.create()
    before = jobs.get(job)
    jobs.refuses(status, code, "UpdateEdgeTranscodeJob", JobId=job, **{name: value})
    assert jobs.get(job) == before


def test_addresses_of_all_schemes_are_taken(jobs):
    for source in ["rtmps://in.example.com/app/s", "srt://in.example.com:9000?streamid=a", "rtsp://in.example.com/s",
                   "http://in.example.com/a.flv", "https://in.example.com/a/b.m3u8?x=%20y"]:
        assert jobs.get(jobs.create(StreamInput=source))["StreamInput"] == source
    for output in ["rtmps://out.example.com/app/s", "srt://out.example.com:9000?streamid=publish:a"]:
        assert jobs.get(jobs.create(StreamOutput=output))["StreamOutput"] == output


def test_an_update_replaces_what_it_names(jobs):
    job = jobs.create()
    before = jobs.get(job)
    template = jobs.call("ListEdgeTranscodeTemplate", Keyword="720p-h265")["TemplateList"]["Template"][0]["TemplateId"]
    change = {"Name": mps.unique("new"), "TemplateId": template, "StreamInput": "rtmp://in.example.com/app/s2",
              "StreamOutput": live.target()}
    for name, value in change.items():
        assert jobs.call("UpdateEdgeTranscodeJob", job, **{name: value})["JobId"] == job
    assert jobs.get(job) == {**before, **change, "TemplateName": "720p-h265"}


def test_jobs_are_those_of_their_cluster(jobs, native):
    job, elsewhere = jobs.create(), live.cluster(native)
    for operation in live.ON_JOBS:
        for cluster in [elsewhere, "default", "nowhere", "no/where"]:
            jobs.refuses(404, "JobNotFound", operation, JobId=job, ClusterId=cluster)
        for unknown in [live.UNKNOWN, "x", job.upper()]:
            jobs.refuses(404, "JobNotFound", operation, JobId=unknown)
    assert jobs.listed(ClusterId=elsewhere) == ([], 0)
    for operation in ["ListEdgeTranscodeJob", "ListEdgeTranscodeTemplate"]:
        jobs.refuses(403, "OperationDenied", operation, ClusterId="nowhere")
    jobs.refuses(403, "OperationDenied", "CreateEdgeTranscodeJob", ClusterId="nowhere", Name="n",
                 TemplateId=live.COPY, StreamInput=live.SOURCE, StreamOutput=live.target())


def test_two_jobs_do_not_publish_to_one_place(jobs):
    output = live.target()
    one, other = jobs.create(StreamOutput=output), jobs.create(StreamOutput=f"{output}&again=1")
    jobs.start(one)
    jobs.refuses(403, "OperationDenied", "StartEdgeTranscodeJob", JobId=other)
    jobs.stop(one)
    jobs.start(other)
    jobs.stop(other)


def test_jobs_are_listed_by_page_state_name_and_id(server, native, one_jobs):
    here = live.Jobs(one_jobs.live, live.cluster(native))
    ids = []
    for number in range(12):
        ids.append(here.create(f"n-{number:02}"))
        # Jobs that were made within one millisecond have no order.
        time.sleep(0.002)
    here.start(ids[3])
    names = [f"n-{number:02}" for number in reversed(range(12))]
    for generation in live.GENERATIONS.values():
        jobs = live.Jobs(generation(server), here.cluster)
        assert jobs.listed() == (names[:10], 12)
        assert jobs.listed(PageNo=2) == (names[10:], 12)
        assert jobs.listed(PageNo=3, PageSize=5) == (names[10:], 12)
        assert jobs.listed(PageNo=9) == ([], 12)
        assert jobs.listed(PageSize=100, SortBy="asc") == (names[::-1], 12)
        assert jobs.listed(Status=1) == (["n-03"], 1)
        assert jobs.listed(Status=0, PageSize=1)[1] == 11
        assert jobs.listed(Keyword="n-1") == (["n-11", "n-10"], 2)
        assert jobs.listed(Keyword=ids[5]) == (["n-05"], 1)
        assert jobs.listed(Keyword=ids[5][:31]) == ([], 0)
        assert jobs.listed(Type="common", Status=1) == (["n-03"], 1)
        for none in ["nbhd-2", "ultra-hd"]:
            assert jobs.listed(Type=none) == ([], 0)
        for name, value in [("PageNo", 0), ("PageNo", -1), ("PageSize", 0), ("PageSize", 101), ("SortBy", "up"),
                            ("Status", 2), ("Type", "other")]:
            jobs.refuses(400, "InvalidParameter", "ListEdgeTranscodeJob", **{name: value})


def test_templates_are_listed_and_shown(jobs):
    answer = jobs.call("ListEdgeTranscodeTemplate", PageSize=100)
    templates = {it["Name"]: it for it in answer["TemplateList"]["Template"]}
    assert answer["TotalCount"] == len(templates) == 9
    assert templates["1080p-h265"] == {
        "TemplateId": "6c6976652d3031303830702d68323635", "Name": "1080p-h265", "Type": "common", "Codec": "H.265",
        "Resolution": "-2*1080", "Bitrate": "3000", "Fps": "ws", "Gop": "2s", "CreateTime": "2026-11-22T00:00:00Z"}
    for name, template in templates.items():
        shown = jobs.call("GetEdgeTranscodeTemplate", TemplateId=template["TemplateId"])["Template"]
        assert shown == template, name

    def listed(**parameters):
        answer = jobs.call("ListEdgeTranscodeTemplate", **parameters)
        return {it["Name"] for it in answer["TemplateList"]["Template"]}, answer["TotalCount"]

    assert listed(VideoCodec="H.264") == ({"source-h264", "1080p-h264", "720p-h264", "480p-h264"}, 4)
    assert listed(Keyword="480", VideoCodec="H.265") == ({"480p-h265"}, 1)
    assert listed(Keyword=live.COPY) == ({"copy"}, 1)
    assert listed(Type="nbhd-2") == (set(), 0)
    assert listed(PageNo=5, PageSize=2)[1] == 9
    for name, value in [("VideoCodec", "AV1"), ("Type", "x"), ("SortBy", "x"), ("PageSize", 101)]:
        jobs.refuses(400, "InvalidParameter", "ListEdgeTranscodeTemplate", **{name: value})
    for operation in ["ListEdgeTranscodeTemplate", "GetEdgeTranscodeTemplate"]:
        jobs.refuses(403, "OperationDenied", operation, ClusterId="nowhere",
                     **({"TemplateId": live.COPY} if operation.startswith("Get") else {}))
    jobs.refuses(404, "TemplateNotFound", "GetEdgeTranscodeTemplate", TemplateId=live.UNKNOWN)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_answers_are_xml_where_that_is_asked_for(server, cluster, method):
    old = live.OldLive(server)
    jobs = live.Jobs(old, cluster)
    job = jobs.create(name := mps.unique("xml"))

    def told(operation, **parameters):
        text = old.raw(operation, form="xml", method=method, ClusterId=cluster, **parameters)
        return xml.fromstring(text)

    root = told("StartEdgeTranscodeJob", JobId=job)
    assert root.tag == "StartEdgeTranscodeJobResponse"
    assert root.findtext("JobId") == job and mps.REQUEST_ID.fullmatch(root.findtext("RequestId"))
    listed = told("ListEdgeTranscodeJob", Keyword=job)
    assert listed.findtext("TotalCount") == "1"
    assert [it.findtext("Name") for it in listed.findall("JobList/Job")] == [name]
    error = told("StartEdgeTranscodeJob", JobId=job)
    assert (error.tag, error.findtext("Code")) == ("Error", "OperationDenied")
    assert told("StopEdgeTranscodeJob", JobId=job).findtext("JobId") == job
    assert told("GetEdgeTranscodeJob", JobId=job).findtext("Job/Status") == "0"


def test_a_replay_changes_nothing(server, jobs, capture):
    job = jobs.create()
    _, started = capture(jobs.call, "StartEdgeTranscodeJob", job)
    _, stopped = capture(jobs.call, "StopEdgeTranscodeJob", job)

    def is_used(request):
        status, answer = deliver(server.address, request)
        assert (status, answer["Code"]) == (400, "SignatureNonceUsed"), answer

    is_used(started)
    assert jobs.get(job)["Status"] == "0"
    jobs.start(job)
    is_used(stopped)
    assert jobs.get(job)["Status"] == "1"
    jobs.stop(job)
