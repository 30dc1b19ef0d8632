"""Products of the vendor through either SDK generation: calls by the names of its pages, each answer checked."""
import importlib
import json
import pathlib

from alibabacloud_tea_openapi.utils_models import Config

import check_shapes
import harness
import mps

SHAPES = pathlib.Path(__file__).with_name("shapes")


def check(shapes, operation, answer):
    """Fails when the answer has a field that the SDK does not know or reads as another type."""
    operations = json.loads((SHAPES / shapes).read_text("utf-8"))["operations"]
    report = {}
    check_shapes.compare(operations[operation]["response"], answer, "", report)
    wrong = [(path, found) for path, found in sorted(report.items()) if found[0] in ("unknown", "wrong")]
    assert not wrong, f"{operation} answers what the SDK does not understand: {wrong}"


class New(mps.Mts):
    """The newer SDK; a product names its package and its shapes."""
    generation = "new"
    package = shapes = ""

    def __init__(self, server):
        credentials = server.credentials
        client = importlib.import_module(f"{self.package}.client").Client
        self._models = importlib.import_module(f"{self.package}.models")
        self.client = client(Config(access_key_id=credentials["access_key_id"],
                                    access_key_secret=credentials["access_key_secret"],
                                    region_id="cn-shanghai", endpoint=server.address, protocol="http"))
        call_api = self.client.call_api

        def checked(params, request, runtime):
            answer = call_api(params, request, runtime)
            check(self.shapes, params.action, answer["body"])
            return answer

        self.client.call_api = checked
        # The SDK writes names of several capitals in ways of its own.
        self._methods = {name.replace("_", ""): name for name in dir(self.client) if not name.startswith("_")}

    def call(self, operation, **parameters):
        request = getattr(self._models, f"{operation}Request")().from_map(parameters)
        answer = getattr(self.client, self._methods[operation.lower()])(request)
        assert answer.status_code == 200
        return answer.body.to_map()


class Old(mps.Mts):
    """The older SDK, which has a class for each request."""
    generation = "old"
    package = shapes = ""

    def __init__(self, server):
        self.client = harness.old_client(server)
        self._address = server.address

    def raw(self, operation, form="json", method=None, **parameters):
        module = importlib.import_module(f"{self.package}.{operation}Request")
        request = getattr(module, f"{operation}Request")()
        request.set_endpoint(self._address)
        request.set_protocol_type("http")
        request.set_accept_format(form)
        if method:
            request.set_method(method)
        for name, value in parameters.items():
            getattr(request, f"set_{name}")(value)
        if form == "json":
            return self.client.do_action_with_exception(request).decode("utf-8")
        # The other way to call always asks for JSON.
        return self.client.do_action(request).decode("utf-8")

    def call(self, operation, **parameters):
        answer = json.loads(self.raw(operation, **parameters))
        check(self.shapes, operation, answer)
        return answer
