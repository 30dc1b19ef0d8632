//! Backups of a service under load, and services on what is restored from them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reelgate_client::{JobQuery, JobState};
use tokio::runtime::Runtime;

use crate::home::{Home, PATIENCE, clip, program, small_clip};
use crate::order::{Form, Order};

/// How many submit at once.
const CALLERS: usize = 8;

#[expect(
    clippy::disallowed_methods,
    reason = "the program under test, which ends by itself"
)]
fn reelgate(arguments: &[&str]) -> Output {
    Command::new(program()).args(arguments).output().unwrap()
}

fn succeeds(arguments: &[&str]) -> String {
    let output = reelgate(arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

fn fails(arguments: &[&str]) -> String {
    let output = reelgate(arguments);
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

fn order(number: usize) -> Order {
    let name = format!("job{number}");
    Order::new(name, "media", "in.mp4", &[(Form::Mp4, 1)])
}

#[test]
fn a_service_under_load_is_backed_up_and_goes_on_elsewhere() {
    let runtime = Runtime::new().unwrap();
    let place = tempfile::tempdir().unwrap();
    let mut home = Home::new(&[]);
    home.put(&small_clip(place.path()), "in.mp4");
    let stop = Arc::new(AtomicBool::new(false));
    let submitted = Arc::new(AtomicU64::new(0));
    let slowest = Arc::new(AtomicU64::new(0));
    let mut callers = Vec::new();
    for caller in 0..CALLERS {
        let (client, stop) = (home.client(), Arc::clone(&stop));
        let (submitted, slowest) = (Arc::clone(&submitted), Arc::clone(&slowest));
        callers.push(runtime.spawn(async move {
            let mut number = caller;
            while !stop.load(Ordering::Relaxed) {
                let begun = Instant::now();
                client.submit(&order(number).request()).await.unwrap();
                let took = u64::try_from(begun.elapsed().as_millis()).unwrap();
                slowest.fetch_max(took, Ordering::Relaxed);
                submitted.fetch_add(1, Ordering::Relaxed);
                number += CALLERS;
            }
        }));
    }
    let begun = Instant::now();
    while submitted.load(Ordering::Relaxed) < 500 {
        assert!(begun.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(1));
    }
    let before = submitted.load(Ordering::Relaxed);
    let (data, file) = (path(&home.data), place.path().join("backup"));
    let told = succeeds(&["backup", path(&file), "--data", data]);
    let after = submitted.load(Ordering::Relaxed) + CALLERS as u64;
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        runtime.block_on(caller).unwrap();
    }
    let rows = |table: &str| -> u64 {
        let line = told
            .lines()
            .find(|line| line.starts_with(&format!("{table} ")));
        line.unwrap()
            .split_whitespace()
            .nth(1)
            .unwrap()
            .parse()
            .unwrap()
    };
    assert!(
        (before..=after).contains(&rows("jobs")),
        "{before} to {after}: {told}"
    );
    assert_eq!(rows("jobs"), rows("job_payloads"));
    let slowest = slowest.load(Ordering::Relaxed);
    println!("{before} to {after} jobs, the slowest call took {slowest} ms");
    assert!(slowest < 30_000, "a call waited {slowest} ms");
    let refused = fails(&["backup", path(&file), "--data", data]);
    assert!(refused.contains("exists"), "{refused}");
    home.kill();

    let copy = place.path().join("copy");
    let again = succeeds(&["restore", path(&file), "--data", path(&copy)]);
    assert_eq!(again, told, "counts and checksums");
    let refused = fails(&["restore", path(&file), "--data", path(&copy)]);
    assert!(refused.contains("is not empty"), "{refused}");
    for name in ["master.key", "credentials.json"] {
        fs::copy(home.data.join(name), copy.join(name)).unwrap();
    }
    let copy = copy.canonicalize().unwrap();
    let bucket = home.bucket();
    let there = copy.join(bucket.strip_prefix(&home.data).unwrap());
    fs::create_dir_all(&there).unwrap();
    fs::copy(bucket.join("in.mp4"), there.join("in.mp4")).unwrap();
    drop(home);

    let home = Home::of(copy, &[]);
    runtime.block_on(async {
        let client = home.client();
        let (mut listed, mut cursor) = (0, None);
        loop {
            let query = JobQuery {
                limit: Some(100),
                cursor,
                ..JobQuery::default()
            };
            let page = client.jobs(&query).await.unwrap();
            listed += page.jobs.len() as u64;
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(listed, rows("jobs"));
        // What was queued is made, and what is new comes behind it.
        let begun = Instant::now();
        loop {
            let done = JobQuery {
                state: Some("succeeded".to_owned()),
                limit: Some(3),
                ..JobQuery::default()
            };
            if client.jobs(&done).await.unwrap().jobs.len() == 3 {
                break;
            }
            assert!(begun.elapsed() < PATIENCE);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let new = client.submit(&order(1_000_000).request()).await.unwrap();
        client.cancel(&new.id, true).await.unwrap();
        client.delete_job(&new.id).await.unwrap();
    });
}

/// Half a store must not look like a whole one.
#[test]
fn a_restore_that_is_killed_leaves_nothing_that_is_served_and_can_be_made_again() {
    let runtime = Runtime::new().unwrap();
    let place = tempfile::tempdir().unwrap();
    let mut home = Home::new(&[]);
    home.put(&clip(), "in.mp4");
    runtime.block_on(async {
        let client = home.client();
        for number in 0..200 {
            client.submit(&order(number).request()).await.unwrap();
        }
        let jobs = client.jobs(&JobQuery::default()).await.unwrap().jobs;
        assert_eq!(jobs[0].state, JobState::Queued);
    });
    let file = place.path().join("backup");
    let told = succeeds(&["backup", path(&file), "--data", path(&home.data)]);
    home.kill();
    let copy = place.path().join("copy");
    for delay in [1, 3, 9, 27] {
        let mut restore = start(&["restore", path(&file), "--data", path(&copy)]);
        // Not to wait for something, but to meet different moments.
        std::thread::sleep(Duration::from_millis(delay));
        restore.kill().unwrap();
        restore.wait().unwrap();
        if copy.join("reelgate.db").exists() {
            // It was faster, and then it is whole.
            let whole = succeeds(&[
                "backup",
                path(&place.path().join("again")),
                "--data",
                path(&copy),
            ]);
            assert!(whole.lines().any(|line| told.lines().any(|it| it == line)));
            fs::remove_dir_all(&copy).unwrap();
            fs::remove_file(place.path().join("again")).unwrap();
        }
    }
    assert_eq!(
        succeeds(&["restore", path(&file), "--data", path(&copy)]),
        told
    );
}

#[expect(
    clippy::disallowed_methods,
    reason = "the program under test, ended by its handle"
)]
fn start(arguments: &[&str]) -> std::process::Child {
    let mut command = Command::new(program());
    command.args(arguments);
    command.stdout(std::process::Stdio::null());
    command.stderr(std::process::Stdio::null());
    command.spawn().unwrap()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
