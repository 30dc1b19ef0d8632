"""RTMP inside TLS, with servers that are told of the certificate's authority and with one that is not."""
import pytest

import edge as edges
import harness
import processes
from edge import Edge, push, unique


@pytest.fixture
def trusting(engine, program, relay, tmp_path):
    """Calls to a server that takes the relay's certificate."""
    running = harness.Server.start(program, tmp_path, options=edges.LOOPBACK,
                                   variables={"SSL_CERT_FILE": str(relay.certificate)})
    harness.lift_limits(running)
    yield Edge(running)
    running.stop()


def comes_out(relay, *names):
    for name in names:
        came = lambda: relay.passing("out", name) and relay.passing("out", name).bytes_in > 20_000
        processes.wait_until(came, 90, f"{name} comes out")


def published(relay, guests, clip):
    """The name of a stream that is there to be pulled."""
    name = unique("secure")
    guests.publish(clip, relay.address("in", name))
    processes.wait_until(lambda: relay.passing("in", name), 60, "the source comes")
    return name


def test_streams_come_and_go_by_rtmps(trusting, relay, guests, clip):
    name = published(relay, guests, clip)
    stream = trusting.run(relay.secure_address("in", name), push(relay.secure_address("out", name)))
    comes_out(relay, name)
    found = trusting.wait_for(stream, "live")
    assert found["health"]["reconnects"] == 0, trusting.notes(stream)
    assert relay.publishers(name)[1] == 0
    trusting.stop(stream, wait="60s")


def test_several_targets_are_reached_by_rtmps(trusting, relay, guests, clip):
    name = published(relay, guests, clip)
    targets = [f"{name}-{which}" for which in ("whole", "small", "plain")]
    whole, small, plain = targets
    stream = trusting.run(relay.address("in", name), push(relay.secure_address("out", whole)),
                          push(relay.secure_address("out", small), trusting.template("h264", 480)),
                          push(relay.address("out", plain)))
    comes_out(relay, *targets)
    assert trusting.wait_for(stream, "live")["health"]["reconnects"] == 0
    trusting.stop(stream, wait="60s")


def test_a_certificate_of_no_known_authority_is_not_taken(edge, relay, guests, clip):
    name = published(relay, guests, clip)
    for source, target in ((relay.secure_address("in", name), relay.address("out", name)),
                           (relay.address("in", name), relay.secure_address("out", name))):
        stream = edge.run(source, push(target))
        told = lambda it: it["health"] and "SSL_CERT_FILE" in (it["health"]["last_error"] or "")
        found = edge.wait_until(stream, told, "it is said that the certificate is not trusted")
        assert found["state"] in ("connecting", "interrupted")
        edge.stop(stream, wait="60s")
    assert relay.publishers(name)[0] == 1, "somebody but the source has published"
