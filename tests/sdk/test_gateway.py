"""Refusals before any operation runs, case by case."""
import time

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException
from alibabacloud_tea_openapi.exceptions import ClientException

import harness
import mps
import signing

JOB = "0123456789abcdef0123456789abcdef"
NOT_MATCHED = ("Specified signature is not matched with our calculation. "
               "server string to sign is:")


@pytest.fixture
def wire(server):
    return signing.Wire(server)


def refused(answer, status, code, message=None):
    found = answer.json()
    assert (answer.status, found["Code"]) == (status, code), found
    assert message in (None, found["Message"]), found
    assert mps.REQUEST_ID.fullmatch(found["RequestId"])
    return found


@pytest.mark.parametrize("name", ["Signature", "AccessKeyId", "SignatureMethod",
                                  "SignatureVersion", "SignatureNonce", "Timestamp", "Version",
                                  "Action"])
def test_a_missing_common_parameter(wire, name):
    refused(wire.v1("SearchPipeline", **{name: None}) if name != "Action" else wire.v1(None),
            400, f"Missing{name}", f"{name} is mandatory for this action.")


def test_a_request_without_anything(wire):
    answer = wire.send("GET", "/")
    assert answer.status == 400
    assert b"<Error>" in answer.body and b"Missing" in answer.body


def test_an_unknown_format(wire):
    answer = wire.v1("SearchPipeline", Format="YAML")
    assert answer.status == 400
    assert b"InvalidParameter.Format" in answer.body
    assert b"Specified parameter format is not valid." in answer.body


@pytest.mark.parametrize("version", ["2014-06-19", "x", ""])
def test_an_unknown_version(wire, version):
    answer = wire.v1("SearchPipeline", Version=version)
    assert answer.status == 400, answer
    if version:
        refused(answer, 400, "InvalidVersion", "Specified parameter Version is not valid.")
    refused(wire.v3("SearchPipeline", x_acs_version="2014-06-19"), 400, "InvalidVersion")


@pytest.mark.parametrize("action", ["NoSuchThing", "cancelJob", "CANCELJOB"])
def test_an_unknown_action(wire, action):
    text = "Specified api is not found, please check your url and method."
    refused(wire.v1(action, JobId=JOB), 404, "InvalidAction.NotFound", text)
    refused(wire.v3(action, query={"JobId": JOB}), 404, "InvalidAction.NotFound", text)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_another_method(wire, method):
    refused(wire.v1("SearchPipeline", method), 400, "UnsupportedHTTPMethod",
            "This http method is not supported.")


def test_an_unknown_access_key(wire):
    text = "Specified access key is not found."
    refused(wire.v1("SearchPipeline", AccessKeyId="LTAInobody"), 404,
            "InvalidAccessKeyId.NotFound", text)
    refused(wire.v3("SearchPipeline", key="LTAInobody"), 404, "InvalidAccessKeyId.NotFound", text)


@pytest.mark.parametrize("moment", ["yesterday", "2026-13-01T00:00:00Z", "1767323045", "",
                                    "2026-01-02T03:04:05"])
def test_a_time_that_is_not_well_formed(wire, moment):
    text = "Specified time stamp or date value is not well formatted."
    refused(wire.v1("SearchPipeline", Timestamp=moment), 400, "InvalidTimeStamp.Format", text)
    if moment:
        refused(wire.v3("SearchPipeline", x_acs_date=moment), 400, "InvalidTimeStamp.Format", text)


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_time_too_far_away(wire, minutes):
    text = "Specified time stamp or date value is expired."
    moment = signing.now(minutes * 60)
    refused(wire.v1("SearchPipeline", Timestamp=moment), 400, "InvalidTimeStamp.Expired", text)
    refused(wire.v3("SearchPipeline", x_acs_date=moment), 400, "InvalidTimeStamp.Expired", text)


@pytest.mark.parametrize("minutes", [-14, 14])
def test_a_time_that_is_near_enough(wire, minutes):
    moment = signing.now(minutes * 60)
    assert wire.v1("SearchPipeline", Timestamp=moment).status == 200
    assert wire.v3("SearchPipeline", x_acs_date=moment).status == 200


@pytest.mark.parametrize("method, place", [("GET", "query"), ("POST", "query"), ("POST", "form")])
def test_a_wrong_secret_with_v1_is_told_the_servers_string_to_sign(wire, method, place):
    options = {"Timestamp": signing.now(), "SignatureNonce": mps.unique("nonce"), "JobIds": "é *"}
    parameters = wire.v1_parameters("QueryJobList", method, **options)
    expected = signing.v1_string_to_sign(method, parameters)
    found = refused(wire.v1("QueryJobList", method, place, secret="wrong", **options), 400,
                    "SignatureDoesNotMatch")
    assert found["Message"] == NOT_MATCHED + expected


def test_a_changed_parameter_with_v1(wire):
    parameters = wire.v1_parameters("SearchPipeline", PageNumber="1")
    answer = wire.send("GET", "/?" + signing.canonical({**parameters, "PageNumber": "2"}))
    refused(answer, 400, "SignatureDoesNotMatch")


def test_another_method_than_signed_with_v1(wire):
    parameters = wire.v1_parameters("SearchPipeline", "GET")
    refused(wire.send("POST", "/?" + signing.canonical(parameters)), 400, "SignatureDoesNotMatch")


def test_a_wrong_secret_with_v3(wire):
    found = refused(wire.v3("SearchPipeline", secret="wrong"), 400, "SignatureDoesNotMatch")
    assert found["Message"].startswith(NOT_MATCHED)


def test_a_changed_query_header_or_body_with_v3(wire):
    headers = wire.v3_headers("QueryJobList", query={"JobIds": JOB})
    refused(wire.send("POST", "/?JobIds=" + JOB[::-1], headers, b""), 400, "SignatureDoesNotMatch")
    headers = wire.v3_headers("SearchPipeline")
    refused(wire.send("POST", "/", {**headers, "x-acs-action": "SearchTemplate"}, b""), 400,
            "SignatureDoesNotMatch")
    headers = wire.v3_headers("QueryJobList", body=f"JobIds={JOB}".encode(),
                              extra={"content-type": "application/x-www-form-urlencoded"})
    answer = wire.send("POST", "/", headers, f"JobIds={JOB[::-1]}")
    assert answer.status == 400, answer
    assert answer.json()["Code"] in ("SignatureDoesNotMatch", "IncompleteSignature")


@pytest.mark.parametrize("unsigned", ["host", "x-acs-action", "x-acs-content-sha256",
                                      "x-acs-date", "x-acs-signature-nonce", "x-acs-version"])
def test_a_required_header_that_is_not_signed_with_v3(wire, unsigned):
    answer = wire.v3("SearchPipeline", unsigned=(unsigned,))
    assert answer.status == 400, answer
    assert answer.json()["Code"] in ("IncompleteSignature", "SignatureDoesNotMatch"), answer


@pytest.mark.parametrize("authorization", [
    "ACS3-HMAC-SHA256", "ACS3-HMAC-SHA256 Credential=x", "ACS3-HMAC-SHA256 SignedHeaders=host",
    "ACS3-HMAC-SHA256 Credential=,SignedHeaders=,Signature=",
    "ACS3-HMAC-SHA256 Credential=x,SignedHeaders=host;x-acs-date,Signature=zz"])
def test_an_unusable_authorization(wire, authorization):
    answer = wire.v3("SearchPipeline", authorization=authorization)
    found = answer.json()
    assert 400 <= answer.status < 500, answer
    assert found["Code"] in ("IncompleteSignature", "InvalidAccessKeyId.NotFound",
                             "MissingAccessKeyId"), found
    if "Credential=x" not in authorization:
        assert found["Code"] != "InvalidAccessKeyId.NotFound"


def test_a_v1_signature_that_is_no_base64(wire):
    answer = wire.v1("SearchPipeline", Signature="***")
    assert answer.status == 400
    found = answer.json()
    assert found["Code"] in ("IncompleteSignature", "SignatureDoesNotMatch")
    assert "server string to sign is:" in found["Message"]


def test_another_signature_method(wire):
    text = "Specified signature method is not valid."
    answers = [wire.v1("SearchPipeline", SignatureMethod="HMAC-MD5")]
    answers += [wire.v3("SearchPipeline", algorithm=algorithm)
                for algorithm in ("ACS3-HMAC-SM3", "ACS3-RSA-SHA256")]
    for answer in answers:
        refused(answer, 400, "InvalidSignatureMethod", text)


def test_the_signature_method_may_be_written_small(wire):
    assert wire.v1("SearchPipeline", SignatureMethod="Hmac-SHA1").status == 200


def test_a_security_token_that_nobody_issued(wire):
    answer = wire.v1("SearchPipeline", SecurityToken="made-up")
    assert answer.status == 400 and answer.json()["Code"].startswith("InvalidSecurityToken"), answer
    answer = wire.v3("SearchPipeline", x_acs_security_token="made-up")
    assert answer.status == 400 and answer.json()["Code"].startswith("InvalidSecurityToken"), answer


def test_checks_come_in_the_documented_order(wire):
    # Version, action, key, time, signature: the first that fails decides.
    bad = {"Version": "2000-01-01", "AccessKeyId": "nobody", "Timestamp": signing.now(-3600)}
    refused(wire.v1("NoSuchThing", **bad), 400, "InvalidVersion")
    del bad["Version"]
    refused(wire.v1("NoSuchThing", **bad), 404, "InvalidAction.NotFound")
    refused(wire.v1("CancelJob", **bad), 404, "InvalidAccessKeyId.NotFound")
    del bad["AccessKeyId"]
    refused(wire.v1("CancelJob", secret="wrong", **bad), 400, "InvalidTimeStamp.Expired")
    refused(wire.v1("CancelJob", secret="wrong"), 400, "SignatureDoesNotMatch")
    refused(wire.v1("CancelJob"), 400, "MissingJobId")


class Misled:
    """The server with credentials that are not those it gave."""

    def __init__(self, server, **changes):
        self.address = server.address
        self.credentials = {**server.credentials, **changes}


def test_the_old_core_reports_a_wrong_secret_as_such(server, shapes):
    # The core splits the message at its colon, and dies with an IndexError where there is none.
    sdk = harness.OldSdk(Misled(server, access_key_secret="wrong"), shapes)
    with pytest.raises(ServerException) as raised:
        sdk.call("SearchPipeline")
    assert raised.value.get_http_status() == 400
    assert raised.value.get_error_code() == "InvalidAccessKeySecret"


def test_the_new_sdk_reports_a_wrong_secret(server, shapes):
    client = harness.new_sdk(Misled(server, access_key_secret="wrong"), shapes)
    with pytest.raises(ClientException) as raised:
        client.search_pipeline(mps.models.SearchPipelineRequest())
    assert (raised.value.status_code, raised.value.code) == (400, "SignatureDoesNotMatch")


def test_both_sdks_report_an_unknown_key(server, shapes):
    misled = Misled(server, access_key_id="LTAInobody")
    for generation in mps.GENERATIONS.values():
        generation(misled, shapes).refuses(404, "InvalidAccessKeyId.NotFound",
                                           "Specified access key is not found.", "SearchPipeline")


def test_a_refusal_is_quick(wire):
    begun = time.monotonic()
    for _ in range(20):
        wire.v1("SearchPipeline", secret="wrong")
    assert time.monotonic() - begun < 20
