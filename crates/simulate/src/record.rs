//! What has happened: every change of every row in the order in which the database made them, and every
//! call of a client with what it was told.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use reelgate_domain::job::{CancelPolicy, StateName, StopMode};
use reelgate_domain::{JobId, PipelineId, Timestamp};
use reelgate_store::twin::{EventRow, JobRow, QueueRow, Rows};

use crate::post::Post;
use crate::rules;

/// Something that must not have happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// What was promised.
    pub promise: &'static str,
    pub what: String,
}

/// What a client asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Asked {
    /// So many jobs, whose outputs begin with this.
    Submit {
        tag: String,
        jobs: usize,
        /// What makes it the same call when it is sent again.
        call: Option<(u64, u64)>,
    },
    Cancel {
        job: JobId,
        policy: CancelPolicy,
        mode: StopMode,
    },
    Look {
        job: JobId,
    },
    Retry {
        job: JobId,
    },
    Pause {
        pipeline: PipelineId,
    },
    Resume {
        pipeline: PipelineId,
    },
    Limit {
        pipeline: PipelineId,
        limit: Option<u32>,
    },
}

/// What it was told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Told {
    Jobs(Vec<JobId>),
    /// It was made before.
    Replayed,
    /// Nothing of it runs.
    Cancelled {
        from: StateName,
    },
    Stopping {
        from: StateName,
    },
    Refused {
        state: StateName,
        started: bool,
    },
    State {
        state: StateName,
        attempt: u32,
    },
    Queued,
    Changed,
    /// An error that says that nothing is known, such as one of a store that is away.
    Failed(String),
}

/// A call. Steps are counted by the writes that changed something.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) asked: Asked,
    /// The last step before it began.
    pub(crate) began: u64,
    /// The moment of its answer.
    pub(crate) answered: u64,
    /// The last step before its answer; `None` as long as there is none.
    pub(crate) ended: Option<(u64, Told)>,
}

/// All of it.
#[derive(Debug)]
pub(crate) struct Record {
    /// Whose call the database handles.
    pub(crate) caller: String,
    pub(crate) step: u64,
    pub(crate) rows: Rows,
    /// Each job as it was after each step that changed it.
    pub(crate) jobs: BTreeMap<JobId, Vec<(u64, JobRow)>>,
    pub(crate) queues: BTreeMap<PipelineId, Vec<(u64, QueueRow)>>,
    pub(crate) calls: Vec<Call>,
    /// All that has happened, in its order.
    pub(crate) events: Vec<EventRow>,
    pub(crate) post: Post,
    /// Counts what others may see: looks at the database, and answers.
    moment: u64,
    pub(crate) broken: Vec<Broken>,
    /// How far the clocks of nodes may be ahead.
    skew_ms: i64,
    hash: u64,
    lines: Option<Vec<String>>,
}

impl Record {
    /// With `lines` it can be read by people afterwards.
    pub(crate) fn new(lines: bool, skew_ms: i64) -> Self {
        Self {
            skew_ms,
            caller: String::new(),
            step: 0,
            rows: Rows::default(),
            jobs: BTreeMap::new(),
            queues: BTreeMap::new(),
            calls: Vec::new(),
            events: Vec::new(),
            post: Post::default(),
            moment: 0,
            broken: Vec::new(),
            hash: 0xcbf2_9ce4_8422_2325,
            lines: lines.then(Vec::new),
        }
    }

    /// A number that is the same if, and hardly ever unless, the same has happened.
    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn take_lines(&mut self) -> Vec<String> {
        self.lines.take().unwrap_or_default()
    }

    pub(crate) fn note(&mut self, at: u64, what: impl FnOnce() -> String) {
        let what = what();
        for byte in at.to_le_bytes().iter().chain(what.as_bytes()) {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{at:>7} ms  {what}"));
        }
    }

    /// The next moment, which is after all others.
    pub(crate) fn moment(&mut self) -> u64 {
        self.moment += 1;
        self.moment
    }

    pub(crate) fn break_promise(&mut self, promise: &'static str, what: String) {
        if let Some(lines) = &mut self.lines {
            lines.push(format!("            BROKEN: {promise}: {what}"));
        }
        self.broken.push(Broken { promise, what });
    }

    /// A write has left these rows.
    pub(crate) fn written(&mut self, at: u64, now: Timestamp, rows: Rows) -> Vec<(JobId, u32)> {
        let before = std::mem::replace(&mut self.rows, rows.clone());
        if before.jobs == rows.jobs && before.queues == rows.queues && rows.events.is_empty() {
            return Vec::new();
        }
        self.events.extend(rows.events.iter().cloned());
        self.step += 1;
        let step = self.step;
        let mut line = format!("#{step} {}:", self.caller);
        let mut wins = Vec::new();
        let mut changes = Vec::new();
        // Both are in the order of the jobs' numbers.
        for (index, after) in rows.jobs.iter().enumerate() {
            let was = before.jobs.get(index);
            if was == Some(after) {
                continue;
            }
            describe(&mut line, was, after);
            let won = after.lifecycle.state.name() == StateName::Publishing
                && was.is_some_and(|was| was.lifecycle.state.name() == StateName::Running);
            if won {
                wins.push((after.id, after.lifecycle.attempt));
            }
            changes.push((was.cloned(), after.clone()));
            let history = self.jobs.entry(after.id).or_default();
            history.push((step, after.clone()));
        }
        for after in &rows.queues {
            let history = self.queues.entry(after.pipeline).or_default();
            if history.last().is_none_or(|(_, last)| last != after) {
                if history
                    .last()
                    .is_none_or(|(_, last)| last.paused != after.paused)
                {
                    let _ = write!(line, " paused={}", after.paused);
                }
                history.push((step, after.clone()));
            }
        }
        self.note(at, || line);
        let caller = self.caller.clone();
        let write = rules::Write {
            before: &before,
            after: &rows,
            changes: &changes,
            caller: &caller,
            now,
            skew_ms: self.skew_ms,
        };
        let mut broken = Vec::new();
        rules::check(&write, &mut broken);
        for Broken { promise, what } in broken {
            self.break_promise(promise, format!("#{step} {what}"));
        }
        wins
    }
}

fn describe(line: &mut String, was: Option<&JobRow>, after: &JobRow) {
    let name = |row: &JobRow| row.lifecycle.state.name().as_str();
    let lifecycle = &after.lifecycle;
    let _ = write!(line, " {} ", short(after.id));
    match was {
        Some(was) if name(was) != name(after) => {
            let _ = write!(line, "{}→", name(was));
        }
        _ => {}
    }
    let _ = write!(line, "{}/{}", name(after), lifecycle.attempt);
    if lifecycle.losses > 0 {
        let _ = write!(line, " losses={}", lifecycle.losses);
    }
    if let Some(lease) = lifecycle.state.lease() {
        let until = lease.until.since(reelgate_testkit::FixedClock::START);
        let _ = write!(line, " ({} until {})", lease.worker.0, until.as_millis());
    }
    if after.progress > 0 {
        let _ = write!(line, " {}%", after.progress);
    }
}

/// A job's name for people.
pub(crate) fn short(job: JobId) -> String {
    let bytes = job.as_bytes();
    format!(
        "j{}",
        u32::from_be_bytes([bytes[12], bytes[13], bytes[14], bytes[15]])
    )
}
