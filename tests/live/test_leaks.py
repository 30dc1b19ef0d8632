"""What is left over: processes after the end of the service, and anything at all after many starts and stops."""
import os
import pathlib
import re
import time

import processes
from edge import Edge, engines, hls, line_of, push, unique

CYCLES = 100
# Memory of a process grows to a level in its first cycles.
WARM = 20
# What allocators keep of threads and buffers that come and go; 100 cycles that leak a stream each are more.
GROWTH_KIB = 16 * 1024


def test_a_killed_service_leaves_no_processes(own_server, relay, guests, clip):
    edge = Edge(own_server)
    name = unique("source")
    guests.publish(clip, relay.address("in", name))
    targets = [unique("orphan") for _ in range(3)]
    for target in targets:
        edge.run(relay.address("in", name), push(relay.address("out", target)), hls(f"orphan/{target}/index.m3u8"))
    for target in targets:
        processes.wait_until(lambda: relay.passing("out", target), 90, f"{target} comes out")
    below = processes.below(own_server.process.pid)
    assert len([one for one in below if "ffmpeg" in processes.name_of(one)]) >= len(targets)
    begun = time.monotonic()
    own_server.kill()
    processes.wait_until(lambda: not processes.alive(below), 30, "all it started is gone")
    print(f"all processes of a killed service were gone after {time.monotonic() - begun:.2f} s")
    for target in targets:
        processes.wait_until(lambda: not relay.passing("out", target), 30, "the target is told")
        assert relay.publishers(target) == (1, 0)


class Held:
    """What a process has."""

    def __init__(self, process_id):
        status = pathlib.Path(f"/proc/{process_id}/status").read_text("utf-8")
        self.kib = int(re.search(r"VmRSS:\s+(\d+)", status).group(1))
        self.threads = int(re.search(r"Threads:\s+(\d+)", status).group(1))
        self.files = {}
        for entry in pathlib.Path(f"/proc/{process_id}/fd").iterdir():
            try:
                kind = re.sub(r"\d+", "N", os.readlink(entry))
            except OSError:
                continue
            self.files[kind] = self.files.get(kind, 0) + 1
        self.below = {one: line_of(one) for one in processes.below(process_id)}


def listening(process_ids):
    """Ports that some of these processes listen at."""
    inodes = set()
    for one in process_ids:
        try:
            links = [os.readlink(entry) for entry in pathlib.Path(f"/proc/{one}/fd").iterdir()]
        except OSError:
            continue
        inodes |= {link[8:-1] for link in links if link.startswith("socket:[")}
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in pathlib.Path(f"/proc/net/{table}").read_text("utf-8").splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes and (fields[3] == "0A" or table.startswith("udp")):
                found.add((table, fields[1]))
    return found


def test_starts_and_stops_leave_nothing_behind(own_server, relay, guests, clip):
    edge, process_id = Edge(own_server), own_server.process.pid
    name = unique("source")
    guests.publish(clip, relay.address("in", name))
    processes.wait_until(lambda: relay.passing("in", name), 60, "the source comes")
    target = relay.address("out", name)
    stream = edge.create(relay.address("in", name), push(target))
    scratch = lambda: sorted(str(path) for path in (own_server.data / "scratch").rglob("*") if "live" in str(path))
    warm = None
    for cycle in range(CYCLES):
        edge.start(stream)
        # At other moments of a start each time: some are stopped before anything has come out.
        if cycle % 4:
            processes.wait_until(lambda: engines(process_id, target), 60, "its process comes")
        if cycle % 10 == 0:
            edge.wait_until(stream, lambda it: it["state"] == "live", "it is live")
        edge.stop(stream, wait="60s")
        if cycle == WARM:
            warm, ports, files = Held(process_id), listening({process_id}), scratch()
    assert edge.get(stream)["run"] == CYCLES
    processes.wait_until(lambda: not engines(process_id), 30, "its processes end")
    processes.wait_until(lambda: set(Held(process_id).below.values()) <= set(warm.below.values()), 30,
                         "no other processes are left")
    now = Held(process_id)
    # Some connections to the API and to the store may have been made or closed meanwhile.
    more = {kind: (warm.files.get(kind, 0), count) for kind, count in now.files.items()
            if count > warm.files.get(kind, 0) + 8}
    assert not more, f"files that were not closed: {more}"
    assert now.threads <= warm.threads + 8, (warm.threads, now.threads)
    assert now.kib - warm.kib <= GROWTH_KIB, f"{now.kib - warm.kib} KiB more after {CYCLES - WARM} starts and stops"
    assert listening({process_id}) == ports
    assert scratch() == files
    assert relay.publishers(name)[1] == 0
