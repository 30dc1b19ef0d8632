"""What befalls the parts of a service while it is in use."""
import time


def blow(cluster, chance, seconds, misfortunes, ledger, pause=(0.3, 2)):
    """Lets misfortunes happen, one after the other, for so long. Runs in the main thread, which starts processes."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        blow_once(cluster, chance, chance.choice(misfortunes), ledger, pause)


def blow_once(cluster, chance, misfortune, ledger, pause=(0.3, 2)):
    time.sleep(chance.uniform(*pause))
    tend(cluster, ledger)
    for what in misfortune(chance):
        ledger.count(what)


def tend(cluster, ledger):
    """What a service manager does: a node that found no store at its start, and said so, is started again. A node
    ends in no other way."""
    for node in cluster.nodes:
        if not node.is_running():
            said = node.log_tail(1)
            if "opening the store: " not in said and "the store is not available" not in said:
                ledger.breach(f"{node.name} has ended by itself\n{node.log_tail()}")
            node.start()
            ledger.count("nodes that found no store at their start")


def kill(nodes, chance):
    """Kills a node; it is started again after a moment."""
    node = chance.choice(nodes)
    node.kill()
    time.sleep(chance.uniform(0, 1))
    node.start()
    yield f"kills of a {'server' if node.role == 'serve' else 'worker'}"


def crash(database, chance):
    """Kills all processes of the database; it is started again after a moment."""
    database.kill()
    time.sleep(chance.uniform(0, 2))
    database.start()
    yield "kills of the database"


def disconnect(ways, chance):
    """Resets the connections of a node to the database."""
    chance.choice(list(ways.by_name.values())).cut()
    yield "resets of connections"


def keep_out(ways, chance):
    """A node is turned away from the database for a while."""
    way = chance.choice(list(ways.by_name.values()))
    way.refuse()
    time.sleep(chance.uniform(0.5, 3))
    way.heal()
    yield "nodes turned away"


def swallow(ways, chance):
    """What a node sends to the database goes nowhere for a while."""
    way = chance.choice(list(ways.by_name.values()))
    way.swallow()
    time.sleep(chance.uniform(0.5, 6))
    way.heal()
    yield "nodes cut off in silence"


def stop_one_at_work(cluster, storm):
    """Stops a worker that has a job, without its knowledge: its lease runs out while it sleeps."""
    native = cluster.native(0)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for job in native.call("GET", "/jobs", params={"state": "running", "limit": 100})["jobs"]:
            starts = [event for event in native.call("GET", f"/jobs/{job['id']}/history")["events"]
                      if event["event"] == "started"]
            for node in cluster.workers:
                if starts and starts[-1]["worker"].startswith(node.name):
                    node.pause()
                    still = native.call("GET", f"/jobs/{job['id']}")
                    if still["state"] == "running" and still["attempt"] == starts[-1]["attempt"]:
                        return node
                    node.resume()
    raise AssertionError("no worker has anything to do")
