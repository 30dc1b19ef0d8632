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


def strike_one_at_work(cluster, storm, strike, spare=()):
    """Strikes a worker that runs a job which nobody cancels; the worker, the job, and the attempt that is lost."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for job, attempt, worker in storm.running_spared():
            for node in cluster.workers:
                if node in spare or not worker.startswith(f"{node.name}-"):
                    continue
                strike(node)
                if storm.is_running(job, attempt):
                    return node, job, attempt
                # It had ended in the last moment.
                node.resume()
                if not node.is_running():
                    node.start()
    raise AssertionError("no worker has anything to do")
