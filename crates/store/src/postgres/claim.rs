//! Starting jobs for workers.
//!
//! By the time this runs, the batch has written everything else, and has locked the queues of all
//! pipelines whose turn may come: what their rows say cannot change until it commits. A job that
//! somebody else has locked is passed over, so that nobody waits for a job while holding a queue.

use std::collections::{HashMap, HashSet, VecDeque};

use reelgate_domain::job::{Event, HistoryEntry, Job, Lifecycle};
use reelgate_domain::media::Staged;
use reelgate_domain::node::Kinds;
use tokio_postgres::Row;

use super::claim_call::{ClaimCall, LOST_TURNS, Wanted, Wants};
use super::connect::{Param, Session};
use super::error::Answer;
use super::flush::{self, Flushed, Then};
use super::job_rows::{held, job, kin, kind_codes};
use super::sql::jobs as sql;
use super::transaction::Worth;
use super::turns::{Line, MOST_SIBLINGS, Picked, next_turn, plan};
use super::unit::{Beside, Unit};
use super::unreadable;
use crate::contract::{Claim, Result, Work};
use crate::family::are_siblings;
use crate::happened;
use crate::held::Held;
use crate::hints::Wakes;
use crate::stored::{by_row, corrupt};

/// How often a batch looks for more jobs, because siblings or jobs that cannot be read have taken the
/// places of others.
const ROUNDS: usize = 4;

/// Starts jobs for all calls and writes that, with what the batch has decided before. `begin` begins the
/// transaction, if nothing has yet.
pub(super) async fn run(
    session: &Session,
    calls: &mut [&mut ClaimCall],
    decided: &Unit,
    begin: impl Future<Output = Answer<()>>,
) -> Answer<Worth<Wakes>> {
    let turns: i64 = calls.iter().map(|call| call.turns()).sum();
    let kinds = calls.iter().find_map(|call| match call.wanted.wants {
        Wants::Jobs(kinds) => Some(kinds),
        Wants::Winners => None,
    });
    let kinds = kinds.unwrap_or(Kinds::ALL);
    let (begun, flushed) = tokio::join!(
        biased;
        begin,
        flush::write(session, decided, Then::Turns(turns, kinds)),
    );
    begun?;
    let mut field = Field::new(&flushed?, kinds);
    let (mut wakes, mut wrote) = (decided.wakes, decided.is_dirty());
    let mut committed = None;
    for round in 1..=ROUNDS {
        let mut unit = Unit::default();
        let first = round == 1;
        field.fetch(session, &mut unit, calls, first).await?;
        let short = field.decide(&mut unit, calls)?;
        if first {
            field.correct(session, &mut unit).await?;
        }
        let gave_up = calls.iter().any(|call| call.lost_turns >= LOST_TURNS);
        let last = !short || round == ROUNDS;
        wakes = wakes.and(unit.wakes);
        if gave_up || (short && last) {
            wakes = wakes.and(Wakes::WORK);
        }
        if unit.is_dirty() {
            wrote = true;
            let then = if last { Then::Commit } else { Then::More };
            committed = flush::write(session, &unit, then).await?.commit;
        }
        if last {
            break;
        }
    }
    for call in calls {
        call.outcome = Some(Ok(()));
    }
    Ok(match committed {
        Some(commit) => Worth::Committed(wakes, commit),
        None if wrote => Worth::Keeping(wakes),
        None => Worth::Nothing(wakes),
    })
}

struct Field {
    kinds: Kinds,
    lines: Vec<Line>,
    publishers: VecDeque<i64>,
    /// What publishers publish, and jobs of which nothing is known but that they cannot be read.
    publishing: HashMap<i64, Result<(Job, Option<Staged>)>>,
    families: HashMap<(i64, [u8; 16], i64), Vec<Picked>>,
    /// Jobs that have had their turn.
    gone: HashSet<i64>,
    ticks: VecDeque<i64>,
}

impl Field {
    fn new(queues: &Flushed, kinds: Kinds) -> Self {
        let mut lines: Vec<Line> = queues.locked.iter().map(Line::of).collect();
        // What the batch has just written is newer.
        for row in &queues.counted {
            let line = Line::of(row);
            match lines.iter_mut().find(|it| it.pipeline == line.pipeline) {
                Some(known) => *known = line,
                None => lines.push(line),
            }
        }
        Self {
            kinds,
            lines,
            publishers: VecDeque::new(),
            publishing: HashMap::new(),
            families: HashMap::new(),
            gone: HashSet::new(),
            ticks: VecDeque::new(),
        }
    }

    async fn fetch(
        &mut self,
        session: &Session,
        unit: &mut Unit,
        calls: &[&mut ClaimCall],
        publishers: bool,
    ) -> Answer<()> {
        let wanted = calls.iter().filter(|call| call.goes_on());
        let wanted: usize = wanted.map(|call| call.room()).sum();
        // After the first of those that cannot be read, more of them are expected.
        let lost = calls.iter().any(|call| call.lost_turns > 0);
        let spare = if lost { LOST_TURNS as i64 } else { 0 };
        let turns = plan(&mut self.lines, wanted, spare);
        let asked = self.lines.iter().filter(|line| line.asked > 0);
        let (pipelines, most): (Vec<i64>, Vec<i64>) =
            asked.map(|line| (line.pipeline, line.asked)).unzip();
        let slots: i64 = calls.iter().map(|call| call.room() as i64).sum();
        let latest = calls.iter().map(|call| call.wanted.now.as_millis()).max();
        let latest = latest.unwrap_or_default();
        let kinds = kind_codes(self.kinds);
        let (lost, ticks, jobs) = tokio::join!(
            biased;
            async {
                match publishers && slots > 0 {
                    true => session.all(sql::LOST_PUBLISHERS, &[&latest, &slots]).await,
                    false => Ok(Vec::new()),
                }
            },
            async {
                match turns > self.ticks.len() as i64 {
                    true => session.all(sql::TICKS, &[&turns]).await,
                    false => Ok(Vec::new()),
                }
            },
            async {
                match pipelines.is_empty() {
                    true => Ok(Vec::new()),
                    false => session.all(sql::NEXT_JOBS, &[&pipelines, &most, &kinds]).await,
                }
            }
        );
        let lost: Vec<i64> = lost?.iter().map(|row| row.get(0)).collect();
        self.ticks
            .extend(ticks?.iter().map(|row| row.get::<_, i64>(0)));
        self.line_up(unit, &jobs?)?;
        if !lost.is_empty() {
            self.fetch_publishers(session, unit, lost).await?;
        }
        self.fetch_families(session, unit).await
    }

    fn line_up(&mut self, unit: &mut Unit, rows: &[Row]) -> Result<()> {
        let mut rows: Vec<&Row> = rows.iter().collect();
        // By lane and id, as the claim takes them.
        rows.sort_by_key(|row| (row.get::<_, i16>(25), row.get::<_, &[u8]>(1)));
        for row in rows {
            let pipeline: i64 = row.get(2);
            let picked = picked(unit, row)?;
            if let Some(line) = self.lines.iter_mut().find(|it| it.pipeline == pipeline) {
                line.got += 1;
                line.jobs.push_back(picked);
            }
        }
        Ok(())
    }

    async fn fetch_publishers(
        &mut self,
        session: &Session,
        unit: &mut Unit,
        lost: Vec<i64>,
    ) -> Answer<()> {
        let params: [Param<'_>; 1] = [&lost];
        let (locked, rows) = tokio::join!(
            biased;
            session.all(sql::LOCK_FREE_JOBS, &params),
            session.all(sql::JOBS_BY_NUMBER, &params)
        );
        let locked: HashSet<i64> = locked?.iter().map(|row| row.get(0)).collect();
        for row in &rows? {
            let (raw, state) = held(row)?;
            if locked.contains(&raw.number) {
                self.publishing.insert(raw.number, job(row));
                unit.add(raw, state);
            }
        }
        for number in lost {
            match self.publishing.contains_key(&number) {
                true => self.publishers.push_back(number),
                // Somebody else has it, or it is a lease of no job.
                false => unit
                    .orphans
                    .extend((!locked.contains(&number)).then_some(number)),
            }
        }
        Ok(())
    }

    async fn fetch_families(&mut self, session: &Session, unit: &mut Unit) -> Answer<()> {
        let mut wanted = HashSet::new();
        for line in &self.lines {
            for picked in &line.jobs {
                if let (Some(kin), Ok(job)) = (picked.kin, &picked.job) {
                    wanted.insert((line.pipeline, *job.submission.as_bytes(), kin));
                }
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let (mut submissions, mut kins, mut pipelines) = (Vec::new(), Vec::new(), Vec::new());
        for (pipeline, submission, kin) in &wanted {
            submissions.push(submission.as_slice());
            kins.push(*kin);
            pipelines.push(*pipeline);
        }
        let most = vec![MOST_SIBLINGS; kins.len()];
        let params: [Param<'_>; 4] = [&submissions, &kins, &pipelines, &most];
        let rows = session.all(sql::SIBLINGS, &params).await?;
        let mut rows: Vec<&Row> = rows.iter().collect();
        rows.sort_by_key(|row| row.get::<_, i64>(0));
        self.families.clear();
        for row in rows {
            let sibling = picked(unit, row)?;
            let submission: [u8; 16] = match row.get::<_, &[u8]>(16).try_into() {
                Ok(submission) => submission,
                Err(_) => continue,
            };
            if let Some(kin) = sibling.kin {
                let family = (row.get(2), submission, kin);
                self.families.entry(family).or_default().push(sibling);
            }
        }
        Ok(())
    }

    /// Gives the calls what was picked; tells whether there may be more for them.
    fn decide(&mut self, unit: &mut Unit, calls: &mut [&mut ClaimCall]) -> Result<bool> {
        let mut short = false;
        for call in calls {
            self.lost_publishers(unit, call)?;
            // Processes run one worker each, so that those who claim together want the same.
            match call.wanted.wants {
                Wants::Jobs(kinds) if kinds == self.kinds => {}
                Wants::Jobs(_) => {
                    unit.wakes = unit.wakes.and(Wakes::WORK);
                    continue;
                }
                Wants::Winners => continue,
            }
            while call.goes_on() {
                let Some(place) = next_turn(&self.lines) else {
                    // Lines that were cut short may go on.
                    let cut = |line: &Line| line.dry && line.asked > 0 && line.got >= line.asked;
                    short |= self.lines.iter().any(cut);
                    // Others may have been passed by those that have nothing after all.
                    let passed = |line: &Line| line.dry && line.asked == 0 && !line.spent;
                    short |= self.lines.iter().any(passed);
                    break;
                };
                self.next_of(unit, call, place)?;
            }
        }
        Ok(short)
    }

    fn lost_publishers(&mut self, unit: &mut Unit, call: &mut ClaimCall) -> Result<()> {
        let mut later = VecDeque::new();
        while call.room() > 0
            && let Some(number) = self.publishers.pop_front()
        {
            let until = unit.entry(number).and_then(|entry| entry.raw.until);
            if until.is_none_or(|until| until > call.wanted.now.as_millis()) {
                later.push_back(number);
                continue;
            }
            let Some(read) = self.publishing.remove(&number) else {
                continue;
            };
            // Should its row say that it is queued as well, it has no second turn.
            self.gone.insert(number);
            let wanted = &call.wanted;
            match by_row(publisher(number, read, wanted))? {
                Ok((job, next, staged)) => {
                    let progress = job.progress;
                    let job = start(unit, job, next, wanted, progress)?;
                    note_takeover(unit, &job)?;
                    call.claims.push(Claim {
                        job,
                        siblings: Vec::new(),
                        work: Work::Publish(staged),
                    });
                }
                Err(why) => unreadable::fail(unit, number, &why, &wanted.lease, wanted.now)?,
            }
        }
        later.append(&mut self.publishers);
        self.publishers = later;
        Ok(())
    }

    /// Gives a line its turn.
    fn next_of(&mut self, unit: &mut Unit, call: &mut ClaimCall, place: usize) -> Result<()> {
        let gone = &self.gone;
        let line = &mut self.lines[place];
        line.jobs.retain(|picked| !gone.contains(&picked.number));
        let Some(picked) = line.jobs.pop_front() else {
            line.dry = true;
            return Ok(());
        };
        self.gone.insert(picked.number);
        let room = line.room();
        let wanted = call.wanted.clone();
        line.ready -= 1;
        let next = picked
            .job
            .and_then(|job| after_claim(picked.number, job, &wanted));
        let (job, next) = match by_row(next)? {
            Ok(found) => found,
            Err(why) => {
                call.lost_turns += 1;
                return unreadable::fail(unit, picked.number, &why, &wanted.lease, wanted.now);
            }
        };
        line.running += 1;
        if let Some(tick) = self.ticks.pop_front() {
            line.served = tick;
            unit.serve(line.pipeline, tick);
        }
        let pipeline = line.pipeline;
        let job = start(unit, job, next, &wanted, 0)?;
        let siblings = match picked.kin {
            Some(kin) => self.siblings(unit, (&job, pipeline, kin), room, &wanted)?,
            None => Vec::new(),
        };
        let line = &mut self.lines[place];
        line.running += siblings.len() as i64;
        call.claims.push(Claim {
            job,
            siblings,
            work: Work::Run,
        });
        Ok(())
    }

    /// Starts the siblings of a job that has just started, as far as the pipeline's limit allows.
    fn siblings(
        &mut self,
        unit: &mut Unit,
        (first, pipeline, kin): (&Job, i64, i64),
        room: i64,
        wanted: &Wanted,
    ) -> Result<Vec<Job>> {
        let key = (pipeline, *first.submission.as_bytes(), kin);
        let Some(family) = self.families.remove(&key) else {
            return Ok(Vec::new());
        };
        let (mut started, mut rest) = (Vec::new(), Vec::new());
        let mut left = room.max(0);
        for sibling in family {
            if self.gone.contains(&sibling.number) {
                continue;
            }
            if left == 0 {
                rest.push(sibling);
                continue;
            }
            left -= 1;
            let number = sibling.number;
            let next = sibling.job;
            let next = next.and_then(|job| after_claim(number, job, wanted));
            match by_row(next)? {
                Ok((job, next)) if are_siblings(first, &job) => {
                    self.took(pipeline, number);
                    started.push(start(unit, job, next, wanted, 0)?);
                }
                // Two calls have used one submission's id.
                Ok((job, _)) => rest.push(Picked {
                    number,
                    job: Ok(job),
                    kin: Some(kin),
                }),
                Err(why) => {
                    self.took(pipeline, number);
                    unreadable::fail(unit, number, &why, &wanted.lease, wanted.now)?;
                }
            }
        }
        self.families.insert(key, rest);
        Ok(started)
    }

    fn took(&mut self, pipeline: i64, number: i64) {
        self.gone.insert(number);
        if let Some(line) = self.lines.iter_mut().find(|it| it.pipeline == pipeline) {
            line.ready -= 1;
        }
    }

    /// Corrects pipelines that count ready jobs and have none, as when a job's state makes no sense:
    /// their turn would come again and again, and nobody else's would.
    async fn correct(&self, session: &Session, unit: &mut Unit) -> Answer<()> {
        let empty = |line: &&Line| line.asked > 0 && line.got == 0;
        let empty = self.lines.iter().filter(empty).map(|line| line.pipeline);
        let empty: Vec<i64> = empty.collect();
        if empty.is_empty() {
            return Ok(());
        }
        // Unless somebody else has locked all of them.
        let every = kind_codes(Kinds::ALL);
        let rows = session.all(sql::WITH_READY_JOBS, &[&empty, &every]).await?;
        let ready: HashSet<i64> = rows.iter().map(|row| row.get(0)).collect();
        for pipeline in empty {
            if ready.contains(&pipeline) {
                continue;
            }
            let why = "it counts jobs that are not there";
            let error = corrupt("queues", "ready", pipeline, why);
            tracing::error!(%error, "the count of a pipeline's ready jobs is corrected");
            unit.empty_queues.push(pipeline);
            unit.wakes = unit.wakes.and(Wakes::WORK);
        }
        Ok(())
    }
}

/// Reads a job that was picked and keeps it for the unit.
fn picked(unit: &mut Unit, row: &Row) -> Result<Picked> {
    let (raw, state) = held(row)?;
    if !unit.has(raw.number) {
        unit.add(raw, state);
    }
    Ok(Picked {
        number: raw.number,
        job: job(row).map(|(job, _)| job),
        kin: kin(row),
    })
}

/// A job with what it becomes by being claimed.
fn after_claim(number: i64, job: Job, wanted: &Wanted) -> Result<(Job, Lifecycle)> {
    let lease = wanted.lease.clone();
    let next = job.lifecycle.after(&Event::Claim { lease }, wanted.now);
    let next = next.map_err(|illegal| corrupt("jobs", "lane", number, illegal))?;
    // What its column cannot hold must not keep the others from starting.
    i32::try_from(next.attempt).map_err(|why| corrupt("jobs", "attempt", number, why))?;
    Ok((job, next))
}

fn publisher(
    number: i64,
    read: Result<(Job, Option<Staged>)>,
    wanted: &Wanted,
) -> Result<(Job, Lifecycle, Staged)> {
    let (job, staged) = read?;
    let (job, next) = after_claim(number, job, wanted)?;
    let why = "a publishing job has none";
    let staged = staged.ok_or_else(|| corrupt("job_results", "outputs", number, why))?;
    Ok((job, next, staged))
}

fn start(
    unit: &mut Unit,
    mut job: Job,
    next: Lifecycle,
    wanted: &Wanted,
    progress: u8,
) -> Result<Job> {
    let beside = Beside {
        progress,
        started_at: Some(wanted.now),
        now: wanted.now,
    };
    let pipeline = unit.entry(job.number.0).map(|entry| entry.raw.pipeline);
    let held = Held {
        number: job.number.0,
        id: job.id,
        pipeline: pipeline.unwrap_or_default(),
        lifecycle: job.lifecycle,
        progress: job.progress,
        started_at: job.started_at,
    };
    unit.move_to(&held, &next, &beside)?;
    job.lifecycle = next;
    job.progress = progress;
    job.started_at = beside.started_at;
    Ok(job)
}

/// Notes that another worker goes on with a publishing job.
fn note_takeover(unit: &mut Unit, job: &Job) -> Result<()> {
    let started: Vec<HistoryEntry> = happened::start_of(&job.lifecycle, job.started_at)
        .into_iter()
        .collect();
    unit.add_history(job.number.0, &started)
}
