"""Calls that several tests of this folder make."""
import processes

# A few seconds of a clip, made this way, keep a processor busy for some seconds, and for some more.
MEDIUM = {"video": {"width": 1280, "preset": "medium"}}
LARGE = {"video": {"width": 1920, "preset": "slower"}, "stall_seconds": 900}


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
