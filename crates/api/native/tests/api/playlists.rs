//! Master playlists, and the presets beside them.

use reelgate_domain::ObjectKey;
use reelgate_domain::media::{MediaFacts, OutputFile, OutputResult, StreamDetail};
use reelgate_testkit::{done, object};
use reqwest::Method;
use serde_json::{Value, json};

use crate::jobs::facts;
use crate::server::{Server, assert_problem};

/// A succeeded HLS job whose segments have these durations; its id.
pub(crate) async fn rung(server: &Server, name: &str, seconds: &[u32]) -> String {
    rung_of(server, name, seconds, facts()).await
}

/// The same with other streams.
async fn rung_of(server: &Server, name: &str, seconds: &[u32], facts: MediaFacts) -> String {
    let key = format!("hls/{name}.m3u8");
    let id = server.submit_output(&key, "hls-360p").await;
    let claim = server.claim().await;
    let mut playlist = "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:10\n\
                        #EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n\
                        #EXT-X-INDEPENDENT-SEGMENTS\n"
        .to_owned();
    let mut files = Vec::new();
    for (index, seconds) in seconds.iter().enumerate() {
        playlist += &format!("#EXTINF:{seconds}.000000,\n{name}-{index}.ts\n");
        files.push(OutputFile::new(
            ObjectKey::new(format!("hls/{name}-{index}.ts")).unwrap(),
            500_000,
        ));
    }
    playlist += "#EXT-X-ENDLIST\n";
    let object = object(&key);
    let stored = server.request(Method::PUT, &format!("/api/v1/buckets/media/objects/{key}"));
    let stored = stored.body(playlist.clone()).send().await.unwrap();
    assert_eq!(stored.status(), 201);
    files.push(OutputFile::new(object.key.clone(), playlist.len() as u64));
    let facts = Box::new(facts);
    server
        .succeed(
            &claim,
            vec![OutputResult::Done {
                object,
                files,
                facts,
                source: None,
            }],
        )
        .await;
    id
}

#[tokio::test]
async fn a_master_playlist_is_written_over_aligned_rungs() {
    let server = Server::start().await;
    let jobs = [
        rung(&server, "a", &[4, 4]).await,
        rung(&server, "b", &[4, 4]).await,
    ];
    let body = json!({"jobs": jobs, "object": {"bucket": "media", "key": "hls/master.m3u8"}});
    let response = server.post("/api/v1/playlists", &body).await;
    assert_eq!(response.status(), 201);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(location, "/api/v1/buckets/media/objects/hls/master.m3u8");
    let made: Value = response.json().await.unwrap();
    assert_eq!(made["object"], body["object"]);
    assert_eq!(made["renditions"][1]["uri"], "b.m3u8");
    assert_eq!(made["renditions"][0]["width"], 640);
    assert_eq!(made["renditions"][0]["codecs"], "avc1.64001E,mp4a.40.2");
    let written = server.get(&location).await;
    assert_eq!(
        written.headers()["content-type"],
        "application/vnd.apple.mpegurl"
    );
    assert_eq!(
        written
            .text()
            .await
            .unwrap()
            .matches("#EXT-X-STREAM-INF")
            .count(),
        2
    );
}

/// Facts with pictures alone, or with sound alone.
fn half(pictures: bool) -> MediaFacts {
    let mut facts = facts();
    let is_picture = |detail: &StreamDetail| matches!(detail, StreamDetail::Video(_));
    facts
        .streams
        .retain(|stream| is_picture(&stream.detail) == pictures);
    facts
}

#[tokio::test]
async fn sound_of_its_own_goes_with_pictures_of_their_own() {
    let server = Server::start().await;
    let whole = rung(&server, "whole", &[4, 4]).await;
    let picture = rung_of(&server, "picture", &[4, 4], half(true)).await;
    // Sound is cut elsewhere.
    let english = rung_of(&server, "english", &[3, 3, 2], half(false)).await;
    let short = rung_of(&server, "short", &[4], half(false)).await;
    let track = |job: &str| json!({"job": job, "name": "English", "language": "en"});
    let make = async |job: &str, tracks: Value| {
        let object = "oss://media/hls/master.m3u8";
        let body = json!({"jobs": [job], "audio": tracks, "object": object});
        server.post("/api/v1/playlists", &body).await
    };
    let response = make(&picture, json!([track(&english)])).await;
    assert_eq!(response.status(), 201);
    let made: Value = response.json().await.unwrap();
    assert_eq!(made["renditions"][0]["codecs"], "avc1.64001E,mp4a.40.2");
    let sound = &made["audio"][0];
    assert_eq!(
        (&sound["uri"], &sound["language"]),
        (&json!("english.m3u8"), &json!("en"))
    );
    let peak = |view: &Value| view["bandwidth"].as_u64().unwrap();
    // 500,000 bytes in 4 s, and in 3 s or, as a run of the target's length, fewer.
    assert_eq!(peak(&made["renditions"][0]), 1_000_000 + peak(sound));
    let written = server
        .get("/api/v1/buckets/media/objects/hls/master.m3u8")
        .await;
    let text = written.text().await.unwrap();
    assert!(
        text.contains(r#"NAME="English",DEFAULT=YES,AUTOSELECT=YES,LANGUAGE="en""#),
        "{text}"
    );
    assert!(text.contains(r#"AUDIO="audio""#), "{text}");

    for (job, tracks, status, code, field) in [
        (
            &whole,
            json!([track(&english)]),
            400,
            "invalid_request",
            "jobs",
        ),
        (
            &picture,
            json!([track(&english), {"job": whole, "name": "b"}]),
            400,
            "invalid_request",
            "audio[1].job",
        ),
        (&picture, json!([track(&short)]), 409, "conflict", ""),
        (
            &picture,
            json!([track(&english), track(&english)]),
            400,
            "invalid_request",
            "audio[1].name",
        ),
        (
            &picture,
            json!([{"job": english, "name": "a", "language": "e n"}]),
            400,
            "invalid_request",
            "audio[0].language",
        ),
    ] {
        assert_problem(make(job, tracks).await, status, code, field).await;
    }
}

#[tokio::test]
async fn rungs_that_do_not_align_conflict() {
    let server = Server::start().await;
    let jobs = [
        rung(&server, "a", &[4, 4]).await,
        rung(&server, "b", &[6, 2]).await,
    ];
    let body = json!({"jobs": jobs, "object": "oss://media/hls/master.m3u8"});
    assert_problem(
        server.post("/api/v1/playlists", &body).await,
        409,
        "conflict",
        "",
    )
    .await;
}

#[tokio::test]
async fn jobs_that_cannot_be_in_a_playlist_are_refused() {
    let server = Server::start().await;
    let queued = server.submit().await;
    let make = async |job: &str, key: &str| {
        let object = format!("oss://media/{key}");
        server
            .post(
                "/api/v1/playlists",
                &json!({"jobs": [job], "object": object}),
            )
            .await
    };
    assert_problem(make(&queued, "m.m3u8").await, 409, "conflict", "").await;
    let claim = server.claim().await;
    server.succeed(&claim, vec![done("out.mp4")]).await;
    assert_problem(
        make(&queued, "m.m3u8").await,
        400,
        "invalid_request",
        "jobs",
    )
    .await;
    assert_problem(
        make(&queued, "m.mp4").await,
        400,
        "invalid_request",
        "object",
    )
    .await;
    let missing = "00000000000000000000000000000000";
    assert_problem(make(missing, "m.m3u8").await, 404, "not_found", "").await;
    assert_problem(make("x", "m.m3u8").await, 400, "invalid_request", "jobs[0]").await;
    let body = json!({"jobs": [], "object": "oss://media/m.m3u8"});
    assert_problem(
        server.post("/api/v1/playlists", &body).await,
        400,
        "invalid_request",
        "jobs",
    )
    .await;
    let body = json!({"job": queued});
    assert_problem(
        server.post("/api/v1/playlists", &body).await,
        400,
        "unknown_field",
        "job",
    )
    .await;
}

#[tokio::test]
async fn presets_can_be_submitted_as_they_are_listed() {
    let server = Server::start().await;
    let listed = server.json("/api/v1/presets").await;
    let presets = listed["presets"].as_array().unwrap();
    assert!(presets.iter().any(|preset| preset["name"] == "web-720p"));
    for preset in presets {
        let ending = match preset["settings"]["container"]["format"].as_str() {
            Some("hls") => "m3u8",
            Some("dash") => "mpd",
            _ => "mp4",
        };
        let body = json!({
            "input": "oss://media/in.mp4",
            "outputs": [{
                "object": format!("oss://media/{}.{ending}", preset["name"].as_str().unwrap()),
                "settings": preset["settings"],
            }],
        });
        assert_eq!(
            server.post("/api/v1/jobs", &body).await.status(),
            201,
            "{}",
            preset["name"].as_str().unwrap()
        );
    }
}
