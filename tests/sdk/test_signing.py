"""The tests' own signatures against published vectors, so that refusals mean something."""
import hashlib

import signing

SECRET = "SKEXAMPLEsecret0001"
NONCE = "0123456789abcdef0123456789abcdef"
DATE = "2026-01-02T03:04:05Z"
COMMON = {"Format": "JSON", "RegionId": "cn-hangzhou", "SignatureMethod": "HMAC-SHA1",
          "SignatureType": "", "SignatureVersion": "1.0", "SignatureNonce": NONCE,
          "Timestamp": DATE, "AccessKeyId": "AKIDEXAMPLE0001"}


def test_vector_1_v1_post():
    parameters = {**COMMON, "JobId": "j 1+*~/é", "Version": "2014-06-18", "Action": "CancelJob"}
    assert signing.v1_signature(SECRET, "POST", parameters) == "AsjAUplQlDuxThfCgdd9X5z5fWk="


def test_vector_2_v1_get():
    parameters = {**COMMON, "Action": "StopEdgeTranscodeJob", "Version": "2016-11-01",
                  "ClusterId": "c-1", "JobId": "job-1"}
    assert signing.v1_signature(SECRET, "GET", parameters) == "XUVFX3XchVzc8N0+R8Bdjp4SFVU="


def test_vector_6_v3():
    empty = hashlib.sha256(b"").hexdigest()
    headers = {"accept": "application/json", "host": "127.0.0.1:8080",
               "user-agent": "sdk-test/1.0", "x-acs-action": "CancelJob",
               "x-acs-version": "2014-06-18", "x-acs-content-sha256": empty,
               "x-acs-credentials-provider": "static_ak", "x-acs-date": DATE,
               "x-acs-signature-nonce": NONCE}
    assert signing.v3_signature(SECRET, "POST", {"JobId": "j 1+*~/é"}, headers, empty) == \
        "a1b63bf677efd92340b6255c2f2cd4c6dbb7d7e8bdb4ec1ac35fc450c0d116a9"
