"""What happens when a node dies, stands still or has the wrong time, or its database goes away."""
import datetime
import hashlib
import json
import os
import pathlib
import signal
import time

import pytest
import requests

import children
import harness
import huawei
import nodes
import processes
import s3
import signing
from calls import LARGE, MEDIUM, events_of, job_of, starts_of, submit, wait_for, workers
from database import DATABASE, Postgres

LEASE_SECONDS = 30


def test_jobs_of_a_worker_that_dies_or_sleeps_run_elsewhere_and_it_has_no_say_any_more(
        program, tmp_path, store, postgres, media, command, far):
    cluster = nodes.Cluster(program, tmp_path, lambda _: store, servers=1, workers=2)
    spare = nodes.Node(program, "worker", tmp_path / "spare", store, cluster.folder / "buckets", ["--slots", "2"])
    try:
        cluster.start()
        native = cluster.native(0)
        native.put_object("media", "in.mp4", media / "bbb_720p25_aac51.mp4")
        create_far_bucket(command, cluster, far)
        asleep, dead = cluster.workers
        # Each has an output in a directory and one on an object store.
        jobs = [submit_near_and_far(native, name) for name in ("one", "two")]
        # They last until both workers have been struck.
        stopped = stop_encoders(asleep)
        stop_encoders(dead)
        leases = {job: (worker, int(until)) for job, worker, until in postgres.query(
            "SELECT encode(id, 'hex'), worker, until FROM leases", postgres.database)}
        assert len({worker for worker, _ in leases.values()}) == 2, leases
        asleep.pause()
        for process in stopped:
            os.kill(process, signal.SIGCONT)
        dead.kill()
        fell = time.monotonic()
        lost = {job: job_of(native, job)["attempt"] for job in jobs}

        # It is there for them from here on.
        spare.start().wait_until_ready()
        done = [wait_for(native, job, "succeeded", seconds=300) for job in jobs]
        print(f"jobs of lost workers were made elsewhere {time.monotonic() - fell:.1f} s later")
        waits = []
        for job in done:
            last = starts_of(native, job["id"])[-1]
            assert last["attempt"] == job["attempt"] > lost[job["id"]]
            assert last["worker"].startswith("spare-")
            waits.append(datetime.datetime.fromisoformat(last["at"]).timestamp() - leases[job["id"]][1] / 1000)
            assert waits[-1] >= 0
        print(f"they started {max(waits):.2f} s after their leases had ended, or sooner")
        assert postgres.query("SELECT count(*) FROM leases", postgres.database) == [["0"]]
        before = {job: json.dumps([job_of(native, job), events_of(native, job)]) for job in jobs}
        content = contents(native)
        written = len(far.requests())

        # Nobody else is there when it wakes up: that it makes a job of now shows that it is through with the other.
        spare.process.terminate()
        spare.process.wait(60)
        asleep.resume()
        again = submit(native, "again")
        wait_for(native, again, "succeeded")
        assert starts_of(native, again)[-1]["worker"].startswith("worker-0-")
        assert asleep.is_running(), asleep.log_tail()
        assert {job: json.dumps([job_of(native, job), events_of(native, job)]) for job in jobs} == before
        assert contents(native) == content
        # What it stages has a name of its own attempt.
        writes = [line for line in far.requests()[written:] if not line.startswith(("GET", "HEAD"))]
        assert all(".reelgate/staged" in line for line in writes), writes
        # What is left of it goes, and of the one that was killed when that starts again.
        dead.start().wait_until_ready()
        near = cluster.folder / "buckets"
        staged = lambda: [*far.files(".reelgate/staged"),
                          *(path for path in near.rglob(".reelgate/staged/**/*") if path.is_file())]
        processes.wait_until(lambda: not staged(), 60, "nothing is staged any more")
    finally:
        if spare.is_running():
            spare.kill()
        cluster.stop()


@pytest.fixture
def far(tmp_path):
    """An object store."""
    running = s3.Store(tmp_path)
    yield running
    running.stop()


def create_far_bucket(command, cluster, store):
    """The bucket `far` is on the object store."""
    status, said = command(
        "bucket", "create", "far", "--server", f"http://{cluster.servers[0].address}", "--s3", store.told["endpoint"],
        "--s3-bucket", s3.BUCKET, "--access-key-id", store.told["access_key_id"], "--secret-file", store.secret_file(),
        variables={"REELGATE_API_KEY": cluster.credentials["api_key"]})
    assert status == 0, said


def submit_near_and_far(native, name):
    outputs = [{"object": f"oss://{bucket}/made/{name}.mp4", "preset": "web-240p", "settings": MEDIUM}
               for bucket in ("media", "far")]
    job = {"input": "oss://media/in.mp4", "pipeline": "default", "outputs": outputs}
    return native.call("POST", "/jobs", json=job)["id"]


def contents(native):
    """What is in the objects that were made, by bucket and key."""
    found = {}
    for bucket in ("media", "far"):
        for one in native.call("GET", f"/buckets/{bucket}/objects", params={"prefix": "made/"})["objects"]:
            digest = hashlib.sha256(native.get_object(bucket, one["key"])).hexdigest()
            found[bucket, one["key"]] = digest
    assert len(found) == 4, found
    return found


def test_steps_of_a_machines_clock_do_nothing(program, tmp_path, store, postgres, media):
    clock = WrongClock(tmp_path)
    cluster = nodes.Cluster(program, tmp_path, lambda _: store, servers=1, workers=1)
    right = nodes.Node(program, "worker", tmp_path / "right", store, cluster.folder / "buckets", ["--slots", "1"])
    for node in cluster.nodes:
        node._environment |= clock.environment
    try:
        cluster.start()
        native = cluster.native(0)
        native.put_object("media", "in.mp4", media / "bbb_720p25_aac51.mp4")
        job = submit(native, "long", LARGE)
        # It lasts as long as its process stands still.
        stopped = stop_encoders(cluster.workers[0])
        right.start().wait_until_ready()
        for hours in (3, -5):
            held = lease(postgres)
            seen = {worker["name"]: worker["last_seen_at"] for worker in workers(native).values()}
            clock.set(hours * 3600)
            # Each of them has done by its own clock what it does now and then.
            processes.wait_until(lambda: lease(postgres) > held, 60, "the lease is renewed")
            processes.wait_until(lambda: all(worker["last_seen_at"] > seen[name] for name, worker in workers(native).items()),
                                 60, "all nodes give signs of life")
            [[left]] = postgres.query("SELECT (until - extract(epoch FROM clock_timestamp()) * 1000)::int FROM leases",
                                      postgres.database)
            assert 15_000 < int(left) < 31_000, f"{left} ms are left of the lease"
            assert {worker["state"] for worker in workers(native).values()} == {"live"}
        brief = submit(native, "brief")
        assert wait_for(native, brief, "succeeded", seconds=120)["attempt"] == 1
        for process in stopped:
            os.kill(process, signal.SIGCONT)
        done = wait_for(native, job, "succeeded", seconds=240)
        assert done["attempt"] == 1, events_of(native, job)
        times = [event["at"] for event in events_of(native, job)]
        assert times == sorted(times), times
        # The processes did see another time: it is what their logs are dated by.
        hour = lambda line: line.split("T")[1][:2]
        log = cluster.servers[0].log.read_text("utf-8") + cluster.workers[0].log.read_text("utf-8")
        assert len({hour(line) for line in log.splitlines() if "T" in line and line[:2] == "20"}) > 1, log
    finally:
        if right.is_running():
            right.kill()
        cluster.stop()


def stop_encoders(node):
    """Stops what a node encodes with, once it does: how long its job lasts is then the test's to say."""
    found = []

    def is_there():
        found[:] = [one for one in processes.below(node.process.pid) if processes.name_of(one) == "ffmpeg"]
        return found
    processes.wait_until(is_there, 60, f"{node.name} encodes")
    for process in found:
        os.kill(process, signal.SIGSTOP)
    return found


def lease(postgres):
    """Until when the only one lasts."""
    [[until]] = postgres.query("SELECT until FROM leases", postgres.database)
    return int(until)


class WrongClock:
    """What processes are told about the time, if they are started with this environment."""

    def __init__(self, folder):
        self._file, library = folder / "offset", folder / "wrong_clock.so"
        self.set(0)
        source = pathlib.Path(__file__).with_name("wrong_clock.c")
        children.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"])
        self.environment = {"LD_PRELOAD": str(library), "WRONG_CLOCK": str(self._file)}

    def set(self, seconds):
        with self._file.open("r+b" if self._file.exists() else "wb") as file:
            file.write(seconds.to_bytes(8, "little", signed=True))


def test_without_its_database_a_node_answers_503_and_workers_go_on(program, tmp_path, media):
    server = Postgres(tmp_path / "postgres").make().start()
    server.query(f"CREATE DATABASE {DATABASE}", database="postgres")
    store = f"postgres://reelgate@127.0.0.1:{server.port}/{DATABASE}"
    cluster = nodes.Cluster(program, tmp_path, lambda _: store, servers=1, workers=1)
    leaving = nodes.Node(program, "worker", tmp_path / "leaving", store, cluster.folder / "buckets",
                         ["--slots", "1", "--shutdown-grace", "1"])
    try:
        cluster.start()
        native, seen = cluster.native(0), cluster.seen(0)
        native.put_object("media", "in.mp4", media / "bbb_720p25_aac51.mp4")
        job = submit(native, "long", LARGE)
        wait_for(native, job, "running")
        leaving.start().wait_until_ready()
        wait_for(native, submit(native, "given-up", LARGE), "running")
        server.kill()
        away = time.monotonic()
        # It cannot hand back what it runs, and does not wait for that for ever.
        leaving.process.terminate()

        def timed(call):
            begun = time.monotonic()
            answer = call()
            # A few seconds where nothing else is to do.
            assert time.monotonic() - begun < 50
            return answer
        answer = timed(lambda: native.request("GET", "/jobs"))
        assert answer.status_code == 503 and answer.headers["content-type"] == "application/problem+json"
        answer = timed(lambda: native.request("POST", f"/jobs/{job}/cancel"))
        assert answer.status_code == 503
        answer = timed(lambda: signing.Wire(seen).v1("SearchPipeline"))
        assert (answer.status, answer.json()["Code"]) == (503, "ServiceUnavailable"), answer.body
        path = f"/v1/{seen.credentials['project_id']}/transcodings"
        answer = timed(lambda: huawei.Wire(seen).send("GET", path))
        assert (answer.status_code, answer.json()["error_code"]) == (502, "APIGW.0201"), answer.text
        answer = timed(lambda: requests.get(f"http://{seen.address}/readyz", timeout=20))
        assert answer.status_code == 503
        assert requests.get(f"http://{seen.address}/livez", timeout=20).status_code == 200
        # Longer than leases last: whoever sweeps afterwards gives the worker time to say that it goes on.
        time.sleep(max(0, away + LEASE_SECONDS + 6 - time.monotonic()))
        assert cluster.workers[0].is_running() and cluster.servers[0].is_running()
        leaving.process.wait(120)
        server.start()
        processes.wait_until(lambda: requests.get(f"http://{seen.address}/readyz", timeout=20).status_code == 200,
                             20, "the server is ready again")
        done = wait_for(native, job, "succeeded", seconds=240)
        assert done["attempt"] == 1, events_of(native, job)
        for node in cluster.nodes:
            assert "panicked" not in node.log.read_text("utf-8", "replace")
    finally:
        if leaving.is_running():
            leaving.kill()
        cluster.stop()
        server.stop()
