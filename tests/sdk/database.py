"""PostgreSQL servers for tests: in temporary directories, on free ports, with writes that reach the disk."""
import os
import pathlib
import random
import shutil
import socket
import subprocess
import time

import children

DATABASE = "reelgate"
START_SECONDS = 180
SETTINGS = {
    "listen_addresses": "127.0.0.1", "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
    "max_connections": "200", "shared_buffers": "64MB", "timezone": "UTC",
}


def programs():
    """Where the newest PostgreSQL's programs are."""
    places = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    places = [pathlib.Path(path) for path in ("/usr/bin", "/usr/local/bin", "/usr/local/pgsql/bin")] + places
    found = [path for path in places if (path / "initdb").exists() and (path / "postgres").exists()]
    assert found, "PostgreSQL is missing: run make setup"
    return found[-1]


def free_port():
    """A port that systems give to no outgoing connection: one might have it when who died comes back to it."""
    while True:
        port = random.randrange(20_000, 32_000)
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue


class Postgres:
    """A server. Its only user is `reelgate`, who needs no password on this machine."""

    def __init__(self, folder, port=None):
        self.folder, self.port = pathlib.Path(folder), port or free_port()
        self.data = self.folder / "data"
        self.log = self.folder / "postgres.log"
        self.process = None
        self.user = "postgres" if os.geteuid() == 0 else None

    def _command(self, name, *arguments):
        return children.run([programs() / name, *arguments], self.user, cwd="/",
                            env={"PATH": os.environ["PATH"], "LC_ALL": "C"})

    def make(self, **settings):
        """An empty server with these settings besides the usual."""
        self._own_folder()
        self._command("initdb", "--username=reelgate", "--auth=trust", "--encoding=UTF8", "--locale=C",
                      "--no-sync", "--pgdata", str(self.data))
        self.set(**{**SETTINGS, **settings})
        return self

    def copy_of(self, leader, name, **settings):
        """A standby of the leader, which knows it by this name."""
        self._own_folder()
        self._command("pg_basebackup", "--pgdata", str(self.data), "--host=127.0.0.1", f"--port={leader.port}",
                      "--username=reelgate", "--wal-method=stream", "--checkpoint=fast", "--no-sync")
        self.set(primary_conninfo=f"host=127.0.0.1 port={leader.port} user=reelgate application_name={name}",
                 hot_standby="on", **settings)
        (self.data / "standby.signal").touch()
        return self

    def remake(self):
        """An empty folder, for a new copy."""
        shutil.rmtree(self.data, ignore_errors=True)

    def _own_folder(self):
        self.folder.mkdir(exist_ok=True)
        self.folder.chmod(0o700)
        if self.user:
            shutil.chown(self.folder, self.user, self.user)
            for parent in self.folder.parents:
                # Of pytest's own, which are closed to others; nobody can list what is in them.
                if "pytest" in str(parent):
                    parent.chmod(parent.stat().st_mode | 0o011)

    def set(self, **settings):
        """Writes settings, which hold from the next start."""
        path = self.data / "postgresql.auto.conf"
        old = path.read_text("utf-8") if path.exists() else ""
        lines = [f"{name} = '{value}'\n" for name, value in {**settings, "port": self.port,
                                                            "unix_socket_directories": self.folder}.items()]
        path.write_text(old + "".join(lines), "utf-8")

    def start(self):
        """Starts it; returns once it takes connections."""
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        with self.log.open("ab") as output:
            self.process = children.start([programs() / "postgres", "-D", str(self.data)], self.user, cwd="/",
                                          stdout=output, stderr=subprocess.STDOUT,
                                          env={"PATH": os.environ["PATH"], "LC_ALL": "C"})
        deadline = time.monotonic() + START_SECONDS
        while self._state() != "ready":
            ended = self.process.poll()
            assert ended is None and time.monotonic() < deadline, self.log.read_text("utf-8", "replace")[-3000:]
            time.sleep(0.02)
        return self

    def _state(self):
        try:
            lines = (self.data / "postmaster.pid").read_text("utf-8").splitlines()
        except OSError:
            return ""
        return lines[7].strip() if len(lines) > 7 else ""

    def kill(self):
        """Kills all its processes, as a loss of power would."""
        children.kill_with_all_below(self.process.pid)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.kill()

    def promote(self):
        self._command("pg_ctl", "promote", "--wait", "--pgdata", str(self.data))

    def query(self, sql, database=DATABASE):
        """The rows of a query, as lists of texts."""
        said = self._command("psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--field-separator=\t",
                             "--set=ON_ERROR_STOP=1", "--host=127.0.0.1", f"--port={self.port}",
                             "--username=reelgate", f"--dbname={database}", "--command", sql)
        return [line.split("\t") for line in said.splitlines() if line]
