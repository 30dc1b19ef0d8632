"""What comes out: templates, several outputs of one source, buckets, recordings, and targets that refuse."""
import time

import peers
import processes
import seen
from edge import engines, hls, push, recording, unique

# As far as sound and picture may be apart.
SYNC_SECONDS = 0.04


def published(relay, guests, clip):
    """The name of a stream that is there to be pulled."""
    name = unique("source")
    guests.publish(clip, relay.address("in", name))
    processes.wait_until(lambda: relay.passing("in", name), 60, "the source comes")
    return name


def recorded(relay, name, count, seconds=90):
    """Waits until the target has this many bytes, and gives the record of its one publisher."""
    enough = lambda: relay.passing("out", name) and relay.passing("out", name).bytes_in > count
    processes.wait_until(enough, seconds, f"{count} bytes of {name} come out")
    return lambda: relay.records(name)[0]


def fetch(edge, keys, folder):
    """Objects of the first bucket as files below the folder."""
    for key in keys:
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(edge.native.get_object("media", key))


def kept(edge, folder, count):
    """The recordings of a folder once there are so many: they get there after their process is gone."""
    processes.wait_until(lambda: len(edge.objects(folder)) >= count, 60, f"{count} recordings are in {folder}")
    found = edge.objects(folder)
    assert len(found) == count, found
    return found


def in_step(path, least):
    """Sound and picture begin each second together, and nothing is missing between."""
    assert seen.largest_step(path, "v") < 0.1 and seen.largest_step(path, "a") < 0.1
    apart = seen.offsets(path)
    assert len(apart) >= least and max(map(abs, apart)) <= SYNC_SECONDS, apart


def test_what_is_copied_keeps_sound_and_picture_together(edge, relay, guests, pattern):
    name = published(relay, guests, pattern)
    stream = edge.run(relay.address("in", name), push(relay.address("out", name)))
    record = recorded(relay, name, 40_000)
    edge.stop(stream, wait="60s")
    in_step(record(), 4)


def test_what_is_encoded_has_the_templates_size_and_keyframes_in_step(edge, relay, guests, pattern):
    name = published(relay, guests, pattern)
    template = edge.native.call("POST", "/stream-templates", json={"name": unique("two-seconds"), "settings": {
        "codec": "h264", "width": "ratio", "height": 240, "video_kbps": 300, "gop": {"seconds": 2},
        "audio_kbps": 64}})
    stream = edge.run(relay.address("in", name), push(relay.address("out", name), template["id"]))
    record = recorded(relay, name, 100_000)
    edge.stop(stream, wait="60s")
    in_step(record(), 5)
    kinds = seen.streams(record())
    assert (kinds["video"]["codec_name"], kinds["video"]["height"]) == ("h264", 240)
    assert kinds["audio"]["codec_name"] == "aac"
    keys = [at for at, is_key in seen.packets(record(), "v") if is_key]
    steps = [after - before for before, after in zip(keys, keys[1:])]
    assert steps and all(abs(step - 2) < 0.05 for step in steps), steps


def test_h265_goes_where_it_can(edge, relay, guests, pattern, tmp_path):
    name = published(relay, guests, pattern)
    template = edge.template("h265", 480)
    stream = edge.run(relay.address("in", name), recording(f"h265/{name}", template))
    edge.wait_for(stream, "live")
    def is_written():
        return edge.get(stream)["health"]["out_kbps"] > 0

    processes.wait_until(is_written, 90, "the recording is begun")
    time.sleep(3)  # There is nothing to await: the longer it runs the more there is to look at.
    # On a busy machine the encoder is long after the file's head.
    processes.wait_until(is_written, 90, "pictures are recorded")
    edge.stop(stream, wait="60s")
    [key] = kept(edge, f"h265/{name}/", 1)
    fetch(edge, [key], tmp_path)
    kinds = seen.streams(tmp_path / key)
    assert (kinds["video"]["codec_name"], kinds["video"]["height"]) == ("hevc", 480)


def test_several_outputs_come_from_one_process(edge, server, relay, guests, pattern, tmp_path):
    name = published(relay, guests, pattern)
    small, whole = relay.address("out", f"{name}-small"), relay.address("out", f"{name}-whole")
    template = edge.native.call("POST", "/stream-templates", json={"name": unique("tiny"), "settings": {
        "codec": "h264", "width": "ratio", "height": 90, "video_kbps": 100}})["id"]
    stream = edge.run(relay.address("in", name), push(whole), push(small, template),
                      hls(f"several/{name}/index.m3u8", template), recording(f"several/{name}/kept"))
    recorded(relay, f"{name}-whole", 40_000)
    recorded(relay, f"{name}-small", 20_000)
    assert len(engines(server.process.pid, whole)) == 1
    assert relay.passing("out", f"{name}-small").height == 90
    assert relay.passing("out", f"{name}-whole").height == 180
    edge.stop(stream, wait="60s")
    [recorded_key] = kept(edge, f"several/{name}/kept/", 1)
    fetch(edge, edge.objects(f"several/{name}/"), tmp_path)
    assert seen.streams(tmp_path / f"several/{name}/index.m3u8")["video"]["height"] == 90
    assert seen.streams(tmp_path / recorded_key)["video"]["height"] == 180
    for suffix in ("small", "whole"):
        [record] = relay.records(f"{name}-{suffix}")
        in_step(record, 2)


def test_segments_in_a_bucket_play_while_it_runs_and_after(edge, relay, guests, pattern, tmp_path):
    name = published(relay, guests, pattern)
    playlist = f"played/{name}/index.m3u8"
    stream = edge.run(relay.address("in", name), hls(playlist))
    segments = lambda: [key for key in edge.objects(f"played/{name}/") if key != playlist]
    processes.wait_until(lambda: len(segments()) >= 4 and playlist in edge.objects(f"played/{name}/"), 90,
                         "segments come")
    now = edge.native.get_object("media", playlist).decode()
    assert "#EXT-X-ENDLIST" not in now
    # Whatever the playlist names is there already.
    named = [line for line in now.splitlines() if line and not line.startswith("#")]
    assert named and set(f"played/{name}/{line}" for line in named) <= set(segments())
    edge.stop(stream, wait="60s")
    assert "#EXT-X-ENDLIST" in edge.native.get_object("media", playlist).decode()
    fetch(edge, edge.objects(f"played/{name}/"), tmp_path)
    path = tmp_path / playlist
    assert seen.streams(path)["video"]["codec_name"] == "h264"
    assert seen.largest_step(path, "v") < 0.1


def test_a_playlist_of_a_window_forgets_old_segments(edge, relay, guests, pattern):
    name = published(relay, guests, pattern)
    playlist = f"window/{name}/index.m3u8"
    stream = edge.run(relay.address("in", name), hls(playlist, window=3))
    first = f"window/{name}/"
    processes.wait_until(lambda: playlist in edge.objects(first), 90, "a playlist comes")
    oldest = min(key for key in edge.objects(first) if key != playlist)
    processes.wait_until(lambda: oldest not in edge.objects(first), 90, "the oldest segment goes")
    named = [line for line in edge.native.get_object("media", playlist).decode().splitlines()
             if line and not line.startswith("#")]
    assert len(named) <= 3
    edge.stop(stream, wait="60s")


def test_each_start_has_a_recording_that_is_finished_by_its_stop(edge, relay, guests, pattern, tmp_path):
    name = published(relay, guests, pattern)
    folder = f"recorded/{name}"
    stream = edge.create(relay.address("in", name), recording(folder), push(relay.address("out", name)))
    for run in (1, 2):
        edge.start(stream)
        edge.wait_until(stream, lambda it: it["run"] == run and it["state"] == "live", "it is live")
        enough = lambda: relay.passing("out", name) and relay.passing("out", name).bytes_in > 30_000
        processes.wait_until(enough, 90, "a while passes")
        edge.stop(stream, wait="60s")
        keys = kept(edge, f"{folder}/", run)
    fetch(edge, keys, tmp_path)
    for key in keys:
        assert float(seen.probe(tmp_path / key, "-show_format")["format"]["duration"]) > 1
        in_step(tmp_path / key, 1)


def test_a_target_that_refuses_is_tried_again(edge, relay, guests, clip):
    name = published(relay, guests, clip)
    refusing = guests.door(peers.leaving)
    for target in (relay.address("closed", name), f"rtmp://127.0.0.1:{refusing.port}/out/any"):
        stream = edge.run(relay.address("in", name), push(target))
        # It may count as live for the moment until it is told.
        says = lambda it: it["state"] == "interrupted" and it["health"]["last_error"]
        edge.wait_until(stream, says, "it says what is wrong")
        edge.stop(stream, wait="60s")
    assert refusing.callers >= 1


def test_a_target_that_dies_or_freezes_is_published_to_again(edge, relay, own_relay, guests, clip):
    name = published(relay, guests, clip)
    stream = edge.run(relay.address("in", name), push(own_relay.address("out", name)), frozen_ms=2000)
    published_there = lambda: own_relay.passing("out", name) is not None
    processes.wait_until(published_there, 90, "it comes out")
    own_relay.kill()
    edge.wait_for(stream, "interrupted", 60)
    own_relay.start()
    processes.wait_until(published_there, 90, "it comes out again")
    edge.wait_for(stream, "live")
    own_relay.freeze()
    edge.wait_for(stream, "interrupted", 90)
    own_relay.thaw()
    edge.wait_for(stream, "live")
    processes.wait_until(published_there, 90, "it comes out once more")
