//! Jobs: submitting, asking, and what is told of them.

use reelgate_domain::job::{CancelPolicy, FaultCode, Selector, StopMode};
use serde_json::{Value, json};

use super::{Fp, UNKNOWN, found, ids, input, text};

#[tokio::test]
async fn a_job_tells_what_it_was_asked_and_what_it_found() {
    let fp = Fp::new().await;
    let library = fp.library("12").await;
    let job = fp.submit(&library, "forcesave", "copy").await;
    let waiting = fp.told(&job).await;
    assert_eq!(waiting["State"], "Queuing");
    for absent in ["Code", "FinishTime", "FileId", "FpShotResult", "Duration"] {
        assert_eq!(waiting.get(absent), None, "{absent}");
    }

    fp.run(vec![found("film")], true).await;
    let told = fp.told(&job).await;
    assert_eq!(
        (&told["State"], &told["FileId"]),
        (&json!("Success"), &json!(job))
    );
    assert_eq!(
        (&told["UserData"], &told["Duration"]),
        (&json!("mine"), &json!(12))
    );
    let config = json!({"PrimaryKey": "copy", "SaveType": "forcesave", "FpDBId": library});
    assert_eq!(told["FpShotConfig"], config);
    let file = json!({"Bucket": "media", "Location": "oss-cn-x", "Object": "in%20put.mp4"});
    assert_eq!(told["InputFile"], file);
    let echo: Value = serde_json::from_str(told["Input"].as_str().unwrap()).unwrap();
    assert_eq!(echo, file);
    let shots = json!([{
        "PrimaryKey": "film",
        "Similarity": "0.9",
        "FpShotSlices": {"FpShotSlice": [{
            "Similarity": "0.9",
            "Input": {"Start": "0", "Duration": "10"},
            "Duplication": {"Start": "2", "Duration": "10"},
        }]},
    }]);
    assert_eq!(told["FpShotResult"]["FpShots"]["FpShot"], shots);
}

#[tokio::test]
async fn what_was_not_stored_has_no_file_and_what_was_not_searched_no_result() {
    let fp = Fp::new().await;
    let library = fp.library("12").await;
    let duplicate = fp.submit(&library, "save", "copy").await;
    fp.run(vec![found("film")], false).await;
    let told = fp.told(&duplicate).await;
    assert_eq!(
        (&told["State"], told.get("FileId")),
        (&json!("Success"), None)
    );

    let stored = fp.submit(&library, "onlysave", "film").await;
    fp.run(Vec::new(), true).await;
    let told = fp.told(&stored).await;
    assert_eq!(
        (&told["FileId"], told.get("FpShotResult")),
        (&json!(stored), None)
    );

    let searched = fp.submit(&library, "nosave", "x").await;
    fp.run(Vec::new(), false).await;
    let told = fp.told(&searched).await;
    assert_eq!(told["FpShotResult"]["FpShots"]["FpShot"], json!([]));
    assert_eq!(told.get("FileId"), None);
}

#[tokio::test]
async fn a_failed_job_says_why_and_a_cancelled_one_has_failed() {
    let fp = Fp::new().await;
    let library = fp.library("12").await;
    let failed = fp.submit(&library, "onlysave", "film").await;
    fp.run_in_vain(FaultCode::KeyTaken).await;
    let told = fp.told(&failed).await;
    assert_eq!(told["State"], "Fail");
    assert_eq!(told["Code"], "InvalidParameter.PrimaryKeyExist");
    assert!(told["Message"].as_str().unwrap().contains("film"), "{told}");

    let job = fp.submit(&library, "save", "film").await;
    let selector = Selector::ids(vec![job.parse().unwrap()]);
    let (policy, mode) = (CancelPolicy::QueuedOnly, StopMode::Graceful);
    let caller = fp.world.caller();
    let service = &fp.world.service;
    let cancelled = service.cancel(&caller, selector, policy, mode);
    cancelled.await.unwrap();
    let told = fp.told(&job).await;
    assert_eq!(
        (&told["State"], &told["Code"]),
        (&json!("Fail"), &json!("Cancelled"))
    );
    let all = fp.call("QueryFpShotJobList", &[("State", "Fail")]).await;
    assert_eq!(
        ids(&all["FpShotJobList"]["FpShotJob"], "Id"),
        [&*job, &*failed]
    );
}

#[tokio::test]
async fn jobs_are_listed_by_state_and_page_by_page() {
    let fp = Fp::new().await;
    let library = fp.library("12").await;
    let done = fp.submit(&library, "nosave", "a").await;
    fp.run(Vec::new(), false).await;
    fp.world.pass(1);
    let waiting = fp.submit(&library, "nosave", "b").await;
    let listed = async |pairs: &[(&str, &str)]| {
        let mut answer = fp.call("QueryFpShotJobList", pairs).await;
        (answer["FpShotJobList"]["FpShotJob"].take(), answer)
    };
    let (jobs, answer) = listed(&[]).await;
    assert_eq!(ids(&jobs, "Id"), [&*waiting, &*done]);
    assert_eq!(answer.get("NextPageToken"), None);
    let (jobs, _) = listed(&[("State", "Success")]).await;
    assert_eq!(ids(&jobs, "Id"), [&*done]);
    let (jobs, answer) = listed(&[("MaximumPageSize", "1")]).await;
    assert_eq!(ids(&jobs, "Id"), [&*waiting]);
    let token = text(&answer["NextPageToken"]);
    let (jobs, _) = listed(&[("NextPageToken", &token)]).await;
    assert_eq!(ids(&jobs, "Id"), [&*done]);
    let start = ("StartOfJobCreatedTimeRange", "2026-01-02T03:04:06Z");
    let (jobs, _) = listed(&[start]).await;
    assert_eq!(ids(&jobs, "Id"), [&*waiting]);
    let (jobs, _) = listed(&[("PipelineId", UNKNOWN)]).await;
    assert_eq!(jobs, json!([]));
    let (jobs, answer) = listed(&[("JobIds", &format!("{UNKNOWN},{done}"))]).await;
    assert_eq!(ids(&jobs, "Id"), [&*done]);
    assert_eq!(answer["NonExistIds"]["String"], json!([UNKNOWN]));
    for (name, value, expected) in [
        ("State", "Running", "400 InvalidParameter.InvalidState"),
        ("JobIds", "1", "400 InvalidParameter.UUIDFormatInvalid"),
        ("MaximumPageSize", "0", "400 InvalidParameter.OutOfRange"),
    ] {
        let refused = fp.fail("QueryFpShotJobList", &[(name, value)]).await;
        assert_eq!(refused, expected, "{name}");
    }
}

#[tokio::test]
async fn transcodes_and_fingerprints_are_listed_apart() {
    let fp = Fp::new().await;
    let library = fp.library("12").await;
    let fingerprint = fp.submit(&library, "nosave", "a").await;
    let outputs = json!([{"OutputObject": "out.mp4", "TemplateId": "S00000001-200030"}]);
    let pairs = [
        ("Input", &*input("in.mp4")),
        ("OutputBucket", "media"),
        ("Outputs", &*outputs.to_string()),
        ("PipelineId", &*fp.world.made.pipeline_id),
    ];
    let made = fp.call("SubmitJobs", &pairs).await;
    let transcode = text(&made["JobResultList"]["JobResult"][0]["Job"]["JobId"]);

    let listed = fp.call("ListJob", &[]).await;
    assert_eq!(ids(&listed["JobList"]["Job"], "JobId"), [&*transcode]);
    let asked = fp.call("QueryJobList", &[("JobIds", &fingerprint)]).await;
    assert_eq!(asked["NonExistJobIds"]["String"], json!([fingerprint]));
    let cancelled = fp.fail("CancelJob", &[("JobId", &fingerprint)]).await;
    assert_eq!(cancelled, "404 InvalidParameter.ResourceNotFound");

    let listed = fp.call("QueryFpShotJobList", &[]).await;
    assert_eq!(
        ids(&listed["FpShotJobList"]["FpShotJob"], "Id"),
        [&*fingerprint]
    );
    let asked = fp
        .call("QueryFpShotJobList", &[("JobIds", &transcode)])
        .await;
    assert_eq!(asked["NonExistIds"]["String"], json!([transcode]));
}

#[tokio::test]
async fn a_submission_that_cannot_work_is_refused() {
    let fp = Fp::new().await;
    let (films, texts) = (fp.library("12").await, fp.library("11").await);
    let refused = async |library: &str, name: &str, value: &str, object: &str| {
        let mut config = json!({"FpDBId": library, "SaveType": "save", "PrimaryKey": "k"});
        let mut pairs = vec![("Input", input(object))];
        match name {
            "UserData" | "PipelineId" => pairs.push((name, value.to_owned())),
            _ => config[name] = value.into(),
        }
        pairs.push(("FpShotConfig", config.to_string()));
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        fp.fail("SubmitFpShotJob", &pairs).await
    };
    let long = "d".repeat(129);
    let cases = [
        (&films, "FpDBId", UNKNOWN, "400 InvalidParameter.DBNotExist"),
        (
            &films,
            "SaveType",
            "keep",
            "400 InvalidParameter.NotSupported",
        ),
        (
            &films,
            "Threshold",
            "1",
            "400 InvalidParameter.NotSupported",
        ),
        (&films, "TextType", "Text", "400 InvalidParameter"),
        (&films, "UserData", &long, "400 InvalidParameter.OutOfRange"),
        (&films, "UserData", "#1", "400 InvalidParameter"),
        (
            &films,
            "PipelineId",
            UNKNOWN,
            "404 InvalidParameter.ResourceNotFound",
        ),
        (&texts, "SaveType", "save", "400 InvalidParameter.NullValue"),
    ];
    for (library, name, value, expected) in cases {
        let refusal = refused(library, name, value, "in.mp4").await;
        assert_eq!(refusal, expected, "{name}={value}");
    }
    // A picture can be looked for in a library of films, and not stored there.
    let picture = refused(&films, "SaveType", "save", "in.png").await;
    assert_eq!(picture, "400 InvalidParameter.ResourceNotSupported");
    let deleted = [("FpDBId", &*films), ("DelType", "Delete")];
    fp.call("SubmitFpDBDeleteJob", &deleted).await;
    let gone = refused(&films, "SaveType", "save", "in.mp4").await;
    assert_eq!(gone, "400 InvalidParameter.DBNotExist");
    assert!(fp.claim().await.is_none(), "something was queued");
}
