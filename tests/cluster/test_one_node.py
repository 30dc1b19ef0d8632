"""A storm on one server with SQLite that is killed again and again."""
import random

import nodes
import storm as storms
import weather
from ledger import IN_DOUBT


def test_a_server_that_is_killed_loses_and_repeats_nothing(program, tmp_path, clip, ledger, storm_seconds, seed):
    cluster = nodes.Cluster(program, tmp_path, lambda _: "", servers=1, workers=0, shared=False, worker_slots=2)
    try:
        cluster.start()
        storm = storms.Storm(cluster, ledger, seed).prepare(clip).start()
        weather.blow(cluster, random.Random(seed), storm_seconds / 2, [lambda chance: weather.kill(cluster.servers, chance)],
                     ledger, pause=(1, 4))
        for what in IN_DOUBT:
            ledger.wait_for(what, 2)
        storm.stop()
        storm.settle()
        print("\n" + ledger.table())
        assert not ledger.broken, "\n".join(ledger.broken)
        assert ledger.counts["kills of a server"] >= 2
        assert ledger.counts["jobs cancelled"] and ledger.counts["jobs succeeded"]
    finally:
        cluster.stop()
