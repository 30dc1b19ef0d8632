"""`reelgate check`, on what the service makes and on what it would never make."""


def test_an_output_of_the_service_is_right(run, read, media, pipeline, one_desk, tmp_path):
    source, target = media / "broken_mdat_too_long.mp4", one_desk.key("checked.mp4")
    run("submit", source, "--preset", "web-240p", "--output", f"media/{target}", "--pipeline", pipeline, "--wait")
    made = one_desk.fetch(target, tmp_path)
    [report] = read("check", made, "--source", source, "--key-seconds", 2)
    found = {finding["rule"]: finding["verdict"] for finding in report["findings"]}
    assert found["upright"] == found["likeness"] == found["frame_count"] == "right"
    assert set(found.values()) <= {"right", "unjudged"}
    assert report["measured"]["frames"] == 30 and report["measured"]["ssim"] > 0.8


def test_what_is_wrong_is_named(run, read, media, tmp_path):
    clip, nothing = media / "phone_vfr_hevc_rot90_2video.mp4", tmp_path / "nothing.mp4"
    shown = run("check", clip, code=1).stdout.decode()
    assert "turned by 270" in shown
    wrong, missing = read("check", clip, nothing, code=1)
    assert "upright" in [it["rule"] for it in wrong["findings"] if it["verdict"] == "wrong"]
    assert missing["file"] == str(nothing) and "cannot be read" in missing["error"]
    assert str(nothing).encode() in run("check", nothing, code=1).stderr


def test_rules_are_listed_and_left_out_by_name(run, read, media):
    names = [rule["rule"] for rule in read("check", "--rules")]
    assert len(names) == len(set(names)) > 30
    [report] = read("check", media / "broken_mdat_too_long.mp4", "--except", ",".join(names))
    assert report["findings"] == []
    assert b"--rules" in run("check", "x.mp4", "--except", "nonsense", code=2).stderr
    assert run("check", code=2).stderr
