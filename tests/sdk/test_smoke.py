"""Each client reaches a freshly started server, and the demo goes through."""
import pathlib
import subprocess

from alibabacloud_mts20140618 import models


def test_new_sdk_finds_the_default_pipeline(new_sdk, server):
    answer = new_sdk.search_pipeline(models.SearchPipelineRequest()).body
    found = {pipeline.id: pipeline.state for pipeline in answer.pipeline_list.pipeline}
    assert found[server.credentials["pipeline_id"]] == "Active"


def test_old_sdk_finds_the_default_pipeline(old_sdk, server):
    answer = old_sdk.call("SearchPipeline")
    found = {pipeline["Id"]: pipeline["State"] for pipeline in answer["PipelineList"]["Pipeline"]}
    assert found[server.credentials["pipeline_id"]] == "Active"


def test_native_client_reads_back_what_it_stored(native, server):
    native.put_object(server.credentials["bucket"], "smoke/a b+c.txt", b"reel")
    assert native.get_object(server.credentials["bucket"], "smoke/a b+c.txt") == b"reel"


def test_the_demo_shows_every_job_done(program, tmp_path):
    clip = pathlib.Path(__file__).parents[2] / "media" / "bbb_sar64x45_bpyramid.mp4"
    done = subprocess.run([program, "demo", "--clip", clip, "--data", tmp_path / "demo"],
                          capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stdout + done.stderr
    table = [line for line in done.stdout.splitlines() if line.startswith("│") and "TranscodeSuccess" in line and "HLS" in line]
    assert len(table) == 3 and "TranscodeCancelled" in done.stdout, done.stdout
