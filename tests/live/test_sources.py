"""Sources that are away, go, freeze, come back, or send what nobody can use."""

import clips
import peers
import processes
from database import free_port
from edge import engines, push, unique


def comes_out(relay, name, seconds=90):
    processes.wait_until(lambda: relay.passing("out", name), seconds, f"{name} comes out")


def test_a_source_that_is_not_there_yet_is_waited_for(edge, relay, guests, clip):
    name = unique("late")
    stream = edge.run(relay.address("in", name), push(relay.address("out", name)))
    edge.wait_until(stream, lambda it: it["health"] and it["health"]["last_error"], "it says what it waits for")
    assert edge.get(stream)["state"] in ("connecting", "interrupted")
    guests.publish(clip, relay.address("in", name))
    comes_out(relay, name)
    edge.wait_for(stream, "live")


def test_a_source_that_goes_is_noticed_and_taken_up_again(edge, relay, guests, clip):
    name = unique("gone")
    first = guests.publish(clip, relay.address("in", name))
    processes.wait_until(lambda: relay.passing("in", name), 60, "the source comes")
    stream = edge.run(relay.address("in", name), push(relay.address("out", name)))
    edge.wait_for(stream, "live")
    first.kill()
    edge.wait_for(stream, "interrupted", 30)
    assert not relay.passing("out", name)
    guests.publish(clip, relay.address("in", name))
    edge.wait_for(stream, "live")
    comes_out(relay, name)
    found = edge.get(stream)
    assert found["run"] == 1 and found["health"]["reconnects"] >= 1
    assert "interrupted" in edge.happened(stream)


def test_a_source_that_freezes_counts_as_lost(edge, relay, guests, clip):
    name = unique("frozen")
    source = guests.publish(clip, relay.address("in", name))
    processes.wait_until(lambda: relay.passing("in", name), 60, "the source comes")
    stream = edge.run(relay.address("in", name), push(relay.address("out", name)), frozen_ms=1500)
    edge.wait_for(stream, "live")
    source.freeze()
    edge.wait_for(stream, "interrupted", 30)
    processes.wait_until(lambda: not relay.passing("in", name), 30, "the server drops the frozen source")
    source.kill()
    guests.publish(clip, relay.address("in", name))
    edge.wait_for(stream, "live")
    comes_out(relay, name)


def test_a_source_that_goes_each_second_is_borne_until_it_stays(edge, server, relay, guests, clip):
    name = unique("restless")
    restless = guests.restless(clip, relay.address("in", name))
    target = relay.address("out", name)
    stream = edge.run(relay.address("in", name), push(target))
    edge.wait_until(stream, lambda it: it["health"] and it["health"]["reconnects"] >= 4, "it is tried again and again")
    assert edge.get(stream)["run"] == 1 and len(engines(server.process.pid, target)) <= 1
    restless.stop()
    processes.wait_until(lambda: not relay.passing("in", name), 30, "the last of them is gone")
    guests.publish(clip, relay.address("in", name))
    comes_out(relay, name)
    edge.stop(stream, wait="60s")
    processes.wait_until(lambda: not engines(server.process.pid, target), 30, "its processes end")
    assert relay.publishers(name)[1] == 0


def test_rubbish_for_a_source_stays_a_lost_source(edge, relay, guests):
    for greet in (peers.rubbish, peers.silent, peers.leaving):
        door = guests.door(greet)
        target = relay.address("out", unique("rubbish"))
        stream = edge.run(f"rtmp://127.0.0.1:{door.port}/in/any", push(target), frozen_ms=1000)
        processes.wait_until(lambda: door.callers >= 2, 60, f"a source that is {greet.__name__} is tried again")
        found = edge.get(stream)
        assert found["state"] in ("connecting", "interrupted") and found["health"]["last_error"], found
        edge.stop(stream, wait="60s")


def test_broken_pictures_do_not_end_a_stream(edge, server, relay, guests, clip):
    name = unique("broken")
    noisy = ("-c", "copy", "-bsf:v", "noise=amount=200")
    guests.publish(clip, relay.address("in", name), codec=noisy)
    processes.wait_until(lambda: relay.passing("in", name), 60, "the source comes")
    stream = edge.run(relay.address("in", name), push(relay.address("out", name), edge.template("h264", 480)))
    comes_out(relay, name)
    edge.wait_for(stream, "live")
    assert edge.get(stream)["run"] == 1


def test_what_a_target_cannot_take_ends_the_start_with_a_reason(edge, relay, guests, tmp_path):
    # An RTMP target takes no MPEG-2, and `copy` makes nothing else of it.
    port = free_port()
    old = clips.old_codecs(tmp_path / "old.ts")
    guests.publish(old, f"srt://127.0.0.1:{port}?mode=listener")
    target = relay.address("out", unique("unfit"))
    stream = edge.run(f"srt://127.0.0.1:{port}", push(target))
    found = edge.wait_for(stream, "ended")
    assert found["ended"]["reason"] == "unfit" and found["ended"]["message"], found
    assert edge.happened(stream)[-1] in ("ended", "gone")
    # Nor does this FFmpeg send H.265 there.
    edge.change(stream, template=edge.template("h265", 480))
    edge.start(stream)
    found = edge.wait_for(stream, "ended")
    assert found["ended"]["reason"] == "unfit" and "H.265" in found["ended"]["message"], found
    # As H.264 it fits.
    guests.publish(old, f"srt://127.0.0.1:{port}?mode=listener")
    edge.change(stream, template=edge.template("h264", 480))
    edge.start(stream)
    edge.wait_for(stream, "live")


def test_a_start_is_given_up_when_its_source_stays_away(edge, relay):
    name = unique("away")
    stream = edge.run(relay.address("in", name), push(relay.address("out", name)),
                      on_source_lost={"stop_after_minutes": 1})
    found = edge.wait_for(stream, "ended", 150)
    assert found["ended"]["reason"] == "source_lost" and found["last_stop_at"]
    edge.start(stream)


def test_streams_come_by_srt_and_go_by_srt(edge, guests, clip, tmp_path):
    came, went = free_port(), free_port()
    kept = tmp_path / "srt.ts"
    guests.srt_to_file(went, kept)
    guests.publish(clip, f"srt://127.0.0.1:{came}?mode=listener")
    stream = edge.run(f"srt://127.0.0.1:{came}", push(f"srt://127.0.0.1:{went}"))
    processes.wait_until(lambda: kept.exists() and kept.stat().st_size > 100_000, 90, "a stream comes by SRT")
    assert edge.get(stream)["state"] == "live"


def test_streams_come_by_hls(edge, relay, guests, clip):
    name = unique("segments")
    guests.publish(clip, relay.address("segments", name))
    playlist = relay.folder / "hls" / f"{name}.m3u8"
    processes.wait_until(playlist.exists, 60, "a playlist comes")
    edge.run(relay.playlist(name), push(relay.address("out", name)))
    comes_out(relay, name)


def test_streams_come_as_flv_over_http_and_by_rtsp(edge, relay, guests, clip):
    rtsp, flv = guests.rtsp_server(clip), guests.flv_server(clip)
    for source in (f"http://127.0.0.1:{flv.port}/live.flv", f"rtsp://127.0.0.1:{rtsp.port}/live"):
        name = unique("taken")
        stream = edge.run(source, push(relay.address("out", name)))
        comes_out(relay, name)
        edge.wait_for(stream, "live")
