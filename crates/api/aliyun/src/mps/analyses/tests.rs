//! Template analysis, through the gateway.

use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::{Complexity, MediaFacts, OutputResult, SizeComplexity, Staged};
use reelgate_domain::{ObjectKey, ObjectRef, Timestamp};
use reelgate_store::{Claim, Ending};
use serde_json::{Value, json};

use super::super::tests::{UNKNOWN_ID, World, text};

fn input() -> String {
    json!({"Bucket": "media", "Location": "x", "Object": "in.mp4"}).to_string()
}

async fn submit(world: &World, config: &Value) -> Value {
    let (input, config) = (input(), config.to_string());
    let pairs = [
        ("Input", &*input),
        ("PipelineId", &*world.made.pipeline_id),
        ("AnalysisConfig", &*config),
        ("Priority", "9"),
        ("UserData", "mine"),
    ];
    world.call("SubmitAnalysisJob", &pairs).await["AnalysisJob"].take()
}

async fn query(world: &World, ids: &str) -> Value {
    let pairs = [("AnalysisJobIds", ids)];
    world.call("QueryAnalysisJobList", &pairs).await
}

/// Ends a job with this measurement.
async fn measure(world: &World, claim: &Claim, sizes: Vec<SizeComplexity>) {
    let facts = MediaFacts {
        complexity: Some(Complexity {
            crf: 25,
            sampled_seconds: 30.0,
            sizes,
        }),
        ..MediaFacts::default()
    };
    let done = OutputResult::Done {
        object: ObjectRef {
            bucket: "media".parse().unwrap(),
            key: ObjectKey::new("in.mp4").unwrap(),
        },
        files: Vec::new(),
        facts: Box::new(facts),
        source: None,
    };
    let attempt = claim.job.lifecycle.attempt;
    let staged = Staged {
        attempt,
        results: vec![done],
    };
    let now = Timestamp::from_millis(1_767_323_106_000);
    let id = claim.job.id;
    world.store.publish(id, staged, now).await.unwrap();
    let finished = world.store.finish(id, attempt, Ending::Succeeded, now);
    finished.await.unwrap();
}

const fn size(width: u32, height: u32, kbps: f64) -> SizeComplexity {
    SizeComplexity {
        width,
        height,
        kbps,
        bits_per_pixel: 0.1,
    }
}

#[tokio::test]
async fn an_analysis_is_submitted_then_analyzing_then_lists_presets_that_can_be_used() {
    let world = World::new().await;
    let config = json!({"QualityControl": {"RateQuality": "27", "MethodStreaming": "local"}});
    let made = submit(&world, &config).await;
    assert_eq!(
        (&made["State"], &made["Percent"], &made["Priority"]),
        (&json!("Submitted"), &json!(0), &json!("9"))
    );
    assert_eq!(made["InputFile"]["Object"], "in.mp4");
    assert_eq!(made["AnalysisConfig"], config);
    assert_eq!(made["TemplateList"], json!({"Template": []}));
    let id = text(&made["Id"]);
    let claims = world.claim().await;
    let running = query(&world, &format!("{id},{UNKNOWN_ID}")).await;
    let shown = &running["AnalysisJobList"]["AnalysisJob"][0];
    assert_eq!(
        (&shown["State"], &shown["UserData"]),
        (&json!("Analyzing"), &json!("mine"))
    );
    let missing = json!({"String": [UNKNOWN_ID]});
    assert_eq!(running["NonExistAnalysisJobIds"], missing);
    let sizes = vec![size(1280, 720, 1700.0), size(848, 478, 300.0)];
    measure(&world, &claims[0], sizes).await;
    let ended = query(&world, &id).await;
    let shown = &ended["AnalysisJobList"]["AnalysisJob"][0];
    assert_eq!(
        (&shown["State"], &shown["Percent"]),
        (&json!("Success"), &json!(100))
    );
    let templates = shown["TemplateList"]["Template"].as_array().unwrap();
    let ids: Vec<String> = templates.iter().map(|one| text(&one["Id"])).collect();
    assert_eq!(ids, ["S00000001-200030", "S00000002-200030"]);
    assert_eq!(templates[0]["Video"]["Bitrate"], "1800");
    for template in &ids {
        let outputs = json!([{"OutputObject": "out.mp4", "TemplateId": template}]);
        let results = world.submit(&outputs).await;
        assert_eq!(results[0]["Success"], true, "{template}");
    }
    // It is no media information job, although it is one underneath.
    let pairs = [("MediaInfoJobIds", &*id)];
    let other = world.call("QueryMediaInfoJobList", &pairs).await;
    assert_eq!(other["NonExistMediaInfoJobIds"], json!({"String": [id]}));
}

#[tokio::test]
async fn what_has_no_picture_fails_with_its_reason() {
    let world = World::new().await;
    let made = submit(&world, &json!({})).await;
    let claims = world.claim().await;
    let fault = Fault::new(FaultCode::NoVideoStream, "the source has no video stream");
    let results = Vec::new();
    world
        .finish(&claims[0], Ending::Failed { fault, results })
        .await;
    let ended = query(&world, &text(&made["Id"])).await;
    let shown = &ended["AnalysisJobList"]["AnalysisJob"][0];
    assert_eq!(shown["State"], "Fail");
    assert!(shown["Code"].is_string() && shown["Message"].is_string());
    assert_eq!(shown["TemplateList"], json!({"Template": []}));
}

#[tokio::test]
async fn parameters_that_cannot_be_used_are_refused() {
    let world = World::new().await;
    let (input, pipeline) = (input(), world.made.pipeline_id.clone());
    let whole = [("Input", &*input), ("PipelineId", &*pipeline)];
    let force = r#"{"PropertiesControl":{"Deinterlace":"Force"}}"#;
    let cases: [(&[(&str, &str)], &str); 6] = [
        (&whole[1..], "400 MissingInput"),
        (&whole[..1], "400 MissingPipelineId"),
        (
            &[whole[0], ("PipelineId", UNKNOWN_ID)],
            "404 InvalidParameter.ResourceNotFound",
        ),
        (
            &[whole[0], whole[1], ("AnalysisConfig", "[]")],
            "400 InvalidParameter.JsonObjectFormatInvalid",
        ),
        (
            &[whole[0], whole[1], ("AnalysisConfig", force)],
            "400 InvalidParameter.NotSupported",
        ),
        (
            &[whole[0], whole[1], ("Priority", "11")],
            "400 InvalidParameter.OutOfRange",
        ),
    ];
    for (pairs, expected) in cases {
        assert_eq!(world.fail("SubmitAnalysisJob", pairs).await, expected);
    }
    let missing = world.fail("QueryAnalysisJobList", &[]).await;
    assert_eq!(missing, "400 MissingAnalysisJobIds");
}
