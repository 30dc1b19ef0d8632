"""A pair of PostgreSQL servers, one of which follows the other and has every commit before it is answered."""
import json
import os
import pathlib
import subprocess
import time
import urllib.request

import children
from database import DATABASE, SETTINGS, Postgres, free_port, programs

SYNCHRONOUS_SECONDS = 120
# The shortest that Patroni takes.
LEADER_SECONDS = 20


def url_of(ports):
    """Whichever of them takes writes."""
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    return f"postgres://reelgate@{hosts}/{DATABASE}?target_session_attrs=read-write&connect_timeout=3"


def wait_until(condition, what, seconds=SYNCHRONOUS_SECONDS):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.1)


class ByHand:
    """Promotion by whoever sees that the leader is dead: here this program."""

    settings = {"synchronous_standby_names": "*", "wal_level": "replica", "max_wal_senders": "10",
                "wal_receiver_timeout": "5s", "wal_sender_timeout": "5s"}

    def __init__(self, folder):
        self.servers = [Postgres(folder / name) for name in ("left", "right")]
        self.url = url_of([server.port for server in self.servers])
        self.leader, self.follower = self.servers

    def start(self):
        self.leader.make(**{**self.settings, "synchronous_standby_names": ""}).start()
        self.leader.query(f"CREATE DATABASE {DATABASE}", database="postgres")
        self._follow()
        self.leader.query("ALTER SYSTEM SET synchronous_standby_names = '*'", database="postgres")
        self.leader.query("SELECT pg_reload_conf()", database="postgres")
        self.wait_until_synchronous()
        return self

    def _follow(self):
        self.follower.remake()
        self.follower.copy_of(self.leader, "follower", synchronous_standby_names="*").start()

    def wait_until_synchronous(self):
        def is_so():
            rows = self.leader.query("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'",
                                     database="postgres")
            return rows == [["1"]]
        wait_until(is_so, "the follower is synchronous")

    def kill_leader(self):
        self.leader.kill()

    def replace_leader(self):
        """The follower leads, and the killed one comes back as its follower."""
        self.leader, self.follower = self.follower, self.leader
        self.leader.promote()
        self._follow()
        self.wait_until_synchronous()

    def stop(self):
        for server in self.servers:
            server.stop()


class Patroni:
    """Promotion by Patroni, which agrees on the leader by etcd."""

    def __init__(self, folder):
        self.folder = folder
        self.ports = {name: (free_port(), free_port()) for name in ("left", "right")}
        self.url = url_of([postgres for postgres, _ in self.ports.values()])
        self.etcd_port, self.etcd = free_port(), None
        self.members = {}
        self.user = "postgres" if os.geteuid() == 0 else None

    def start(self):
        Postgres(self.folder / "etcd", port=1)._own_folder()
        peers = f"http://127.0.0.1:{free_port()}"
        clients = f"http://127.0.0.1:{self.etcd_port}"
        with (self.folder / "etcd.log").open("ab") as log:
            self.etcd = children.start(
                ["etcd", "--data-dir", self.folder / "etcd/data", "--listen-client-urls", clients,
                 "--advertise-client-urls", clients, "--listen-peer-urls", peers, "--initial-advertise-peer-urls",
                 peers, "--initial-cluster", f"default={peers}"],
                self.user, cwd="/", stdout=log, stderr=subprocess.STDOUT)
        for name in self.ports:
            self._configure(name)
            self._start_member(name)
            wait_until(lambda: self._roles().get("left") == "leader", "there is a leader")
        self.wait_until_synchronous()
        self._server(self._leader()).query(f"CREATE DATABASE {DATABASE}", database="postgres")
        return self

    def _configure(self, name):
        folder = self.folder / name
        self._server(name)._own_folder()
        postgres, rest = self.ports[name]
        access = [f"{kind} {'replication' if both else 'all'} all {where} trust".replace("  ", " ")
                  for kind, where in (("local", ""), ("host", "127.0.0.1/32")) for both in (False, True)]
        config = {
            "scope": "reelgate", "name": name,
            "restapi": {"listen": f"127.0.0.1:{rest}", "connect_address": f"127.0.0.1:{rest}"},
            "etcd3": {"host": f"127.0.0.1:{self.etcd_port}"},
            "bootstrap": {
                "dcs": {"ttl": LEADER_SECONDS, "loop_wait": 1, "retry_timeout": 3, "synchronous_mode": True,
                        "postgresql": {"use_pg_rewind": True, "parameters": {
                            **{key: value for key, value in SETTINGS.items() if key != "listen_addresses"},
                            "wal_log_hints": "on"}}},
                "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, "data-checksums"],
                "pg_hba": access,
            },
            "postgresql": {
                "listen": f"127.0.0.1:{postgres}", "connect_address": f"127.0.0.1:{postgres}",
                "data_dir": str(folder / "data"), "bin_dir": str(programs()), "pgpass": str(folder / "pgpass"),
                "pg_hba": access, "parameters": {"unix_socket_directories": str(folder)},
                "authentication": {"superuser": {"username": "reelgate"}, "rewind": {"username": "reelgate"},
                                   "replication": {"username": "replicator"}},
            },
        }
        (folder / "patroni.yml").write_text(json.dumps(config), "utf-8")

    def _start_member(self, name):
        folder = self.folder / name
        with (self.folder / f"{name}.log").open("ab") as log:
            # Debian's own interpreter has its libraries.
            self.members[name] = children.start(
                ["/usr/bin/python3", "/usr/bin/patroni", folder / "patroni.yml"], self.user, cwd="/", stdout=log,
                stderr=subprocess.STDOUT, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"})

    def _server(self, name):
        return Postgres(self.folder / name, port=self.ports[name][0])

    def _roles(self):
        """What each member that runs is, as anyone of them knows."""
        for _, rest in self.ports.values():
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{rest}/cluster", timeout=2) as answer:
                    members = json.load(answer)["members"]
            except (OSError, ValueError, KeyError):
                continue
            return {one["name"]: one["role"] for one in members if one.get("state") in ("running", "streaming")}
        return {}

    def _leader(self):
        [leader] = [name for name, role in self._roles().items() if role == "leader"]
        return leader

    @property
    def leader(self):
        return self._server(self._leader())

    def wait_until_synchronous(self):
        wait_until(lambda: sorted(self._roles().values()) == ["leader", "sync_standby"],
                   "a leader and a synchronous standby")

    def kill_leader(self):
        self.killed = self._leader()
        self._kill(self.killed)

    def _kill(self, name):
        """Patroni first, which would start the server anew."""
        member = self.members[name]
        children.kill_with_all_below(member.pid)
        member.wait()
        try:
            postmaster = int((self.folder / name / "data/postmaster.pid").read_text("utf-8").split()[0])
            children.kill_with_all_below(postmaster)
        except (OSError, IndexError):
            pass

    def replace_leader(self):
        """The other one takes over when the dead one has been silent for long enough; that comes back as its standby."""
        [other] = set(self.ports) - {self.killed}
        wait_until(lambda: self._roles().get(other) == "leader", "the standby leads")
        self._start_member(self.killed)
        self.wait_until_synchronous()

    def stop(self):
        for name in self.members:
            self._kill(name)
        if self.etcd:
            self.etcd.kill()
            self.etcd.wait()
