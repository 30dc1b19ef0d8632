//! Looking jobs up: one, many, waiting, what they made and why they failed.

use std::time::{Duration, Instant};

use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::{
    AudioFacts, FormatFacts, MediaFacts, OutputFile, OutputResult, StreamDetail, StreamFacts,
    VideoFacts,
};
use reelgate_testkit::object;
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{Server, assert_problem};

pub(crate) fn facts() -> MediaFacts {
    let stream = |codec: &str, profile: &str, detail| StreamFacts {
        codec_name: Some(codec.to_owned()),
        profile: Some(profile.to_owned()),
        bit_rate: Some(700_000),
        frames: Some(200),
        detail,
        ..StreamFacts::default()
    };
    let video = StreamDetail::Video(VideoFacts {
        width: 640,
        height: 360,
        level: Some(30),
        pixel_format: Some("yuv420p".to_owned()),
        average_rate: Some("30000/1001".to_owned()),
        ..VideoFacts::default()
    });
    let audio = StreamDetail::Audio(AudioFacts {
        sample_rate: Some(48_000),
        channels: Some(2),
        ..AudioFacts::default()
    });
    MediaFacts {
        format: FormatFacts {
            name: "mov,mp4,m4a,3gp,3g2,mj2".to_owned(),
            duration_seconds: Some(8.0),
            size_bytes: 123_456,
            bit_rate: Some(800_000),
            ..FormatFacts::default()
        },
        streams: vec![stream("h264", "High", video), stream("aac", "LC", audio)],
        ..MediaFacts::default()
    }
}

fn made(key: &str) -> OutputResult {
    let object = object(key);
    let files = vec![OutputFile::new(object.key.clone(), 123_456)];
    let facts = Box::new(facts());
    OutputResult::Done {
        object,
        files,
        facts,
        source: None,
    }
}

#[tokio::test]
async fn a_succeeded_job_shows_files_and_facts() {
    let server = Server::start().await;
    let id = server.submit().await;
    let claim = server.claim().await;
    server.succeed(&claim, vec![made("out.mp4")]).await;

    let shown = server.job(&id).await;
    assert_eq!(shown["state"], "succeeded");
    assert!(shown["started_at"].is_string() && shown["finished_at"].is_string());
    let expected = json!([{
        "object": {"bucket": "media", "key": "out.mp4"},
        "state": "succeeded",
        "files": [{"key": "out.mp4", "bytes": 123_456}],
        "facts": {
            "container": "mp4", "duration_s": 8.0, "size_bytes": 123_456, "bit_rate": 800_000,
            "video": {
                "codec": "h264", "profile": "High", "width": 640, "height": 360, "fps": 29.97,
                "bit_rate": 700_000, "frames": 200, "pixel_format": "yuv420p",
            },
            "audio": {
                "codec": "aac", "profile": "LC", "sample_rate": 48_000, "channels": 2,
                "bit_rate": 700_000,
            },
        },
        "fault": null,
    }]);
    assert_eq!(shown["outputs"], expected);
}

#[tokio::test]
async fn a_failed_job_shows_its_fault_and_keeps_its_log() {
    let server = Server::start().await;
    let id = server.submit().await;
    let claim = server.claim().await;
    let log = format!("/api/v1/jobs/{id}/log");
    assert_eq!(server.get(&log).await.text().await.unwrap(), "");
    let fault = Fault::new(FaultCode::SourceUnreadable, "in.mp4 is not media")
        .with_log_tail("moov atom not found");
    let result = OutputResult::Failed {
        object: object("out.mp4"),
        fault: fault.clone(),
    };
    server.fail(&claim, fault, vec![result]).await;

    let shown = server.job(&id).await;
    let told = json!({"code": "source_unreadable", "message": "in.mp4 is not media"});
    assert_eq!(shown["state"], "failed");
    assert_eq!(
        (&shown["fault"], &shown["outputs"][0]["fault"]),
        (&told, &told)
    );
    let log = server.get(&log).await;
    assert_eq!(log.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(log.text().await.unwrap(), "moov atom not found\n");
}

#[tokio::test]
async fn an_output_of_a_job_that_could_not_store_it_has_not_succeeded() {
    let server = Server::start().await;
    let id = server.submit().await;
    let claim = server.claim().await;
    let fault = Fault::new(FaultCode::SpecUnfit, "it could not be stored");
    server.fail(&claim, fault, vec![made("out.mp4")]).await;
    let output = &server.job(&id).await["outputs"][0];
    assert_eq!(
        (&output["state"], &output["files"]),
        (&json!("failed"), &json!([]))
    );
    assert_eq!(output["fault"]["message"], "it could not be stored");
}

#[tokio::test]
async fn several_logs_have_headings() {
    let server = Server::start().await;
    let id = server.submit().await;
    let claim = server.claim().await;
    let fault = |tail: &str| Fault::new(FaultCode::SpecUnfit, "no").with_log_tail(tail);
    let result = |key: &str, tail: &str| OutputResult::Failed {
        object: object(key),
        fault: fault(tail),
    };
    let results = vec![result("a.mp4", "one\n"), result("b.mp4", "two")];
    server.fail(&claim, fault("one\n"), results).await;

    let log = server.get(&format!("/api/v1/jobs/{id}/log")).await;
    let expected = format!("==> job {id} <==\none\n\n==> media/b.mp4 <==\ntwo\n");
    assert_eq!(log.text().await.unwrap(), expected);
}

#[tokio::test]
async fn a_long_poll_answers_when_the_job_has_ended() {
    let server = Server::start().await;
    let id = server.submit().await;
    let claim = server.claim().await;
    let started = Instant::now();
    let request = server.request(Method::GET, &format!("/api/v1/jobs/{id}?wait=60s"));
    let waiting = tokio::spawn(request.send());
    server.succeed(&claim, vec![made("out.mp4")]).await;
    let job: Value = waiting.await.unwrap().unwrap().json().await.unwrap();
    assert_eq!(job["state"], "succeeded");
    assert!(started.elapsed() < Duration::from_secs(50));
}

#[tokio::test]
async fn a_long_poll_ends_with_its_time() {
    let server = Server::start().await;
    let id = server.submit().await;
    for wait in ["0s", "0", "1s"] {
        let job = server.json(&format!("/api/v1/jobs/{id}?wait={wait}")).await;
        assert_eq!(job["state"], "queued");
    }
    for wait in ["61s", "-1s", "1m", ""] {
        let refused = server.get(&format!("/api/v1/jobs/{id}?wait={wait}")).await;
        assert_problem(refused, 400, "invalid_request", "wait").await;
    }
}

#[tokio::test]
async fn a_job_that_does_not_exist_is_not_found() {
    let server = Server::start().await;
    for id in ["00000000000000000000000000000000", "nonsense", "1"] {
        for path in ["", "/log", "?wait=30s"] {
            let response = server.get(&format!("/api/v1/jobs/{id}{path}")).await;
            assert_problem(response, 404, "not_found", "").await;
        }
    }
}

#[tokio::test]
async fn jobs_are_listed_newest_first_page_by_page() {
    let server = Server::start().await;
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.insert(0, server.submit().await);
    }
    let mut found = Vec::new();
    let mut path = "/api/v1/jobs?limit=2".to_owned();
    loop {
        let page = server.json(&path).await;
        found.extend(ids(&page));
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/api/v1/jobs?limit=2&cursor={cursor}");
    }
    assert_eq!(found, expected);
}

/// The ids of a page of jobs.
fn ids(page: &Value) -> Vec<String> {
    let jobs = page["jobs"].as_array().unwrap().iter();
    jobs.map(|job| job["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_listing_filters_by_state_pipeline_and_time() {
    let server = Server::start().await;
    let first = server.submit().await;
    server.claim().await;
    let second = server.submit().await;
    let other = server
        .post("/api/v1/pipelines", &json!({"name": "other"}))
        .await;
    assert_eq!(other.status(), 201);
    let default = format!("pipeline={}", server.credentials.pipeline_id);
    let (newer, older) = (vec![second.clone()], vec![first.clone()]);
    let both = vec![second, first];
    for (query, expected) in [
        ("", &both),
        ("state=queued", &newer),
        ("state=running", &older),
        ("state=queued,running", &both),
        ("state=queued&state=running", &both),
        ("pipeline=default", &both),
        (&default, &both),
        ("pipeline=other", &vec![]),
        ("created_from=2020-01-01T00:00:00.5%2B02:00", &both),
        ("created_from=2099-01-01T00:00:00Z", &vec![]),
        ("created_to=2000-01-01T00:00:00Z", &vec![]),
        ("limit=1", &newer),
    ] {
        let page = server.json(&format!("/api/v1/jobs?{query}")).await;
        assert_eq!(ids(&page), *expected, "{query}");
    }
}

#[tokio::test]
async fn a_listing_refuses_what_it_does_not_know() {
    let server = Server::start().await;
    for (query, status, field) in [
        ("status=queued", 400, "status"),
        ("state=waiting", 400, "state"),
        ("state=", 400, "state"),
        ("pipeline=nope", 404, "pipeline"),
        ("created_from=yesterday", 400, "created_from"),
        ("cursor=zzz", 400, "cursor"),
        ("limit=0", 400, "limit"),
        ("limit=101", 400, "limit"),
        ("limit=1&limit=2", 400, "limit"),
    ] {
        let response = server.get(&format!("/api/v1/jobs?{query}")).await;
        let code = if status == 404 {
            "not_found"
        } else {
            "invalid_request"
        };
        assert_problem(response, status, code, field).await;
    }
}
