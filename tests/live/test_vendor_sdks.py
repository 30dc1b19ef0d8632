"""A stream that is started and stopped through the vendor's SDKs of both generations, on both stores."""
import pytest

import live
import processes
import seen

SECONDS = 90


@pytest.fixture(params=sorted(live.GENERATIONS))
def jobs(request, server):
    return live.Jobs(live.GENERATIONS[request.param](server), "default")


def ffmpegs(server):
    return [it for it in processes.below(server.process.pid) if processes.name_of(it) == "ffmpeg"]


def test_a_job_sends_its_source_on_from_its_start_to_its_stop(jobs, server, relay, clip, guests):
    name = f"sdk-{jobs.live.generation}-{server.process.pid}"
    guests.publish(clip, relay.address("in", name))
    processes.wait_until(lambda: relay.passing("in", name), SECONDS, "the source is published")
    template = jobs.call("ListEdgeTranscodeTemplate", Keyword="480p-h264")["TemplateList"]["Template"][0]
    job = jobs.create(StreamInput=relay.address("in", name), StreamOutput=relay.address("out", name),
                      TemplateId=template["TemplateId"])
    for count in [1, 2]:
        jobs.start(job)
        assert jobs.get(job)["Status"] == "1"
        processes.wait_until(lambda: relay.passing("out", name), SECONDS, "the output is published")
        jobs.refuses(403, "OperationDenied", "UpdateEdgeTranscodeJob", JobId=job, Name="other")
        jobs.refuses(403, "OperationDenied", "DeleteEdgeTranscodeJob", JobId=job)
        running = ffmpegs(server)
        processes.wait_until(lambda count=count: is_played(relay, name, count), SECONDS, "a second has come out")
        jobs.stop(job)
        assert jobs.get(job)["Status"] == "0"
        processes.wait_until(lambda: not relay.passing("out", name), SECONDS, "the output has ended")
        processes.wait_until(lambda running=running: not processes.alive(running), SECONDS, "the processes are gone")
    records = relay.records(name)
    # One publisher for each start, and one after the other.
    assert len(records) == 2, records
    for record in records:
        kinds = seen.streams(record)
        assert (kinds["video"]["codec_name"], kinds["video"]["height"]) == ("h264", 480)
        assert kinds["audio"]["codec_name"] == "aac"
    jobs.call("DeleteEdgeTranscodeJob", job)
    jobs.refuses(404, "JobNotFound", "GetEdgeTranscodeJob", JobId=job)


def is_played(relay, name, count):
    """Whether the newest of so many records has enough to be looked at."""
    records = relay.records(name)
    return len(records) == count and records[-1].stat().st_size > 100_000
