//! Videos: registered, found, changed, deleted.

use std::time::Duration;

use bytes::Bytes;
use reelgate_domain::asset::AssetId;
use reelgate_domain::job::kind::snapshot::{Moments, Naming, PictureFormat, SnapshotSpec};
use reelgate_domain::job::{
    CancelPolicy, JobSpec, NewJob, Priority, Selector, StateName, StopMode,
};
use reelgate_domain::{JobId, SubmissionId, WorkerId, preset};
use reelgate_service::{Ids, RandomIds, Rendition, Renditions};
use reelgate_testkit::{JobBuilder, object};
use serde_json::json;

use super::*;
use crate::vod::origin;

/// A registered video of a file in the bucket `media`: its id.
pub(super) async fn registered(world: &World, key: &str, title: &str) -> String {
    let (caller, file) = (world.caller(), object(key));
    let put = world.service.put_object(&caller, &file, futures(key));
    put.await.unwrap();
    let answer = register(world, &[(&format!("oss://media/{key}"), title)]).await;
    assert_eq!(answer["FailedFileURLs"], json!([]));
    answer["RegisteredMediaList"][0]["MediaId"]
        .as_str()
        .unwrap()
        .to_owned()
}

pub(super) fn futures(
    text: &str,
) -> impl futures_util::Stream<Item = Result<Bytes, String>> + Unpin {
    futures_util::stream::iter([Ok(Bytes::from(text.to_owned()))])
}

async fn register(world: &World, files: &[(&str, &str)]) -> Value {
    let files: Vec<_> = files
        .iter()
        .map(|(url, title)| json!({"FileURL": url, "Title": title}))
        .collect();
    let files = json!(files).to_string();
    call(world, "RegisterMedia", &[("RegisterMetadatas", &files)]).await
}

/// A transcode of a video, which waits.
async fn transcoded(world: &World, video: &str) -> JobId {
    let id: AssetId = video.parse().unwrap();
    let caller = world.caller();
    let found = world.service.assets(&caller, &[id]).await.unwrap();
    let wish = Renditions {
        pipeline: None,
        priority: Priority::default(),
        renditions: vec![Rendition {
            settings: preset::find("web-360p").unwrap().settings,
            origin: origin::ours(&origin::Transcode::default()),
        }],
    };
    let jobs = world.service.transcode_asset(&caller, &found[0], wish);
    jobs.await.unwrap()[0].id
}

/// The job that looks at a video's file.
pub(super) async fn job_of(world: &World, video: &str) -> String {
    let id: AssetId = video.parse().unwrap();
    let found = world.service.assets(&world.caller(), &[id]).await.unwrap();
    found[0].job.to_string()
}

#[tokio::test]
async fn files_that_are_there_become_videos_once() {
    let world = world().await;
    let id = registered(&world, "a.mp4", "A film").await;
    let url = "http://media.oss-cn-shanghai.example.com/a.mp4";
    let answer = register(
        &world,
        &[
            (url, "Again"),
            ("oss://media/none.mp4", "x"),
            ("nonsense", "y"),
        ],
    )
    .await;
    let known = json!({"MediaId": id, "FileURL": url, "NewRegister": false});
    assert_eq!(answer["RegisteredMediaList"], json!([known]));
    assert_eq!(
        answer["FailedFileURLs"],
        json!(["oss://media/none.mp4", "nonsense"])
    );

    let view = call(&world, "GetVideoInfo", &[("VideoId", &id)]).await["Video"].clone();
    assert_eq!(view["Title"], "A film");
    assert_eq!(view["Status"], "UploadSucc");
    assert_eq!(view["StorageLocation"], "media");
    assert_eq!(view["Snapshots"], json!({"Snapshot": []}));
    let found = refused(&world, "GetPlayInfo", &[("VideoId", &id)]).await;
    assert_eq!(found, "403 Forbidden.IllegalStatus");
    let pairs = [("VideoId", id.as_str()), ("TemplateGroupId", "x")];
    assert_eq!(
        refused(&world, "SubmitTranscodeJobs", &pairs).await,
        "400 Forbidden.IllegalStatus"
    );
}

#[tokio::test]
async fn a_reference_is_of_one_video() {
    let world = world().await;
    for key in ["a.mp4", "b.mp4"] {
        let (caller, file) = (world.caller(), object(key));
        let put = world.service.put_object(&caller, &file, futures(key));
        put.await.unwrap();
    }
    let named = |keys: &[&str]| {
        let files = keys.iter().map(|key| {
            let url = format!("oss://media/{key}");
            json!({"FileURL": url, "Title": "A film", "ReferenceId": "the-film"})
        });
        json!(files.collect::<Vec<_>>()).to_string()
    };
    let refused = async |keys: &[&str]| {
        let pairs = [("RegisterMetadatas", &*named(keys))];
        refused(&world, "RegisterMedia", &pairs).await
    };
    assert_eq!(
        refused(&["a.mp4", "b.mp4"]).await,
        "409 AlreadyExist.ReferenceId"
    );
    let register = async || {
        let pairs = [("RegisterMetadatas", &*named(&["a.mp4"]))];
        call(&world, "RegisterMedia", &pairs).await["RegisteredMediaList"][0].clone()
    };
    let (new, again) = (register().await, register().await);
    assert_eq!(again["MediaId"], new["MediaId"]);
    assert_eq!(again["NewRegister"], false);
    assert_eq!(refused(&["b.mp4"]).await, "409 AlreadyExist.ReferenceId");
}

#[tokio::test]
async fn what_is_said_of_a_video_can_be_changed() {
    let world = world().await;
    let id = registered(&world, "a.mp4", "A film").await;
    let unknown = [("VideoId", id.as_str()), ("CateId", "5")];
    assert_eq!(
        refused(&world, "UpdateVideoInfo", &unknown).await,
        "404 InvalidCategory.NotFound"
    );
    let category = call(&world, "AddCategory", &[("CateName", "films")]).await;
    let category = category["Category"]["CateId"].clone();
    let number = category.to_string();
    let pairs = [
        ("VideoId", id.as_str()),
        ("Title", "Another"),
        ("Tags", "a,b"),
        ("CateId", &number),
    ];
    call(&world, "UpdateVideoInfo", &pairs).await;
    let view = call(&world, "GetVideoInfo", &pairs[..1]).await["Video"].clone();
    assert_eq!(
        (&view["Title"], &view["Tags"], &view["CateId"]),
        (&json!("Another"), &json!("a,b"), &category)
    );
    let pairs = [("VideoId", id.as_str()), ("Tags", ""), ("CateId", "-1")];
    call(&world, "UpdateVideoInfo", &pairs).await;
    let view = call(&world, "GetVideoInfo", &pairs[..1]).await["Video"].clone();
    assert_eq!((view.get("Tags"), view.get("CateId")), (None, None));
    let found = refused(
        &world,
        "UpdateVideoInfo",
        &[("VideoId", UNKNOWN_ID), ("Title", "x")],
    )
    .await;
    assert_eq!(found, "404 InvalidVideo.NotFound");
    assert_eq!(
        refused(&world, "UpdateVideoInfo", &[("Title", "x")]).await,
        "400 MissingParameter"
    );
}

#[tokio::test]
async fn videos_are_listed_and_searched() {
    let world = world().await;
    let mut ids = Vec::new();
    for (key, title) in [
        ("a.mp4", "Trains"),
        ("b.mp4", "Ships"),
        ("c.mp4", "More trains"),
    ] {
        ids.push(registered(&world, key, title).await);
        world.pass(60);
    }
    let titles = |list: &Value| -> Vec<String> {
        let list = list.as_array().unwrap().iter();
        list.map(|it| {
            it.get("Video").unwrap_or(it)["Title"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect()
    };
    let answer = call(&world, "GetVideoList", &[("PageSize", "2")]).await;
    assert_eq!(answer["Total"], 3);
    assert_eq!(
        titles(&answer["VideoList"]["Video"]),
        ["More trains", "Ships"]
    );
    let pairs = [
        ("SortBy", "CreationTime:Asc"),
        ("EndTime", "2026-01-02T03:05:06Z"),
        ("Status", "UploadSucc,Normal"),
    ];
    let answer = call(&world, "GetVideoList", &pairs).await;
    assert_eq!(titles(&answer["VideoList"]["Video"]), ["Trains", "Ships"]);
    let answer = call(&world, "GetVideoList", &[("Status", "Normal")]).await;
    assert_eq!(answer["Total"], 0);
    let found = refused(&world, "GetVideoList", &[("PageNo", "501")]).await;
    assert_eq!(found, "400 VideoListExceededMax");

    let pairs = [
        ("Match", "Title = 'trains' and Status = 'UploadSucc'"),
        ("PageSize", "1"),
    ];
    let answer = call(&world, "SearchMedia", &pairs).await;
    assert_eq!(answer["Total"], 2);
    assert_eq!(titles(&answer["MediaList"]), ["More trains"]);
    let token = answer["ScrollToken"].as_str().unwrap();
    let answer = call(
        &world,
        "SearchMedia",
        &[pairs[0], pairs[1], ("ScrollToken", token)],
    )
    .await;
    assert_eq!(titles(&answer["MediaList"]), ["Trains"]);
    assert_eq!(answer.get("ScrollToken"), None);
    let old = token.to_owned();
    world.pass(601);
    assert_eq!(
        refused(&world, "SearchMedia", &[("ScrollToken", &old)]).await,
        "400 InvalidScrollToken.Expired"
    );
    for (pair, expected) in [
        (("Match", "Title like 'x'"), "400 ErrorMatchSyntax"),
        (("ScrollToken", "x"), "400 InvalidScrollToken.Expired"),
        (("SortBy", "a,b,c,d"), "400 SortByExceededMax"),
        (("SortBy", "Size:Desc"), "400 InvalidParameter.SortBy"),
        (("PageNo", "201"), "400 MissingParameter"),
    ] {
        assert_eq!(refused(&world, "SearchMedia", &[pair]).await, expected);
    }
}

/// Nothing will ever look at the first one, and nothing has looked at the second yet.
#[tokio::test]
async fn a_video_whose_file_nobody_will_look_at_has_failed() {
    let world = world().await;
    let id = registered(&world, "a.mp4", "A film").await;
    let waiting = registered(&world, "b.mp4", "Another").await;
    let job = job_of(&world, &id).await.parse().unwrap();
    let (caller, jobs) = (world.caller(), Selector::ids(vec![job]));
    let cancelled = world
        .service
        .cancel(&caller, jobs, CancelPolicy::Any, StopMode::default());
    cancelled.await.unwrap();
    let check = async || {
        let view = call(&world, "GetVideoInfo", &[("VideoId", &id)]).await["Video"].clone();
        assert_eq!(view["Status"], "UploadFail");
        for (status, expected) in [("UploadFail", &id), ("UploadSucc", &waiting)] {
            let answer = call(&world, "GetVideoList", &[("Status", status)]).await;
            assert_eq!(answer["Total"], 1, "{status}");
            assert_eq!(answer["VideoList"]["Video"][0]["VideoId"], **expected);
            let matching = format!("Status = '{status}'");
            let answer = call(&world, "SearchMedia", &[("Match", &matching)]).await;
            assert_eq!(answer["Total"], 1, "{status}");
            assert_eq!(answer["MediaList"][0]["MediaId"], **expected);
        }
        for (action, expected) in [
            ("GetPlayInfo", "403 Forbidden.IllegalStatus"),
            ("GetMezzanineInfo", "404 InvalidFile.NotFound"),
        ] {
            let found = refused(&world, action, &[("VideoId", &id)]).await;
            assert_eq!(found, expected, "{action}");
        }
    };
    check().await;
    // However long ago that was.
    world.pass(10 * 366 * 24 * 3600);
    world.service.clean().await.unwrap();
    check().await;
    assert_eq!(
        call(&world, "DeleteVideo", &[("VideoIds", &id)]).await["ForbiddenVideoIds"],
        json!([])
    );
    world.service.clean().await.unwrap();
    assert!(world.service.job(&caller, job).await.is_err());
}

#[tokio::test]
async fn a_deleted_video_is_gone_with_its_file() {
    let world = world().await;
    let id = registered(&world, "a.mp4", "A film").await;
    let job = job_of(&world, &id).await.parse().unwrap();
    let pairs = [("VideoIds", format!("{id},{UNKNOWN_ID}"))];
    let pairs = [(pairs[0].0, pairs[0].1.as_str())];
    let answer = call(&world, "DeleteVideo", &pairs).await;
    assert_eq!(answer["NonExistVideoIds"], json!([UNKNOWN_ID]));
    assert_eq!(answer["ForbiddenVideoIds"], json!([]));
    let file = world
        .service
        .head_object(&world.caller(), &object("a.mp4"))
        .await;
    assert!(file.is_err());
    // What was to look at the file has nothing to look at any more.
    let job = world.service.job(&world.caller(), job).await.unwrap();
    assert_eq!(job.lifecycle.state.name(), StateName::Cancelled);
    let answer = call(&world, "GetVideoInfos", &pairs).await;
    assert_eq!(answer["VideoList"], json!([]));
    assert_eq!(answer["NonExistVideoIds"], json!([id, UNKNOWN_ID]));
    assert_eq!(
        refused(&world, "DeleteVideo", &pairs).await,
        "404 InvalidVideo.NotFound"
    );
    let many = [UNKNOWN_ID; 21].join(",");
    assert_eq!(
        refused(&world, "DeleteVideo", &[("VideoIds", &many)]).await,
        "400 VideoIdsExceededMax"
    );
}

#[tokio::test]
async fn a_deletion_that_is_sent_again_deletes_nothing() {
    let world = world().await;
    let put = async |key: &str| {
        let (caller, file) = (world.caller(), object(key));
        let put = world.service.put_object(&caller, &file, futures(key));
        put.await.unwrap();
        let url = format!("oss://media/{key}");
        let files = json!([{"FileURL": url, "Title": key, "ReferenceId": "the-film"}]);
        let files = files.to_string();
        call(&world, "RegisterMedia", &[("RegisterMetadatas", &files)]).await;
    };
    put("a.mp4").await;
    let named = [("ReferenceIds", "the-film")];
    let deletion = request(&world, &world.root(), "DeleteVideo", &named).signed();
    assert_eq!(deletion.send(&world).await.summary(), "200");
    put("b.mp4").await;
    let again = deletion.send(&world).await.summary();
    assert_eq!(again, "400 SignatureNonceUsed");
    let (caller, file) = (world.caller(), object("b.mp4"));
    world.service.head_object(&caller, &file).await.unwrap();
}

#[tokio::test]
async fn nothing_of_a_video_that_is_worked_on_is_stopped() {
    let world = world().await;
    let id = registered(&world, "a.mp4", "A film").await;
    let now = world.service.now();
    let (worker, until) = (WorkerId("w".into()), now.after(Duration::from_secs(60)));
    let claimed = world.store.claim(&worker, 1, until, now).await.unwrap();
    assert_eq!(claimed[0].job.id.to_string(), job_of(&world, &id).await);
    let waits = transcoded(&world, &id).await;
    let answer = call(&world, "DeleteVideo", &[("VideoIds", &id)]).await;
    assert_eq!(answer["ForbiddenVideoIds"], json!([id]));
    let job = world.service.job(&world.caller(), waits).await.unwrap();
    assert_eq!(job.lifecycle.state.name(), StateName::Queued);
}

#[tokio::test]
async fn a_transcode_is_seen_behind_any_number_of_pictures() {
    let world = world().await;
    let id = registered(&world, "a.mp4", "A film").await;
    let oldest = transcoded(&world, &id).await;
    world.pass(1);
    let caller = world.caller();
    let asset: AssetId = id.parse().unwrap();
    let transcode = world.service.job(&caller, oldest).await.unwrap();
    let spec = JobSpec::Snapshot(SnapshotSpec {
        input: object("a.mp4"),
        output: object("p.jpg"),
        moments: Moments::At(vec![0]),
        width: None,
        height: None,
        format: PictureFormat::Jpeg,
        sprite: None,
        long_side: None,
        naming: Naming::Numbered,
        archive: None,
        key_frames: false,
        not_black: None,
    });
    let (now, ids) = (world.service.now(), RandomIds::default());
    let pictures = (0..501).map(|_| NewJob {
        submission: SubmissionId::from_bytes(ids.uuid(now)),
        asset: Some(asset),
        ..JobBuilder::new(
            caller.account,
            transcode.pipeline,
            JobId::from_bytes(ids.uuid(now)),
            now,
        )
        .spec(spec.clone())
        .build()
    });
    world.store.submit(pictures.collect(), None).await.unwrap();
    let answer = call(&world, "ListTranscodeTask", &[("VideoId", &id)]).await;
    let task = &answer["TranscodeTaskList"][0]["TranscodeTaskId"];
    assert_eq!(task, &json!(transcode.submission.to_string()));
    let answer = call(&world, "DeleteVideo", &[("VideoIds", &id)]).await;
    assert_eq!(answer["ForbiddenVideoIds"], json!([]));
    let job = world.service.job(&caller, oldest).await.unwrap();
    assert_eq!(job.lifecycle.state.name(), StateName::Cancelled);
}
