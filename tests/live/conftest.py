"""Fixtures for live streams between real servers, publishers and readers.

`cargo xtask test-live` builds the program, names it in REELGATE_BIN and runs these tests.
"""
import os

import pytest

import clips
import edge as edges
import engines
import harness
import peers
# Fixtures of tests of the command line.
from commands import environment, read, run
from relay import Relay
from rtsp import RtspServer

# Calls to loopback are not for a proxy that the machine has for other purposes.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Shows the servers' last words with each failure."""
    outcome = yield
    report = outcome.get_result()
    for name, one in getattr(item, "funcargs", {}).items():
        if report.failed and hasattr(one, "log_tail"):
            report.sections.append((f"log of {name}", one.log_tail()))


# What a start and a stop promise is decided by writes that each engine does in a way of its own.
ON_BOTH = ("test_starts_and_stops", "test_vendor_sdks")


def pytest_generate_tests(metafunc):
    if "engine" in metafunc.fixturenames and metafunc.module.__name__ in ON_BOTH:
        metafunc.parametrize("engine", ["sqlite", "postgres"], indirect=True, scope="session")


@pytest.fixture(scope="session")
def engine(request, tmp_path_factory):
    """Which store servers use while this lasts."""
    name = getattr(request, "param", "sqlite")
    engines.used = engines.BY_NAME[name](tmp_path_factory.mktemp(name) / "server")
    yield name
    engines.used.stop()
    engines.used = engines.Sqlite(None)


@pytest.fixture(scope="session")
def program():
    """The program under test."""
    named = os.environ.get("REELGATE_BIN")
    if not named:
        pytest.fail("REELGATE_BIN does not name the program; run: cargo xtask test-live")
    return named


@pytest.fixture(scope="session")
def server(engine, program, tmp_path_factory):
    """One server for all tests, which may pull from this machine and push to it."""
    running = harness.Server.start(program, tmp_path_factory.mktemp("reelgate"), options=edges.LOOPBACK)
    harness.lift_limits(running)
    yield running
    running.stop()


@pytest.fixture
def own_server(engine, program, tmp_path):
    """One that the test may kill."""
    running = harness.Server.start(program, tmp_path, options=edges.LOOPBACK)
    harness.lift_limits(running)
    yield running
    if running.process.poll() is None:
        running.kill()


@pytest.fixture
def edge(server):
    """Calls about streams; what runs is stopped when the test is over."""
    calls = edges.Edge(server)
    yield calls
    calls.stop_all()


@pytest.fixture(scope="session")
def relay(tmp_path_factory):
    """A server that streams come from and go to; tests have names of their own there and leave it alone otherwise."""
    running = Relay(tmp_path_factory.mktemp("relay") / "nginx").start()
    yield running
    running.stop()


@pytest.fixture
def own_relay(tmp_path):
    """One that the test may freeze and kill."""
    running = Relay(tmp_path / "nginx").start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    return clips.real(tmp_path_factory.mktemp("clip") / "real.mp4")


@pytest.fixture(scope="session")
def pattern(tmp_path_factory):
    return clips.pattern(tmp_path_factory.mktemp("pattern") / "pattern.mp4")


@pytest.fixture
def guests(tmp_path):
    """Starts peers, which are gone when the test is over."""
    made = Guests(tmp_path)
    yield made
    made.stop()


class Guests:
    def __init__(self, folder):
        self._folder, self._running = folder, []

    def publish(self, clip, to, **options):
        return self._keep(peers.publisher(clip, to, self._log(), **options))

    def read(self, source, to):
        return self._keep(peers.reader(source, to, self._log()))

    def restless(self, clip, to):
        return self._keep(peers.Restless(clip, to, self._log()))

    def door(self, greet):
        return self._keep(peers.Door(greet))

    def flv_server(self, clip):
        return self._keep(peers.FlvServer(clip))

    def rtsp_server(self, clip):
        folder = self._folder / f"rtsp-{len(self._running)}"
        folder.mkdir()
        return self._keep(RtspServer(clip, folder, self._log()))

    def srt_to_file(self, port, to):
        return self._keep(peers.SrtToFile(port, to, self._log()))

    def ffmpeg(self, arguments):
        return self._keep(peers.Ffmpeg(arguments, self._log()))

    def stop(self):
        for one in reversed(self._running):
            one.stop()

    def _keep(self, one):
        self._running.append(one)
        return one

    def _log(self):
        return self._folder / f"guest-{len(self._running)}.log"
