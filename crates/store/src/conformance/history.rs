//! What a job's history says, for each way it can go.

use std::time::Duration;

use reelgate_domain::job::Happening::{
    AttemptFailed, Cancelled, Failed, GivenBack, ProcessesGone, Queued, Retried, Succeeded,
};
use reelgate_domain::job::{
    CancelPolicy, FaultCode, Happening, HistoryEntry, MAX_LOSSES, StateName, StopMode, retry_delay,
};
use reelgate_domain::{JobId, Timestamp};
use reelgate_testkit::{account, worker};

use super::world::{LEASE, failed};
use super::{Home, World};
use crate::{Ending, Fenced, Gone, RetryOutcome, Work};

/// What a history has to say, noted while it happens.
struct Diary<'w> {
    world: &'w World,
    id: JobId,
    expected: Vec<HistoryEntry>,
}

impl<'w> Diary<'w> {
    /// Of a new job, the only one there is.
    async fn new(world: &'w World) -> Self {
        let id = world.submit_one().await;
        let mut diary = Self {
            world,
            id,
            expected: Vec::new(),
        };
        diary.notes(0, [Queued]).await;
        diary
    }

    /// Notes what has just happened, compares, and lets some time pass.
    async fn notes<const N: usize>(&mut self, attempt: u32, what: [Happening; N]) {
        let now = self.world.now();
        let entries = what.map(|what| entry(now, attempt, what));
        self.has(entries).await;
    }

    async fn has<const N: usize>(&mut self, entries: [HistoryEntry; N]) {
        self.expected.extend(entries);
        assert_eq!(self.world.history(self.id).await, self.expected);
        self.world.clock.advance(Duration::from_millis(250));
    }

    async fn starts(&mut self, attempt: u32) {
        let claims = self.world.claim(9).await;
        let claimed = (claims[0].job.id, claims[0].job.lifecycle.attempt);
        assert_eq!(claimed, (self.id, attempt));
        self.notes(attempt, [started()]).await;
    }

    async fn ends(&self, attempt: u32, ending: Ending) {
        let answer = self.world.finish(self.id, attempt, ending).await;
        assert_ne!(answer, Fenced::Lost);
    }

    /// Waits until the lease of the running attempt has run out.
    async fn is_lost(&mut self) {
        self.world.clock.advance(LEASE);
        assert_eq!(self.world.sweep().await, 1);
    }
}

fn entry(at: Timestamp, attempt: u32, what: Happening) -> HistoryEntry {
    HistoryEntry { at, attempt, what }
}

fn started() -> Happening {
    let worker = worker("w");
    Happening::Started { worker }
}

/// As `world::failed` has it.
fn broke(code: FaultCode, again: bool) -> Happening {
    AttemptFailed {
        code,
        message: "it did not work".into(),
        again,
    }
}

fn lost(again: bool) -> Happening {
    AttemptFailed {
        code: FaultCode::WorkerLost,
        message: "worker w was lost".into(),
        again,
    }
}

fn stop(from: StateName, mode: StopMode) -> Happening {
    Happening::CancelAccepted {
        from,
        decision: StateName::Stopping,
        mode,
    }
}

/// A cancel that found the job queued.
fn withdrawn() -> Happening {
    Happening::CancelAccepted {
        from: StateName::Queued,
        decision: StateName::Cancelled,
        mode: StopMode::Graceful,
    }
}

pub async fn the_history_of_a_job_that_succeeds(home: &dyn Home) {
    let world = World::new(home).await;
    let mut diary = Diary::new(&world).await;
    diary.starts(1).await;
    assert_eq!(world.publish(diary.id, 1).await, Fenced::Done);
    diary.notes(1, []).await;
    // Repeated because its answer was lost on the way.
    assert_eq!(world.publish(diary.id, 1).await, Fenced::Done);
    diary.notes(1, []).await;
    diary.ends(1, Ending::Succeeded).await;
    diary.notes(1, [Succeeded]).await;
}

pub async fn the_history_of_a_job_that_fails_for_good(home: &dyn Home) {
    let world = World::new(home).await;
    let mut diary = Diary::new(&world).await;
    diary.starts(1).await;
    diary.ends(1, failed(FaultCode::SourceMissing)).await;
    let why = broke(FaultCode::SourceMissing, false);
    diary.notes(1, [why, Failed]).await;
}

pub async fn the_history_of_a_job_that_is_tried_again_until_it_fails(home: &dyn Home) {
    let world = World::new(home).await;
    let mut diary = Diary::new(&world).await;
    for losses in 1..=MAX_LOSSES {
        let attempt = u32::from(losses);
        diary.starts(attempt).await;
        diary.ends(attempt, failed(FaultCode::EngineFailed)).await;
        if losses < MAX_LOSSES {
            let why = broke(FaultCode::EngineFailed, true);
            diary.notes(attempt, [why]).await;
            world.clock.advance(retry_delay(losses));
            world.sweep().await;
        } else {
            let why = broke(FaultCode::EngineFailed, false);
            diary.notes(attempt, [why, Failed]).await;
        }
    }
}

pub async fn the_history_of_a_job_that_is_handed_back(home: &dyn Home) {
    let world = World::new(home).await;
    let mut diary = Diary::new(&world).await;
    diary.starts(1).await;
    diary.ends(1, Ending::GivenBack).await;
    diary.notes(1, [GivenBack]).await;
    diary.starts(2).await;
}

pub async fn the_history_of_a_job_whose_workers_are_lost(home: &dyn Home) {
    let world = World::new(home).await;
    let mut diary = Diary::new(&world).await;
    for losses in 1..=MAX_LOSSES {
        let attempt = u32::from(losses);
        diary.starts(attempt).await;
        diary.is_lost().await;
        if losses < MAX_LOSSES {
            diary.notes(attempt, [lost(true)]).await;
            world.clock.advance(retry_delay(losses));
            world.sweep().await;
        } else {
            diary.notes(attempt, [lost(false), Failed]).await;
        }
    }
}

pub async fn the_history_of_a_job_whose_publishers_are_lost(home: &dyn Home) {
    let world = World::new(home).await;
    let mut diary = Diary::new(&world).await;
    diary.starts(1).await;
    assert_eq!(world.publish(diary.id, 1).await, Fenced::Done);
    world.clock.advance(LEASE);
    world.sweep().await;
    diary.notes(1, []).await;
    diary.starts(2).await;
    diary.ends(2, failed(FaultCode::StorageFailed)).await;
    let why = broke(FaultCode::StorageFailed, true);
    diary.notes(2, [why]).await;
    world.clock.advance(retry_delay(1));
    diary.starts(3).await;
    diary.ends(3, Ending::Succeeded).await;
    diary.notes(3, [Succeeded]).await;
}

pub async fn the_history_of_a_queued_job_that_is_cancelled(home: &dyn Home) {
    let world = World::new(home).await;
    let mut diary = Diary::new(&world).await;
    world.cancel(diary.id, CancelPolicy::QueuedOnly).await;
    diary.notes(0, [withdrawn(), Cancelled]).await;
}

pub async fn the_history_of_a_job_that_is_cancelled_between_attempts(home: &dyn Home) {
    let world = World::new(home).await;
    let mut diary = Diary::new(&world).await;
    diary.starts(1).await;
    diary.ends(1, failed(FaultCode::EngineFailed)).await;
    let why = broke(FaultCode::EngineFailed, true);
    diary.notes(1, [why]).await;
    world.cancel(diary.id, CancelPolicy::RunningOnly).await;
    diary.notes(1, [withdrawn(), Cancelled]).await;
}

pub async fn the_history_of_a_running_job_that_is_cancelled(home: &dyn Home) {
    let world = World::new(home).await;
    let mut diary = Diary::new(&world).await;
    diary.starts(1).await;
    world.cancel(diary.id, CancelPolicy::Any).await;
    let polite = stop(StateName::Running, StopMode::Graceful);
    diary.notes(1, [polite]).await;
    world
        .cancel_how(diary.id, CancelPolicy::Any, StopMode::Now)
        .await;
    let hasty = stop(StateName::Stopping, StopMode::Now);
    diary.notes(1, [hasty]).await;
    // Refused, so nothing has happened.
    world.cancel(diary.id, CancelPolicy::Any).await;
    diary.notes(1, []).await;
    let gone = Gone {
        at: world.now(),
        killed: true,
    };
    world.clock.advance(Duration::from_millis(40));
    diary.ends(1, Ending::Stopped(gone)).await;
    let killed = ProcessesGone { killed: true };
    diary
        .has([entry(gone.at, 1, killed), entry(world.now(), 1, Cancelled)])
        .await;
}

/// What the attempt made of itself no longer matters for the job, but it is what happened.
pub async fn the_history_of_a_stop_that_ends_otherwise(home: &dyn Home) {
    let world = World::new(home).await;
    let polite = stop(StateName::Running, StopMode::Graceful);
    let ways = [
        (
            Some(failed(FaultCode::EngineFailed)),
            broke(FaultCode::EngineFailed, false),
        ),
        (Some(Ending::GivenBack), GivenBack),
        (None, lost(false)),
    ];
    for (ending, what) in ways {
        let mut diary = Diary::new(&world).await;
        diary.starts(1).await;
        world.cancel(diary.id, CancelPolicy::Any).await;
        diary.notes(1, [polite.clone()]).await;
        match ending {
            Some(ending) => diary.ends(1, ending).await,
            None => diary.is_lost().await,
        }
        diary.notes(1, [what, Cancelled]).await;
    }
}

pub async fn a_job_that_is_retried_keeps_its_history(home: &dyn Home) {
    let world = World::new(home).await;
    let mut diary = Diary::new(&world).await;
    for attempt in 1..=2 {
        diary.starts(attempt).await;
        diary.ends(attempt, failed(FaultCode::SourceMissing)).await;
        let why = broke(FaultCode::SourceMissing, false);
        diary.notes(attempt, [why, Failed]).await;
        assert_eq!(world.retry(diary.id).await, RetryOutcome::Queued);
        diary.notes(attempt, [Retried]).await;
    }
    diary.starts(3).await;
    assert_eq!(world.publish(diary.id, 3).await, Fenced::Done);
    diary.ends(3, Ending::Succeeded).await;
    diary.notes(3, [Succeeded]).await;
}

pub async fn the_history_of_a_retried_job_that_is_cancelled(home: &dyn Home) {
    let world = World::new(home).await;
    let mut diary = Diary::new(&world).await;
    diary.starts(1).await;
    diary.ends(1, failed(FaultCode::SourceMissing)).await;
    let why = broke(FaultCode::SourceMissing, false);
    diary.notes(1, [why, Failed]).await;
    world.retry(diary.id).await;
    diary.notes(1, [Retried]).await;
    world.cancel(diary.id, CancelPolicy::QueuedOnly).await;
    diary.notes(1, [withdrawn(), Cancelled]).await;
}

pub async fn siblings_have_a_history_each(home: &dyn Home) {
    let world = World::new(home).await;
    let ids = world.siblings(world.pipeline, 3).await;
    let claims = world.claim(1).await;
    assert_eq!((claims.len(), &claims[0].work), (1, &Work::Run));
    world.finish(ids[1], 1, Ending::GivenBack).await;
    for id in ids.iter() {
        let mut expected = vec![
            entry(world.now(), 0, Queued),
            entry(world.now(), 1, started()),
        ];
        if *id == ids[1] {
            expected.push(entry(world.now(), 1, GivenBack));
        }
        assert_eq!(world.history(*id).await, expected);
    }
}

pub async fn another_accounts_job_has_no_history(home: &dyn Home) {
    let world = World::new(home).await;
    let id = world.submit_one().await;
    for (owner, id) in [
        (account(2), id),
        (world.account, world.ids.job(world.now())),
    ] {
        let history = world.store.history(owner, id).await;
        assert_eq!(history.expect("history"), None);
    }
}
