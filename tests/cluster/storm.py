"""Callers that submit, cancel and pause as fast as they are answered, through both APIs, and remember what they were told."""
import http.client
import itertools
import json
import random
import threading
import time

import requests
from Tea.exceptions import UnretryableException
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException

import broken_calls
import harness
import mps
import signing
from ledger import FINAL, MADE_NOW, Order

# Nobody waits longer for an answer: a call in doubt counts as not answered.
CALL_SECONDS = 20
# Whoever insists on an answer gets one within this, whatever fails.
ANSWER_SECONDS = 120
# The longest that no job ends, or a lost one does not start again.
SETTLE_SECONDS = 300
MOST_WAITING = 30
INPUT = "in.mp4"
LOST = (requests.RequestException, http.client.HTTPException, AlibabaCloudException, UnretryableException, OSError)


class Impatient(harness.Native):
    """Gives up on a call sooner than the tests of one server do."""

    def request(self, method, path, **options):
        return self._session.request(method, self._base + path, timeout=CALL_SECONDS, **options)


class Storm:
    def __init__(self, cluster, ledger, seed, pipelines=3, shapes=None):
        self.cluster, self.ledger = cluster, ledger
        self._seed = seed
        self._shapes = shapes or harness.Shapes()
        self._stop, self._threads = threading.Event(), []
        self._tokens = itertools.count()
        self._names = [f"storm-{number}" for number in range(pipelines)]
        self.pipelines = []
        # Submits that may be made until somebody looks again at how many jobs wait.
        self._room = 0

    def prepare(self, clip):
        """Makes the pipelines, each with another limit, and stores the input."""
        native = self.cluster.native(0)
        native.put_object("media", INPUT, clip)
        for number, name in enumerate(self._names):
            limit = {"concurrency": 1} if number == 1 else {}
            made = native.call("POST", "/pipelines", json={"name": name, **limit})
            self.pipelines.append(made["id"])
        return self

    def start(self, submitters=2, vendor_submitters=1, signers=1, cancellers=2, pausers=1):
        kinds = [(self._make_room, 1), (self._submit, submitters), (self._submit_by_sdk, vendor_submitters),
                 (self._submit_signed, signers), (self._cancel, cancellers), (self._pause, pausers)]
        for number, (work, place) in enumerate((work, place) for work, count in kinds for place in range(count)):
            # Two that pause one pipeline could not tell whose pause holds.
            own = self.pipelines[place::pausers]
            thread = threading.Thread(target=self._guarded, args=(work, number, own), daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(2 * ANSWER_SECONDS)
            assert not thread.is_alive(), "a caller hangs"

    def _guarded(self, work, number, pipelines):
        try:
            work(random.Random(f"{self._seed}-{number}"), pipelines)
        except Exception as error:  # It would be lost with the thread.
            self.ledger.breach(f"caller {number} ended by {error!r}")

    def _native(self, number):
        server = self.cluster.seen(number)
        return Impatient(server)

    # Submits

    def _order(self, chance):
        number = next(self._tokens)
        token = f"order-{number}"
        order = Order(token, chance.choice(self.pipelines), f"out/{token}.mp4", spared=number % 3 == 0)
        self.ledger.ordered(order)
        return order

    def _submit(self, chance, pipelines):
        while not self._stop.is_set():
            if not self._has_room():
                continue
            native, order = self._native(chance.randrange(8)), self._order(chance)
            job = {"input": f"oss://media/{INPUT}", "pipeline": order.pipeline, "priority": chance.randint(1, 10),
                   "user_data": order.token,
                   "outputs": [{"object": f"oss://media/{order.output}", "preset": "web-240p"}]}
            try:
                answer = native.request("POST", "/jobs", json=job)
            except LOST:
                self.ledger.count("submits without an answer")
                continue
            if answer.status_code == 201:
                self.ledger.accepted(order, answer.json()["id"])
            elif answer.status_code == 503:
                self.ledger.count("submits answered 503")
            else:
                self.ledger.breach(f"a submit was answered {answer.status_code}: {answer.text}")

    def _submit_by_sdk(self, chance, pipelines):
        while not self._stop.is_set():
            if not self._has_room():
                continue
            which, order = chance.randrange(8), self._order(chance)
            try:
                mts = mps.NewMts(self.cluster.seen(which), self._shapes)
                answer = mts.call("SubmitJobs", **submission(order))
            except LOST as error:
                self._check_refusal("SubmitJobs", error)
                continue
            self._note_submission(order, answer)

    def _note_submission(self, order, answer):
        [result] = answer["JobResultList"]["JobResult"]
        if result["Success"]:
            self.ledger.accepted(order, result["Job"]["JobId"])
        else:
            self.ledger.breach(f"SubmitJobs refused a job: {result}")

    def _submit_signed(self, chance, pipelines):
        """Signs once and sends until there is an answer. The first time the connection breaks, each time at another
        place, so that it is in doubt what has become of the call."""
        for place in itertools.cycle(broken_calls.PLACES):
            while not self._has_room():
                if self._stop.is_set():
                    return
            order = self._order(chance)
            signed = signing.Wire(self.cluster.seen(0)).v1_parameters("SubmitJobs", **submission(order))
            target = "/?" + signing.canonical(signed)
            try:
                status, _ = broken_calls.send(self.cluster.seen(chance.randrange(8)).address, target, place)
                self.ledger.count(f"signed submits broken off {place}")
                # Its answer was on its way.
                order.is_made = status == 200
            except LOST:
                pass  # The server was away before the place was reached.
            self._repeat(order, target, chance)

    def _repeat(self, order, target, chance):
        """The call as it was, to any server, until one says what has become of it."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            try:
                status, answer = broken_calls.send(self.cluster.seen(chance.randrange(8)).address, target)
            except LOST:
                status, answer = 503, None
            if status < 500:
                break
            if time.monotonic() > deadline:
                self.ledger.breach(f"{order.token} got no answer for two minutes: {answer}")
                return
            time.sleep(0.1)
        if status == 200:
            self.ledger.count(MADE_NOW)
            if order.is_made:
                self.ledger.breach(f"{order.token} was made, and once more when it was repeated: {answer}")
            self._note_submission(order, answer)
        elif answer["Code"] == "SignatureNonceUsed":
            self.ledger.proved(order)
        else:
            self.ledger.breach(f"a signed submit was answered {status}: {answer}")

    def _make_room(self, chance, pipelines):
        """Enough may wait to keep all workers busy; more would only make the end late. While nobody answers, a few
        calls are made all the same."""
        while not self._stop.wait(0.2):
            try:
                native = self._native(chance.randrange(8))
                waiting = sum(native.call("GET", f"/pipelines/{one}")["queued"] for one in self.pipelines)
                self._room = MOST_WAITING - waiting
            except (*LOST, AssertionError):
                self._room = max(self._room, 3)

    def _has_room(self):
        if self._room <= 0:
            self._stop.wait(0.05)
            return False
        self._room -= 1
        return True

    def _check_refusal(self, what, error):
        status = getattr(error, "status_code", None)
        if isinstance(error, AlibabaCloudException) and isinstance(status, int) and status < 500:
            self.ledger.breach(f"{what} was refused: {error}")
        self.ledger.count(f"{what} failed or without an answer")

    # Cancels

    def _cancel(self, chance, pipelines):
        while not self._stop.wait(chance.uniform(0.02, 0.2)):
            order = self._victim(chance)
            if order is None:
                continue
            if chance.random() < 0.25:
                self._cancel_by_sdk(order, chance)
                continue
            options = chance.choice([{}, {"mode": "now"}, {"only": "queued"}])
            try:
                answer = self._native(chance.randrange(8)).request("POST", f"/jobs/{order.job}/cancel", json=options)
            except LOST:
                self.ledger.count("cancels without an answer")
                continue
            if answer.ok:
                told = answer.json()
                self.ledger.told(order, (told["outcome"], told["from"]))
            elif answer.status_code == 409:
                self.ledger.told(order, ("refused", answer.json().get("state")))
            elif answer.status_code == 503:
                self.ledger.count("cancels answered 503")
            else:
                self.ledger.breach(f"a cancel of {order.job} was answered {answer.status_code}: {answer.text}")

    def _victim(self, chance):
        """One of the newest jobs, which mostly wait, or one that runs."""
        may = lambda order: order and order.job and not order.spared
        orders = list(filter(may, list(self.ledger.orders.values())[-60:]))
        if chance.random() < 0.3:
            try:
                running = self._native(chance.randrange(8)).call("GET", "/jobs", params={"state": "running"})["jobs"]
            except (*LOST, AssertionError):
                return None
            orders = list(filter(may, (self.ledger.orders.get(job["user_data"]) for job in running)))
        return chance.choice(orders) if orders else None

    def _cancel_by_sdk(self, order, chance):
        try:
            mps.NewMts(self.cluster.seen(chance.randrange(8)), self._shapes).call("CancelJob", JobId=order.job)
        except AlibabaCloudException as error:
            is_decided = isinstance(error.status_code, int) and error.status_code < 500
            self.ledger.count("CancelJob refused" if is_decided else "CancelJob failed or without an answer")
        except LOST:
            self.ledger.count("CancelJob failed or without an answer")
        else:
            self.ledger.told(order, ("cancelled", "queued"))

    # Pauses

    def _pause(self, chance, pipelines):
        while not self._stop.wait(chance.uniform(0.1, 1)):
            pipeline = chance.choice(pipelines)
            if not self._set(pipeline, "paused", chance):
                break
            before = self._attempts(pipeline, chance)
            self._stop.wait(chance.uniform(0.5, 2.5))
            after = self._attempts(pipeline, chance)
            started = {job for job, attempt in after.items() if attempt > before.get(job, 0)}
            if started:
                self.ledger.breach(f"started while {pipeline} was paused: {sorted(started)}")
            self.ledger.count("pauses held")
            self._set(pipeline, "active", chance)

    def _set(self, pipeline, state, chance):
        """Asks until it is answered."""
        answered = self._insist(lambda native: native.call("PATCH", f"/pipelines/{pipeline}", json={"state": state}),
                                chance)
        return answered["state"] == state

    def _attempts(self, pipeline, chance):
        """How often each job of the pipeline has started."""
        return {job["id"]: job["attempt"] for job in self._insist(lambda native: listed(native, pipeline), chance)}

    def _insist(self, call, chance):
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            try:
                return call(self._native(chance.randrange(8)))
            except (*LOST, AssertionError) as error:
                assert time.monotonic() < deadline, f"no answer for two minutes: {error}"
                time.sleep(0.1)

    # Jobs that are followed

    def running_spared(self):
        """Jobs that run and nobody cancels, each with the attempt and the worker that has it."""
        native = self.cluster.native(0)
        for job in native.call("GET", "/jobs", params={"state": "running", "limit": 100})["jobs"]:
            order = self.ledger.orders.get(job["user_data"])
            started = starts(native, job["id"])
            if order and order.spared and started:
                yield job["id"], started[-1]["attempt"], started[-1]["worker"]

    def is_running(self, job, attempt):
        found = self.cluster.native(0).call("GET", f"/jobs/{job}")
        return found["state"] == "running" and found["attempt"] == attempt

    def is_started_again(self, job, attempt, chance):
        """Waits until a later attempt has started; false if the job ended without one."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            found = self._insist(lambda native: native.call("GET", f"/jobs/{job}"), chance)
            if found["attempt"] > attempt:
                return True
            if found["state"] in FINAL:
                return False
            assert time.monotonic() < deadline, f"the job of a lost worker does not start again: {found}"
            time.sleep(0.2)

    # The end

    def settle(self):
        """Waits until every job has ended, and compares what is there with what was told."""
        native, chance = Impatient(self.cluster.seen(0)), random.Random(self._seed)
        for pipeline in self.pipelines:
            self._set(pipeline, "active", chance)
        deadline, left = 0, None
        while True:
            jobs = {job["id"]: job for pipeline in self.pipelines for job in listed(native, pipeline)}
            open_jobs = [job for job in jobs.values() if job["state"] not in FINAL]
            if not open_jobs:
                break
            if left != len(open_jobs):
                # One has ended: where little is left of a processor, each takes its minute.
                deadline, left = time.monotonic() + SETTLE_SECONDS, len(open_jobs)
            assert time.monotonic() < deadline, f"{len(open_jobs)} jobs do not end: {open_jobs[:3]}"
            time.sleep(0.2)
        histories = {job: native.call("GET", f"/jobs/{job}/history")["events"] for job in jobs}
        objects, after = {}, ""
        while after is not None:
            page = native.call("GET", "/buckets/media/objects", params={"prefix": "out/", "after": after, "limit": 1000})
            objects.update({one["key"]: one for one in page["objects"]})
            after = page["next_after"]
        self.ledger.settle(jobs, histories, objects)
        for pipeline in self.pipelines:
            found = native.call("GET", f"/pipelines/{pipeline}")
            if found["queued"] or found["running"]:
                self.ledger.breach(f"nothing waits or runs and the pipeline counts {found}")


def submission(order):
    """The parameters of SubmitJobs."""
    outputs = [{"OutputObject": order.output, "TemplateId": mps.MP4_LD, "UserData": order.token}]
    source = {"Bucket": "media", "Location": mps.LOCATION, "Object": INPUT}
    return {"Input": json.dumps(source), "OutputBucket": "media", "Outputs": json.dumps(outputs),
            "OutputLocation": mps.LOCATION, "PipelineId": order.pipeline}


def starts(native, job):
    """The events by which its attempts started."""
    events = native.call("GET", f"/jobs/{job}/history")["events"]
    return [event for event in events if event["event"] == "started"]


def listed(native, pipeline):
    """Every job of a pipeline."""
    jobs, cursor = [], None
    while True:
        page = native.call("GET", "/jobs", params={"pipeline": pipeline, "limit": 100, "cursor": cursor})
        jobs += page["jobs"]
        cursor = page["next_cursor"]
        if cursor is None:
            return jobs
