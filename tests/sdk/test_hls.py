"""HLS outputs: names, playlists, segments."""
import re

import pytest

import mps
import pictures


@pytest.fixture
def make(one_desk, tmp_path):
    """Makes an HLS output; returns the playlist's lines and the segments in their order."""
    def making(name="film", segment=2, desk=one_desk, **fields):
        fields.setdefault("Video", {**mps.SMALL, "Gop": "1s"})
        if segment:
            fields["MuxConfig"] = {"Segment": {"Duration": segment}}
        desk.transcode(desk.output(name, template=mps.HLS_LD, **fields))
        lines = desk.fetch(desk.key(f"{name}.m3u8"), tmp_path).read_text("utf-8").splitlines()
        names = [line for line in lines if line and not line.startswith("#")]
        return lines, [desk.fetch(desk.key(segment), tmp_path) for segment in names]
    return making


def stated(lines):
    """The durations that a playlist states."""
    return [float(match[1]) for line in lines if (match := re.match(r"#EXTINF:([\d.]+)", line))]


def test_the_playlist_gets_an_extension_and_segments_are_numbered(make, desk):
    lines, segments = make(desk=desk)
    assert [path.name for path in segments] == [f"film-{number:05}.ts" for number in (1, 2, 3)]
    assert desk.keys() == sorted([desk.key("film.m3u8")]
                                 + [desk.key(path.name) for path in segments])


def test_the_playlist_is_complete_and_its_durations_are_true(make):
    lines, segments = make()
    assert lines[0] == "#EXTM3U" and lines[-1] == "#EXT-X-ENDLIST"
    target = [int(line.split(":")[1]) for line in lines if "TARGETDURATION" in line]
    durations = stated(lines)
    assert len(durations) == len(segments) == 3
    assert all(round(duration) <= target[0] for duration in durations)
    assert durations[:2] == [pytest.approx(2, abs=0.05)] * 2
    assert sum(durations) == pytest.approx(5.3, abs=0.15)
    for path, duration in zip(segments, durations):
        assert float(pictures.picture(path)["duration"]) == pytest.approx(duration, abs=0.1)


def test_every_segment_starts_with_a_key_frame(make):
    _, segments = make()
    assert [pictures.first_packet_is_key(path) for path in segments] == [True] * 3
    for path in segments:
        assert pictures.key_frames(path)[0][0] == 0


def test_segments_carry_picture_and_sound(make):
    _, segments = make()
    assert len(segments) == 3
    for path in segments:
        assert pictures.picture(path)["codec_name"] == "h264"
        assert pictures.sound(path)["codec_name"] == "aac"


def test_a_segment_lasts_ten_seconds_by_default(make):
    lines, segments = make(segment=None)
    assert len(segments) == 1
    assert stated(lines) == [pytest.approx(5.3, abs=0.15)]


@pytest.mark.parametrize("duration", ["1", 1])
def test_segment_duration_may_be_text_or_number(make, duration):
    _, segments = make(segment=duration)
    assert len(segments) == 6


def test_segments_are_as_long_as_asked_when_the_gop_is_longer(make):
    # The default group of pictures is 10 s; segments of 2 s need key frames of their own.
    lines, segments = make(Video=mps.SMALL)
    assert len(segments) == 3, lines
    assert [pictures.first_packet_is_key(path) for path in segments] == [True] * 3


def test_sound_alone_may_be_hls(make):
    lines, segments = make(Video={"Remove": "true"})
    assert lines[-1] == "#EXT-X-ENDLIST" and len(segments) >= 1
    assert pictures.streams(segments[0], "video") == []
    assert pictures.sound(segments[0])["codec_name"] == "aac"


def test_rungs_of_one_call_are_cut_at_the_same_places(one_desk, tmp_path):
    widths = ("320", "192")
    one_desk.transcode(*(
        one_desk.output(f"rung{width}", template=mps.HLS_LD,
                        Video={"Width": width, "Preset": "veryfast", "Gop": "1s"},
                        MuxConfig={"Segment": {"Duration": "2"}}) for width in widths))
    wide, narrow = (one_desk.fetch(one_desk.key(f"rung{width}.m3u8"), tmp_path).read_text("utf-8")
                    for width in widths)
    assert stated(wide.splitlines()) == stated(narrow.splitlines())
