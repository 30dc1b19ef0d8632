"""Fixtures for tests that drive a real server through the vendor's own SDKs.

`cargo xtask test-sdk` builds the server, names it in REELGATE_BIN and runs these tests.
"""
import os
import pathlib

import pytest

import access
import captured
import engines
import harness
import mps
# Fixtures of tests of the command line.
from commands import environment, read, run

# The SDKs would hand calls to a proxy that the machine has for other purposes.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Shows the server's last words with each failure."""
    outcome = yield
    report = outcome.get_result()
    running = getattr(item, "funcargs", {}).get("server")
    if report.failed and running is not None:
        report.sections.append(("server log", running.log_tail()))


@pytest.fixture(scope="session")
def media():
    """The repository's folder of real clips."""
    return pathlib.Path(__file__).parents[2] / "media"


def pytest_addoption(parser):
    parser.addoption("--store", choices=sorted(engines.BY_NAME),
                     help="where servers keep everything: without it SQLite, in the files of ON_BOTH each in turn; "
                          "tests of SQLite's own files fail on the other")


# What these products promise is decided by writes that each engine does in a way of its own.
ON_BOTH = ("test_vod_", "test_mpc_", "test_live_", "test_dna_")


def pytest_generate_tests(metafunc):
    if "engine" not in metafunc.fixturenames:
        return
    chosen = metafunc.config.getoption("--store")
    if chosen:
        metafunc.parametrize("engine", [chosen], indirect=True, scope="session")
    elif metafunc.module.__name__.startswith(ON_BOTH):
        metafunc.parametrize("engine", ["sqlite", "postgres"], indirect=True, scope="session")


@pytest.fixture(scope="session")
def engine(request, tmp_path_factory):
    """Which store servers use while this lasts; tests need not name it, because `program` does."""
    name = getattr(request, "param", "sqlite")
    engines.used = engines.BY_NAME[name](tmp_path_factory.mktemp(name) / "server")
    yield name
    engines.used.stop()
    engines.used = engines.Sqlite(None)


@pytest.fixture(scope="session")
def program(engine):
    """The binary under test. Servers need `engine` first, and end before it does."""
    named = os.environ.get("REELGATE_BIN")
    if not named:
        pytest.fail("REELGATE_BIN does not name the server; run: cargo xtask test-sdk")
    return named


@pytest.fixture(scope="session")
def server(program, tmp_path_factory):
    """One server for all tests; it starts with the pipeline `default` and the bucket `media`."""
    running = harness.Server.start(program, tmp_path_factory.mktemp("reelgate"))
    # Tests together call more often than the vendor allows; those of limits use accounts of their own.
    harness.lift_limits(running)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def shapes():
    """Checks an answer against what the SDK understands: `shapes.check("CancelJob", answer)`."""
    return harness.Shapes()


@pytest.fixture
def new_sdk(server, shapes):
    """A client of alibabacloud_mts20140618."""
    return harness.new_sdk(server, shapes)


@pytest.fixture
def old_sdk(server, shapes):
    """A client of aliyun-python-sdk-mts: `old_sdk.call("CancelJob", JobId=…)`."""
    return harness.OldSdk(server, shapes)


@pytest.fixture
def native(server):
    """A client of the native API, for objects and what the vendor's API has no call for."""
    return harness.Native(server)


@pytest.fixture(params=sorted(mps.GENERATIONS))
def mts(request, server, shapes):
    """Product Mts through each SDK generation in turn."""
    return mps.GENERATIONS[request.param](server, shapes)


@pytest.fixture
def one_mts(server, shapes):
    """Product Mts through one SDK generation, where a second would show nothing more."""
    return mps.NewMts(server, shapes)


@pytest.fixture
def operator(program, server, tmp_path):
    """The command line with the operator's key: makes users, roles and accounts."""
    return access.Operator(program, server, tmp_path)


@pytest.fixture(params=sorted(mps.GENERATIONS))
def mts_of(request, shapes):
    """Product Mts by anybody's credentials, through each SDK generation in turn."""
    return lambda seen: mps.GENERATIONS[request.param](seen, shapes)


@pytest.fixture
def capture(monkeypatch):
    """Runs a call and returns its answer with the bytes that were sent: `capture(mts.call, "AddPipeline", Name="x")`."""
    return captured.Recorder(monkeypatch)


@pytest.fixture
def pipeline(native):
    """The id of a pipeline of the test's own; what still runs or waits there ends with the test."""
    created = native.call("POST", "/pipelines", json={"name": mps.unique("test")})["id"]
    yield created
    left = native.request("GET", "/jobs", params={
        "pipeline": created, "state": "queued,running,publishing,stopping", "limit": 100})
    # The test may have deleted the pipeline.
    for job in left.json()["jobs"] if left.ok else []:
        native.request("POST", f"/jobs/{job['id']}/cancel")


@pytest.fixture
def desk(mts, server, pipeline, media, native):
    """Submits and waits, through each SDK generation in turn."""
    return mps.Desk(mts, server, pipeline, media, native)


@pytest.fixture
def one_desk(one_mts, server, pipeline, media, native):
    """Submits and waits, through one SDK generation."""
    return mps.Desk(one_mts, server, pipeline, media, native)
