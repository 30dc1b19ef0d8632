"""Servers and workers on one PostgreSQL: who may join, who is told what, who drains."""
import datetime
import json
import time

import requests

import harness
import nodes
import processes
from calls import LARGE, events_of, job_of, submit, wait_for, workers

# Signs of life of nodes are this far apart.
BEAT_SECONDS = 5


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
        assert worker["slots"] == (0 if serves else 1)
        kinds = ["transcode", "ingest", "snapshot", "media_info", "remux", "fingerprint"]
        assert worker["kinds"] == ([] if serves else kinds)
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
    processes.wait_until(lambda: guest.request("GET", "/jobs").status_code == 401, 60, "a deleted key is refused")
    # The memory of a look-up lasts 10 s.
    assert time.monotonic() - begun < 8
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
    # By a heartbeat most would take seconds.
    assert sorted(took)[len(took) // 2] < 2
