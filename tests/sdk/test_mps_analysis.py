"""Template analysis of product Mts, through both SDK generations."""
import json
import time

import mps

CLIP = "bbb_720p25_aac51.mp4"
UNKNOWN = "0123456789abcdef0123456789abcdef"


def submit(desk, clip=CLIP, config=None, **more):
    more.update({"AnalysisConfig": json.dumps(config)} if config else {})
    return desk.mts.call("SubmitAnalysisJob", Input=json.dumps(desk.input(clip)),
                         PipelineId=desk.pipeline, **more)["AnalysisJob"]


def ended(desk, job):
    deadline = time.monotonic() + mps.WAIT_SECONDS
    while job["State"] not in {"Success", "Fail"}:
        assert time.monotonic() < deadline, job
        time.sleep(mps.POLL_SECONDS)
        answer = desk.mts.call("QueryAnalysisJobList", AnalysisJobIds=job["Id"])
        [job] = answer["AnalysisJobList"]["AnalysisJob"]
    return job


def presets(job):
    assert job["State"] == "Success", job
    return [template["Id"] for template in job["TemplateList"]["Template"]]


def test_an_analysis_recommends_presets_that_jobs_take(desk):
    desk.pause()
    made = submit(desk, UserData="mine", Priority="3")
    assert (made["State"], made["Percent"], made["Priority"]) == ("Submitted", 0, "3")
    assert made["InputFile"]["Bucket"] == desk.bucket and made["UserData"] == "mine"
    desk.resume()
    answer = desk.mts.call("QueryAnalysisJobList", AnalysisJobIds=f"{made['Id']},{UNKNOWN}")
    assert answer["NonExistAnalysisJobIds"] == {"String": [UNKNOWN]}
    found = presets(ended(desk, made))
    # The clip has 1280 pixels: nothing is recommended that would enlarge it.
    assert {one[-2:] for one in found if one.startswith("S00000001-")} <= {"30", "20", "10", "50"}
    assert {one[-2:] for one in found if one.startswith("S00000002-")} <= {"40", "30", "20"}
    assert {one[10:14] for one in found} == {"0000", "1000", "2000"}
    narrowest = next(one for one in reversed(found) if one[10:14] == "2000")
    desk.transcode(desk.output(template=narrowest, Clip=mps.BRIEF))


def test_a_better_quality_needs_higher_rates(desk):
    local = {"MethodStreaming": "local"}

    def found(quality):
        config = {"QualityControl": {**local, "RateQuality": quality}}
        return presets(ended(desk, submit(desk, config=config)))

    # Nothing has the rate for what is almost lossless: the narrowest comes closest.
    assert found("4") == ["S00000001-200050"]
    # At a coarse quality narrowband is enough everywhere but where there is none.
    assert found("45") == ["S00000002-200040", "S00000002-200030", "S00000002-200020",
                           "S00000001-200050"]


def test_what_has_no_picture_fails_with_its_reason(one_desk):
    job = ended(one_desk, submit(one_desk, clip="speech_libri_5703.ogg"))
    assert job["State"] == "Fail" and job["Code"] and job["Message"], job
    assert not (job.get("TemplateList") or {}).get("Template")


def test_what_cannot_be_done_is_refused_by_name(one_desk):
    config = {"PropertiesControl": {"Deinterlace": "Force"}}
    refusal = one_desk.mts.refuses(
        400, "InvalidParameter.NotSupported", None, "SubmitAnalysisJob",
        Input=json.dumps(one_desk.input()), PipelineId=one_desk.pipeline,
        AnalysisConfig=json.dumps(config))
    assert '"AnalysisConfig.PropertiesControl.Deinterlace"' in refusal.message
