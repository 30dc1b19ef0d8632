"""The leader of a synchronous pair of databases is killed in the middle of a storm, again and again."""
import random
import time

import pytest

import nodes
import storm as storms
from ledger import IN_DOUBT
from replicated import ByHand, Patroni
from test_many_nodes import settle_rows

KILLS = 5
pytestmark = pytest.mark.failover


@pytest.mark.parametrize("kind", [ByHand, Patroni])
def test_a_leader_that_is_killed_takes_nothing_with_it(kind, program, tmp_path, clip, ledger, seed):
    databases = kind(tmp_path)
    cluster = nodes.Cluster(program, tmp_path / "nodes", lambda _: databases.url, workers=2)
    chance = random.Random(seed)
    try:
        databases.start()
        cluster.start()
        storm = storms.Storm(cluster, ledger, seed).prepare(clip).start(submitters=3, vendor_submitters=1, signers=2)
        away = []
        for _ in range(KILLS):
            answered = ledger.counts["submits answered"]
            wait_for_more(ledger, answered + 5)
            time.sleep(chance.uniform(0.5, 3))
            databases.kill_leader()
            killed = time.monotonic()
            answered = ledger.counts["submits answered"]
            databases.replace_leader()
            wait_for_more(ledger, answered + 3)
            away.append(time.monotonic() - killed)
            ledger.count("leaders killed")
        for what in IN_DOUBT:
            ledger.wait_for(what, 3)
        storm.stop()
        for node in cluster.nodes:
            assert node.is_running(), f"{node.name} has ended by itself\n{node.log_tail()}"
        storm.settle()
        settle_rows(databases.leader, ledger)
        print(f"\n{kind.__name__}:\n{ledger.table()}")
        print("    from a kill to submits that are answered, s   " + ", ".join(f"{one:.1f}" for one in away))
        assert not ledger.broken, "\n".join(ledger.broken)
        assert ledger.counts["jobs succeeded"] and ledger.counts["jobs cancelled"]
    finally:
        cluster.stop()
        databases.stop()


def wait_for_more(ledger, count, seconds=120):
    deadline = time.monotonic() + seconds
    while ledger.counts["submits answered"] < count:
        assert not ledger.broken, ledger.broken
        assert time.monotonic() < deadline, f"{ledger.counts} after {seconds} s"
        time.sleep(0.05)
