//! Staging and publishing in each place.

use std::path::Path;

use reelgate_domain::JobId;
use reelgate_domain::media::OutputFile;
use reelgate_objects::ObjectError;
use reelgate_s3server::{Fault, Rule};

use crate::house::{House, Kind, content, key};

const JOB: JobId = JobId::from_bytes([7; 16]);
const OTHER: JobId = JobId::from_bytes([8; 16]);

async fn stage(house: &House, dir: &Path, attempt: u32, name: &str, content: &[u8]) -> OutputFile {
    let key = key(name);
    // Each in a file of its own, as it may stay one with what is staged.
    let file = dir.join(format!("{attempt} {}", name.replace('/', " ")));
    std::fs::write(&file, content).unwrap();
    house
        .bucket
        .stage_file((JOB, attempt), &file, &key)
        .await
        .unwrap();
    OutputFile::new(key, content.len() as u64)
}

async fn staged_files_get_their_names_once_and_again_after_a_crash(kind: Kind) {
    let house = House::new(kind).await;
    let dir = tempfile::tempdir().unwrap();
    house.put("hls/old.ts", b"old").await.unwrap();
    let mut files = Vec::new();
    // One that is uploaded and copied in parts.
    let large = content(7 << 20);
    for (name, content) in [
        ("hls/a.ts", &large[..]),
        ("hls/b.ts", b"b"),
        ("hls/a.m3u8", b"list"),
    ] {
        files.push(stage(&house, dir.path(), 2, name, content).await);
    }
    assert_eq!(house.names("").await, ["hls/old.ts"]);
    // The process dies after the first file was placed.
    house.bucket.publish((JOB, 2), &files[..1]).await.unwrap();
    house.bucket.publish((JOB, 2), &files).await.unwrap();
    house.bucket.publish((JOB, 2), &files).await.unwrap();
    assert_eq!(house.get("hls/a.m3u8").await.unwrap(), b"list");
    assert!(house.get("hls/a.ts").await.unwrap() == large);
    // Whoever cleared the stage has placed everything before.
    house.bucket.discard_stages(JOB, 2).await.unwrap();
    house.bucket.publish((JOB, 2), &files).await.unwrap();
    let names = ["hls/a.m3u8", "hls/a.ts", "hls/b.ts", "hls/old.ts"];
    assert_eq!(house.names("").await, names);
    assert!(house.bucket.stages().await.unwrap().is_empty());
}

async fn discarding_leaves_the_stages_of_later_attempts_and_other_jobs(kind: Kind) {
    let house = House::new(kind).await;
    let dir = tempfile::tempdir().unwrap();
    for attempt in [1, 2, 10] {
        stage(&house, dir.path(), attempt, "out/a.mp4", b"x").await;
    }
    let file = dir.path().join("file");
    std::fs::write(&file, "x").unwrap();
    house
        .bucket
        .stage_file((OTHER, 1), &file, &key("a"))
        .await
        .unwrap();
    let stages = async || {
        let found = house.bucket.stages().await.unwrap();
        assert!(found.iter().all(|stage| stage.modified.as_millis() > 0));
        let mut found: Vec<_> = found
            .iter()
            .map(|stage| (stage.job, stage.attempt))
            .collect();
        found.sort_unstable();
        found
    };
    assert_eq!(stages().await, [(JOB, 1), (JOB, 2), (JOB, 10), (OTHER, 1)]);
    house.bucket.discard_stages(JOB, 2).await.unwrap();
    assert_eq!(stages().await, [(JOB, 10), (OTHER, 1)]);
    house.bucket.discard_stage(JOB, 10).await.unwrap();
    house.bucket.discard_stage(JOB, 10).await.unwrap();
    assert_eq!(stages().await, [(OTHER, 1)]);
}

async fn a_staged_file_that_is_gone_is_an_error(kind: Kind) {
    let house = House::new(kind).await;
    let file = OutputFile::new(key("a"), 1);
    let gone = house
        .bucket
        .publish((JOB, 1), std::slice::from_ref(&file))
        .await;
    assert!(matches!(gone, Err(ObjectError::Missing(_))), "{gone:?}");
    // Nor does another object of that name pass for it.
    house.put("a", b"two").await.unwrap();
    let gone = house.bucket.publish((JOB, 1), &[file]).await;
    assert!(matches!(gone, Err(ObjectError::Missing(_))), "{gone:?}");
}

// A macro, because each case is a test in each place.
macro_rules! in_every_place {
    ($($name:ident in $kind:ident: $($case:ident),*;)*) => {
        $(mod $name {
            use crate::house::Kind;
            $(#[tokio::test]
            async fn $case() { super::$case(Kind::$kind).await; })*
        })*
    };
}

in_every_place! {
    directory in Directory: staged_files_get_their_names_once_and_again_after_a_crash, discarding_leaves_the_stages_of_later_attempts_and_other_jobs, a_staged_file_that_is_gone_is_an_error;
    s3_path in Path: staged_files_get_their_names_once_and_again_after_a_crash, discarding_leaves_the_stages_of_later_attempts_and_other_jobs, a_staged_file_that_is_gone_is_an_error;
    s3_virtual in Virtual: staged_files_get_their_names_once_and_again_after_a_crash, discarding_leaves_the_stages_of_later_attempts_and_other_jobs, a_staged_file_that_is_gone_is_an_error;
    s3_prefix in Prefix: staged_files_get_their_names_once_and_again_after_a_crash, discarding_leaves_the_stages_of_later_attempts_and_other_jobs, a_staged_file_that_is_gone_is_an_error;
}

/// Copies run beside each other, and whoever reads a playlist finds all that it names.
#[tokio::test]
async fn playlists_are_placed_after_everything_before_them() {
    let house = House::new(Kind::Path).await;
    let dir = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for name in ["a.ts", "b.ts", "c.ts", "a.m3u8", "d.ts", "d.m3u8"] {
        files.push(stage(&house, dir.path(), 1, name, name.as_bytes()).await);
    }
    // Segments take long to be answered for, each in its own way.
    house
        .server()
        .misbehave(Rule::times("PUT", "a.ts", Fault::Status(500), 1));
    house
        .server()
        .misbehave(Rule::times("PUT", "c.ts", Fault::LostAnswer, 1));
    let before = house.server().requests().len();
    house.bucket.publish((JOB, 1), &files).await.unwrap();
    let seen = house.server().requests();
    let put = |name: &str| {
        let is_it = |request: &String| *request == format!("PUT /films/{name}");
        seen[before..].iter().rposition(is_it).unwrap()
    };
    for segment in ["a.ts", "b.ts", "c.ts"] {
        assert!(put(segment) < put("a.m3u8"), "{segment} {seen:?}");
    }
    assert!(put("a.m3u8") < put("d.ts") && put("d.ts") < put("d.m3u8"));
}

/// They took their space for ever, and no listing of objects shows them.
#[tokio::test]
async fn uploads_that_were_never_finished_are_found_and_removed() {
    let house = House::new(Kind::Prefix).await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, content(7 << 20)).unwrap();
    // The worker dies on the way: its last calls come to nothing.
    let part_2 = "partNumber=2";
    house
        .server()
        .misbehave(Rule::always("PUT", part_2, Fault::Status(503)));
    house
        .server()
        .misbehave(Rule::always("DELETE", "uploadId", Fault::Status(503)));
    let failed = house
        .bucket
        .stage_file((JOB, 3), &file, &key("a.mp4"))
        .await;
    assert!(
        matches!(failed, Err(ObjectError::Away { .. })),
        "{failed:?}"
    );
    assert!(house.put("b.mp4", &content(7 << 20)).await.is_err());
    house.server().behave();
    assert_eq!(house.server().uploads().len(), 2);

    let stages = house.bucket.stages().await.unwrap();
    assert_eq!((stages[0].job, stages[0].attempt), (JOB, 3));
    house.bucket.discard_stages(JOB, 3).await.unwrap();
    assert_eq!(house.server().uploads(), ["shelf/one/b.mp4"]);
    assert_eq!(house.bucket.discard_abandoned_uploads().await.unwrap(), 0);
    house.server().age_uploads();
    assert_eq!(house.bucket.discard_abandoned_uploads().await.unwrap(), 1);
    assert!(house.server().uploads().is_empty());
}
