//! What a batch of intentions has read and what it makes of that, in memory until it is written.
//!
//! Every intention decides on what the ones before it have left here. Its changes are taken back if it
//! fails, so that it fails alone.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use reelgate_domain::event::EventName;
use reelgate_domain::job::kind::ingest::SourceUrl;
use reelgate_domain::job::{Event, Fault, HistoryEntry, JobKind, JobState, Lifecycle, StateName};
use reelgate_domain::media::Staged;
use reelgate_domain::node::Kinds;
use reelgate_domain::{AccountId, JobId, PipelineId, Timestamp};

use super::job_rows::{Raw, account_key};
use super::submit::NewRow;
use crate::contract::{Result, StoreError};
use crate::held::{Held, Tally, wakes};
use crate::hints::Wakes;
use crate::stored::{corrupt, encode};

/// What changes beside the lifecycle.
pub(super) struct Beside {
    pub(super) progress: u8,
    pub(super) started_at: Option<Timestamp>,
    /// When this happens.
    pub(super) now: Timestamp,
}

/// What happens to a job, as others are told.
pub(super) struct NewEvent {
    pub(super) account: i64,
    pub(super) job: JobId,
    /// The pipeline's key.
    pub(super) pipeline: i64,
    pub(super) name: EventName,
    pub(super) attempt: i32,
    pub(super) at: Timestamp,
    pub(super) fault: Option<String>,
}

/// A job that the batch has locked and read.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) raw: Raw,
    /// As it is after what was decided so far.
    pub(super) held: Result<Held>,
    /// As it was read, if it has changed since.
    pub(super) was: Option<Held>,
    /// Its outputs and its fault, as they are to be stored.
    pub(super) outputs: Option<(Option<String>, Option<String>)>,
    /// Lines that its history grows by.
    pub(super) history: Vec<String>,
    /// It fails at this time although not even its row makes sense.
    pub(super) aside: Option<Timestamp>,
    /// The time from which it is ready makes no sense and goes.
    pub(super) loses_time: bool,
}

impl Entry {
    pub(super) fn new(raw: Raw, held: Result<Held>) -> Self {
        Self {
            raw,
            held,
            was: None,
            outputs: None,
            history: Vec::new(),
            aside: None,
            loses_time: false,
        }
    }
}

/// A pipeline's counts and the tick of its last claim, as far as the batch changes them.
#[derive(Clone, Copy, Default)]
pub(super) struct Count {
    pub(super) tally: Tally,
    pub(super) served: Option<i64>,
}

/// Jobs that are to be stored, with their numbers and the keys of their pipelines.
#[derive(Clone)]
pub(super) struct Submission {
    pub(super) rows: Arc<Vec<NewRow>>,
    pub(super) numbers: Vec<i64>,
    pub(super) pipelines: Vec<i64>,
}

#[derive(Default)]
pub(super) struct Unit {
    entries: HashMap<i64, Entry>,
    ids: HashMap<(i64, JobId), i64>,
    leases: HashMap<JobId, i64>,
    /// The codes of the kinds of jobs that were named.
    kinds: HashMap<i64, i16>,
    /// Which jobs fetch an address.
    fetching: HashMap<(i64, SourceUrl), Vec<i64>>,
    /// Pipelines that take jobs.
    pub(super) pipelines: HashMap<(i64, PipelineId), i64>,
    /// By key: the pipelines of jobs that are queued again, and whether they have been deleted.
    pub(super) homes: HashMap<i64, (PipelineId, bool)>,
    /// What publishing jobs have staged.
    pub(super) staged: HashMap<i64, Option<String>>,
    /// Numbers that new jobs may have, in order.
    pub(super) numbers: VecDeque<i64>,
    /// Calls that this batch was the first to note, and that nobody has made use of.
    pub(super) fresh: HashSet<[u8; 16]>,
    /// Whose leases may have run out, and which retries may be due.
    pub(super) ended_leases: Vec<i64>,
    pub(super) due_retries: Vec<i64>,
    /// Leases without a job.
    pub(super) orphans: Vec<i64>,

    pub(super) submissions: Vec<Submission>,
    /// In their order.
    pub(super) events: Vec<NewEvent>,
    counts: BTreeMap<i64, Count>,
    pub(super) empty_queues: Vec<i64>,
    pub(super) wakes: Wakes,
    /// Something is written that is no job, such as a call that was noted.
    pub(super) writes: bool,
    /// The current intention is answered that nothing was done.
    pub(super) is_refused: bool,

    /// What the current intention has changed, as it was before.
    undo: Undo,
}

#[derive(Default)]
struct Undo {
    entries: Vec<(i64, Entry)>,
    counts: Option<BTreeMap<i64, Count>>,
    submissions: usize,
    events: usize,
    wakes: Wakes,
}

impl Unit {
    pub(super) fn add(&mut self, raw: Raw, held: Result<Held>) {
        self.ids.insert((raw.account, raw.id), raw.number);
        if raw.until.is_some() {
            self.leases.insert(raw.id, raw.number);
        }
        self.entries.insert(raw.number, Entry::new(raw, held));
    }

    pub(super) fn add_kind(&mut self, number: i64, code: i16) {
        self.kinds.insert(number, code);
    }

    pub(super) fn add_fetching(&mut self, account: i64, url: SourceUrl, number: i64) {
        self.fetching
            .entry((account, url))
            .or_default()
            .push(number);
    }

    /// Whether a job that was named is of one of these kinds.
    pub(super) fn is_of(&self, number: i64, kinds: Kinds) -> bool {
        let code = self.kinds.get(&number);
        kinds == Kinds::ALL || code.is_some_and(|code| (kinds.bits() >> code) & 1 == 1)
    }

    /// Whether a job may be one that fetches an address. Those that nobody named may.
    pub(super) fn may_fetch(&self, number: i64) -> bool {
        let fetching = Kinds::NONE.and(JobKind::Ingest);
        !self.kinds.contains_key(&number) || self.is_of(number, fetching)
    }

    /// The numbers of the jobs that fetch an address, each once: several may have asked for it.
    pub(super) fn fetching(&self, account: AccountId, url: &SourceUrl) -> Vec<i64> {
        let key = (account_key(account), url.clone());
        let mut numbers = self.fetching.get(&key).cloned().unwrap_or_default();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    pub(super) fn has(&self, number: i64) -> bool {
        self.entries.contains_key(&number)
    }

    pub(super) fn entry(&self, number: i64) -> Option<&Entry> {
        self.entries.get(&number)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// From here on changes can be taken back.
    pub(super) fn begin(&mut self) {
        self.is_refused = false;
        self.undo = Undo {
            submissions: self.submissions.len(),
            events: self.events.len(),
            wakes: self.wakes,
            ..Undo::default()
        };
    }

    pub(super) fn take_back(&mut self) {
        let undo = std::mem::take(&mut self.undo);
        // Backwards, because what was there first was noted first.
        for (number, entry) in undo.entries.into_iter().rev() {
            self.entries.insert(number, entry);
        }
        if let Some(counts) = undo.counts {
            self.counts = counts;
        }
        for submission in self.submissions.drain(undo.submissions..).rev() {
            for number in submission.numbers.into_iter().rev() {
                self.numbers.push_front(number);
            }
        }
        self.events.truncate(undo.events);
        self.wakes = undo.wakes;
    }

    /// The job that has this lease.
    pub(super) fn held_by(&self, lease: JobId) -> Result<Option<Held>> {
        let Some(held) = self.leases.get(&lease).and_then(|n| self.held(*n)) else {
            return Ok(None);
        };
        // Its lease may have ended in this batch.
        let held = held?;
        Ok(held.lifecycle.state.lease().is_some().then_some(held))
    }

    pub(super) fn by_id(&self, account: AccountId, id: JobId) -> Result<Option<Held>> {
        let number = self.ids.get(&(account_key(account), id));
        number.and_then(|number| self.held(*number)).transpose()
    }

    pub(super) fn by_number(&self, account: AccountId, number: i64) -> Result<Option<Held>> {
        let entry = self.entries.get(&number);
        let entry = entry.filter(|entry| entry.raw.account == account_key(account));
        entry.map(|entry| entry.held.clone()).transpose()
    }

    fn held(&self, number: i64) -> Option<Result<Held>> {
        self.entries.get(&number).map(|entry| entry.held.clone())
    }

    fn touch(&mut self, number: i64) -> Result<&mut Entry> {
        let Some(entry) = self.entries.get_mut(&number) else {
            return Err(StoreError::Unavailable(format!(
                "job {number} was to change and had not been read"
            )));
        };
        self.undo.entries.push((number, entry.clone()));
        Ok(entry)
    }

    /// Applies `event`; `None` if it does not apply to the job as it is.
    pub(super) fn apply(
        &mut self,
        held: &Held,
        event: &Event,
        now: Timestamp,
    ) -> Result<Option<Lifecycle>> {
        let Ok(next) = held.lifecycle.after(event, now) else {
            return Ok(None);
        };
        let progress = match next.state.name() {
            StateName::Succeeded => 100,
            _ => held.progress,
        };
        let started_at = held.started_at;
        let beside = Beside {
            progress,
            started_at,
            now,
        };
        self.move_to(held, &next, &beside)?;
        Ok(Some(next))
    }

    /// Moves a job to another state: the one place where a transition is decided to be stored.
    pub(super) fn move_to(&mut self, held: &Held, next: &Lifecycle, beside: &Beside) -> Result<()> {
        let becomes = Held {
            lifecycle: next.clone(),
            progress: beside.progress,
            started_at: beside.started_at,
            ..held.clone()
        };
        self.set(held, becomes)?;
        self.wakes = self.wakes.and(wakes(next));
        let Some(name) = EventName::of(Some(&held.lifecycle), next) else {
            return Ok(());
        };
        let fault = match &next.state {
            JobState::Failed { fault, .. } => Some(fault),
            _ => None,
        };
        self.note(held.number, name, next.attempt as i32, beside.now, fault)
    }

    /// Notes what others are told of.
    fn note(
        &mut self,
        number: i64,
        name: EventName,
        attempt: i32,
        at: Timestamp,
        fault: Option<&Fault>,
    ) -> Result<()> {
        let Some(Entry { raw, .. }) = self.entries.get(&number) else {
            return Ok(());
        };
        // The engine's last words stay with the job.
        let fault = fault.map(|fault| encode(&Fault::new(fault.code, fault.message.as_str())));
        self.events.push(NewEvent {
            account: raw.account,
            job: raw.id,
            pipeline: raw.pipeline,
            name,
            attempt,
            at,
            fault: fault.transpose()?,
        });
        self.wakes = self.wakes.and(Wakes::EVENTS);
        Ok(())
    }

    /// Changes what is no transition: a lease's end, progress, the time from which a job is ready.
    pub(super) fn set(&mut self, held: &Held, becomes: Held) -> Result<()> {
        let entry = self.touch(held.number)?;
        entry.was.get_or_insert_with(|| held.clone());
        entry.held = Ok(becomes);
        Ok(())
    }

    pub(super) fn add_history(&mut self, number: i64, happened: &[HistoryEntry]) -> Result<()> {
        if !happened.is_empty() {
            let line = encode(&happened)?;
            self.touch(number)?.history.push(line);
        }
        Ok(())
    }

    pub(super) fn set_outputs(
        &mut self,
        number: i64,
        outputs: Option<&Staged>,
        fault: Option<&Fault>,
        happened: Vec<HistoryEntry>,
    ) -> Result<()> {
        let line = encode(&happened)?;
        let outputs = outputs.map(encode).transpose()?;
        let fault = fault.map(encode).transpose()?;
        let entry = self.touch(number)?;
        entry.outputs = Some((outputs, fault));
        entry.history.push(line);
        Ok(())
    }

    /// What a publishing job has staged, as it is stored.
    pub(super) fn outputs(&self, number: i64) -> Option<&str> {
        let changed = self.entries.get(&number)?.outputs.as_ref();
        match changed {
            Some((outputs, _)) => outputs.as_deref(),
            None => self.staged.get(&number)?.as_deref(),
        }
    }

    /// Fails a job of which not even the row makes sense. One that has ended stays as it is.
    pub(super) fn set_aside(&mut self, number: i64, fault: &Fault, now: Timestamp) -> Result<bool> {
        let raw = self.touch(number)?.raw;
        let entry = self.touch(number)?;
        if entry.aside.is_some() {
            return Ok(false);
        }
        entry.aside = Some(now);
        let why = "it makes no sense and has been set aside";
        entry.held = Err(corrupt("jobs", "state", number, why));
        if raw.has_ended() {
            return Ok(false);
        }
        let (waited, ran) = match raw.until {
            Some(_) => (0, 1),
            None => (1, 0),
        };
        let gone = Tally {
            queued: -waited,
            ready: -waited,
            running: -ran,
        };
        self.count(raw.pipeline).tally += gone;
        self.wakes = self.wakes.and(Wakes::CHANGES).and(Wakes::WORK);
        self.note(number, EventName::Failed, raw.attempt, now, Some(fault))?;
        Ok(true)
    }

    /// A time from which a job is ready, where it makes no sense, goes. Tells whether the job counts as
    /// ready from now on.
    pub(super) fn lose_time(&mut self, number: i64) -> Result<bool> {
        let entry = self.touch(number)?;
        let raw = entry.raw;
        if std::mem::replace(&mut entry.loses_time, true) || raw.state != 0 {
            return Ok(false);
        }
        self.count(raw.pipeline).tally.ready += 1;
        Ok(true)
    }

    pub(super) fn submit(&mut self, submission: Submission) {
        for pipeline in &submission.pipelines {
            let new = &mut self.count(*pipeline).tally;
            new.queued += 1;
            new.ready += 1;
        }
        let lifecycle = Lifecycle::queued();
        if let Some(name) = EventName::of(None, &lifecycle) {
            for (row, pipeline) in submission.rows.iter().zip(&submission.pipelines) {
                self.events.push(NewEvent {
                    account: account_key(row.account),
                    job: JobId::from_bytes(row.id),
                    pipeline: *pipeline,
                    name,
                    attempt: lifecycle.attempt as i32,
                    at: Timestamp::from_millis(row.created_at),
                    fault: None,
                });
            }
            self.wakes = self.wakes.and(Wakes::EVENTS);
        }
        self.submissions.push(submission);
        self.wakes = self.wakes.and(Wakes::WORK).and(Wakes::CHANGES);
    }

    /// Marks whose turn it was.
    pub(super) fn serve(&mut self, pipeline: i64, tick: i64) {
        self.count(pipeline).served = Some(tick);
    }

    fn count(&mut self, pipeline: i64) -> &mut Count {
        self.undo.counts.get_or_insert_with(|| self.counts.clone());
        self.counts.entry(pipeline).or_default()
    }

    /// By how much the counts of pipelines change in all.
    pub(super) fn counts(&self) -> BTreeMap<i64, Count> {
        let mut counts = self.counts.clone();
        for entry in self.entries.values() {
            let (Some(was), Ok(is)) = (&entry.was, &entry.held) else {
                continue;
            };
            let change = Tally::of(&is.lifecycle) - Tally::of(&was.lifecycle);
            counts.entry(entry.raw.pipeline).or_default().tally += change;
        }
        counts.retain(|_, count| count.tally != Tally::default() || count.served.is_some());
        counts
    }

    /// Whether there is anything to write.
    pub(super) fn is_dirty(&self) -> bool {
        let changed = |entry: &Entry| {
            entry.was.is_some()
                || entry.outputs.is_some()
                || !entry.history.is_empty()
                || entry.aside.is_some()
                || entry.loses_time
        };
        self.writes
            || !self.submissions.is_empty()
            || !self.counts.is_empty()
            || !self.empty_queues.is_empty()
            || !self.orphans.is_empty()
            || self.entries.values().any(changed)
    }
}

/// Whether a queued job's time has come.
pub(super) fn is_due(lifecycle: &Lifecycle, now: Timestamp) -> bool {
    matches!(lifecycle.state, JobState::Queued { ready_at: Some(at) } if at <= now)
}
