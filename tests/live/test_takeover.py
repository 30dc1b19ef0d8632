"""Workers of clusters on one PostgreSQL: one is killed or frozen, another goes on, and nowhere are two publishers."""
import json
import pathlib
import time
import zlib

import pytest

import harness
import nodes
import processes
import seen
from database import Postgres
from edge import LOOPBACK, Edge, engines, push, recording, unique


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    folder = tmp_path_factory.mktemp("postgres") / "server"
    server = Postgres(folder).make(fsync="off", full_page_writes="off").start()
    yield server
    server.stop()


@pytest.fixture
def company(program, postgres, tmp_path, request):
    made = Company(program, postgres, tmp_path, f"live_{zlib.crc32(request.node.name.encode())}")
    yield made
    made.stop()


class Company:
    """A server that runs nothing, and workers in clusters."""

    def __init__(self, program, postgres, folder, database):
        postgres.query(f"CREATE DATABASE {database}", database="postgres")
        self._program, self._folder = program, folder
        self._store = f"postgres://reelgate@127.0.0.1:{postgres.port}/{database}"
        self._shared = folder / "buckets"
        self._shared.mkdir()
        self.server = self._node("serve", "server", ["--slots", "0", "--live-streams", "0"])
        told = self.server.start().wait_until_ready()
        credentials = json.loads(pathlib.Path(told["credentials_file"]).read_text("utf-8"))
        seen_server = nodes.Seen(self.server, credentials)
        harness.lift_limits(seen_server)
        self.edge = Edge(seen_server)
        self.workers = {}

    def _node(self, role, name, options):
        return nodes.Node(self._program, role, self._folder / name, self._store, self._shared,
                          [*LOOPBACK, "--shutdown-grace", "5", *options])

    def cluster(self, name):
        self.edge.native.call("POST", "/clusters", json={"name": name})

    def worker(self, name, cluster=None):
        """One of a cluster, else of `default`."""
        placed = ["--cluster", cluster] if cluster else []
        self.workers[name] = self._node("worker", name, placed).start()
        self.workers[name].wait_until_ready()
        return self.workers[name]

    def holder(self, stream):
        """The worker that runs a stream."""
        told = self.edge.get(stream)["worker"]
        return next(node for name, node in self.workers.items() if told and told.startswith(name))

    def log_tail(self):
        nodes_here = [self.server, *self.workers.values()]
        return "\n\n".join(f"{node.name}:\n{node.log_tail()}" for node in nodes_here)

    def stop(self):
        for node in [*self.workers.values(), self.server]:
            if node.is_running():
                node.resume()
                node.kill()


@pytest.fixture
def source(relay, guests, pattern):
    name = unique("source")
    guests.publish(pattern, relay.address("in", name))
    processes.wait_until(lambda: relay.passing("in", name), 60, "the source comes")
    return relay.address("in", name)


# As long as a lease is and a claim takes, and room for a machine that stands still now and then.
TAKEOVER_SECONDS = 8
ROOM_SECONDS = 12


def comes_out(relay, name, seconds=90):
    processes.wait_until(lambda: relay.passing("out", name), seconds, f"{name} comes out")


@pytest.mark.parametrize("way", ["killed", "frozen"])
def test_another_worker_takes_over_and_never_are_there_two_publishers(company, relay, source, way):
    company.cluster("east")
    company.worker("first", "east")
    name = unique("out")
    target = relay.address("out", name)
    edge = company.edge
    stream = edge.run(source, push(target), recording(f"kept/{name}"), cluster="east")
    edge.wait_for(stream, "live")
    comes_out(relay, name)
    company.worker("second", "east")
    holder = company.holder(stream)
    heir = next(node for node in company.workers.values() if node is not holder)
    before = engines(holder.process.pid, target)
    assert len(before) == 1
    begun = time.monotonic()
    if way == "killed":
        holder.kill()
    else:
        holder.pause()
    both = lambda: processes.alive(before) and engines(heir.process.pid, target)
    while not engines(heir.process.pid, target):
        assert time.monotonic() - begun < TAKEOVER_SECONDS + ROOM_SECONDS, edge.notes(stream)
        time.sleep(0.01)
    took = time.monotonic() - begun
    print(f"a worker that was {way} was replaced after {took:.1f} s")
    assert not both(), "the old process is still there when the new one comes"
    comes_out(relay, name)
    found = edge.wait_until(stream, lambda it: it["state"] == "live" and it["attempt"] >= 2, "it is live again")
    assert found["run"] == 1 and found["worker"].startswith(heir.name)
    if way == "frozen":
        # It comes back and finds that it holds nothing.
        holder.resume()
        again = engines(heir.process.pid, target)
        time.sleep(4)
        assert not engines(holder.process.pid, target) and engines(heir.process.pid, target) == again
    edge.stop(stream, wait="60s")
    assert relay.publishers(name) == (2, 0)
    assert "worker_lost" in edge.happened(stream)
    for record in relay.records(name):
        assert seen.largest_step(record, "v") < 0.1
    # What the first one had recorded is on its disk only until it runs again.
    if way == "killed":
        holder.start().wait_until_ready()
    processes.wait_until(lambda: len(edge.objects(f"kept/{name}/")) == 2, 60, "both recordings are kept")


def test_streams_stay_in_their_cluster(company, relay, source):
    company.cluster("east")
    company.cluster("west")
    east = company.worker("of-east", "east")
    west = company.worker("of-west", "west")
    name = unique("out")
    target = relay.address("out", name)
    edge = company.edge
    stream = edge.run(source, push(target), cluster="east")
    comes_out(relay, name)
    assert engines(east.process.pid, target) and not engines(west.process.pid, target)
    east.kill()
    processes.wait_until(lambda: not relay.passing("out", name), 30, "its stream ends with it")
    alone = edge.wait_for(stream, "waiting", 30)
    assert not alone.get("worker"), alone
    company.worker("new-east", "east")
    comes_out(relay, name)
    assert not engines(west.process.pid)
    takers = [note["message"] for note in edge.notes(stream) if note["what"] == "taken"]
    assert [taker.split()[1].rsplit("-", 1)[0] for taker in takers] == ["of-east", "new-east"], takers
    edge.stop(stream, wait="60s")
    assert relay.publishers(name) == (2, 0)


def test_a_stream_of_a_cluster_without_workers_waits(company, relay, source):
    company.cluster("empty")
    company.worker("elsewhere")
    name = unique("out")
    edge = company.edge
    stream = edge.run(source, push(relay.address("out", name)), cluster="empty")
    assert edge.get(stream)["state"] == "waiting"
    edge.stop(stream)
    assert edge.get(stream)["state"] == "stopped"
    edge.start(stream)
    assert edge.get(stream)["state"] == "waiting" and edge.get(stream)["run"] == 2
    company.worker("at-last", "empty")
    comes_out(relay, name)
    edge.stop(stream, wait="60s")


def test_a_worker_that_ends_hands_its_streams_over(company, relay, source):
    company.cluster("east")
    company.worker("first", "east")
    name = unique("out")
    target = relay.address("out", name)
    edge = company.edge
    stream = edge.run(source, push(target), cluster="east")
    comes_out(relay, name)
    heir = company.worker("second", "east")
    holder = company.holder(stream)
    holder.process.terminate()
    holder.process.wait(60)
    processes.wait_until(lambda: engines(heir.process.pid, target), 30, "the other one goes on")
    comes_out(relay, name)
    edge.stop(stream, wait="60s")
    assert relay.publishers(name) == (2, 0)
    assert "worker_lost" not in edge.happened(stream)
