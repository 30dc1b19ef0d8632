"""Which nodes go together: where buckets are, which releases they are of, and what stays of one that dies."""
import json

import harness
import nodes
import processes
from calls import workers


def native_of(server):
    """A client of a server that made the first account."""
    credentials = json.loads((server.data / "credentials.json").read_text("utf-8"))
    return harness.Native(nodes.Seen(server, credentials))


def ended(node):
    """It was asked to, and has."""
    node.process.terminate()
    assert node.process.wait(60) == 0, node.log_tail()


def test_nodes_without_a_directory_in_common_go_together_until_one_has_a_bucket_in_its_own(
        program, command, tmp_path, store):
    alone = nodes.Node(program, "serve", tmp_path / "alone", store, None, ["--slots", "0", "--name", "alone"]).start()
    second = nodes.Node(program, "worker", tmp_path / "second", store, None, ["--name", "second"])
    try:
        alone.wait_until_ready()
        native = native_of(alone)
        # An account came with a directory, so that no other node could ever join.
        assert native.call("GET", "/buckets") == {"buckets": []}
        assert "reelgate bucket create media --s3" in alone.log.read_text("utf-8")
        second.start().wait_until_ready()
        # Before the first has given its next sign of life.
        refused = native.request("POST", "/buckets", json={"name": "films"})
        assert refused.status_code == 409 and "--shared-buckets" in refused.text, refused.text
        ended(second)
        native.call("POST", "/buckets", json={"name": "films"})
        for role in ("serve", "worker"):
            options = ["--listen", "127.0.0.1:0"] if role == "serve" else []
            status, said = command(role, "--data", tmp_path / "third", *options)
            assert status == 1, said
            assert "alone (alone-" in said and "(films)" in said and "S3" in said and "--shared-buckets" in said
        # Whoever was refused is not there.
        assert set(workers(native)) == {"alone"}
        # One that comes back at once is no second one.
        alone.kill()
        alone.start().wait_until_ready()
        assert set(workers(native)) == {"alone"}
    finally:
        for node in (alone, second):
            if node.is_running():
                node.kill()


def test_releases_next_to_each_other_work_side_by_side(program, command, tmp_path, store, postgres):
    server = nodes.Node(program, "serve", tmp_path / "server", store, None, ["--slots", "0", "--name", "server"]).start()
    worker = nodes.Node(program, "worker", tmp_path / "worker", store, None, ["--name", "worker"])
    query = lambda statement: postgres.query(statement, postgres.database)
    try:
        server.wait_until_ready()
        major, minor, *_ = map(int, workers(native_of(server))["server"]["version"].split("."))
        # As if the server were of the next release, which has brought the tables forward.
        query("UPDATE schema SET version = version + 1")
        query(f"UPDATE nodes SET version = '{major}.{minor + 1}.3' WHERE name = 'server'")
        worker.start().wait_until_ready()
        ended(worker)
        query(f"UPDATE nodes SET version = '{major}.{minor + 2}.0' WHERE name = 'server'")
        status, said = command("worker", "--data", tmp_path / "old")
        assert status == 1 and "too old: start this node with the same release" in said, said
        # A step that this release cannot live with.
        query("UPDATE schema SET oldest_reader = version")
        status, said = command("worker", "--data", tmp_path / "old")
        assert status == 1 and "newer release" in said, said
    finally:
        for node in (server, worker):
            if node.is_running():
                node.kill()


def test_a_drained_worker_that_dies_starts_nothing_when_it_is_back(program, tmp_path, store, clip):
    cluster = nodes.Cluster(program, tmp_path, lambda _: store, servers=1, workers=1)
    try:
        cluster.start()
        native, [worker] = cluster.native(0), cluster.workers
        native.put_object("media", "in.mp4", clip)
        native.call("PATCH", "/workers/worker-0", json={"draining": True})
        worker.kill()
        worker.start().wait_until_ready()
        assert workers(native)["worker-0"]["state"] == "draining"
        output = {"object": "oss://media/out.mp4", "preset": "web-240p"}
        job = {"input": "oss://media/in.mp4", "pipeline": "default", "outputs": [output]}
        job = native.call("POST", "/jobs", json=job)["id"]
        # By now its claim loop has gone round.
        ended(worker)
        assert native.call("GET", f"/jobs/{job}")["attempt"] == 0
        # Whoever ends it means it to be as new when it is started again.
        worker.start().wait_until_ready()
        assert workers(native)["worker-0"]["state"] == "live"
        processes.wait_until(lambda: native.call("GET", f"/jobs/{job}")["state"] == "succeeded", 60, "the job is done")
    finally:
        cluster.stop()
