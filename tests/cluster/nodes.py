"""Nodes of one service: processes of the program on one database, each by a way of its own."""
import json
import os
import pathlib
import signal
import subprocess
import time

import children
import harness
from database import DATABASE, free_port
from proxy import Proxy

READY_SECONDS = 180
MASTER_KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


class Node:
    """A server or a worker, which can be killed and started again on its own directory."""

    def __init__(self, program, role, folder, store, shared, options=()):
        self.name, self.role, self.folder = folder.name, role, folder
        self.port = free_port() if role == "serve" else None
        self.log, self.ready = folder / "node.log", folder / "ready.json"
        self.data = folder / "data"
        self.process = None
        folder.mkdir()
        self._command = [program, role, "--data", self.data, "--ready-file", self.ready, *options]
        self._environment = {**harness.clean_environment(), "REELGATE_MASTER_KEY": MASTER_KEY,
                             "REELGATE_STORE": store}
        if shared:
            self._command += ["--shared-buckets", shared]
            # As the store knows it.
            self._command += ["--name", self.name]
        if role == "serve":
            self._command += ["--listen", f"127.0.0.1:{self.port}"]

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        self.ready.unlink(missing_ok=True)
        with self.log.open("ab") as output:
            self.process = children.start(self._command, stdout=output, stderr=subprocess.STDOUT,
                                          env=self._environment, cwd=self.folder)
        return self

    def wait_until_ready(self):
        """It serves, or claims jobs; what its ready file says."""
        deadline = time.monotonic() + READY_SECONDS
        while not self.ready.exists():
            assert self.process.poll() is None, f"{self.name} ended at its start\n{self.log_tail()}"
            assert time.monotonic() < deadline, f"{self.name} is not ready\n{self.log_tail()}"
            time.sleep(0.02)
        return json.loads(self.ready.read_text("utf-8"))

    def kill(self):
        self.process.kill()
        self.process.wait()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def ended_by_itself(self):
        """Its exit status if it has ended and nobody killed it."""
        status = self.process.poll()
        return status if status not in (None, -signal.SIGKILL) else None

    def log_tail(self, lines=60):
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])


class Cluster:
    """Servers and workers on one database, with their buckets in one directory."""

    def __init__(self, program, folder, store_of, servers=2, workers=3, shared=True, worker_slots=1):
        """`store_of` gives a node's store by its name."""
        self.folder = folder
        folder.mkdir(exist_ok=True)
        directory = folder / "buckets" if shared else None
        if directory:
            directory.mkdir()
        make = lambda role, name, options: Node(program, role, folder / name, store_of(name), directory, options)
        grace = ["--shutdown-grace", "1"]
        slots = ["--slots", str(worker_slots)]
        alone = [] if workers else slots
        self.servers = [make("serve", f"server-{n}", [*grace, *(alone or ["--slots", "0"])]) for n in range(servers)]
        self.workers = [make("worker", f"worker-{n}", [*grace, *slots]) for n in range(workers)]
        self.credentials = None

    @property
    def nodes(self):
        return self.servers + self.workers

    def start(self):
        first = self.servers[0].start()
        told = first.wait_until_ready()
        self.credentials = json.loads(pathlib.Path(told["credentials_file"]).read_text("utf-8"))
        for node in self.nodes[1:]:
            node.start()
        for node in self.nodes[1:]:
            node.wait_until_ready()
        harness.lift_limits(Seen(first, self.credentials))
        return self

    def native(self, number):
        """A client of the native API at one of the servers."""
        return harness.Native(Seen(self.servers[number % len(self.servers)], self.credentials))

    def seen(self, number):
        return Seen(self.servers[number % len(self.servers)], self.credentials)

    def revive(self):
        """Starts whatever does not run."""
        for node in self.nodes:
            if not node.is_running():
                node.start()

    def stop(self):
        for node in self.nodes:
            if node.is_running():
                node.resume()
                node.kill()


class Seen:
    """A server as clients of the SDK tests see it."""

    def __init__(self, server, credentials):
        self.address, self.credentials = server.address, credentials


class Ways:
    """A proxy to the database for each node."""

    def __init__(self, port):
        self.port, self.by_name = port, {}

    def store(self, name):
        way = self.by_name.setdefault(name, Proxy(self.port))
        return f"postgres://reelgate@127.0.0.1:{way.port}/{DATABASE}"

    def heal(self):
        for way in self.by_name.values():
            way.heal()

    def close(self):
        for way in self.by_name.values():
            way.close()
