//! `CancelUrlUploadJobs`.

use serde_json::json;

use super::*;

const A: &str = "http://www.example.com/a%20b.mp4";
const B: &str = "https://www.example.com/b.mp4?Signature=x";

fn twice(url: &str) -> String {
    crate::rpc::encoding::encode(url)
}

#[tokio::test]
async fn pending_uploads_are_cancelled_and_what_is_none_is_named() {
    let world = world().await;
    let jobs = upload(&world, &[A, B]).await;
    let named = format!("{},{UNKNOWN_ID},not-an-id,{}", jobs[0], jobs[0]);
    let answer = call(&world, "CancelUrlUploadJobs", &[("JobIds", &named)]).await;
    assert_eq!(answer["CanceledJobs"], json!([jobs[0]]));
    assert_eq!(answer["NonExists"], json!([UNKNOWN_ID, "not-an-id"]));
    // It exists and is not pending any more: it is in neither list.
    let answer = call(&world, "CancelUrlUploadJobs", &[("JobIds", &jobs[0])]).await;
    assert_eq!(
        (&answer["CanceledJobs"], &answer["NonExists"]),
        (&json!([]), &json!([]))
    );
    let shown = info(&world, &jobs[0]).await;
    assert_eq!(shown["Status"], "UPLOAD_FAIL");
    assert_eq!(shown["ErrorCode"], "Cancelled");
    assert!(shown["CompleteTime"].is_string() && shown.get("MediaId").is_none());
    assert_eq!(info(&world, &jobs[1]).await["Status"], "PENDING");
}

#[tokio::test]
async fn every_pending_upload_of_an_address_is_cancelled() {
    let world = world().await;
    let jobs = upload(&world, &[A, A, B]).await;
    let unknown = "http://www.example.com/none.mp4";
    let urls = format!("{},{},{}", twice(A), twice(unknown), twice(A));
    let answer = call(&world, "CancelUrlUploadJobs", &[("UploadUrls", &urls)]).await;
    let mut cancelled = answer["CanceledJobs"].as_array().unwrap().clone();
    cancelled.sort_by_key(ToString::to_string);
    assert_eq!(json!(cancelled), json!(jobs[..2]));
    assert_eq!(answer["NonExists"], json!([unknown]));
    // Plain addresses are understood too, and ids win over them.
    let both = [("JobIds", UNKNOWN_ID), ("UploadUrls", B)];
    let answer = call(&world, "CancelUrlUploadJobs", &both).await;
    assert_eq!(answer["NonExists"], json!([UNKNOWN_ID]));
    let answer = call(&world, "CancelUrlUploadJobs", &[("UploadUrls", B)]).await;
    assert_eq!(answer["CanceledJobs"], json!([jobs[2]]));
}

#[tokio::test]
async fn lists_are_repeated_elements_in_xml() {
    let world = world().await;
    let jobs = upload(&world, &[A, B]).await;
    let named = format!("{},{},x,y", jobs[0], jobs[1]);
    let request = request(
        &world,
        &world.root(),
        "CancelUrlUploadJobs",
        &[("JobIds", &named)],
    );
    let answer = request.signed().send(&world).await;
    let lists = format!(
        "<CanceledJobs>{}</CanceledJobs><CanceledJobs>{}</CanceledJobs>\
         <NonExists>x</NonExists><NonExists>y</NonExists>",
        jobs[0], jobs[1]
    );
    assert!(answer.body.contains(&lists), "{}", answer.body);
    assert!(
        answer.body.contains("<CancelUrlUploadJobsResponse>"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn what_another_account_has_does_not_exist() {
    let world = world().await;
    let jobs = upload(&world, &[A]).await;
    let made = world.account("other").await;
    let other = Key::new(&made.access_key_id, &made.access_key_secret);
    for pair in [("JobIds", jobs[0].as_str()), ("UploadUrls", A)] {
        let answer = call_as(&world, &other, "CancelUrlUploadJobs", &[pair]).await;
        assert_eq!(answer["CanceledJobs"], json!([]));
        assert_eq!(answer["NonExists"], json!([pair.1]));
    }
    assert_eq!(info(&world, &jobs[0]).await["Status"], "PENDING");
}

#[tokio::test]
async fn bad_calls_are_refused_by_name() {
    let world = world().await;
    let eleven = [UNKNOWN_ID; 11].join(",");
    for (pairs, expected) in [
        (vec![], "400 MissingParameter"),
        (
            vec![("JobIds", ""), ("UploadUrls", "")],
            "400 MissingParameter",
        ),
        (
            vec![("JobIds", eleven.as_str())],
            "400 InvalidParameter.JobIds",
        ),
        (
            vec![("UploadUrls", eleven.as_str())],
            "400 InvalidParameter.UploadUrls",
        ),
        (
            vec![("UploadUrls", "http%3A%2F%2Fh%2Fa%")],
            "400 InvalidParameter.UploadUrls",
        ),
        (vec![("UploadURLs", A)], "400 MissingParameter"),
    ] {
        let found = refused(&world, "CancelUrlUploadJobs", &pairs).await;
        assert_eq!(found, expected, "{pairs:?}");
    }
}

/// What a registration does is a job of the same kind.
#[tokio::test]
async fn the_job_of_a_registration_is_none_that_can_be_cancelled() {
    let world = world().await;
    let video = videos::registered(&world, "a.mp4", "A film").await;
    let job = videos::job_of(&world, &video).await;
    let answer = call(&world, "CancelUrlUploadJobs", &[("JobIds", &job)]).await;
    assert_eq!(answer["NonExists"], json!([job]));
    let answer = call(&world, "GetURLUploadInfos", &[("JobIds", &job)]).await;
    assert_eq!(answer["NonExists"], json!([job]));
}
