"""One account's pipelines, jobs and buckets do not exist for another, whichever API it asks."""
import json
import types

import pytest

import harness
import mps

MISSING = "0" * 32


@pytest.fixture(scope="module")
def server(program, tmp_path_factory):
    """Without slots, so that jobs stay as they were submitted."""
    running = harness.Server.start(program, tmp_path_factory.mktemp("tenants"), slots=0)
    yield running
    running.stop()


@pytest.fixture
def ours(server, native, shapes, pipeline, media):
    """A pipeline, a job and a bucket of the first account."""
    desk = mps.Desk(mps.NewMts(server, shapes), server, pipeline, media, native)
    [job] = desk.submit(desk.output())
    bucket = mps.unique("private")
    native.call("POST", "/buckets", json={"name": bucket})
    native.put_object(bucket, "secret.txt", b"ours")
    return types.SimpleNamespace(pipeline=pipeline, job=job["JobId"], bucket=bucket, key="secret.txt",
                                 source=desk.source("bbb_720p25_aac51.mp4"))


@pytest.fixture
def stranger(operator):
    """Another account, by its own keys, which may do everything there."""
    return operator.account()


def same_refusal(mts, action, name, owned, **parameters):
    """What exists elsewhere is refused as what exists nowhere is."""
    there = mts.refused(action, **{name: owned}, **parameters)
    nowhere = mts.refused(action, **{name: MISSING}, **parameters)
    assert (there.status, there.code) == (nowhere.status, nowhere.code)
    assert there.message.replace(owned, MISSING) == nowhere.message
    assert there.status == 404, there


def test_product_mts_finds_nothing_of_another_account(ours, stranger, mts_of, server, shapes):
    mts = mts_of(stranger)
    answer = mts.call("QueryPipelineList", PipelineIds=ours.pipeline)
    assert answer["NonExistPids"]["String"] == [ours.pipeline]
    assert answer["PipelineList"]["Pipeline"] == []
    answer = mts.call("QueryJobList", JobIds=ours.job)
    assert answer["NonExistJobIds"]["String"] == [ours.job] and answer["JobList"]["Job"] == []
    assert mts.call("ListJob")["JobList"]["Job"] == []
    names = {found["Name"] for found in mts.call("SearchPipeline")["PipelineList"]["Pipeline"]}
    assert names == {"default", f"mpc-{stranger.credentials['project_id']}"}
    same_refusal(mts, "CancelJob", "JobId", ours.job)
    same_refusal(mts, "UpdatePipeline", "PipelineId", ours.pipeline, Name="x", State="Paused")
    same_refusal(mts, "DeletePipeline", "PipelineId", ours.pipeline)
    own = mps.NewMts(server, shapes)
    [job] = own.call("QueryJobList", JobIds=ours.job)["JobList"]["Job"]
    [pipeline] = own.call("QueryPipelineList", PipelineIds=ours.pipeline)["PipelineList"]["Pipeline"]
    assert (job["State"], pipeline["State"]) == ("Submitted", "Active")


def test_product_mts_submits_to_nothing_of_another_account(ours, stranger, mts_of, native, media):
    foreign = harness.Native(stranger)
    desk = mps.Desk(mts_of(stranger), stranger, stranger.credentials["pipeline_id"], media, foreign)
    outputs = [desk.output()]
    for changed in ({"PipelineId": ours.pipeline}, {"OutputBucket": ours.bucket},
                    {"Input": desk.input(Bucket=ours.bucket, Object=ours.key)}):
        parameters = {"Input": desk.input(), "OutputBucket": desk.bucket, "OutputLocation": mps.LOCATION,
                      "Outputs": outputs, "PipelineId": desk.pipeline, **changed}
        refusal = desk.mts.refused("SubmitJobs", **{
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in parameters.items()})
        assert refusal.status == 404 and "NotFound" in refusal.code, (changed, refusal)
    [job] = desk.submit(desk.output())
    assert native.request("GET", f"/jobs/{job['JobId']}").status_code == 404


@pytest.mark.parametrize("method, path, body", [
    ("GET", "/pipelines/{pipeline}", None), ("PATCH", "/pipelines/{pipeline}", {"state": "paused"}),
    ("DELETE", "/pipelines/{pipeline}", None),
    ("GET", "/jobs/{job}", None), ("GET", "/jobs/{job}/history", None), ("GET", "/jobs/{job}/log", None),
    ("POST", "/jobs/{job}/cancel", None), ("POST", "/jobs/{job}/retry", None),
    ("GET", "/buckets/{bucket}/objects", None), ("GET", "/buckets/{bucket}/objects/{key}", None),
    ("HEAD", "/buckets/{bucket}/objects/{key}", None), ("DELETE", "/buckets/{bucket}/objects/{key}", None),
    ("POST", "/playlists", {"object": "oss://media/all.m3u8", "jobs": ["{job}"]})])
def test_the_native_api_finds_nothing_of_another_account(ours, stranger, native, method, path, body):
    foreign = harness.Native(stranger)

    def asked(things):
        filled = None if body is None else {
            name: [piece.format(**vars(things)) for piece in value] if isinstance(value, list) else value
            for name, value in body.items()}
        return foreign.request(method, path.format(**vars(things)), **({} if filled is None else {"json": filled}))

    nowhere = types.SimpleNamespace(pipeline=MISSING, job=MISSING, bucket="no-such-bucket", key=ours.key)
    there, missing = asked(ours), asked(nowhere)
    assert there.status_code == missing.status_code == 404, (there.text, missing.text)
    if method != "HEAD":
        assert there.json()["code"] == missing.json()["code"] == "not_found"
    # And it is all still as it was.
    assert native.call("GET", f"/jobs/{ours.job}")["state"] == "queued"
    assert native.call("GET", f"/pipelines/{ours.pipeline}")["state"] == "active"
    assert native.get_object(ours.bucket, ours.key) == b"ours"


def test_listings_show_an_account_s_own(ours, stranger):
    foreign = harness.Native(stranger)
    assert foreign.call("GET", "/jobs")["jobs"] == []
    answer = foreign.request("GET", "/jobs", params={"pipeline": ours.pipeline})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert {found["name"] for found in foreign.call("GET", "/buckets")["buckets"]} == {"media"}
    # Both have a bucket of this name; they are two.
    assert foreign.call("GET", "/buckets/media/objects")["objects"] == []


def test_operations_on_accounts_are_the_operator_s(stranger, operator, server):
    foreign = harness.Native(stranger)
    other = server.credentials["account_id"]
    for method, path, options in [
            ("GET", "/accounts", {}), ("POST", "/accounts", {"json": {"name": mps.unique("mine")}}),
            ("GET", f"/accounts/{other}", {}), ("POST", "/projects", {"json": {"name": "mine"}}),
            ("PUT", f"/accounts/{other}/limits/mts:CancelJob", {"json": {"limit": "1/h"}}),
            ("DELETE", f"/accounts/{other}/limits/mts:CancelJob", {}),
            ("PUT", f"/accounts/{stranger.credentials['account_id']}/features/edge", {"json": {"enabled": True}}),
            ("POST", "/master-key/rotate", {}), ("GET", "/audit", {"params": {"account": other}}),
            ("GET", "/users", {"params": {"account": other}})]:
        answer = foreign.request(method, path, **options)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (method, path, answer.text)
    # Neither is a user of the operator's own account one, whatever its policies allow.
    user = operator.user(policies=["AdministratorAccess"])
    key = operator.read("key", "create", "--kind", "api", "--user", user.name)["secret"]
    admin = harness.Native(types.SimpleNamespace(address=server.address, credentials={"api_key": key}))
    assert admin.call("GET", "/users")["users"]
    assert admin.request("POST", "/accounts", json={"name": "mine"}).status_code == 403
    assert admin.request("POST", "/master-key/rotate").status_code == 403
