"""Subtitles that are drawn, kept as streams, or lie beside outputs: through the SDKs of Mts and MPC, and the native API."""
import subprocess

import pytest

import harness
import mpc
import mps
from test_overlays import colour

VIDEO = {"Width": "320", "Height": "180", "Preset": "veryfast", "Crf": "20"}
WORDS = "1\n00:00:00,500 --> 00:00:01,000\n\u0391\u0392\u0393\u0394\u0395\u0396\n\n"


@pytest.fixture
def film(server, native, tmp_path):
    """The key of a black film of two seconds."""
    bucket, key = server.credentials["bucket"], "subtitled/black.mp4"
    if native.request("HEAD", harness.object_path(bucket, key)).status_code == 404:
        path = tmp_path / "black.mp4"
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "color=black:s=320x180:d=2", str(path)],
                       check=True)
        native.put_object(bucket, key, path)
    return key


def stored(native, bucket, tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    native.put_object(bucket, f"subtitled/{name}", path)
    return f"subtitled/{name}"


def is_said(path, second):
    return max(colour(path, second, "20:16:150:160")) > 12


@pytest.mark.parametrize("encoding", ["UTF-8", "GBK", "auto"])
def test_files_of_subtitles_are_seen_when_they_are_said(desk, native, film, tmp_path, encoding):
    # UTF-16 has a mark.
    content = WORDS.encode({"UTF-8": "utf-8", "GBK": "gbk", "auto": "utf-16"}[encoding])
    stored(native, desk.bucket, tmp_path, f"black-{encoding}.srt", content)
    source = {"Bucket": desk.bucket, "Location": mps.LOCATION, "Object": mps.percent(film)}
    file = {**source, "Object": mps.percent("{ObjectPrefix}{FileName}-" + encoding + ".srt")}
    subtitle = {"Input": file, "CharEnc": encoding, "FontName": "DejaVu Sans"}
    name = mps.unique("said") + ".mp4"
    output = desk.output(name, Video=VIDEO, SubtitleConfig={"ExtSubtitleList": [subtitle]})
    [job] = desk.wait(*(job["JobId"] for job in desk.submit(output, Input=source)))
    assert job["State"] == "TranscodeSuccess", job
    [shown] = job["Output"]["SubtitleConfig"]["ExtSubtitleList"]["ExtSubtitle"]
    assert (shown["CharEnc"], shown["FontName"]) == (encoding, "DejaVu Sans")
    path = desk.fetch(desk.key(name), tmp_path)
    assert [is_said(path, at) for at in (0.3, 0.7, 1.2)] == [False, True, False]


def test_an_odd_encoding_fails_the_job_by_its_name(one_desk, native, film, tmp_path):
    key = stored(native, one_desk.bucket, tmp_path, "latin.srt", b"1\n00:00:00,500 --> 00:00:01,000\ncaf\xe9 !\n\n")
    place = {"Bucket": one_desk.bucket, "Location": mps.LOCATION}
    subtitle = {"Input": {**place, "Object": mps.percent(key)}, "CharEnc": "UTF-8"}
    output = one_desk.output(Video=VIDEO, SubtitleConfig={"ExtSubtitleList": [subtitle]})
    [job] = one_desk.submit(output, Input={**place, "Object": mps.percent(film)})
    [job] = one_desk.wait(job["JobId"])
    assert (job["State"], job["Code"]) == ("TranscodeFail", "InvalidParameter.ResourceContentBad"), job
    assert "is not in UTF-8" in job["Message"], job


def test_a_track_of_the_input_by_the_native_api(server, native, media, tmp_path):
    bucket = server.credentials["bucket"]
    native.put_object(bucket, "subtitled/subs.mkv", media / "subs_ssa_overlap.mkv")
    made = {}
    for name, subtitles in (("plain", []), ("drawn", [{"track": 0}])):
        key = mps.unique(name) + ".mp4"
        output = {"object": f"oss://{bucket}/{key}", "subtitles": subtitles,
                  "settings": {"container": {"format": "mp4"}, "video": {"preset": "veryfast", "height": 180}}}
        job = native.call("POST", "/jobs", json={"input": f"oss://{bucket}/subtitled/subs.mkv", "outputs": [output]})
        ended = native.call("GET", f"/jobs/{job['id']}", params={"wait": "60s"})
        assert ended["state"] == "succeeded", ended
        made[name] = tmp_path / key
        made[name].write_bytes(native.get_object(bucket, key))
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", str(made["plain"]), "-i", str(made["drawn"]), "-lavfi",
                           "ssim=stats_file=-", "-f", "null", "-"], capture_output=True, text=True, check=True)
    scores = [float(line.split("All:")[1].split()[0]) for line in done.stdout.splitlines()]
    assert min(scores) < 0.97 < max(scores), (min(scores), max(scores))


def test_streams_and_webvtt_by_the_native_api(server, native, film, tmp_path):
    bucket = server.credentials["bucket"]
    stored(native, bucket, tmp_path, "plain.srt", WORDS.encode())
    file = {"object": {"bucket": bucket, "key": "subtitled/plain.srt"}}
    key = mps.unique("streams") + ".mp4"
    output = {"object": f"oss://{bucket}/{key}", "settings": {"container": {"format": "mp4"}, "video": {"codec": "copy"}},
              "subtitles": [{**file, "as": "stream", "language": "ell"}, {**file, "as": "webvtt"}]}
    job = native.call("POST", "/jobs", json={"input": f"oss://{bucket}/{film}", "outputs": [output]})
    ended = native.call("GET", f"/jobs/{job['id']}", params={"wait": "60s"})
    assert ended["state"] == "succeeded", ended
    path = tmp_path / key
    path.write_bytes(native.get_object(bucket, key))
    said = subprocess.run(["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:s:0", "-f", "srt", "-"],
                          capture_output=True, check=True)
    assert said.stdout.decode().split() == WORDS.split()
    vtt = native.get_object(bucket, key + ".1.vtt").decode()
    assert vtt == "WEBVTT\n\n00:00:00.500 --> 00:00:01.000\n\u0391\u0392\u0393\u0394\u0395\u0396\n"


def test_a_task_of_mpc_draws_a_file_or_makes_webvtt(server, media, native, film, tmp_path):
    desk = mpc.Desk(mpc.Mpc(server), server, media, native)
    key = stored(native, desk.bucket, tmp_path, "task.srt", WORDS.encode())
    small = {"video": {"codec": 1, "width": 320, "height": 180, "bitrate": 200, "preset": 1}, "common": mpc.MP4}
    made = {}
    for kind, subtitle in ((1, {"input": desk.place(key)}),
                           (2, {"inputs": [{"language": "el", "input": desk.place(key)}]})):
        task_id = desk.create(small, input=desk.place(film), output_filenames=[f"{kind}.mp4"],
                              subtitle={"subtitle_type": kind, **subtitle})
        desk.wait(task_id, {"SUCCEEDED"})
        made[kind] = tmp_path / f"{kind}.mp4"
        made[kind].write_bytes(native.get_object(desk.bucket, f"{desk.folder}/{kind}.mp4"))
    assert [is_said(made[1], at) for at in (0.3, 0.7, 1.2)] == [False, True, False]
    assert not is_said(made[2], 0.7)
    vtt = native.get_object(desk.bucket, f"{desk.folder}/2.mp4.1.vtt").decode()
    assert vtt.count(" --> ") == 1 and "00:00:00.500 --> 00:00:01.000" in vtt
    twice = {"subtitle_type": 1, "inputs": [{"language": "el", "input": desk.place(key)}] * 2}
    assert desk.refused(small, input=desk.place(film), subtitle=twice)[0] == (400, "MPC.10202")
