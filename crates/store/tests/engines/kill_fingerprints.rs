//! A fingerprint job and its entry are both there or neither is, whenever the process was killed.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use reelgate_domain::JobId;
use reelgate_domain::dna::{DnaModel, Library, LibraryId, LibraryName, LibraryStatus, PrimaryKey};
use reelgate_domain::job::{JobKind, StateName};
use reelgate_store::conformance::first_account;
use reelgate_store::{
    AccessStore, DnaEffect, DnaStore, Fenced, JobFilter, LibraryChange, NewEntry, PublishDna,
    SqliteStore, Store, SubmitOutcome,
};
use reelgate_testkit::{FixedClock, Ids, JobBuilder, account, object, of_kind, staged, worker};

/// Tells the child, which is this same test program, what to do.
const DIRECTORY: &str = "REELGATE_KILL_FINGERPRINTS_TEST";

const LIBRARY: LibraryId = LibraryId::from_bytes([7; 16]);

/// How often the child is killed.
const ROUNDS: u16 = 6;

/// Of several parts, so that a write takes a while.
const BYTES: usize = 1_500_000;

#[test]
fn a_win_and_its_entry_are_there_together_when_the_process_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let mut stored = BTreeSet::new();
    for round in 0..ROUNDS {
        let mut child = start(dir.path(), round);
        listen(&mut child, &mut stored, 3 + usize::from(round));
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(check(dir.path(), &stored));
    }
    assert!(stored.len() >= 20, "{} stored", stored.len());
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test needs a process that it can kill"
)]
fn start(dir: &Path, round: u16) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "kill_fingerprints::child",
            "--ignored",
            "--nocapture",
        ])
        .env(DIRECTORY, dir)
        .env("RUST_TEST_THREADS", "1")
        .env(format!("{DIRECTORY}_ROUND"), round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// Listens to so many lines, then kills; lines that were on their way still count.
fn listen(child: &mut Child, stored: &mut BTreeSet<JobId>, lines: usize) {
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut heard = 0;
    let mut line = String::new();
    loop {
        line.clear();
        if output.read_line(&mut line).unwrap() == 0 {
            break;
        }
        let said = line.strip_suffix('\n');
        if let Some(id) = said.and_then(|line| line.strip_prefix("stored ")) {
            stored.insert(id.parse().unwrap());
            heard += 1;
        }
        if heard == lines {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(heard >= lines, "the child ended by itself");
}

async fn check(dir: &Path, stored: &BTreeSet<JobId>) {
    let store = SqliteStore::open(dir).unwrap();
    let jobs = store.list_jobs(account(1), JobFilter::default(), u32::MAX);
    let jobs = jobs.await.unwrap().into_iter();
    let winners = jobs.filter(|job| job.lifecycle.state.name() == StateName::Publishing);
    let winners: BTreeSet<JobId> = winners.map(|job| job.id).collect();
    let entries = store.entries(account(1), LIBRARY, None, 10_000).await;
    let entries = entries.unwrap().unwrap();
    let owners: BTreeSet<JobId> = entries.iter().map(|entry| entry.job).collect();
    assert_eq!(owners, winners);
    assert!(
        stored.is_subset(&winners),
        "one was acknowledged and is lost"
    );
    let library = store.all_libraries(account(1)).await.unwrap().remove(0);
    let count = entries.len() as u64;
    assert_eq!((library.version, library.entries), (count, count));
    let (mut at, mut told) = (0, 0);
    while at < count {
        let step = store.library_changes(LIBRARY, at, 4 << 20).await.unwrap();
        for change in &step.changes {
            let LibraryChange::Added { fingerprint, .. } = change else {
                panic!("nothing was removed");
            };
            assert_eq!(fingerprint.len(), BYTES);
            told += 1;
        }
        at = step.reached;
    }
    assert_eq!(told, count);
}

/// Not a test of its own: the process that is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it is started by a_win_and_its_entry_are_there_together_when_the_process_is_killed"]
#[expect(
    clippy::disallowed_methods,
    reason = "the parent says by the environment what to do"
)]
async fn child() {
    let Some(dir) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let round = std::env::var(format!("{DIRECTORY}_ROUND")).unwrap();
    let round: u16 = round.parse().unwrap();
    let store = Arc::new(SqliteStore::open(Path::new(&dir)).unwrap());
    let (now, ids) = (FixedClock::START, Ids::seeded(round + 1));
    let first = first_account(&ids, now);
    store.create_account(first, None).await.unwrap();
    let library = Library {
        id: LIBRARY,
        account: account(1),
        name: LibraryName::new("films").unwrap(),
        model: DnaModel::Video,
        description: String::new(),
        status: LibraryStatus::Active,
        version: 0,
        added_at: 0,
        entries: 0,
        created_at: now,
    };
    store.create_library(library, 1, None).await.unwrap();
    let pipeline = store.pipeline_named(account(1), "default").await.unwrap();
    let pipeline = pipeline.unwrap().id;
    let until = now.after(Duration::from_secs(30));
    loop {
        let spec = of_kind(JobKind::Fingerprint);
        let new = JobBuilder::new(account(1), pipeline, ids.job(now), now).spec(spec);
        let submitted = store.submit(vec![new.build()], None).await.unwrap();
        assert!(matches!(submitted, SubmitOutcome::Accepted(_)));
        for claim in store.claim(&worker("w"), 1, until, now).await.unwrap() {
            publish(&store, claim.job.id, claim.job.lifecycle.attempt).await;
        }
    }
}

async fn publish(store: &SqliteStore, job: JobId, attempt: u32) {
    let entry = NewEntry {
        key: PrimaryKey::new(job.to_string()).unwrap(),
        source: object("in.mp4"),
        duration_ms: None,
        fingerprint: vec![attempt as u8; BYTES],
    };
    let effect = DnaEffect {
        library: LIBRARY,
        entry: Some(entry),
        unless_added_since: None,
    };
    let (staged, now) = (staged(attempt), FixedClock::START);
    let told = store.publish_fingerprint(job, staged, effect, now).await;
    if told.unwrap() == PublishDna::Fenced(Fenced::Done) {
        say(&format!("stored {job}"));
    }
}

/// One write per line, so that a kill does not leave whole lines in a buffer.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).unwrap();
}
