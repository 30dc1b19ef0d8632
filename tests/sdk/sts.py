"""Product Sts through either SDK generation, and the server by the temporary keys that it answers."""
import importlib
import json
import re

from alibabacloud_sts20150401 import models
from alibabacloud_sts20150401.client import Client
from alibabacloud_tea_openapi.utils_models import Config

import access
import harness
import mps


class NewSts(mps.Mts):
    """Each raw answer is compared with what the SDK made of it, since it drops unknown fields."""

    generation = "new"

    def __init__(self, server):
        credentials = server.credentials
        self.client = Client(Config(access_key_id=credentials["access_key_id"],
                                    access_key_secret=credentials["access_key_secret"],
                                    security_token=credentials.get("security_token"),
                                    region_id=harness.REGION, endpoint=server.address, protocol="http"))
        self._raw = None
        call_api = self.client.call_api

        def remembering(params, request, runtime):
            answer = call_api(params, request, runtime)
            self._raw = answer["body"]
            return answer

        self.client.call_api = remembering

    def call(self, operation, **parameters):
        method = getattr(self.client, re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower())
        kind = getattr(models, f"{operation}Request", None)
        answer = method(kind().from_map(parameters)) if kind else method()
        assert answer.status_code == 200
        found = answer.body.to_map()
        assert found == self._raw
        return found


class OldSts(mps.Mts):
    generation = "old"

    def __init__(self, server):
        self.client = harness.old_client(server)
        self._address = server.address

    def call(self, operation, **parameters):
        module = importlib.import_module(f"aliyunsdksts.request.v20150401.{operation}Request")
        request = getattr(module, f"{operation}Request")()
        request.set_endpoint(self._address)
        # This product's requests prefer https.
        request.set_protocol_type("http")
        for name, value in parameters.items():
            getattr(request, f"set_{name}")(value)
        return json.loads(self.client.do_action_with_exception(request))


GENERATIONS = {"new": NewSts, "old": OldSts}


def seen(server, answer):
    """The server by the temporary key of an answer to AssumeRole."""
    found = answer["Credentials"]
    return access.Seen(server.address, {
        "access_key_id": found["AccessKeyId"], "access_key_secret": found["AccessKeySecret"],
        "security_token": found["SecurityToken"]})
