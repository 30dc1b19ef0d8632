"""SRT that waits for others to connect to this machine."""
import pytest

import edge as edges
import harness
import processes
import seen
from database import free_port
from edge import Edge, push, unique

SECRET = "a-phrase-of-the-tests"


@pytest.fixture
def listening(engine, program, tmp_path):
    """A server whose operator lets streams listen."""
    running = harness.Server.start(program, tmp_path, options=(*edges.LOOPBACK, "--live-srt-listener"))
    harness.lift_limits(running)
    yield running
    running.stop()


@pytest.fixture
def listening_edge(listening):
    return Edge(listening)


def comes_out(relay, name):
    processes.wait_until(lambda: relay.passing("out", name), 90, f"{name} comes out")


def calling(port, **more):
    query = "".join(f"&{key}={value}" for key, value in more.items())
    return f"srt://127.0.0.1:{port}?mode=caller&connect_timeout=60000{query}"


def test_waiting_for_connections_is_off_unless_the_operator_switches_it_on(edge, server, listening):
    warning = "streams may wait for SRT connections"
    assert warning in listening.log.read_text("utf-8")
    assert warning not in server.log.read_text("utf-8")
    waiting = f"srt://127.0.0.1:{free_port()}?mode=listener"
    elsewhere = f"srt://127.0.0.1:{free_port()}"
    for source, target in ((waiting, elsewhere), (elsewhere, waiting)):
        body = {"name": unique("listener"), "input": {"address": source}, "outputs": [push(target)]}
        status, code = edge.refused("POST", "/streams", json=body)
        assert (status, code) == (403, "denied")


def test_whoever_connects_is_the_source_and_may_come_again(listening_edge, relay, guests, clip):
    edge, port, name = listening_edge, free_port(), unique("called")
    stream = edge.run(f"srt://127.0.0.1:{port}?mode=listener", push(relay.address("out", name)))
    first = guests.publish(clip, calling(port))
    comes_out(relay, name)
    edge.wait_for(stream, "live")
    first.kill()
    edge.wait_for(stream, "interrupted", 60)
    guests.publish(clip, calling(port))
    edge.wait_for(stream, "live")
    comes_out(relay, name)
    assert edge.get(stream)["run"] == 1


def test_who_does_not_know_the_passphrase_is_no_source(listening_edge, relay, guests, clip):
    edge, port, name = listening_edge, free_port(), unique("phrase")
    waiting = f"srt://127.0.0.1:{port}?mode=listener&passphrase={SECRET}"
    edge.run(waiting, push(relay.address("out", name)))
    stranger = guests.publish(clip, calling(port, passphrase="another-phrase"))
    processes.wait_until(lambda: not stranger.is_running(), 90, "the stranger is turned away")
    assert not relay.passing("out", name)
    guests.publish(clip, calling(port, passphrase=SECRET))
    comes_out(relay, name)


def test_whoever_connects_to_a_listening_target_gets_the_stream(listening_edge, relay, guests, clip, tmp_path):
    edge, came, went = listening_edge, free_port(), free_port()
    stream = edge.run(f"srt://127.0.0.1:{came}?mode=listener", push(f"srt://127.0.0.1:{went}?mode=listener"))
    guests.publish(clip, calling(came))
    kept = tmp_path / "taken.ts"
    guests.read(calling(went), kept)
    processes.wait_until(lambda: kept.exists() and kept.stat().st_size > 100_000, 90, "the stream is taken")
    edge.wait_for(stream, "live")
    edge.stop(stream, wait="60s")
    assert seen.streams(kept)["video"]["codec_name"] == "h264"
