"""Product Mts through either SDK generation: calls, refusals, submits and waits alike for both."""
import dataclasses
import functools
import itertools
import json
import re
import time
import urllib.parse

from alibabacloud_mts20140618 import models
from alibabacloud_mts20140618.client import Client
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from aliyunsdkcore.acs_exception.exceptions import ServerException

import harness

LOCATION = "oss-cn-hangzhou"
MP4_LD = "S00000001-200010"
HLS_LD = "S00000001-100010"
ENDED = {"TranscodeSuccess", "TranscodeFail", "TranscodeCancelled"}
# A picture of this size, made this way, takes a fraction of a second.
SMALL = {"Width": "320", "Preset": "veryfast", "Bitrate": "200"}
# A few seconds of a clip, made this way, keep a processor busy for long.
LARGE = {"Width": "1920", "Preset": "slower"}
# Enough of a clip where it does not matter what the output shows.
BRIEF = {"TimeSpan": {"Duration": "0.4"}}
# Long enough for a busy machine; nothing waits this long unless it fails.
WAIT_SECONDS = 180
POLL_SECONDS = 0.05
REQUEST_ID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_serial = itertools.count(1)


@dataclasses.dataclass
class Refusal:
    """An SDK's own exception, read alike for both generations."""

    status: int
    code: str
    message: str
    request_id: str
    error: Exception


class Mts:
    """Calls an operation with the parameter names of the vendor's pages."""

    def call(self, operation, **parameters):
        raise NotImplementedError

    def refused(self, operation, **parameters):
        """The refusal of a call that has to be refused."""
        try:
            answer = self.call(operation, **parameters)
        except AlibabaCloudException as error:
            refusal = Refusal(error.status_code, error.code, error.data["Message"],
                              error.request_id, error)
        except ServerException as error:
            refusal = Refusal(error.get_http_status(), error.get_error_code(),
                              error.get_error_msg(), error.get_request_id(), error)
        else:
            raise AssertionError(f"{operation} {parameters} was not refused: {answer}")
        assert REQUEST_ID.fullmatch(refusal.request_id or ""), refusal
        return refusal

    def refuses(self, status, code, message, operation, **parameters):
        """Asserts the very words of a refusal; `message` None leaves these open."""
        refusal = self.refused(operation, **parameters)
        assert (refusal.status, refusal.code) == (status, code), refusal
        assert message in (None, refusal.message), refusal
        return refusal


class NewMts(Mts):
    generation = "new"

    def __init__(self, server, shapes):
        self.client = harness.new_sdk(server, shapes)

    def call(self, operation, **parameters):
        request = getattr(models, f"{operation}Request")().from_map(parameters)
        answer = getattr(self.client, method_of(operation))(request)
        assert answer.status_code == 200
        return answer.body.to_map()


@functools.cache
def method_of(operation):
    """The SDK's name of an operation; where it puts the underscores of abbreviations follows no rule."""
    names = [name for name in dir(Client) if name.replace("_", "") == operation.lower()]
    [name] = names
    return name


class OldMts(Mts):
    generation = "old"

    def __init__(self, server, shapes):
        self.sdk = harness.OldSdk(server, shapes)

    def call(self, operation, **parameters):
        return self.sdk.call(operation, **parameters)


GENERATIONS = {"new": NewMts, "old": OldMts}


def percent(key):
    """A key as callers write it inside JSON."""
    return urllib.parse.quote(key, safe="/")


def unique(stem):
    return f"{stem}-{next(_serial)}"


class Desk:
    """Submits jobs over one server's bucket and waits for them."""

    def __init__(self, mts, server, pipeline, media, native):
        self.mts, self.pipeline, self.native = mts, pipeline, native
        self.bucket = server.credentials["bucket"]
        self._media = media
        # Keys of one desk do not meet those of another.
        self.folder = unique("out")

    def source(self, clip):
        """The key of a clip of the repository, stored on first use."""
        key = f"clips/{clip}"
        if self.native.request("HEAD", harness.object_path(self.bucket, key)).status_code == 404:
            self.native.put_object(self.bucket, key, self._media / clip)
        return key

    def input(self, clip="bbb_720p25_aac51.mp4", **fields):
        return {"Bucket": self.bucket, "Location": LOCATION, "Object": percent(self.source(clip)),
                **fields}

    def key(self, name):
        return f"{self.folder}/{name}"

    def output(self, name="a.mp4", template=MP4_LD, **fields):
        """An Output object with a small fast picture, unless `fields` say otherwise."""
        fields = {"Video": SMALL, **fields}
        return {"OutputObject": percent(self.key(name)), "TemplateId": template,
                **{field: value for field, value in fields.items() if value is not None}}

    def submit_raw(self, outputs, clip="bbb_720p25_aac51.mp4", **parameters):
        """SubmitJobs' JobResult list; `parameters` take the place of the usual ones."""
        whole = {"Input": self.input(clip) if "Input" not in parameters else None,
                 "OutputBucket": self.bucket, "OutputLocation": LOCATION,
                 "Outputs": outputs, "PipelineId": self.pipeline, **parameters}
        texts = {name: value if isinstance(value, str) else json.dumps(value)
                 for name, value in whole.items()}
        return self.mts.call("SubmitJobs", **texts)["JobResultList"]["JobResult"]

    def submit(self, *outputs, **options):
        """The jobs of outputs that must all be accepted."""
        results = self.submit_raw(list(outputs), **options)
        assert [result["Success"] for result in results] == [True] * len(outputs), results
        return [result["Job"] for result in results]

    def refused(self, output, **options):
        """(Code, Message) of an output that must be refused beside an HTTP 200."""
        [result] = self.submit_raw([output], **options)
        assert result["Success"] is False, f"accepted: {output}"
        assert result.get("Job") is None, result
        assert result["Code"] and result["Message"], result
        return result["Code"], result["Message"]

    def query(self, *job_ids):
        """The jobs by id."""
        found = {}
        for start in range(0, len(job_ids), 10):
            answer = self.mts.call("QueryJobList", JobIds=",".join(job_ids[start:start + 10]))
            assert "NonExistJobIds" not in answer or not answer["NonExistJobIds"], answer
            found.update((job["JobId"], job) for job in answer["JobList"]["Job"])
        return found

    def state(self, job_id):
        return self.query(job_id)[job_id]["State"]

    def wait(self, *job_ids, states=ENDED, seconds=WAIT_SECONDS):
        """The jobs, in this order, as soon as all are in one of the states."""
        deadline = time.monotonic() + seconds
        while True:
            found = self.query(*job_ids)
            if all(job["State"] in states for job in found.values()):
                return [found[job_id] for job_id in job_ids]
            if time.monotonic() > deadline:
                shown = {job["JobId"]: (job["State"], job.get("Percent")) for job in found.values()}
                raise AssertionError(f"not {sorted(states)} after {seconds} s: {shown}")
            time.sleep(POLL_SECONDS)

    def transcode(self, *outputs, **options):
        """Submits outputs that must all succeed, and returns the ended jobs."""
        jobs = self.wait(*(job["JobId"] for job in self.submit(*outputs, **options)))
        for job in jobs:
            assert job["State"] == "TranscodeSuccess", (job["State"], job["Code"], job["Message"])
        return jobs

    def running_job(self):
        """The id of a job that runs on for long; the caller ends it with `stop`."""
        [job] = self.submit(self.output("large.mp4", Video=LARGE))
        self.wait(job["JobId"], states={"Transcoding"})
        return job["JobId"]

    def stop(self, job_id):
        """Ends what runs, by the native API, and returns when it has ended."""
        self.native.request("POST", f"/jobs/{job_id}/cancel")
        self.wait(job_id)

    def pause(self):
        self._switch("Paused")

    def resume(self):
        self._switch("Active")

    def _switch(self, state):
        answer = self.mts.call("UpdatePipeline", PipelineId=self.pipeline, Name=self.pipeline,
                               State=state)
        assert answer["Pipeline"]["State"] == state

    def keys(self, prefix=None):
        """The keys of the objects below a prefix, which is this desk's folder by default."""
        prefix = self.folder + "/" if prefix is None else prefix
        listed = self.native.call("GET", f"/buckets/{self.bucket}/objects",
                                  params={"prefix": prefix, "limit": 1000})
        return [found["key"] for found in listed["objects"]]

    def fetch(self, key, directory):
        """Stores an object in a directory, under the last part of its key."""
        path = directory / key.rsplit("/", 1)[-1]
        path.write_bytes(self.native.get_object(self.bucket, key))
        return path
