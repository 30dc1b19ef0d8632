"""Pipelines: add, update, query, search, delete."""
import json

import pytest

import mps

UNKNOWN = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def added(mts):
    """A pipeline made by AddPipeline."""
    return mts.call("AddPipeline", Name=mps.unique("added"))["Pipeline"]


def queried(mts, *ids):
    return mts.call("QueryPipelineList", PipelineIds=",".join(ids))


def searched(mts, **parameters):
    """All pipelines, page by page."""
    found, number = [], 1
    while True:
        page = mts.call("SearchPipeline", PageNumber=number, PageSize=100, **parameters)
        found += page["PipelineList"]["Pipeline"]
        if number * 100 >= page["TotalCount"]:
            return found
        number += 1


def test_an_added_pipeline_is_active_and_standard(added):
    assert len(added["Id"]) == 32 and added["Id"] == added["Id"].lower()
    int(added["Id"], 16)
    assert added["Name"].startswith("added-")
    assert (added["State"], added["Speed"]) == ("Active", "Standard")
    assert isinstance(added.get("SpeedLevel", 1), int)
    assert isinstance(added.get("QuotaAllocate", 1), int)


def test_an_added_pipeline_is_queried_and_searched(mts, added):
    [found] = queried(mts, added["Id"])["PipelineList"]["Pipeline"]
    for field in ("Id", "Name", "State", "Speed"):
        assert found[field] == added[field]
    [found] = [pipeline for pipeline in searched(mts) if pipeline["Id"] == added["Id"]]
    assert mps.TIME.fullmatch(found["CreationTime"])


def test_the_default_pipeline_exists(mts, server):
    [found] = queried(mts, server.credentials["pipeline_id"])["PipelineList"]["Pipeline"]
    assert (found["Name"], found["State"]) == ("default", "Active")


def test_update_renames_pauses_and_resumes(mts, added):
    name = mps.unique("renamed ü")
    call = {"PipelineId": added["Id"], "Name": name}
    updated = mts.call("UpdatePipeline", State="Paused", **call)["Pipeline"]
    assert (updated["Id"], updated["Name"], updated["State"]) == (added["Id"], name, "Paused")
    [found] = queried(mts, added["Id"])["PipelineList"]["Pipeline"]
    assert (found["Name"], found["State"]) == (name, "Paused")
    updated = mts.call("UpdatePipeline", State="Active", **call)["Pipeline"]
    assert updated["State"] == "Active"


def test_pausing_twice_is_fine(mts, added):
    for _ in range(2):
        answer = mts.call("UpdatePipeline", PipelineId=added["Id"], Name=added["Name"],
                          State="Paused")
        assert answer["Pipeline"]["State"] == "Paused"


def test_the_native_api_sees_the_same_pipeline(mts, native, added):
    mts.call("UpdatePipeline", PipelineId=added["Id"], Name=added["Name"], State="Paused")
    assert native.call("GET", f"/pipelines/{added['Id']}")["state"] == "paused"
    native.call("PATCH", f"/pipelines/{added['Id']}", json={"state": "active"})
    [found] = queried(mts, added["Id"])["PipelineList"]["Pipeline"]
    assert found["State"] == "Active"


def test_missing_pipelines_are_listed_apart(mts, added):
    other = UNKNOWN[::-1]
    answer = queried(mts, UNKNOWN, added["Id"], other)
    assert [pipeline["Id"] for pipeline in answer["PipelineList"]["Pipeline"]] == [added["Id"]]
    assert sorted(answer["NonExistPids"]["String"]) == sorted([UNKNOWN, other])


def test_non_exist_pids_is_left_out_when_nothing_is_missing(mts, added):
    assert "NonExistPids" not in queried(mts, added["Id"])


def test_ten_ids_may_be_queried_and_no_more(mts):
    ids = [f"{number:032x}" for number in range(11)]
    assert len(queried(mts, *ids[:10])["NonExistPids"]["String"]) == 10
    refusal = mts.refused("QueryPipelineList", PipelineIds=",".join(ids))
    assert refusal.status == 400 and refusal.code.startswith("InvalidParameter"), refusal
    assert "PipelineIds" in refusal.message


@pytest.mark.parametrize("ids", ["default", f"{UNKNOWN},x", UNKNOWN.upper()])
def test_an_id_of_another_form_is_no_uuid(mts, ids):
    refusal = mts.refuses(400, "InvalidParameter.UUIDFormatInvalid", None,
                          "QueryPipelineList", PipelineIds=ids)
    assert "PipelineIds" in refusal.message


def test_pipeline_ids_are_mandatory(mts):
    mts.refuses(400, "MissingPipelineIds", "PipelineIds is mandatory for this action.",
                "QueryPipelineList")


@pytest.mark.parametrize("operation, parameters, absent", [
    ("AddPipeline", {}, "Name"),
    ("UpdatePipeline", {"Name": "x", "State": "Active"}, "PipelineId"),
    ("UpdatePipeline", {"PipelineId": UNKNOWN, "State": "Active"}, "Name"),
    ("UpdatePipeline", {"PipelineId": UNKNOWN, "Name": "x"}, "State"),
    ("DeletePipeline", {}, "PipelineId"),
], ids=str)
def test_mandatory_parameters(mts, operation, parameters, absent):
    mts.refuses(400, f"Missing{absent}", f"{absent} is mandatory for this action.",
                operation, **parameters)


@pytest.mark.parametrize("name", ["x" * 128, "门" * 42, "Straße 7 (b)", "0-9_a"])
def test_names_have_up_to_128_bytes(mts, name):
    made = mts.call("AddPipeline", Name=name)["Pipeline"]
    assert made["Name"] == name
    mts.call("DeletePipeline", PipelineId=made["Id"])


@pytest.mark.parametrize("name", ["", "x" * 129, "门" * 43])
def test_empty_and_long_names_are_refused(mts, added, name):
    for operation, parameters in (
            ("AddPipeline", {}),
            ("UpdatePipeline", {"PipelineId": added["Id"], "State": "Active"})):
        refusal = mts.refused(operation, Name=name, **parameters)
        assert refusal.status == 400 and refusal.code.startswith("InvalidParameter"), refusal
        assert '"Name"' in refusal.message, refusal


@pytest.mark.parametrize("name", ["-x", "_x", " x", "#x", "!", "@x"])
def test_an_updated_name_must_not_start_with_a_special_character(mts, added, name):
    refusal = mts.refused("UpdatePipeline", PipelineId=added["Id"], Name=name, State="Active")
    assert refusal.status == 400 and refusal.code.startswith("InvalidParameter"), refusal
    assert '"Name"' in refusal.message, refusal


@pytest.mark.parametrize("state", ["", "active", "Stopped", "Deleted"])
def test_an_unknown_state_is_refused(mts, added, state):
    refusal = mts.refused("UpdatePipeline", PipelineId=added["Id"], Name=added["Name"], State=state)
    assert refusal.status == 400 and refusal.code.startswith("InvalidParameter"), refusal
    assert '"State"' in refusal.message, refusal


def test_an_unknown_pipeline_is_not_found(mts):
    message = f'The resource operated "{UNKNOWN}" cannot be found.'
    mts.refuses(404, "InvalidParameter.ResourceNotFound", message, "UpdatePipeline",
                PipelineId=UNKNOWN, Name="x", State="Active")
    mts.refuses(404, "InvalidParameter.ResourceNotFound", message, "DeletePipeline",
                PipelineId=UNKNOWN)


def test_an_unknown_pipeline_takes_no_jobs(desk):
    desk.mts.refuses(404, "InvalidParameter.ResourceNotFound",
                     f'The resource operated "{UNKNOWN}" cannot be found.', "SubmitJobs",
                     Input=json.dumps(desk.input()), OutputBucket=desk.bucket, PipelineId=UNKNOWN,
                     Outputs=json.dumps([desk.output()]))


def test_a_deleted_pipeline_is_gone(mts, added):
    answer = mts.call("DeletePipeline", PipelineId=added["Id"])
    assert set(answer) == {"RequestId", "PipelineId"} and answer["PipelineId"] == added["Id"]
    assert queried(mts, added["Id"])["NonExistPids"]["String"] == [added["Id"]]
    assert added["Id"] not in {pipeline["Id"] for pipeline in searched(mts)}
    mts.refuses(404, "InvalidParameter.ResourceNotFound", None, "DeletePipeline",
                PipelineId=added["Id"])


def test_a_pipeline_with_queued_jobs_is_not_deleted(desk):
    desk.pause()
    [job] = desk.submit(desk.output())
    refusal = desk.mts.refused("DeletePipeline", PipelineId=desk.pipeline)
    assert refusal.status == 403 and refusal.code.startswith("PermissionDenied"), refusal
    assert desk.state(job["JobId"]) == "Submitted"
    desk.mts.call("CancelJob", JobId=job["JobId"])
    desk.mts.call("DeletePipeline", PipelineId=desk.pipeline)


def test_a_pipeline_with_a_running_job_is_not_deleted(one_desk):
    running = one_desk.running_job()
    refusal = one_desk.mts.refused("DeletePipeline", PipelineId=one_desk.pipeline)
    assert refusal.status == 403 and refusal.code.startswith("PermissionDenied"), refusal
    one_desk.stop(running)


def test_a_deleted_pipelines_jobs_can_still_be_read(one_desk):
    [job] = one_desk.transcode(one_desk.output(Clip={"TimeSpan": {"Duration": "0.5"}}))
    one_desk.mts.call("DeletePipeline", PipelineId=one_desk.pipeline)
    read = one_desk.query(job["JobId"])[job["JobId"]]
    assert (read["State"], read["PipelineId"]) == ("TranscodeSuccess", one_desk.pipeline)


def test_search_filters_by_state(mts, added):
    mts.call("UpdatePipeline", PipelineId=added["Id"], Name=added["Name"], State="Paused")
    for state, seen in (("Paused", True), ("Active", False), ("All", True), (None, True)):
        parameters = {} if state is None else {"State": state}
        found = searched(mts, **parameters)
        assert (added["Id"] in {pipeline["Id"] for pipeline in found}) is seen, state
        if state in ("Paused", "Active"):
            assert {pipeline["State"] for pipeline in found} == {state}


def test_search_pages_without_gap_or_repeat(mts):
    for _ in range(3):
        mts.call("AddPipeline", Name=mps.unique("page"))
    whole = [pipeline["Id"] for pipeline in searched(mts)]
    assert len(set(whole)) == len(whole) >= 4
    pages, number = [], 1
    while len(pages) < len(whole):
        page = mts.call("SearchPipeline", PageNumber=number, PageSize=2)
        assert (page["PageNumber"], page["PageSize"], page["TotalCount"]) == (number, 2, len(whole))
        assert 1 <= len(page["PipelineList"]["Pipeline"]) <= 2
        pages += [pipeline["Id"] for pipeline in page["PipelineList"]["Pipeline"]]
        number += 1
    assert pages == whole
    beyond = mts.call("SearchPipeline", PageNumber=number, PageSize=2)
    assert beyond["PipelineList"]["Pipeline"] == [] and beyond["TotalCount"] == len(whole)


def test_search_has_pages_of_ten_by_default(mts):
    answer = mts.call("SearchPipeline")
    assert (answer["PageNumber"], answer["PageSize"]) == (1, 10)
    assert len(answer["PipelineList"]["Pipeline"]) <= 10


@pytest.mark.parametrize("parameters, name", [
    ({"PageNumber": 0}, "PageNumber"), ({"PageNumber": -1}, "PageNumber"),
    ({"PageSize": 0}, "PageSize"), ({"PageSize": 101}, "PageSize"), ({"State": "Gone"}, "State"),
], ids=str)
def test_search_refuses_bad_parameters(mts, parameters, name):
    refusal = mts.refused("SearchPipeline", **parameters)
    assert refusal.status == 400 and name in refusal.message, refusal
    assert refusal.code.startswith("InvalidParameter") or refusal.code == f"Invalid{name}", refusal


@pytest.mark.parametrize("speed", ["Standard", "Boost", "NarrowBandHDV2", "AIVideoCover",
                                   "AIVideoTag"])
def test_a_documented_speed_is_kept_or_refused_by_name(mts, speed):
    # Nothing weaker may stand in for it under the same name.
    try:
        made = mts.call("AddPipeline", Name=mps.unique("speed"), Speed=speed)["Pipeline"]
    except Exception:
        assert speed != "Standard"
        refusal = mts.refused("AddPipeline", Name=mps.unique("speed"), Speed=speed)
        assert (refusal.status, refusal.code) == (400, "InvalidParameter.NotSupported"), refusal
        assert "Speed" in refusal.message
    else:
        assert made["Speed"] == speed


def test_an_unknown_speed_is_refused(mts):
    refusal = mts.refused("AddPipeline", Name=mps.unique("speed"), Speed="Warp")
    assert refusal.status == 400 and refusal.code.startswith("InvalidParameter"), refusal
    assert '"Speed"' in refusal.message


@pytest.mark.parametrize("level", [0, 4])
def test_a_speed_level_out_of_range_is_refused(mts, level):
    refusal = mts.refused("AddPipeline", Name=mps.unique("speed"), SpeedLevel=level)
    assert refusal.status == 400 and "SpeedLevel" in refusal.message, refusal


def test_a_refused_update_changes_nothing(mts, added):
    mts.refused("UpdatePipeline", PipelineId=added["Id"], Name="-x", State="Paused")
    [found] = queried(mts, added["Id"])["PipelineList"]["Pipeline"]
    assert (found["Name"], found["State"]) == (added["Name"], "Active")


def test_notifications_are_kept_or_refused_by_name(mts):
    config = {"Topic": "done"}
    try:
        made = mts.call("AddPipeline", Name=mps.unique("notify"),
                        NotifyConfig=json.dumps(config))["Pipeline"]
    except Exception:
        refusal = mts.refused("AddPipeline", Name=mps.unique("notify"),
                              NotifyConfig=json.dumps(config))
        assert refusal.status == 400 and "NotifyConfig" in refusal.message, refusal
    else:
        assert made["NotifyConfig"]["Topic"] == "done"


def test_a_notify_config_that_is_no_json_is_refused(mts):
    refusal = mts.refused("AddPipeline", Name=mps.unique("notify"), NotifyConfig="{Topic}")
    assert refusal.status == 400 and "NotifyConfig" in refusal.message, refusal
