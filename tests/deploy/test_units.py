"""The units are what systemd understands, are locked up well, and let the service and its sandbox work."""
import os
import re
import shutil
import subprocess

import pytest

import running
import unit

UNITS = ["reelgate.service", "reelgate-worker.service"]
# Of 10; what is left over is the network and the user's own files, which the service is for.
MOST_EXPOSURE = 1.6


@pytest.fixture(params=UNITS)
def file(request, root):
    return root / "deploy/systemd" / request.param


@pytest.fixture
def installed(file, program, tmp_path):
    """A copy of the unit that starts a program which is there; the installed one need not be."""
    copy = tmp_path / file.name
    copy.write_text(file.read_text("utf-8").replace("/usr/bin/reelgate", str(program)), "utf-8")
    return copy


def test_systemd_finds_nothing_wrong(installed):
    found = subprocess.run(["systemd-analyze", "verify", "--man=no", installed], capture_output=True, text=True)
    told = [line for line in found.stderr.splitlines() if installed.name in line]
    assert found.returncode == 0 and not told, found.stderr


def test_a_misspelt_setting_would_be_found(installed):
    text = installed.read_text("utf-8").replace("ProtectClock=", "ProtectClocks=")
    installed.write_text(text, "utf-8")
    found = subprocess.run(["systemd-analyze", "verify", "--man=no", installed], capture_output=True, text=True)
    assert "ProtectClocks" in found.stderr


def test_the_service_is_exposed_little(installed):
    found = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", installed],
                           capture_output=True, text=True, check=True)
    exposure = float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", found.stdout)[1])
    assert exposure <= MOST_EXPOSURE, found.stdout


def test_both_units_are_locked_up_alike(root):
    own = {"ExecStart", "StateDirectory", "WorkingDirectory", "Environment", "EnvironmentFile"}
    services = [[one for one in unit.settings(root / "deploy/systemd" / name)
                 if one[0] == "Service" and one[1] not in own] for name in UNITS]
    assert services[0] == services[1]


@pytest.fixture
def open_directory(tmp_path_factory):
    """A directory that another user may use, also where root's own are closed."""
    directory = tmp_path_factory.mktemp("unit")
    for parent in [directory, *directory.parents]:
        if parent.stat().st_uid == os.getuid() and parent != parent.parent:
            parent.chmod(parent.stat().st_mode | 0o011)
    directory.chmod(0o777)
    return directory


def sandbox_told(directory):
    """How far the sandbox reaches, as the server says at its start."""
    return re.search(r"FFmpeg's sandbox: .*", (directory / "server.log").read_text("utf-8"))[0]


@pytest.fixture
def open_program(program, open_directory):
    copy = open_directory / "reelgate"
    shutil.copy(program, copy)
    copy.chmod(0o755)
    return copy


def test_a_job_runs_in_its_sandbox_behind_the_units_filters(root, open_program, open_directory, tmp_path):
    """As the unit has it: a user without rights, its filter of system calls, its limits on sockets, namespaces and
    memory. What systemd does with mounts is not done here."""
    found = unit.settings(root / "deploy/systemd/reelgate.service")
    with running.server([open_program], open_directory, preexec_fn=unit.confine(found, "nobody")) as native:
        job = native.transcode(root / "media/bbb_720p25_aac51.mp4")
        assert job["state"] == "succeeded", job
    with running.server([open_program], tmp_path):
        pass
    assert sandbox_told(open_directory) == sandbox_told(tmp_path)


def test_without_the_calls_of_the_sandbox_no_server_would_start(root, open_program, open_directory):
    """So the filter above is in force, and its additions are needed."""
    found = [one for one in unit.settings(root / "deploy/systemd/reelgate.service")
             if "landlock_create_ruleset" not in one[2]]
    with pytest.raises(AssertionError, match="does not answer as FFmpeg does"):
        with running.server([open_program], open_directory, preexec_fn=unit.confine(found, "nobody")):
            pass
