"""Product live through either SDK generation."""
import contextlib

import mps
import products

UNKNOWN = "0123456789abcdef0123456789abcdef"
COPY = "6c6976652d736f757263652d636f7079"
# Names under a top-level domain that is kept free for tests: nothing of this machine's leads there.
SOURCE = "rtmp://in.example.com/app/s1"
ON_JOBS = ["DeleteEdgeTranscodeJob", "GetEdgeTranscodeJob", "StartEdgeTranscodeJob", "StopEdgeTranscodeJob",
           "UpdateEdgeTranscodeJob"]


class NewLive(products.New):
    package, shapes = "alibabacloud_live20161101", "live.json"


class OldLive(products.Old):
    package, shapes = "aliyunsdklive.request.v20161101", "live.json"


GENERATIONS = {"new": NewLive, "old": OldLive}


def target(host="out.example.com"):
    """An address of a test's own."""
    return f"rtmp://{host}/app/{mps.unique('s')}?key=secret"


class Jobs:
    """Jobs of one cluster, by somebody's credentials."""

    def __init__(self, live, cluster):
        self.live, self.cluster = live, cluster

    def call(self, operation, job=None, **parameters):
        named = {"JobId": job} if job else {}
        return self.live.call(f"{operation}", **{"ClusterId": self.cluster, **named, **parameters})

    def refuses(self, status, code, operation, **parameters):
        return self.live.refuses(status, code, None, operation, **{"ClusterId": self.cluster, **parameters})

    def create(self, name=None, **changes):
        answer = self.call("CreateEdgeTranscodeJob", **{
            "Name": name or mps.unique("job"), "TemplateId": COPY, "StreamInput": SOURCE, "StreamOutput": target(),
            **changes})
        assert set(answer) == {"JobId", "RequestId"}
        return answer["JobId"]

    def start(self, job):
        assert self.call("StartEdgeTranscodeJob", job)["JobId"] == job

    def stop(self, job):
        assert self.call("StopEdgeTranscodeJob", job)["JobId"] == job

    def get(self, job):
        return self.call("GetEdgeTranscodeJob", job)["Job"]

    def listed(self, **parameters):
        """The names on a page, and how many there are in all."""
        answer = self.call("ListEdgeTranscodeJob", **parameters)
        return [job["Name"] for job in answer["JobList"]["Job"]], answer["TotalCount"]


def cluster(native):
    """A cluster without workers, so that what is started there stays as it is and calls nobody."""
    return native.call("POST", "/clusters", json={"name": mps.unique("nobody")})["name"]


@contextlib.contextmanager
def without_edge(operator, account):
    """An account that may not use the feature."""
    operator.run("account", "feature", account, "edge", "off")
    try:
        yield
    finally:
        operator.run("account", "feature", account, "edge", "on")
