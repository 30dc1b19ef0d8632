"""The native API: objects, jobs, playlists, refusals, health."""
import re
import types
import urllib.request

import pytest

import harness
import mps
import pictures

UNKNOWN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def bucket(native):
    """A bucket of the test's own."""
    return native.call("POST", "/buckets", json={"name": mps.unique("films")})["name"]


@pytest.fixture
def media_key(one_desk):
    return one_desk.source("bbb_720p25_aac51.mp4")


def problem(response, status, code=None):
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    found = response.json()
    assert found["status"] == status and found["title"] and found["detail"]
    assert code in (None, found["code"]), found
    return found


def test_objects_are_put_read_listed_and_deleted(native, bucket):
    path = harness.object_path(bucket, "a dir/Größe 门.txt")
    created = native.request("PUT", path, data=b"0123456789")
    assert created.status_code == 201
    assert native.request("PUT", path, data=b"0123456789abcdef").status_code == 200
    got = native.request("GET", path)
    assert (got.status_code, got.content) == (200, b"0123456789abcdef")
    head = native.request("HEAD", path)
    assert head.headers["Content-Length"] == "16" and head.content == b""
    assert head.headers["ETag"] == got.headers["ETag"]
    assert head.headers["Accept-Ranges"] == "bytes"
    native.put_object(bucket, "b.mp4", b"x")
    listed = native.call("GET", f"/buckets/{bucket}/objects")
    assert [(found["key"], found["bytes"]) for found in listed["objects"]] == [
        ("a dir/Größe 门.txt", 16), ("b.mp4", 1)]
    assert listed["next_after"] is None
    assert native.request("DELETE", path).status_code == 204
    problem(native.request("GET", path), 404, "not_found")
    problem(native.request("DELETE", path), 404)
    assert native.request("HEAD", path).status_code == 404


@pytest.mark.parametrize("asked, status, content, said", [
    ("bytes=0-3", 206, b"0123", "bytes 0-3/10"), ("bytes=4-", 206, b"456789", "bytes 4-9/10"),
    ("bytes=-3", 206, b"789", "bytes 7-9/10"), ("bytes=8-100", 206, b"89", "bytes 8-9/10"),
    ("bytes=10-", 416, None, "bytes */10"), ("lines=1-2", 200, b"0123456789", None)])
def test_ranges(native, bucket, asked, status, content, said):
    native.put_object(bucket, "digits", b"0123456789")
    response = native.request("GET", harness.object_path(bucket, "digits"),
                              headers={"Range": asked})
    assert response.status_code == status
    assert response.headers.get("Content-Range") == said
    if content is not None:
        assert response.content == content


def test_a_large_object_comes_back_as_it_was(native, bucket):
    content = bytes(range(256)) * 4096 * 16
    native.put_object(bucket, "large", content)
    assert native.get_object(bucket, "large") == content
    native.put_object(bucket, "empty", b"")
    assert native.get_object(bucket, "empty") == b""


def test_lists_of_objects_have_pages_and_prefixes(native, bucket):
    keys = sorted(f"{letter}/{number}" for letter in "ab" for number in range(3))
    for key in keys:
        native.put_object(bucket, key, b"x")
    seen, after = [], None
    while True:
        page = native.call("GET", f"/buckets/{bucket}/objects",
                           params={"limit": 2, **({"after": after} if after else {})})
        seen += [found["key"] for found in page["objects"]]
        after = page["next_after"]
        if after is None:
            break
    assert seen == keys
    page = native.call("GET", f"/buckets/{bucket}/objects", params={"prefix": "b/"})
    assert [found["key"] for found in page["objects"]] == keys[3:]


@pytest.mark.parametrize("key", ["..%2Fx", "a%2F..%2F..%2Fx", "%2Fetc", "a%00b", ".reelgate%2Fx"])
def test_keys_that_lead_elsewhere_are_refused(native, bucket, key):
    for method in ("PUT", "GET", "DELETE"):
        response = native.request(method, f"/buckets/{bucket}/objects/{key}",
                                  data=b"x" if method == "PUT" else None)
        assert 400 <= response.status_code < 500, (method, response.text)


def test_what_is_not_there_is_not_found(native):
    problem(native.request("GET", "/buckets/no-such-bucket/objects"), 404)
    problem(native.request("PUT", "/buckets/no-such-bucket/objects/x", data=b"x"), 404)
    problem(native.request("GET", f"/jobs/{UNKNOWN}"), 404, "not_found")
    problem(native.request("GET", f"/pipelines/{UNKNOWN}"), 404, "not_found")
    problem(native.request("GET", "/no/such/route"), 404, "no_such_route")
    problem(native.request("PUT", "/jobs"), 405, "method_not_allowed")


def test_a_bucket_is_made_once(native, bucket):
    problem(native.request("POST", "/buckets", json={"name": bucket}), 409, "conflict")
    problem(native.request("POST", "/buckets", json={"name": "No"}), 400)


def test_a_call_without_a_valid_key_is_refused(server):
    for header in (None, "Bearer wrong", "Bearer ", f"Basic {server.credentials['api_key']}"):
        for path in ("/jobs", "/pipelines", "/buckets", "/buckets/media/objects/x", "/presets"):
            request = urllib.request.Request(f"http://{server.address}/api/v1{path}")
            if header:
                request.add_header("Authorization", header)
            with pytest.raises(urllib.error.HTTPError) as raised:
                urllib.request.urlopen(request)
            assert raised.value.code == 401, (header, path)
            assert raised.value.headers["Content-Type"] == "application/problem+json"
            assert raised.value.headers["WWW-Authenticate"].startswith("Bearer")


def test_health_needs_no_key(server):
    with urllib.request.urlopen(f"http://{server.address}/livez") as response:
        assert response.status == 200
    with urllib.request.urlopen(f"http://{server.address}/readyz") as response:
        assert response.status == 200 and b'"ready":true' in response.read().replace(b" ", b"")


def test_a_job_is_submitted_waited_for_and_listed(native, one_desk, media_key, tmp_path):
    body = {"input": f"oss://media/{media_key}", "pipeline": one_desk.pipeline, "priority": 9,
            "user_data": "order 17", "outputs": [
                {"object": {"bucket": "media", "key": one_desk.key("n.mp4")}, "preset": "web-240p",
                 "clip": {"start_ms": 1000, "length": {"duration_ms": 1000}}}]}
    response = native.request("POST", "/jobs", json=body)
    assert response.status_code == 201
    job = response.json()
    assert response.headers["Location"] == f"/api/v1/jobs/{job['id']}"
    ended = native.call("GET", f"/jobs/{job['id']}", params={"wait": "60s"})
    assert (ended["state"], ended["progress"], ended["priority"], ended["user_data"]) == (
        "succeeded", 100, 9, "order 17")
    [output] = ended["outputs"]
    path = one_desk.fetch(one_desk.key("n.mp4"), tmp_path)
    assert output["files"] == [{"key": one_desk.key("n.mp4"), "bytes": path.stat().st_size}]
    assert pictures.picture(path)["height"] == output["facts"]["video"]["height"] == 240
    assert pictures.seconds(path) == pytest.approx(1, abs=0.1)
    listed = native.call("GET", "/jobs", params={"pipeline": one_desk.pipeline})
    assert [found["id"] for found in listed["jobs"]] == [job["id"]]


def test_several_outputs_of_one_job(native, one_desk, media_key):
    clip = {"length": {"duration_ms": 500}}
    job = native.call("POST", "/jobs", json={
        "input": f"oss://media/{media_key}", "pipeline": one_desk.pipeline, "outputs": [
            {"object": f"oss://media/{one_desk.key('a.mp4')}", "preset": "web-240p", "clip": clip},
            {"object": f"oss://media/{one_desk.key('b.m3u8')}", "preset": "hls-fmp4-240p",
             "clip": clip}]})
    ended = native.call("GET", f"/jobs/{job['id']}", params={"wait": "60s"})
    assert [output["state"] for output in ended["outputs"]] == ["succeeded"] * 2
    assert one_desk.keys() == [one_desk.key(name) for name in (
        "a.mp4", "b-00001.m4s", "b-init.mp4", "b.m3u8")]


def test_a_running_job_is_cancelled_and_leaves_no_files(native, one_desk):
    running = one_desk.running_job()
    only = native.request("POST", f"/jobs/{running}/cancel", json={"only": "queued"})
    assert problem(only, 409, "cancel_refused")["state"] == "running"
    answer = native.call("POST", f"/jobs/{running}/cancel")
    assert answer["outcome"] in ("stopping", "cancelled")
    ended = native.call("GET", f"/jobs/{running}", params={"wait": "20s"})
    assert ended["state"] == "cancelled" and ended["outputs"][0]["files"] == []
    assert one_desk.keys() == []
    problem(native.request("POST", f"/jobs/{running}/cancel"), 409, "cancel_refused")


@pytest.mark.parametrize("mode", ["graceful", "now"])
def test_a_cancel_that_waits_tells_when_the_processes_were_gone(native, one_desk, mode):
    running = one_desk.running_job()
    answer = native.call("POST", f"/jobs/{running}/cancel", params={"mode": mode, "wait": "30s"})
    assert [answer[name] for name in ("id", "outcome", "from", "mode")] == [
        running, "cancelled", "running", mode]
    events = native.call("GET", f"/jobs/{running}/history")["events"]
    assert [event["event"] for event in events] == [
        "queued", "started", "cancel_accepted", "processes_gone", "cancelled"]
    accepted, gone = events[2], events[3]
    assert (accepted["from"], accepted["decision"], accepted["mode"]) == ("running", "stopping", mode)
    assert answer["processes_gone_at"] == gone["at"] >= accepted["at"]
    assert answer["killed"] == gone["killed"] and isinstance(gone["killed"], bool)
    job = native.call("GET", f"/jobs/{running}")
    assert job["state"] == "cancelled" and job["finished_at"] == events[4]["at"]


def test_a_queued_job_says_what_it_waits_for(native, one_desk):
    one_desk.pause()
    [job] = one_desk.submit(one_desk.output(Clip=mps.BRIEF))
    path = f"/jobs/{job['JobId']}"
    assert native.call("GET", path)["waiting"]["reason"] == "pipeline_paused"
    # Both slots of the server work for long.
    running = [one_desk.submit(one_desk.output(f"{name}.mp4", Video=mps.LARGE),
                               PipelineId=native.call("GET", "/pipelines/default")["id"])[0]["JobId"]
               for name in "xy"]
    one_desk.wait(*running, states={"Transcoding"})
    one_desk.resume()
    assert native.call("GET", path)["waiting"]["reason"] == "slots"
    for job_id in running:
        one_desk.stop(job_id)
    ended = native.call("GET", path, params={"wait": "60s"})
    assert (ended["state"], ended["waiting"]) == ("succeeded", None)


def test_a_queued_job_is_cancelled_at_once(native, one_desk):
    one_desk.pause()
    [job] = one_desk.submit(one_desk.output())
    answer = native.call("POST", f"/jobs/{job['JobId']}/cancel", json={"only": "queued"})
    assert (answer["outcome"], answer["from"]) == ("cancelled", "queued")
    assert one_desk.state(job["JobId"]) == "TranscodeCancelled"


@pytest.mark.parametrize("body, field", [
    ({"colour": "red"}, "colour"), ({"input": 5}, "input"), ({"outputs": []}, "outputs"),
    ({"outputs": [{"object": "oss://media/x.mp4", "preset": "web-240p", "speed": 2}]}, "speed"),
    ({"outputs": [{"object": "oss://media/x.mp4", "preset": "no-such"}]}, "preset"),
    ({"outputs": [{"object": "oss://media/x.mp4"}]}, "preset"),
    ({"outputs": [{"object": "oss://media/x.mp4", "preset": "web-240p",
                   "settings": {"video": {"width": 1}}}]}, "width"),
    ({"priority": 11}, "priority"), ({"user_data": "x" * 1025}, "user_data"),
], ids=str)
def test_bad_jobs_are_refused_by_field(native, one_desk, media_key, body, field):
    whole = {"input": f"oss://media/{media_key}", "pipeline": one_desk.pipeline,
             "outputs": [{"object": "oss://media/x.mp4", "preset": "web-240p"}], **body}
    found = problem(native.request("POST", "/jobs", json=whole), 400)
    assert field in found.get("field", found["detail"]), found
    assert native.call("GET", "/jobs", params={"pipeline": one_desk.pipeline})["jobs"] == []


def test_bad_json_and_unknown_parameters_are_refused(native):
    problem(native.request("POST", "/jobs", data=b"{"), 400, "invalid_json")
    problem(native.request("GET", "/jobs", params={"colour": "red"}), 400)
    problem(native.request("GET", "/jobs", params={"limit": "101"}), 400)


def test_pipelines_are_paused_and_resumed(native):
    name = mps.unique("native")
    made = native.call("POST", "/pipelines", json={"name": name, "concurrency": 1})
    assert (made["state"], made["concurrency"]) == ("active", 1)
    assert native.call("PATCH", f"/pipelines/{name}", json={"state": "paused"})["state"] == "paused"
    wanted = {"limit": 100, "state": "paused"}
    page = native.call("GET", "/pipelines", params=wanted)
    while page["next_cursor"]:
        page = native.call("GET", "/pipelines", params={**wanted, "cursor": page["next_cursor"]})
    assert made["id"] in {found["id"] for found in page["pipelines"]}, "the newest come last"
    assert native.call("PATCH", f"/pipelines/{name}", json={"state": "active"})["state"] == "active"
    problem(native.request("PATCH", f"/pipelines/{name}", json={"state": "stopped"}), 400)


class Rungs:
    """HLS renditions of one clip, made through MPS, and the master playlist over them."""

    def __init__(self, desk, tmp_path, segments=("2", "2")):
        self.desk, self.directory = desk, tmp_path
        self.names = [f"rung{number}" for number in range(len(segments))]
        outputs = [desk.output(name, template=mps.HLS_LD,
                               Video={"Width": width, "Preset": "veryfast", "Bitrate": rate},
                               MuxConfig={"Segment": {"Duration": duration}})
                   for name, width, rate, duration in zip(
                       self.names, ("320", "192"), ("300", "100"), segments)]
        self.jobs = [job["JobId"] for job in desk.transcode(*outputs)]

    def master(self, native, **changes):
        return native.request("POST", "/playlists", json={
            "jobs": self.jobs, "object": f"oss://media/{self.desk.key('master.m3u8')}", **changes})


def attributes(line):
    """The attributes of a tag of a playlist."""
    found = re.findall(r'([A-Z-]+)=("[^"]*"|[^,]*)', line.partition(":")[2])
    return {name: value.strip('"') for name, value in found}


def test_aligned_rungs_get_a_master_playlist_that_tells_the_truth(native, one_desk, tmp_path):
    rungs = Rungs(one_desk, tmp_path)
    assert rungs.master(native).status_code == 201
    lines = one_desk.fetch(one_desk.key("master.m3u8"), tmp_path).read_text("utf-8").splitlines()
    assert lines[0] == "#EXTM3U"
    streams = [(attributes(line), lines[number + 1]) for number, line in enumerate(lines)
               if line.startswith("#EXT-X-STREAM-INF:")]
    assert [uri for _, uri in streams] == ["rung0.m3u8", "rung1.m3u8"]
    for stated, uri in streams:
        playlist = one_desk.fetch(one_desk.key(uri), tmp_path).read_text("utf-8").splitlines()
        durations = [float(line[8:].rstrip(",")) for line in playlist
                     if line.startswith("#EXTINF:")]
        segments = [one_desk.fetch(one_desk.key(line), tmp_path) for line in playlist
                    if line and not line.startswith("#")]
        sizes = [path.stat().st_size for path in segments]
        video = pictures.picture(segments[0])
        assert stated["RESOLUTION"] == f"{video['width']}x{video['height']}"
        assert float(stated["FRAME-RATE"]) == pytest.approx(25, abs=0.01)
        peak = max(size * 8 / duration for size, duration in zip(sizes, durations))
        mean = sum(sizes) * 8 / sum(durations)
        assert int(stated["BANDWIDTH"]) == pytest.approx(peak, rel=0.02)
        assert int(stated["AVERAGE-BANDWIDTH"]) == pytest.approx(mean, rel=0.02)
        codecs = stated["CODECS"].split(",")
        # avc1.PPCCLL: profile, constraints and level in hex.
        assert re.fullmatch("avc1[.][0-9A-Fa-f]{6}", codecs[0]), codecs
        assert int(codecs[0][9:11], 16) == video["level"]
        assert codecs[1:] == ["mp4a.40.2"]
    assert pictures.ffprobe(tmp_path / "master.m3u8", "-show_streams")["streams"]


def hls_job(native, desk, name, **settings):
    """A finished job with one HLS output."""
    container = {"format": "hls", "segments": "fmp4", "segment_seconds": 2}
    job = native.call("POST", "/jobs", json={
        "input": f"oss://{desk.bucket}/{desk.source('bbb_720p25_aac51.mp4')}",
        "outputs": [{"object": f"oss://{desk.bucket}/{desk.key(name)}.m3u8",
                     "settings": {"container": container, **settings}}]})
    job = native.call("GET", f"/jobs/{job['id']}", params={"wait": "60s"})
    assert job["state"] == "succeeded", job
    return job["id"]


def test_sound_of_its_own_plays_with_each_rung(native, one_desk, tmp_path):
    rungs = [hls_job(native, one_desk, f"v{height}", video={"height": height, "preset": "veryfast"})
             for height in (144, 96)]
    audio = [{"job": hls_job(native, one_desk, name, audio={"kbps": kbps, "channels": 2}), "name": name,
              "language": language} for name, kbps, language in (("loud", 128, "en"), ("thin", 48, "pt-BR"))]
    made = native.call("POST", "/playlists", json={
        "jobs": rungs, "audio": audio, "object": f"oss://{one_desk.bucket}/{one_desk.key('master.m3u8')}"})
    assert [track["name"] for track in made["audio"]] == ["loud", "thin"]
    loudest = max(track["bandwidth"] for track in made["audio"])
    assert all(rung["bandwidth"] > loudest for rung in made["renditions"])
    for key in one_desk.keys():
        one_desk.fetch(key, tmp_path)
    lines = (tmp_path / "master.m3u8").read_text("utf-8").splitlines()
    tracks = [attributes(line) for line in lines if line.startswith("#EXT-X-MEDIA:")]
    assert [(track["NAME"], track["LANGUAGE"], track["DEFAULT"], track["URI"]) for track in tracks] == [
        ("loud", "en", "YES", "loud.m3u8"), ("thin", "pt-BR", "NO", "thin.m3u8")]
    streams = [attributes(line) for line in lines if line.startswith("#EXT-X-STREAM-INF:")]
    assert [stream["AUDIO"] for stream in streams] == [tracks[0]["GROUP-ID"]] * 2
    assert all(stream["CODECS"].endswith(",mp4a.40.2") for stream in streams)
    found = pictures.ffprobe(tmp_path / "master.m3u8", "-show_streams", "-count_packets")["streams"]
    by_kind = {kind: [one for one in found if one["codec_type"] == kind] for kind in ("video", "audio")}
    assert [int(one["nb_read_packets"]) for one in by_kind["video"]] == [132, 132]
    assert len(by_kind["audio"]) == 2 and all(int(one["nb_read_packets"]) > 200 for one in by_kind["audio"])
    # Pictures and sound begin together, but for what an encoder of sound writes before.
    starts = {kind: float(streams[0]["start_time"]) for kind, streams in by_kind.items()}
    assert 0 <= starts["video"] - starts["audio"] < 0.05, starts


def test_misaligned_rungs_are_refused(native, one_desk, tmp_path):
    rungs = Rungs(one_desk, tmp_path, segments=("1", "2"))
    problem(rungs.master(native), 409)
    assert one_desk.key("master.m3u8") not in one_desk.keys()


def test_playlists_refuse_what_is_no_finished_hls_job(native, one_desk, tmp_path):
    target = {"object": f"oss://media/{one_desk.key('master.m3u8')}"}
    [mp4] = one_desk.transcode(one_desk.output(Clip={"TimeSpan": {"Duration": "0.5"}}))
    problem(native.request("POST", "/playlists", json={"jobs": [mp4["JobId"]], **target}), 400)
    problem(native.request("POST", "/playlists", json={"jobs": [UNKNOWN], **target}), 404)
    problem(native.request("POST", "/playlists", json={"jobs": [], **target}), 400)
    one_desk.pause()
    [waiting] = one_desk.submit(one_desk.output("w", template=mps.HLS_LD))
    problem(native.request("POST", "/playlists", json={"jobs": [waiting["JobId"]], **target}), 409)
    problem(native.request("POST", "/playlists",
                           json={"jobs": [mp4["JobId"]], "title": "x", **target}), 400)


@pytest.fixture
def alice(native, server):
    """The native API with the key of a user who may read one bucket."""
    name = mps.unique("alice")
    policy = {"Version": "1", "Statement": [{
        "Effect": "Allow", "Action": ["reelgate:GetObject", "reelgate:ListObjects"],
        "Resource": ["acs:reelgate:*:*:bucket/media", "acs:reelgate:*:*:bucket/media/*"]}]}
    native.call("POST", "/users", json={"name": name})
    native.call("PUT", f"/policies/{name}", json=policy)
    assert native.request("PUT", f"/users/{name}/policies/{name}").status_code == 204
    made = native.request("POST", "/keys", json={"kind": "api", "user": name})
    assert made.status_code == 201 and made.headers["Cache-Control"] == "no-store"
    yield harness.Native(types.SimpleNamespace(
        address=server.address, credentials={"api_key": made.json()["secret"]}))
    native.request("DELETE", f"/users/{name}")
    native.request("DELETE", f"/policies/{name}")


def test_a_user_reads_what_its_policy_names_and_nothing_else(native, alice, bucket, server):
    key = mps.unique("mine.txt")
    native.put_object("media", key, b"0123456789")
    native.put_object(bucket, key, b"x")
    assert alice.get_object("media", key) == b"0123456789"
    assert alice.request("GET", harness.object_path("media", key),
                         headers={"Range": "bytes=2-3"}).content == b"23"
    for method, path in (("PUT", harness.object_path("media", key)),
                         ("DELETE", harness.object_path("media", key)),
                         ("GET", harness.object_path(bucket, key)),
                         ("GET", "/jobs"), ("GET", "/audit"), ("GET", "/errors")):
        found = problem(alice.request(method, path), 403, "forbidden")
        assert found["action"].startswith("reelgate:") and found["policy"] is None
        assert server.credentials["account_id"] in found["resource"]
    assert native.get_object("media", key) == b"0123456789"


def test_a_refused_upload_is_answered_before_it_is_sent_whole(alice):
    response = alice.request("PUT", harness.object_path("media", "large"), data=b"x" * (8 << 20))
    problem(response, 403, "forbidden")


def test_changes_of_access_count_for_the_next_call(native, alice):
    key = mps.unique("mine.txt")
    native.put_object("media", key, b"x")
    assert alice.get_object("media", key) == b"x"
    [found] = [found for found in native.call("GET", "/keys")["keys"]
               if found["user"] and found["user"].startswith("alice")]
    native.call("PATCH", f"/keys/{found['id']}", json={"active": False})
    problem(alice.request("GET", harness.object_path("media", key)), 401, "unauthenticated")
    native.call("PATCH", f"/keys/{found['id']}", json={"active": True})
    name = found["user"]
    assert native.request("DELETE", f"/users/{name}/policies/{name}").status_code == 204
    problem(alice.request("GET", harness.object_path("media", key)), 403, "forbidden")


def test_limits_hold_for_an_account_and_are_lifted(native, server):
    path = f"/accounts/{server.credentials['account_id']}/limits/reelgate:GetPipeline"
    native.call("PUT", path, json={"limit": "1/h"})
    try:
        assert native.request("GET", "/pipelines/default").status_code == 200
        refused = native.request("GET", "/pipelines/default")
        problem(refused, 429, "throttled")
        assert 0 < int(refused.headers["Retry-After"]) <= 3600
        assert native.request("GET", "/pipelines").status_code == 200
    finally:
        assert native.request("DELETE", path).status_code == 204
    assert native.request("GET", "/pipelines/default").status_code == 200
