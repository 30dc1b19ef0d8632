"""What callers were told, and whether what happened agrees with it."""
import collections
import dataclasses
import threading

FINAL = {"succeeded", "failed", "cancelled"}
MADE_BEFORE, MADE_NOW = IN_DOUBT = ("signed submits repeated, made before", "signed submits repeated, made now")


@dataclasses.dataclass
class Order:
    """A submit: its token goes with the job as user data."""

    token: str
    pipeline: str
    output: str
    job: str = ""
    # It is known to have been made, also without an id.
    is_made: bool = False
    # Nobody cancels it, so it ends by itself.
    spared: bool = False
    # What each answered cancel was told: the outcome, and the state that it met.
    told: list = dataclasses.field(default_factory=list)


class Ledger:
    def __init__(self):
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self.orders = {}
        self.counts = collections.Counter()
        self.broken = []

    def ordered(self, order):
        """Before the call is made."""
        with self._lock:
            self.orders[order.token] = order
            self.counts["submits sent"] += 1

    def accepted(self, order, job):
        with self._lock:
            order.job, order.is_made = job, True
            self.counts["submits answered"] += 1
            self._changed.notify_all()

    def proved(self, order):
        """A submit that was in doubt has been made, as whoever was asked again has said."""
        with self._lock:
            order.is_made = True
            self.counts[MADE_BEFORE] += 1
            self._changed.notify_all()

    def told(self, order, outcome):
        """A cancel was answered: `cancelled`, `stopping`, `refused` with the state it met."""
        with self._lock:
            order.told.append(outcome)
            self.counts[f"cancels: {outcome[0]}"] += 1

    def count(self, what, number=1):
        with self._lock:
            self.counts[what] += number
            self._changed.notify_all()

    def breach(self, what):
        with self._lock:
            self.broken.append(what)
            self._changed.notify_all()

    def wait_for(self, what, number, seconds=120):
        """Until so many have been counted; a breach ends it at once."""
        with self._lock:
            done = self._changed.wait_for(lambda: self.counts[what] >= number or self.broken, seconds)
        assert done, f"not {number} {what} within {seconds} s: {self.counts}"
        assert not self.broken, "\n".join(self.broken)

    def settle(self, jobs, histories, objects):
        """Compares with the jobs that there are, by id, what happened to each, and the objects of the bucket."""
        by_token = collections.defaultdict(list)
        for job in jobs.values():
            by_token[job["user_data"]].append(job)
        tally = collections.Counter(job["state"] for job in jobs.values())
        for token, found in by_token.items():
            if token not in self.orders:
                self.breach(f"job {found[0]['id']} was ordered by nobody")
            elif len(found) > 1:
                self.breach(f"one submit made {len(found)} jobs: {[job['id'] for job in found]}")
        for order in self.orders.values():
            self._settle_order(order, by_token.get(order.token, []), histories, objects)
        winners = {order.output for order in self.orders.values()
                   for job in by_token.get(order.token, []) if job["state"] == "succeeded"}
        if objects.keys() != winners:
            self.breach(f"objects of nobody: {sorted(objects.keys() - winners)}, "
                        f"missing objects: {sorted(winners - objects.keys())}")
        self.counts.update({"jobs": len(jobs), **{f"jobs {state}": n for state, n in tally.items()}})
        # Whoever sent it and gave up does not know.
        unknown = sum(not order.is_made for order in self.orders.values())
        unknown_made = sum(not order.is_made and token in by_token for token, order in self.orders.items())
        self.counts["submits given up in doubt, made"] = unknown_made
        self.counts["submits given up in doubt, not made"] = unknown - unknown_made
        told = self.counts["submits answered"] + self.counts[MADE_BEFORE]
        if len(jobs) != told + unknown_made:
            self.breach(f"{len(jobs)} jobs != {told} whose callers know + {unknown_made} whose callers do not")
        self.counts["attempts"] = sum(job["attempt"] for job in jobs.values())
        self.counts["jobs with more than one attempt"] = sum(job["attempt"] > 1 for job in jobs.values())
        if len(jobs) != sum(tally[state] for state in FINAL):
            self.breach(f"submitted {len(jobs)} != cancelled + finished: {dict(tally)}")

    def _settle_order(self, order, found, histories, objects):
        if order.job and order.job not in [job["id"] for job in found]:
            self.breach(f"job {order.job} was answered and is not there")
        if order.is_made and not found:
            self.breach(f"{order.token} was made and is not there")
        for job in found:
            end, events = job["state"], histories[job["id"]]
            ends = [event["event"] for event in events if event["event"] in FINAL]
            if ends != [end]:
                self.breach(f"job {job['id']} is {end} and its history says {ends}: {events}")
            starts = [event["attempt"] for event in events if event["event"] == "started"]
            if starts != sorted(set(starts)):
                self.breach(f"job {job['id']} started attempts {starts}")
            accepted = [number for number, event in enumerate(events) if event["event"] == "cancel_accepted"]
            late = [event for event in events[accepted[0]:] if event["event"] == "started"] if accepted else []
            if late:
                self.breach(f"job {job['id']} started after its cancel: {events}")
            for outcome, state in order.told:
                if outcome in ("cancelled", "stopping") and end != "cancelled":
                    self.breach(f"a cancel of job {job['id']} was answered {outcome}, and it {end}: {events}")
                # What is being published has won.
                expected = "succeeded" if state == "publishing" else state
                if outcome == "refused" and expected in FINAL and expected != end:
                    self.breach(f"a cancel of job {job['id']} was refused for it was {state}, and it {end}")
            if end == "succeeded":
                [output] = job["outputs"]
                size = sum(file["bytes"] for file in output["files"])
                if objects.get(order.output, {}).get("bytes") != size:
                    self.breach(f"job {job['id']} made {size} bytes and the object is {objects.get(order.output)}")

    def table(self):
        return "\n".join(f"    {what:42} {number}" for what, number in sorted(self.counts.items()))
