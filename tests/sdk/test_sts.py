"""Temporary keys by AssumeRole: through both SDK generations, with both signatures, to their end."""
import datetime
import json

import pytest

import access
import harness
import mps
import signing
import sts as product
from access import statement
from captured import deliver

SESSION = "nightly-run"
ASSUME = statement("sts:AssumeRole")
REFUSED = "No permission perform sts:AssumeRole on this Role."


@pytest.fixture(params=sorted(product.GENERATIONS))
def sts_of(request):
    """Product Sts by anybody's credentials, through each SDK generation in turn."""
    return product.GENERATIONS[request.param]


def root(server):
    return f"acs:ram::{server.credentials['account_id']}:root"


def assume(sts, role, **parameters):
    """A session's answer."""
    return sts.call("AssumeRole", RoleArn=role, RoleSessionName=SESSION, **parameters)


@pytest.fixture
def session(operator, server):
    """Makes a user, a role that trusts the account, and a session of it: the server as the session sees it."""
    def made(*statements, policies=(), **parameters):
        user = operator.user(ASSUME)
        role = operator.role(access.trust(root(server)), *statements, policies=policies)
        return product.seen(server, assume(product.NewSts(user.seen), role, **parameters))
    return made


def test_a_role_is_assumed_and_its_key_works_with_every_sdk(operator, server, shapes, sts_of):
    user = operator.user(ASSUME)
    role = operator.role(access.trust(user.arn), policies=["AliyunMTSReadOnlyAccess"])
    answer = assume(sts_of(user.seen), role)
    account, name = server.credentials["account_id"], role.rpartition("/")[2]
    assert answer["AssumedRoleUser"]["Arn"] == f"acs:ram::{account}:role/{name}/{SESSION}"
    assert answer["AssumedRoleUser"]["AssumedRoleId"].endswith(f":{SESSION}")
    found = answer["Credentials"]
    assert found["AccessKeyId"].startswith("STS.")
    until = datetime.datetime.strptime(found["Expiration"], "%Y-%m-%dT%H:%M:%SZ")
    left = until - datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    assert 3500 < left.total_seconds() <= 3600

    seen = product.seen(server, answer)
    for generation in mps.GENERATIONS.values():
        mts = generation(seen, shapes)
        assert mts.call("SearchPipeline")["PipelineList"]["Pipeline"]
        mts.refuses(403, "Forbidden.RAM", None, "AddPipeline", Name="x")
    wire, token = signing.Wire(seen), seen.credentials["security_token"]
    assert wire.v1("SearchPipeline", "POST", "form", SecurityToken=token).status == 200
    assert wire.v3("SearchPipeline", x_acs_security_token=token).status == 200


def test_everybody_may_ask_who_they_are(operator, server, session, sts_of):
    account = server.credentials["account_id"]
    found = sts_of(server).call("GetCallerIdentity")
    assert (found["IdentityType"], found["AccountId"], found["Arn"]) == ("Account", account, root(server))
    user = operator.user()
    found = sts_of(user.seen).call("GetCallerIdentity")
    assert (found["IdentityType"], found["Arn"]) == ("RAMUser", user.arn)
    found = sts_of(session(statement("mts:*"))).call("GetCallerIdentity")
    assert found["IdentityType"] == "AssumedRoleUser" and found["Arn"].endswith(f"/{SESSION}")
    assert found["PrincipalId"] == f"{found['RoleId']}:{SESSION}"


def test_a_session_policy_leaves_less_of_the_role(session, mts_of):
    reads = json.dumps(access.document(statement(["mts:Search*", "mts:Submit*"])))
    seen = session(statement(["mts:Search*", "mts:AddPipeline"]), Policy=reads)
    mts = mts_of(seen)
    mts.call("SearchPipeline")
    # The role allows this one, the session does not; and the other way round.
    refusal = mts.refuses(403, "Forbidden.RAM", None, "AddPipeline", Name="x")
    if mts.generation == "new":
        assert refusal.error.access_denied_detail["PolicyType"] == "SessionPolicy"
    mts.refuses(403, "Forbidden.RAM", None, "SubmitJobs", Input="{}", OutputBucket="b", Outputs="[]",
                PipelineId="p")


def test_a_session_may_do_what_its_role_may_at_the_time_of_the_call(operator, server, mts_of):
    user = operator.user(ASSUME)
    role = operator.role(access.trust(root(server)))
    name = role.rpartition("/")[2]
    mts = mts_of(product.seen(server, assume(product.NewSts(user.seen), role)))
    mts.refuses(403, "Forbidden.RAM", None, "SearchPipeline")
    operator.run("role", "attach-policy", name, "AliyunMTSReadOnlyAccess")
    mts.call("SearchPipeline")
    operator.run("role", "detach-policy", name, "AliyunMTSReadOnlyAccess")
    mts.refuses(403, "Forbidden.RAM", None, "SearchPipeline")


def test_deleting_the_role_ends_its_sessions(operator, server, mts_of):
    user = operator.user(ASSUME)
    role = operator.role(access.trust(root(server)), statement("*"))
    mts = mts_of(product.seen(server, assume(product.NewSts(user.seen), role)))
    mts.call("SearchPipeline")
    name = role.rpartition("/")[2]
    operator.run("role", "delete", name)
    mts.refuses(404, "InvalidAccessKeyId.NotFound", None, "SearchPipeline")
    # Nor does another role of the same name bring them back.
    operator.run("role", "create", name, "--trust-file", "-", said=json.dumps(access.trust(root(server))))
    operator.run("role", "attach-policy", name, "AdministratorAccess")
    mts.refuses(404, "InvalidAccessKeyId.NotFound", None, "SearchPipeline")


def test_a_session_outlives_the_key_and_the_user_that_began_it(operator, server, mts_of):
    """As docs/access.md says: it is the role that has to be cut back."""
    user = operator.user(ASSUME)
    role = operator.role(access.trust(user.arn), policies=["AliyunMTSReadOnlyAccess"])
    mts = mts_of(product.seen(server, assume(product.NewSts(user.seen), role)))
    operator.run("key", "disable", user.key)
    mts.call("SearchPipeline")
    operator.run("user", "delete", user.name)
    mts.call("SearchPipeline")
    operator.run("role", "detach-policy", role.rpartition("/")[2], "AliyunMTSReadOnlyAccess")
    mts.refuses(403, "Forbidden.RAM", None, "SearchPipeline")


def test_a_key_needs_its_own_token(session, mts_of):
    first, second = session(statement("*")), session(statement("*"))
    mts_of(first).call("SearchPipeline")
    # Without its token in the credentials, either SDK takes the key for a lasting one.
    without = access.Seen(first.address, {name: value for name, value in first.credentials.items()
                                          if name != "security_token"})
    mts_of(without).refuses(400, "MissingSecurityToken", "SecurityToken is mandatory for this action.",
                            "SearchPipeline")
    token = first.credentials["security_token"]
    for wrong in ("garbage", token[:-2], token[2:], token + "AA", token.swapcase()):
        mts_of(first.changed(security_token=wrong)).refuses(
            400, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.", "SearchPipeline")
    mts_of(first.changed(security_token=second.credentials["security_token"])).refuses(
        400, "InvalidSecurityToken.MismatchWithAccessKey",
        "Specified SecurityToken mismatch with the AccessKey.", "SearchPipeline")
    wrong = mts_of(first.changed(access_key_secret=second.credentials["access_key_secret"]))
    expected = {"new": "SignatureDoesNotMatch", "old": "InvalidAccessKeySecret"}[wrong.generation]
    wrong.refuses(400, expected, None, "SearchPipeline")
    mts_of(first).call("SearchPipeline")


def test_a_lasting_key_does_not_take_a_session_s_token(operator, session, mts_of):
    lent = session(statement("*")).credentials["security_token"]
    user = operator.user(policies=["AdministratorAccess"])
    mts_of(user.seen.changed(security_token=lent)).refuses(
        400, "InvalidSecurityToken.MismatchWithAccessKey", None, "SearchPipeline")


def test_who_is_not_trusted_or_not_allowed_is_told_one_thing(operator, server, sts_of):
    trusted, other = operator.user(ASSUME), operator.user(ASSUME)
    role = operator.role(access.trust(trusted.arn), statement("*"))
    assume(sts_of(trusted.seen), role)
    parameters = {"RoleArn": role, "RoleSessionName": SESSION}
    refusal = sts_of(other.seen).refuses(403, "NoPermission", None, "AssumeRole", **parameters)
    assert refusal.message.startswith(REFUSED)
    for rights in ([], [statement("sts:AssumeRole", resource=role + "x")], [statement("mts:*")],
                   [ASSUME, statement("sts:*", "Deny", role)]):
        user = operator.user(*rights)
        operator.run("role", "create", role.rpartition("/")[2], "--trust-file", "-",
                     said=json.dumps(access.trust(root(server))))
        sts_of(user.seen).refuses(403, "NoPermission", None, "AssumeRole", **parameters)
    # A policy for just this role is enough.
    user = operator.user(statement("sts:AssumeRole", resource=role))
    assume(sts_of(user.seen), role)
    # The account itself needs none, where it is trusted; the role trusts it by now.
    assume(sts_of(server), role)


def test_a_condition_of_the_trust_policy_takes_effect(operator, server, sts_of):
    user = operator.user(ASSUME)
    for network, passes in (("127.0.0.1", True), ("10.0.0.0/8", False)):
        role = operator.role(access.trust(user.arn, Condition={"IpAddress": {"acs:SourceIp": network}}))
        if passes:
            assume(sts_of(user.seen), role)
        else:
            sts_of(user.seen).refuses(403, "NoPermission", None, "AssumeRole", RoleArn=role,
                                      RoleSessionName=SESSION)


def test_a_role_of_another_account(operator, server, sts_of, shapes):
    """A session belongs to the role's account, whoever began it."""
    films = operator.account()
    number = films.credentials["account_id"]
    user = operator.user(ASSUME)
    open_to_us = operator.role(access.trust(user.arn), statement("mts:*"), account=number)
    seen = product.seen(server, assume(sts_of(user.seen), open_to_us))
    found = {found["Id"] for found in mps.NewMts(seen, shapes).call("SearchPipeline")["PipelineList"]["Pipeline"]}
    assert films.credentials["pipeline_id"] in found
    assert server.credentials["pipeline_id"] not in found
    assert product.NewSts(seen).call("GetCallerIdentity")["AccountId"] == number
    closed = operator.role(access.trust(f"acs:ram::{number}:root"), statement("*"), account=number)
    for role in (closed, f"acs:ram::{number}:role/none-of-this-name"):
        refusal = sts_of(user.seen).refuses(403, "NoPermission", None, "AssumeRole", RoleArn=role,
                                            RoleSessionName=SESSION)
        assert refusal.message.startswith(REFUSED)


@pytest.mark.parametrize("parameters, status, code", [
    ({"RoleArn": "x"}, 400, "InvalidParameter.RoleArn"),
    ({"RoleSessionName": "a"}, 400, "InvalidParameter.RoleSessionName"),
    ({"RoleSessionName": "a b"}, 400, "InvalidParameter.RoleSessionName"),
    ({"RoleSessionName": "x" * 65}, 400, "InvalidParameter.RoleSessionName"),
    ({"DurationSeconds": 899}, 400, "InvalidParameter.DurationSeconds"),
    ({"DurationSeconds": 901}, 400, "InvalidParameter.DurationSeconds"),
    ({"Policy": "{}"}, 400, "InvalidParameter.PolicyGrammar"),
    ({"Policy": "{"}, 400, "InvalidParameter.PolicyGrammar"),
    ({"Policy": json.dumps(access.document(statement("x" * 2048)))}, 400, "InvalidParameter.PolicySize"),
    ({"ExternalId": "outside"}, 400, "InvalidParameter.ExternalId"),
    ({"SourceIdentity": "somebody"}, 400, "InvalidParameter.SourceIdentity")])
def test_a_parameter_that_cannot_be(operator, server, sts_of, parameters, status, code):
    user = operator.user(ASSUME)
    role = operator.role(access.trust(root(server)), seconds=900)
    usual = {"RoleArn": role, "RoleSessionName": SESSION}
    sts_of(user.seen).refuses(status, code, None, "AssumeRole", **{**usual, **parameters})
    if "DurationSeconds" in parameters:
        assume(sts_of(user.seen), role, DurationSeconds=900)


def test_a_role_that_does_not_exist(operator, server, sts_of):
    user = operator.user(ASSUME)
    number = server.credentials["account_id"]
    sts_of(user.seen).refuses(404, "EntityNotExist.Role", None, "AssumeRole", RoleSessionName=SESSION,
                              RoleArn=f"acs:ram::{number}:role/none-of-this-name")


@pytest.mark.parametrize("action", ["AssumeRoleWithSAML", "AssumeRoleWithOIDC"])
def test_what_is_not_served_is_refused_by_name(server, action):
    answer = signing.Wire(server).v1(action, "POST", Version="2015-04-01")
    assert (answer.status, answer.json()["Code"]) == (400, "UnsupportedOperation")


@pytest.mark.parametrize("generation", sorted(product.GENERATIONS))
def test_sessions_outlive_a_crash_and_replays_never_answer_keys(program, tmp_path, shapes, capture, generation):
    first = harness.Server.start(program, tmp_path, slots=0)
    try:
        operator = access.Operator(program, first, tmp_path)
        user = operator.user(ASSUME)
        role = operator.role(access.trust(root(first)), policies=["ReadOnlyAccess"])
        answer, request = capture(assume, product.GENERATIONS[generation](user.seen), role)
        refused(first.address, request)
    finally:
        first.kill()
    second = harness.Server.start(program, tmp_path, slots=0)
    try:
        refused(second.address, request)
        mps.GENERATIONS[generation](product.seen(second, answer), shapes).call("SearchPipeline")
        second.stop()
    finally:
        if second.process.poll() is None:
            second.kill()


def refused(address, request):
    status, answer = deliver(address, request)
    assert (status, answer["Code"]) == (400, "SignatureNonceUsed"), answer
    assert "Credentials" not in answer
