//! `kill -9` in the middle of a picture that is made in pieces.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use reelgate_client::{JobState, NewJob, NewOutput};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::home::{Home, PATIENCE};

/// 25 frames a second, so that there are eight pieces of two seconds.
const SECONDS: u64 = 16;
const FRAMES: u64 = SECONDS * 25;

#[expect(
    clippy::disallowed_methods,
    reason = "made and measured beside the service"
)]
fn output_of(program: &str, args: &[&str], file: &Path) -> String {
    let made = Command::new(program).args(args).arg(file).output().unwrap();
    let said = String::from_utf8_lossy(&made.stderr).into_owned();
    assert!(made.status.success(), "{said}");
    String::from_utf8(made.stdout).unwrap()
}

fn film(folder: &Path) -> PathBuf {
    let path = folder.join("film.mp4");
    let made = format!("testsrc2=d={SECONDS}:s=480x270:r=25");
    let args = [
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        &made,
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
    ];
    output_of("ffmpeg", &args, &path);
    path
}

fn frames_of(file: &Path) -> u64 {
    let args = [
        "-v",
        "error",
        "-count_packets",
        "-select_streams",
        "v",
        "-show_entries",
        "stream=nb_read_packets",
        "-of",
        "csv=p=0",
    ];
    output_of("ffprobe", &args, file).trim().parse().unwrap()
}

/// Finished pieces and when they were written.
fn finished(data: &Path) -> BTreeMap<PathBuf, SystemTime> {
    let mut found = BTreeMap::new();
    let mut folders = vec![data.join("pieces")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(meta) = entry.metadata() else { continue };
            if meta.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "ivf") && !path.ends_with("out.ivf")
            {
                found.insert(path, meta.modified().unwrap());
            }
        }
    }
    found
}

/// Waits for more finished pieces than this.
fn more_than(data: &Path, count: usize) -> BTreeMap<PathBuf, SystemTime> {
    let begun = Instant::now();
    loop {
        let found = finished(data);
        if found.len() > count {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{found:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_killed_job_makes_only_the_pieces_that_were_not_finished() {
    let runtime = Runtime::new().unwrap();
    let place = tempfile::tempdir().unwrap();
    let mut home = Home::new(&[]);
    home.put(&film(place.path()), "in.mp4");
    let video = json!({"codec": "vp9", "profile": "main", "preset": "fast", "gop": {"seconds": 1.0},
        "chunks": "enabled"});
    let request = NewJob {
        input: "oss://media/in.mp4".to_owned(),
        outputs: vec![NewOutput {
            object: "oss://media/out.webm".to_owned(),
            preset: None,
            settings: Some(json!({"container": {"format": "webm"}, "video": video})),
            clip: None,
        }],
        pipeline: None,
        priority: None,
        user_data: None,
    };
    let id = runtime.block_on(home.client().submit(&request)).unwrap().id;
    more_than(&home.data, 1);
    home.kill();
    let before = finished(&home.data);
    home.start();
    let after = more_than(&home.data, before.len());
    for (path, time) in &before {
        assert_eq!(
            after.get(path),
            Some(time),
            "{} was made again",
            path.display()
        );
    }
    let client = home.client();
    let job = runtime.block_on(client.job_ended(&id, PATIENCE)).unwrap();
    assert_eq!(
        (job.state, job.attempt),
        (JobState::Succeeded, 2),
        "{:?}",
        job.fault
    );
    assert_eq!(frames_of(&home.bucket().join("out.webm")), FRAMES);
    home.await_tidiness();
    assert_eq!(finished(&home.data), BTreeMap::new());
}
