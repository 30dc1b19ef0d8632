"""The whole table of Media Processing Center's operations through the vendor's SDK, and the account's own calls."""
import huaweicloudsdkmpc.v1 as sdk
import pytest
from huaweicloudsdkcore.exceptions import exceptions

import harness
import huawei
import mpc

GATEWAY = {"APIGW.0101"}


@pytest.fixture
def client(server):
    return mpc.Mpc(server)


@pytest.fixture(scope="module")
def served(server):
    """The names of the rows of the product's table that are served."""
    answer = harness.Native(server).call("GET", "/operations", params={"product": "mpc"})
    product, = answer["products"]
    return {row["action"].removeprefix("mpc:") for row in product["operations"]}


def minimal(operation):
    """A request of the SDK with as little in it as it lets through."""
    parameters = {}
    for name, field in mpc.SHAPES[operation]["request"].items():
        if field.get("required") and field["location"] == "query":
            parameters[name] = 1 if field["type"] == "integer" else "1"
            if field["type"] == "list":
                parameters[name] = ["1"]
    return getattr(sdk, f"{operation}Request")(**parameters)


@pytest.mark.parametrize("operation", sorted(mpc.SHAPES))
def test_every_operation_of_the_sdk_answers_as_its_row_says(client, operation, served):
    try:
        answer = getattr(client.client, mpc.snake(operation))(minimal(operation))
        outcome = (answer.status_code, None)
    except exceptions.ServiceResponseException as error:
        outcome, message = (error.status_code, error.error_code), error.error_msg
    if operation in served:
        assert outcome[1] not in GATEWAY, (operation, outcome)
        assert outcome[0] < 500, (operation, outcome)
    else:
        assert outcome == (404, "APIGW.0101"), (operation, outcome)
        prefix = "The API does not exist or has not been published in the environment. "
        assert message.startswith(prefix) and len(message) > len(prefix) + 10, message


def test_a_user_needs_a_policy_that_names_the_operation(server, native):
    name = mpc.mps.unique("mpc-user")
    native.call("POST", "/users", json={"name": name})
    key = native.call("POST", "/keys", json={"kind": "access", "user": name})
    mine = mpc.Mpc(server, huawei.credentials(server, key["id"], key["secret"]))
    outcome, message = mine.refused("ListAllBuckets")
    assert outcome == huawei.DENIED and "mpc:ListAllBuckets" in message
    document = {"Version": "1", "Statement": [
        {"Effect": "Allow", "Action": ["mpc:List*"], "Resource": "*"}]}
    assert native.request("PUT", f"/policies/{name}", json=document).ok
    assert native.request("PUT", f"/users/{name}/policies/{name}").ok
    try:
        assert mine.call("ListAllBuckets").buckets
        assert mine.refused("DeleteTranscodingTask", task_id=1)[0] == huawei.DENIED
    finally:
        native.request("DELETE", f"/users/{name}")


def test_buckets_are_the_accounts(client, server, native):
    found = {one.bucket: one for one in client.call("ListAllBuckets").buckets}
    bucket = server.credentials["bucket"]
    assert found[bucket].is_authorized == 1 and len(found[bucket].creation_date) == 14
    key = mpc.mps.unique("listed") + "/a.mp4"
    native.put_object(bucket, key, b"x" * 7)
    native.put_object(bucket, key + ".txt", b"y")
    folder = key.split("/")[0] + "/"
    objects = client.call("ListAllObsObjList", bucket=bucket, prefix=folder).objects
    assert [(one.file_name, one.size) for one in objects] == [(key, 7), (key + ".txt", 1)]
    only = client.call("ListAllObsObjList", bucket=bucket, prefix=folder, type="mp4").objects
    assert [one.file_name for one in only] == [key]
    assert client.refused("ListAllObsObjList", bucket="no-such-bucket")[0] == (403, "MPC.10209")


def test_a_bucket_that_is_there_is_authorised(client, server):
    bucket = server.credentials["bucket"]
    assert client.call("UpdateBucketAuthorized", {"bucket": bucket, "operation": "1"}).status_code == 204
    for body, code in [({"bucket": "no-such-bucket", "operation": "1"}, (403, "MPC.10209")),
                       ({"bucket": bucket, "operation": "0"}, (400, "MPC.10202")),
                       ({"bucket": bucket, "operation": 1}, (400, "MPC.10202")),
                       ({"bucket": bucket}, (400, "MPC.10202"))]:
        assert client.refused("UpdateBucketAuthorized", body)[0] == code, body


def test_an_agency_is_created_once(client, server):
    project = server.credentials["project_id"]
    shown = lambda: client.call("ShowAgenciesTask").operate_type
    change = lambda word: client.call("CreateAgenciesTask", {"operate_type": word})
    assert shown() == "CANCELED"
    assert change("CREATED").status_code == 204
    assert shown() == "CREATED"
    refusal = client.refused("CreateAgenciesTask", {"operate_type": "CREATED", "project_id": project})
    assert refusal == ((400, "MPC.10223"), "An agency has been created.")
    assert change("CANCELED").status_code == 204
    assert client.refused("CreateAgenciesTask", {"operate_type": "CANCELED"})[0] == (400, "MPC.10224")
    assert client.refused("CreateAgenciesTask", {"operate_type": "DELETED"})[0] == (400, "MPC.10202")
    body = {"operate_type": "CREATED", "project_id": "0123456789abcdef0123456789abcdef"}
    assert client.refused("CreateAgenciesTask", body)[0] == (400, "MPC.10202")


def test_an_agreement_is_remembered(client):
    put = lambda body: client.call("UpdateTenantAccessInfo", body)
    assert put({"is_open": True, "agreement_version": 3}).status_code == 204
    shown = client.call("ShowTenantAccessInfo")
    assert (shown.is_open, shown.agreement_version) == (True, 3)
    assert client.refused("UpdateTenantAccessInfo", {"is_open": False})[0] == (400, "MPC.10202")
    assert client.refused("UpdateTenantAccessInfo", {"is_open": "true"})[0] == (400, "MPC.10202")


def test_a_project_of_somebody_else_is_refused_as_each_page_says(server):
    other = mpc.Mpc(server, huawei.credentials(server, project="0123456789abcdef0123456789abcdef"))
    for operation, status in [("ListTranscodingTask", 401), ("ListAllBuckets", 403),
                              ("ListNotifyEvent", 403), ("ListNotifySmnTopicConfig", 400)]:
        assert other.refused(operation)[0] == (status, "MPC.10208"), operation
