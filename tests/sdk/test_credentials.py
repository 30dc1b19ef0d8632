"""Whose key it is, and whether a call was signed with it just now: what both SDKs are told where not."""
import datetime

import pytest
from alibabacloud_tea_openapi.utils import Utils
from aliyunsdkcore.utils import parameter_helper

import access
import harness
import mps
import signing

MINUTE = 60
# What a temporary key's id looks like.
TEMPORARY = "STS.abcdefghijklmnopqrstuvwx"


@pytest.fixture
def own(server):
    """The server by the first account's own key."""
    return access.Seen(server.address, server.credentials)


@pytest.fixture
def clock(monkeypatch):
    """Sets what both SDKs take for the time when they sign, in seconds from now."""
    def set_to(offset):
        monkeypatch.setattr(Utils, "get_timestamp", staticmethod(lambda: signing.now(offset)))
        monkeypatch.setattr(parameter_helper, "get_iso_8061_date", lambda: signing.now(offset))
    return set_to


def test_an_unknown_key(own, mts_of):
    text = "Specified access key is not found."
    for key in ("RGAKnobodyhasthisone", "x", own.credentials["access_key_id"].lower()):
        mts_of(own.changed(access_key_id=key)).refuses(404, "InvalidAccessKeyId.NotFound", text,
                                                       "SearchPipeline")


def test_a_disabled_key(operator, mts_of):
    user = operator.user(policies=["AdministratorAccess"])
    operator.run("key", "disable", user.key)
    mts_of(user.seen).refuses(400, "InvalidAccessKeyId.Inactive", "Specified access key is disabled.",
                              "SearchPipeline")
    # Whoever knows the id alone is told no more than that.
    mts_of(user.seen.changed(access_key_secret="wrong")).refuses(400, "InvalidAccessKeyId.Inactive", None,
                                                                 "SearchPipeline")


def test_a_wrong_secret_is_known_from_a_changed_request(own, mts_of):
    secret = own.credentials["access_key_secret"]
    for wrong in ("wrong", secret[:-1], secret + "x", secret.swapcase()):
        mts = mts_of(own.changed(access_key_secret=wrong))
        refusal = mts.refused("SearchPipeline")
        # The old core compares its own string to sign with the answer's: equal means that the secret is wrong.
        expected = {"new": "SignatureDoesNotMatch", "old": "InvalidAccessKeySecret"}[mts.generation]
        assert (refusal.status, refusal.code) == (400, expected), refusal
        assert secret not in refusal.message
    mts_of(own).call("SearchPipeline")


@pytest.mark.parametrize("offset", [-16 * MINUTE, 16 * MINUTE, -86400, 86400, -400 * 86400])
def test_a_clock_that_is_wrong(own, mts_of, clock, offset):
    clock(offset)
    mts_of(own).refuses(400, "InvalidTimeStamp.Expired",
                        "Specified time stamp or date value is expired.", "SearchPipeline")


@pytest.mark.parametrize("offset", [-14 * MINUTE, 14 * MINUTE])
def test_a_clock_that_is_nearly_right(own, mts_of, clock, offset):
    clock(offset)
    mts_of(own).call("SearchPipeline")
    mts_of(own).call("AddPipeline", Name=mps.unique("early"))


@pytest.mark.parametrize("moment", ["now", "", "2026-11-21 12:00:00"])
def test_a_time_in_another_form(own, mts_of, monkeypatch, moment):
    monkeypatch.setattr(Utils, "get_timestamp", staticmethod(lambda: moment))
    monkeypatch.setattr(parameter_helper, "get_iso_8061_date", lambda: moment)
    assert mts_of(own).refused("SearchPipeline").code in ("InvalidTimeStamp.Format", "MissingTimestamp")


@pytest.mark.parametrize("name, code", [
    ("x-acs-action", "MissingAction"), ("x-acs-version", "MissingVersion"),
    ("x-acs-date", "IncompleteSignature"), ("x-acs-signature-nonce", "IncompleteSignature"),
    ("x-acs-content-sha256", "IncompleteSignature")])
def test_a_missing_header_of_signature_v3(server, name, code):
    answer = signing.Wire(server).v3("SearchPipeline", **{name: None})
    found = answer.json()
    assert (answer.status, found["Code"]) == (400, code), found
    assert name in found["Message"] or code.startswith("Missing")
    assert mps.REQUEST_ID.fullmatch(found["RequestId"])


def test_a_user_s_key_works_with_each_signature(operator):
    user = operator.user(policies=["AliyunMTSReadOnlyAccess"])
    wire = signing.Wire(user.seen)
    assert [answer.status for answer in (
        wire.v1("SearchPipeline"), wire.v1("SearchPipeline", "POST"), wire.v1("SearchPipeline", "POST", "form"),
        wire.v3("SearchPipeline"), wire.v3("SearchPipeline", "GET"))] == [200] * 5
    assert wire.v1("AddPipeline", Name="x").json()["Code"] == "Forbidden.RAM"
    assert wire.v3("AddPipeline", query={"Name": "x"}).json()["Code"] == "Forbidden.RAM"


def test_a_token_with_a_key_that_has_none(own, mts_of):
    mts_of(own.changed(security_token="made-up")).refuses(
        400, "InvalidSecurityToken.MismatchWithAccessKey", None, "SearchPipeline")


def test_a_temporary_key_that_nobody_issued(own, mts_of):
    made_up = own.changed(access_key_id=TEMPORARY)
    mts_of(made_up).refuses(400, "MissingSecurityToken", "SecurityToken is mandatory for this action.",
                            "SearchPipeline")
    for token in ("garbage", "A" * 44, "A" * 400):
        mts_of(made_up.changed(security_token=token)).refuses(
            400, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.", "SearchPipeline")


def test_failed_signatures_are_limited_for_whom_they_come_from_alone(program, tmp_path, shapes):
    running = harness.Server.start(program, tmp_path, slots=0, options=["--max-failed-signatures", "5"])
    try:
        own = access.Seen(running.address, running.credentials)
        other = access.Operator(program, running, tmp_path).account()
        wrong = mps.NewMts(own.changed(access_key_secret="wrong"), shapes)
        codes = [wrong.refused("SearchPipeline").code for _ in range(8)]
        assert codes[:5] == ["SignatureDoesNotMatch"] * 5, codes
        assert codes[-1] == "Throttling", codes
        refusal = wrong.refused("SearchPipeline")
        assert refusal.status == 400 and refusal.error.retry_after > 0
        # Another key from the same address goes on.
        mps.NewMts(other, shapes).call("SearchPipeline")
        running.stop()
    finally:
        if running.process.poll() is None:
            running.kill()


def test_the_time_of_a_refusal_is_the_server_s(own, server):
    answer = signing.Wire(own).v1("SearchPipeline", Timestamp=signing.now(-7200))
    told = datetime.datetime.strptime(answer.headers["date"], "%a, %d %b %Y %H:%M:%S GMT")
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    assert abs((told - now).total_seconds()) < 60
