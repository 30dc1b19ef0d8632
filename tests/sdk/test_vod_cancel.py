"""CancelUrlUploadJobs through both SDK generations: pending uploads by id and by address, and nothing else."""
import json
import urllib.parse
import xml.etree.ElementTree as xml

import pytest

import harness
import mps
import vod


@pytest.fixture(scope="module")
def idle(program, tmp_path_factory):
    """A server that runs no job: what is submitted stays pending."""
    running = harness.Server.start(program, tmp_path_factory.mktemp("idle"), slots=0)
    harness.lift_limits(running)
    yield running
    running.stop()


@pytest.fixture(params=sorted(vod.GENERATIONS))
def client(request, idle):
    return vod.GENERATIONS[request.param](idle)


def encoded(*urls):
    return ",".join(urllib.parse.quote(url, safe="") for url in urls)


def address(stem):
    return f"https://example.com/a b/{mps.unique(stem)}.mp4?Signature=a+b%2Fc,d".replace(" ", "%20")


def submitted(client, *urls):
    answer = client.call("UploadMediaByURL", UploadURLs=encoded(*urls))
    assert [job["SourceURL"] for job in answer["UploadJobs"]] == list(urls)
    return [job["JobId"] for job in answer["UploadJobs"]]


def status(client, job):
    info, = client.call("GetURLUploadInfos", JobIds=job)["URLUploadInfoList"]
    return info["Status"], info.get("ErrorCode")


def test_ids_are_cancelled_once_and_unknown_ones_named(client):
    one, two = submitted(client, address("a"), address("b"))
    answer = client.call("CancelUrlUploadJobs", JobIds=f"{one},{vod.UNKNOWN},nonsense,{one}")
    assert answer["CanceledJobs"] == [one]
    assert answer["NonExists"] == [vod.UNKNOWN, "nonsense"]
    assert status(client, one) == ("UPLOAD_FAIL", "Cancelled")
    assert status(client, two) == ("PENDING", None)
    again = client.call("CancelUrlUploadJobs", JobIds=one)
    assert (again["CanceledJobs"], again["NonExists"]) == ([], [])


def test_every_pending_upload_of_an_address_is_cancelled(client):
    url, other, unknown = address("a"), address("b"), address("none")
    one, two, three = submitted(client, url, url, other)
    answer = client.call("CancelUrlUploadJobs", UploadUrls=encoded(url, unknown, url))
    assert sorted(answer["CanceledJobs"]) == sorted([one, two])
    assert answer["NonExists"] == [unknown]
    answer = client.call("CancelUrlUploadJobs", UploadUrls=other.split(",")[0])
    assert answer["CanceledJobs"] == [], "a plain comma separates"
    assert status(client, three) == ("PENDING", None)


def test_ids_win_over_addresses(client):
    url = address("a")
    job, = submitted(client, url)
    answer = client.call("CancelUrlUploadJobs", JobIds=vod.UNKNOWN, UploadUrls=encoded(url))
    assert (answer["CanceledJobs"], answer["NonExists"]) == ([], [vod.UNKNOWN])
    assert status(client, job) == ("PENDING", None)


@pytest.mark.parametrize("parameters, code", [
    ({}, "MissingParameter"),
    ({"JobIds": "", "UploadUrls": ""}, "MissingParameter"),
    ({"JobIds": ",".join([vod.UNKNOWN] * 11)}, "InvalidParameter.JobIds"),
    ({"UploadUrls": ",".join(["http://h/a"] * 11)}, "InvalidParameter.UploadUrls"),
    ({"UploadUrls": "http%3A%2F%2Fh%2Fa%zz"}, "InvalidParameter.UploadUrls"),
])
def test_bad_calls_are_refused(client, parameters, code):
    client.refuses(400, code, None, "CancelUrlUploadJobs", **parameters)


def test_ten_ids_at_once_and_xml_has_an_element_for_each(idle):
    client = vod.OldVod(idle)
    jobs = submitted(client, *[address("x") for _ in range(8)])
    named = ",".join([*jobs, "x", "y"])
    root = xml.fromstring(client.raw("CancelUrlUploadJobs", form="xml", JobIds=named))
    assert root.tag == "CancelUrlUploadJobsResponse"
    assert [it.text for it in root.findall("CanceledJobs")] == jobs
    assert [it.text for it in root.findall("NonExists")] == ["x", "y"]
    one = xml.fromstring(client.raw("CancelUrlUploadJobs", form="xml", JobIds="z"))
    assert one.findall("CanceledJobs") == []


def test_what_waits_in_a_paused_pipeline_is_cancelled_and_never_runs(program, tmp_path, media):
    """Nothing may start after a cancel that answered, whatever becomes of the pipeline."""
    with vod.web(media) as web:
        options = ["--allow-private-network", "127.0.0.1"]
        server = harness.Server.start(program, tmp_path, options=options)
        try:
            native, client = harness.Native(server), vod.NewVod(server)
            default, = [it for it in native.call("GET", "/pipelines")["pipelines"] if it["name"] == "default"]
            native.call("PATCH", f"/pipelines/{default['id']}", json={"state": "paused"})
            url = f"{web}/bbb_720p25_aac51.mp4"
            one, two = submitted(client, url, url)
            assert client.call("CancelUrlUploadJobs", JobIds=one)["CanceledJobs"] == [one]
            native.call("PATCH", f"/pipelines/{default['id']}", json={"state": "active"})
            assert vod.uploaded(client, two)["Status"] == "SUCCESS"
            # What has ended is in neither list.
            ended = client.call("CancelUrlUploadJobs", UploadUrls=encoded(url))
            assert (ended["CanceledJobs"], ended["NonExists"]) == ([], [])
            assert status(client, one) == ("UPLOAD_FAIL", "Cancelled")
        finally:
            server.stop()


def test_the_twins_of_the_other_product_answer_media_ids(idle):
    from alibabacloud_ice20201109 import models
    from alibabacloud_ice20201109.client import Client
    from alibabacloud_tea_openapi.utils_models import Config
    client = Client(Config(access_key_id=idle.credentials["access_key_id"],
                           access_key_secret=idle.credentials["access_key_secret"],
                           region_id="cn-shanghai", endpoint=idle.address, protocol="http"))
    url = address("ice")
    answer = client.upload_media_by_url(models.UploadMediaByURLRequest(
        upload_urls=encoded(url), media_meta_data=json.dumps([{"SourceURL": url, "Title": "A film"}])))
    job, = answer.body.upload_jobs
    assert job.media_id and job.media_id != job.job_id
    infos = client.get_url_upload_infos(models.GetUrlUploadInfosRequest(job_ids=job.job_id))
    assert infos.body.urlupload_info_list[0].status == "PENDING"
    assert vod.NewVod(idle).call("CancelUrlUploadJobs", JobIds=job.job_id)["CanceledJobs"] == [job.job_id]
