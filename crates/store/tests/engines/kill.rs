//! What was acknowledged is there after the process was killed at any moment.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use reelgate_domain::JobId;
use reelgate_domain::access::{Made, Note, Once};
use reelgate_domain::job::{
    CancelOutcome, CancelPolicy, Job, NewJob, Selector, StateName, StopMode,
};
use reelgate_store::conformance::first_account;
use reelgate_store::{AccessStore, JobFilter, SqliteStore, Store, StoreError, SubmitOutcome};
use reelgate_testkit::{FixedClock, Ids, JobBuilder, account, worker};

/// Tells the child, which is this same test program, what to do.
const DIRECTORY: &str = "REELGATE_KILL_TEST";

/// How often the child is killed.
const ROUNDS: u16 = 12;

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let mut told = Told::default();
    for round in 0..ROUNDS {
        // A different number of lines each time, so that the kill falls into different work.
        let lines = 40 + usize::from(round) * 37 % 400;
        let mut child = start(dir.path(), round);
        told.listen(&mut child, lines);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(told.check(dir.path()));
    }
    assert!(
        told.submitted.len() > 400,
        "{} submitted",
        told.submitted.len()
    );
    assert!(
        told.cancelled.len() > 40,
        "{} cancelled",
        told.cancelled.len()
    );
    assert!(told.cut_off > 12, "{} calls cut off", told.cut_off);
    assert!(told.claimed.len() > 40, "{} claimed", told.claimed.len());
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test needs a process that it can kill"
)]
fn start(dir: &Path, round: u16) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::child", "--ignored", "--nocapture"])
        .env(DIRECTORY, dir)
        .env("RUST_TEST_THREADS", "1")
        .env(format!("{DIRECTORY}_ROUND"), round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// What the children have said, each only after the store had answered.
#[derive(Default)]
struct Told {
    /// Said before the call: what became of those is known from the store only.
    tried: BTreeSet<JobId>,
    submitted: BTreeSet<JobId>,
    cancelled: BTreeSet<JobId>,
    claimed: BTreeMap<JobId, u32>,
    /// How many calls had no answer when the process was killed.
    cut_off: usize,
}

/// The call that submits this job: a signed one, or every other time one with a key.
fn call(job: JobId) -> Once {
    let mut hash = *job.as_bytes();
    // What differs comes first, as in a hash.
    hash.reverse();
    let note = Note {
        request: hash,
        made: Made::new(job),
    };
    Once {
        hash,
        until: FixedClock::START.after(Duration::from_secs(900)),
        note: hash[0].is_multiple_of(2).then_some(note),
    }
}

impl Told {
    /// Listens to so many lines, then kills; lines that were on their way still count.
    fn listen(&mut self, child: &mut Child, lines: usize) {
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut heard = 0;
        let mut line = String::new();
        loop {
            line.clear();
            if output.read_line(&mut line).unwrap() == 0 {
                break;
            }
            heard += usize::from(self.hear(&line));
            if heard == lines {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(heard >= lines, "the child ended by itself");
    }

    fn hear(&mut self, line: &str) -> bool {
        // Half a line is no acknowledgement.
        let Some(line) = line.strip_suffix('\n') else {
            return false;
        };
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["tried", id] => {
                self.tried.insert(id.parse().unwrap());
                false
            }
            ["submitted", id] => self.submitted.insert(id.parse().unwrap()),
            ["cancelled", id] => self.cancelled.insert(id.parse().unwrap()),
            ["claimed", id, attempt] => {
                self.claimed
                    .insert(id.parse().unwrap(), attempt.parse().unwrap());
                true
            }
            _ => false,
        }
    }

    async fn check(&mut self, dir: &Path) {
        let store = SqliteStore::open(dir).unwrap();
        let all = store
            .list_jobs(account(1), JobFilter::default(), u32::MAX)
            .await
            .unwrap();
        let all: BTreeMap<JobId, Job> = all.into_iter().map(|job| (job.id, job)).collect();
        for id in &self.submitted {
            assert!(all.contains_key(id), "{id} was acknowledged and is lost");
        }
        // A call is known if and only if its effect is there.
        let mut cut_off = 0;
        for id in std::mem::take(&mut self.tried) {
            let call = call(id);
            let noted = store.noted(call.hash).await.unwrap();
            let expected = call.note.filter(|_| all.contains_key(&id));
            assert_eq!(noted, expected, "what the call of {id} has made");
            let known = match store.use_once(call).await {
                Ok(()) => false,
                Err(StoreError::Replayed) => true,
                Err(other) => panic!("{other}"),
            };
            assert_eq!(known, all.contains_key(&id), "the call of {id}");
            cut_off += usize::from(!self.submitted.contains(&id));
        }
        self.cut_off += cut_off;
        for id in &self.cancelled {
            let lifecycle = &all[id].lifecycle;
            assert_eq!(
                (lifecycle.state.name(), lifecycle.attempt),
                (StateName::Cancelled, 0)
            );
        }
        for (id, attempt) in &self.claimed {
            assert!(
                all[id].lifecycle.attempt >= *attempt,
                "the start of {id} is lost"
            );
        }
        // The counts were written by the same transactions as the jobs.
        let count = |states: &[StateName]| {
            all.values()
                .filter(|job| states.contains(&job.lifecycle.state.name()))
                .count() as u64
        };
        let pipeline = store
            .pipeline_named(account(1), "default")
            .await
            .unwrap()
            .unwrap();
        let running = [
            StateName::Running,
            StateName::Publishing,
            StateName::Stopping,
        ];
        assert_eq!(pipeline.queued, count(&[StateName::Queued]));
        assert_eq!(pipeline.running, count(&running));
    }
}

/// Not a test of its own: the process that is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it is started by nothing_acknowledged_is_lost_when_the_process_is_killed"]
#[expect(
    clippy::disallowed_methods,
    reason = "the parent says by the environment what to do"
)]
async fn child() {
    let Some(dir) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let round: u16 = std::env::var(format!("{DIRECTORY}_ROUND"))
        .unwrap()
        .parse()
        .unwrap();
    let store = Arc::new(SqliteStore::open(Path::new(&dir)).unwrap());
    let (now, ids) = (FixedClock::START, Arc::new(Ids::seeded(round + 1)));
    store
        .create_account(first_account(&ids, now), None)
        .await
        .unwrap();
    // What the process before held is free again.
    store.sweep(true, now).await.unwrap();
    let pipeline = store
        .pipeline_named(account(1), "default")
        .await
        .unwrap()
        .unwrap()
        .id;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (store, ids) = (Arc::clone(&store), Arc::clone(&ids));
        tasks.spawn(async move {
            loop {
                // Two that start together, or only one of them.
                let submission = ids.submission(now);
                let new = || JobBuilder::new(account(1), pipeline, ids.job(now), now);
                let pair = [new(), new()].map(|job| job.submission(submission).build());
                submit_and_maybe_cancel(&store, pair.to_vec()).await;
            }
        });
    }
    tasks.spawn(async move {
        loop {
            let until = now.after(Duration::from_secs(30));
            for claim in store.claim(&worker("w"), 1, until, now).await.unwrap() {
                for job in claim.siblings.iter().chain([&claim.job]) {
                    say(&format!("claimed {} {}", job.id, job.lifecycle.attempt));
                }
            }
        }
    });
    tasks.join_all().await;
}

async fn submit_and_maybe_cancel(store: &SqliteStore, jobs: Vec<NewJob>) {
    let ids: Vec<JobId> = jobs.iter().map(|job| job.id).collect();
    say(&format!("tried {}", ids[0]));
    let outcome = store.submit(jobs, Some(call(ids[0]))).await.unwrap();
    assert!(matches!(outcome, SubmitOutcome::Accepted(_)));
    for id in ids {
        say(&format!("submitted {id}"));
        if id.as_bytes()[15].is_multiple_of(3) {
            cancel(store, id).await;
        }
    }
}

async fn cancel(store: &SqliteStore, id: JobId) {
    let (selector, policy) = (Selector::ids(vec![id]), CancelPolicy::QueuedOnly);
    let (mode, now) = (StopMode::Graceful, FixedClock::START);
    let outcome = store
        .cancel(account(1), selector, policy, mode, now, None)
        .await;
    if matches!(outcome.unwrap()[..], [CancelOutcome::Cancelled { .. }]) {
        say(&format!("cancelled {id}"));
    }
}

/// One write per line, so that a kill does not leave whole lines in a buffer.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).unwrap();
}
