"""`reelgate dna` against the running server, on real clips and on copies of them."""
import json
import os
import pty
import subprocess

import pytest

import mps

UNKNOWN = "0123456789abcdef0123456789abcdef"
FILM = "bbb_720p25_aac51.mp4"
OTHER = "hdr10_av1_vertical_720x1280.mp4"
# Where something begins or ends is told to about this.
SECONDS = 0.6

PASSAGE = ("Forty years before, on the hill above the harbour, an old woman had planted the two pear trees that the "
           "children were now told not to climb, since nobody could say any more whose they were.")


@pytest.fixture
def made(media, tmp_path):
    """A file that FFmpeg makes of a real clip."""
    def making(name, *arguments, source=FILM):
        target = tmp_path / name
        subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", media / source, *map(str, arguments), "-y", target],
                       check=True)
        return target
    return making


@pytest.fixture
def new_library(run, read):
    """Makes libraries, of which an account has few: they are gone when the test is over."""
    ids = []

    def making(model="video", **options):
        library = read("dna", "create", mps.unique(model), "--model", model, **options)
        ids.append(library["id"])
        return library
    yield making
    for library in ids:
        run("dna", "rm", library, code=None)


@pytest.fixture
def films(new_library, run, media):
    """The name of a library that has one film."""
    name = new_library()["name"]
    run("dna", "add", name, media / FILM, "--key", "film")
    return name


def keys(read, library):
    return [entry["key"] for entry in read("dna", "list", library)["entries"]]


def uploads(read, name):
    """Objects that were uploaded under about this name."""
    return [it["key"] for it in read("bucket", "ls", f"media/uploads/{name}")["objects"]]


def test_libraries_are_created_listed_and_deleted(run, read, new_library):
    library = new_library("audio")
    assert (library["model"], library["entries"], library["description"]) == ("audio", 0, "")
    assert library in read("dna", "list")["libraries"]
    table = run("dna", "list").stdout.decode()
    assert library["id"] in table and library["name"] in table and "audio" in table
    assert read("dna", "list", library["name"]) == {"entries": [], "next_after": None}
    assert b"is deleted" in run("dna", "rm", library["name"]).stdout
    assert library not in read("dna", "list")["libraries"]
    run("dna", "rm", library["id"], code=1)


def test_what_a_file_shares_with_a_film_is_shown_with_its_places(run, read, films, media, made):
    clip = made("clip.mp4", "-ss", 1.5, "-t", 3, "-vf", "scale=480:-2", "-c:v", "libx264", "-crf", 30, "-an")
    run("dna", "add", films, media / OTHER, "--key", "other")
    found = read("dna", "search", films, clip)
    assert [entry["key"] for entry in found["entries"]] == ["film"]
    [segment] = found["entries"][0]["segments"]
    assert (segment["channel"], segment["mirrored"]) == ("video", False)
    assert segment["speed"] == pytest.approx(1, abs=0.01)
    for at, (start, end) in {"input": (0, 3), "reference": (1.5, 4.5)}.items():
        assert segment[at]["start"] == pytest.approx(start, abs=SECONDS)
        assert segment[at]["end"] == pytest.approx(end, abs=SECONDS)
    table = run("dna", "search", clip, "--library", films).stdout.decode().splitlines()
    assert table[0].split() == ["KEY", "INPUT", "REFERENCE", "SIMILARITY", "SPEED", "MIRRORED", "CHANNEL"]
    assert table[1].split()[0] == "film" and table[1].split()[-2:] == ["no", "video"]
    # What was uploaded to be looked for is gone again.
    assert uploads(read, "clip") == []


def test_a_mirrored_copy_is_found(read, films, made):
    mirrored = made("mirrored.mp4", "-vf", "hflip,scale=640:-2", "-c:v", "libx264", "-an")
    [entry] = read("dna", "search", films, mirrored)["entries"]
    assert entry["key"] == "film" and all(segment["mirrored"] for segment in entry["segments"])


def test_a_ruler_stands_over_the_table_on_a_terminal(program, environment, run, films, made):
    clip = made("clip.mp4", "-ss", 1.5, "-t", 3, "-c:v", "libx264", "-an")
    command = [program, "dna", "search", films, clip]
    seen = on_terminal(command, environment)
    drawn = [line for line in seen.splitlines() if "|" in line]
    assert [line.split()[0] for line in drawn] == ["clip.mp4", "film"]
    # The whole clip is somewhere in the midst of the film.
    assert drawn[0].split("|")[1].count("a") > 0.7 * len(drawn[0].split("|")[1])
    places = drawn[1].split("|")[1]
    assert places[0] == places[-1] == "." and "aa" in places
    assert "0:03.0" in drawn[0] and "0:05.3" in drawn[1]
    elsewhere = run(*command[1:]).stdout.decode()
    assert "|" not in elsewhere and elsewhere.splitlines()[0].split()[0] == "KEY"
    assert run(*command[1:], "--ruler").stdout.decode().splitlines()[0].startswith("clip.mp4")


def on_terminal(command, environment):
    """What a command prints where its standard output is a terminal."""
    ours, its = pty.openpty()
    with subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=its,
                          stderr=subprocess.DEVNULL) as running:
        os.close(its)
        seen = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:
                break  # The other side was closed.
            if not piece:
                break
            seen += piece
        os.close(ours)
        assert running.wait(300) == 0, seen
    return seen.decode()


def test_a_picture_is_looked_for_in_films(run, read, films, made):
    still = made("still.png", "-ss", 2, "-frames:v", 1)
    [entry] = read("dna", "search", films, still)["entries"]
    assert entry["key"] == "film"
    assert any(abs(segment["reference"]["start"] - 2) < SECONDS for segment in entry["segments"])
    row = run("dna", "search", films, still).stdout.decode().splitlines()[1].split()
    assert row[:2] == ["film", "-"]


def test_a_copy_is_not_stored_unless_it_is_wanted(run, read, films, made):
    copy = made("copy.mp4", "-vf", "scale=640:-2", "-c:v", "libx264", "-an")
    told = read("dna", "add", films, copy)
    assert told["job"]["state"] == "succeeded" and told["entry"] is None
    assert told["matches"]["entries"][0]["key"] == "film"
    assert b"is not stored" in run("dna", "add", films, copy).stdout
    assert keys(read, films) == ["film"] and uploads(read, "copy") == []
    told = read("dna", "add", films, copy, "--key", "second", "--save", "always")
    assert (told["entry"]["key"], told["entry"]["job_id"]) == ("second", told["job"]["id"])
    assert told["matches"]["entries"][0]["key"] == "film"
    told = read("dna", "add", films, copy, "--save", "only")
    assert told["entry"]["key"] == "copy.mp4" and told["matches"] is None
    assert keys(read, films) == ["copy.mp4", "film", "second"]
    # As alike as nothing is: it counts as new.
    told = read("dna", "add", films, copy, "--key", "third", "--min-similarity", 1)
    assert told["entry"]["key"] == "third" and told["matches"]["entries"] == []


def test_sound_is_found_in_a_film(read, new_library, media, made):
    library = new_library("audio")["name"]
    told = read("dna", "add", library, media / "speech_libri_5703.ogg")
    assert told["entry"]["duration_s"] == pytest.approx(14.84, abs=0.1)
    excerpt = made("excerpt.m4a", "-ss", 4, "-t", 8, "-c:a", "aac", "-b:a", "96k", source="speech_libri_5703.ogg")
    [entry] = read("dna", "search", library, excerpt)["entries"]
    assert entry["key"] == "speech_libri_5703.ogg"
    assert {segment["channel"] for segment in entry["segments"]} == {"audio"}
    assert entry["segments"][0]["reference"]["start"] == pytest.approx(4, abs=1)


def test_texts_are_found_by_their_words(run, read, new_library, tmp_path):
    library = new_library("text")["name"]
    book, quote = tmp_path / "book.txt", tmp_path / "quote.txt"
    book.write_text(f"It rained for a week. {PASSAGE} Then the mayor came.", "utf-8")
    quote.write_text(f"He read aloud: {PASSAGE.upper()} And he shut the book.", "utf-8")
    run("dna", "add", library, book)
    [entry] = read("dna", "search", library, quote)["entries"]
    [segment] = entry["segments"]
    assert (entry["key"], segment["channel"]) == ("book.txt", "text")
    assert "pear trees" in segment["text"]["reference"] and "PEAR TREES" in segment["text"]["input"]
    other = tmp_path / "other.txt"
    other.write_text("Nothing of this was ever written down by anybody who was there at the time.", "utf-8")
    done = run("dna", "search", library, other)
    assert done.stdout == b"" and b"nothing of other.txt" in done.stderr


def test_objects_are_taken_where_they_are_and_stay(run, read, new_library, native, media):
    library, name = new_library("image")["name"], mps.unique("still")
    key = f"dna-test/{name}.png"
    frame = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-ss", "1", "-i", media / FILM, "-frames:v", "1",
                            "-f", "image2pipe", "-c:v", "png", "-"], check=True, capture_output=True).stdout
    native.put_object("media", key, frame)
    told = read("dna", "add", library, f"oss://media/{key}")
    assert told["entry"]["key"] == f"{name}.png" and told["entry"]["source"] == {"bucket": "media", "key": key}
    [entry] = read("dna", "search", f"oss://media/{key}", "--library", library)["entries"]
    assert entry["key"] == f"{name}.png"
    assert native.get_object("media", key) == frame


def test_several_files_are_added_whatever_becomes_of_one(run, read, new_library, media, tmp_path):
    library = new_library()["name"]
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no film at all " * 1000)
    done = run("dna", "add", library, broken, media / FILM, tmp_path / "none.mp4", media / OTHER, code=1)
    assert keys(read, library) == [FILM, OTHER]
    assert b"none.mp4" in done.stderr and b"source_unreadable" in done.stderr
    assert b"broken.mp4 is not added" in done.stdout


def test_a_key_that_is_taken_is_told_of_before_anything_is_uploaded(run, read, films, media):
    done = run("dna", "add", films, media / FILM, "--key", "film", code=1)
    assert b"--key" in done.stderr and b"uploading" not in done.stderr
    assert b"--key" in run("dna", "add", films, media / FILM, media / OTHER, "--key", "x", code=2).stderr


def test_entries_are_removed_and_not_found_any_more(run, read, films, media):
    run("dna", "add", films, media / OTHER)
    done = run("dna", "rm", films, "film", "none", code=1)
    assert b"none" in done.stderr and b"film is removed" in done.stdout
    assert keys(read, films) == [OTHER]
    assert read("dna", "search", films, media / FILM)["entries"] == []
    # The key is free again, and what it names is new.
    assert read("dna", "add", films, media / FILM, "--key", "film")["entry"]["key"] == "film"
    page = read("dna", "list", films, "--limit", 1)
    assert page["next_after"] == page["entries"][0]["key"] == "film"
    assert [it["key"] for it in read("dna", "list", films, "--after", "film")["entries"]] == [OTHER]
    assert b"--after" in run("dna", "list", films, "--limit", 1).stderr
    run("dna", "rm", films, "--all-entries")
    assert keys(read, films) == []


def test_a_name_that_several_libraries_have_names_none(run, read, new_library):
    library = new_library()
    other = read("dna", "create", library["name"])
    done = run("dna", "list", library["name"], code=1)
    assert library["id"].encode() in done.stderr and other["id"].encode() in done.stderr
    run("dna", "rm", other["id"])
    run("dna", "list", library["name"])


@pytest.mark.parametrize("arguments, code, said", [
    (["list", "no-such-library"], 1, b"no-such-library"),
    (["rm", UNKNOWN], 1, UNKNOWN.encode()),
    (["rm", "x", "key", "--all-entries"], 2, b"--all-entries"),
    (["create", ""], 1, b"name"),
    (["create", "x", "--model", "film"], 2, b"video"),
    (["list", "--after", "x"], 2, b"LIBRARY"),
    (["add", "x"], 2, b"FILE"),
    (["add", "no-such-library", "a.mp4"], 1, b"no-such-library"),
    (["add", "x", "a.mp4", "--save", "never"], 2, b"if-new"),
    (["add", "x", "a.mp4", "--min-similarity", "1.5"], 2, b"0 to 1"),
    (["search", "x", "a.mp4", "--library", "y"], 2, b"--library"),
    (["search", "no-such-library", "a.mp4"], 1, b"no-such-library")], ids=lambda value: str(value)[:60])
def test_mistakes_end_with_an_error_that_names_them(run, arguments, code, said):
    done = run("dna", *arguments, code=code)
    assert said in done.stderr, done


def test_what_a_library_is_not_made_of_is_refused(run, films, made, tmp_path):
    still = made("still.png", "-frames:v", 1)
    assert b"media" in run("dna", "add", films, still, code=1).stderr
    assert b"media" in run("dna", "search", films, still, "--media", "audio", code=1).stderr
    odd = tmp_path / "a,b.mp4"
    odd.write_bytes(b"x")
    assert b"--key" in run("dna", "add", films, odd, code=1).stderr
    assert json.loads(run("dna", "list", films, "-o", "json").stdout)["entries"][0]["key"] == "film"
