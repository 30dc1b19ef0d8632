"""A storm on two servers and three workers with one PostgreSQL, while nodes, the database and the ways between them fail."""
import random
import time

import pytest

import nodes
import storm as storms
import weather
from database import DATABASE, Postgres

# The time that a worker may be silent before its jobs are another's.
LEASE_SECONDS = 30


@pytest.fixture
def postgres(tmp_path):
    server = Postgres(tmp_path / "postgres").make().start()
    server.query(f"CREATE DATABASE {DATABASE}", database="postgres")
    yield server
    server.stop()


@pytest.fixture
def ways(postgres):
    found = nodes.Ways(postgres.port)
    yield found
    found.close()


@pytest.fixture
def cluster(program, tmp_path, ways):
    made = nodes.Cluster(program, tmp_path / "nodes", ways.store)
    yield made
    made.stop()


def test_a_storm_loses_and_repeats_nothing(cluster, postgres, ways, clip, ledger, storm_seconds, seed):
    cluster.start()
    storm = storms.Storm(cluster, ledger, seed).prepare(clip).start(submitters=3, vendor_submitters=2, pausers=2)
    chance = random.Random(seed)
    asleep = weather.stop_one_at_work(cluster, storm)
    fell_asleep = time.monotonic()
    awake = [node for node in cluster.workers if node is not asleep]
    misfortunes = [
        lambda chance: weather.kill(cluster.servers, chance),
        lambda chance: weather.kill(awake, chance),
        lambda chance: weather.crash(postgres, chance),
        lambda chance: weather.disconnect(ways, chance),
        lambda chance: weather.keep_out(ways, chance),
        lambda chance: weather.swallow(ways, chance),
    ]
    # Each once, then any.
    for misfortune in misfortunes:
        weather.blow_once(cluster, chance, misfortune, ledger)
    weather.blow(cluster, chance, storm_seconds, misfortunes, ledger)
    # What it ran has long been started elsewhere when it wakes up.
    time.sleep(max(0, fell_asleep + LEASE_SECONDS + 3 - time.monotonic()))
    asleep.resume()
    ledger.count("workers stopped past their lease")
    weather.blow(cluster, chance, 3, misfortunes[3:], ledger)
    storm.stop()
    ways.heal()
    weather.tend(cluster, ledger)
    for node in cluster.nodes:
        node.wait_until_ready()
    storm.settle()
    settle_rows(postgres, ledger)
    print("\n" + ledger.table())
    assert not ledger.broken, "\n".join(ledger.broken)
    expected = ["jobs cancelled", "jobs succeeded", "pauses held"]
    # In a short one whatever was lost may have been cancelled.
    if storm_seconds > 60:
        expected.append("jobs with more than one attempt")
    for what in expected:
        assert ledger.counts[what], f"the storm saw no {what}"


def settle_rows(postgres, ledger):
    """When all is over no lease is left, and the counts of every queue are nothing."""
    [[leases]] = postgres.query("SELECT count(*) FROM leases")
    if leases != "0":
        ledger.breach(f"{leases} leases are left")
    for row in postgres.query("SELECT pipeline, queued, ready, running FROM queues WHERE queued + ready + running > 0"):
        ledger.breach(f"a queue counts what is not there: {row}")
