"""What is laid over pictures, and which streams an output is made from: through the SDKs of Mts and of Media Processing
Center, and the native API."""
import base64
import json
import subprocess

import pytest

import harness
import mpc
import mps
import pictures

VIDEO = {"Width": "320", "Height": "180", "Preset": "veryfast", "Crf": "20"}


@pytest.fixture
def logo(server, native, tmp_path):
    """The key of a red picture of 64x32 pixels."""
    key, path = "marks/a logo.png", tmp_path / "logo.png"
    bucket = server.credentials["bucket"]
    if native.request("HEAD", harness.object_path(bucket, key)).status_code == 404:
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "color=red:s=64x32", "-frames:v", "1",
                        str(path)], check=True)
        native.put_object(bucket, key, path)
    return key


def colour(path, second, place):
    """Mean red, green and blue of a rectangle, `width:height:x:y`, at a moment."""
    done = subprocess.run(["ffmpeg", "-v", "error", "-ss", str(second), "-i", str(path), "-frames:v", "1", "-vf",
                           f"crop={place}:exact=1,scale=1:1:flags=area,format=rgb24", "-f", "rawvideo", "-"],
                          capture_output=True, check=True)
    return list(done.stdout)


def is_red(path, second, place):
    red, green, blue = colour(path, second, place)
    return red > 180 and green < 80 and blue < 80


def test_watermarks_of_mts_stand_where_and_when_they_are_asked_for(desk, logo, tmp_path):
    file = {"Bucket": desk.bucket, "Location": mps.LOCATION, "Object": mps.percent(logo)}
    text = base64.b64encode("\u2588\u2588\u2588\u2588".encode()).decode()
    marks = [{"InputFile": file, "Width": "0.2", "Dx": "10", "Dy": "20", "ReferPos": "TopLeft"},
             {"InputFile": file, "Width": 32, "Height": 32, "ReferPos": "BottomRight", "Timeline": {"Start": "1"}},
             {"Type": "Text", "TextWaterMark": {"Content": text, "FontName": "DejaVu Sans", "FontSize": "30",
                                                "FontColor": "Red", "Left": "100", "Top": "60"}}]
    [job] = desk.transcode(desk.output(Video=VIDEO, WaterMarks=marks,
                                       Clip={"TimeSpan": {"Seek": "0", "Duration": "2"}}))
    assert [mark.get("Width") for mark in job["Output"]["WaterMarkList"]["WaterMark"]] == ["0.2", "32", None]
    path = desk.fetch(desk.key("a.mp4"), tmp_path)
    assert is_red(path, 0.5, "56:26:14:23") and is_red(path, 1.5, "56:26:14:23")
    assert not is_red(path, 0.5, "26:26:291:151") and is_red(path, 1.5, "26:26:291:151")
    assert is_red(path, 0.5, "40:10:106:72")
    assert not is_red(path, 0.5, "60:30:90:110")


def test_marks_take_their_template_and_change_it(desk, logo, tmp_path):
    config = {"Width": "0.2", "Dx": "10", "ReferPos": "TopLeft", "RatioRefer": {"Width": "Short"},
              "Timeline": {"Start": "1", "Duration": "ToEND"}}
    made = desk.mts.call("AddWaterMarkTemplate", Name="logo", Config=json.dumps(config))["WaterMarkTemplate"]["Id"]
    file = {"Bucket": desk.bucket, "Location": mps.LOCATION, "Object": mps.percent(logo)}
    mark = {"InputFile": file, "WaterMarkTemplateId": made}
    other = {**mark, "ReferPos": "BottomRight", "Timeline": {"Start": "0"}}
    [job] = desk.transcode(desk.output(Video=VIDEO, WaterMarks=[mark, other],
                                       Clip={"TimeSpan": {"Seek": "0", "Duration": "2"}}))
    shown = job["Output"]["WaterMarkList"]["WaterMark"]
    assert [it["WaterMarkTemplateId"] for it in shown] == [made, made]
    path = desk.fetch(desk.key("a.mp4"), tmp_path)
    # A fifth of the shorter side, which is 180, makes 36 pixels by 18.
    assert not is_red(path, 0.5, "30:12:13:3") and is_red(path, 1.5, "30:12:13:3")
    assert not is_red(path, 1.5, "20:12:48:3")
    assert is_red(path, 0.5, "30:12:277:165")
    desk.mts.call("DeleteWaterMarkTemplate", WaterMarkTemplateId=made)
    for template, code in ((made, "InvalidParameter.ResourceDeleted"), ("0" * 32, "InvalidParameter.ResourceNotFound")):
        assert desk.refused(desk.output(WaterMarks=[{**mark, "WaterMarkTemplateId": template}]))[0] == code


def test_a_watermark_without_a_size_is_an_eighth_of_the_width_in_the_upper_right_corner(one_desk, logo, tmp_path):
    file = {"Bucket": one_desk.bucket, "Location": mps.LOCATION, "Object": mps.percent(logo)}
    one_desk.transcode(one_desk.output(Video=VIDEO, WaterMarks=[{"InputFile": file}], Clip=mps.BRIEF))
    path = one_desk.fetch(one_desk.key("a.mp4"), tmp_path)
    assert is_red(path, 0.2, "34:15:284:2") and not is_red(path, 0.2, "30:15:244:2")


def test_a_watermark_that_is_not_there_fails_its_output_alone(one_desk, logo):
    file = {"Bucket": one_desk.bucket, "Location": mps.LOCATION}
    good, bad = ({"InputFile": {**file, "Object": mps.percent(key)}} for key in (logo, "marks/none.png"))
    submitted = one_desk.submit(one_desk.output("good.mp4", WaterMarks=[good], Clip=mps.BRIEF),
                                one_desk.output("bad.mp4", WaterMarks=[bad], Clip=mps.BRIEF))
    one, other = one_desk.wait(*(job["JobId"] for job in submitted))
    assert one["State"] == "TranscodeSuccess", one
    assert (other["State"], other["Code"]) == ("TranscodeFail", "InvalidParameter.ResourceNotFound")


def test_a_font_that_is_not_installed_fails_the_job_by_its_name(one_desk):
    text = {"Content": base64.b64encode(b"a").decode(), "FontName": "No Such Font"}
    [job] = one_desk.submit(one_desk.output(WaterMarks=[{"Type": "Text", "TextWaterMark": text}], Clip=mps.BRIEF))
    [job] = one_desk.wait(job["JobId"])
    assert job["State"] == "TranscodeFail" and "No Such Font" in job["Message"], job


def test_marks_of_tasks_have_what_their_template_and_they_themselves_say(server, media, native, logo, tmp_path):
    desk = mpc.Desk(mpc.Mpc(server), server, media, native)
    template = {"template_name": mps.unique("mark"), "dx": "10", "dy": "0.1", "width": "0.2", "referpos": "TopLeft"}
    made = desk.client.call("CreateWatermarkTemplate", template).template_id
    marks = [{"input": desk.place(logo), "template_id": str(made), "image_watermark": {"dx": "40"}},
             {"text_context": base64.b64encode("\u2588\u2588".encode()).decode(),
              "text_watermark": {"font_name": "DejaVu Sans", "font_size": 40, "font_color": "red", "referpos": "TopLeft",
                                 "dx": "200", "dy": "100"}}]
    task = desk.wait(desk.create(watermarks=marks, crop={"duration": 1}, output_filenames=["a.mp4"]))
    assert task.status == "SUCCEEDED", task
    path = tmp_path / "a.mp4"
    path.write_bytes(desk.object("a.mp4"))
    assert is_red(path, 0.5, "56:24:44:22") and not is_red(path, 0.5, "24:24:10:22")
    assert is_red(path, 0.5, "30:16:206:114")
    for changes, name in (({"image_watermark": {"width": "7"}}, "watermarks[0].image_watermark.width"),
                          ({"image_watermark": {"image_process": "Transparent"}}, "watermarks[0].image_process"),
                          ({"image_watermark": {"base": "input", "width": "40"}}, "watermarks[0].base"),
                          ({"image_watermark": {"width": "0.00001"}}, "watermarks[0].width"),
                          ({"text_context": "eA=="}, "watermarks[0].text_context")):
        assert_refused(desk.refused(watermarks=[{**marks[0], **changes}]), "MPC.10202", name)
    unknown = {**marks[0], "template_id": str(made + 1)}
    assert_refused(desk.refused(watermarks=[unknown]), "MPC.10089", "template")
    shares = {**marks[0], "image_watermark": {"base": "input", "dx": "0.1"}}
    for process in ({"rotate": 1}, {"fill_type": "black"}):
        assert_refused(desk.refused(watermarks=[shares], video_process=process), "MPC.10202", "watermarks[0].base")
    cut = {**mpc.SMALL, "video": {**mpc.SMALL["video"], "black_cut": 1}, "common": mpc.MP4}
    assert_refused(desk.refused(cut, watermarks=[shares]), "MPC.10202", "watermarks[0].base")


def assert_refused(answer, code, name):
    (status, told), message = answer
    assert (status, told) == (400, code) and name in message, message


def test_overlays_and_streams_of_the_native_api(server, native, media, logo, tmp_path):
    bucket = server.credentials["bucket"]
    source = tmp_path / "two.mkv"
    # Two pictures and two sounds: gray and blue, low and high.
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "color=gray:s=320x180:d=1", "-f", "lavfi", "-i",
                    "color=blue:s=320x180:d=1", "-f", "lavfi", "-i", "sine=300:d=1", "-f", "lavfi", "-i", "sine=3000:d=1",
                    "-map", "0", "-map", "1", "-map", "2", "-map", "3", str(source)], check=True)
    native.put_object(bucket, "marks/two.mkv", source)
    name = mps.unique("native") + ".mp4"
    output = {"object": f"oss://{bucket}/{name}", "streams": {"video": 1, "audio": 1},
              "settings": {"container": {"format": "mp4"}, "video": {"preset": "veryfast"}, "audio": {}},
              "overlays": [{"mark": {"picture": {"object": {"bucket": bucket, "key": logo}}}, "corner": "bottom_left"}]}
    job = native.call("POST", "/jobs", json={"input": f"oss://{bucket}/marks/two.mkv", "outputs": [output]})
    ended = native.call("GET", f"/jobs/{job['id']}", params={"wait": "60s"})
    assert ended["state"] == "succeeded", ended
    path = tmp_path / name
    path.write_bytes(native.get_object(bucket, name))
    _, _, blue = colour(path, 0.5, "100:80:200:10")
    assert blue > 200 and is_red(path, 0.5, "56:26:4:152")
    done = subprocess.run(["ffmpeg", "-hide_banner", "-nostats", "-i", str(path), "-af", "lowpass=1000,volumedetect",
                           "-vn", "-f", "null", "-"], capture_output=True, text=True, check=True)
    mean = float(done.stderr.split("mean_volume: ")[1].split(" dB")[0])
    assert mean < -35, "the low sound, which is the other stream"
    far = {**output, "object": f"oss://{bucket}/far-{name}", "streams": {"video": 2}}
    job = native.call("POST", "/jobs", json={"input": f"oss://{bucket}/marks/two.mkv", "outputs": [far]})
    ended = native.call("GET", f"/jobs/{job['id']}", params={"wait": "60s"})
    assert ended["state"] == "failed" and "video stream 2" in ended["fault"]["message"], ended
