"""Fingerprints and pipelines of product ICE through the vendor's own SDKs, on a real server with a real worker."""
import json
import subprocess

import pytest

import harness
import ice
import mps

FILM = "bbb_720p25_aac51.mp4"
OTHER_FILM = "hdr10_av1_vertical_720x1280.mp4"
SPEECH = "speech_libri_5703.ogg"
PROSE = ("It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of foolishness, "
         "it was the epoch of belief, it was the epoch of incredulity, it was the season of light.")


@pytest.fixture(params=sorted(ice.GENERATIONS))
def client(request, server):
    return ice.GENERATIONS[request.param](server)


@pytest.fixture
def one(server):
    """Through one generation, where a second would show nothing more."""
    return ice.NewIce(server)


@pytest.fixture
def library(one, server, native):
    made = ice.Library(one, native, server.credentials["bucket"])
    yield made
    made.close()


@pytest.fixture
def film(library, media):
    return library.store("dna/film.mp4", media / FILM)


def made(tmp_path, source, *options, name="made.mp4"):
    """A file that FFmpeg makes of another."""
    path = tmp_path / name
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", str(source), *options, str(path)], check=True, timeout=300)
    return path


def test_libraries_are_made_listed_and_deleted(client):
    info = client.call("CreateDNADB", Name="Filme", Model="Audio", Description="what we have", OwnerId=7)["DBInfo"]
    try:
        library = info["DBId"]
        assert info == {"DBId": library, "Name": "Filme", "Model": "Audio", "Description": "what we have",
                        "Status": "offline"}
        listed, = client.call("ListDNADB", DBIds=f"{library},{ice.UNKNOWN}")["DBList"]
        assert listed == {**info, "Status": "active"}
        assert listed in client.call("ListDNADB")["DBList"]
    finally:
        assert set(client.call("DeleteDNADB", DBId=info["DBId"])) == {"RequestId"}
    listed, = client.call("ListDNADB", DBIds=library)["DBList"]
    assert listed["Status"] == "deleted"
    client.refuses(400, "InvalidParameter.DBNotExist", f'The DB operated "{library}" does not exist.',
                   "DeleteDNADB", DBId=library)


def test_pipelines_are_those_of_the_other_product(client, one_mts):
    pipeline = client.call("CreatePipeline", Name=mps.unique("q"), Speed="Standard", Priority=8)["Pipeline"]
    named = {"PipelineId": pipeline["PipelineId"]}
    assert (pipeline["Priority"], pipeline["Status"]) == (8, "Active")
    assert mps.TIME.fullmatch(pipeline["CreateTime"]) and mps.TIME.fullmatch(pipeline["ModifiedTime"])
    assert client.call("UpdatePipeline", Status="Paused", **named)["Success"] is True
    theirs, = one_mts.call("QueryPipelineList", PipelineIds=named["PipelineId"])["PipelineList"]["Pipeline"]
    assert (theirs["State"], theirs["Name"]) == ("Paused", pipeline["Name"])
    shown = client.call("GetPipeline", **named)["Pipeline"]
    assert (shown["Status"], shown["Priority"], shown["Name"]) == ("Paused", 8, pipeline["Name"])
    assert shown in client.call("ListPipelines", Speed="Standard")["PipelineList"]
    assert client.call("ListPipelines", Speed="Boost")["PipelineList"] == []
    client.refuses(400, "InvalidParameter.NotSupported", None, "CreatePipeline", Name="fast", Speed="Boost")
    client.refuses(400, "InvalidParameter.OutOfRange", None, "UpdatePipeline", Priority=11, **named)
    client.refuses(400, "InvalidParameter.InvalidState", None, "UpdatePipeline", Status="Stopped", **named)
    assert client.call("DeletePipeline", **named)["Success"] is True
    client.refuses(404, "ResourceNotFound", None, "GetPipeline", **named)


def test_a_waiting_job_is_cancelled_and_never_runs(client, server, native, film):
    library = ice.Library(client, native, server.credentials["bucket"])
    try:
        library.pause()
        gone, stays = library.submit(film, "gone", UserData="ü & more"), library.submit(film, "stays")
        assert library.job(gone)["Status"] == library.job(stays)["Status"] == "Queuing"
        client.refuses(403, "PermissionDenied.PipelineInUse", None, "DeletePipeline", PipelineId=library.pipeline)
        answer = client.call("CancelDNAJob", JobId=gone)
        assert set(answer) == {"RequestId", "JobId"} and answer["JobId"] == gone
        library.resume()
        job = library.job(gone)
        assert (job["Status"], job["Code"], job["UserData"]) == ("Fail", "Cancelled", "ü & more")
        assert job["Message"] and mps.TIME.fullmatch(job["FinishTime"]) and "DNAResult" not in job
        client.refuses(403, "PermissionDenied.JobInFailure",
                       f'The Job operated "{gone}" is failure, cannot cancel.', "CancelDNAJob", JobId=gone)
        job = library.ended(stays)
        assert job["Status"] == "Success", job
        assert library.files() == ["stays"]
        client.refuses(403, "PermissionDenied.JobInComplete", None, "CancelDNAJob", JobId=stays)
        client.refuses(404, "JobNotFound", "The specified job not found.", "CancelDNAJob", JobId=ice.UNKNOWN)
    finally:
        library.close()


def test_a_copy_is_found_with_its_place(library, film, media, tmp_path):
    assert library.run(film, "film") == []
    other = library.store("dna/other.mp4", media / OTHER_FILM)
    assert library.run(other, "other") == []
    # What begins 1.5 s later, smaller and encoded anew.
    copy = made(tmp_path, media / FILM, "-ss", "1.5", "-vf", "scale=480:-2", "-crf", "30", "-an")
    copy = library.store("dna/copy.mp4", copy)
    match, = library.run(copy, "copy", save="nosave")
    assert match["PrimaryKey"] == "film" and match["GlobalSimilarity"] > 0.5, match
    first, last = match["VideoMatchSegments"][0], match["VideoMatchSegments"][-1]
    assert first["MasterStartTime"] - first["StartTime"] == pytest.approx(1.5, abs=0.5), match
    assert last["EndTime"] - first["StartTime"] > 2, match
    assert library.files() == ["film", "other"]


def test_what_is_stored_depends_on_the_save_type(library, film):
    assert library.run(film, "searched", save="nosave") == []
    assert library.files() == []
    assert library.run(film, "first", save="save", media="video") == []
    match, = library.run(film, "second", save="save")
    assert match["PrimaryKey"] == "first"
    assert library.files() == ["first"]
    match, = library.run(film, "third", save="forcesave")
    assert match["PrimaryKey"] == "first"
    assert library.run(film, "fourth", save="onlysave") is None
    assert library.files() == ["first", "fourth", "third"]
    taken = library.ended(library.submit(film, "first", save="forcesave"))
    assert (taken["Status"], taken["Code"]) == ("Fail", "InvalidParameter.PrimaryKeyExist"), taken
    assert library.files(PageSize=2) == ["first", "fourth"]
    assert set(library.ice.call("DeleteDNAFiles", DBId=library.id, PrimaryKeys="first,third,unknown")) == {"RequestId"}
    match, = library.run(film, "fifth", save="nosave")
    assert match["PrimaryKey"] == "fourth"


def test_files_are_listed_in_pages_with_their_places(library, film):
    for key in ["a", "b", "c"]:
        library.run(film, key, save="onlysave")
    page = library.ice.call("ListDNAFiles", DBId=library.id, PageSize=2)
    where = {"Bucket": library.bucket, "Location": "oss-cn-shanghai", "Object": "dna/film.mp4"}
    assert page["FileList"] == [{"PrimaryKey": key, "InputFile": where} for key in ["a", "b"]]
    rest = library.ice.call("ListDNAFiles", DBId=library.id, PageSize=2, NextPageToken=page["NextPageToken"])
    assert [file["PrimaryKey"] for file in rest["FileList"]] == ["c"] and not rest.get("NextPageToken")
    library.ice.refuses(400, "InvalidParameter.ListSizeExceed", None, "DeleteDNAFiles", DBId=library.id,
                        PrimaryKeys=",".join(f"k{number}" for number in range(51)))
    assert library.files() == ["a", "b", "c"]


@pytest.mark.parametrize("model", ["Audio", "Text"])
def test_sound_and_text_have_libraries_too(model, one, server, native, media, tmp_path):
    library = ice.Library(one, native, server.credentials["bucket"], model)
    try:
        if model == "Audio":
            whole = library.store("dna/speech.ogg", media / SPEECH)
            part = library.store("dna/part.mp3", made(tmp_path, media / SPEECH, "-ss", "3", "-t", "8", name="part.mp3"))
        else:
            whole = library.store("dna/whole.txt", f"Before it. {PROSE} After it.".encode())
            part = library.store("dna/part.txt", PROSE.encode())
        assert library.run(whole, "whole") == []
        match, = library.run(part, "part", save="nosave")
        assert match["PrimaryKey"] == "whole"
        if model == "Audio":
            found = match["AudioMatchSegments"][0]
            assert found["MasterStartTime"] - found["StartTime"] == pytest.approx(3, abs=0.5), match
        else:
            found = match["TextMatchSegments"][0]
            assert "worst of times" in found["QueryText"] and "worst of times" in found["MasterText"], match
    finally:
        library.close()


def test_a_media_asset_can_be_looked_for(library, film, one, server):
    import vod

    files = json.dumps([{"FileURL": film["Media"], "Title": "A film"}])
    registered, = vod.NewVod(server).call("RegisterMedia", RegisterMetadatas=files)["RegisteredMediaList"]
    asset = {"Type": "Media", "Media": registered["MediaId"]}
    job = library.ended(library.submit(asset, "asset"))
    assert job["Status"] == "Success" and job["Input"] == asset, job
    listed, = one.call("ListDNAFiles", DBId=library.id)["FileList"]
    assert listed["InputFile"]["Object"] == "dna/film.mp4"


def test_bad_files_fail_with_code_and_message(library, media):
    missing = {"Type": "OSS", "Media": f"oss://{library.bucket}/dna/missing.mp4"}
    broken = library.store("dna/broken.mp4", b"no media at all" * 1000)
    speech = library.store("dna/speech-only.ogg", media / SPEECH)
    for source, code in [(missing, "InvalidParameter.ResourceNotFound"),
                         (broken, "InvalidParameter.ResourceContentBad"),
                         (speech, "InvalidParameter.ResourceContentBad")]:
        job = library.ended(library.submit(source, mps.unique("bad")))
        assert (job["Status"], job["Code"]) == ("Fail", code) and job["Message"], job
        assert "DNAResult" not in job
    assert library.files() == []


def test_a_library_that_goes_takes_its_jobs_along(library, film):
    library.pause()
    job = library.submit(film, "late")
    library.ice.call("DeleteDNADB", DBId=library.id)
    library.resume()
    ended = library.ended(job)
    assert (ended["Status"], ended["Code"]) == ("Fail", "InvalidParameter.DBNotExist"), ended


def test_bad_submissions_are_refused(server, library, film):
    client = ice.OldIce(server)
    good = {"Input": json.dumps(film), "DBId": library.id, "PrimaryKey": "a", "PipelineId": library.pipeline}
    for changed, status, code in [
            ({"Input": film["Media"]}, 400, "InvalidParameter.JsonFormatInvalid"),
            ({"Input": "[]"}, 400, "InvalidParameter.JsonObjectFormatInvalid"),
            ({"Input": '{"Type":"OSS"}'}, 400, "InvalidParameter"),
            ({"Input": '{"Type":"OSS","Media":"oss://no-such-bucket/a"}'}, 404, "ResourceNotFound"),
            ({"Input": json.dumps({"Type": "Media", "Media": ice.UNKNOWN})}, 404, "ResourceNotFound"),
            ({"DBId": ice.UNKNOWN}, 400, "InvalidParameter.DBNotExist"),
            ({"PrimaryKey": ""}, 400, "MissingPrimaryKey"),
            ({"PrimaryKey": "a,b"}, 400, "InvalidParameter"),
            ({"Config": "save"}, 400, "InvalidParameter.JsonFormatInvalid"),
            ({"Config": '{"SaveType":"always"}'}, 400, "InvalidParameter"),
            ({"Config": '{"Threshold":1}'}, 400, "InvalidParameter"),
            ({"Config": '{"MediaType":"text"}'}, 400, "InvalidParameter"),
            ({"TemplateId": "S00000101-200000"}, 404, "ResourceNotFound"),
            ({"PipelineId": ice.UNKNOWN}, 404, "ResourceNotFound"),
            ({"UserData": "x" * 129}, 400, "InvalidParameter.OutOfRange")]:
        client.refuses(status, code, None, "SubmitDNAJob", **{**good, **changed})
    # Nothing of it is left.
    library.ice.call("DeletePipeline", PipelineId=library.pipeline)


def test_results_are_not_open_to_others(library, film):
    job = library.ended(library.submit(film, "film"))
    assert ice.document(job["DNAResult"]) == []
    start, key = job["DNAResult"].rsplit("/", 1)
    assert ice.get(f"{start}/other.json").status_code in (403, 404)
    anybody = harness.requests.Session()
    anybody.trust_env = False
    path = harness.object_path(library.bucket, f"reelgate/dna/{key}")
    assert anybody.get(f"http://{library.native._base.split('/')[2]}/api/v1{path}", timeout=60).status_code == 401
