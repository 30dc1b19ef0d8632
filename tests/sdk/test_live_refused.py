"""The whole table of product live through both SDK generations: what it refuses, it refuses with a reason."""
import importlib
import json
import pathlib
import pkgutil

import pytest
from alibabacloud_live20161101 import models
from alibabacloud_live20161101.client import Client
from alibabacloud_tea_openapi.utils_models import Config
from aliyunsdklive.request import v20161101

import harness
import mps

SHAPES = json.loads((pathlib.Path(__file__).with_name("shapes") / "live.json").read_text("utf-8"))
ACTIONS = sorted([*SHAPES["names_only"], *SHAPES["operations"]])


class New(mps.Mts):
    actions = sorted(name.removesuffix("Request") for name in dir(models)
                     if name.endswith("Request") and hasattr(models, name.removesuffix("Request") + "Response"))

    def __init__(self, server):
        credentials = server.credentials
        self.client = Client(Config(access_key_id=credentials["access_key_id"],
                                    access_key_secret=credentials["access_key_secret"],
                                    region_id="cn-shanghai", endpoint=server.address, protocol="http"))
        # The SDK writes names of several capitals in ways of its own.
        self._methods = {name.replace("_", ""): name for name in dir(self.client) if not name.startswith("_")}

    def call(self, operation, **parameters):
        request = getattr(models, f"{operation}Request")().from_map(parameters)
        return getattr(self.client, self._methods[operation.lower()])(request).body.to_map()


class Old(mps.Mts):
    actions = sorted(module.name.removesuffix("Request") for module in pkgutil.iter_modules(v20161101.__path__))

    def __init__(self, server):
        self.client = harness.old_client(server)
        self._address = server.address

    def call(self, operation, **parameters):
        module = importlib.import_module(f"aliyunsdklive.request.v20161101.{operation}Request")
        request = getattr(module, f"{operation}Request")()
        request.set_endpoint(self._address)
        request.set_protocol_type("http")
        request.set_accept_format("json")
        assert not parameters
        return json.loads(self.client.do_action_with_exception(request))


def test_the_list_of_actions_is_that_of_the_sdk():
    assert New.actions == ACTIONS
    assert set(Old.actions) <= set(ACTIONS) and len(Old.actions) > 400


@pytest.mark.parametrize("generation", [New, Old])
def test_every_action_of_the_sdk_answers_as_its_row_says(server, native, generation):
    product, = native.call("GET", "/operations", params={"product": "live"})["products"]
    served = {row["action"].removeprefix("live:") for row in product["operations"]}
    assert served == set(SHAPES["operations"])
    client = generation(server)
    for action in generation.actions:
        refusal = client.refused(action)
        assert (refusal.code == "UnsupportedOperation") == (action not in served), refusal
        assert refusal.status == 400, refusal
        if action not in served:
            assert len(refusal.message) > 12 and refusal.message.endswith("."), refusal
