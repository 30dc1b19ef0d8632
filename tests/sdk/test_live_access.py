"""Who may do what to edge transcoding jobs: the feature of the account, domains in policies, and how often."""
import pytest

import access
import harness
import live

DOMAIN = "acs:live:*:*:domain/"


@pytest.fixture(scope="module")
def cluster(server):
    return live.cluster(harness.Native(server))


@pytest.fixture
def root(server, cluster):
    return live.Jobs(live.NewLive(server), cluster)


@pytest.fixture(params=sorted(live.GENERATIONS))
def jobs_of(request, cluster):
    """Jobs as somebody sees them, through each SDK generation in turn."""
    return lambda seen: live.Jobs(live.GENERATIONS[request.param](seen), cluster)


def on(*domains, action="live:*", effect="Allow"):
    return access.statement(action, effect, [f"{DOMAIN}{domain}" for domain in domains])


def test_all_domains_of_a_job_have_to_be_allowed(operator, root, jobs_of):
    job = root.create(StreamOutput=live.target("out.example.com"))
    for allowed in [on("in.example.com", "out.example.com"), on("*.example.com"), on("*"), access.statement("live:*")]:
        jobs = jobs_of(operator.user(allowed).seen)
        jobs.start(job)
        assert jobs.get(job)["Status"] == "1"
        jobs.stop(job)
        assert jobs.call("UpdateEdgeTranscodeJob", job, Name="renamed")["JobId"] == job
    for refused in [on("out.example.com"), on("in.example.com"), on("example.com"), access.statement("mts:*"),
                    on("*", action="live:Describe*")]:
        jobs = jobs_of(operator.user(refused).seen)
        for operation in live.ON_JOBS:
            jobs.refuses(403, "Forbidden", operation, JobId=job)
    assert root.get(job)["Name"] == "renamed"


def test_an_action_is_allowed_by_its_name(operator, root, jobs_of):
    job = root.create()
    jobs = jobs_of(operator.user(on("*", action="live:StopEdgeTranscodeJob")).seen)
    jobs.refuses(403, "Forbidden", "StartEdgeTranscodeJob", JobId=job)
    root.start(job)
    jobs.stop(job)


def test_who_may_nothing_is_not_told_what_there_is(operator, root, jobs_of):
    job = root.create()
    nobody = jobs_of(operator.user(access.statement("mts:*")).seen)
    for asked in [job, live.UNKNOWN]:
        nobody.refuses(403, "Forbidden", "StopEdgeTranscodeJob", JobId=asked)
    somebody = jobs_of(operator.user(on("elsewhere.example.com")).seen)
    somebody.refuses(404, "JobNotFound", "StopEdgeTranscodeJob", JobId=live.UNKNOWN)
    nobody.refuses(403, "Forbidden", "ListEdgeTranscodeTemplate")
    assert somebody.call("ListEdgeTranscodeTemplate")["TotalCount"] == 9


def test_new_addresses_have_to_be_allowed_too(operator, root, jobs_of):
    jobs = jobs_of(operator.user(on("in.example.com", "out.example.com")).seen)
    job = jobs.create(StreamOutput=live.target("out.example.com"))
    there = live.target("other.example.com")
    jobs.refuses(403, "Forbidden", "UpdateEdgeTranscodeJob", JobId=job, StreamOutput=there)
    jobs.refuses(403, "Forbidden", "CreateEdgeTranscodeJob", Name="n", TemplateId=live.COPY, StreamInput=live.SOURCE,
                 StreamOutput=there)
    # What others have moved away is out of reach.
    root.call("UpdateEdgeTranscodeJob", job, StreamOutput=there)
    jobs.refuses(403, "Forbidden", "UpdateEdgeTranscodeJob", JobId=job, StreamOutput=live.target("out.example.com"))


def test_a_denial_wins(operator, root, jobs_of):
    user = operator.user(access.statement("live:*"), on("in.example.com", action="live:Stop*", effect="Deny"))
    jobs, job = jobs_of(user.seen), root.create()
    jobs.start(job)
    refusal = jobs.refuses(403, "Forbidden", "StopEdgeTranscodeJob", JobId=job)
    if jobs.live.generation == "new":
        detail = refusal.error.data["AccessDeniedDetail"]
        assert detail["AuthAction"] == "live:StopEdgeTranscodeJob"
        assert detail["AuthResource"].endswith(":domain/in.example.com")
        assert detail["NoPermissionType"] == "ExplicitDeny"
    root.stop(job)


def test_a_listing_has_the_jobs_that_the_caller_may_see(operator, server, native, jobs_of):
    here = live.cluster(native)
    mine = live.Jobs(live.NewLive(server), here)
    for number in range(9):
        host = ["a.example.com", "b.example.com", "c.example.org"][number % 3]
        mine.create(f"{host[0]}-{number}", StreamOutput=live.target(host))
    assert mine.listed()[1] == 9
    jobs = jobs_of(operator.user(on("in.example.com", "a.example.com", "b.example.com")).seen)
    names, total = jobs.listed(ClusterId=here, PageSize=4)
    assert (len(names), total) == (4, 6)
    rest, total = jobs.listed(ClusterId=here, PageSize=4, PageNo=2)
    assert (len(rest), total) == (2, 6)
    assert {name[0] for name in names + rest} == {"a", "b"}
    jobs = jobs_of(operator.user(on("in.example.com")).seen)
    assert jobs.listed(ClusterId=here) == ([], 0)


def test_an_account_needs_the_feature(operator, cluster, jobs_of):
    account = operator.account()
    number = account.credentials["account_id"]
    jobs = jobs_of(account)
    given = {"Name": "n", "TemplateId": live.COPY, "StreamInput": live.SOURCE, "StreamOutput": live.target()}

    def is_refused(job):
        for operation in live.ON_JOBS:
            jobs.refuses(403, "Forbidden", operation, JobId=job)
        for operation in ["ListEdgeTranscodeJob", "ListEdgeTranscodeTemplate"]:
            jobs.refuses(403, "OperationDenied", operation)
        jobs.refuses(403, "OperationDenied", "GetEdgeTranscodeTemplate", TemplateId=live.COPY)
        jobs.refuses(403, "OperationDenied", "CreateEdgeTranscodeJob", **given)

    is_refused(live.UNKNOWN)
    operator.run("account", "feature", number, "edge", "on")
    job = jobs.create()
    jobs.start(job)
    with live.without_edge(operator, number):
        is_refused(job)
    # It has gone on.
    assert jobs.get(job)["Status"] == "1"
    jobs.stop(job)


def test_jobs_of_other_accounts_do_not_exist(operator, root, jobs_of):
    job, account = root.create(), operator.account()
    operator.run("account", "feature", account.credentials["account_id"], "edge", "on")
    stranger = jobs_of(account)
    for operation in live.ON_JOBS:
        stranger.refuses(404, "JobNotFound", operation, JobId=job)
    assert stranger.listed() == ([], 0)
    # Places are everybody's.
    output = live.target()
    root.start(mine := root.create(StreamOutput=output))
    theirs = stranger.create(StreamOutput=output)
    stranger.refuses(403, "OperationDenied", "StartEdgeTranscodeJob", JobId=theirs)
    root.stop(mine)
    stranger.start(theirs)
    stranger.stop(theirs)


def test_an_account_calls_as_often_as_it_may(operator, native, jobs_of):
    account = operator.account()
    number = account.credentials["account_id"]
    limits = native.call("GET", f"/accounts/{number}/limits")["limits"]
    for operation in [*live.ON_JOBS, "CreateEdgeTranscodeJob", "ListEdgeTranscodeJob"]:
        limit, = [it for it in limits if it["action"] == f"live:{operation}"]
        assert limit["limit"] == "6000/min"
    operator.run("account", "feature", number, "edge", "on")
    operator.run("account", "limit", number, "live:StopEdgeTranscodeJob", "3/h")
    jobs = jobs_of(account)
    for _ in range(3):
        jobs.refuses(404, "JobNotFound", "StopEdgeTranscodeJob", JobId=live.UNKNOWN)
    jobs.refuses(400, "Throttling.User", "StopEdgeTranscodeJob", JobId=live.UNKNOWN)
    assert jobs.listed() == ([], 0)
