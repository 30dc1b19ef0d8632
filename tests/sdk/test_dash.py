"""MPEG-DASH as the output of a job, alone and with HLS over the same segments: through the SDKs of Mts and MPC and the
native API."""
import subprocess

import pytest

import mpc
import mps
import pictures

FRAMES = 132


@pytest.fixture
def tasks(server, media, native):
    return mpc.Desk(mpc.Mpc(server), server, media, native)


def counted(path):
    """The numbers of packets of the pictures and of the sounds that FFmpeg's own reader finds."""
    found = pictures.ffprobe(path, "-show_streams", "-count_packets")["streams"]
    return [[int(one["nb_read_packets"]) for one in found if one["codec_type"] == kind] for kind in ("video", "audio")]


def plays(program, *paths):
    """Whether manifests and playlists are right, by the strict check and by what is read of them."""
    for path in paths:
        done = subprocess.run([program, "check", str(path)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        [picture], [sound] = counted(path)
        assert picture == FRAMES and 110 <= sound <= 260, (path, picture, sound)


def fetched(desk, keys, folder):
    for key in keys:
        (folder / key.rsplit("/", 1)[-1]).write_bytes(desk.native.get_object(desk.bucket, key))
    return sorted(path.name for path in folder.iterdir())


def expected(stem, segments, *more):
    rows = [f"{stem}-{row}-{part}" for row in ("audio", "video")
            for part in [f"{number:05}.m4s" for number in range(1, segments + 1)] + ["init.mp4"]]
    return sorted([*rows, f"{stem}.mpd", *more])


def test_mts_makes_a_manifest(program, one_desk, tmp_path):
    [job] = one_desk.transcode(one_desk.output("film", Container={"Format": "mpd"},
                                               MuxConfig={"Segment": {"Duration": "2"}}))
    output = job["Output"]
    assert (output["Container"]["Format"], output["MuxConfig"]["Segment"]["Duration"]) == ("mpd", "2")
    # As it was asked for; the manifest gets its ending.
    assert output["OutputFile"]["Object"] == mps.percent(one_desk.key("film"))
    properties = output["Properties"]
    assert properties["Width"] == "320" and properties["Duration"] == "5"
    assert len(properties["Streams"]["VideoStreamList"]["VideoStream"]) == 1
    assert len(properties["Streams"]["AudioStreamList"]["AudioStream"]) == 1
    names = fetched(one_desk, one_desk.keys(), tmp_path)
    assert names == expected("film", 3)
    sizes = sum((tmp_path / name).stat().st_size for name in names)
    assert int(properties["FileSize"]) == sizes
    plays(program, tmp_path / "film.mpd")


@pytest.mark.parametrize("pack_type, more", [(2, []), (3, ["film-audio.m3u8", "film-video.m3u8", "film.m3u8"])])
def test_mpc_makes_dash_and_hls_of_one_set_of_segments(program, tasks, tmp_path, pack_type, more):
    output = {**mpc.SMALL, "common": {"pack_type": pack_type, "dash_interval": 3}}
    task_id = tasks.create(output, output_filenames=["film"])
    task = tasks.wait(task_id)
    assert task.status == "SUCCEEDED", task
    assert task.output_file_name == ["film.mpd"]
    made, = tasks.detail(task_id).media_detail.output_video_paras
    assert (made.pack, made.file_name, made.manifest_name) == ("DASH", "film.mpd", "film.mpd")
    assert (made.video.width, made.video.height, made.audio.codec) == (320, 180, "AAC")
    found = tasks.native.call("GET", f"/buckets/{tasks.bucket}/objects",
                              params={"prefix": tasks.folder + "/", "limit": 1000})
    names = fetched(tasks, [one["key"] for one in found["objects"]], tmp_path)
    assert names == expected("film", 2, *more)
    plays(program, *(tmp_path / name for name in ["film.mpd", *more[2:]]))


@pytest.mark.parametrize("changes, members, name", [
    ({"common": {"pack_type": 3, "hls_interval": 4, "dash_interval": 5}}, {}, "common.dash_interval"),
    ({"video": {"output_policy": "copy"}, "common": {"pack_type": 2}}, {}, "video.output_policy"),
    ({"audio": {"codec": 4, "channels": 2}, "common": {"pack_type": 2}}, {}, "audio.codec"),
    ({"common": {"pack_type": 3}}, {"video_process": {"hls_segment_type": "mpegts"}}, "hls_segment_type"),
    ({"common": {"pack_type": 3}}, {"video_process": {"hls_storage_type": "composite"}}, "hls_storage_type"),
    ({"common": {"pack_type": 3}}, {"encryption": {"hls_encrypt": {
        "key": "MDEyMzQ1Njc4OWFiY2RlZg==", "url": "https://k.example/1"}}}, "encryption"),
])
def test_mpc_refuses_what_segments_of_dash_cannot_have(tasks, changes, members, name):
    outcome, message = tasks.refused({**mpc.SMALL, **changes}, **members)
    assert outcome == (400, "MPC.10202") and name in message, message


def test_the_native_api_has_presets_of_both(program, native, one_desk, tmp_path):
    job = native.call("POST", "/jobs", json={
        "input": f"oss://{one_desk.bucket}/{one_desk.source('bbb_720p25_aac51.mp4')}",
        "outputs": [{"object": f"oss://{one_desk.bucket}/{one_desk.key('film.mpd')}", "preset": "dash-240p",
                     "settings": {"container": {"segment_seconds": 2}}}]})
    job = native.call("GET", f"/jobs/{job['id']}", params={"wait": "60s"})
    assert job["state"] == "succeeded", job
    facts = job["outputs"][0]["facts"]
    assert (facts["container"], facts["video"]["frames"], facts["audio"]["codec"]) == ("dash", FRAMES, "aac")
    more = ["film-audio.m3u8", "film-video.m3u8", "film.m3u8"]
    assert fetched(one_desk, one_desk.keys(), tmp_path) == expected("film", 3, *more)
    plays(program, tmp_path / "film.mpd", tmp_path / "film.m3u8")
    # One output is no rung of a playlist that joins several.
    joined = native.request("POST", "/playlists", json={
        "jobs": [job["id"]], "object": f"oss://{one_desk.bucket}/{one_desk.key('all.mpd')}"})
    assert joined.status_code == 400 and "no HLS playlist" in joined.text


@pytest.mark.parametrize("settings, key, field", [
    ({"container": {"format": "dash"}, "video": {}, "audio": {}}, "a.m3u8", "object"),
    ({"container": {"format": "dash"}, "video": {"codec": "copy"}}, "a.mpd", "video.codec"),
    ({"container": {"format": "dash", "segments": "ts"}, "audio": {}}, "a.mpd", "segments"),
    ({"container": {"format": "dash"}, "video": {"scan": "interlaced"}}, "a.mpd", "video.scan"),
])
def test_the_native_api_refuses_by_name(native, one_desk, settings, key, field):
    answer = native.request("POST", "/jobs", json={
        "input": f"oss://{one_desk.bucket}/in.mp4",
        "outputs": [{"object": f"oss://{one_desk.bucket}/{key}", "settings": settings}]})
    assert answer.status_code == 400 and field in answer.text, answer.text
