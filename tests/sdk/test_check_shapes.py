"""The shape checker tells right answers from wrong ones."""
import json
import subprocess
import sys

import pytest

import check_shapes
import harness

SEARCH_PIPELINE = {"RequestId": "1", "TotalCount": 1,
                   "PipelineList": {"Pipeline": [{"Id": "p", "State": "Active"}]}}


def test_a_right_answer_passes(shapes):
    shapes.check("SearchPipeline", SEARCH_PIPELINE)


@pytest.mark.parametrize("change, complaint", [
    ({"Extra": 1}, "unknown Extra"),
    ({"TotalCount": "1"}, "wrong TotalCount"),
    ({"PipelineList": [{"Id": "p"}]}, "wrong PipelineList"),
    ({"PipelineList": {"Pipeline": [{"id": "p"}]}}, r"unknown PipelineList.Pipeline\[\].id"),
])
def test_a_wrong_answer_is_named(shapes, change, complaint):
    with pytest.raises(AssertionError, match=complaint):
        shapes.check("SearchPipeline", {**SEARCH_PIPELINE, **change})


@pytest.mark.parametrize("answer, status", [
    (SEARCH_PIPELINE, 0),
    ({"Extra": 1}, 1),
])
def test_the_command_exits_by_its_findings(answer, status):
    command = [sys.executable, check_shapes.__file__, harness.SHAPES, "SearchPipeline"]
    run = subprocess.run(command, input=json.dumps(answer), text=True, capture_output=True)
    assert run.returncode == status, run.stderr
