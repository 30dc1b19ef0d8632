"""How a server starts, stops, and goes on after it was killed."""
import http.client
import json
import os
import signal
import stat
import subprocess
import time
import urllib.request

import pytest

import harness
import mps
import pictures
import processes


@pytest.fixture
def start(program, tmp_path):
    """Starts servers over one directory, one after the other."""
    started = []

    def starting(**options):
        started.append(harness.Server.start(program, tmp_path, **options))
        return started[-1]
    yield starting
    for server in started:
        if server.process.poll() is None:
            server.kill()


def desk_of(server, shapes, media):
    return mps.Desk(mps.NewMts(server, shapes), server, server.credentials["pipeline_id"],
                    media, harness.Native(server))


def serve(program, *arguments):
    """A server that is expected to end by itself."""
    return subprocess.run([program, "serve", *map(str, arguments)], capture_output=True, timeout=120,
                          check=False, env=harness.clean_environment())


def test_the_first_start_leaves_credentials_for_their_owner_only(start):
    server = start()
    path = server.data / "credentials.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(server.credentials) >= {
        "account_id", "access_key_id", "access_key_secret", "project_id", "pipeline_id", "bucket",
        "iam_user", "iam_password", "api_key"}
    assert len(server.credentials["account_id"]) == 16
    assert server.credentials["account_id"].isdigit()
    log = server.log.read_text("utf-8")
    for secret in ("access_key_secret", "iam_password", "api_key"):
        assert server.credentials[secret] not in log


def test_a_restart_keeps_credentials_and_pipelines(start, shapes, media):
    first = start()
    made = mps.NewMts(first, shapes).call("AddPipeline", Name="kept")["Pipeline"]
    first.stop()
    second = start()
    assert second.credentials == first.credentials
    answer = mps.NewMts(second, shapes).call("QueryPipelineList", PipelineIds=made["Id"])
    assert answer["PipelineList"]["Pipeline"][0]["Name"] == "kept"


def test_a_second_server_on_one_directory_is_refused(start, program):
    server = start()
    done = serve(program, "--data", server.data, "--listen", "127.0.0.1:0")
    assert done.returncode != 0
    assert str(server.data).encode() in done.stderr, done.stderr
    assert b"panicked" not in done.stderr
    assert harness.Native(server).call("GET", "/buckets")["buckets"]


def test_an_address_in_use_is_refused(start, program, tmp_path):
    server = start()
    done = serve(program, "--data", tmp_path / "other", "--listen", server.address)
    assert done.returncode != 0
    assert server.address.encode() in done.stderr and b"in use" in done.stderr, done.stderr


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:99999", "192.0.2.1:0"])
def test_an_address_that_cannot_be_used_is_refused(program, tmp_path, address):
    done = serve(program, "--data", tmp_path / "data", "--listen", address)
    assert done.returncode != 0
    assert address.encode() in done.stderr and b"panicked" not in done.stderr, done.stderr


def test_a_directory_that_cannot_be_made_is_refused(program, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    done = serve(program, "--data", tmp_path / "file" / "data", "--listen", "127.0.0.1:0")
    assert done.returncode != 0 and b"file" in done.stderr and b"panicked" not in done.stderr


def test_an_ffmpeg_that_is_not_there_is_refused_by_name(program, tmp_path):
    done = serve(program, "--data", tmp_path / "data", "--listen", "127.0.0.1:0",
                 "--ffmpeg", "/no/such/ffmpeg")
    assert done.returncode != 0 and b"/no/such/ffmpeg" in done.stderr


def busy(server, shapes, media):
    """A desk with one running job that takes seconds, and a queued one; and FFmpeg's processes."""
    desk = desk_of(server, shapes, media)
    native = harness.Native(server)
    native.call("PATCH", f"/pipelines/{desk.pipeline}", json={"concurrency": 1})
    [running] = desk.submit(desk.output("running.mp4", Video={
        "Width": "640", "Preset": "slower", "Bitrate": "300"}))
    desk.wait(running["JobId"], states={"Transcoding"})
    [queued] = desk.submit(desk.output("queued.mp4", Clip={"TimeSpan": {"Duration": "1"}}))
    engines = set()
    processes.wait_until(lambda: engines.update(
        child for child in processes.below(server.process.pid)
        if "ffmpeg" in processes.name_of(child)) or engines, 120, "an FFmpeg")
    assert desk.state(queued["JobId"]) == "Submitted"
    return desk, running["JobId"], queued["JobId"], engines


def finished_files(server, desk):
    """What lies under final names in the bucket's directory."""
    folders = (server.data / "buckets").glob(f"*/{desk.bucket}/{desk.folder}")
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


def goes_on(start, shapes, media, old, running, queued, tmp_path):
    """After a restart both jobs succeed, and nothing else is there."""
    server = start()
    desk = desk_of(server, shapes, media)
    desk.folder = old.folder
    # A job that was started stays Transcoding for the vendor while it waits for another attempt.
    assert desk.state(running) in ("Transcoding", "TranscodeSuccess")
    jobs = desk.wait(running, queued)
    assert [job["State"] for job in jobs] == ["TranscodeSuccess"] * 2
    assert desk.keys() == [desk.key("queued.mp4"), desk.key("running.mp4")]
    for name, seconds in (("running.mp4", 5.3), ("queued.mp4", 1)):
        path = desk.fetch(desk.key(name), tmp_path)
        assert pictures.seconds(path) == pytest.approx(seconds, abs=0.15)
    return server


def test_sigterm_leaves_no_process_and_a_restart_goes_on(start, shapes, media, tmp_path):
    # Without a grace time nothing that runs can finish before the end.
    server = start(options=["--shutdown-grace", "0"])
    desk, running, queued, engines = busy(server, shapes, media)
    server.stop()
    assert server.process.returncode == 0
    assert processes.alive(engines) == set()
    assert finished_files(server, desk) == []
    goes_on(start, shapes, media, desk, running, queued, tmp_path).stop()


def test_kill_9_leaves_no_process_and_a_restart_runs_the_job_again(start, shapes, media, tmp_path):
    server = start()
    desk, running, queued, engines = busy(server, shapes, media)
    server.kill()
    processes.wait_until(lambda: not processes.alive(engines), 60, "the end of FFmpeg")
    assert finished_files(server, desk) == []
    restarted = goes_on(start, shapes, media, desk, running, queued, tmp_path)
    assert harness.Native(restarted).call("GET", f"/jobs/{running}")["attempt"] == 2
    restarted.stop()


def test_kill_9_of_an_idle_server_loses_no_answered_call(start, shapes, media):
    server = start()
    desk = desk_of(server, shapes, media)
    desk.source("bbb_720p25_aac51.mp4")
    desk.pause()
    ids = [job["JobId"] for job in desk.submit(desk.output("a.mp4"), desk.output("b.mp4"))]
    desk.mts.call("CancelJob", JobId=ids[0])
    server.kill()
    again = desk_of(start(), shapes, media)
    assert [again.state(job) for job in ids] == ["TranscodeCancelled", "Submitted"]
    [found] = again.mts.call("QueryPipelineList",
                             PipelineIds=again.pipeline)["PipelineList"]["Pipeline"]
    assert found["State"] == "Paused"


def test_a_server_without_slots_serves_and_starts_nothing(start, shapes, media):
    server = start(slots=0)
    desk = desk_of(server, shapes, media)
    ids = [job["JobId"] for job in desk.submit(desk.output("a.mp4", Clip=mps.BRIEF),
                                               desk.output("b.mp4", Clip=mps.BRIEF))]
    with urllib.request.urlopen(f"http://{server.address}/readyz") as response:
        assert response.status == 200
    desk.mts.call("CancelJob", JobId=ids[0])
    assert [desk.state(job) for job in ids] == ["TranscodeCancelled", "Submitted"]
    server.stop()
    again = desk_of(start(), shapes, media)
    [job] = again.wait(ids[1])
    assert job["State"] == "TranscodeSuccess"
    assert again.state(ids[0]) == "TranscodeCancelled"


def test_a_second_signal_ends_the_server_at_once(start, shapes, media):
    server = start(options=["--shutdown-grace", "300"])
    _, _, _, engines = busy(server, shapes, media)
    os.kill(server.process.pid, signal.SIGTERM)
    # Two signals that meet count as one.
    processes.wait_until(lambda: "stopping" in server.log_tail(), 60, "the first signal's notice")
    os.kill(server.process.pid, signal.SIGTERM)
    server.process.wait(60)
    processes.wait_until(lambda: not processes.alive(engines), 60, "the end of FFmpeg")


def test_calls_that_wait_do_not_hold_up_the_end(start, shapes, media):
    server = start(slots=0)
    desk = desk_of(server, shapes, media)
    [job] = desk.submit(desk.output())
    waiting = http.client.HTTPConnection(server.address, timeout=120)
    key = server.credentials["api_key"]
    waiting.request("GET", f"/api/v1/jobs/{job['JobId']}?wait=60s",
                    headers={"Authorization": f"Bearer {key}"})
    # Connections are accepted in order, so the server has that one when it answers a later one.
    assert harness.Native(server).call("GET", "/jobs")["jobs"]
    begun = time.monotonic()
    server.stop()
    assert time.monotonic() - begun < 50
    answer = waiting.getresponse()
    assert answer.status == 200 and json.load(answer)["state"] == "queued"


def test_below_the_floor_uploads_are_refused_jobs_wait_and_cancels_work(start, shapes, media):
    first = start()
    desk = desk_of(first, shapes, media)
    desk.source("bbb_720p25_aac51.mp4")
    first.stop()
    # No disk has as much free.
    server = start(options=["--free-space-floor", str(1 << 60)])
    desk = desk_of(server, shapes, media)
    refused = desk.native.request("PUT", harness.object_path("media", "b.bin"), data=b"x")
    assert (refused.status_code, refused.json()["code"]) == (507, "storage_full")
    [job] = desk.submit(desk.output(Clip=mps.BRIEF))
    path = f"/jobs/{job['JobId']}"
    # Null until the worker has looked for the first time.
    processes.wait_until(lambda: desk.native.call("GET", path)["waiting"], 60, "what it waits for")
    waiting = desk.native.call("GET", path)["waiting"]
    assert waiting["reason"] == "scratch_space" and "GB" in waiting["detail"]
    desk.pause()
    assert desk.mts.call("CancelJob", JobId=job["JobId"])["JobId"] == job["JobId"]
    path = harness.object_path("media", desk.source("bbb_720p25_aac51.mp4"))
    assert desk.native.request("DELETE", path).status_code == 204
