"""Starts, stops, changes and deletions of streams that go through, on each store."""
import processes
import seen
from edge import engines, ends, push, unique


def published(relay, guests, clip):
    """The name of a stream that is there to be pulled."""
    name = unique("source")
    guests.publish(clip, relay.address("in", name))
    processes.wait_until(lambda: relay.passing("in", name), 60, "the source comes")
    return name


def comes_out(relay, name, seconds=90):
    processes.wait_until(lambda: relay.passing("out", name), seconds, f"{name} comes out")


def comes_out_with(relay, name, lines):
    """Waits until what comes out has so many lines."""
    def has():
        found = relay.passing("out", name)
        return found and found.height == lines
    processes.wait_until(has, 90, f"{name} comes out with {lines} lines")


def test_a_started_stream_comes_out_and_a_stopped_one_ends(edge, server, relay, guests, clip, tmp_path):
    name = published(relay, guests, clip)
    source, target = relay.address("in", name), relay.address("out", name)
    stream = edge.create(source, push(target))
    assert edge.get(stream)["state"] == "idle"
    answer = edge.start(stream)
    assert answer["run"] == 1 and answer["last_start_at"] and not answer["last_stop_at"]
    edge.wait_for(stream, "live")
    comes_out(relay, name)
    read = tmp_path / "read.flv"
    reading = guests.read(target, read)
    processes.wait_until(lambda: read.exists() and read.stat().st_size > 20_000, 60, "a reader gets it")
    running = engines(server.process.pid, target)
    assert len(running) == 1
    answer = edge.stop(stream)
    assert answer["state"] in ("stopping", "stopped") and answer["last_stop_at"]
    ends(running)
    processes.wait_until(lambda: not reading.is_running(), 30, "the reader is told of the end")
    assert reading.process.returncode == 0
    edge.wait_for(stream, "stopped")
    [record] = relay.records(name)
    assert seen.streams(record)["video"]["codec_name"] == "h264"
    assert seen.largest_step(record, "v") < 0.1 and seen.largest_step(record, "a") < 0.1


def test_a_start_after_a_stop_waits_for_the_old_processes(edge, server, relay, guests, clip):
    name = published(relay, guests, clip)
    target = relay.address("out", name)
    stream = edge.run(relay.address("in", name), push(target))
    comes_out(relay, name)
    for run in range(2, 6):
        before = engines(server.process.pid, target)
        edge.stop(stream)
        assert edge.start(stream)["run"] == run
        new = lambda: engines(server.process.pid, target) - before
        processes.wait_until(new, 60, "a new process comes")
        assert not processes.alive(before), "the old process is still there when the new one comes"
        edge.wait_until(stream, lambda it: it["run"] == run and it["state"] == "live", "it is live again")
    edge.stop(stream, wait="60s")
    # Nobody was turned away because somebody else published.
    came, refused = relay.publishers(name)
    assert refused == 0 and came >= 6, (came, refused)


def test_what_does_not_fit_the_state_is_refused(edge, relay, guests, clip):
    name = published(relay, guests, clip)
    stream = edge.create(relay.address("in", name), push(relay.address("out", name)))
    path = f"/streams/{stream}"
    assert edge.refused("POST", f"{path}/stop")[0] == 409
    edge.start(stream)
    assert edge.refused("POST", f"{path}/start")[0] == 409
    assert edge.refused("DELETE", path)[0] == 409
    # Another stream for the same place, while this one has it.
    second = edge.create(relay.address("in", name), push(relay.address("out", name)))
    assert edge.refused("POST", f"/streams/{second}/start")[0] == 409
    edge.stop(stream, wait="60s")
    assert edge.refused("POST", f"{path}/stop")[0] == 409
    edge.start(second)
    edge.stop(second, wait="60s")
    edge.delete(stream)
    assert edge.refused("GET", path)[0] == 404
    assert edge.refused("POST", f"{path}/start")[0] == 404


def test_a_running_stream_changes_its_template(edge, server, relay, guests, clip):
    name = published(relay, guests, clip)
    target = relay.address("out", name)
    stream = edge.run(relay.address("in", name), push(target))
    comes_out_with(relay, name, 180)
    small = edge.native.call("POST", "/stream-templates", json={
        "name": unique("small"), "settings": {"codec": "h264", "height": 90, "width": "ratio", "video_kbps": 200}})
    edge.change(stream, template=small["id"])
    comes_out_with(relay, name, 90)
    edge.wait_until(stream, lambda it: it["state"] == "live" and it["plan"]["revision"] == 2, "the change is there")
    assert edge.get(stream)["run"] == 1
    assert "changed" in edge.happened(stream)
    assert len(engines(server.process.pid, target)) == 1
    edge.stop(stream, wait="60s")
    assert relay.publishers(name)[1] == 0


def test_a_stopped_stream_is_deleted_with_what_was_noted(edge, relay, guests, clip):
    name = published(relay, guests, clip)
    stream = edge.run(relay.address("in", name), push(relay.address("out", name)))
    comes_out(relay, name)
    edge.stop(stream)
    edge.delete(stream)
    assert edge.refused("GET", f"/streams/{stream}")[0] == 404
    processes.wait_until(lambda: not relay.passing("out", name), 30, "a deleted stream does not go on")
