"""Calls of the native API that are sent again with their Idempotency-Key: through plain HTTP, over a way that loses
answers, and after a crash."""
import concurrent.futures
import contextlib
import json
import socket
import subprocess
import threading

import pytest

import harness

JOB = {"input": "oss://media/in.mp4", "outputs": [{"object": "oss://media/out.mp4", "preset": "web-360p"}]}


@pytest.fixture
def running(program, tmp_path):
    """A function that starts a server without slots, so that jobs stay queued; what runs last is stopped."""
    servers = []

    def start():
        servers.append(harness.Server.start(program, tmp_path, slots=0))
        return servers[-1]

    yield start
    servers[-1].stop()


def submit(server, key, body=None):
    headers = {"Idempotency-Key": key}
    return harness.Native(server).request("POST", "/jobs", json=body or JOB, headers=headers)


def jobs(server):
    return [job["id"] for job in harness.Native(server).call("GET", "/jobs")["jobs"]]


class Lossy:
    """A way to a server that hands calls on and loses the first answers that say that something was made."""

    def __init__(self, server, losses):
        host, port = server.address.split(":")
        self._target, self._left = (host, int(port)), losses
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.lost = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                for one, other in [(client, server), (server, client)]:
                    threading.Thread(target=self._hand_on, args=[one, other], daemon=True).start()

    def _hand_on(self, one, other):
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                if data.startswith(b"HTTP/1.1 201 ") and self.lost < self._left:
                    self.lost += 1
                    break
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self._listener.close()


def test_the_same_submission_sixteen_times_at_once_is_one_job(running):
    server = running()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: submit(server, "order-17"), range(16)))
    assert [answer.status_code for answer in answers] == [201] * 16
    assert {answer.json()["id"] for answer in answers} == set(jobs(server)) and len(jobs(server)) == 1
    assert {answer.headers["Location"] for answer in answers} == {f"/api/v1/jobs/{jobs(server)[0]}"}
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    refused = submit(server, "order-17", {**JOB, "priority": 9})
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")


def test_what_was_answered_before_a_crash_is_answered_again_after_it(running):
    server = running()
    made = submit(server, "order-17")
    server.kill()
    server = running()
    again = submit(server, "order-17")
    assert again.json()["id"] == made.json()["id"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert jobs(server) == [made.json()["id"]]


def test_a_crash_under_submissions_leaves_of_each_one_job_or_none(running):
    """Each is sent until it is answered, before the crash or after it."""
    server = running()
    keys = [f"order-{number}" for number in range(64)]
    under_way = threading.Semaphore(0)

    def send(key):
        with contextlib.suppress(OSError):
            answer = submit(server, key)
            under_way.release()
            return answer.json()["id"]
        return None

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        sent = [pool.submit(send, key) for key in keys]
        for _ in range(20):
            under_way.acquire()
        server.process.kill()
        told = [one.result() for one in sent]
    server.kill()
    server = running()
    answers = [submit(server, key) for key in keys]
    assert {answer.status_code for answer in answers} == {201}
    made = [answer.json()["id"] for answer in answers]
    assert all(before in (None, after) for before, after in zip(told, made))
    listed = harness.Native(server).call("GET", "/jobs", params={"limit": 100})["jobs"]
    assert sorted(job["id"] for job in listed) == sorted(made) and len(set(made)) == len(keys)


def test_the_command_line_submits_once_although_answers_are_lost(running, program, tmp_path):
    server = running()
    way = Lossy(server, losses=2)
    command = [program, "submit", "oss://media/in.mp4", "--preset", "web-360p", "-o", "json",
               "--server", f"http://{way.address}"]
    environment = {**harness.clean_environment(), "REELGATE_API_KEY": server.credentials["api_key"]}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    way.close()
    assert done.returncode == 0, done.stderr
    assert way.lost == 2
    assert jobs(server) == [json.loads(done.stdout)["id"]]
