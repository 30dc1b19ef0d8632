"""Which job starts when: priorities, limits of pipelines, pauses."""
import mps

BRIEF = {"Video": {"Width": "128", "Preset": "veryfast"}, "Clip": {"TimeSpan": {"Duration": "0.3"}}}


def starts(native, ids):
    """The jobs in the order in which they started."""
    jobs = [native.call("GET", f"/jobs/{job_id}") for job_id in ids]
    return [job["id"] for job in sorted(jobs, key=lambda job: job["started_at"])]


def limit(native, pipeline, jobs):
    native.call("PATCH", f"/pipelines/{pipeline}", json={"concurrency": jobs})


def test_higher_priorities_start_first_and_equal_ones_in_order(one_desk, native):
    limit(native, one_desk.pipeline, 1)
    one_desk.pause()
    asked = ["6", "1", "10", "6", "10", None]
    ids = [one_desk.submit(one_desk.output(f"{number}.mp4", Priority=priority, **BRIEF))[0]["JobId"]
           for number, priority in enumerate(asked)]
    one_desk.resume()
    one_desk.wait(*ids)
    wanted = [2, 4, 0, 3, 5, 1]
    assert starts(native, ids) == [ids[number] for number in wanted]


def test_a_limit_of_one_runs_one_job_at_a_time(one_desk, native):
    limit(native, one_desk.pipeline, 1)
    running = one_desk.running_job()
    [waiting] = one_desk.submit(one_desk.output(**BRIEF))
    assert one_desk.state(waiting["JobId"]) == "Submitted"
    assert native.call("GET", f"/pipelines/{one_desk.pipeline}")["running"] == 1
    one_desk.stop(running)
    one_desk.wait(waiting["JobId"], states={"TranscodeSuccess"})


def test_a_pause_lets_what_runs_go_on_and_takes_submits_and_cancels(desk):
    [going] = desk.submit(desk.output("going.mp4", Video={
        "Width": "640", "Preset": "medium", "Bitrate": "300"}))
    desk.wait(going["JobId"], states={"Transcoding"})
    desk.pause()
    first, second = desk.submit(desk.output("1.mp4", **BRIEF), desk.output("2.mp4", **BRIEF))
    desk.mts.call("CancelJob", JobId=first["JobId"])
    [ended] = desk.wait(going["JobId"])
    assert ended["State"] == "TranscodeSuccess"
    states = desk.query(first["JobId"], second["JobId"])
    assert states[first["JobId"]]["State"] == "TranscodeCancelled"
    assert states[second["JobId"]]["State"] == "Submitted"
    desk.resume()
    desk.wait(second["JobId"], states={"TranscodeSuccess"})
    assert desk.keys() == [desk.key("2.mp4"), desk.key("going.mp4")]


def test_a_busy_pipeline_does_not_hold_up_another(one_mts, one_desk, server, media, native):
    # Many jobs wait in one pipeline; a single one in another gets its turn before they are done.
    crowd = [job["JobId"] for job in one_desk.submit(*(
        one_desk.output(f"{number:02}.mp4", Priority=10, Video={"Width": str(200 + 2 * number),
                                                                "Preset": "veryfast"})
        for number in range(12)))]
    lone = native.call("POST", "/pipelines", json={"name": mps.unique("lone")})["id"]
    desk = mps.Desk(one_mts, server, lone, media, native)
    [job] = desk.submit(desk.output(**BRIEF))
    desk.wait(job["JobId"], states={"TranscodeSuccess"})
    left = [state for state in (found["State"] for found in one_desk.query(*crowd).values())
            if state in ("Submitted", "Transcoding")]
    assert left, "the crowd was done first"
