"""Fixtures for tests of several processes on one database, parts of which are killed.

`cargo xtask test-cluster` builds the program, names it in REELGATE_BIN and runs these tests.
"""
import os
import pathlib
import subprocess
import zlib

import pytest

import children
import harness
import nodes
from database import Postgres
from ledger import Ledger

# Calls to loopback are not for a proxy that the machine has for other purposes.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"


@pytest.fixture(scope="session")
def program():
    """The program under test."""
    named = os.environ.get("REELGATE_BIN")
    if not named:
        pytest.fail("REELGATE_BIN does not name the program; run: cargo xtask test-cluster")
    return named


@pytest.fixture(scope="session")
def storm_seconds():
    """How long a storm blows: as long as REELGATE_STORM_SECONDS says, short without it."""
    return float(os.environ.get("REELGATE_STORM_SECONDS", "15"))


@pytest.fixture(scope="session")
def seed():
    """What decides which part dies when; REELGATE_STORM_SEED for other storms."""
    return os.environ.get("REELGATE_STORM_SEED", "1")


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    """Half a second of a real clip, small enough for a job to be a matter of moments."""
    source = pathlib.Path(__file__).parents[2] / "media" / "bbb_720p25_aac51.mp4"
    small = tmp_path_factory.mktemp("clip") / "small.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-t", "0.6", "-i", source, "-vf", "scale=320:-2", "-c:v", "libx264",
                    "-preset", "ultrafast", "-ac", "2", small], check=True)
    return small


@pytest.fixture
def ledger():
    return Ledger()


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    server = Postgres(tmp_path_factory.mktemp("postgres") / "server").make().start()
    server.query("SELECT 1", database="postgres")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def media():
    return pathlib.Path(__file__).parents[2] / "media"


@pytest.fixture
def store(postgres, request):
    """The address of a new database."""
    name = f"nodes_{zlib.crc32(request.node.name.encode())}"
    postgres.query(f"CREATE DATABASE {name}", database="postgres")
    postgres.database = name
    return f"postgres://reelgate@127.0.0.1:{postgres.port}/{name}"


@pytest.fixture
def cluster(program, tmp_path, store):
    """Two servers that answer calls only, and two workers."""
    made = nodes.Cluster(program, tmp_path, lambda _: store, workers=2)
    yield made
    made.stop()


@pytest.fixture
def command(program, tmp_path, store):
    """Runs the program to its end: its status and what it said."""
    def run(*arguments, variables=(), seconds=60):
        environment = {**harness.clean_environment(), "REELGATE_STORE": store,
                       "REELGATE_MASTER_KEY": nodes.MASTER_KEY, **dict(variables)}
        environment = {name: value for name, value in environment.items() if value is not None}
        process = children.start([program, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 text=True, env=environment, cwd=tmp_path)
        try:
            said, _ = process.communicate(timeout=seconds)
        finally:
            process.kill()
        return process.returncode, said
    return run
