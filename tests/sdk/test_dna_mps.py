"""The fingerprint family of product Mts, end to end: libraries, searches, imports and removals."""
import concurrent.futures
import json
import subprocess
import time

import pytest

import mps

UNKNOWN = "0123456789abcdef0123456789abcdef"
FILM, SPEECH = "bbb_720p25_aac51.mp4", "speech_libri_5703.ogg"
VIDEO, AUDIO, TEXT = 12, 13, 11
WAIT_SECONDS = 180


class Family:
    """The family over one server: makes libraries, and takes them away again."""

    def __init__(self, desk, directory):
        self.desk, self.mts, self.directory = desk, desk.mts, directory
        self.libraries = []

    def library(self, model, **parameters):
        answer = self.mts.call("CreateFpShotDB", Name=mps.unique("library"), ModelId=model,
                               **parameters)["FpShotDB"]
        self.libraries.append(answer["FpDBId"])
        return answer["FpDBId"]

    def close(self):
        for library in self.libraries:
            listed = self.mts.call("ListFpShotDB", FpDBIds=library)["FpShotDBList"]["FpShotDB"]
            if [one["Status"] for one in listed] == ["active"]:
                self.mts.call("SubmitFpDBDeleteJob", FpDBId=library, DelType="Delete")

    def put(self, name, content):
        """An Input that names a new object; `content` is text or a file."""
        key = self.desk.key(name)
        if isinstance(content, str):
            content = self.write(name, content)
        self.desk.native.put_object(self.desk.bucket, key, content)
        return self.named(key)

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text, "utf-8")
        return path

    def named(self, key):
        return {"Bucket": self.desk.bucket, "Location": mps.LOCATION, "Object": mps.percent(key)}

    def submit(self, library, file, key, save, **config):
        config = {"FpDBId": library, "PrimaryKey": key, "SaveType": save, **config}
        return self.mts.call("SubmitFpShotJob", Input=json.dumps(file), UserData=f"of {key}",
                             PipelineId=self.desk.pipeline,
                             FpShotConfig=json.dumps(config))["JobId"]

    def query(self, job):
        answer = self.mts.call("QueryFpShotJobList", JobIds=job)
        [told] = answer["FpShotJobList"]["FpShotJob"]
        return told

    def ended(self, job):
        return wait(lambda: self.query(job), lambda told: told["State"] in {"Success", "Fail"})

    def run(self, *arguments, **config):
        """Submits a job that has to succeed."""
        told = self.ended(self.submit(*arguments, **config))
        assert told["State"] == "Success", told
        return told

    def files(self, library):
        """The files of a library by their keys."""
        answer = self.mts.call("ListFpShotFiles", FpDBId=library, PageSize=100)
        return {one["PrimaryKey"]: one for one in answer["FpShotFileList"]["FpShotFile"]}


def wait(look, is_done):
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        seen = look()
        if is_done(seen):
            return seen
        assert time.monotonic() < deadline, seen
        time.sleep(mps.POLL_SECONDS)


@pytest.fixture
def family(one_desk, tmp_path):
    made = Family(one_desk, tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="session")
def copy(media, tmp_path_factory):
    """The film from its first second on, smaller and encoded anew."""
    path = tmp_path_factory.mktemp("copies") / "copy.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-ss", "1", "-i", media / FILM, "-an", "-vf", "scale=640:-2",
                    "-c:v", "libx264", "-preset", "veryfast", "-crf", "30", path], check=True)
    return path


def shots(told, kind="FpShots", item="FpShot"):
    return told["FpShotResult"][kind][item]


def test_a_copy_is_found_with_its_place(family, copy):
    library = family.library(VIDEO)
    stored = family.run(library, family.desk.input(FILM), "film", "onlysave")
    assert stored["FileId"] == stored["Id"] and not stored.get("FpShotResult")
    found = family.run(library, family.put("copy.mp4", copy), "copy", "nosave")
    [shot] = shots(found)
    assert shot["PrimaryKey"] == "film" and 0.5 <= float(shot["Similarity"]) <= 1
    first = shot["FpShotSlices"]["FpShotSlice"][0]
    lag = float(first["Duplication"]["Start"]) - float(first["Input"]["Start"])
    assert lag == pytest.approx(1, abs=0.3), first
    assert float(first["Input"]["Duration"]) > 2.5, first
    assert found["UserData"] == "of copy" and found["Duration"] in (4, 5)
    assert found["FpShotConfig"] == {"PrimaryKey": "copy", "SaveType": "nosave", "FpDBId": library}
    assert json.loads(found["Input"]) == found["InputFile"]
    assert not found.get("FileId"), "a search stores nothing"


def test_what_has_a_duplicate_is_not_saved_unless_it_has_to_be(family, copy):
    library = family.library(VIDEO)
    file = family.put("copy.mp4", copy)
    assert family.run(library, family.desk.input(FILM), "film", "save")["FileId"]
    again = family.run(library, file, "again", "save")
    assert not again.get("FileId") and [shot["PrimaryKey"] for shot in shots(again)] == ["film"]
    forced = family.run(library, file, "forced", "forcesave")
    assert forced["FileId"] and set(family.files(library)) == {"film", "forced"}
    # Nothing is as alike as this asks for, which makes the copy something new.
    strict = family.run(library, file, "strict", "save", SimilarityThreshold=1)
    assert bool(strict.get("FileId")) == (not shots(strict))


def test_of_two_jobs_with_the_same_content_one_is_saved(family):
    library = family.library(VIDEO)
    family.desk.pause()
    jobs = [family.submit(library, family.desk.input(FILM), key, "save") for key in ("one", "two")]
    family.desk.resume()
    told = [family.ended(job) for job in jobs]
    assert [one["State"] for one in told] == ["Success", "Success"], told
    assert len(family.files(library)) == 1
    assert sum(1 for one in told if one.get("FileId")) == 1


def test_a_key_that_is_in_use_fails_its_job(family):
    library = family.library(AUDIO)
    family.run(library, family.desk.input(SPEECH), "speech", "onlysave")
    failed = family.ended(family.submit(library, family.desk.input(SPEECH), "speech", "onlysave"))
    assert (failed["State"], failed["Code"]) == ("Fail", "InvalidParameter.PrimaryKeyExist"), failed
    assert failed["Message"] and failed["FinishTime"]
    [shot] = shots(family.run(library, family.desk.input(SPEECH), "x", "nosave"), "AudioFpShots")
    assert shot["PrimaryKey"] == "speech"


def test_files_that_cannot_be_used_fail_their_jobs(family):
    library = family.library(VIDEO)
    cases = [(family.named(family.desk.key("never.mp4")), "InvalidParameter.ResourceNotFound"),
             (family.put("broken.mp4", "no film at all " * 1000), "InvalidParameter.ResourceContentBad"),
             (family.desk.input(SPEECH), "InvalidParameter.ResourceContentBad")]
    for file, code in cases:
        failed = family.ended(family.submit(library, file, mps.unique("bad"), "save"))
        assert (failed["State"], failed["Code"]) == ("Fail", code), failed
    assert family.files(library) == {}


def test_an_import_makes_texts_known_that_speech_is_found_in(family):
    library = family.library(TEXT)
    words = "the quick brown fox jumps over the lazy dog while seven wizards brew a potion of bright silver light"
    other = "nothing in this second book has anything to do with what is said elsewhere in the world today"
    lines = []
    for name, text in (("one", words), ("two", other)):
        file = family.put(f"{name}.txt", text)
        # Keys stand in lists as they are.
        lines.append(json.dumps({**file, "Object": family.desk.key(f"{name}.txt"), "PrimaryKey": name}))
    listed = family.put("list.txt", "\n".join(lines))
    job = family.mts.call("ImportFpShotJob", FpDBId=library, Input=json.dumps(listed),
                          FpImportConfig='{"SaveType":"onlysave"}', UserData='{"Chapter": 47}')["JobId"]

    def look():
        [told] = family.mts.call("ListFpShotImportJob", JobIds=job)["FpShotImportJobList"]
        return told
    told = wait(look, lambda told: told["Status"] != "Processing")
    assert told["Status"] == "Success" and told["FinishTime"], told
    assert told["UserData"] == '{"Chapter": 47}' and json.loads(told["Input"]) == listed
    assert set(family.files(library)) == {"one", "two"}

    speech = json.dumps([{"start": 1.5, "end": 9.0, "text": words}])
    found = family.run(library, family.put("speech.json", speech), "speech", "nosave", TextType="ASR")
    [shot] = shots(found, "TextFpShots", "TextFpShot")
    assert shot["PrimaryKey"] == "one"
    part = shot["TextFpShotSlices"]["TextFpShotSlice"][0]
    assert "quick brown fox" in part["InputText"] and "quick brown fox" in part["DuplicationText"]

    missing = family.named(family.desk.key("no-list.txt"))
    job = family.mts.call("ImportFpShotJob", FpDBId=library, Input=json.dumps(missing),
                          FpImportConfig='{"SaveType":"save"}')["JobId"]
    assert (look()["Status"], look()["Code"]) == ("Fail", "InvalidParameter.ResourceNotFound")


def test_what_is_removed_is_not_found_any_more(family, copy):
    library = family.library(VIDEO)
    stored = family.run(library, family.desk.input(FILM), "film", "onlysave")
    job = family.mts.call("SubmitFpFileDeleteJob", FpDBId=library, FileIds=stored["FileId"],
                          PrimaryKeys="never")["JobId"]
    found = family.run(library, family.put("copy.mp4", copy), "copy", "nosave")
    assert shots(found) == [] and family.files(library) == {}
    answer = family.mts.call("QueryFpFileDeleteJobList", JobIds=f"{job},{UNKNOWN}")
    [told] = answer["FpFileDeleteJobList"]["FpFileDeleteJob"]
    assert (told["Status"], told["FileIds"]) == ("Success", stored["FileId"])
    assert answer["NonExistIds"]["String"] == [UNKNOWN]

    family.run(library, family.desk.input(FILM), "film", "onlysave")
    purge = family.mts.call("SubmitFpDBDeleteJob", FpDBId=library)["JobId"]
    assert shots(family.run(library, family.desk.input(FILM), "copy", "nosave")) == []
    delete = family.mts.call("SubmitFpDBDeleteJob", FpDBId=library, DelType="Delete")["JobId"]
    newest = family.mts.call("QueryFpDBDeleteJobList")["FpDBDeleteJobList"]["FpDBDeleteJob"]
    assert [one["Id"] for one in newest[:2]] == [delete, purge]
    family.mts.refuses(400, "InvalidParameter.DBNotExist", None, "ListFpShotFiles", FpDBId=library)
    listed = family.mts.call("ListFpShotDB", FpDBIds=f"{library},{UNKNOWN}")
    assert [one["Status"] for one in listed["FpShotDBList"]["FpShotDB"]] == ["deleted"]
    assert listed["NonExistIds"]["String"] == [UNKNOWN]


def test_a_paused_pipeline_holds_jobs_that_no_transcode_listing_shows(family):
    library = family.library(VIDEO)
    family.desk.pause()
    job = family.submit(library, family.desk.input(FILM), "film", "save")
    assert family.query(job)["State"] == "Queuing"
    pipeline = {"PipelineId": family.desk.pipeline}
    assert family.mts.call("ListJob", **pipeline)["JobList"]["Job"] == []
    assert family.mts.call("QueryJobList", JobIds=job)["NonExistJobIds"]["String"] == [job]
    family.mts.refuses(404, "InvalidParameter.ResourceNotFound", None, "CancelJob", JobId=job)
    waiting = family.mts.call("QueryFpShotJobList", State="Queuing", **pipeline)
    assert [one["Id"] for one in waiting["FpShotJobList"]["FpShotJob"]] == [job]
    family.desk.native.call("POST", f"/jobs/{job}/cancel")
    told = family.query(job)
    assert (told["State"], told["Code"]) == ("Fail", "Cancelled")
    family.desk.resume()
    assert family.files(library) == {}
    [transcode] = family.desk.submit(family.desk.output(Clip=mps.BRIEF))
    answer = family.mts.call("QueryFpShotJobList", JobIds=transcode["JobId"])
    assert answer["NonExistIds"]["String"] == [transcode["JobId"]]
    family.desk.wait(transcode["JobId"])


def test_pages_of_jobs_and_files_have_no_gaps(family):
    library = family.library(AUDIO)
    family.desk.pause()
    jobs = [family.submit(library, family.desk.input(SPEECH), f"key-{number}", "onlysave")
            for number in range(5)]
    seen, token = [], {}
    while True:
        answer = family.mts.call("QueryFpShotJobList", PipelineId=family.desk.pipeline,
                                 MaximumPageSize=2, **token)
        seen += [one["Id"] for one in answer["FpShotJobList"]["FpShotJob"]]
        if not answer.get("NextPageToken"):
            break
        token = {"NextPageToken": answer["NextPageToken"]}
    assert sorted(seen) == sorted(jobs)
    family.desk.resume()
    for job in jobs:
        assert family.ended(job)["State"] == "Success"
    keys, token = [], {}
    while True:
        answer = family.mts.call("ListFpShotFiles", FpDBId=library, PageSize=2, **token)
        keys += [one["PrimaryKey"] for one in answer["FpShotFileList"]["FpShotFile"]]
        if not answer.get("NextPageToken"):
            break
        token = {"NextPageToken": answer["NextPageToken"]}
    assert keys == [f"key-{number}" for number in range(5)]


def test_many_searches_at_once_all_see_what_was_stored(family, copy):
    library = family.library(VIDEO)
    family.run(library, family.desk.input(FILM), "film", "onlysave")
    file = family.put("copy.mp4", copy)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        jobs = list(pool.map(lambda n: family.submit(library, file, f"x{n}", "nosave"), range(4)))
    for job in jobs:
        assert [shot["PrimaryKey"] for shot in shots(family.ended(job))] == ["film"]


@pytest.mark.parametrize("operation, parameters, status, code", [
    ("CreateFpShotDB", {"Name": "x", "ModelId": 7}, 400, "InvalidParameter.OutOfRange"),
    ("CreateFpShotDB", {"Name": "x", "Config": "{"}, 400, "InvalidParameter.JsonFormatInvalid"),
    ("ListFpShotDB", {"FpDBIds": "films"}, 400, "InvalidParameter.UUIDFormatInvalid"),
    ("ListFpShotDB", {"FpDBIds": ",".join(f"{n:032x}" for n in range(11))}, 400,
     "InvalidParameter.ListSizeExceed"),
    ("ListFpShotFiles", {"FpDBId": UNKNOWN}, 400, "InvalidParameter.DBNotExist"),
    ("QueryFpShotJobList", {"State": "Running"}, 400, "InvalidParameter.InvalidState"),
    ("ListFpShotImportJob", {"JobIds": "1"}, 400, "InvalidParameter.UUIDFormatInvalid"),
    ("SubmitFpFileDeleteJob", {"FpDBId": UNKNOWN, "PrimaryKeys": "a"}, 400, "InvalidParameter.DBNotExist"),
    ("SubmitFpFileDeleteJob", {"FpDBId": UNKNOWN}, 400, "InvalidParameter.NullValue"),
    ("SubmitFpDBDeleteJob", {"FpDBId": UNKNOWN, "DelType": "Drop"}, 400, "InvalidParameter.NotSupported"),
])
def test_bad_parameters_are_refused(one_mts, operation, parameters, status, code):
    one_mts.refuses(status, code, None, operation, **parameters)


@pytest.mark.parametrize("config, code", [
    ("{", "InvalidParameter.JsonFormatInvalid"),
    ("[]", "InvalidParameter.JsonObjectFormatInvalid"),
    ({"SaveType": None}, "InvalidParameter.NullValue"),
    ({"SaveType": "always"}, "InvalidParameter.NotSupported"),
    ({"PrimaryKey": "a,b"}, "InvalidParameter"),
    ({"FpDBId": UNKNOWN}, "InvalidParameter.DBNotExist"),
    ({"SimilarityThreshold": 2}, "InvalidParameter.OutOfRange"),
    ({"TextType": "Text"}, "InvalidParameter"),
    ({"Speed": "fast"}, "InvalidParameter.NotSupported"),
])
def test_configurations_that_make_no_sense_are_refused(family, config, code):
    if isinstance(config, dict):
        whole = {"FpDBId": family.library(VIDEO), "PrimaryKey": "k", "SaveType": "save", **config}
        config = json.dumps(whole)
    family.mts.refuses(400, code, None, "SubmitFpShotJob", FpShotConfig=config,
                       Input=json.dumps(family.desk.input(FILM)))


def test_the_older_sdk_gets_along_as_well(mts, desk, tmp_path):
    family = Family(desk, tmp_path)
    try:
        library = family.library(VIDEO)
        stored = family.run(library, desk.input(FILM), "film", "forcesave")
        assert stored["FileId"] and shots(stored) == []
    finally:
        family.close()
