//! What each wish and each report makes of a stream.

use reelgate_domain::job::Lease;
use reelgate_domain::stream::{
    Happening, Standing, Stream, StreamEvent, StreamNote, StreamPlan, StreamSpec,
};
use reelgate_domain::{Timestamp, WorkerId};

use super::{Course, Kept};
use crate::contract::{
    Fenced, StreamAnswer, StreamBeat, StreamChange, StreamEnding, StreamOutcome,
};
use crate::hints::Wakes;

/// Which of a stream's places come free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Places {
    Stay,
    /// Those that no plan of this revision or later has.
    Before(u32),
    All,
}

/// What a write makes of a stream.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) course: Course,
    pub(crate) notes: Vec<StreamNote>,
    pub(crate) places: Places,
    pub(crate) wakes: Wakes,
    /// It was deleted and nobody holds it any more: nothing of it stays.
    pub(crate) is_over: bool,
}

impl Turn {
    fn new(course: Course) -> Self {
        let standing = &course.standing;
        // Whoever holds it may have processes that publish to any of them.
        let places = match (&standing.held, standing.wanted) {
            (Some(_), _) => Places::Stay,
            (None, true) => Places::Before(course.revision),
            (None, false) => Places::All,
        };
        Self {
            places,
            wakes: Wakes::CHANGES,
            is_over: course.deleted && standing.held.is_none(),
            notes: Vec::new(),
            course,
        }
    }

    /// After an event that may have made it claimable.
    fn of(before: &Course, standing: Standing, now: Timestamp) -> Self {
        let waits = standing.wanted && standing.held.is_none();
        let due_at = waits.then(|| standing.ready_at.unwrap_or(now));
        let mut turn = Self::new(Course {
            standing,
            due_at,
            ..before.clone()
        });
        if waits {
            turn.wakes = turn.wakes.and(Wakes::WORK);
        }
        turn
    }

    fn note(mut self, at: Timestamp, what: Happening, of: (u32, u32), message: &str) -> Self {
        let (run, attempt) = of;
        self.notes.push(StreamNote {
            at,
            what,
            run,
            attempt,
            message: message.to_owned(),
        });
        self
    }

    fn touched(mut self, now: Timestamp) -> Self {
        self.course.touched_at = now;
        self
    }
}

/// The attempt that is held, or 0.
fn attempt(standing: &Standing) -> u32 {
    let held = standing.held.as_ref();
    held.map_or(0, |_| standing.attempt)
}

pub(crate) fn start(
    kept: &Kept,
    seen: &StreamSpec,
    plan: &StreamPlan,
    now: Timestamp,
) -> Result<Turn, StreamOutcome> {
    let Kept { course, stream } = kept;
    let started = course.standing.after(&StreamEvent::Start, now);
    let standing = started.map_err(|_| StreamOutcome::Running)?;
    if stream.spec != *seen || !follows(course, plan) {
        return Err(StreamOutcome::Changed);
    }
    let course = Course {
        revision: plan.revision,
        ..course.clone()
    };
    let run = standing.run;
    let turn = Turn::of(&course, standing, now).touched(now);
    Ok(turn.note(now, Happening::Started, (run, 0), ""))
}

fn follows(course: &Course, plan: &StreamPlan) -> bool {
    course.revision.checked_add(1) == Some(plan.revision)
}

pub(crate) fn stop(kept: &Kept, now: Timestamp) -> Result<Turn, StreamOutcome> {
    let course = &kept.course;
    let stopped = course.standing.after(&StreamEvent::Stop, now);
    let standing = stopped.map_err(|_| StreamOutcome::NotRunning)?;
    let of = (standing.run, attempt(&standing));
    let mut turn = Turn::of(course, standing, now).touched(now);
    turn.wakes = turn.wakes.and(Wakes::STOPS);
    Ok(turn.note(now, Happening::Stopped, of, ""))
}

/// What becomes of a stream that is changed, and the stream then.
pub(crate) fn change(
    kept: &Kept,
    change: &StreamChange,
    now: Timestamp,
) -> Result<(Turn, Stream), StreamOutcome> {
    let Kept { course, stream } = kept;
    let standing = &course.standing;
    let plan = match (&change.plan, standing.wanted) {
        (None, true) if change.spec.is_some() || !change.may_run => {
            return Err(StreamOutcome::Running);
        }
        (plan, true) => plan.as_ref(),
        (_, false) => None,
    };
    let is_seen = change.seen.as_ref().is_none_or(|seen| *seen == stream.spec);
    if !is_seen || plan.is_some_and(|plan| !follows(course, plan)) {
        return Err(StreamOutcome::Changed);
    }
    let revision = plan.map_or(course.revision, |plan| plan.revision);
    let course = Course {
        revision,
        ..course.clone()
    };
    let mut turn = Turn::new(course).touched(now);
    if plan.is_some() {
        turn.wakes = turn.wakes.and(Wakes::STOPS);
        let of = (standing.run, attempt(standing));
        turn = turn.note(now, Happening::Changed, of, "");
    }
    let mut changed = kept.after(&turn);
    changed.name = change.name.clone().unwrap_or(changed.name);
    changed.spec = change.spec.clone().unwrap_or(changed.spec);
    changed.plan = plan.cloned().or(changed.plan);
    Ok((turn, changed))
}

pub(crate) fn delete(kept: &Kept, now: Timestamp) -> Result<Turn, StreamOutcome> {
    if kept.course.standing.wanted {
        return Err(StreamOutcome::Running);
    }
    let course = Course {
        deleted: true,
        ..kept.course.clone()
    };
    Ok(Turn::new(course).touched(now))
}

/// None: it is not claimable.
pub(crate) fn claim(
    course: &Course,
    worker: &WorkerId,
    until: Timestamp,
    now: Timestamp,
) -> Option<Turn> {
    let lease = Lease {
        worker: worker.clone(),
        until,
    };
    let standing = course.standing.after(&StreamEvent::Claim { lease }, now);
    let standing = standing.ok()?;
    let of = (standing.run, standing.attempt);
    let course = Course {
        runs: course.revision,
        ..course.clone()
    };
    let turn = Turn::of(&course, standing, now);
    Some(turn.note(now, Happening::Taken, of, &format!("by {worker}")))
}

/// What an attempt is told, and what its beat makes of the stream if it holds it.
pub(crate) fn beat(
    course: &Course,
    beat: &StreamBeat,
    until: Timestamp,
    now: Timestamp,
) -> (StreamAnswer, Option<Turn>) {
    let event = StreamEvent::Renew {
        attempt: beat.attempt,
        until,
    };
    let Ok(standing) = course.standing.after(&event, now) else {
        return (StreamAnswer::Lost, None);
    };
    let answer = match standing.goes_on() {
        true => StreamAnswer::Held {
            revision: course.revision,
        },
        false => StreamAnswer::Stop,
    };
    let runs = course.runs.max(beat.revision.min(course.revision));
    let mut turn = Turn::new(Course {
        standing,
        runs,
        ..course.clone()
    });
    if runs > course.runs {
        turn.places = Places::Before(runs);
    }
    turn.wakes = match beat.notes.is_empty() {
        true => Wakes::NONE,
        false => Wakes::CHANGES,
    };
    turn.notes.clone_from(&beat.notes);
    (answer, Some(turn))
}

/// Whether what is seen of an attempt is seen of the newest start.
pub(crate) fn is_of_newest_start(course: &Course) -> bool {
    let held = course.standing.held.as_ref();
    held.is_some_and(|held| held.run == course.standing.run)
}

pub(crate) fn finish(
    course: &Course,
    attempt: u32,
    ending: &StreamEnding,
    notes: &[StreamNote],
    now: Timestamp,
) -> (Fenced, Option<Turn>) {
    let event = match ending {
        StreamEnding::Gone { ready_at } => StreamEvent::Gone {
            attempt,
            ready_at: *ready_at,
        },
        StreamEnding::Given(end) => StreamEvent::End {
            attempt,
            end: end.clone(),
        },
    };
    let before = &course.standing;
    let (Ok(standing), Some(held)) = (before.after(&event, now), &before.held) else {
        return (Fenced::Lost, None);
    };
    let of = (held.run, attempt);
    let mut turn = Turn::of(course, standing, now);
    turn.notes.extend_from_slice(notes);
    let answer = match (before.goes_on(), ending) {
        (false, _) => Fenced::Stopping,
        (true, StreamEnding::Gone { .. }) => Fenced::Done,
        (true, StreamEnding::Given(end)) => {
            turn = turn.note(now, Happening::Ended, of, &end.message);
            Fenced::Done
        }
    };
    (answer, Some(turn.note(now, Happening::Gone, of, "")))
}

/// With `every`, a lease that still runs counts as one that has just run out. None: it has not.
pub(crate) fn lease_ended(course: &Course, now: Timestamp) -> Option<Turn> {
    let held = course.standing.held.as_ref()?;
    let lost = format!("worker {} was lost", held.lease.worker);
    let of = (held.run, course.standing.attempt);
    let standing = course.standing.after(&StreamEvent::LeaseEnded, now).ok()?;
    let turn = Turn::of(course, standing, now);
    Some(turn.note(now, Happening::WorkerLost, of, &lost))
}
