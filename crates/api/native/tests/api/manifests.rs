//! Manifests of MPEG-DASH over HLS outputs.

use reelgate_domain::ObjectKey;
use reelgate_domain::media::{MediaFacts, OutputFile, OutputResult, StreamDetail};
use reelgate_testkit::object;
use reqwest::Method;
use serde_json::{Value, json};

use crate::jobs::facts;
use crate::server::{Server, assert_problem};

fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 8).unwrap();
    [&length.to_be_bytes()[..], kind, body].concat()
}

fn number(value: u32) -> Vec<u8> {
    value.to_be_bytes().to_vec()
}

/// A header of one track of H.264 or AAC with so many ticks a second.
fn init(is_picture: bool, ticks: u32) -> Vec<u8> {
    let zeros = |count: usize| vec![0; count];
    let header = |kind, value| boxed(kind, &[zeros(12), number(value)].concat());
    let (handler, entry) = match is_picture {
        true => {
            let known = boxed(b"avcC", &[1, 0x64, 0, 0x1e]);
            (b"vide", boxed(b"avc1", &[zeros(78), known].concat()))
        }
        false => {
            let specific = [5, 2, 0x11, 0x90];
            let decoder = [&[4, 17, 0x40][..], &[0; 12], &specific].concat();
            let stream = [&[3, 22, 0, 1, 0][..], &decoder].concat();
            let known = boxed(b"esds", &[zeros(4), stream].concat());
            (b"soun", boxed(b"mp4a", &[zeros(28), known].concat()))
        }
    };
    let table = boxed(b"stsd", &[zeros(8), entry].concat());
    let table = boxed(b"minf", &boxed(b"stbl", &table));
    let handler = boxed(b"hdlr", &[zeros(8), handler.to_vec()].concat());
    let media = boxed(b"mdia", &[header(b"mdhd", ticks), handler, table].concat());
    boxed(
        b"moov",
        &boxed(b"trak", &[header(b"tkhd", 1), media].concat()),
    )
}

/// A segment of one sample.
fn segment(start: u32, lasts: u32) -> Vec<u8> {
    let head = boxed(b"tfhd", &[number(0x8), number(1), number(lasts)].concat());
    let time = boxed(b"tfdt", &[number(0), number(start)].concat());
    let run = boxed(b"trun", &[number(0), number(1)].concat());
    let about = boxed(b"moof", &boxed(b"traf", &[head, time, run].concat()));
    [about, boxed(b"mdat", &[0; 1000])].concat()
}

/// Facts with pictures alone, or with sound alone.
fn half(is_picture: bool) -> MediaFacts {
    let mut facts = facts();
    facts
        .streams
        .retain(|stream| matches!(stream.detail, StreamDetail::Video(_)) == is_picture);
    facts
}

/// A succeeded job of two segments of 4 s in fragmented MP4, the first of which starts at `start`; its id.
async fn rung(server: &Server, name: &str, is_picture: bool, clock: (u32, u32)) -> String {
    let id = server
        .submit_output(&format!("hls/{name}.m3u8"), "hls-fmp4-360p")
        .await;
    write(server, name, is_picture, clock).await;
    id
}

/// Makes the job that is next in line.
async fn write(server: &Server, name: &str, is_picture: bool, (ticks, start): (u32, u32)) {
    let key = format!("hls/{name}.m3u8");
    let claim = server.claim().await;
    let playlist = format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-MAP:URI=\"{name}-init.mp4\"\n\
         #EXTINF:4.000000,\n{name}-00001.m4s\n#EXTINF:4.000000,\n{name}-00002.m4s\n#EXT-X-ENDLIST\n"
    );
    let contents = [
        (format!("{name}-init.mp4"), init(is_picture, ticks)),
        (format!("{name}-00001.m4s"), segment(start, 4 * ticks)),
        (
            format!("{name}-00002.m4s"),
            segment(start + 4 * ticks, 4 * ticks),
        ),
        (format!("{name}.m3u8"), playlist.into_bytes()),
    ];
    let mut files = Vec::new();
    for (name, content) in contents {
        let key = format!("hls/{name}");
        let stored = server.request(Method::PUT, &format!("/api/v1/buckets/media/objects/{key}"));
        let bytes = content.len() as u64;
        assert_eq!(stored.body(content).send().await.unwrap().status(), 201);
        files.push(OutputFile::new(ObjectKey::new(&key).unwrap(), bytes));
    }
    let done = OutputResult::Done {
        object: object(&key),
        files,
        facts: Box::new(half(is_picture)),
        source: None,
    };
    server.succeed(&claim, vec![done]).await;
}

async fn create(server: &Server, jobs: &[&str], audio: Value, key: &str) -> reqwest::Response {
    let body = json!({"jobs": jobs, "audio": audio, "object": format!("oss://media/{key}")});
    server.post("/api/v1/playlists", &body).await
}

#[tokio::test]
async fn one_set_of_segments_has_a_playlist_and_a_manifest() {
    let server = Server::start().await;
    let high = rung(&server, "high", true, (30_000, 300_000)).await;
    let low = rung(&server, "low", true, (15_000, 150_000)).await;
    let sound = rung(&server, "sound", false, (48_000, 478_976)).await;
    let audio = json!([{"job": sound, "name": "English & more", "language": "en"}]);
    for key in ["film.m3u8", "film.mpd"] {
        let made = create(&server, &[&high, &low], audio.clone(), key).await;
        assert_eq!(made.status(), 201);
        let made: Value = made.json().await.unwrap();
        assert_eq!(made["renditions"][1]["codecs"], "avc1.64001E,mp4a.40.2");
    }
    let written = server.get("/api/v1/buckets/media/objects/film.mpd").await;
    assert_eq!(written.headers()["content-type"], "application/dash+xml");
    let text = written.text().await.unwrap();
    for part in [
        r#"mediaPresentationDuration="PT8.000000S""#,
        r#"<Label>English &amp; more</Label>"#,
        r#"codecs="avc1.64001E" width="640" height="360" sar="1:1" frameRate="30000/1001""#,
        r#"timescale="15000" presentationTimeOffset="150000" startNumber="1" initialization="hls/low-init.mp4" media="hls/low-$Number%05d$.m4s""#,
        r#"<S t="150000" d="60000" r="1"/>"#,
        r#"presentationTimeOffset="480000" startNumber="1" initialization="hls/sound-init.mp4""#,
        r#"<S t="478976" d="192000" r="1"/>"#,
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[tokio::test]
async fn what_players_of_dash_do_not_take_is_refused() {
    let server = Server::start().await;
    let good = rung(&server, "good", true, (30_000, 300_000)).await;
    let streams = crate::playlists::rung(&server, "streams", &[4, 4]).await;
    let refused = create(&server, &[&streams], json!([]), "film.mpd").await;
    assert_problem(refused, 400, "invalid_request", "jobs").await;
    // Their clocks differ.
    for key in ["film.m3u8", "film.mpd"] {
        let refused = create(&server, &[&good, &streams], json!([]), key).await;
        assert_problem(refused, 400, "invalid_request", "jobs").await;
    }
    let body = json!({
        "input": "oss://media/in.mp4",
        "outputs": [{
            "object": "oss://media/hls/secret.m3u8", "preset": "hls-fmp4-360p",
            "encryption": {"keys": [{"key": "AAECAwQFBgcICQoLDA0ODw==", "uri": "https://keys.example.com/1"}]},
        }],
    });
    let encrypted = server.post("/api/v1/jobs", &body).await;
    assert_eq!(encrypted.status(), 201);
    let encrypted: Value = encrypted.json().await.unwrap();
    write(&server, "secret", true, (30_000, 300_000)).await;
    let secret = encrypted["id"].as_str().unwrap();
    let refused = create(&server, &[secret], json!([]), "film.mpd").await;
    assert_problem(refused, 400, "invalid_request", "jobs").await;
    let path = "/api/v1/buckets/media/objects/hls/good-init.mp4";
    let broken = server.request(Method::PUT, path).body("no header");
    assert!(broken.send().await.unwrap().status().is_success());
    for key in ["film.m3u8", "film.mpd"] {
        let refused = create(&server, &[&good], json!([]), key).await;
        assert_problem(refused, 409, "conflict", "").await;
    }
}

/// The clock of pictures that stay for long begins later, and that of their sound does not: it was 30 s away.
#[tokio::test]
async fn outputs_that_begin_at_other_times_do_not_go_together() {
    let server = Server::start().await;
    let slow = rung(&server, "slow", true, (30_000, 1_200_000)).await;
    let picture = rung(&server, "picture", true, (30_000, 300_000)).await;
    let near = rung(&server, "near", true, (15_000, 150_100)).await;
    let sound = rung(&server, "sound", false, (48_000, 478_976)).await;
    let early = rung(&server, "early", false, (48_000, 470_000)).await;
    let heard = |job: &str| json!([{"job": job, "name": "English"}]);
    for key in ["film.m3u8", "film.mpd"] {
        for (jobs, audio) in [
            (vec![&*slow], heard(&sound)),
            (vec![&*picture, &*slow], json!([])),
            (vec![&*picture], heard(&early)),
        ] {
            let refused = create(&server, &jobs, audio, key).await;
            assert_problem(refused, 409, "conflict", "").await;
        }
        let made = create(&server, &[&picture, &near], heard(&sound), key).await;
        assert_eq!(made.status(), 201);
    }
}
