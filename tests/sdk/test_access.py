"""What users may do: the worked example of docs/access.md as it stands there, and policies through both SDKs."""
import datetime
import pathlib
import re
import shlex

import pytest
from alibabacloud_mts20140618 import models
from alibabacloud_mts20140618.client import Client
from alibabacloud_sts20150401.client import Client as StsClient
from alibabacloud_sts20150401.models import AssumeRoleRequest
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.utils_models import Config
from aliyunsdkcore.acs_exception.exceptions import ServerException

import access
import certificates
import harness
import mps
from access import statement

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "access.md"
# A block, and the file name that stands before it if it is a file.
FENCE = re.compile(r"(?:^`([\w.-]+)`\n\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# The account that the page's examples name.
NUMBER = "1234567890123456"
READS = ["SearchPipeline", "SearchTemplate", "ListJob"]


@pytest.fixture(scope="module")
def server(program, tmp_path_factory):
    """Without slots, so that what is submitted waits until it is cancelled."""
    running = harness.Server.start(program, tmp_path_factory.mktemp("access"), slots=0)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def worked(program, server, tmp_path_factory):
    """The page's files and commands in order, taken literally: the build server's key, and the lines of Python."""
    account = server.credentials["account_id"]
    operator = access.Operator(program, server, tmp_path_factory.mktemp("page"))
    seen, snippets = {}, []
    for name, language, text in FENCE.findall(PAGE.read_text("utf-8")):
        text = text.replace(NUMBER, account)
        if language == "json":
            assert name, text
            (operator.directory / name).write_text(text, "utf-8")
        elif language == "python":
            snippets.append(text)
        else:
            for line in text.splitlines():
                command, *arguments = shlex.split(line, comments=True)
                assert command == "reelgate", line
                refused = "mts:UpdatePipeline" in arguments
                seen[line] = operator.run(*arguments, code=1 if refused else 0).stdout
    [made] = [shown for line, shown in seen.items() if line.startswith("reelgate key create")]
    key = dict(line.split() for line in made.splitlines())
    return access.Seen(server.address, {"access_key_id": key["ID"],
                                        "access_key_secret": key["SECRET"]}), snippets, seen


def forbidden(mts, action, **parameters):
    """Asserts that a call is refused by policies, in the SDK's own exception."""
    refusal = mts.refuses(403, "Forbidden.RAM", None, action, **parameters)
    kind = {"new": ClientException, "old": ServerException}[mts.generation]
    assert type(refusal.error) is kind  # pylint: disable=unidiomatic-typecheck
    return refusal


def may(mts, action, **parameters):
    """Whether policies let a call pass."""
    try:
        mts.call(action, **parameters)
    except (ClientException, ServerException):
        refusal = mts.refused(action, **parameters)
        assert (refusal.status, refusal.code) == (403, "Forbidden.RAM"), refusal
        return False
    return True


def test_the_worked_example_allows_what_it_says(worked, mts_of, server, media, native):
    seen, _, _ = worked
    desk = mps.Desk(mts_of(seen), server, server.credentials["pipeline_id"], media, native)
    [job] = desk.submit(desk.output())
    assert desk.state(job["JobId"]) == "Submitted"
    assert desk.mts.call("ListJob", PipelineId=desk.pipeline)["JobList"]["Job"]
    assert desk.mts.call("CancelJob", JobId=job["JobId"])["JobId"] == job["JobId"]
    assert desk.state(job["JobId"]) == "TranscodeCancelled"


def test_the_worked_example_refuses_the_rest_and_nothing_happens(worked, mts_of, server, shapes):
    mts, pipeline = mts_of(worked[0]), server.credentials["pipeline_id"]
    name = mps.unique("not-made")
    for action, parameters in [
            ("UpdatePipeline", {"PipelineId": pipeline, "Name": "x", "State": "Paused"}),
            ("AddPipeline", {"Name": name}), ("DeletePipeline", {"PipelineId": pipeline}),
            ("SearchPipeline", {}), ("QueryPipelineList", {"PipelineIds": pipeline}),
            ("SearchTemplate", {}), ("QueryTemplateList", {"TemplateIds": mps.MP4_LD})]:
        forbidden(mts, action, **parameters)
    listed = mps.NewMts(server, shapes).call("SearchPipeline")["PipelineList"]["Pipeline"]
    states = {found["Name"]: found["State"] for found in listed}
    assert states["default"] == "Active" and name not in states


def run_python(text, seen, pipeline):
    """Lines of the page, with what they leave open; what they have set."""
    names = {"Client": Client, "Config": Config, "P": pipeline, "StsClient": StsClient,
             "AssumeRoleRequest": AssumeRoleRequest, "SearchPipelineRequest": models.SearchPipelineRequest,
             "UpdatePipelineRequest": models.UpdatePipelineRequest,
             "ID": seen.credentials["access_key_id"], "SECRET": seen.credentials["access_key_secret"]}
    exec(text.replace("127.0.0.1:8470", seen.address), names)  # pylint: disable=exec-used
    return names


def test_the_worked_example_s_lines_of_python_end_as_they_say(worked, server):
    seen, (refused, _), _ = worked
    [said] = re.findall(r"^# (\w+): (\S+), status (\d+)$", refused, re.MULTILINE)
    with pytest.raises(ClientException) as raised:
        run_python(refused, seen, server.credentials["pipeline_id"])
    found = raised.value
    assert (type(found).__name__, found.code, str(found.status_code)) == said


def test_the_page_s_role_is_assumed_by_its_lines_of_python(worked, shapes):
    seen, (_, assumes), _ = worked
    key = run_python(assumes, seen, None)["key"]
    session = access.Seen(seen.address, {
        "access_key_id": key.access_key_id, "access_key_secret": key.access_key_secret,
        "security_token": key.security_token})
    assert may(mps.OldMts(session, shapes), "SearchPipeline")
    forbidden(mps.NewMts(session, shapes), "AddPipeline", Name="x")


def test_the_worked_example_s_commands_say_what_the_page_says(worked):
    shown = worked[2]
    [yes, no, own] = [text for line, text in shown.items() if line.startswith("reelgate policy check")]
    assert yes.startswith("allowed: ") and "Statement[0] of submit-only" in yes
    assert no.startswith("denied: ") and "not allowed by any statement" in no
    assert own.startswith("allowed: ") and "Statement[0] of rotates-own-keys" in own


def test_a_refusal_says_who_asked_for_what_and_what_decided(operator, server, shapes):
    user = operator.user(statement("mts:*"), statement("mts:AddPipeline", "Deny"))
    mts = mps.NewMts(user.seen, shapes)
    denied = forbidden(mts, "AddPipeline", Name="x").error.access_denied_detail
    assert denied["AuthAction"] == "mts:AddPipeline"
    assert denied["AuthPrincipalType"] == "SubUser"
    assert denied["AuthPrincipalDisplayName"] == user.name
    assert denied["AuthPrincipalOwnerId"] == server.credentials["account_id"]
    assert denied["NoPermissionType"] == "ExplicitDeny"
    assert f"Statement[1] of {user.name}-policy" in denied["Reason"]
    nobody = mps.NewMts(operator.user().seen, shapes)
    denied = forbidden(nobody, "AddPipeline", Name="x").error.access_denied_detail
    assert denied["NoPermissionType"] == "ImplicitDeny"


def test_a_user_without_policies_may_do_nothing(operator, mts_of):
    mts = mts_of(operator.user().seen)
    for action in READS:
        forbidden(mts, action)


def test_deny_wins_whichever_policy_it_stands_in(operator, mts_of):
    user = operator.user(statement("mts:*"), policies=["AdministratorAccess"])
    mts = mts_of(user.seen)
    assert may(mts, "SearchPipeline")
    operator.attach("user", user.name, mps.unique("denies"), statement("MTS:search*", "Deny"))
    forbidden(mts, "SearchPipeline")
    forbidden(mts, "SearchTemplate")
    assert may(mts, "ListJob")


def hours(number):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=number)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("condition, allowed", [
    ({"IpAddress": {"acs:SourceIp": "127.0.0.0/8"}}, True),
    ({"IpAddress": {"acs:SourceIp": ["10.0.0.0/8", "192.0.2.7"]}}, False),
    ({"NotIpAddress": {"acs:SourceIp": "127.0.0.1"}}, False),
    ({"DateLessThan": {"acs:CurrentTime": hours(24)}}, True),
    ({"DateLessThan": {"acs:CurrentTime": hours(-1)}}, False),
    ({"DateGreaterThan": {"acs:CurrentTime": hours(-1)}, "DateLessThan": {"acs:CurrentTime": hours(24)}}, True),
    ({"DateGreaterThan": {"acs:CurrentTime": hours(-1)}, "IpAddress": {"acs:SourceIp": "10.0.0.1"}}, False),
    ({"Bool": {"acs:SecureTransport": "true"}}, False),
    ({"Bool": {"acs:SecureTransport": "false"}}, True),
    ({"Bool": {"acs:MFAPresent": "true"}}, False)])
def test_a_condition_takes_effect(operator, shapes, condition, allowed):
    user = operator.user(statement("mts:*", Condition=condition))
    assert may(mps.NewMts(user.seen, shapes), "SearchPipeline") is allowed
    # The same in a statement that denies.
    operator.attach("user", user.name, f"{user.name}-policy", statement("mts:*"),
                    statement("mts:*", "Deny", Condition=condition))
    assert may(mps.OldMts(user.seen, shapes), "SearchPipeline") is not allowed


def test_calls_over_tls_are_told_from_others(program, tmp_path):
    files = tmp_path / "tls"
    files.mkdir()
    certificates.make(files)
    running = harness.Server.start(program, tmp_path, slots=0, options=certificates.options(files))
    try:
        operator = access.Operator(program, running, tmp_path)
        for value, allowed in (("true", True), ("false", False)):
            user = operator.user(statement("mts:*", Condition={"Bool": {"acs:SecureTransport": value}}))
            client = Client(Config(region_id=harness.REGION, endpoint=running.address, protocol="https",
                                   ca=str(files / "cert.pem"), **user.seen.credentials))
            if allowed:
                assert client.search_pipeline(models.SearchPipelineRequest()).status_code == 200
            else:
                with pytest.raises(ClientException) as raised:
                    client.search_pipeline(models.SearchPipelineRequest())
                assert raised.value.code == "Forbidden.RAM"
        running.stop()
    finally:
        if running.process.poll() is None:
            running.kill()


def test_resources_are_compared(operator, server, shapes):
    account = server.credentials["account_id"]
    for resource, allowed in [("*", True), ("acs:mts:*:*:*", True), (f"acs:mts:*:{account}:*", True),
                              (f"acs:mts:*:{int(account) ^ 1}:*", False), ("acs:oss:*:*:*", False)]:
        user = operator.user(statement("mts:SearchPipeline", resource=resource))
        assert may(mps.NewMts(user.seen, shapes), "SearchPipeline") is allowed, resource


@pytest.mark.parametrize("policy, reads, writes", [
    ("AliyunMTSReadOnlyAccess", True, False), ("AliyunMTSFullAccess", True, True),
    ("ReadOnlyAccess", True, False), ("AdministratorAccess", True, True),
    ("ReelgateFullAccess", False, False), ("AliyunSTSFullAccess", False, False)])
def test_system_policies_open_what_their_names_say(operator, mts_of, policy, reads, writes):
    mts = mts_of(operator.user(policies=[policy]).seen)
    assert {may(mts, action) for action in READS} == {reads}
    name = mps.unique("made")
    assert may(mts, "AddPipeline", Name=name) is writes


def test_what_changes_acts_on_the_next_call(operator, mts_of):
    user = operator.user(policies=["AliyunMTSReadOnlyAccess"])
    mts = mts_of(user.seen)
    assert may(mts, "SearchPipeline")
    operator.run("user", "detach-policy", user.name, "AliyunMTSReadOnlyAccess")
    forbidden(mts, "SearchPipeline")
    operator.run("user", "attach-policy", user.name, "ReadOnlyAccess")
    assert may(mts, "SearchPipeline")
    operator.attach("user", user.name, f"{user.name}-policy", statement("mts:*", "Deny"))
    forbidden(mts, "SearchPipeline")
    # A policy that is written anew counts at once for whom it is attached to.
    operator.attach("user", user.name, f"{user.name}-policy", statement("mts:Add*", "Deny"))
    assert may(mts, "SearchPipeline")

    operator.run("key", "disable", user.key)
    mts.refuses(400, "InvalidAccessKeyId.Inactive", "Specified access key is disabled.", "SearchPipeline")
    operator.run("key", "enable", user.key)
    assert may(mts, "SearchPipeline")
    operator.run("user", "delete", user.name)
    mts.refuses(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.", "SearchPipeline")


def test_a_rotated_key_goes_on_for_its_overlap_and_no_longer(operator, mts_of):
    user = operator.user(policies=["ReadOnlyAccess"])
    first = mts_of(user.seen)
    made = operator.read("key", "rotate", user.key, "--overlap", 86400)
    second = access.Seen(user.seen.address, {"access_key_id": made["id"],
                                             "access_key_secret": made["secret"]})
    assert may(first, "SearchPipeline") and may(mts_of(second), "SearchPipeline")
    operator.run("key", "rotate", made["id"])
    mts_of(second).refuses(400, "InvalidAccessKeyId.Inactive", None, "SearchPipeline")
    assert may(first, "SearchPipeline")
    operator.run("key", "delete", user.key)
    first.refuses(404, "InvalidAccessKeyId.NotFound", None, "SearchPipeline")
