"""The formats and codecs of the vendor's table, seen in the files that are made."""
import hashlib
import subprocess

import pytest

import mps
import pictures

SMALL_H265 = {"Codec": "H.265", "Width": "320", "Crf": "32"}
NO_PICTURE = {"Remove": "true"}


@pytest.mark.parametrize("container, video, audio, demuxer, codecs", [
    ("flv", mps.SMALL, {}, "flv", ("h264", "aac")),
    ("flv", mps.SMALL, {"Codec": "MP3", "Bitrate": "96"}, "flv", ("h264", "mp3")),
    ("ts", mps.SMALL, {"Codec": "MP3", "Bitrate": "96"}, "mpegts", ("h264", "mp3")),
    ("mp4", SMALL_H265, {}, "mp4", ("hevc", "aac")),
], ids=str)
def test_a_film_in_each_format(one_desk, tmp_path, container, video, audio, demuxer, codecs):
    path = made(one_desk, tmp_path, container, video, audio)
    assert demuxer in pictures.probe(path)["format"]["format_name"].split(",")
    assert (pictures.picture(path)["codec_name"], pictures.sound(path)["codec_name"]) == codecs
    assert pictures.picture(path)["width"] == 320
    assert pictures.seconds(path) == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize("container, codec, found", [
    ("mp3", "MP3", "mp3"), ("m4a", "AAC", "aac"), ("ogg", "VORBIS", "vorbis"),
    ("ogg", "FLAC", "flac"), ("flac", "FLAC", "flac")], ids=str)
def test_sound_in_each_format_of_sound(one_desk, tmp_path, container, codec, found):
    path = made(one_desk, tmp_path, container, NO_PICTURE, {"Codec": codec, "Bitrate": "96"})
    assert pictures.sound(path)["codec_name"] == found
    assert not pictures.streams(path, "video")
    assert pictures.seconds(path) == pytest.approx(1, abs=0.2)


def made(one_desk, tmp_path, container, video, audio):
    name = f"a.{container}"
    [job] = one_desk.transcode(one_desk.output(
        name, Container={"Format": container}, Video=video, Audio=audio,
        Clip={"TimeSpan": {"Duration": "1"}}))
    assert job["Output"]["Container"]["Format"] == container
    return one_desk.fetch(one_desk.key(name), tmp_path)


def test_flv_presets_are_used(one_desk, tmp_path):
    one_desk.transcode(one_desk.output(
        "p.flv", template="S00000001-000010", Clip={"TimeSpan": {"Duration": "1"}}))
    path = one_desk.fetch(one_desk.key("p.flv"), tmp_path)
    assert pictures.probe(path)["format"]["format_name"] == "flv"


@pytest.mark.parametrize("preset, name, demuxer", [
    ("S00000001-000000", "r.flv", "flv"), ("S00000001-200000", "r.mp4", "mp4"),
    ("S00000001-100000", "r.m3u8", "hls")])
def test_remux_presets_change_nothing_but_the_container(one_desk, tmp_path, media, preset, name, demuxer):
    """All pictures and all packets of the sound are those of the source: sound that was encoded anew is other packets."""
    [job] = one_desk.transcode(one_desk.output(name, template=preset, Video=None))
    assert job["Output"]["TemplateId"] == preset
    for key in one_desk.keys():
        one_desk.fetch(key, tmp_path)
    path = one_desk.fetch(one_desk.key(name), tmp_path)
    assert demuxer in pictures.probe(path)["format"]["format_name"].split(",")
    source = media / "bbb_720p25_aac51.mp4"
    assert shown(path) == shown(source)
    assert packets(path) == packets(source)
    code, message = one_desk.refused(one_desk.output(template=preset, Video=None, Clip=mps.BRIEF))
    assert code == "InvalidParameter.NotSupported" and "Clip" in message


def shown(path):
    """A hash of all pictures of a file."""
    return digest(path, "-map", "0:v:0", "-f", "md5")


def packets(path):
    """A hash of all packets of the AAC of a file, in the form that streams have it in, whatever its container."""
    return digest(path, "-map", "0:a:0", "-c", "copy", "-f", "adts")


def digest(path, *arguments):
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", str(path), *arguments, "-"], capture_output=True, check=True)
    assert done.stdout, path
    return hashlib.md5(done.stdout).hexdigest()
