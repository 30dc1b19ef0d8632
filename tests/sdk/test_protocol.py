"""The RPC protocol on the wire: where parameters travel, formats, envelopes."""
import json
import urllib.parse

import pytest
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

import harness
import mps
import signing

JOB = "0123456789abcdef0123456789abcdef"
SERVED = {"SubmitJobs", "QueryJobList", "ListJob", "CancelJob", "AddPipeline", "UpdatePipeline",
          "DeletePipeline", "QueryPipelineList", "SearchPipeline", "QueryTemplateList",
          "SearchTemplate", "CreateFpShotDB", "ListFpShotDB", "ImportFpShotJob",
          "ListFpShotImportJob", "SubmitFpShotJob", "QueryFpShotJobList", "SubmitFpFileDeleteJob",
          "QueryFpFileDeleteJobList", "SubmitFpDBDeleteJob", "QueryFpDBDeleteJobList",
          "ListFpShotFiles", "AddTemplate", "UpdateTemplate", "DeleteTemplate",
          "AddWaterMarkTemplate", "UpdateWaterMarkTemplate", "DeleteWaterMarkTemplate",
          "QueryWaterMarkTemplateList", "SearchWaterMarkTemplate", "SubmitSnapshotJob",
          "QuerySnapshotJobList", "SubmitMediaInfoJob", "QueryMediaInfoJobList",
          "SubmitAnalysisJob", "QueryAnalysisJobList"}


@pytest.fixture
def wire(server):
    return signing.Wire(server)


def missing_job(answer):
    """Asserts the JSON answer to a QueryJobList for JOB."""
    assert answer.status == 200, answer
    found = answer.json()
    assert found["JobList"] == {"Job": []} and found["NonExistJobIds"] == {"String": [JOB]}
    assert mps.REQUEST_ID.fullmatch(found["RequestId"])
    assert "Code" not in found


@pytest.mark.parametrize("method, place", [
    ("GET", "query"), ("POST", "query"), ("POST", "form")])
def test_v1_takes_query_and_form(wire, method, place):
    missing_job(wire.v1("QueryJobList", method, place, JobIds=JOB))


def test_v1_parameters_may_be_split_between_query_and_form(wire):
    whole = wire.v1_parameters("QueryJobList", "POST", JobIds=JOB)
    form = {"JobIds": whole.pop("JobIds")}
    missing_job(wire.send("POST", "/?" + signing.canonical(whole),
                          {"Content-Type": "application/x-www-form-urlencoded"},
                          urllib.parse.urlencode(form)))


def test_v1_form_may_name_its_charset(wire):
    form = urllib.parse.urlencode(wire.v1_parameters("QueryJobList", "POST", JobIds=JOB))
    missing_job(wire.send("POST", "/", {
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}, form))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_v3_takes_the_query(wire, method):
    missing_job(wire.v3("QueryJobList", method, query={"JobIds": JOB}))


def test_v3_takes_a_form(wire):
    missing_job(wire.v3("QueryJobList", body=f"JobIds={JOB}".encode(),
                        extra={"content-type": "application/x-www-form-urlencoded"}))


def test_a_common_request_of_the_old_core_works_as_get_and_with_a_body(server):
    client = AcsClient(server.credentials["access_key_id"],
                       server.credentials["access_key_secret"], harness.REGION)
    for place in ("query", "body"):
        request = CommonRequest(domain=server.address, version="2014-06-18",
                                action_name="QueryJobList")
        if place == "query":
            request.add_query_param("JobIds", JOB)
        else:
            request.set_method("POST")
            request.add_body_params("JobIds", JOB)
        answer = json.loads(client.do_action_with_exception(request))
        assert answer["NonExistJobIds"] == {"String": [JOB]}


def test_the_new_sdk_may_sign_with_v1(server, shapes):
    client = harness.MtsClient(harness.Config(
        access_key_id=server.credentials["access_key_id"],
        access_key_secret=server.credentials["access_key_secret"], region_id=harness.REGION,
        endpoint=server.address, protocol="http", signature_algorithm="v2"))
    answer = client.query_job_list(mps.models.QueryJobListRequest(job_ids=JOB)).body
    assert answer.non_exist_job_ids.string == [JOB]


@pytest.mark.parametrize("endpoint", ["a", "b", "c"])
def test_the_old_core_finds_the_server_in_each_documented_way(server, endpoint):
    from aliyunsdkmts.request.v20140618.QueryJobListRequest import QueryJobListRequest
    keys = (server.credentials["access_key_id"], server.credentials["access_key_secret"])
    host, port = server.address.rsplit(":", 1)
    request = QueryJobListRequest()
    request.set_JobIds(JOB)
    if endpoint == "a":
        client = AcsClient(*keys, harness.REGION)
        request.set_endpoint(server.address)
    elif endpoint == "b":
        client = AcsClient(*keys, harness.REGION)
        client.add_endpoint(harness.REGION, "Mts", server.address)
    else:
        client = AcsClient(*keys, harness.REGION, port=int(port))
        request.set_endpoint(host)
    assert JOB in client.do_action_with_exception(request).decode()


@pytest.mark.parametrize("space", ["+", "%20"])
def test_a_plus_and_percent_20_are_both_spaces(wire, space):
    name = mps.unique("a b+c*~é(1)'!")
    parameters = wire.v1_parameters("AddPipeline", "POST", Name=name)
    target = "/?" + signing.canonical(parameters).replace("%20", space)
    answer = wire.send("POST", target)
    assert answer.status == 200, answer
    assert answer.json()["Pipeline"]["Name"] == name


def test_signatures_are_checked_on_decoded_text(wire):
    # Node leaves * ( ) ! as they are in the address.
    name = mps.unique("a*b(c)!d'e~f/g é")
    query = {"Name": name}
    headers = wire.v3_headers("AddPipeline", "POST", query)
    answer = wire.send("POST", "/?Name=" + urllib.parse.quote(name, safe="*()!~"), headers, b"")
    assert answer.status == 200, answer
    assert answer.json()["Pipeline"]["Name"] == name


def test_parameters_that_every_operation_ignores_are_signed_all_the_same(wire):
    missing_job(wire.v1("QueryJobList", JobIds=JOB, OwnerId="1", OwnerAccount="a",
                        ResourceOwnerId="2", ResourceOwnerAccount="b", RegionId="cn-hangzhou",
                        SignatureType=""))


@pytest.mark.parametrize("spelling", ["JSON", "json", "Json"])
def test_json_may_be_spelt_in_any_case(wire, spelling):
    answer = wire.v1("SearchPipeline", Format=spelling)
    assert answer.content_type == "application/json;charset=utf-8"
    assert answer.json()["PageNumber"] == 1


@pytest.mark.parametrize("spelling", ["XML", "xml", None])
def test_v1_answers_xml_by_default_and_on_request(wire, spelling):
    answer = wire.v1("QueryJobList", Format=spelling, JobIds=JOB)
    assert answer.status == 200 and answer.content_type.startswith("application/xml"), answer
    root = answer.xml()
    assert root.tag == "QueryJobListResponse"
    assert mps.REQUEST_ID.fullmatch(root.findtext("RequestId"))
    assert [found.text for found in root.findall("NonExistJobIds/String")] == [JOB]


def test_xml_repeats_an_element_for_each_item_of_a_list(wire, server):
    name = mps.unique("xml <&> ü")
    made = wire.v1("AddPipeline", Name=name).json()["Pipeline"]["Id"]
    default = server.credentials["pipeline_id"]
    root = wire.v1("QueryPipelineList", Format="XML", PipelineIds=f"{default},{made}").xml()
    found = root.findall("PipelineList/Pipeline")
    assert {pipeline.findtext("Id"): pipeline.findtext("Name") for pipeline in found} == {
        default: "default", made: name}
    assert {pipeline.findtext("State") for pipeline in found} == {"Active"}


def test_xml_and_json_of_a_job_say_the_same(wire, one_desk):
    one_desk.pause()
    [job] = one_desk.submit(one_desk.output(UserData="<&> ü"))
    root = wire.v1("QueryJobList", Format="XML", JobIds=job["JobId"]).xml()
    [shown] = root.findall("JobList/Job")
    assert shown.findtext("State") == "Submitted"
    assert shown.findtext("Percent") == "0"
    assert shown.findtext("Output/UserData") == "<&> ü"
    assert shown.findtext("Output/Video/Width") == job["Output"]["Video"]["Width"]


def test_v3_answers_json_unless_asked_for_xml(wire):
    query = {"JobIds": JOB}
    assert wire.v3("QueryJobList", query=query).content_type == "application/json;charset=utf-8"
    for options in ({"query": {**query, "Format": "XML"}},
                    {"query": query, "extra": {"accept": "application/xml"}}):
        answer = wire.v3("QueryJobList", **options)
        assert answer.xml().tag == "QueryJobListResponse", options


def test_every_answer_has_a_request_id_of_its_own(wire):
    seen = [wire.v1("SearchPipeline").json()["RequestId"] for _ in range(3)]
    seen += [wire.v1("CancelJob", JobId=JOB).json()["RequestId"] for _ in range(3)]
    assert len(set(seen)) == 6
    assert all(mps.REQUEST_ID.fullmatch(request) for request in seen)


def test_a_json_error_has_the_envelope(wire):
    answer = wire.v1("CancelJob", JobId=JOB)
    assert answer.status == 404
    assert answer.content_type == "application/json;charset=utf-8"
    found = answer.json()
    assert set(found) >= {"RequestId", "HostId", "Code", "Message"}
    assert set(found) <= {"RequestId", "HostId", "Code", "Message", "Recommend"}
    assert found["Code"] == "InvalidParameter.ResourceNotFound"
    assert found["HostId"] == wire.address.rsplit(":", 1)[0]


def test_an_xml_error_has_the_envelope(wire):
    answer = wire.v1("CancelJob", Format=None, JobId=JOB)
    assert answer.status == 404
    # The new SDKs read an XML error only with exactly this header.
    assert answer.content_type == "text/xml;charset=utf-8"
    root = answer.xml()
    assert root.tag == "Error"
    assert root.findtext("Code") == "InvalidParameter.ResourceNotFound"
    assert root.findtext("Message") == f'The resource operated "{JOB}" cannot be found.'
    assert mps.REQUEST_ID.fullmatch(root.findtext("RequestId")) and root.findtext("HostId")


def test_addresses_of_60_kib_are_taken(wire, one_desk):
    one_desk.pause()
    outputs = [one_desk.output(f"{number}.mp4", UserData="ü" * 300 + str(number))
               for number in range(30)]
    query = {"Input": json.dumps(one_desk.input()), "OutputBucket": one_desk.bucket,
             "Outputs": json.dumps(outputs, ensure_ascii=False), "PipelineId": one_desk.pipeline}
    assert 60 * 1024 < len(signing.canonical(query)) < 64 * 1024 - 512
    parameters = wire.v1_parameters("SubmitJobs", "POST", **query)
    for answer in (wire.v3("SubmitJobs", query=query),
                   wire.send("POST", "/?" + signing.canonical(parameters))):
        assert answer.status == 200, answer
        results = answer.json()["JobResultList"]["JobResult"]
        assert [result["Success"] for result in results] == [True] * 30
        assert results[29]["Job"]["Output"]["UserData"] == "ü" * 300 + "29"


def test_an_endless_address_is_refused_and_the_server_lives(wire):
    try:
        answer = wire.send("GET", "/?Action=" + "x" * (2 * 1024 * 1024))
        assert answer.status in (400, 413, 414, 431)
    except OSError:
        pass  # Closing the connection on it is a refusal too.
    assert wire.v1("SearchPipeline").status == 200


def test_an_endless_form_is_refused_and_the_server_lives(wire):
    try:
        answer = wire.send("POST", "/", {"Content-Type": "application/x-www-form-urlencoded"},
                           b"Action=" + b"x" * (64 * 1024 * 1024))
        assert answer.status in (400, 413)
    except OSError:
        pass
    assert wire.v1("SearchPipeline").status == 200


def test_every_other_operation_is_refused_with_a_reason(wire, shapes):
    operations = set(shapes._operations)
    assert SERVED < operations
    for operation in sorted(operations - SERVED):
        answer = wire.v1(operation, "POST")
        assert 400 <= answer.status < 500, (operation, answer)
        found = answer.json()
        assert found["Code"] and found["Message"] and found["RequestId"], (operation, found)
        assert not found["Code"].startswith(("Missing", "InternalError")), (operation, found)


def test_an_operation_that_is_not_served_is_refused_to_both_sdks(desk):
    refusal = desk.mts.refused("SubmitIProductionJob", FunctionName="Cover", Input="{}",
                               Output="{}")
    assert 400 <= refusal.status < 500 and refusal.code and refusal.message, refusal
    print(f"SubmitIProductionJob: {refusal.status} {refusal.code}: {refusal.message}")
