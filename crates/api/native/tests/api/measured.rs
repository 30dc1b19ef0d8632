//! Figures that jobs have measured, with a worker played by the test.

use reelgate_domain::ObjectKey;
use reelgate_domain::media::{Complexity, MediaFacts, OutputFile, OutputResult, SizeComplexity};
use reelgate_testkit::object;
use reqwest::Method;
use serde_json::{Value, json};

use crate::jobs::facts;
use crate::server::{Server, assert_problem, problem};

fn done(key: &str, beside: &[&str], facts: MediaFacts) -> OutputResult {
    let object = object(key);
    let keys = beside.iter().copied().chain([key]);
    let file = |key: &str| OutputFile::new(ObjectKey::new(key).unwrap(), 1000);
    OutputResult::Done {
        object,
        files: keys.map(file).collect(),
        facts: Box::new(facts),
        source: None,
    }
}

#[tokio::test]
async fn the_quality_of_outputs_is_what_the_job_wrote_beside_them() {
    let server = Server::start().await;
    let id = server.submit_output("out.mp4", "web-360p").await;
    let quality = format!("/api/v1/jobs/{id}/quality");
    let queued = problem(server.get(&quality).await).await;
    let said = ["code", "state", "kind"].map(|name| queued[name].as_str().unwrap_or_default());
    assert_eq!(said, ["no_quality", "queued", "transcode"], "{queued}");
    let claim = server.claim().await;
    let result = done("out.mp4", &["out.mp4.quality.json"], facts());
    server.succeed(&claim, vec![result]).await;
    // The worker has written nothing here.
    assert_problem(server.get(&quality).await, 410, "quality_gone", "").await;
    let write = async |text: String| {
        let path = "/api/v1/buckets/media/objects/out.mp4.quality.json";
        let written = server.request(Method::PUT, path).body(text).send().await;
        assert!(written.unwrap().status().is_success());
    };
    let measured = json!({
        "width": 640, "height": 360, "fps": 25.0, "frames": 25, "kbps": 512.5, "ssim": 0.98, "psnr": 41.2,
        "vmaf": 91.5, "xpsnr": null, "step_seconds": 1,
        "series": [{"at_seconds": 0.0, "kbps": 512.5, "ssim": 0.98, "least_ssim": 0.97, "psnr": 41.2,
                    "vmaf": 91.5}],
        "worst": [{"at_seconds": 0.4, "ssim": 0.97, "psnr": 40.0, "still": "out.mp4.worst-1.jpg"}],
    });
    write(measured.to_string()).await;
    let object = json!({"bucket": "media", "key": "out.mp4"});
    let expected = json!({"outputs": [{"object": object, "quality": measured}]});
    assert_eq!(server.json(&quality).await, expected);
    for text in ["{}", "[", &"x".repeat(2 << 20)] {
        write(text.to_owned()).await;
        assert_problem(server.get(&quality).await, 410, "quality_gone", "").await;
    }
}

#[tokio::test]
async fn a_job_that_measured_nothing_has_no_quality() {
    let server = Server::start().await;
    let id = server.submit_output("out.mp4", "web-360p").await;
    let claim = server.claim().await;
    server
        .succeed(&claim, vec![done("out.mp4", &[], facts())])
        .await;
    let refused = server.get(&format!("/api/v1/jobs/{id}/quality")).await;
    let refused = problem(refused).await;
    let said = ["code", "state"].map(|name| refused[name].as_str().unwrap_or_default());
    assert_eq!(said, ["no_quality", "succeeded"], "{refused}");
    assert_eq!(refused["status"], 409);
}

#[tokio::test]
async fn what_a_picture_takes_stands_among_the_facts() {
    let server = Server::start().await;
    let body = json!({
        "kind": "media_info", "input": "oss://media/in.mp4", "complexity": {"crf": 23, "widths": [640]},
    });
    let submitted = server.post("/api/v1/jobs", &body).await;
    assert_eq!(submitted.status(), 201);
    let submitted: Value = submitted.json().await.unwrap();
    let claim = server.claim().await;
    let mut facts = facts();
    let size = SizeComplexity {
        width: 640,
        height: 360,
        kbps: 700.5,
        bits_per_pixel: 0.12,
    };
    facts.complexity = Some(Complexity {
        crf: 23,
        sampled_seconds: 8.0,
        sizes: vec![size],
    });
    let object = object("in.mp4");
    let result = OutputResult::Done {
        object,
        files: Vec::new(),
        facts: Box::new(facts),
        source: None,
    };
    server.succeed(&claim, vec![result]).await;
    let job = server.job(submitted["id"].as_str().unwrap()).await;
    let shown = &job["outputs"][0]["facts"]["complexity"];
    let expected = json!({
        "crf": 23, "sampled_seconds": 8.0,
        "sizes": [{"width": 640, "height": 360, "kbps": 700.5, "bits_per_pixel": 0.12}],
    });
    assert_eq!(*shown, expected, "{job}");
    let other = server.submit_output("out.mp4", "web-360p").await;
    let claim = server.claim().await;
    server
        .succeed(&claim, vec![done("out.mp4", &[], crate::jobs::facts())])
        .await;
    let other = server.job(&other).await;
    let facts = other["outputs"][0]["facts"].as_object().unwrap();
    assert!(!facts.contains_key("complexity"), "{facts:?}");
}
