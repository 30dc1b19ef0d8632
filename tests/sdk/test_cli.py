"""The client commands against the running server."""
import pytest

import mps
import pictures

UNKNOWN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def clip(media):
    return media / "broken_mdat_too_long.mp4"


def test_submit_waits_shows_the_job_and_makes_the_file(run, clip, pipeline, one_desk, tmp_path):
    target = one_desk.key("cli.mp4")
    done = run("submit", clip, "--preset", "web-240p", "--output", f"media/{target}",
               "--pipeline", pipeline, "--wait")
    shown = done.stdout.decode()
    assert "succeeded" in shown and target in shown
    assert pictures.picture(one_desk.fetch(target, tmp_path))["height"] == 240


def test_submit_answers_json(read, clip, pipeline, one_desk):
    job = read("submit", clip, "--preset", "web-240p", "--output", f"media/{one_desk.key('a.mp4')}",
               "--pipeline", pipeline, "--wait", "--user-data", "from the shell", "--priority", 8)
    assert (job["state"], job["user_data"], job["priority"]) == ("succeeded", "from the shell", 8)
    assert read("job", "get", job["id"])["id"] == job["id"]


def test_submit_takes_an_object_and_several_presets(read, one_desk, pipeline):
    key = one_desk.source("broken_mdat_too_long.mp4")
    job = read("submit", f"oss://media/{key}", "--pipeline", pipeline, "--wait",
               "--preset", "web-240p", "--output", f"media/{one_desk.key('a.mp4')}",
               "--preset", "hls-240p", "--output", f"media/{one_desk.key('a.m3u8')}")
    assert [output["state"] for output in job["outputs"]] == ["succeeded"] * 2


def test_submit_of_a_bad_source_ends_with_an_error(run, pipeline):
    done = run("submit", "oss://media/not/there.mp4", "--preset", "web-240p", "--wait",
               "--pipeline", pipeline, code=None)
    assert done.returncode != 0
    assert b"not/there.mp4" in done.stdout + done.stderr


@pytest.mark.parametrize("arguments, said", [
    (["submit", "no-such-file.mp4", "--preset", "web-240p"], b"no-such-file.mp4"),
    (["submit", "oss://media/x.mp4", "--preset", "no-such-preset"], b"no-such-preset"),
    (["job", "get", UNKNOWN], UNKNOWN.encode()),
    (["job", "cancel", UNKNOWN], UNKNOWN.encode()),
    (["pipeline", "pause", "no-such-pipeline"], b"no-such-pipeline"),
    (["bucket", "ls", "no-such-bucket"], b"no-such-bucket"),
    (["bucket", "get", "media/not/there"], b"not/there"),
    (["bucket", "rm", "media/not/there"], b"not/there")], ids=lambda value: str(value)[:40])
def test_mistakes_end_with_an_error_that_names_them(run, arguments, said):
    done = run(*arguments, code=None)
    assert done.returncode != 0 and said in done.stderr, done


def test_jobs_are_listed_watched_and_cancelled(run, read, one_desk):
    running = one_desk.running_job()
    listed = read("job", "list", "--pipeline", one_desk.pipeline, "--state", "running")
    assert [job["id"] for job in listed["jobs"]] == [running]
    table = run("job", "list", "--pipeline", one_desk.pipeline).stdout.decode()
    assert running in table and "running" in table
    said = run("job", "cancel", running).stdout.decode()
    assert f"job {running} was running and is cancelled: its processes" in said
    assert one_desk.state(running) == "TranscodeCancelled"
    assert run("job", "watch", running, code=None).returncode != 0
    assert "cancelled" in run("job", "get", running).stdout.decode()


def test_a_cancel_says_what_was_decided_and_when_processes_were_gone(run, read, one_desk):
    running = one_desk.running_job()
    decision = read("job", "cancel", running, "--now")
    assert [decision[name] for name in ("id", "outcome", "from", "mode")] == [
        running, "cancelled", "running", "now"]
    assert decision["killed"] is True and decision["processes_gone_at"]
    history = read("job", "history", running)["events"]
    assert [event["event"] for event in history] == [
        "queued", "started", "cancel_accepted", "processes_gone", "cancelled"]
    assert decision["processes_gone_at"] == history[3]["at"]
    table = run("job", "history", running).stdout.decode()
    assert "processes_gone" in table and "killed: true" in table and history[1]["worker"] in table

    one_desk.pause()
    [job] = one_desk.submit(one_desk.output())
    assert b"pipeline_paused" in run("job", "get", job["JobId"]).stdout
    assert read("job", "get", job["JobId"])["waiting"]["reason"] == "pipeline_paused"
    said = run("job", "cancel", job["JobId"]).stdout.decode()
    assert "was queued and is cancelled: nothing of it will run" in said
    done = run("job", "cancel", job["JobId"], code=1)
    assert b"cancelled" in done.stderr and b"cancel_refused" in done.stderr


def test_failed_jobs_are_queued_again(run, read, one_desk):
    jobs = one_desk.submit(*(one_desk.output(f"{name}.mp4") for name in "ab"),
                           clip="broken_missing_stsd.mp4")
    ids = [job["JobId"] for job in jobs]
    one_desk.wait(*ids)
    one_desk.pause()
    assert f"job {ids[0]} is queued again" in run("job", "retry", ids[0]).stdout.decode()
    # One that is queued already keeps no other from being queued.
    done = run("job", "retry", ids[0], UNKNOWN, ids[1], code=1)
    assert done.stdout.decode() == f"job {ids[1]} is queued again\n"
    assert b"retry_refused" in done.stderr and UNKNOWN.encode() in done.stderr
    assert {job["State"] for job in one_desk.query(*ids).values()} == {"Submitted"}


def test_watch_follows_a_job_to_its_end(run, one_desk):
    [job] = one_desk.submit(one_desk.output(Clip={"TimeSpan": {"Duration": "1"}}))
    assert b"succeeded" in run("job", "watch", job["JobId"]).stdout


def test_logs_show_the_last_words_about_a_failure(run, one_desk):
    [job] = one_desk.submit(one_desk.output(), clip="broken_missing_stsd.mp4")
    one_desk.wait(job["JobId"])
    done = run("job", "logs", job["JobId"])
    assert done.stdout or b"no log" in done.stderr


def test_pipelines_are_listed_paused_and_resumed(run, read, one_mts, native):
    made = native.call("POST", "/pipelines", json={"name": mps.unique("cli")})
    place, page = [], read("pipeline", "list")
    while page["next_cursor"]:
        place = ["--cursor", page["next_cursor"]]
        page = read("pipeline", "list", *place)
    assert made["id"] in {found["id"] for found in page["pipelines"]}, "the newest come last"
    assert made["name"] in run("pipeline", "list", *place).stdout.decode()
    for command, state in (("pause", "Paused"), ("resume", "Active")):
        assert state.lower() in run("pipeline", command, made["name"]).stdout.decode()
        [found] = one_mts.call("QueryPipelineList",
                               PipelineIds=made["id"])["PipelineList"]["Pipeline"]
        assert found["State"] == state


def test_buckets_and_objects(run, read, media, tmp_path):
    bucket = mps.unique("cli")
    run("bucket", "create", bucket)
    assert bucket in run("bucket", "ls").stdout.decode()
    speech = media / "speech_libri_5703.ogg"
    run("bucket", "put", speech, f"{bucket}/in/")
    listed = read("bucket", "ls", bucket)["objects"]
    assert [found["key"] for found in listed] == [f"in/{speech.name}"]
    assert speech.name in run("bucket", "ls", f"{bucket}/in").stdout.decode()
    run("bucket", "get", f"{bucket}/in/{speech.name}", tmp_path / "copy.ogg")
    assert (tmp_path / "copy.ogg").read_bytes() == speech.read_bytes()
    assert run("bucket", "get", f"{bucket}/in/{speech.name}", "-").stdout == speech.read_bytes()
    run("bucket", "rm", f"{bucket}/in/{speech.name}")
    assert read("bucket", "ls", bucket)["objects"] == []


def test_a_bucket_may_be_a_directory_that_is_there(run, native, tmp_path):
    directory = tmp_path / "films"
    directory.mkdir()
    (directory / "hello.txt").write_bytes(b"hello")
    bucket = mps.unique("mapped")
    run("bucket", "create", bucket, "--path", directory)
    assert native.get_object(bucket, "hello.txt") == b"hello"
    native.put_object(bucket, "sub/new.txt", b"new")
    assert (directory / "sub" / "new.txt").read_bytes() == b"new"


def test_the_server_may_be_named_by_its_address(run, server):
    address = f"http://{server.address}"
    key = server.credentials["api_key"]
    assert b"default" in run("pipeline", "list", "--server", address, REELGATE_API_KEY=key).stdout
    done = run("pipeline", "list", "--server", address, REELGATE_API_KEY="wrong", code=None)
    assert done.returncode != 0 and b"401" in done.stderr


def test_no_server_is_said_in_words(run, tmp_path):
    done = run("job", "list", "--data", tmp_path / "nothing-here", code=None)
    assert done.returncode != 0 and b"nothing-here" in done.stderr
    assert b"panicked" not in done.stderr


def test_doctor_finds_this_machine_fit(run):
    assert b"FFmpeg" in run("doctor").stdout
    done = run("doctor", "--ffmpeg", "/no/such/ffmpeg", code=None)
    assert done.returncode != 0 and b"/no/such/ffmpeg" in done.stdout + done.stderr


def test_a_command_that_does_not_exist_is_refused(run):
    assert run("juggle", code=None).returncode != 0
    for arguments in ([], ["--help"], ["--version"]):
        done = run(*arguments, code=None)
        assert b"reelgate" in (done.stdout + done.stderr).lower()


def test_the_server_may_be_named_before_the_command(server, run):
    nowhere = {"REELGATE_DATA": "nowhere"}
    by_directory = run("--data", server.data, "pipeline", "list", **nowhere)
    by_address = run("--server", f"http://{server.address}", "pipeline", "list",
                     REELGATE_API_KEY=server.credentials["api_key"], **nowhere)
    assert b"default" in by_directory.stdout and by_directory.stdout == by_address.stdout
    assert b"--server" in run("--server", "x", "doctor", code=2).stderr


def test_a_key_that_may_not_is_told_what_it_lacks(run, read, server):
    name = mps.unique("reader")
    read("user", "create", name)
    key = read("key", "create", "--kind", "api", "--user", name)["secret"]
    there = {"REELGATE_SERVER": f"http://{server.address}", "REELGATE_API_KEY": key}
    done = run("job", "list", code=1, **there)
    assert b"reelgate:ListJobs" in done.stderr and b"403 forbidden" in done.stderr
    run("user", "attach-policy", name, "ReelgateReadOnlyAccess")
    assert run("job", "list", **there).stdout
    done = run("pipeline", "create", mps.unique("mine"), code=1, **there)
    assert b"reelgate:CreatePipeline" in done.stderr
    run("user", "delete", name)
    assert b"401" in run("job", "list", code=1, **there).stderr
