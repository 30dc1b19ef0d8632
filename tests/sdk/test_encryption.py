"""Encrypted segments, through the SDKs of Mts and of Media Processing Center and the native API: players with the key see
the film, and the key is nowhere but with its caller."""
import base64
import re
import subprocess

import pytest

import harness
import mpc
import mps

KEY = bytes(range(100, 116))
URI = "https://keys.example.com/film?id=7&t=a"
ASKED = {"Type": "hls-aes-128", "Key": base64.b64encode(KEY).decode(), "KeyType": "Base64",
         "KeyUri": base64.b64encode(URI.encode()).decode()}
SMALL_HLS = {"Video": mps.SMALL, "MuxConfig": {"Segment": {"Duration": "2"}}}


def frames(playlist, key, uri=URI):
    """What FFmpeg decodes when it gets the key for the address that stands in the playlist, a line a frame."""
    text = playlist.read_text("utf-8")
    assert f'URI="{uri}"' in text, text
    (playlist.parent / "the.key").write_bytes(key)
    local = playlist.with_name("local.m3u8")
    local.write_text(text.replace(uri, "the.key"), "utf-8")
    done = subprocess.run(["ffmpeg", "-v", "error", "-xerror", "-allowed_extensions", "ALL", "-protocol_whitelist",
                           "file,crypto", "-i", str(local), "-map", "0:v", "-f", "framemd5", "-"],
                          capture_output=True, text=True, check=False)
    shown = [line.rsplit(",", 1)[1].strip() for line in done.stdout.splitlines() if not line.startswith("#")]
    return shown if done.returncode == 0 else []


def fetched(desk, name, directory):
    """A playlist with its segments in a directory of their own."""
    directory.mkdir()
    for key in desk.keys():
        if key.rsplit("/", 1)[-1].startswith(name):
            desk.fetch(key, directory)
    return directory / f"{name}.m3u8"


def test_mts_encrypts_segments_and_shows_the_key_to_nobody(desk, tmp_path):
    plain, sealed = (desk.output(name, template=mps.HLS_LD, **SMALL_HLS, **more)
                     for name, more in (("plain", {}), ("sealed", {"Encryption": ASKED})))
    _, job = desk.transcode(plain, sealed)
    assert {name: job["Output"]["Encryption"].get(name) for name in ("Type", "KeyType", "KeyUri", "Key")} == {
        **ASKED, "Key": None}
    playlist = fetched(desk, "sealed", tmp_path / "sealed")
    clear = subprocess.run(["ffmpeg", "-v", "error", "-i", str(fetched(desk, "plain", tmp_path / "plain")), "-map", "0:v",
                            "-f", "framemd5", "-"], capture_output=True, text=True, check=True).stdout
    expected = [line.rsplit(",", 1)[1].strip() for line in clear.splitlines() if not line.startswith("#")]
    assert len(expected) > 100
    assert frames(playlist, KEY) == expected
    assert frames(playlist, bytes(16)) != expected
    first = (tmp_path / "sealed" / "sealed-00001.ts").read_bytes()
    assert first[0] != 0x47 or first[188] != 0x47 or first[376] != 0x47


def test_mts_refuses_what_is_no_encryption(one_desk):
    for part, template, code in (
            ({**ASKED, "KeyType": "KMS"}, mps.HLS_LD, "InvalidParameter.NotSupported"),
            ({**ASKED, "Type": "sample-aes"}, mps.HLS_LD, "InvalidParameter.NotSupported"),
            ({**ASKED, "Key": "c2hvcnQ="}, mps.HLS_LD, "InvalidParameter"),
            ({**ASKED, "Key": "%"}, mps.HLS_LD, "InvalidParameter.InvalidBase64Format"),
            (ASKED, mps.MP4_LD, "DataEncryption.ContainerFormatNotSupported")):
        found, message = one_desk.refused(one_desk.output("x", template=template, Encryption=part))
        assert found == code and "Encryption" in message and ASKED["Key"] not in message


def test_mts_writes_digests_and_sizes_of_segments(one_desk, tmp_path):
    support = {"TS": {"Md5Support": True, "SizeSupport": True}}
    [job] = one_desk.transcode(one_desk.output("told", template=mps.HLS_LD, **SMALL_HLS,
                                               M3U8NonStandardSupport=support))
    assert job["Output"]["M3U8NonStandardSupport"] == support
    text = fetched(one_desk, "told", tmp_path / "told").read_text("utf-8")
    told = re.findall(r"#EXT-X-MD5:([0-9a-f]{32})\n#EXT-X-SIZE:(\d+)\n#EXTINF:[\d.]+,\n(told-\d+\.ts)\n", text)
    assert len(told) == 3
    for md5, size, name in told:
        content = (tmp_path / "told" / name).read_bytes()
        assert len(content) == int(size)
        done = subprocess.run(["md5sum"], input=content, capture_output=True, check=True)
        assert done.stdout.decode().split()[0] == md5


@pytest.fixture
def tasks(server, media, native):
    return mpc.Desk(mpc.Mpc(server), server, media, native)


def test_mpc_encrypts_with_a_vector(tasks, tmp_path):
    vector = bytes(range(16))
    hls_encrypt = {"key": ASKED["Key"], "url": URI, "iv": base64.b64encode(vector).decode(),
                   "algorithm": "AES-128-CBC"}
    output = {**mpc.SMALL, "common": {"pack_type": 1, "hls_interval": 2}}
    task = tasks.wait(tasks.create(output, output_filenames=["film"], encryption={"hls_encrypt": hls_encrypt}))
    assert task.status == "SUCCEEDED", task
    assert ASKED["Key"] not in str(task)
    names = [key.rsplit("/", 1)[-1] for key in listed(tasks)]
    for name in names:
        (tmp_path / name).write_bytes(tasks.object(name))
    assert f',IV=0x{vector.hex()}' in (tmp_path / "film.m3u8").read_text("utf-8")
    assert len(frames(tmp_path / "film.m3u8", KEY)) > 100


def listed(tasks):
    answer = tasks.native.call("GET", f"/buckets/{tasks.bucket}/objects",
                               params={"prefix": tasks.folder + "/", "limit": 1000})
    return [found["key"] for found in answer["objects"]]


def test_mpc_refuses_other_ciphers_and_outputs_without_segments(tasks):
    hls = {**mpc.SMALL, "common": {"pack_type": 1}}
    good = {"key": ASKED["Key"], "url": URI}
    for members, outputs in (({**good, "algorithm": "SM4CBC"}, [hls]), ({**good, "algorithm": "AES-128-CTR"}, [hls]),
                             ({**good, "key": "c2hvcnQ="}, [hls]), ({"key": ASKED["Key"]}, [hls]),
                             (good, [hls, {**mpc.SMALL, "common": mpc.MP4}])):
        refused = tasks.refused(*outputs, encryption={"hls_encrypt": members})
        assert refused[0] == (400, "MPC.10202"), refused
        assert "encryption" in refused[1] and ASKED["Key"] not in refused[1]
    for url in ("https://k.example/a b", 'https://k.example/a"b', "u" * 2049):
        refused = tasks.refused(hls, encryption={"hls_encrypt": {**good, "url": url}})
        assert refused[0] == (400, "MPC.10202") and "encryption.hls_encrypt.url must be" in refused[1], refused


def test_the_native_api_changes_keys_and_keeps_them_sealed(server, native, one_desk, tmp_path):
    others = bytes(range(200, 216))
    keys = [{"key": base64.b64encode(key).decode(), "uri": f"k{number}"} for number, key in enumerate((KEY, others))]
    name = mps.unique("native")
    output = {"object": {"bucket": one_desk.bucket, "key": f"{name}/film.m3u8"},
              "settings": {"container": {"format": "hls", "segment_seconds": 1},
                           "video": {"height": 144, "preset": "veryfast"}, "audio": {}},
              "encryption": {"keys": keys, "segments_per_key": 2}}
    body = {"input": {"bucket": one_desk.bucket, "key": one_desk.source("bbb_720p25_aac51.mp4")}, "outputs": [output]}
    job = native.call("POST", "/jobs", json=body)
    job = native.call("GET", f"/jobs/{job['id']}", params={"wait": "60s"})
    assert job["state"] == "succeeded", job
    for found in one_desk.keys(f"{name}/"):
        one_desk.fetch(found, tmp_path)
    playlist = tmp_path / "film.m3u8"
    lines = [line for line in playlist.read_text("utf-8").splitlines() if line.startswith("#EXT-X-KEY")]
    assert lines == [f'#EXT-X-KEY:METHOD=AES-128,URI="k{number}"' for number in (0, 1, 0)]
    (tmp_path / "k1").write_bytes(others)
    assert len(frames(playlist, KEY, uri="k0")) > 100
    for wrong in ({"keys": []}, {"keys": keys}, {"keys": [{**keys[0], "key": "short"}]}, {"keys": [{"key": "x"}]}):
        answer = native.request("POST", "/jobs", json={**body, "outputs": [{**output, "encryption": wrong}]})
        assert answer.status_code == 400, answer.text
        assert "encryption" in answer.text and "short" not in answer.text


def test_keys_are_in_no_file_and_not_in_the_log(program, media, shapes, tmp_path):
    """Neither while jobs wait nor when one has been made: its key was opened, and its segments were written with it."""
    running = harness.Server.start(program, tmp_path, slots=1, variables={"REELGATE_LOG": "trace"})
    try:
        native = harness.Native(running)
        bucket = running.credentials["bucket"]
        native.put_object(bucket, "real.mp4", media / "bbb_720p25_aac51.mp4")
        output = {"object": {"bucket": bucket, "key": "film.m3u8"}, "settings": {"container": {"format": "hls"},
                                                                                "audio": {}},
                  "encryption": {"keys": [{"key": ASKED["Key"], "uri": URI}]}}
        job = native.call("POST", "/jobs", json={"input": {"bucket": bucket, "key": "real.mp4"}, "outputs": [output]})
        job = native.call("GET", f"/jobs/{job['id']}", params={"wait": "60s"})
        assert job["state"] == "succeeded", job
        other = mpc.Desk(mpc.Mpc(running), running, media, native)
        hls = {**mpc.SMALL, "common": {"pack_type": 1}}
        other.create(hls, input=other.place("a.mp4"),
                     encryption={"hls_encrypt": {"key": ASKED["Key"], "url": URI}})
        pipeline = native.call("GET", "/pipelines", params={"limit": 1})["pipelines"][0]["id"]
        for generation in mps.GENERATIONS.values():
            desk = mps.Desk(generation(running, shapes), running, pipeline, media, native)
            desk.submit(desk.output("film", template=mps.HLS_LD, Encryption=ASKED))
    finally:
        running.stop()
    looked, sealed, encrypted = 0, 0, 0
    for path in tmp_path.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            looked += 1
            sealed += b"sealed:" in content
            encrypted += b"METHOD=AES-128" in content
            for form in (KEY, ASKED["Key"].encode(), KEY.hex().encode(), KEY.hex().upper().encode()):
                assert form not in content, path
    assert looked > 2 and sealed >= 1 and encrypted >= 1
