"""Signed requests written by hand from the documented protocol, and what came back, unread by any SDK."""
import base64
import dataclasses
import datetime
import hashlib
import hmac
import http.client
import json
import urllib.parse
import uuid
import xml.etree.ElementTree

VERSION = "2014-06-18"


def encode(text):
    return urllib.parse.quote(text, safe="-_.~")


def canonical(parameters):
    return "&".join(f"{encode(name)}={encode(value)}" for name, value in sorted(parameters.items()))


def now(offset=0):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=offset)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def v1_string_to_sign(method, parameters):
    signed = {name: value for name, value in parameters.items() if name != "Signature"}
    return f"{method}&%2F&{encode(canonical(signed))}"


def v1_signature(secret, method, parameters):
    mac = hmac.new(f"{secret}&".encode(), v1_string_to_sign(method, parameters).encode(),
                   hashlib.sha1)
    return base64.b64encode(mac.digest()).decode()


def v3_canonical_request(method, query, headers, body_hash):
    block = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    return "\n".join([method, "/", canonical(query), block, ";".join(sorted(headers)), body_hash])


def v3_signature(secret, method, query, headers, body_hash):
    request = v3_canonical_request(method, query, headers, body_hash)
    text = "ACS3-HMAC-SHA256\n" + hashlib.sha256(request.encode()).hexdigest()
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    @property
    def content_type(self):
        return self.headers.get("content-type")

    def json(self):
        return json.loads(self.body)

    def xml(self):
        assert self.body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>'), self.body
        return xml.etree.ElementTree.fromstring(self.body)


class Wire:
    """Sends requests to one server; what is signed and what is sent can differ as a test wants."""

    def __init__(self, server):
        self.address = server.address
        self.key = server.credentials["access_key_id"]
        self.secret = server.credentials["access_key_secret"]

    def send(self, method, target, headers=None, body=None):
        host, port = self.address.rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(port), timeout=120)
        try:
            connection.request(method, target, body=body, headers=headers or {})
            response = connection.getresponse()
            lower = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, lower, response.read())
        finally:
            connection.close()

    def v1_parameters(self, action, method="GET", secret=None, **changes):
        """All parameters of a call; a change to None leaves one out, and `Signature` is last."""
        parameters = {"Action": action, "Version": VERSION, "Format": "JSON",
                      "AccessKeyId": self.key, "SignatureMethod": "HMAC-SHA1",
                      "SignatureVersion": "1.0", "SignatureNonce": uuid.uuid4().hex,
                      "Timestamp": now(), **changes}
        parameters = {name: value for name, value in parameters.items() if value is not None}
        if "Signature" not in changes:
            parameters["Signature"] = v1_signature(secret or self.secret, method, parameters)
        return parameters

    def v1(self, action, method="GET", place="query", **options):
        """A call with signature 1.0, its parameters in the query or in a form."""
        parameters = self.v1_parameters(action, method, **options)
        if place == "query":
            return self.send(method, "/?" + canonical(parameters))
        form = urllib.parse.urlencode(parameters)
        return self.send(method, "/", {"Content-Type": "application/x-www-form-urlencoded"}, form)

    def v3_headers(self, action, method="POST", query=None, body=b"", extra=None, unsigned=(),
                   secret=None, key=None, algorithm="ACS3-HMAC-SHA256", **changes):
        """All headers of a call; a change to None leaves one out before it is signed."""
        headers = {"host": self.address, "x-acs-action": action, "x-acs-version": VERSION,
                   "x-acs-date": now(), "x-acs-signature-nonce": uuid.uuid4().hex,
                   "x-acs-content-sha256": hashlib.sha256(body).hexdigest(), **(extra or {}),
                   **{name.replace("_", "-"): value for name, value in changes.items()}}
        headers = {name: value for name, value in headers.items() if value is not None}
        signed = {name: value for name, value in headers.items() if name not in unsigned}
        signature = v3_signature(secret or self.secret, method, query or {}, signed,
                                 headers.get("x-acs-content-sha256", ""))
        headers["Authorization"] = (f"{algorithm} Credential={key or self.key},"
                                    f"SignedHeaders={';'.join(sorted(signed))},"
                                    f"Signature={signature}")
        return headers

    def v3(self, action, method="POST", query=None, body=b"", authorization=None, **options):
        """A call with signature V3."""
        headers = self.v3_headers(action, method, query, body, **options)
        if authorization is not None:
            headers["Authorization"] = authorization
        target = "/?" + canonical(query) if query else "/"
        return self.send(method, target, headers, body)
