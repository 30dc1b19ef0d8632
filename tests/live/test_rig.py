"""The peers themselves, with a bare FFmpeg between them: a test of the product fails for the product's sake only."""
import processes
import seen
from database import free_port

LIVE = ["-fflags", "nobuffer", "-analyzeduration", "500000", "-probesize", "65536"]


def passes(relay, application, name):
    return lambda: relay.passing(application, name) is not None


def test_what_is_published_comes_out_and_is_recorded(relay, guests, pattern, tmp_path):
    source, target = relay.address("in", "bare"), relay.address("out", "bare")
    guests.publish(pattern, source)
    processes.wait_until(passes(relay, "in", "bare"), 60, "a publisher comes")
    between = guests.ffmpeg([*LIVE, "-i", source, "-map", "0", "-c", "copy", "-f", "flv", target])
    processes.wait_until(passes(relay, "out", "bare"), 60, "what is sent on comes")
    reading = guests.read(target, tmp_path / "read.flv")
    enough = lambda: (tmp_path / "read.flv").exists() and relay.passing("out", "bare").bytes_in > 40_000
    processes.wait_until(enough, 120, "several seconds come")
    between.end()
    processes.wait_until(lambda: not reading.is_running(), 60, "the reader is told of the end")
    assert relay.passing("out", "bare") is None
    assert relay.publishers("bare") == (2, 0)
    [record] = relay.records("bare")
    for path in (record, tmp_path / "read.flv"):
        kinds = seen.streams(path)
        assert (kinds["video"]["codec_name"], kinds["audio"]["codec_name"]) == ("h264", "aac")
        assert seen.largest_step(path, "v") < 0.1 and seen.largest_step(path, "a") < 0.1
    offsets = seen.offsets(record)
    assert offsets and max(map(abs, offsets)) <= 0.04, offsets


def test_a_second_publisher_is_refused_and_counted(relay, guests, clip):
    guests.publish(clip, relay.address("out", "twice"))
    processes.wait_until(passes(relay, "out", "twice"), 60, "the first publisher comes")
    second = guests.publish(clip, relay.address("out", "twice"))
    processes.wait_until(lambda: not second.is_running(), 60, "the second publisher is turned away")
    assert relay.publishers("twice") == (2, 1)


def test_srt_peers_hear_each_other(guests, clip, tmp_path):
    port = free_port()
    guests.ffmpeg(["-i", f"srt://127.0.0.1:{port}?mode=listener", "-c", "copy", "-y", tmp_path / "srt.ts"])
    guests.publish(clip, f"srt://127.0.0.1:{port}?mode=caller&connect_timeout=60000")
    kept = tmp_path / "srt.ts"
    processes.wait_until(lambda: kept.exists() and kept.stat().st_size > 100_000, 60, "a stream comes by SRT")


def test_rtsp_and_flv_over_http_are_given_to_everybody(guests, clip, tmp_path):
    rtsp, flv = guests.rtsp_server(clip), guests.flv_server(clip)
    addresses = {"rtsp": [f"rtsp://127.0.0.1:{rtsp.port}/live", "-rtsp_transport", "tcp"],
                 "flv": [f"http://127.0.0.1:{flv.port}/live.flv"]}
    kept = []
    for name, (address, *options) in addresses.items():
        for number in range(2):
            kept.append(tmp_path / f"{name}-{number}.mkv")
            guests.ffmpeg([*options, "-i", address, "-t", "2", "-c", "copy", "-y", kept[-1]])
    done = lambda path: path.exists() and path.stat().st_size > 20_000 and "video" in seen.streams(path)
    for path in kept:
        processes.wait_until(lambda: done(path), 60, f"{path.name} comes")
