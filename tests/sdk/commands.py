"""Fixtures that run client commands against the running server; a suite takes them by importing them in its conftest."""
import json
import subprocess

import pytest

import harness


@pytest.fixture
def environment(server):
    """By it a command finds the server: by its data directory."""
    return {**harness.clean_environment(), "REELGATE_DATA": str(server.data)}


@pytest.fixture
def run(program, environment, tmp_path):
    """Runs a command; `said` is what stands on its standard input, `variables` are added to its environment."""
    def running(*arguments, code=0, said="", **variables):
        done = subprocess.run([program, *map(str, arguments)], capture_output=True, timeout=300, cwd=tmp_path,
                              check=False, input=said.encode(), env={**environment, **variables})
        assert code in (None, done.returncode), (arguments, done)
        return done
    return running


@pytest.fixture
def read(run):
    """The JSON that a command prints."""
    def reading(*arguments, **options):
        return json.loads(run(*arguments, "-o", "json", **options).stdout)
    return reading
