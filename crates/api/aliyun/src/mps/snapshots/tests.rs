//! Snapshot jobs, through the gateway.

use reelgate_domain::job::{Fault, FaultCode};
use reelgate_store::Ending;
use serde_json::{Value, json};

use super::super::tests::{UNKNOWN_ID, World, text};

async fn submit(world: &World, config: Value) -> Value {
    let input = json!({"Bucket": "media", "Location": "oss-cn-x", "Object": "in.mp4"});
    let pairs = [
        ("Input", &*input.to_string()),
        ("SnapshotConfig", &*config.to_string()),
        ("PipelineId", world.made.pipeline_id.as_str()),
        ("UserData", "mine"),
    ];
    world.call("SubmitSnapshotJob", &pairs).await["SnapshotJob"].take()
}

fn rows(object: &str) -> Value {
    json!({
        "OutputFile": {"Bucket": "media", "Location": "oss-cn-x", "Object": object},
        "Time": 1000, "Interval": 2, "Num": "3", "Width": 320, "FrameType": "normal",
    })
}

#[tokio::test]
async fn a_snapshot_job_waits_and_shows_its_configuration_as_texts() {
    let world = World::new().await;
    let made = submit(&world, rows("out/{Count}.jpg")).await;
    assert_eq!(
        (&made["State"], &made["UserData"]),
        (&json!("Submitted"), &json!("mine"))
    );
    assert_eq!(made["PipelineId"], world.made.pipeline_id);
    let config = json!({
        "OutputFile": {"Bucket": "media", "Location": "oss-cn-x", "Object": "out/{Count}.jpg"},
        "Time": "1000", "Interval": "2", "Num": "3", "Width": "320", "FrameType": "normal",
    });
    assert_eq!(made["SnapshotConfig"], config);
    assert_eq!(made.get("Count"), None);

    let ids = format!("{},{UNKNOWN_ID}", text(&made["Id"]));
    let found = world
        .call("QuerySnapshotJobList", &[("SnapshotJobIds", &ids)])
        .await;
    assert_eq!(found["SnapshotJobList"]["SnapshotJob"][0]["Id"], made["Id"]);
    assert_eq!(
        found["NonExistSnapshotJobIds"],
        json!({"String": [UNKNOWN_ID]})
    );
    // Transcodes and pictures are told of apart.
    let jobs = world.call("ListJob", &[]).await;
    assert_eq!(jobs["JobList"]["Job"], json!([]));
    let refused = world
        .fail("CancelJob", &[("JobId", &text(&made["Id"]))])
        .await;
    assert_eq!(refused, "404 InvalidParameter.ResourceNotFound");
}

#[tokio::test]
async fn snapshot_jobs_are_listed_by_state() {
    let world = World::new().await;
    let first = submit(&world, rows("a{Count}.jpg")).await;
    let claims = world.claim().await;
    submit(&world, rows("b{Count}.jpg")).await;
    let states = |answer: &Value| {
        let list = answer["SnapshotJobList"]["SnapshotJob"].as_array().unwrap();
        list.iter()
            .map(|job| text(&job["State"]))
            .collect::<Vec<_>>()
    };
    for (filter, expected) in [
        ("All", vec!["Submitted", "Snapshoting"]),
        ("Submitted", vec!["Submitted"]),
        ("Snapshoting", vec!["Snapshoting"]),
        ("Success", vec![]),
    ] {
        let answer = world
            .call("QuerySnapshotJobList", &[("State", filter)])
            .await;
        assert_eq!(states(&answer), expected, "{filter}");
    }
    let fault = Fault::new(FaultCode::SourceMissing, "media/in.mp4 does not exist");
    let results = Vec::new();
    world
        .finish(&claims[0], Ending::Failed { fault, results })
        .await;
    let answer = world
        .call("QuerySnapshotJobList", &[("State", "Fail")])
        .await;
    let failed = &answer["SnapshotJobList"]["SnapshotJob"][0];
    assert_eq!(failed["Id"], first["Id"]);
    assert_eq!(failed["Code"], "InvalidParameter.ResourceNotFound");
    let refused = world
        .fail("QuerySnapshotJobList", &[("State", "Running")])
        .await;
    assert_eq!(refused, "400 InvalidParameter.InvalidState");
}
