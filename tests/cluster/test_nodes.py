"""Servers and workers on one PostgreSQL: who may join, who is told what, and what happens when one of them ends."""
import datetime
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import time
import zlib

import pytest
import requests

import children
import harness
import huawei
import nodes
import processes
import s3
import signing
from database import DATABASE, Postgres

LEASE_SECONDS = 30
# Signs of life of nodes are this far apart.
BEAT_SECONDS = 5
# A few seconds of a clip, made this way, keep a processor busy for some seconds, and for some more.
MEDIUM = {"video": {"width": 1280, "preset": "medium"}}
LARGE = {"video": {"width": 1920, "preset": "slower"}, "stall_seconds": 900}


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    server = Postgres(tmp_path_factory.mktemp("postgres") / "server").make().start()
    server.query("SELECT 1", database="postgres")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def media():
    return pathlib.Path(__file__).parents[2] / "media"


@pytest.fixture
def store(postgres, request):
    """The address of a new database."""
    name = f"nodes_{zlib.crc32(request.node.name.encode())}"
    postgres.query(f"CREATE DATABASE {name}", database="postgres")
    postgres.database = name
    return f"postgres://reelgate@127.0.0.1:{postgres.port}/{name}"


@pytest.fixture
def cluster(program, tmp_path, store):
    """Two servers that answer calls only, and two workers."""
    made = nodes.Cluster(program, tmp_path, lambda _: store, workers=2)
    yield made
    made.stop()


@pytest.fixture
def command(program, tmp_path, store):
    """Runs the program to its end: its status and what it said."""
    def run(*arguments, variables=(), seconds=60):
        environment = {**harness.clean_environment(), "REELGATE_STORE": store,
                       "REELGATE_MASTER_KEY": nodes.MASTER_KEY, **dict(variables)}
        environment = {name: value for name, value in environment.items() if value is not None}
        process = children.start([program, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 text=True, env=environment, cwd=tmp_path)
        try:
            said, _ = process.communicate(timeout=seconds)
        finally:
            process.kill()
        return process.returncode, said
    return run


def workers(native):
    return {worker["name"]: worker for worker in native.call("GET", "/workers")["workers"]}


def submit(native, name, settings=None, **options):
    """A job of the clip that `put` stored."""
    output = {"object": f"oss://media/{name}.mp4", "preset": "web-240p"}
    if settings:
        output["settings"] = settings
    job = {"input": "oss://media/in.mp4", "pipeline": "default", "outputs": [output], **options}
    return native.call("POST", "/jobs", json=job)["id"]


def job_of(native, job_id):
    return native.call("GET", f"/jobs/{job_id}")


def wait_for(native, job_id, *states, seconds=60):
    found = {}

    def is_there():
        found.update(job_of(native, job_id))
        return found["state"] in states
    processes.wait_until(is_there, seconds, f"job {job_id} in {states}")
    return found


def events_of(native, job_id):
    return native.call("GET", f"/jobs/{job_id}/history")["events"]


def starts_of(native, job_id):
    return [event for event in events_of(native, job_id) if event["event"] == "started"]


# Who may join


def test_nodes_that_start_at_once_make_one_account(program, tmp_path, store, postgres):
    cluster = nodes.Cluster(program, tmp_path, lambda _: store, servers=3, workers=0)
    try:
        for node in cluster.nodes:
            node.start()
        told = [node.wait_until_ready() for node in cluster.nodes]
        given = [ready["credentials_file"] for ready in told if ready["credentials_file"]]
        assert len(given) == 1
        assert len(list(cluster.folder.rglob("credentials.json"))) == 1
        assert postgres.query("SELECT count(*) FROM accounts", postgres.database) == [["1"]]
        # They are good at every node.
        credentials = json.loads(open(given[0], encoding="utf-8").read())
        for node in cluster.servers:
            native = harness.Native(nodes.Seen(node, credentials))
            assert native.call("GET", "/accounts")["accounts"]
    finally:
        cluster.stop()


def test_a_worker_of_its_own_needs_a_store_to_share(command, tmp_path):
    status, said = command("worker", "--data", tmp_path / "w", variables={"REELGATE_STORE": None})
    assert status == 1 and "--store postgres://" in said and "reelgate serve" in said
    status, said = command("worker", "--data", tmp_path / "w", variables={"REELGATE_STORE": f"sqlite:{tmp_path}/w"})
    assert status == 1 and "--store postgres://" in said


def test_a_second_node_needs_shared_buckets(program, command, tmp_path, store):
    alone = nodes.Node(program, "serve", tmp_path / "alone", store, None, ["--slots", "0", "--name", "alone"]).start()
    try:
        alone.wait_until_ready()
        for role in ("serve", "worker"):
            options = ["--listen", "127.0.0.1:0"] if role == "serve" else []
            status, said = command(role, "--data", tmp_path / "second", *options)
            assert status == 1, said
            assert "alone (alone-" in said and "S3" in said and "--shared-buckets" in said
        # Whoever was refused is not there.
        credentials = json.loads((alone.data / "credentials.json").read_text("utf-8"))
        native = harness.Native(nodes.Seen(alone, credentials))
        assert set(workers(native)) == {"alone"}
        # One that comes back at once is no second one.
        alone.kill()
        alone.start().wait_until_ready()
        assert set(workers(native)) == {"alone"}
    finally:
        alone.kill()


def test_a_node_that_does_not_go_with_the_others_is_refused_with_what_to_do(cluster, command, tmp_path):
    cluster.start()
    shared = ["--shared-buckets", cluster.folder / "buckets"]
    elsewhere = ["--shared-buckets", tmp_path / "elsewhere"]
    mine = ["worker", "--data", tmp_path / "w"]
    other_key = {"REELGATE_MASTER_KEY": "//////////////////////////////////////////8="}
    for arguments, variables, fix in [
            ([*mine, *elsewhere], (), "same file system"),
            ([*mine], (), "mount it here too"),
            ([*mine, *shared], other_key, "--master-key-file"),
            ([*mine, *shared], {"REELGATE_MASTER_KEY": None}, "master key file"),
            ([*mine, *shared, "--cluster", "nowhere"], (), "reelgate cluster create nowhere"),
            (["worker", "--data", cluster.workers[0].data, *shared], (), "--data"),
            ([*mine, *shared, "--kinds", "cooking"], (), "transcode")]:
        status, said = command(*arguments, variables=variables)
        assert status != 0 and fix in said, (arguments, said)
        assert "panicked" not in said
    assert set(workers(cluster.native(0))) == {node.name for node in cluster.nodes}


def test_the_address_of_the_store_is_shown_nowhere(command, tmp_path, program):
    secret = "postgres://reelgate:hunter2@127.0.0.1:1/none"
    for variables in ({"REELGATE_STORE": secret}, {"REELGATE_STORE": secret.replace("postgres:", "mysql:")}):
        status, said = command("serve", "--data", tmp_path / "s", "--listen", "127.0.0.1:0",
                               variables={**variables, "REELGATE_LOG": "debug"})
        assert status == 1 and "hunter2" not in said, said
    file = tmp_path / "store"
    file.write_text(secret + "\n", "utf-8")
    file.chmod(0o644)
    by_file = ["worker", "--data", tmp_path / "w", "--store-file", file]
    status, said = command(*by_file, variables={"REELGATE_STORE": None})
    assert status == 1 and "chmod 600" in said and "hunter2" not in said
    file.chmod(0o600)
    status, said = command(*by_file, variables={"REELGATE_STORE": None})
    assert status == 1 and "chmod" not in said and "hunter2" not in said
    _, said = command("worker", "--help", variables={"REELGATE_STORE": secret})
    assert "hunter2" not in said


# Who is there, and drains


def test_operators_see_all_nodes_and_drain_workers(cluster, command, clip):
    cluster.start()
    native = cluster.native(1)
    found = workers(native)
    assert set(found) == {"server-0", "server-1", "worker-0", "worker-1"}
    for name, worker in found.items():
        serves = name.startswith("server")
        assert worker["serves"] == serves and worker["state"] == "live"
        assert worker["slots"] == (0 if serves else 1) and worker["kinds"] == ([] if serves else ["transcode"])
        assert worker["id"].startswith(f"{name}-") and worker["last_error"] is None
    here = ["--server", f"http://{cluster.servers[0].address}"]
    key = {"REELGATE_API_KEY": cluster.credentials["api_key"]}
    status, said = command("worker", "list", *here, variables=key)
    assert status == 0 and "worker-0" in said and "SLOTS" in said, said

    native.put_object("media", "in.mp4", clip)
    for name in ("worker-0", "worker-1"):
        status, said = command("worker", "drain", name, *here, variables=key)
        assert status == 0 and "draining" in said, said
    time.sleep(BEAT_SECONDS + 0.5)
    waiting = submit(native, "drained")
    time.sleep(1.5)
    found_waiting = job_of(native, waiting)
    assert (found_waiting["state"], found_waiting["waiting"]["detail"]) == ("queued", "no worker takes jobs")
    status, said = command("worker", "resume", found["worker-1"]["id"], "-o", "json", *here, variables=key)
    assert status == 0 and json.loads(said)["draining"] is False, said
    done = wait_for(native, waiting, "succeeded", seconds=BEAT_SECONDS + 30)
    assert done["attempt"] == 1
    status, said = command("worker", "drain", "nobody", *here, variables=key)
    assert status == 1 and "nobody" in said

    # One that ends is gone at once; one that is killed is lost.
    cluster.workers[0].process.terminate()
    cluster.workers[0].process.wait(20)
    cluster.workers[1].kill()
    assert "worker-0" not in workers(native)
    processes.wait_until(lambda: workers(native)["worker-1"]["state"] == "lost", 20, "a killed worker is lost")


def test_workers_stand_in_clusters(cluster, command, tmp_path, program, store):
    cluster.start()
    here = ["--server", f"http://{cluster.servers[0].address}"]
    key = {"REELGATE_API_KEY": cluster.credentials["api_key"]}
    status, said = command("cluster", "create", "east", *here, variables=key)
    assert status == 0, said
    status, said = command("cluster", "create", "east", *here, variables=key)
    assert status == 1 and "already" in said
    shared = cluster.folder / "buckets"
    placed = nodes.Node(program, "worker", tmp_path / "placed", store, shared, ["--cluster", "east"]).start()
    try:
        placed.wait_until_ready()
        assert workers(cluster.native(0))["placed"]["cluster"] == "east"
        status, said = command("cluster", "delete", "east", *here, variables=key)
        assert status == 1 and "end them first" in said
    finally:
        placed.process.terminate()
        placed.process.wait(20)
    status, said = command("cluster", "delete", "east", *here, variables=key)
    assert status == 0, said
    assert cluster.native(1).call("GET", "/clusters") == {"clusters": []}


def test_only_operators_see_nodes(cluster):
    cluster.start()
    native = cluster.native(0)
    opened = native.call("POST", "/accounts", json={"name": "guest"})
    guest = harness.Native(nodes.Seen(cluster.servers[1], opened["credentials"]))
    for method, path, options in [("GET", "/workers", {}), ("GET", "/clusters", {}),
                                  ("PATCH", "/workers/worker-0", {"json": {"draining": True}}),
                                  ("POST", "/clusters", {"json": {"name": "x"}}), ("DELETE", "/clusters/x", {})]:
        assert guest.request(method, path, **options).status_code == 403, (method, path)


def test_a_worker_tells_how_it_is(program, tmp_path, cluster, store):
    cluster.start()
    shared = cluster.folder / "buckets"
    told = nodes.Node(program, "worker", tmp_path / "told", store, shared, ["--listen", "127.0.0.1:0"]).start()
    try:
        base = f"http://{told.wait_until_ready()['address']}"
        ask = lambda path: requests.get(base + path, timeout=10)
        assert ask("/livez").text == "ok"
        ready = ask("/readyz")
        assert ready.status_code == 200 and {"store", "claim_loop"} <= {it["name"] for it in ready.json()["checks"]}
        figures = ask("/metrics").text
        assert "reelgate_worker_slots_taken 0" in figures and "# TYPE reelgate_worker_slots gauge" in figures
        assert ask("/api/v1/jobs").status_code == 404
    finally:
        told.kill()


# What one node does, the others see


def test_a_change_of_access_holds_at_other_nodes_at_once(cluster):
    cluster.start()
    first, second = cluster.native(0), cluster.native(1)
    made = first.call("POST", "/keys", json={"kind": "api"})
    seen = {**cluster.credentials, "api_key": made["secret"]}
    guest = harness.Native(nodes.Seen(cluster.servers[1], seen))
    # From here on the second node remembers the key.
    assert guest.request("GET", "/jobs").status_code == 200
    first.request("DELETE", f"/keys/{made['id']}").raise_for_status()
    begun = time.monotonic()
    processes.wait_until(lambda: guest.request("GET", "/jobs").status_code == 401, 5, "a deleted key is refused")
    # Less than the memory of a look-up lasts, which is 10 s.
    assert time.monotonic() - begun < 2
    assert second.request("GET", "/jobs").status_code == 200


def test_a_cancel_reaches_a_job_on_another_node_at_once(cluster, media):
    cluster.start()
    native, other = cluster.native(0), cluster.native(1)
    native.put_object("media", "in.mp4", media / "bbb_720p25_aac51.mp4")
    took = []
    for number in range(5):
        running = submit(native, f"large-{number}", LARGE)
        wait_for(native, running, "running")
        answer = other.call("POST", f"/jobs/{running}/cancel", params={"mode": "now", "wait": "20s"})
        assert (answer["outcome"], answer["from"]) == ("cancelled", "running")
        at = {event["event"]: datetime.datetime.fromisoformat(event["at"]) for event in events_of(native, running)}
        took.append((at["processes_gone"] - at["cancel_accepted"]).total_seconds())
    print(f"processes on another node were gone {[round(it * 1000) for it in took]} ms after a cancel")
    # By a heartbeat it would take seconds.
    assert sorted(took)[len(took) // 2] < 1


# What happens when something ends or stands still


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
        for job in done:
            last = starts_of(native, job["id"])[-1]
            assert last["attempt"] == job["attempt"] > lost[job["id"]]
            assert last["worker"].startswith("spare-")
            assert datetime.datetime.fromisoformat(last["at"]).timestamp() * 1000 >= leases[job["id"]][1]
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
    try:
        cluster.start()
        native, seen = cluster.native(0), cluster.seen(0)
        native.put_object("media", "in.mp4", media / "bbb_720p25_aac51.mp4")
        job = submit(native, "long", LARGE)
        wait_for(native, job, "running")
        server.kill()
        away = time.monotonic()

        def timed(call):
            begun = time.monotonic()
            answer = call()
            assert time.monotonic() - begun < 12
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
        server.start()
        processes.wait_until(lambda: requests.get(f"http://{seen.address}/readyz", timeout=20).status_code == 200,
                             20, "the server is ready again")
        done = wait_for(native, job, "succeeded", seconds=240)
        assert done["attempt"] == 1, events_of(native, job)
        for node in cluster.nodes:
            assert "panicked" not in node.log.read_text("utf-8", "replace")
    finally:
        cluster.stop()
        server.stop()
