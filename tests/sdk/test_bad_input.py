"""What nobody should send to product Mts: each gets an error of the product at once, and the server goes on."""
import concurrent.futures
import json
import os
import pathlib
import socket
import time

import pytest

import mps
import signing

AT_ONCE = 120  # seconds: far more than a refusal takes on a busy machine
MEGABYTE = 1024 * 1024
DEEP = 10_000
LONG_KEY = "x" * 100_000
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def wire(server):
    return signing.Wire(server)


@pytest.fixture
def submit(wire, one_desk, native):
    """Sends SubmitJobs in a form, as it stands; nothing of it may be queued and the server goes on."""
    one_desk.pause()
    good = {"Input": json.dumps(one_desk.input()), "OutputBucket": one_desk.bucket,
            "Outputs": json.dumps([one_desk.output()]), "PipelineId": one_desk.pipeline}

    def send(**changes):
        begun = time.monotonic()
        answer = wire.v1("SubmitJobs", "POST", "form", **{**good, **changes})
        assert time.monotonic() - begun < AT_ONCE
        return answer

    yield send
    left = native.call("GET", "/jobs", params={"pipeline": one_desk.pipeline})["jobs"]
    assert left == []
    assert send().json()["JobResultList"]["JobResult"][0]["Success"] is True


def refused(answer, status, code):
    found = answer.json()
    assert (answer.status, found["Code"]) == (status, code), found
    assert mps.REQUEST_ID.fullmatch(found["RequestId"])
    assert len(answer.body) < 16 * 1024, "a refusal repeats only so much"


def result(answer):
    """The result of the only output."""
    assert answer.status == 200, answer
    (only,) = answer.json()["JobResultList"]["JobResult"]
    return only


def test_ten_megabytes_of_outputs_are_refused_and_the_refusal_is_read(submit, wire):
    outputs = json.dumps([{"OutputObject": "x" * (10 * MEGABYTE)}])
    answer = submit(Outputs=outputs)
    # In XML, because the format that is asked for lies in the form that is not read.
    assert (answer.status, answer.xml().findtext("Code")) == (413, "RequestEntityTooLarge")
    body = signing.canonical({"Outputs": outputs}).encode()
    answer = wire.v3("SubmitJobs", body=body, content_type=FORM,
                     x_acs_version=signing.VERSION)
    refused(answer, 413, "RequestEntityTooLarge")


def test_ten_megabytes_are_refused_to_both_sdks(mts, desk):
    """They send parameters in the address, which is cut off before any product is known."""
    desk.pause()
    outputs = json.dumps([desk.output("x" * (10 * MEGABYTE))])
    mts.refuses(431, "RequestEntityTooLarge", None, "SubmitJobs", Input=json.dumps(desk.input()),
                OutputBucket=desk.bucket, Outputs=outputs, PipelineId=desk.pipeline)
    assert mts.call("QueryPipelineList", PipelineIds=desk.pipeline)


def test_an_address_of_100_kb_is_refused_to_both_sdks(mts, desk):
    mts.refuses(414, "RequestEntityTooLarge", None, "QueryJobList", JobIds=LONG_KEY)


def test_heads_that_are_not_read_are_refused_in_the_words_of_their_dialect(server):
    """On one connection each, behind a request that is served."""
    host, port = server.address.rsplit(":", 1)
    for target, wanted in [("/api/v1/jobs?x=", b'"code":"address_too_long"'),
                           ("/?Format=JSON&x=", b'"Code":"RequestEntityTooLarge"'),
                           ("/?Format=XML&x=", b"<Code>RequestEntityTooLarge</Code>")]:
        with socket.create_connection((host, int(port)), timeout=AT_ONCE) as connection:
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: h\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
            connection.sendall(f"GET {target}{LONG_KEY} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        assert answer.startswith(b"HTTP/1.1 414 ") and wanted in answer, answer


@pytest.mark.parametrize("outputs", [
    "[" * DEEP + "]" * DEEP,
    "[" * DEEP,
    '[{"Video":' * DEEP,
    '[{"OutputObject":"a","TemplateId":"S00000001-200010","Video":' + '{"Video":' * DEEP + "{}" +
    "}" * DEEP + "}]",
], ids=["lists", "open lists", "open objects", "objects"])
def test_deeply_nested_outputs_are_refused(submit, outputs):
    refused(submit(Outputs=outputs), 400, "InvalidParameter.JsonArrayFormatInvalid")


@pytest.mark.parametrize("text", ['{"a":' * DEEP + "1" + "}" * DEEP, '{"a":' * DEEP,
                                  '{"Bucket":"media","Bucket":"media"}', "{", "\x00", "null x"])
def test_an_input_that_is_no_json_object_is_refused(submit, text):
    refused(submit(Input=text), 400, "InvalidParameter.JsonFormatInvalid")


def test_what_is_nested_as_text_cannot_get_too_deep(submit, one_desk):
    video = "{}"
    for _ in range(4):
        video = json.dumps('{"Video":' * 9 + video + "}" * 9)
    output = {**one_desk.output(), "Video": json.loads(video)}
    found = result(submit(Outputs=json.dumps([output])))
    assert (found["Success"], found["Code"]) == (False, "InvalidParameter.JsonFormatInvalid")


@pytest.mark.parametrize("key", [
    "..", "../../etc/passwd", "%2e%2e%2fx", "a/../b", "a//b", "/a", "%5Ca", "a%00b", "a%0Ab",
    "a%7Fb", "%FF", "50%", "%zz", ".reelgate/uploads/x", LONG_KEY, "é" * 600], ids=lambda key: key[:12])
def test_keys_that_name_no_object_are_refused(submit, one_desk, key):
    source = {**one_desk.input(), "Object": key}
    refused(submit(Input=json.dumps(source)), 400, "InvalidParameter.ObjectKeyInvalid")
    found = result(submit(Outputs=json.dumps([{**one_desk.output(), "OutputObject": key}])))
    assert (found["Success"], found["Code"]) == (False, "InvalidParameter.ObjectKeyInvalid")
    assert len(found["Message"]) < 8 * 1024


@pytest.mark.parametrize("key", ["-i", "--help", "a%5Cb", "...", "%24(x)", "a;b", "*"])
def test_odd_keys_are_keys(one_desk, key):
    one_desk.pause()
    (job,) = one_desk.submit({**one_desk.output(), "OutputObject": key})
    assert job["State"] == "Submitted"


@pytest.mark.parametrize("name", ["Width", "Height", "Bitrate", "Fps"])
@pytest.mark.parametrize("value, code", [
    (0, "OutOfRange"), (-7, "OutOfRange"), (10**9, "OutOfRange"), ("99999999999999999999", None),
    (1e300, None), ("NaN", "NumberFormatInvalid"), ("inf", "NumberFormatInvalid"),
    ("wide", "NumberFormatInvalid"), ([1], "Format"), ({"a": 1}, "Format"), (True, "NumberFormatInvalid")])
def test_impossible_sizes_are_refused(submit, one_desk, name, value, code):
    output = {**one_desk.output(), "Video": {name: value}}
    found = result(submit(Outputs=json.dumps([output])))
    # A number too long to be read is no number for sizes, and merely too large for rates.
    codes = [code] if code else ["OutOfRange", "NumberFormatInvalid"]
    assert found["Success"] is False
    assert found["Code"] in [f"InvalidParameter.{code}" for code in codes], found


def test_a_number_that_json_does_not_have_is_refused(submit):
    for number in ("NaN", "Infinity", "1e400", "0x10"):
        outputs = f'[{{"OutputObject": "a", "TemplateId": "S00000001-200010", "Video": {{"Width": {number}}}}}]'
        refused(submit(Outputs=outputs), 400, "InvalidParameter.JsonArrayFormatInvalid")


def test_a_parameter_that_is_given_twice_is_refused(wire):
    parameters = wire.v1_parameters("SearchPipeline", PageSize="1")
    for twice in ("PageSize=1", "Action=SearchPipeline", "Signature=x"):
        answer = wire.send("GET", "/?" + signing.canonical(parameters) + "&" + twice)
        refused(answer, 400, "InvalidParameter")


def test_parameters_that_are_no_text_are_refused(wire):
    parameters = signing.canonical(wire.v1_parameters("SearchPipeline"))
    for odd in ("%FF=1", "State=%C3", "State=%4", "State=%zz"):
        refused(wire.send("GET", f"/?{parameters}&{odd}"), 400, "InvalidParameter")
    flood = "&".join(f"p{number}=" for number in range(5000))
    refused(wire.send("GET", f"/?{parameters}&{flood}"), 400, "InvalidParameter")


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data"])
def test_a_body_that_is_no_form_names_no_parameters(wire, content_type):
    body = signing.canonical(wire.v1_parameters("SearchPipeline", "POST"))
    answer = wire.send("POST", "/?Format=JSON", {"Content-Type": content_type}, body)
    refused(answer, 400, "MissingVersion")


def test_a_request_sent_twice_acts_once(wire, one_desk):
    one_desk.pause()
    parameters = wire.v1_parameters(
        "SubmitJobs", Input=json.dumps(one_desk.input()), OutputBucket=one_desk.bucket,
        Outputs=json.dumps([one_desk.output()]), PipelineId=one_desk.pipeline)
    first, again = [wire.send("GET", "/?" + signing.canonical(parameters)) for _ in range(2)]
    assert result(first)["Job"]["JobId"]
    refused(again, 400, "SignatureNonceUsed")


def test_an_input_that_is_no_file_of_its_bucket_fails_the_job(one_desk, native, tmp_path):
    (folder,) = [pathlib.Path(bucket["path"]) for bucket in native.call("GET", "/buckets")["buckets"]
                 if bucket["name"] == one_desk.bucket]
    (tmp_path / "secret").write_text("secret")
    links = folder / mps.unique("links")
    links.mkdir()
    (links / "out").symlink_to(tmp_path / "secret")
    (links / "folder").symlink_to(tmp_path)
    (links / "dangling").symlink_to("gone")
    (links / "circle").symlink_to("circle")
    os.mkfifo(links / "pipe")
    names = ["out", "folder/secret", "dangling", "circle", "pipe"]
    jobs = []
    for name in names:
        source = {**one_desk.input(), "Object": f"{links.name}/{name}"}
        (job,) = one_desk.submit(one_desk.output(f"{name}.mp4"), Input=source)
        jobs.append(job["JobId"])
    ended = one_desk.wait(*jobs)
    found = {name: (job["State"], job.get("Code")) for name, job in zip(names, ended)}
    assert set(found.values()) == {("TranscodeFail", "InvalidParameter.ResourceNotFound")}, found


def trickle(server, head):
    """Sends a head and then a byte of the body each second; what is answered, and after how long."""
    begun = time.monotonic()
    host, port = server.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=1) as connection:
        connection.sendall(head.encode())
        answer = b""
        while time.monotonic() - begun < 120:
            try:
                answer += connection.recv(65536)
                break
            except TimeoutError:
                connection.sendall(b" ")
    return answer.decode(), time.monotonic() - begun


def test_bodies_that_come_byte_by_byte_are_given_up_after_thirty_seconds(server, wire):
    head = "POST {} HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n{}\r\n"
    key = f"Authorization: Bearer {server.credentials['api_key']}\r\n"
    heads = [head.format("/api/v1/jobs", key),
             head.format("/?Format=JSON", f"Content-Type: {FORM}\r\n")]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        (native, native_s), (rpc, rpc_s) = pool.map(lambda head: trickle(server, head), heads)
        assert wire.v1("SearchPipeline").status == 200
    assert native.startswith("HTTP/1.1 408 ") and '"too_slow"' in native
    assert rpc.startswith("HTTP/1.1 400 ") and '"InvalidParameter"' in rpc
    assert 29 < native_s < 100 and 29 < rpc_s < 100
