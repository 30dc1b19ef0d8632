"""The audit tells of each call what the SDKs were told, under the request id that their exceptions carry."""
import json

import access
import harness
import mps
import sts as product
from access import statement


def entries(operator, *arguments):
    return operator.read("audit", *arguments)["entries"]


def entry(operator, request_id):
    [found] = entries(operator, "--request-id", request_id)
    return found


def test_allowed_and_refused_calls_stand_there_with_their_request_ids(operator, server, mts_of):
    user = operator.user(statement(["mts:SearchPipeline", "mts:CancelJob"]))
    mts = mts_of(user.seen)
    answer = mts.call("SearchPipeline")
    allowed = entry(operator, answer["RequestId"])
    assert {name: allowed[name] for name in (
        "account", "principal", "key_id", "dialect", "action", "source", "allowed", "reason", "status", "code")} == {
            "account": server.credentials["account_id"], "principal": user.arn, "key_id": user.key,
            "dialect": "aliyun", "action": "mts:SearchPipeline", "source": "127.0.0.1", "allowed": True,
            "reason": None, "status": 200, "code": None}
    assert allowed["request_id"] == answer["RequestId"] and mps.TIME.match(allowed["at"][:19] + "Z")

    refusal = mts.refused("AddPipeline", Name="x")
    refused = entry(operator, refusal.request_id)
    assert (refused["allowed"], refused["status"], refused["code"]) == (False, 403, "Forbidden.RAM")
    assert (refused["principal"], refused["action"]) == (user.arn, "mts:AddPipeline")
    assert "mts:AddPipeline" in refused["reason"]

    # Allowed, and come to nothing: the resource is named.
    refusal = mts.refused("CancelJob", JobId="0" * 32)
    failed = entry(operator, refusal.request_id)
    assert (failed["allowed"], failed["status"], failed["code"]) == (True, 404, "InvalidParameter.ResourceNotFound")
    assert "0" * 32 in failed["resource"]

    assert {found["request_id"] for found in entries(operator, "--user", user.name)} == {
        allowed["request_id"], refused["request_id"], failed["request_id"]}
    denied = entries(operator, "--user", user.name, "--denied")
    assert [found["request_id"] for found in denied] == [refused["request_id"]]
    of_action = entries(operator, "--user", user.name, "--action", "mts:CancelJob")
    assert [found["request_id"] for found in of_action] == [failed["request_id"]]


def test_calls_with_a_known_key_that_prove_nothing_are_noted_as_such(operator, mts_of):
    user = operator.user(policies=["AdministratorAccess"])
    mts = mts_of(user.seen.changed(access_key_secret="wrong"))
    found = entry(operator, mts.refused("SearchPipeline").request_id)
    assert (found["allowed"], found["status"], found["code"]) == (False, 400, "SignatureDoesNotMatch")
    # The answer repeats the string to sign, the record does not.
    assert "SignatureNonce" not in json.dumps(found)


def test_calls_beyond_a_limit_are_noted(operator, mts_of):
    account = operator.account()
    operator.run("account", "limit", account.credentials["account_id"], "mts:SearchTemplate", "1/h")
    mts = mts_of(account)
    mts.call("SearchTemplate")
    found = entry(operator, mts.refused("SearchTemplate").request_id)
    assert (found["allowed"], found["status"], found["code"]) == (False, 400, "Throttling.User")


def test_a_session_and_who_began_it_are_both_told(operator, server, shapes):
    user = operator.user(statement("sts:AssumeRole"))
    role = operator.role(access.trust(user.arn), statement("mts:Search*"))
    answer = product.NewSts(user.seen).call("AssumeRole", RoleArn=role, RoleSessionName="who-is-it")
    begun = entry(operator, answer["RequestId"])
    assert (begun["principal"], begun["action"], begun["resource"]) == (user.arn, "sts:AssumeRole", role)
    seen = product.seen(server, answer)
    refusal = mps.NewMts(seen, shapes).refused("AddPipeline", Name="x")
    used = entry(operator, refusal.request_id)
    assert used["principal"].endswith(f":assumed-role/{role.rpartition('/')[2]}/who-is-it")
    assert used["key_id"] == seen.credentials["access_key_id"]


def test_changes_of_access_stand_there_once_they_are_answered(program, tmp_path):
    """The server is killed as soon as the command has ended."""
    first = harness.Server.start(program, tmp_path, slots=0)
    try:
        operator = access.Operator(program, first, tmp_path)
        user = operator.user()
        operator.run("key", "disable", user.key)
    finally:
        first.kill()
    second = harness.Server.start(program, tmp_path, slots=0)
    try:
        operator = access.Operator(program, second, tmp_path)
        actions = [found["action"] for found in entries(operator)]
        assert actions[:3] == ["reelgate:ChangeKey", "reelgate:CreateKey", "reelgate:CreateUser"]
        second.stop()
    finally:
        if second.process.poll() is None:
            second.kill()


def test_an_account_reads_its_own_audit_and_the_operator_everybody_s(operator, server, shapes):
    account = operator.account()
    number = account.credentials["account_id"]
    theirs = mps.NewMts(account, shapes).call("SearchPipeline")["RequestId"]
    ours = mps.NewMts(server, shapes).call("SearchPipeline")["RequestId"]
    audit = harness.Native(account).call("GET", "/audit", params={"limit": 1000})["entries"]
    assert theirs in {found["request_id"] for found in audit}
    assert {found["account"] for found in audit} == {number}
    own = harness.Native(account).call("GET", "/audit", params={"request_id": ours})
    assert own["entries"] == []
    assert entry(operator, theirs)["principal"] == f"acs:ram::{number}:root"
    [found] = entries(operator, "--account", number, "--request-id", theirs)
    assert found == entry(operator, theirs)
    assert entries(operator, "--account", number, "--request-id", ours) == []
