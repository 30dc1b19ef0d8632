//! What becomes of jobs that start: results, failures, and cancels that come too late.

use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::{MediaFacts, OutputFile, OutputResult, Staged};
use reelgate_domain::{ObjectKey, ObjectRef, WorkerId};
use reelgate_store::{Claim, DnaEffect, Ending, Fenced, NewEntry, PublishDna};

use super::*;
use crate::ice::RESULT_SUFFIX;
use crate::world::SENT_MS;

const LATER: reelgate_domain::Timestamp = reelgate_domain::Timestamp::from_millis(SENT_MS + 60_000);

async fn claim(world: &World) -> Option<Claim> {
    let worker = WorkerId("worker".to_owned());
    let until = reelgate_domain::Timestamp::from_millis(SENT_MS + 90_000);
    let claims = world.store.claim(&worker, 1, until, LATER).await.unwrap();
    claims.into_iter().next()
}

/// The id of the job that a worker would be given.
pub(super) async fn claimed(world: &World) -> Option<String> {
    claim(world).await.map(|claim| claim.job.id.to_string())
}

/// What a worker writes when a job has stored its file and searched.
async fn succeed(world: &World, claim: &Claim) -> ObjectRef {
    let reelgate_domain::job::JobSpec::Fingerprint(spec) = &claim.job.spec else {
        panic!("{:?}", claim.job.spec);
    };
    let result = spec.result.clone().unwrap();
    let shape = ObjectRef {
        bucket: result.bucket.clone(),
        key: ObjectKey::new(format!("{}{RESULT_SUFFIX}", result.key)).unwrap(),
    };
    let caller = world.caller();
    for object in [&result, &shape] {
        let content = futures_util::stream::iter([Ok::<_, String>(bytes::Bytes::from("[]"))]);
        let put = world.service.put_object(&caller, object, content).await;
        put.unwrap();
    }
    let file = |object: &ObjectRef| OutputFile {
        key: object.key.clone(),
        bytes: 2,
        sha256: None,
    };
    let staged = Staged {
        attempt: claim.job.lifecycle.attempt,
        results: vec![OutputResult::Done {
            object: result.clone(),
            files: vec![file(&shape), file(&result)],
            facts: Box::new(MediaFacts::default()),
            source: None,
        }],
    };
    let effect = DnaEffect {
        library: spec.library,
        entry: Some(NewEntry {
            key: spec.key.clone(),
            source: spec.input.clone(),
            duration_ms: Some(1000),
            fingerprint: vec![1, 2, 3],
        }),
        unless_added_since: None,
    };
    let published = world
        .store
        .publish_fingerprint(claim.job.id, staged, effect, LATER)
        .await
        .unwrap();
    assert_eq!(published, PublishDna::Fenced(Fenced::Done));
    finish(world, claim, Ending::Succeeded).await;
    shape
}

async fn finish(world: &World, claim: &Claim, ending: Ending) {
    let attempt = claim.job.lifecycle.attempt;
    let finished = world.store.finish(claim.job.id, attempt, ending, LATER);
    finished.await.unwrap();
}

#[tokio::test]
async fn a_job_that_has_started_is_not_cancelled_and_leads_to_its_result() {
    let world = world().await;
    let library = library(&world, "films").await;
    let job = submitted(&world, &library, "film 1", &[]).await;
    let claim = claim(&world).await.unwrap();
    assert_eq!(shown(&world, &job).await["Status"], "Analysing");
    let late = refused(&world, "CancelDNAJob", &[("JobId", &job)]).await;
    assert_eq!(late, "403 PermissionDenied.JobInRunning");
    let shape = succeed(&world, &claim).await;
    let answer = shown(&world, &job).await;
    assert_eq!(answer["Status"], "Success");
    let url = text(&answer["DNAResult"]);
    assert!(url.ends_with(shape.key.as_str()), "{url}");
    assert!(url.contains("/api/v1/buckets/media/shared/"), "{url}");
    assert_eq!(
        (&answer["Code"], &answer["Message"]),
        (&json!(null), &json!(null))
    );
    let late = refused(&world, "CancelDNAJob", &[("JobId", &job)]).await;
    assert_eq!(late, "403 PermissionDenied.JobInComplete");

    let listed = ice(&world, "ListDNAFiles", &[("DBId", &library)]).await;
    let file = json!({
        "PrimaryKey": "film 1",
        "InputFile": {"Bucket": "media", "Location": "oss-cn-shanghai", "Object": "in.mp4"},
    });
    assert_eq!(listed["FileList"], json!([file]));
    let pairs = [("DBId", &*library), ("PrimaryKeys", "none,film 1")];
    ice(&world, "DeleteDNAFiles", &pairs).await;
    let listed = ice(&world, "ListDNAFiles", &[("DBId", &library)]).await;
    assert_eq!(listed["FileList"], json!([]));

    // A result that somebody has deleted is not led to.
    let caller = world.caller();
    let deleted = world.service.delete_object(&caller, &shape).await;
    deleted.unwrap();
    assert!(shown(&world, &job).await.get("DNAResult").is_none());
}

fn failed(fault: Fault) -> Ending {
    Ending::Failed {
        fault,
        results: Vec::new(),
    }
}

#[tokio::test]
async fn a_failed_job_says_why() {
    let world = world().await;
    let library = library(&world, "films").await;
    for (code, expected) in [
        (FaultCode::KeyTaken, "InvalidParameter.PrimaryKeyExist"),
        (FaultCode::LibraryGone, "InvalidParameter.DBNotExist"),
        (
            FaultCode::SourceMissing,
            "InvalidParameter.ResourceNotFound",
        ),
        (
            FaultCode::NoVideoStream,
            "InvalidParameter.ResourceContentBad",
        ),
    ] {
        let job = submitted(&world, &library, "a", &[]).await;
        let claim = claim(&world).await.unwrap();
        let fault = Fault::new(code, "why it failed");
        finish(&world, &claim, failed(fault)).await;
        let answer = shown(&world, &job).await;
        assert_eq!(
            (&answer["Status"], &answer["Code"]),
            (&json!("Fail"), &json!(expected))
        );
        assert!(
            text(&answer["Message"]).ends_with("(why it failed)"),
            "{answer}"
        );
        let late = refused(&world, "CancelDNAJob", &[("JobId", &job)]).await;
        assert_eq!(late, "403 PermissionDenied.JobInFailure");
    }
}

#[tokio::test]
async fn files_are_listed_page_by_page() {
    let world = world().await;
    let library = library(&world, "films").await;
    for key in ["b", "a", "c"] {
        let config = [("Config", r#"{"SaveType":"forcesave"}"#)];
        submitted(&world, &library, key, &config).await;
        let claim = claim(&world).await.unwrap();
        succeed(&world, &claim).await;
    }
    let mut pairs = vec![("DBId", library.clone()), ("PageSize", "2".to_owned())];
    let mut keys = Vec::new();
    loop {
        let page: Vec<_> = pairs
            .iter()
            .map(|(name, text)| (*name, text.as_str()))
            .collect();
        let answer = ice(&world, "ListDNAFiles", &page).await;
        let files = answer["FileList"].as_array().unwrap().iter();
        keys.extend(files.map(|file| text(&file["PrimaryKey"])));
        let Some(token) = answer.get("NextPageToken") else {
            break;
        };
        pairs.truncate(2);
        pairs.push(("NextPageToken", text(token)));
    }
    assert_eq!(keys, ["a", "b", "c"]);
}
