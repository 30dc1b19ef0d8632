"""Clients of the other vendor's Python SDK, and requests signed by its core that a test sends itself."""
import dataclasses
import datetime

import requests
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions import exceptions
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import DerivationAKSKSigner, Signer
from huaweicloudsdkmpc.v1 import ListTranscodingTaskRequest, MpcClient

SERVED = (200, None)
UNSERVED = (404, "APIGW.0101")
REFUSED = (401, "APIGW.0301")
# Somebody is proven to call who may not do this.
DENIED = (403, "APIGW.0302")
WRONG_PROJECT = (401, "MPC.10208")


def base(server):
    return f"http://{server.address}"


def credentials(server, key=None, secret=None, project=None, token=None):
    """The first account's, unless a test says otherwise."""
    made = BasicCredentials(key or server.credentials["access_key_id"],
                            secret or server.credentials["access_key_secret"],
                            project or server.credentials["project_id"])
    return made.with_security_token(token) if token else made


def client(server, made=None):
    """A client that is given an endpoint, as users of a server of their own do it."""
    made = made or credentials(server)
    return MpcClient.new_builder().with_credentials(made).with_endpoint(base(server)).build()


def region_client(server, made, region):
    """A client that is given a region, and looks for its project by the region's name."""
    return (MpcClient.new_builder().with_credentials(made.with_iam_endpoint(base(server)))
            .with_region(Region(region, base(server))).build())


def refusal(call, *arguments):
    """The exception that the SDK makes of an answer, which every call here ends with."""
    try:
        answer = call(*arguments)
    except exceptions.ClientRequestException as error:
        assert len(error.request_id) == 32, error
        return error
    raise AssertionError(f"the call was answered: {answer}")


def outcome_of_list(server, made=None, ids=None):
    """What a list of tasks is answered with: its status and code, and the message of a refusal."""
    request = ListTranscodingTaskRequest(task_id=ids)
    try:
        answer = client(server, made).list_transcoding_task(request)
    except exceptions.ClientRequestException as error:
        assert len(error.request_id) == 32, error
        return (error.status_code, error.error_code), error.error_msg
    return (answer.status_code, None), None


@dataclasses.dataclass
class Wire:
    """Sends what the SDK's signer has signed, at a time and with changes that the SDK has no say in."""

    server: object
    derived: bool = False

    def signed(self, method, path, query=(), headers=None, body="", offset=0, key=None, secret=None):
        """The URL and the headers; `offset` seconds lie between the clock and the signature's time."""
        now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset)
        request = SdkRequest(
            method=method, schema="http", host=self.server.address, resource_path=path,
            query_params=list(query), body=body,
            header_params={"X-Sdk-Date": now.strftime("%Y%m%dT%H%M%SZ"), **(headers or {})})
        made = credentials(self.server, key, secret)
        if self.derived:
            signed = DerivationAKSKSigner(made).sign(request, "mpc", "cn-north-4")
        else:
            signed = Signer(made).sign(request)
        return base(self.server) + signed.uri, signed.header_params

    def send(self, method, path, **options):
        body = options.get("body", "")
        url, headers = self.signed(method, path, **options)
        return send(method, url, headers=headers, data=body.encode() or None)


def send(method, url, **options):
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, timeout=120, **options)


def summary(response):
    return response.status_code, response.json().get("error_code")


class Iam:
    """The identity service, which has no SDK of its own here."""

    def __init__(self, server):
        self.server = server

    def token_request(self, user=None, password=None, domain=None, scope=None):
        made = self.server.credentials
        user = {"name": user or made["iam_user"], "password": password or made["iam_password"],
                "domain": {"name": domain or made["account_id"]}}
        scope = scope or {"project": {"id": made["project_id"]}}
        identity = {"methods": ["password"], "password": {"user": user}}
        return {"auth": {"identity": identity, "scope": scope}}

    def call(self, method, path, **options):
        return send(method, base(self.server) + path, **options)

    def token(self, **options):
        answer = self.call("POST", "/v3/auth/tokens", json=self.token_request(**options))
        assert answer.status_code == 201, answer.text
        return answer.headers["X-Subject-Token"]

    def temporary_key(self, token, seconds=900):
        asked = {"methods": ["token"], "token": {"id": token, "duration_seconds": seconds}}
        answer = self.call("POST", "/v3.0/OS-CREDENTIAL/securitytokens",
                           json={"auth": {"identity": asked}})
        assert answer.status_code == 201, answer.text
        return answer.json()["credential"]
