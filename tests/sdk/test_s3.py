"""Jobs of the MPS SDK whose input and outputs are on an object store, by the real program."""
import subprocess
import time

import pytest

import harness
import mps
import s3

PATIENCE_SECONDS = 180


class FarDesk(mps.Desk):
    """A desk whose bucket is on an object store."""

    def __init__(self, *parts, bucket):
        super().__init__(*parts)
        self.bucket = bucket


@pytest.fixture
def store(tmp_path):
    running = s3.Store(tmp_path)
    yield running
    running.stop()


@pytest.fixture
def far_server(program, tmp_path):
    """A server of the test's own, because it dies."""
    running = harness.Server.start(program, tmp_path)
    harness.lift_limits(running)
    yield running
    running.kill()


def create(program, server, store, name, *options, endpoint="endpoint", secret=None):
    """Runs `reelgate bucket create`; what became of it."""
    command = [program, "bucket", "create", name, "--data", server.data, "--s3", store.told[endpoint],
               "--s3-bucket", s3.BUCKET, "--access-key-id", store.told["access_key_id"],
               "--secret-file", secret or store.secret_file(), *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=180,
                          env=harness.clean_environment())


def desk_over(program, server, store, shapes, media, *options, **place):
    made = create(program, server, store, "far", *options, **place)
    assert made.returncode == 0, made.stderr
    native = harness.Native(server)
    pipeline = server.credentials["pipeline_id"]
    return FarDesk(mps.NewMts(server, shapes), server, pipeline, media, native, bucket="far")


def until(condition, what):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS} s: {what}"
        time.sleep(0.05)


@pytest.mark.parametrize("endpoint, style", [("endpoint", "path"), ("virtual_endpoint", "virtual")])
def test_a_clip_on_a_store_becomes_hls_on_it(program, far_server, store, shapes, media, endpoint, style):
    desk = desk_over(program, far_server, store, shapes, media, "--prefix", "shelf", "--style", style,
                     endpoint=endpoint)
    output = desk.output("film", template="S00000001-100010", Clip=mps.BRIEF)
    desk.transcode(output)
    made = desk.keys()
    assert any(key.endswith(".m3u8") for key in made) and any(key.endswith(".ts") for key in made)
    assert store.files(f"shelf/{desk.folder}") == sorted(key.split("/", 1)[1] for key in made)
    placed = [seen for seen in store.requests() if seen.startswith("PUT") and f"/{desk.folder}/" in seen
              and "staged" not in seen]
    assert placed[-1].endswith(".m3u8"), placed
    until(lambda: not store.files("shelf/.reelgate"), "what was staged is gone")


def test_the_secret_is_shown_nowhere(program, far_server, store):
    made = create(program, far_server, store, "far", "--format", "json")
    assert made.returncode == 0, made.stderr
    listed = subprocess.run([program, "bucket", "ls", "--data", far_server.data], capture_output=True,
                            text=True, env=harness.clean_environment(), timeout=180)
    assert store.told["endpoint"] in listed.stdout, listed.stdout
    secret = store.told["secret"]
    for text in (made.stdout, made.stderr, listed.stdout, far_server.log.read_text("utf-8")):
        assert secret not in text
    for path in far_server.data.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path


def test_a_bucket_that_cannot_be_used_is_refused_with_the_cause(program, far_server, store, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong", "utf-8")
    refused = create(program, far_server, store, "far", secret=wrong)
    assert refused.returncode != 0 and "SignatureDoesNotMatch" in refused.stderr, refused.stderr
    store.stop()
    refused = create(program, far_server, store, "far")
    assert refused.returncode != 0 and "does not answer" in refused.stderr, refused.stderr
    store.start()
    assert create(program, far_server, store, "far").returncode == 0


def test_a_worker_that_is_killed_between_copies_is_finished_by_the_next(program, tmp_path, store, shapes,
                                                                       media):
    first = harness.Server.start(program, tmp_path)
    try:
        harness.lift_limits(first)
        desk = desk_over(program, first, store, shapes, media)
        playlist = f"{desk.folder}/film.m3u8"
        store.misbehave("PUT", f"{s3.BUCKET}/{playlist}", {"status": 503})
        output = desk.output("film", template="S00000001-100010", Clip=mps.BRIEF)
        [job] = desk.submit(output)
        until(lambda: any(key.endswith(".ts") for key in desk.keys()), "a segment has its name")
        assert playlist not in desk.keys()
    finally:
        first.kill()
    store.behave()
    second = harness.Server.start(program, tmp_path)
    try:
        native = harness.Native(second)
        desk = FarDesk(mps.NewMts(second, shapes), second, second.credentials["pipeline_id"], media, native,
                       bucket="far")
        desk.folder = playlist.split("/", 1)[0]
        [job] = desk.wait(job["JobId"])
        assert job["State"] == "TranscodeSuccess", job
        assert playlist in desk.keys()
        until(lambda: not store.files(".reelgate"), "what was staged is gone")
    finally:
        second.kill()


def test_jobs_wait_for_a_store_that_is_away(program, far_server, store, shapes, media):
    desk = desk_over(program, far_server, store, shapes, media)
    desk.source("bbb_720p25_aac51.mp4")
    store.misbehave("GET", "clips/", {"cut_after": 4096}, 3)
    store.stop()
    [job] = desk.submit(desk.output("a.mp4", Clip=mps.BRIEF), Input=desk_input(desk))
    native = harness.Native(far_server)
    until(lambda: native.call("GET", f"/jobs/{job['JobId']}")["state"] == "running", "the job runs")
    away = native.request("GET", "/buckets/far/objects")
    assert away.status_code == 503, away.text
    store.start()
    [job] = desk.wait(job["JobId"])
    assert job["State"] == "TranscodeSuccess", job
    told = native.call("GET", f"/jobs/{job['JobId']}")
    assert told["attempt"] == 1, told


def desk_input(desk):
    """The input of a clip that was stored before: to look for it again would need the store."""
    return {"Bucket": desk.bucket, "Location": mps.LOCATION, "Object": mps.percent("clips/bbb_720p25_aac51.mp4")}
