"""Files that are joined, openings, tails and mixed sounds: through both SDKs of Mts, and the native API."""
import json
import subprocess

import pytest

import harness
import mps
from test_overlays import colour

VIDEO = {"Width": "320", "Height": "180", "Preset": "veryfast", "Crf": "20"}
FILMS = {
    "red.mp4": "-f lavfi -i color=red:s=320x180:d=2 -f lavfi -i sine=440:d=2",
    "blue.mp4": "-f lavfi -i color=blue:s=240x180:d=1 -f lavfi -i sine=880:d=1",
    "silent.mp4": "-f lavfi -i color=blue:s=320x180:d=1",
    "tune.wav": "-f lavfi -i sine=1200:d=4",
}


@pytest.fixture
def films(server, native, tmp_path):
    """The keys of the films above, by their names."""
    bucket, keys = server.credentials["bucket"], {}
    for name, args in FILMS.items():
        keys[name] = key = f"joined/{name}"
        if native.request("HEAD", harness.object_path(bucket, key)).status_code == 404:
            path = tmp_path / name
            subprocess.run(["ffmpeg", "-v", "error", "-y", *args.split(), str(path)], check=True)
            native.put_object(bucket, key, path)
    return keys


def address(desk, key):
    return f"http://{desk.bucket}.{mps.LOCATION}.aliyuncs.com/{mps.percent(key)}"


def looks(path, second, place="100:80:110:50"):
    red, green, blue = colour(path, second, place)
    return {(True, False): "red", (False, True): "blue"}.get((red > 150, blue > 150), (red, green, blue))


def seconds(path, stream):
    done = subprocess.run(["ffprobe", "-v", "error", "-select_streams", stream, "-show_entries", "stream=duration",
                           "-of", "csv=p=0", str(path)], capture_output=True, check=True, text=True)
    return float(done.stdout.split()[0].strip(","))


def source(desk, key):
    return {"Bucket": desk.bucket, "Location": mps.LOCATION, "Object": mps.percent(key)}


def made(desk, films, tmp_path, **fields):
    name = mps.unique("joined") + ".mp4"
    [submitted] = desk.submit(desk.output(name, Video=VIDEO, **fields), Input=source(desk, films["red.mp4"]))
    [job] = desk.wait(submitted["JobId"])
    assert job["State"] == "TranscodeSuccess", job
    return submitted["Output"], job["Output"], desk.fetch(desk.key(name), tmp_path)


def test_merged_files_and_a_tail_follow_and_an_opening_is_seen_meanwhile(desk, films, tmp_path):
    blue = address(desk, films["blue.mp4"])
    _, output, path = made(
        desk, films, tmp_path,
        MergeList=[{"MergeURL": blue, "Start": "0", "Duration": "00:00:01"}],
        OpeningList=[{"OpenUrl": blue, "Start": "0.5", "Width": 120, "Height": 90}],
        TailSlateList=[{"TailUrl": blue, "BlendDuration": "0.4", "Width": "80", "Height": "60", "BgColor": "Red",
                        "IsMergeAudio": False}])
    assert output["MergeList"]["Merge"] == [{"MergeURL": blue, "Start": "0", "Duration": "00:00:01"}]
    assert output["OpeningList"]["Opening"][0]["openUrl"] == blue
    assert output["TailSlateList"]["TailSlate"][0]["IsMergeAudio"] is False
    assert abs(seconds(path, "v") - 4) < 0.2
    middle, above = "60:40:130:70", "100:20:110:5"
    assert (looks(path, 0.2, middle), looks(path, 1.0, middle), looks(path, 1.8, middle)) == ("red", "blue", "red")
    assert looks(path, 1.0, above) == "red"
    # 240 pixels in the middle of 320.
    assert looks(path, 2.5) == "blue" and max(colour(path, 2.5, "30:180:0:0")) < 30
    assert (looks(path, 3.8, middle), looks(path, 3.8, above)) == ("blue", "red")


def test_sounds_are_mixed_for_as_long_as_is_asked(one_desk, films, tmp_path):
    tune = {"AmixURL": address(one_desk, films["tune.wav"]), "Map": "0:a:0"}
    submitted, _, path = made(one_desk, films, tmp_path, Amix=[{**tune, "MixDurMode": "longest"}])
    assert submitted["AmixList"]["Amix"] == [{**tune, "MixDurMode": "longest"}]
    assert abs(seconds(path, "v") - 2) < 0.1 and abs(seconds(path, "a") - 4) < 0.1
    _, _, path = made(one_desk, films, tmp_path, Amix=[{**tune, "MixDurMode": "first"}])
    assert abs(seconds(path, "a") - 2) < 0.1


def test_a_file_names_what_is_merged(one_desk, native, films, tmp_path):
    blue = address(one_desk, films["blue.mp4"])
    config = tmp_path / "merge.json"
    config.write_text(json.dumps({"MergeList": [{"MergeURL": blue}] * 3}))
    native.put_object(one_desk.bucket, "joined/merge.json", config)
    _, output, path = made(one_desk, films, tmp_path, MergeConfigUrl=address(one_desk, "joined/merge.json"))
    assert output["MergeConfigUrl"].endswith("merge.json")
    assert abs(seconds(path, "v") - 5) < 0.3 and looks(path, 4.8) == "blue"


def test_a_part_without_sound_fails_the_job_by_the_vendors_code(one_desk, films):
    silent = address(one_desk, films["silent.mp4"])
    [job] = one_desk.submit(one_desk.output(Video=VIDEO, MergeList=[{"MergeURL": silent}], Clip=mps.BRIEF))
    [job] = one_desk.wait(job["JobId"])
    assert (job["State"], job["Code"]) == ("TranscodeFail", "InvalidParameter.MergeFileNoVideoOrAudio"), job
    assert "silent.mp4" in job["Message"]


def test_joining_by_the_native_api(server, native, films, tmp_path):
    bucket = server.credentials["bucket"]
    name = mps.unique("joined") + ".mp4"
    part = {"object": {"bucket": bucket, "key": films["silent.mp4"]}, "muted": True}
    output = {"object": f"oss://{bucket}/{name}", "append": [part], "clip": {"start_ms": 1000}, "clip_first": True,
              "mix": [{"object": {"bucket": bucket, "key": films["tune.wav"]}, "until": "first"}],
              "settings": {"container": {"format": "mp4"}, "video": {"preset": "veryfast"}, "audio": {}}}
    job = native.call("POST", "/jobs", json={"input": f"oss://{bucket}/{films['red.mp4']}", "outputs": [output]})
    ended = native.call("GET", f"/jobs/{job['id']}", params={"wait": "60s"})
    assert ended["state"] == "succeeded", ended
    path = tmp_path / name
    path.write_bytes(native.get_object(bucket, name))
    assert abs(seconds(path, "v") - 2) < 0.1
    assert (looks(path, 0.8), looks(path, 1.2)) == ("red", "blue")
