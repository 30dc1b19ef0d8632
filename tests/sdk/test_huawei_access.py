"""The other vendor's Python SDK at the door of its API: who is let in, and what the others are told."""
import http.client
import json
import logging
import socket
import uuid

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.auth.internal import IamHelper, StsAccessor
from huaweicloudsdkcore.exceptions import exceptions
from huaweicloudsdkcore.exceptions.exception_handler import DefaultExceptionHandler
from huaweicloudsdkcore.http.http_client import HttpClient
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.http.http_handler import HttpHandler
from huaweicloudsdkmpc.v1 import (CreateTranscodingReq, CreateTranscodingTaskRequest,
                                  DeleteTranscodingTaskRequest, ListAllObsObjListRequest,
                                  ObsObjInfo)

import huawei

OTHER_PROJECT = "0123456789abcdef0123456789abcdef"
WHO = "Incorrect IAM authentication information: "


@pytest.fixture
def iam(server):
    return huawei.Iam(server)


@pytest.fixture(params=[False, True], ids=["direct", "derived"])
def wire(request, server):
    """Requests signed by the SDK's core, by each of its two schemes."""
    return huawei.Wire(server, request.param)


@pytest.fixture
def user(native):
    """A user of the test's own, with a password and nothing that a policy lets it do."""
    made = {"name": f"user-{uuid.uuid4().hex[:8]}", "password": uuid.uuid4().hex}
    native.call("POST", "/users", json=made)
    yield made
    native.request("DELETE", f"/users/{made['name']}")


def project_path(server, rest="transcodings"):
    return f"/v1/{server.credentials['project_id']}/{rest}"


def test_good_calls_get_through_the_door(server):
    client = huawei.client(server)
    place = ObsObjInfo(bucket="in-bucket", location="cn-north-4", object="in/a b.mp4")
    body = CreateTranscodingReq(input=place, output=place, trans_template_id=[1],
                                user_data="caf\u00e9 \u4f60")
    for call, request, expected in [
            (client.delete_transcoding_task, DeleteTranscodingTaskRequest(task_id=0),
             (400, "MPC.10212")),
            (client.create_transcoding_task, CreateTranscodingTaskRequest(body=body),
             (400, "MPC.10089")),
            (client.create_transcoding_task, CreateTranscodingTaskRequest(), (400, "MPC.10202")),
            (client.list_all_obs_obj_list,
             ListAllObsObjListRequest(bucket="my bucket", prefix="a/b~c \u00e9*+&=;"),
             (403, "MPC.10209"))]:
        error = huawei.refusal(call, request)
        assert (error.status_code, error.error_code) == expected, error


def test_lists_of_ids_keep_the_order_of_the_sdk(server):
    outcome, _ = huawei.outcome_of_list(server, ids=["1", "11", "2"])
    assert outcome == huawei.SERVED


def test_a_wrong_secret_is_answered_with_what_was_verified(server):
    outcome, message = huawei.outcome_of_list(
        server, huawei.credentials(server, secret="SKwrong"), ids=["1"])
    assert outcome == huawei.REFUSED
    begin = WHO + "verify aksk signature fail, canonicalRequest:GET|" \
        + project_path(server) + "/|task_id=1|content-type:application/json|host:" + server.address
    assert message.startswith(begin), message


def test_an_unknown_key_is_named(server):
    outcome, message = huawei.outcome_of_list(server, huawei.credentials(server, key="AKUNKNOWN"))
    assert outcome == huawei.REFUSED
    assert message == WHO + "ak AKUNKNOWN not exist"


def test_a_key_that_is_switched_off_signs_nothing(server, native):
    key = native.call("POST", "/keys", json={"kind": "access"})
    made = huawei.credentials(server, key["id"], key["secret"])
    try:
        assert huawei.outcome_of_list(server, made)[0] == huawei.SERVED
        native.call("PATCH", f"/keys/{key['id']}", json={"active": False})
        outcome, message = huawei.outcome_of_list(server, made)
        assert outcome == huawei.REFUSED
        assert message == WHO + f"ak {key['id']} is disabled"
    finally:
        native.request("DELETE", f"/keys/{key['id']}")


@pytest.mark.parametrize("offset", [-14 * 60, 14 * 60])
def test_a_clock_may_be_wrong_by_a_quarter_of_an_hour(wire, server, offset):
    answer = wire.send("GET", project_path(server), offset=offset)
    assert huawei.summary(answer) == huawei.SERVED


@pytest.mark.parametrize("offset", [-15 * 60 - 2, 15 * 60 + 30, -86400])
def test_a_stale_signature_is_told_both_times(wire, server, offset):
    answer = wire.send("GET", project_path(server), offset=offset)
    assert huawei.summary(answer) == huawei.REFUSED
    message = answer.json()["error_msg"]
    assert message.startswith(WHO + "calc aksk signature fail:signature expired, signature time:")
    assert ",server time:" in message


def test_requests_that_change_on_their_way_are_refused(wire, server):
    path = project_path(server)
    url, headers = wire.signed("POST", path, query=[("a", "1")], body='{"b": 2}',
                               headers={"Content-Type": "application/json"})
    # The signature is good, and there is no such parameter.
    refused = (400, "MPC.10202")
    unchanged = huawei.send("POST", url, headers=headers, data='{"b": 2}')
    assert huawei.summary(unchanged) == refused
    respelled = huawei.send("POST", url.replace("a=1", "a=%31"), headers=headers, data='{"b": 2}')
    assert huawei.summary(respelled) == refused
    later = {**headers, "X-Sdk-Date": headers["X-Sdk-Date"][:-2] + "xZ"}
    for name, answer in {
            "method": huawei.send("PUT", url, headers=headers, data='{"b": 2}'),
            "query": huawei.send("POST", url.replace("a=1", "a=2"), headers=headers, data='{"b": 2}'),
            "body": huawei.send("POST", url, headers=headers, data='{"b": 3}'),
            "path": huawei.send("POST", url.replace("/transcodings", "/thumbnails"),
                                headers=headers, data='{"b": 2}'),
            "date": huawei.send("POST", url, headers=later, data='{"b": 2}')}.items():
        assert huawei.summary(answer) == huawei.REFUSED, name


def test_only_projects_of_the_account_open_the_door(server):
    made = huawei.credentials(server, project=OTHER_PROJECT)
    outcome, message = huawei.outcome_of_list(server, made)
    assert outcome == huawei.WRONG_PROJECT
    assert message == "Tenant ID verification failed, please check."


def test_a_client_without_project_and_region_is_told_so(server):
    made = BasicCredentials(server.credentials["access_key_id"],
                            server.credentials["access_key_secret"])
    outcome, message = huawei.outcome_of_list(server, made)
    assert outcome == (400, "APIGW.0201")
    assert "The path has no project id" in message


@pytest.mark.parametrize("region", ["cn-north-4", "local-1"])
def test_a_project_is_found_by_the_name_of_any_region(server, region):
    key = server.credentials["access_key_id"]
    made = BasicCredentials(key, server.credentials["access_key_secret"])
    client = huawei.region_client(server, made, region)
    error = huawei.refusal(client.delete_transcoding_task, DeleteTranscodingTaskRequest(task_id=1))
    assert (error.status_code, error.error_code) == (400, "MPC.10212")
    assert made.project_id == server.credentials["project_id"]


def test_whoever_may_not_list_projects_is_told_which_policy_is_missing(server, native, user):
    key = native.call("POST", "/keys", json={"kind": "access", "user": user["name"]})
    made = BasicCredentials(key["id"], key["secret"])
    with pytest.raises(exceptions.SdkException, match="APIGW.0302.*iam:KeystoneListProjects"):
        huawei.region_client(server, made, "cn-north-4")
    # With a project id nothing has to be looked up, and the call itself is what may not be made.
    made = huawei.credentials(server, key["id"], key["secret"])
    assert huawei.outcome_of_list(server, made)[0] == huawei.DENIED


def test_a_token_opens_the_door_until_it_is_revoked(server, iam):
    token = iam.token()
    path = project_path(server)
    assert huawei.summary(iam.call("GET", path, headers={"X-Auth-Token": token})) == huawei.SERVED
    both = {"X-Auth-Token": token, "X-Subject-Token": token}
    looked = iam.call("GET", "/v3/auth/tokens", headers=both)
    assert looked.status_code == 200
    assert looked.json()["token"]["project"]["id"] == server.credentials["project_id"]
    listed = iam.call("GET", "/v3/projects?name=cn-north-4", headers={"X-Auth-Token": token})
    assert [one["id"] for one in listed.json()["projects"]] == [server.credentials["project_id"]]
    other = iam.call("GET", f"/v1/{OTHER_PROJECT}/transcodings", headers={"X-Auth-Token": token})
    assert huawei.summary(other) == huawei.WRONG_PROJECT
    revoked = iam.call("DELETE", "/v3/auth/tokens", headers=both)
    assert (revoked.status_code, revoked.content) == (204, b"")
    answer = iam.call("GET", path, headers={"X-Auth-Token": token})
    assert huawei.summary(answer) == huawei.REFUSED
    assert answer.json()["error_msg"] == WHO + "decrypt token fail"


def test_tokens_are_refused_in_the_shape_of_the_identity_service(iam):
    for request, status, title in [
            (iam.token_request(password="wrong"), 401, "Unauthorized"),
            (iam.token_request(user="nobody"), 401, "Unauthorized"),
            (iam.token_request(domain="1000000000000001"), 401, "Unauthorized"),
            (iam.token_request(scope={"project": {"id": OTHER_PROJECT}}), 403, "Forbidden"),
            ({"auth": {}}, 400, "Bad Request")]:
        answer = iam.call("POST", "/v3/auth/tokens", json=request)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["title"]) == (status, status, title)
        assert len(answer.headers["X-Request-Id"]) == 32


def test_a_password_that_is_changed_ends_the_tokens_it_gave(server, iam, native, user):
    token = iam.token(user=user["name"], password=user["password"])
    headers = {"X-Auth-Token": token}
    assert huawei.summary(iam.call("GET", project_path(server), headers=headers)) == huawei.DENIED
    native.request("PUT", f"/users/{user['name']}/password", json={"password": uuid.uuid4().hex})
    assert huawei.summary(iam.call("GET", project_path(server), headers=headers)) == huawei.REFUSED


def test_the_sdk_signs_with_temporary_keys(server, iam):
    made = iam.temporary_key(iam.token())
    temporary = {"key": made["access"], "secret": made["secret"]}
    good = huawei.credentials(server, token=made["securitytoken"], **temporary)
    assert huawei.outcome_of_list(server, good)[0] == huawei.SERVED
    outcome, message = huawei.outcome_of_list(server, huawei.credentials(server, **temporary))
    assert outcome == huawei.REFUSED
    assert message.startswith(WHO + "x-security-token not found")
    altered = huawei.credentials(server, token=made["securitytoken"] + "x", **temporary)
    outcome, message = huawei.outcome_of_list(server, altered)
    assert outcome == huawei.REFUSED
    assert message == WHO + "decrypt token fail"
    # A wrong secret is answered with the request that was verified, but not with its token.
    wrong = huawei.credentials(server, key=made["access"], secret="x", token=made["securitytoken"])
    _, message = huawei.outcome_of_list(server, wrong)
    assert "x-security-token:***" in message
    assert made["securitytoken"] not in message


def test_the_sdk_reads_a_temporary_key_that_it_asks_for_itself(server, iam):
    config = HttpConfig.get_default_config()
    request = IamHelper.get_create_temporary_access_key_by_token_request(
        config, huawei.base(server), iam.token(), 3600)
    client = HttpClient(config, HttpHandler(), DefaultExceptionHandler(), logging.getLogger())
    answer = IamHelper.create_temporary_access_key_by_token(client, request)
    made = StsAccessor._process_credential(json.dumps({"credential": answer}))
    assert made.expire_at is not None
    good = huawei.credentials(server, made.access, made.secret, token=made.security_token)
    assert huawei.outcome_of_list(server, good)[0] == huawei.SERVED


def test_an_account_that_calls_too_often_gets_the_sdks_429(server, native):
    limits = f"/accounts/{server.credentials['account_id']}/limits/iam:KeystoneListProjects"
    native.call("PUT", limits, json={"limit": "1/h"})
    try:
        wire = huawei.Wire(server)
        assert wire.send("GET", "/v3/projects").status_code == 200
        answer = wire.send("GET", "/v3/projects")
        assert huawei.summary(answer) == (429, "APIGW.0308")
        assert int(answer.headers["Retry-After"]) > 3000
        made = BasicCredentials(server.credentials["access_key_id"],
                                server.credentials["access_key_secret"])
        # The SDK looks up a project once for each key and region.
        with pytest.raises(exceptions.SdkException, match="429"):
            huawei.region_client(server, made, f"region-{uuid.uuid4().hex[:8]}")
    finally:
        native.request("DELETE", limits)


def test_no_secret_gets_into_the_log_and_the_audit(server, iam, native):
    token = iam.token()
    made = iam.temporary_key(token)
    huawei.outcome_of_list(server, huawei.credentials(
        server, key=made["access"], secret="x", token=made["securitytoken"]))
    audited = native.call("GET", "/audit", params={"limit": 100})
    text = server.log.read_text("utf-8") + json.dumps(audited)
    assert "iam:KeystoneCreateUserTokenByPassword" in text
    for secret in (token, made["secret"], made["securitytoken"],
                   server.credentials["iam_password"], server.credentials["access_key_secret"]):
        assert secret not in text


@pytest.mark.parametrize("head, status", [
    ("GET /v1/" + "x" * 70_000 + " HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    ("GET /v1/x?" + "y" * 40_000 + " HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    ("GET /v3/projects HTTP/1.1\r\nHost: a\r\n" + f"a: {'b' * 1000}\r\n" * 300 + "\r\n", 494)])
def test_requests_too_long_to_be_read_are_refused_in_the_words_of_the_gateway(server, head, status):
    host, port = server.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=120) as connection:
        connection.sendall(head.encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == status
        assert json.loads(answer.read())["error_code"] == "APIGW.0201"
