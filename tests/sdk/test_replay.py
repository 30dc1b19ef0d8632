"""Signed requests that arrive again, byte for byte as the SDKs sent them: no second effect, also after a crash."""
import concurrent.futures

import pytest

import harness
import mps
from captured import deliver
from access import statement

USED = "SignatureNonceUsed"
TEXT = "Specified signature nonce was used already."


@pytest.fixture(scope="module")
def server(program, tmp_path_factory):
    """Without slots, so that jobs stay as they were submitted."""
    running = harness.Server.start(program, tmp_path_factory.mktemp("replay"), slots=0)
    yield running
    running.stop()


def used(address, request):
    """Asserts that a request is refused because it came before."""
    status, answer = deliver(address, request)
    assert (status, answer["Code"], answer["Message"]) == (400, USED, TEXT), answer
    assert mps.REQUEST_ID.fullmatch(answer["RequestId"])


def pipelines(native):
    return {found["id"]: found["state"] for found in native.call("GET", "/pipelines")["pipelines"]}


def test_a_repeated_write_changes_nothing(mts, capture, server, native, pipeline, media):
    """Each kind of change is undone in between, so that a second effect would show."""
    name = mps.unique("once")
    _, added = capture(mts.call, "AddPipeline", Name=name)
    before = pipelines(native)
    used(server.address, added)
    assert pipelines(native) == before

    change = {"PipelineId": pipeline, "Name": pipeline}
    _, paused = capture(mts.call, "UpdatePipeline", State="Paused", **change)
    mts.call("UpdatePipeline", State="Active", **change)
    used(server.address, paused)
    assert pipelines(native)[pipeline] == "active"

    desk = mps.Desk(mts, server, pipeline, media, native)
    desk.source("bbb_720p25_aac51.mp4")
    [job], submitted = capture(desk.submit, desk.output())
    used(server.address, submitted)
    listed = native.call("GET", "/jobs", params={"pipeline": pipeline})["jobs"]
    assert [found["id"] for found in listed] == [job["JobId"]]

    _, cancelled = capture(mts.call, "CancelJob", JobId=job["JobId"])
    used(server.address, cancelled)


def test_a_repeated_read_is_refused(mts, capture, server):
    for action, parameters in [("SearchPipeline", {}), ("QueryJobList", {"JobIds": "0" * 32})]:
        _, request = capture(mts.call, action, **parameters)
        used(server.address, request)
        used(server.address, request)
    mts.call("SearchPipeline")


def test_the_same_request_twenty_times_at_once_acts_once(mts, capture, server, native, operator):
    """The first to arrive is refused for its rights, which leaves its nonce free for the twenty."""
    user = operator.user()
    own = type(mts)(user.seen, harness.Shapes())
    name = mps.unique("race")
    refusal, request = capture(own.refused, "AddPipeline", Name=name)
    assert refusal.code == "Forbidden.RAM"
    operator.attach("user", user.name, f"{user.name}-policy", statement("mts:AddPipeline"))
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: deliver(server.address, request), range(20)))
    codes = [answer.get("Code") for _, answer in answers]
    assert codes.count(None) == 1 and codes.count(USED) == 19, codes
    names = [found["name"] for found in native.call("GET", "/pipelines")["pipelines"]]
    assert names.count(name) == 1


def test_a_write_that_was_not_admitted_may_come_again(mts, capture, server, operator):
    """Neither policies nor limits use a nonce up; the call that gets past them does."""
    account = operator.account()
    number = account.credentials["account_id"]
    user = operator.user(account=number)
    refusal, request = capture(type(mts)(user.seen, harness.Shapes()).refused, "AddPipeline", Name="again")
    assert refusal.code == "Forbidden.RAM"
    assert deliver(server.address, request)[1]["Code"] == "Forbidden.RAM"
    operator.run("account", "limit", number, "mts:AddPipeline", "1/h")
    codes = [deliver(server.address, request)[1]["Code"] for _ in range(3)]
    assert codes == ["Forbidden.RAM", "Throttling.User", "Throttling.User"]
    operator.run("account", "limit", number, "mts:AddPipeline", "unlimited")
    operator.attach("user", user.name, f"{user.name}-policy", statement("mts:*"), account=number)
    status, answer = deliver(server.address, request)
    assert (status, answer["Pipeline"]["Name"]) == (200, "again")
    used(server.address, request)


def test_a_write_that_came_to_nothing_comes_to_nothing_again(mts, capture, server):
    """What did not exist when the request was signed is not changed by it once it does."""
    refusal, request = capture(mts.refused, "CancelJob", JobId="0" * 32)
    assert (refusal.status, refusal.code) == (404, "InvalidParameter.ResourceNotFound")
    used(server.address, request)


def test_the_nonce_of_one_key_is_free_for_another(mts, capture, server, operator, monkeypatch):
    from alibabacloud_tea_openapi.utils import Utils  # pylint: disable=import-outside-toplevel
    from aliyunsdkcore.utils import parameter_helper  # pylint: disable=import-outside-toplevel
    nonce = mps.unique("shared-nonce")
    monkeypatch.setattr(Utils, "get_nonce", staticmethod(lambda: nonce))
    monkeypatch.setattr(parameter_helper, "get_uuid", lambda: nonce)
    _, request = capture(mts.call, "AddPipeline", Name=mps.unique("first"))
    mts.refuses(400, USED, TEXT, "AddPipeline", Name=mps.unique("second"))
    # Neither another's use nor the refusal says anything about this one's.
    other = type(mts)(operator.user(policies=["AliyunMTSFullAccess"]).seen, harness.Shapes())
    other.call("AddPipeline", Name=mps.unique("third"))
    used(server.address, request)


@pytest.mark.parametrize("generation", sorted(mps.GENERATIONS))
def test_after_a_crash_a_replayed_write_still_has_no_effect(program, tmp_path, shapes, capture, media, generation):
    first = harness.Server.start(program, tmp_path, slots=0)
    try:
        mts, native = mps.GENERATIONS[generation](first, shapes), harness.Native(first)
        pipeline = first.credentials["pipeline_id"]
        desk = mps.Desk(mts, first, pipeline, media, native)
        desk.source("bbb_720p25_aac51.mp4")
        change = {"PipelineId": pipeline, "Name": "default"}
        requests = [capture(mts.call, "AddPipeline", Name="once")[1],
                    capture(mts.call, "UpdatePipeline", State="Paused", **change)[1]]
        mts.call("UpdatePipeline", State="Active", **change)
        [job], submitted = capture(desk.submit, desk.output())
        requests.append(submitted)
        # The last one is answered and the process gone before anything else happens.
        requests.append(capture(mts.call, "CancelJob", JobId=job["JobId"])[1])
    finally:
        first.kill()
    second = harness.Server.start(program, tmp_path, slots=0)
    try:
        native = harness.Native(second)
        before = pipelines(native)
        for request in requests:
            used(second.address, request)
        assert pipelines(native) == before and before[pipeline] == "active"
        assert [found["id"] for found in native.call("GET", "/jobs")["jobs"]] == [job["JobId"]]
        # What is signed anew passes, also for what was done before.
        mps.GENERATIONS[generation](second, shapes).call("UpdatePipeline", State="Paused", **change)
        second.stop()
    finally:
        if second.process.poll() is None:
            second.kill()


def test_a_replay_that_was_changed_is_no_longer_signed(mts, capture, server):
    _, request = capture(mts.call, "AddPipeline", Name="replay-original")
    changed = request.replace(b"replay-original", b"replay-modified")
    assert changed != request
    status, answer = deliver(server.address, changed)
    assert (status, answer["Code"]) == (400, "SignatureDoesNotMatch")
