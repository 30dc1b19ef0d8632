//! A fingerprint job and its entry are both there or neither is, whenever the process was killed.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use reelgate_domain::JobId;
use reelgate_domain::dna::{DnaModel, Library, LibraryId, LibraryName, LibraryStatus, PrimaryKey};
use reelgate_domain::job::{JobKind, StateName};
use reelgate_store::conformance::first_account;
use reelgate_store::{
    DnaEffect, Fenced, JobFilter, LibraryChange, NewEntry, PostgresOptions, PostgresStore,
    PublishDna, SqliteStore, Store, SubmitOutcome,
};
use reelgate_testkit::{
    FixedClock, Ids, JobBuilder, Postgres, PostgresSetup, account, object, of_kind, staged, worker,
};

/// Tell the child, which is this same test program, what to do.
const DIRECTORY: &str = "REELGATE_KILL_FINGERPRINTS_TEST";
const DATABASE: &str = "REELGATE_KILL_FINGERPRINTS_TEST_DATABASE";
const ROUND: &str = "REELGATE_KILL_FINGERPRINTS_TEST_ROUND";

const LIBRARY: LibraryId = LibraryId::from_bytes([7; 16]);

/// How often the child is killed.
const ROUNDS: u16 = 6;

/// Of several parts, so that a write takes a while.
const BYTES: usize = 1_500_000;

/// Where the child stores, by the engine.
enum Place {
    Directory(PathBuf),
    Database(String),
}

impl Place {
    async fn open(&self) -> Arc<dyn Store> {
        match self {
            Self::Directory(path) => Arc::new(SqliteStore::open(path).unwrap()),
            Self::Database(url) => {
                let store = PostgresStore::open(PostgresOptions::new(url)).await;
                Arc::new(store.unwrap())
            }
        }
    }
}

#[test]
fn a_win_and_its_entry_are_there_together_when_the_process_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::Directory(dir.path().to_owned());
    killed_again_and_again(&place, |_, child| child.kill().unwrap(), |_| {});
}

/// Of the rounds every other one ends with the server's death too.
#[test]
fn a_win_and_its_entry_are_there_together_on_postgres_whoever_is_killed() {
    let server = Postgres::start(PostgresSetup {
        settings: &[("fsync", "on"), ("full_page_writes", "on")],
        ..PostgresSetup::default()
    });
    let place = Place::Database(server.database());
    let kill = |round, child: &mut Child| {
        if round % 2 == 1 {
            server.crash();
        }
        child.kill().unwrap();
    };
    let settle = |round| match round % 2 {
        1 => server.revive(),
        // What the child had sent is done or undone once nobody works for it any more.
        _ => server.run(NOBODY_WORKS),
    };
    killed_again_and_again(&place, kill, settle);
}

/// Waits until the server has no client but this one.
const NOBODY_WORKS: &str = "DO $$ BEGIN \
    FOR patience IN 1..6000 LOOP \
      PERFORM pg_stat_clear_snapshot(); \
      IF NOT EXISTS (SELECT 1 FROM pg_stat_activity \
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()) THEN RETURN; END IF; \
      PERFORM pg_sleep(0.01); \
    END LOOP; \
    RAISE EXCEPTION 'somebody still works'; END $$";

fn killed_again_and_again(place: &Place, kill: impl Fn(u16, &mut Child), settle: impl Fn(u16)) {
    let mut stored = BTreeSet::new();
    for round in 0..ROUNDS {
        let mut child = start(place, round);
        let killing = |child: &mut Child| kill(round, child);
        listen(&mut child, &mut stored, 3 + usize::from(round), killing);
        settle(round);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(check(place, &stored));
    }
    assert!(stored.len() >= 20, "{} stored", stored.len());
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test needs a process that it can kill"
)]
fn start(place: &Place, round: u16) -> Child {
    let (name, value) = match place {
        Place::Directory(path) => (DIRECTORY, path.as_os_str()),
        Place::Database(url) => (DATABASE, url.as_ref()),
    };
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "kill_fingerprints::child",
            "--ignored",
            "--nocapture",
        ])
        .env(name, value)
        .env("RUST_TEST_THREADS", "1")
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// Listens to so many lines, then kills; lines that were on their way still count.
fn listen(
    child: &mut Child,
    stored: &mut BTreeSet<JobId>,
    lines: usize,
    kill: impl Fn(&mut Child),
) {
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
            kill(child);
            // It is killed once.
            heard += 1;
        }
    }
    child.wait().unwrap();
    assert!(heard > lines, "the child ended by itself");
}

async fn check(place: &Place, stored: &BTreeSet<JobId>) {
    let store = place.open().await;
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
    let place = match (std::env::var_os(DIRECTORY), std::env::var(DATABASE)) {
        (Some(path), _) => Place::Directory(path.into()),
        (None, Ok(url)) => Place::Database(url),
        (None, Err(_)) => return,
    };
    let round: u16 = std::env::var(ROUND).unwrap().parse().unwrap();
    let store = place.open().await;
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
            publish(&*store, claim.job.id, claim.job.lifecycle.attempt).await;
        }
    }
}

async fn publish(store: &dyn Store, job: JobId, attempt: u32) {
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
