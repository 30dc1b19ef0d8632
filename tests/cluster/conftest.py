"""Fixtures for tests of several processes on one database, parts of which are killed.

`cargo xtask test-cluster` builds the program, names it in REELGATE_BIN and runs these tests.
"""
import os
import pathlib
import subprocess

import pytest

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
