"""A storm on two servers and three workers with one PostgreSQL, while nodes, the database and the ways between them fail."""
import random

import pytest

import nodes
import storm as storms
import weather
from database import DATABASE, Postgres
from ledger import IN_DOUBT


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
    storm = storms.Storm(cluster, ledger, seed).prepare(clip)
    storm.start(submitters=3, vendor_submitters=1, signers=2, pausers=2)
    chance = random.Random(seed)
    asleep, job, attempt = weather.strike_one_at_work(cluster, storm, nodes.Node.pause)
    awake = [node for node in cluster.workers if node is not asleep]
    dead, *_ = weather.strike_one_at_work(cluster, storm, nodes.Node.kill, spare=[asleep])
    dead.start()
    ledger.count("kills of a worker at work")
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
    # What it ran has been started elsewhere when it wakes up.
    while not storm.is_started_again(job, attempt, chance):
        # The end had been on its way when it was stopped.
        asleep.resume()
        asleep, job, attempt = weather.strike_one_at_work(cluster, storm, nodes.Node.pause)
    asleep.resume()
    ledger.count("workers stopped past their lease")
    weather.blow(cluster, chance, 3, misfortunes[3:], ledger)
    # Of calls in doubt, some that were made and some that were not.
    for what in IN_DOUBT:
        ledger.wait_for(what, 3)
    storm.stop()
    ways.heal()
    weather.tend(cluster, ledger)
    for node in cluster.nodes:
        node.wait_until_ready()
    storm.settle()
    settle_rows(postgres, ledger)
    print("\n" + ledger.table())
    assert not ledger.broken, "\n".join(ledger.broken)
    for what in [*IN_DOUBT, "jobs cancelled", "jobs succeeded", "jobs with more than one attempt", "pauses held"]:
        assert ledger.counts[what], f"the storm saw no {what}"


def settle_rows(postgres, ledger):
    """When all is over no lease is left, and the counts of every queue are nothing."""
    [[leases]] = postgres.query("SELECT count(*) FROM leases")
    if leases != "0":
        ledger.breach(f"{leases} leases are left")
    for row in postgres.query("SELECT pipeline, queued, ready, running FROM queues WHERE queued + ready + running > 0"):
        ledger.breach(f"a queue counts what is not there: {row}")
