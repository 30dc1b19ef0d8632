//! Jobs: submitted, shown, held by a pause, cancelled.

use reelgate_domain::job::kind::fingerprint::SaveMode;
use reelgate_domain::job::{Job, JobSpec, Priority};

use super::*;

async fn set_status(world: &World, status: &str) {
    let pairs = [
        ("PipelineId", world.made.pipeline_id.as_str()),
        ("Status", status),
    ];
    let answer = ice(world, "UpdatePipeline", &pairs).await;
    assert_eq!(answer["Success"], true);
}

/// A job as it is stored.
async fn stored(world: &World, job: &str) -> Job {
    let found = world
        .service
        .job(&world.caller(), job.parse().unwrap())
        .await;
    found.unwrap()
}

#[tokio::test]
async fn a_job_shows_what_was_asked_for() {
    let world = world().await;
    let library = library(&world, "films").await;
    let config = r#"{"SaveType": "forcesave", "MediaType": "video"}"#;
    let more = [
        ("Config", config),
        ("TemplateId", "S00000101-100060"),
        ("PipelineId", world.made.pipeline_id.as_str()),
        ("UserData", "π & more"),
    ];
    let job = submitted(&world, &library, "film 1", &more).await;
    let expected = json!({
        "Id": job,
        "Status": "Queuing",
        "DBId": library,
        "PrimaryKey": "film 1",
        "Config": config,
        "Input": {"Type": "OSS", "Media": "oss://media/in.mp4"},
        "UserData": "π & more",
        "CreationTime": "2026-01-02T03:04:05Z",
    });
    assert_eq!(shown(&world, &job).await, expected);

    // What the caller leaves open is decided, but not told as if it had been asked for.
    let plain = submitted(&world, &library, "film 2", &[]).await;
    let answer = shown(&world, &plain).await;
    assert_eq!(
        (&answer["Config"], &answer["UserData"]),
        (&json!(null), &json!(null))
    );
    let stored = stored(&world, &plain).await;
    let JobSpec::Fingerprint(spec) = &stored.spec else {
        panic!("{:?}", stored.spec);
    };
    assert_eq!(spec.save, SaveMode::IfNew);
    assert_eq!(spec.media.word(), "video");
    let result = spec.result.as_ref().unwrap().to_string();
    assert!(result.starts_with("media/reelgate/dna/"), "{result}");

    let asked = format!("{plain},{UNKNOWN_ID},nonsense,{job},{plain}");
    let both = ice(&world, "QueryDNAJobList", &[("JobIds", &asked)]).await;
    let ids = |answer: &Value| -> Vec<String> {
        let jobs = answer["JobList"].as_array().unwrap().iter();
        jobs.map(|job| text(&job["Id"])).collect()
    };
    assert_eq!(ids(&both), [plain.clone(), job.clone()]);
    let newest = ice(&world, "QueryDNAJobList", &[]).await;
    assert_eq!(ids(&newest), [plain, job]);
}

#[tokio::test]
async fn a_file_may_be_named_as_a_media_asset() {
    let world = world().await;
    let library = library(&world, "films").await;
    let (caller, file) = (world.caller(), reelgate_testkit::object("a.mp4"));
    let content = futures_util::stream::iter([Ok::<_, String>(bytes::Bytes::from("a"))]);
    world
        .service
        .put_object(&caller, &file, content)
        .await
        .unwrap();
    let files = json!([{"FileURL": "oss://media/a.mp4", "Title": "A film"}]).to_string();
    let answer = call(
        &world,
        VOD,
        "RegisterMedia",
        &[("RegisterMetadatas", &files)],
    )
    .await;
    let media = text(&answer["RegisteredMediaList"][0]["MediaId"]);
    let input = json!({"Type": "Media", "Media": media}).to_string();
    let mut pairs = vec![("DBId", &*library), ("PrimaryKey", "a"), ("Input", &*input)];
    let job = text(&ice(&world, "SubmitDNAJob", &pairs).await["JobId"]);
    let answer = shown(&world, &job).await;
    assert_eq!(answer["Input"], json!({"Type": "Media", "Media": media}));
    let stored = world
        .service
        .job(&caller, job.parse().unwrap())
        .await
        .unwrap();
    assert_eq!(stored.spec.input(), Some(&file));
    let unknown = json!({"Type": "Media", "Media": UNKNOWN_ID}).to_string();
    pairs[2].1 = &unknown;
    let found = refused(&world, "SubmitDNAJob", &pairs).await;
    assert_eq!(found, "404 ResourceNotFound");
}

#[tokio::test]
async fn bad_submissions_are_refused() {
    let world = world().await;
    let library = library(&world, "films").await;
    let input = r#"{"Type":"OSS","Media":"oss://media/a.mp4"}"#;
    let elsewhere = r#"{"Type":"OSS","Media":"oss://no-such-bucket/a.mp4"}"#;
    let (long, data) = ("k".repeat(257), "é".repeat(65));
    for (changed, expected) in [
        (("Input", ""), "400 MissingInput"),
        (("DBId", ""), "400 MissingDBId"),
        (("PrimaryKey", ""), "400 MissingPrimaryKey"),
        (
            ("Input", "oss://media/a"),
            "400 InvalidParameter.JsonFormatInvalid",
        ),
        (
            ("Input", "[]"),
            "400 InvalidParameter.JsonObjectFormatInvalid",
        ),
        (("Input", "{}"), "400 InvalidParameter"),
        (("Input", elsewhere), "404 ResourceNotFound"),
        (("PrimaryKey", "a,b"), "400 InvalidParameter"),
        (("PrimaryKey", &*long), "400 InvalidParameter"),
        (("Config", "save"), "400 InvalidParameter.JsonFormatInvalid"),
        (
            ("Config", r#"["save"]"#),
            "400 InvalidParameter.JsonObjectFormatInvalid",
        ),
        (
            ("Config", r#"{"SaveType":"always"}"#),
            "400 InvalidParameter",
        ),
        (("Config", r#"{"Similarity":"1"}"#), "400 InvalidParameter"),
        // What the library is not made of.
        (
            ("Config", r#"{"MediaType":"text"}"#),
            "400 InvalidParameter",
        ),
        (("TemplateId", "S00000101-100061"), "404 ResourceNotFound"),
        (("PipelineId", UNKNOWN_ID), "404 ResourceNotFound"),
        (("PipelineId", "p1"), "404 ResourceNotFound"),
        (("UserData", &*data), "400 InvalidParameter.OutOfRange"),
    ] {
        let mut pairs = vec![("DBId", &*library), ("PrimaryKey", "a"), ("Input", input)];
        pairs.retain(|(name, _)| *name != changed.0);
        pairs.push(changed);
        let found = refused(&world, "SubmitDNAJob", &pairs).await;
        assert_eq!(found, expected, "{changed:?}");
    }
    let jobs = ice(&world, "QueryDNAJobList", &[]).await;
    assert_eq!(jobs["JobList"], json!([]));
}

#[tokio::test]
async fn a_waiting_job_is_cancelled_once_and_for_all() {
    let world = world().await;
    let library = library(&world, "films").await;
    let job = submitted(&world, &library, "a", &[]).await;
    set_status(&world, "Paused").await;
    world.pass(7);
    let answer = request(&world, ICE, "CancelDNAJob", &[("JobId", &job)]);
    let answer = answer.signed().send(&world).await.json();
    shapes::ICE.check("CancelDNAJob", &answer);
    assert_eq!(answer.as_object().unwrap().len(), 2, "{answer}");
    assert_eq!(answer["JobId"], *job);
    set_status(&world, "Active").await;
    let shown = shown(&world, &job).await;
    assert_eq!(shown["Status"], "Fail");
    assert_eq!(shown["Code"], "Cancelled");
    assert_eq!(shown["Message"], "The job was cancelled before it started.");
    assert_eq!(shown["FinishTime"], "2026-01-02T03:04:12Z");
    assert!(shown.get("DNAResult").is_none(), "{shown}");
    let again = refused(&world, "CancelDNAJob", &[("JobId", &job)]).await;
    assert_eq!(again, "403 PermissionDenied.JobInFailure");
    assert_eq!(results::claimed(&world).await, None);
}

#[tokio::test]
async fn what_is_no_fingerprint_job_of_the_account_is_not_cancelled() {
    let world = world().await;
    let upload = [("UploadURLs", URL)];
    let upload = call(&world, ICE, "UploadMediaByURL", &upload).await;
    let upload = text(&upload["UploadJobs"][0]["JobId"]);
    let foreign = world.account("foreign").await;
    let theirs = Key::new(&foreign.access_key_id, &foreign.access_key_secret);
    let library = library(&world, "films").await;
    let ours = submitted(&world, &library, "a", &[]).await;
    for id in [&*upload, UNKNOWN_ID, "nonsense"] {
        let found = refused(&world, "CancelDNAJob", &[("JobId", id)]).await;
        assert_eq!(found, "404 JobNotFound", "{id}");
    }
    let found = request_by(&world, &theirs, ICE, "CancelDNAJob", &[("JobId", &ours)]);
    assert_eq!(found.summary(&world).await, "404 JobNotFound");
    let found = refused(&world, "CancelDNAJob", &[]).await;
    assert_eq!(found, "400 MissingJobId");
    let found = refused(&world, "CancelDNAJob", &[("JobId", "")]).await;
    assert_eq!(found, "400 MissingJobId");
    let shown = ice(&world, "QueryDNAJobList", &[("JobIds", &upload)]).await;
    assert_eq!(shown["JobList"], json!([]));
}

#[tokio::test]
async fn jobs_have_the_priority_that_their_pipeline_has_when_they_come() {
    let world = world().await;
    let library = library(&world, "films").await;
    let level = async |job: &str| stored(&world, job).await.priority.level();
    let first = submitted(&world, &library, "a", &[]).await;
    let pairs = [
        ("PipelineId", world.made.pipeline_id.as_str()),
        ("Priority", "9"),
    ];
    ice(&world, "UpdatePipeline", &pairs).await;
    let second = submitted(&world, &library, "b", &[]).await;
    let pipeline = [("PipelineId", world.made.pipeline_id.as_str())];
    let third = submitted(&world, &library, "c", &pipeline).await;
    assert_eq!(level(&first).await, Priority::default().level());
    assert_eq!(level(&second).await, 9);
    assert_eq!(level(&third).await, 9);
}
