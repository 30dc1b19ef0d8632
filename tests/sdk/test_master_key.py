"""The master key: rotated under load, missed at the start, and given by the environment."""
import base64
import contextlib
import os
import shutil
import sqlite3
import stat
import subprocess
import threading

import pytest

import access
import harness
import mps
import sts as product
from access import statement


@pytest.fixture
def start(program, tmp_path):
    """Starts servers over one directory, one after the other."""
    started = []

    def starting(**options):
        started.append(harness.Server.start(program, tmp_path, slots=0, **options))
        return started[-1]
    yield starting
    for server in started:
        if server.process.poll() is None:
            server.kill()


def keys_of(server):
    """The keys in the file, newest first."""
    lines = (server.data / "master.key").read_text("utf-8").splitlines()
    return [line.split()[0] for line in lines if line and not line.startswith("#")]


def fails_to_start(program, data, variables=(), options=()):
    """What a server says that has to end at its start."""
    done = subprocess.run([program, "serve", "--data", data, "--listen", "127.0.0.1:0", *options],
                          capture_output=True, timeout=120, check=False, encoding="utf-8",
                          env={**harness.clean_environment(), **dict(variables)})
    assert done.returncode != 0 and "panicked" not in done.stderr, done
    return done.stderr


class Callers:
    """Call on and on, each in a thread of its own, and keep what was refused."""

    def __init__(self, calls):
        self.refused, self.answered = [], [0] * len(calls)
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=self._go_on, args=(at, call)) for at, call in enumerate(calls)]

    def _go_on(self, at, call):
        while not self._enough.is_set():
            try:
                call()
                self.answered[at] += 1
            except Exception as error:  # pylint: disable=broad-exception-caught
                self.refused.append(error)
                return

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._enough.set()
        for thread in self._threads:
            thread.join()


def test_a_rotation_fails_no_call_and_outlives_a_crash(start, program, tmp_path, shapes):
    server = start()
    operator = access.Operator(program, server, tmp_path)
    # What the callers do is not to be limited.
    for action in ("mts:SearchPipeline", "mts:ListJob"):
        operator.run("account", "limit", "main", action, "unlimited")
    user = operator.user(statement("*"))
    role = operator.role(access.trust(user.arn), statement("*"))
    session = product.seen(server, product.NewSts(user.seen).call("AssumeRole", RoleArn=role,
                                                                  RoleSessionName="early"))
    clients = [kind(seen, shapes) for kind in mps.GENERATIONS.values()
               for seen in (server, user.seen, session)]
    calls = [lambda mts=mts: mts.call("SearchPipeline") for mts in clients]
    calls.append(lambda: product.NewSts(user.seen).call("AssumeRole", RoleArn=role, RoleSessionName="often"))
    first = keys_of(server)
    with Callers(calls) as callers:
        for _ in range(4):
            before = list(callers.answered)
            rotated = operator.read("master-key", "rotate")
            assert rotated["resealed"] >= 2
            late = operator.user(statement("*")).seen
            mps.NewMts(late, shapes).call("SearchPipeline")
            # Each caller has got an answer since.
            deadline = threading.Event()
            for _ in range(600):
                if callers.refused or all(now > then for now, then in zip(callers.answered, before)):
                    break
                deadline.wait(0.05)
            assert all(now > then for now, then in zip(callers.answered, before)), callers.refused
    assert callers.refused == []
    assert len(keys_of(server)) == 5 and keys_of(server)[-1:] == first

    # Killed, not stopped: the file and the database are good at any time.
    server.kill()
    again = start()
    for seen in (again, user.seen, session, late):
        mps.NewMts(access.Seen(again.address, seen.credentials), shapes).call("SearchPipeline")
    assert stat.S_IMODE((again.data / "master.key").stat().st_mode) == 0o600
    again.stop()


def test_without_its_master_key_a_server_does_not_start(start, program, shapes, tmp_path):
    server = start()
    server.stop()
    file, kept = server.data / "master.key", tmp_path / "kept"
    os.rename(file, kept)
    said = fails_to_start(program, server.data)
    for helps in (str(file), "missing", "--master-key-file", "REELGATE_MASTER_KEY"):
        assert helps in said
    # No new key is made, which would hide that the old one is gone.
    assert not file.exists()

    other = base64.b64encode(bytes(32)).decode()
    said = fails_to_start(program, server.data, {"REELGATE_MASTER_KEY": other})
    assert "master key" in said and "not among those given" in said and other not in said
    for wrong in ("short", other + "," + other[:8]):
        said = fails_to_start(program, server.data, {"REELGATE_MASTER_KEY": wrong})
        assert "REELGATE_MASTER_KEY" in said and wrong not in said, said

    again = start(options=["--master-key-file", str(kept)])
    mps.NewMts(again, shapes).call("SearchPipeline")
    again.stop()


def test_a_file_that_is_damaged_or_that_others_may_read_is_named(start, program):
    server = start()
    server.stop()
    file = server.data / "master.key"
    kept = file.read_text("utf-8")
    for mode in (0o640, 0o604):
        file.chmod(mode)
        said = fails_to_start(program, server.data)
        assert str(file) in said and "chmod 600" in said, said
    file.chmod(0o600)
    for wrong in ("", kept.replace("=", "!"), kept[:-20] + "\n"):
        file.write_text(wrong, "utf-8")
        said = fails_to_start(program, server.data)
        assert str(file) in said and kept.splitlines()[-1].split()[0] not in said, said
    file.write_text(kept, "utf-8")
    start().stop()


def test_keys_of_the_environment_are_rotated_by_a_start(start, program, shapes, tmp_path):
    old, new = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))
    server = start(variables={"REELGATE_MASTER_KEY": old})
    assert not (server.data / "master.key").exists()
    done = access.Operator(program, server, tmp_path).run("master-key", "rotate", code=1)
    assert "409" in done.stderr and "comma" in done.stderr
    server.stop()
    server = start(variables={"REELGATE_MASTER_KEY": f"{new},{old}"})
    mps.NewMts(server, shapes).call("SearchPipeline")
    server.stop()
    # Nothing stored needs the old one any more.
    server = start(variables={"REELGATE_MASTER_KEY": new})
    mps.NewMts(server, shapes).call("SearchPipeline")
    assert old.encode() not in server.log.read_bytes() and new.encode() not in server.log.read_bytes()
    server.stop()
    said = fails_to_start(program, server.data, {"REELGATE_MASTER_KEY": old})
    assert "not among those given" in said
    said = fails_to_start(program, server.data, {"REELGATE_MASTER_KEY": new},
                          ["--master-key-file", tmp_path / "some"])
    assert "both" in said


def test_a_backup_of_a_running_server_serves_the_same_keys(start, program, shapes, tmp_path):
    """As docs/operating.md says to make it and to bring it back."""
    server = start()
    user = access.Operator(program, server, tmp_path).user(statement("*"))
    copied = tmp_path / "copied" / "data"
    copied.mkdir(mode=0o700, parents=True)
    with contextlib.closing(sqlite3.connect(server.data / "reelgate.db")) as database, \
            contextlib.closing(sqlite3.connect(copied / "reelgate.db")) as backup:
        database.backup(backup)
    for name in ("master.key", "credentials.json"):
        shutil.copy2(server.data / name, copied / name)
    server.stop()
    again = harness.Server.start(program, copied.parent, slots=0)
    try:
        mps.NewMts(access.Seen(again.address, user.seen.credentials), shapes).call("SearchPipeline")
        again.stop()
    finally:
        if again.process.poll() is None:
            again.kill()
