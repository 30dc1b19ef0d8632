"""Fixtures for the checks of what is in `deploy`, and of the packages that are made with it.

`cargo xtask test-deploy` builds the program, names it in REELGATE_BIN and runs these.
"""
import os
import pathlib

import pytest

# Calls to loopback are not for a proxy that the machine has for other purposes.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"


@pytest.fixture(scope="session")
def root():
    """The repository."""
    return pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="session")
def program():
    """The program under test."""
    named = os.environ.get("REELGATE_BIN")
    if not named:
        pytest.fail("REELGATE_BIN does not name the program; run: cargo xtask test-deploy")
    return named
