//! Jobs: cancelling, looking up, listing.

use reelgate_domain::job::{Fault, FaultCode};
use reelgate_store::{Ending, Gone};
use serde_json::json;

use super::{UNKNOWN_ID, World, ids, text};

#[tokio::test]
async fn a_paused_pipelines_jobs_can_be_cancelled() {
    let world = World::new().await;
    world.set_state("Paused").await;
    let job = world.submit_one().await;
    assert!(world.claim().await.is_empty());
    assert_eq!(world.state_of(&job).await, "Submitted");

    let answer = world.call("CancelJob", &[("JobId", &job)]).await;
    assert_eq!(answer["JobId"], *job);
    assert_eq!(world.state_of(&job).await, "TranscodeCancelled");
    world.set_state("Active").await;
    assert!(world.claim().await.is_empty());
    let again = world.fail("CancelJob", &[("JobId", &job)]).await;
    assert_eq!(again, "400 InvalidParameter.InvalidState");
}

#[tokio::test]
async fn a_job_that_has_started_is_not_cancelled() {
    let world = World::new().await;
    let job = world.submit_one().await;
    let claims = world.claim().await;
    assert_eq!(world.state_of(&job).await, "Transcoding");
    let (status, body) = world.send("CancelJob", &[("JobId", &job)]).await;
    assert_eq!(
        (status, &body["Code"]),
        (403, &json!("PermissionDenied.JobInRunning"))
    );
    let message = format!("The Job operated \"{job}\" is running, cannot cancel.");
    assert_eq!(body["Message"], message);

    world.finish(&claims[0], Ending::Succeeded).await;
    assert_eq!(world.state_of(&job).await, "TranscodeSuccess");
    let late = world.fail("CancelJob", &[("JobId", &job)]).await;
    assert_eq!(late, "403 PermissionDenied.JobInComplete");
}

#[tokio::test]
async fn a_job_that_waits_for_another_attempt_is_still_transcoding() {
    let world = World::new().await;
    let job = world.submit_one().await;
    let claims = world.claim().await;
    world.finish(&claims[0], Ending::GivenBack).await;
    assert_eq!(world.state_of(&job).await, "Transcoding");
    let refused = world.fail("CancelJob", &[("JobId", &job)]).await;
    assert_eq!(refused, "403 PermissionDenied.JobInRunning");
    let found = world.call("ListJob", &[("State", "Transcoding")]).await;
    assert_eq!(ids(&found), [job]);
    let found = world.call("ListJob", &[("State", "Submitted")]).await;
    assert!(ids(&found).is_empty());
}

#[tokio::test]
async fn a_failed_job_says_why_and_is_not_cancelled() {
    let world = World::new().await;
    let job = world.submit_one().await;
    let claims = world.claim().await;
    let fault = Fault::new(FaultCode::SourceUnreadable, "no stream can be decoded");
    let results = Vec::new();
    world
        .finish(&claims[0], Ending::Failed { fault, results })
        .await;
    let found = world.call("QueryJobList", &[("JobIds", &job)]).await;
    let shown = &found["JobList"]["Job"][0];
    assert_eq!(shown["State"], "TranscodeFail");
    assert_eq!(shown["Code"], "InvalidParameter.ResourceContentBad");
    let refused = world.fail("CancelJob", &[("JobId", &job)]).await;
    assert_eq!(refused, "403 PermissionDenied.JobInFailure");
}

/// A job that was queued again by the native API.
#[tokio::test]
async fn a_failed_job_that_is_queued_again_is_submitted_and_can_be_cancelled() {
    let world = World::new().await;
    let job = world.submit_one().await;
    let claims = world.claim().await;
    let fault = Fault::new(FaultCode::SourceMissing, "in.mp4 does not exist");
    let results = Vec::new();
    world
        .finish(&claims[0], Ending::Failed { fault, results })
        .await;
    world.retry(&claims[0]).await;

    let found = world.call("QueryJobList", &[("JobIds", &job)]).await;
    let shown = &found["JobList"]["Job"][0];
    assert_eq!(
        (&shown["State"], &shown["Percent"]),
        (&json!("Submitted"), &json!(0))
    );
    for absent in ["Code", "Message", "FinishTime"] {
        assert_eq!(shown.get(absent), None, "{absent}");
    }
    let found = world.call("ListJob", &[("State", "Submitted")]).await;
    assert_eq!(ids(&found), std::slice::from_ref(&job));
    let found = world.call("ListJob", &[("State", "Transcoding")]).await;
    assert!(ids(&found).is_empty());
    world.call("CancelJob", &[("JobId", &job)]).await;
    assert_eq!(world.state_of(&job).await, "TranscodeCancelled");
}

#[tokio::test]
async fn a_job_that_is_being_stopped_is_transcoding_until_it_is_cancelled() {
    let world = World::new().await;
    let job = world.submit_one().await;
    let claims = world.claim().await;
    world.stop(&claims[0]).await;
    assert_eq!(world.state_of(&job).await, "Transcoding");
    let refused = world.fail("CancelJob", &[("JobId", &job)]).await;
    assert_eq!(refused, "403 PermissionDenied.JobInRunning");
    let at = claims[0].job.created_at;
    let gone = Gone { at, killed: false };
    world.finish(&claims[0], Ending::Stopped(gone)).await;
    let found = world.call("QueryJobList", &[("JobIds", &job)]).await;
    let shown = &found["JobList"]["Job"][0];
    assert_eq!(shown["State"], "TranscodeCancelled");
    assert_eq!(shown["FinishTime"], "2026-01-02T03:05:06Z");
}

#[tokio::test]
async fn a_cancel_of_nothing_is_told_what_is_wrong() {
    let world = World::new().await;
    let cases: [(&[(&str, &str)], &str); 4] = [
        (&[], "400 MissingJobId"),
        (&[("JobId", "")], "400 InvalidParameter.EmptyValue"),
        (&[("JobId", "x")], "400 InvalidParameter.UUIDFormatInvalid"),
        (
            &[("JobId", UNKNOWN_ID)],
            "404 InvalidParameter.ResourceNotFound",
        ),
    ];
    for (pairs, expected) in cases {
        assert_eq!(world.fail("CancelJob", pairs).await, expected);
    }
}

#[tokio::test]
async fn jobs_are_found_by_id_newest_first() {
    let world = World::new().await;
    let (first, second) = (world.submit_one().await, world.submit_one().await);
    let asked = format!("{first},{UNKNOWN_ID},{second}");
    let found = world.call("QueryJobList", &[("JobIds", &asked)]).await;
    assert_eq!(ids(&found), [second, first.clone()]);
    assert_eq!(found["NonExistJobIds"]["String"], json!([UNKNOWN_ID]));
    let found = world.call("QueryJobList", &[("JobIds", &first)]).await;
    assert_eq!(found.get("NonExistJobIds"), None);

    let (status, body) = world.send("QueryJobList", &[]).await;
    assert_eq!((status, &body["Code"]), (400, &json!("InvalidParameter")));
    assert_eq!(
        body["Message"],
        "The specified parameter \"JobIds\" is invalid."
    );
    let eleven: Vec<_> = (0..11).map(|n| format!("{n:032x}")).collect();
    let refused = world
        .fail("QueryJobList", &[("JobIds", &eleven.join(","))])
        .await;
    assert_eq!(refused, "400 InvalidParameter.ListSizeExceed");
}

#[tokio::test]
async fn a_listing_goes_on_where_the_page_before_ended() {
    let world = World::new().await;
    let mut submitted = Vec::new();
    for _ in 0..5 {
        submitted.insert(0, world.submit_one().await);
    }
    let mut listed = Vec::new();
    let mut token: Option<String> = None;
    let mut pages = 0;
    loop {
        let mut pairs = vec![("MaximumPageSize", "2")];
        pairs.extend(token.as_deref().map(|token| ("NextPageToken", token)));
        let page = world.call("ListJob", &pairs).await;
        listed.extend(ids(&page));
        pages += 1;
        token = page["NextPageToken"].as_str().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    assert_eq!((pages, &listed), (3, &submitted));

    let query = world
        .call("QueryJobList", &[("JobIds", &submitted[2])])
        .await;
    let time = text(&query["JobList"]["Job"][0]["CreationTime"]);
    let range = [
        ("StartOfJobCreatedTimeRange", time.as_str()),
        ("EndOfJobCreatedTimeRange", time.as_str()),
    ];
    let found = world.call("ListJob", &range).await;
    assert_eq!(ids(&found), [submitted[2].clone()]);
    let found = world.call("ListJob", &[("PipelineId", UNKNOWN_ID)]).await;
    assert!(ids(&found).is_empty());
}
