"""Accounts, keys, users, policies and roles by the command line, and what they come to over the APIs."""
import json
import os
import pty
import select
import subprocess
import time
import types

import pytest

import harness
import mps

ALICE_READS = {"Version": "1", "Statement": [
    {"Effect": "Allow", "Action": ["reelgate:GetObject", "reelgate:ListObjects"],
     "Resource": ["acs:reelgate:*:*:bucket/media", "acs:reelgate:*:*:bucket/media/hls/*"]},
    {"Effect": "Deny", "Action": "reelgate:*", "Resource": "acs:reelgate:*:*:bucket/media/hls/secret*"}]}


@pytest.fixture
def alice(run, tmp_path):
    """A user of the test's own, with nothing attached."""
    name = mps.unique("alice")
    run("user", "create", name)
    yield name
    run("user", "delete", name, code=None)


@pytest.fixture
def policy_file(tmp_path):
    path = tmp_path / "policy.json"
    path.write_text(json.dumps(ALICE_READS), "utf-8")
    return path


def by_key(server, key):
    """The native API with another key than the first account's."""
    return harness.Native(types.SimpleNamespace(address=server.address, credentials={"api_key": key}))


def refused(response, status, code):
    assert response.status_code == status, response.text
    found = response.json()
    assert found["code"] == code, found
    return found


def test_a_user_may_do_what_its_policies_say_and_no_more(run, read, server, native, alice, policy_file):
    native.put_object("media", "hls/a.m3u8", b"#EXTM3U")
    native.put_object("media", "hls/secret.m3u8", b"#EXTM3U")
    key = read("key", "create", "--kind", "api", "--user", alice)
    assert key["user"] == alice and key["secret"].startswith("rgk_")
    user = by_key(server, key["secret"])
    path = harness.object_path("media", "hls/a.m3u8")
    found = refused(user.request("GET", path), 403, "forbidden")
    account = server.credentials["account_id"]
    assert found["action"] == "reelgate:GetObject"
    assert found["resource"] == f"acs:reelgate:*:{account}:bucket/media/hls/a.m3u8"
    assert found["policy"] is None and found["statement"] is None

    policy = mps.unique("reads")
    run("user", "attach-policy", alice, policy, "--file", policy_file)
    assert user.get_object("media", "hls/a.m3u8") == b"#EXTM3U"
    found = refused(user.request("GET", harness.object_path("media", "hls/secret.m3u8")), 403, "forbidden")
    assert (found["policy"], found["statement"]) == (policy, 1)
    assert "Statement[1]" in found["detail"]
    refused(user.request("PUT", path, data=b"x"), 403, "forbidden")
    refused(user.request("GET", "/users"), 403, "forbidden")
    refused(user.request("GET", "/accounts"), 403, "forbidden")
    refused(user.request("GET", f"/projects?account={account}"), 403, "forbidden")

    run("user", "detach-policy", alice, policy)
    refused(user.request("GET", path), 403, "forbidden")
    run("policy", "delete", policy)


def test_policy_check_says_which_statement_decides(run, read, alice, policy_file):
    policy = mps.unique("reads")
    run("user", "attach-policy", alice, policy, "--file", policy_file)

    def check(action, resource, code):
        asked = ["policy", "check", "--user", alice, "--action", action, "--resource", resource]
        words = run(*asked, code=code).stdout.decode()
        return words, read(*asked, code=code)

    words, verdict = check("reelgate:GetObject", "acs:reelgate:*:1:bucket/media/hls/a", 0)
    assert words.startswith("allowed: ") and "Statement[0]" in words and policy in words
    assert (verdict["allowed"], verdict["policy"], verdict["statement"]) == (True, policy, 0)
    words, verdict = check("reelgate:GetObject", "acs:reelgate:*:1:bucket/media/hls/secret", 1)
    assert words.startswith("denied: ") and "Statement[1]" in words
    assert (verdict["allowed"], verdict["statement"]) == (False, 1)
    words, verdict = check("mts:SubmitJobs", "*", 1)
    assert words.startswith("denied: ")
    assert (verdict["policy"], verdict["statement"]) == (None, None)
    # What everybody may call, and what everybody may whom no statement denies it.
    words, verdict = check("sts:GetCallerIdentity", "*", 0)
    assert "needs no permission" in words and verdict["policy"] is None
    words, _ = check("iam:KeystoneRevokeToken", "*", 0)
    assert "no statement denies it" in words
    asked = ["policy", "check", "--user", alice, "--resource", "*", "--action"]
    assert b"no API" in run(*asked, "mts:SubmitJob", code=1).stderr
    assert b"no API" not in run(*asked, "mts:SubmitJobs", code=1).stderr
    done = run("policy", "check", "--user", "nobody-here", "--action", "a:B", "--resource", "*", code=1)
    assert b"nobody-here" in done.stderr


def test_policies_come_from_files_and_the_standard_input(run, read):
    name = mps.unique("policy")
    document = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "mts:*", "Resource": "*"}]}
    done = run("policy", "create", name, "--file", "-", said=json.dumps(document))
    assert name in done.stdout.decode()
    assert json.loads(run("policy", "show", name).stdout) == document
    assert read("policy", "show", name)["document"] == document
    listed = {found["name"]: found["kind"] for found in read("policy", "list")["policies"]}
    assert listed[name] == "custom" and listed["AdministratorAccess"] == "system"
    assert name in run("policy", "list").stdout.decode()
    document["Statement"][0]["Efect"] = "Deny"
    done = run("policy", "create", name, "--file", "-", said=json.dumps(document), code=1)
    assert b"Statement[0]" in done.stderr and b"Efect" in done.stderr
    done = run("policy", "create", name, "--file", "no-such-file", code=1)
    assert b"no-such-file" in done.stderr
    run("policy", "delete", name)
    assert name.encode() in run("policy", "show", name, code=1).stderr


def test_an_attached_policy_is_not_deleted_and_says_to_whom(run, alice, policy_file):
    name = mps.unique("policy")
    run("user", "attach-policy", alice, name, "--file", policy_file)
    done = run("policy", "delete", name, code=1)
    assert alice.encode() in done.stderr and b"409" in done.stderr
    run("user", "detach-policy", alice, name)
    run("policy", "delete", name)


def test_keys_are_listed_without_secrets_disabled_and_deleted(run, read, server, alice):
    made = read("key", "create", "--kind", "api", "--user", alice)
    user = by_key(server, made["secret"])
    refused(user.request("GET", "/jobs"), 403, "forbidden")
    listed = run("key", "list", "--user", alice, "-o", "json").stdout.decode()
    assert made["id"] in listed and made["secret"] not in listed
    assert "disabled" in run("key", "disable", made["id"]).stdout.decode()
    refused(user.request("GET", "/jobs"), 401, "unauthenticated")
    assert "active" in run("key", "enable", made["id"]).stdout.decode()
    refused(user.request("GET", "/jobs"), 403, "forbidden")
    run("key", "delete", made["id"])
    refused(user.request("GET", "/jobs"), 401, "unauthenticated")
    assert made["id"].encode() in run("key", "delete", made["id"], code=1).stderr
    assert made["secret"] not in server.log.read_text("utf-8", "replace")


def test_a_rotated_key_counts_for_its_overlap(run, read, server, alice):
    made = read("key", "create", "--kind", "api", "--user", alice)
    rotated = read("key", "rotate", made["id"], "--overlap", 3600)
    assert rotated["id"] != made["id"] and rotated["secret"] != made["secret"]
    assert rotated["replaces"]["id"] == made["id"] and rotated["replaces"]["expires_at"]
    for secret in (made["secret"], rotated["secret"]):
        refused(by_key(server, secret).request("GET", "/jobs"), 403, "forbidden")
    again = read("key", "rotate", rotated["id"])
    refused(by_key(server, rotated["secret"]).request("GET", "/jobs"), 401, "unauthenticated")
    refused(by_key(server, again["secret"]).request("GET", "/jobs"), 403, "forbidden")


def test_signing_keys_of_users_are_checked_by_the_vendor_s_api_too(run, read, server, shapes, alice):
    made = read("key", "create", "--user", alice)
    assert made["kind"] == "access"
    as_alice = harness.new_sdk(types.SimpleNamespace(address=server.address, credentials={
        "access_key_id": made["id"], "access_key_secret": made["secret"]}), shapes)
    from alibabacloud_mts20140618 import models  # pylint: disable=import-outside-toplevel
    from Tea.exceptions import TeaException  # pylint: disable=import-outside-toplevel
    asked = models.SearchPipelineRequest()
    with pytest.raises(TeaException) as raised:
        as_alice.search_pipeline(asked)
    assert "Forbidden" in raised.value.code
    run("user", "attach-policy", alice, "AliyunMTSReadOnlyAccess")
    assert as_alice.search_pipeline(asked).body.pipeline_list.pipeline


def test_an_account_sees_nothing_of_another(run, read, server, native):
    name = mps.unique("films")
    opened = read("account", "create", name)
    assert set(opened["credentials"]) == set(server.credentials)
    assert opened["features"] == []
    other = by_key(server, opened["credentials"]["api_key"])
    pipeline = native.call("POST", "/pipelines", json={"name": mps.unique("mine")})["id"]
    refused(other.request("GET", f"/pipelines/{pipeline}"), 404, "not_found")
    refused(other.request("PATCH", f"/pipelines/{pipeline}", json={"state": "paused"}), 404, "not_found")
    native.put_object("media", "mine.txt", b"mine")
    refused(other.request("GET", harness.object_path("media", "mine.txt")), 404, "not_found")
    key = read("key", "create", "--kind", "api")
    for method, path in (("PATCH", f"/keys/{key['id']}"), ("DELETE", f"/keys/{key['id']}")):
        body = {"json": {"active": False}} if method == "PATCH" else {}
        refused(other.request(method, path, **body), 404, "not_found")
    assert by_key(server, key["secret"]).call("GET", "/jobs") is not None
    refused(other.request("GET", "/accounts"), 403, "forbidden")
    refused(other.request("GET", "/keys", params={"account": server.credentials["account_id"]}),
            403, "forbidden")
    # An operator may look, by id or by name.
    for account in (opened["id"], name):
        users = read("user", "list", "--account", account)["users"]
        assert [user["name"] for user in users] == ["admin"]
    assert name in run("account", "list").stdout.decode()
    assert name.encode() in run("account", "create", name, code=1).stderr
    assert b"no-such-account" in run("user", "list", "--account", "no-such-account", code=1).stderr


def test_secrets_are_shown_once_and_the_screen_says_so(run, server):
    name = mps.unique("films")
    done = run("account", "create", name)
    assert b"rgk_" in done.stdout and b"only time" in done.stderr
    secrets = [line.split()[-1] for line in done.stdout.decode().splitlines()
               if line.startswith(("ACCESS KEY SECRET", "API KEY", "PASSWORD"))]
    assert len(secrets) == 3
    log = server.log.read_text("utf-8", "replace")
    for secret in secrets:
        assert secret not in log
        for path in server.data.rglob("*"):
            if path.is_file():
                assert secret.encode() not in path.read_bytes(), path


def test_features_and_limits_of_an_account(run, read, server):
    opened = read("account", "create", mps.unique("films"))
    account, other = opened["id"], by_key(server, opened["credentials"]["api_key"])
    assert read("account", "feature", account, "edge", "on")["features"] == ["edge"]
    assert read("account", "feature", account, "edge", "off")["features"] == []
    # One's own.
    assert read("account", "feature", "edge", "off")["features"] == []
    assert read("account", "feature", "edge", "on")["features"] == ["edge"]
    assert read("account", "limit", "reelgate:ListJobs")["limits"][0]["action"] == "reelgate:ListJobs"
    assert "mts:CancelJob" in {limit["action"] for limit in read("account", "limit")["limits"]}
    assert b"flying" in run("account", "feature", account, "flying", "on", code=1).stderr
    found = {limit["action"]: limit for limit in read("account", "limit", account)["limits"]}
    assert found["mts:CancelJob"] == {
        "action": "mts:CancelJob", "limit": "100/s", "default": "100/s", "is_set": False}
    read("account", "limit", account, "reelgate:ListJobs", "2/h")
    assert [other.request("GET", "/jobs").status_code for _ in range(3)] == [200, 200, 429]
    throttled = other.request("GET", "/jobs")
    refused(throttled, 429, "throttled")
    assert 1 <= int(throttled.headers["Retry-After"]) <= 3600
    other.call("GET", "/pipelines")
    [limit] = read("account", "limit", account, "reelgate:ListJobs", "unlimited")["limits"]
    assert limit["is_set"] and other.request("GET", "/jobs").status_code == 200
    [limit] = read("account", "limit", account, "reelgate:ListJobs", "default")["limits"]
    assert not limit["is_set"]
    assert b"reelgate:Nothing" in run("account", "limit", account, "reelgate:Nothing", "1/s", code=1).stderr
    assert b"100 a day" in run("account", "limit", account, "reelgate:ListJobs", "100 a day", code=1).stderr


def test_projects_come_with_a_pipeline(run, read, server):
    opened = read("account", "create", mps.unique("films"))
    name = mps.unique("trailers")
    made = read("project", "create", name, "--account", opened["id"])
    assert (made["name"], made["account"]) == (name, opened["id"])
    other = by_key(server, opened["credentials"]["api_key"])
    other.call("GET", f"/pipelines/mpc-{made['id']}")
    assert name in run("project", "list", "--account", opened["name"]).stdout.decode()
    refused(other.request("POST", "/projects", json={"name": "mine"}), 403, "forbidden")
    assert name in {found["name"] for found in other.call("GET", "/projects")["projects"]}


def test_roles_are_written_from_a_trust_file(run, read, server, tmp_path, policy_file):
    account, name = server.credentials["account_id"], mps.unique("role")
    trust = {"Version": "1", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"RAM": [f"acs:ram::{account}:root"]}}]}
    trust_file = tmp_path / "trust.json"
    trust_file.write_text(json.dumps(trust), "utf-8")
    made = read("role", "create", name, "--trust-file", trust_file, "--max-session", 900)
    assert made["arn"] == f"acs:ram::{account}:role/{name}" and made["max_session_seconds"] == 900
    assert made["trust"] == trust
    policy = mps.unique("policy")
    run("role", "attach-policy", name, policy, "--file", policy_file)
    shown = run("role", "show", name).stdout.decode()
    assert policy in shown and "sts:AssumeRole" in shown
    assert read("role", "show", name)["policies"] == [{"name": policy, "kind": "custom"}]
    assert name in run("role", "list").stdout.decode()
    run("role", "detach-policy", name, policy)
    assert b"max_session_seconds" in run("role", "create", name, "--trust-file", trust_file, "--max-session", 800,
                                         code=1).stderr
    trust_file.write_text("{", "utf-8")
    assert b"trust.json" in run("role", "create", name, "--trust-file", trust_file, code=1).stderr
    run("role", "delete", name)
    run("policy", "delete", policy)
    assert name.encode() in run("role", "show", name, code=1).stderr


def test_passwords_come_from_a_file_or_a_terminal(run, read, program, environment, tmp_path):
    name = mps.unique("bob")
    file = tmp_path / "password"
    file.write_text("a long enough password\n", "utf-8")
    assert read("user", "create", name, "--password-file", file)["has_password"] is True
    run("user", "set-password", name, "--password-file", "-", said="another long password\n")
    assert b"--password-file" in run("user", "set-password", name, code=1).stderr
    file.write_text("short", "utf-8")
    assert b"400" in run("user", "set-password", name, "--password-file", file, code=1).stderr
    shown, status = on_terminal([program, "user", "set-password", name], environment,
                                ["typed in silence!", "typed in silence!"])
    assert status == 0 and "new password" in shown
    assert "typed in silence" not in shown
    shown, status = on_terminal([program, "user", "set-password", name], environment,
                                ["typed in silence!", "typed otherwise!!"])
    assert status == 1 and "differ" in shown
    run("user", "delete", name)


def on_terminal(command, environment, lines):
    """Runs a command on a terminal of its own; what stood on its screen, and its exit code."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs,
                               env=environment, close_fds=True, start_new_session=True)
    os.close(theirs)
    screen, asked, deadline = b"", 0, time.monotonic() + 120
    while True:
        assert time.monotonic() < deadline, screen
        if not select.select([ours], [], [], 1)[0]:
            continue
        try:
            piece = os.read(ours, 4096)
        except OSError:
            break
        if not piece:
            break
        screen += piece
        if asked < len(lines) and screen.endswith(b": "):
            os.write(ours, lines[asked].encode() + b"\n")
            asked += 1
    os.close(ours)
    return screen.decode(), process.wait(120)


def test_the_audit_log_says_who_called_what_and_what_came_of_it(run, read, server, alice):
    key = read("key", "create", "--kind", "api", "--user", alice)
    user = by_key(server, key["secret"])
    account = server.credentials["account_id"]
    denied = refused(user.request("DELETE", harness.object_path("media", "x")), 403, "forbidden")
    [entry] = read("audit", "--user", alice)["entries"]
    assert entry["principal"] == f"acs:ram::{account}:user/{alice}"
    assert entry["key_id"] == key["id"] and entry["dialect"] == "native"
    assert entry["action"] == "reelgate:DeleteObject"
    assert entry["resource"] == f"acs:reelgate:*:{account}:bucket/media/x"
    assert (entry["allowed"], entry["status"], entry["code"]) == (False, 403, "forbidden")
    assert entry["source"] == "127.0.0.1" and entry["reason"]
    assert entry["request_id"] == denied["request_id"]
    [by_id] = read("audit", "--request-id", denied["request_id"])["entries"]
    assert by_id == entry
    table = run("audit", "--user", alice, "--denied").stdout.decode()
    assert "403 forbidden" in table and "reelgate:DeleteObject" in table
    [made] = read("audit", "--action", "reelgate:CreateUser", "--limit", 1)["entries"]
    assert made["allowed"] and made["principal"] == f"acs:ram::{account}:root"
    assert made["status"] == 201 and made["code"] is None
    assert key["secret"] not in json.dumps(read("audit", "--limit", 1000))


def test_the_master_key_is_rotated_and_keys_go_on(read, run, server, shapes):
    rotated = read("master-key", "rotate")
    assert rotated["key_id"] and rotated["resealed"] >= 1
    from alibabacloud_mts20140618 import models  # pylint: disable=import-outside-toplevel
    sdk = harness.new_sdk(server, shapes)
    assert sdk.search_pipeline(models.SearchPipelineRequest()).body.pipeline_list.pipeline
    opened = read("account", "create", mps.unique("films"))
    other = by_key(server, opened["credentials"]["api_key"])
    refused(other.request("POST", "/master-key/rotate"), 403, "forbidden")


def test_the_error_centre_needs_no_server(run, read, native):
    nowhere = {"REELGATE_DATA": "nowhere"}
    shown = run("errors", "SignatureDoesNotMatch", **nowhere).stdout.decode()
    assert "SignatureDoesNotMatch" in shown and "aliyun" in shown
    listed = run("errors", **nowhere).stdout.decode()
    assert "throttled" in listed and "InvalidParameter" in listed
    assert b"NoSuchCode" in run("errors", "NoSuchCode", code=1, **nowhere).stderr
    assert read("errors", **nowhere) == native.call("GET", "/errors")
    assert read("errors", "throttled", **nowhere) == native.call("GET", "/errors/throttled")
    refused(native.request("GET", "/errors/NoSuchCode"), 404, "not_found")
    assert b"--server" in run("--server", "x", "errors", code=1).stderr


def test_actions_are_listed_without_a_server(run, read, native):
    nowhere = {"REELGATE_DATA": "nowhere"}
    table = run("policy", "actions", "--product", "mts", **nowhere).stdout.decode()
    assert "mts:CancelJob" in table and "100/s" in table and "reelgate:" not in table
    assert "reelgate:GetObject" in run("policy", "actions", **nowhere).stdout.decode()
    assert read("policy", "actions", **nowhere) == native.call("GET", "/operations")
    assert read("policy", "actions", "--product", "Mts", **nowhere) == native.call(
        "GET", "/operations", params={"product": "mts"})
    assert b"no-such" in run("policy", "actions", "--product", "no-such", code=1, **nowhere).stderr


def test_mistakes_end_with_an_error_that_names_them(run, tmp_path):
    for arguments, said in [
            (["user", "show", "no-such-user"], b"no-such-user"),
            (["user", "create", "a b"], b"name"),
            (["user", "attach-policy", "admin", "NoSuchPolicy"], b"NoSuchPolicy"),
            (["key", "disable", "RGAKnothing"], b"RGAKnothing"),
            (["key", "create", "--user", "no-such-user"], b"no-such-user"),
            (["role", "delete", "no-such-role"], b"no-such-role"),
            (["project", "create", "a/b"], b"name"),
            (["audit", "--from", "yesterday"], b"yesterday")]:
        done = run(*arguments, code=1)
        assert said in done.stderr and b"panicked" not in done.stderr, done
    for arguments in (["key", "create", "--kind", "wooden"], ["account", "feature", "x", "edge", "maybe"],
                      ["policy", "create", "x"], ["key", "rotate", "x", "--overlap", "-1"]):
        run(*arguments, code=2)
