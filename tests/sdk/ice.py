"""Product ICE, its fingerprints and pipelines, through either SDK generation: the older one has no package for it, so
its core calls by the names of the vendor's pages."""
import json
import time

import requests
from aliyunsdkcore.request import CommonRequest

import harness
import mps
import products

UNKNOWN = "0123456789abcdef0123456789abcdef"
ENDED = {"Success", "Fail"}
STATES = {"Queuing", "Analysing"} | ENDED
VERSION = "2020-11-09"


class NewIce(products.New):
    package, shapes = "alibabacloud_ice20201109", "ice.json"


class OldIce(mps.Mts):
    """The older core, with everything in the query or, if `in_body`, with the parameters in a form."""
    generation = "old"

    def __init__(self, server, in_body=False):
        self.client = harness.old_client(server)
        self._address, self._in_body = server.address, in_body

    def call(self, operation, **parameters):
        request = CommonRequest(domain=self._address, version=VERSION, action_name=operation)
        request.set_protocol_type("http")
        request.set_method("POST")
        request.set_accept_format("json")
        add = request.add_body_params if self._in_body else request.add_query_param
        for name, value in parameters.items():
            add(name, json.dumps(value) if isinstance(value, dict) else value)
        answer = json.loads(self.client.do_action_with_exception(request).decode("utf-8"))
        products.check("ice.json", operation, answer)
        return answer


GENERATIONS = {"new": NewIce, "old": OldIce, "old-body": lambda server: OldIce(server, in_body=True)}


class Library:
    """A library of a test's own, in a pipeline of its own."""

    def __init__(self, ice, native, bucket, model=None):
        self.ice, self.native, self.bucket = ice, native, bucket
        named = {"Name": mps.unique("library"), **({"Model": model} if model else {})}
        info = ice.call("CreateDNADB", **named)["DBInfo"]
        assert info["Status"] in ("offline", "active") and info["Model"] == (model or "Video"), info
        self.id = info["DBId"]
        made = ice.call("CreatePipeline", Name=mps.unique("pipeline"), Speed="Standard")["Pipeline"]
        assert (made["Status"], made["Priority"]) == ("Active", 6), made
        self.pipeline = made["PipelineId"]

    def store(self, key, content):
        """Puts a file into the bucket, and answers what jobs call it."""
        self.native.put_object(self.bucket, key, content)
        return {"Type": "OSS", "Media": f"oss://{self.bucket}/{key}"}

    def submit(self, source, key, save=None, media=None, **more):
        config = {name: value for name, value in (("SaveType", save), ("MediaType", media)) if value}
        if config:
            more["Config"] = json.dumps(config)
        answer = self.ice.call("SubmitDNAJob", **{
            "Input": source, "DBId": self.id, "PrimaryKey": key, "PipelineId": self.pipeline, **more})
        assert set(answer) == {"JobId", "RequestId"}
        return answer["JobId"]

    def job(self, job):
        found, = self.ice.call("QueryDNAJobList", JobIds=job)["JobList"]
        assert found["Status"] in STATES, found
        return found

    def ended(self, job):
        """The job once it has ended."""
        deadline = time.monotonic() + mps.WAIT_SECONDS
        while True:
            found = self.job(job)
            if found["Status"] in ENDED:
                return found
            assert time.monotonic() < deadline, found
            time.sleep(mps.POLL_SECONDS)

    def run(self, source, key, save=None, media=None):
        """The job, which has to succeed, and what it found; None if it did not search."""
        found = self.ended(self.submit(source, key, save, media))
        assert found["Status"] == "Success", found
        url = found.get("DNAResult")
        return document(url) if url else None

    def files(self, **parameters):
        """The primary keys that are in the library."""
        answer = self.ice.call("ListDNAFiles", DBId=self.id, **parameters)
        return [file["PrimaryKey"] for file in answer["FileList"]]

    def pause(self):
        assert self.ice.call("UpdatePipeline", PipelineId=self.pipeline, Status="Paused")["Success"] is True

    def resume(self):
        assert self.ice.call("UpdatePipeline", PipelineId=self.pipeline, Status="Active")["Success"] is True

    def close(self):
        """Deletes the library; an account has few."""
        listed = self.ice.call("ListDNADB", DBIds=self.id)["DBList"]
        if listed and listed[0]["Status"] != "deleted":
            self.ice.call("DeleteDNADB", DBId=self.id)


def get(url):
    session = requests.Session()
    session.trust_env = False
    return session.get(url, timeout=120)


def document(url):
    """What an address of a result leads to, in the vendor's shape."""
    answer = get(url)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    segment = {"StartTime", "EndTime", "MasterStartTime", "MasterEndTime", "Similarity"}
    for match in found:
        assert {"PrimaryKey", "GlobalSimilarity"} <= set(match), match
        assert set(match) <= {"PrimaryKey", "GlobalSimilarity", "VideoMatchSegments", "AudioMatchSegments",
                              "TextMatchSegments"}, match
        assert 0 <= match["GlobalSimilarity"] <= 1
        for part in match.get("VideoMatchSegments", []) + match.get("AudioMatchSegments", []):
            assert set(part) == segment, part
            assert part["StartTime"] <= part["EndTime"] and part["MasterStartTime"] <= part["MasterEndTime"]
        for part in match.get("TextMatchSegments", []):
            assert set(part) == {"Start", "End", "QueryText", "MasterText", "Similarity"}, part
    return found
