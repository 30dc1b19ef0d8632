//! One transaction for many callers' intentions: what they need is locked and read at once, they are
//! decided one after the other in memory, and what that comes to is written at once.
//!
//! Locks are taken in the same order by everybody: calls that count once by their hashes, jobs by
//! their numbers, queues by their keys. A claim takes jobs last, and waits for none of them.

use std::collections::{HashMap, HashSet};

use reelgate_domain::access::Once;
use reelgate_domain::job::kind::ingest::SourceUrl;
use reelgate_domain::job::{JobSpec, StateName};
use reelgate_domain::{AccountId, JobId, PipelineId};
use tokio_postgres::Row;

use super::claim;
use super::connect::{Param, Session};
use super::error::Answer;
use super::flush::{self, Then};
use super::intention::{Intention, Needs, Wish};
use super::job_rows::{account_key, held};
use super::sql::jobs as sql;
use super::transaction::Worth;
use super::unit::Unit;
use crate::contract::{Result, StoreError};
use crate::family::source_hash;
use crate::hints::Wakes;
use crate::stored::{corrupt, decode};

/// Runs the wishes inside the transaction that the session is in, and keeps their outcomes.
pub(super) async fn run(session: &Session, wishes: &mut [Wish]) -> Answer<Worth<Wakes>> {
    let mut intentions: Vec<&mut Box<dyn Intention>> = Vec::new();
    let mut claims = Vec::new();
    for wish in wishes {
        match wish {
            Wish::Write(intention) => intentions.push(intention),
            Wish::Claim(claim) => {
                claim.reset();
                claims.push(claim);
            }
        }
    }
    prepare(session).await?;
    let mut unit = Unit::default();
    let need = Need::of(&intentions);
    // Goes out with what comes first.
    let begin = session.begin();
    if intentions.is_empty() {
        let started = claim::run(session, &mut claims, &unit, begin).await?;
        return Ok(started);
    }
    load(session, &need, &mut unit, begin).await?;
    let back = decide(&mut unit, &mut intentions);
    for (keyed, statement) in [(false, sql::GIVE_BACK), (true, sql::GIVE_BACK_KEYED)] {
        let back = back.iter().filter(|once| once.note.is_some() == keyed);
        let back: Vec<&[u8]> = back.map(|once| once.hash.as_slice()).collect();
        if !back.is_empty() {
            session.execute(statement, &[&back]).await?;
        }
    }
    let wakes = unit.wakes;
    if !claims.is_empty() {
        return claim::run(session, &mut claims, &unit, async { Ok(()) }).await;
    }
    if !unit.is_dirty() {
        return Ok(Worth::Nothing(wakes));
    }
    let flushed = flush::write(session, &unit, Then::Commit).await?;
    Ok(flushed.worth(wakes))
}

/// The jobs that one intention needs, locked and read in the transaction that the session is in: for those that
/// take part in no batch.
pub(super) async fn read_for(session: &Session, needs: &Needs) -> Answer<Unit> {
    // In their order, as in a batch: the rows are read as they are once they are locked.
    for statement in [sql::LOCK_JOBS, sql::LOAD_JOBS, sql::STAGED] {
        session.prepared(statement).await?;
    }
    let mut need = Need::default();
    need.add(needs, &mut HashSet::new());
    let mut unit = Unit::default();
    load(session, &need, &mut unit, async { Ok(()) }).await?;
    Ok(unit)
}

/// So that statements go out in the order in which they are asked for: one that the connection does not
/// know yet would come behind the ones after it, and behind the commit.
async fn prepare(session: &Session) -> Answer<()> {
    if session.has_all() {
        return Ok(());
    }
    session.allow_unknown(true);
    let beside = super::sql::assets::IN_BATCHES;
    for statement in sql::IN_BATCHES.into_iter().chain(beside) {
        session.prepared(statement).await?;
    }
    session.prepared(super::sql::events::INSERT_EVENTS).await?;
    session.prepared(super::sql::MARK).await?;
    session.allow_unknown(false);
    Ok(())
}

/// What all intentions of a batch need, in the columns that statements take.
#[derive(Default)]
struct Need {
    hashes: Vec<[u8; 16]>,
    untils: Vec<i64>,
    keyed: Vec<Once>,
    accounts: Vec<i64>,
    ids: Vec<JobId>,
    leases: Vec<JobId>,
    numbers: Vec<i64>,
    sources: Vec<(AccountId, SourceUrl)>,
    pipelines: Vec<PipelineId>,
    new_jobs: i64,
    homes: bool,
    staged: HashSet<JobId>,
    /// The latest time by which something may be due; with true, every lease.
    due: Option<(bool, i64)>,
}

impl Need {
    fn of(intentions: &[&mut Box<dyn Intention>]) -> Self {
        let mut all = Self::default();
        let mut calls = HashSet::new();
        for intention in intentions {
            all.add(intention.needs(), &mut calls);
        }
        all
    }

    fn add(&mut self, needs: &Needs, calls: &mut HashSet<[u8; 16]>) {
        let Needs {
            once,
            jobs,
            numbers,
            leases,
            sources,
            pipelines,
            new_jobs,
            homes,
            staged,
            due,
        } = needs;
        if let Some(once) = once
            && calls.insert(once.hash)
        {
            match once.note {
                None => {
                    self.hashes.push(once.hash);
                    self.untils.push(once.until.as_millis());
                }
                Some(_) => self.keyed.push(*once),
            }
        }
        for (account, id) in jobs {
            self.accounts.push(account_key(*account));
            self.ids.push(*id);
        }
        self.numbers.extend(numbers);
        self.leases.extend(leases);
        self.sources.extend(sources.iter().cloned());
        for (_, pipeline) in pipelines {
            if !self.pipelines.contains(pipeline) {
                self.pipelines.push(*pipeline);
            }
        }
        self.new_jobs += *new_jobs as i64;
        self.homes |= homes;
        if *staged {
            self.staged.extend(leases);
        }
        if let Some((every, now)) = due {
            let (all_of_them, latest) = self.due.unwrap_or((false, i64::MIN));
            self.due = Some((all_of_them | every, latest.max(now.as_millis())));
        }
    }
}

/// Calls with notes, in the columns of their statement.
#[derive(Default)]
struct Keyed<'a> {
    hashes: Vec<&'a [u8]>,
    untils: Vec<i64>,
    requests: Vec<&'a [u8]>,
    made: Vec<&'a str>,
}

impl<'a> Keyed<'a> {
    fn of(calls: &'a [Once]) -> Self {
        let mut all = Self::default();
        for call in calls {
            if let Some(note) = &call.note {
                all.hashes.push(&call.hash);
                all.untils.push(call.until.as_millis());
                all.requests.push(&note.request);
                all.made.push(note.made.as_str());
            }
        }
        all
    }
}

async fn load(
    session: &Session,
    need: &Need,
    unit: &mut Unit,
    begin: impl Future<Output = Answer<()>>,
) -> Answer<()> {
    let mut numbers = need.numbers.clone();
    let mut suspects = Vec::new();
    if let Some(due) = need.due {
        // Before the transaction: what is found is looked at again once it is locked.
        look_for_due(session, due, unit).await?;
        suspects.extend(&unit.ended_leases);
        numbers.extend(unit.ended_leases.iter().chain(&unit.due_retries));
    }
    if !need.sources.is_empty() {
        numbers.extend(look_for_fetching(session, &need.sources, unit).await?);
    }
    let hashes: Vec<&[u8]> = need.hashes.iter().map(<[u8; 16]>::as_slice).collect();
    let ids: Vec<&[u8]> = need.ids.iter().map(|id| id.as_bytes().as_slice()).collect();
    let leases = need.leases.iter();
    let leases: Vec<&[u8]> = leases.map(|id| id.as_bytes().as_slice()).collect();
    let pipelines = need.pipelines.iter();
    let pipelines: Vec<&[u8]> = pipelines.map(|id| id.as_bytes().as_slice()).collect();
    let jobs: [Param<'_>; 4] = [&need.accounts, &ids, &leases, &numbers];
    let any_job = !(ids.is_empty() && leases.is_empty() && numbers.is_empty());
    let calls: [Param<'_>; 2] = [&hashes, &need.untils];
    let keyed = Keyed::of(&need.keyed);
    let keyed_calls: [Param<'_>; 4] = [&keyed.hashes, &keyed.untils, &keyed.requests, &keyed.made];
    let of_pipelines: [Param<'_>; 1] = [&pipelines];
    let new_jobs: [Param<'_>; 1] = [&need.new_jobs];
    // All go out at once; the server takes them in this order.
    let (begun, fresh, fresh_keyed, locked, loaded, known, new) = tokio::join!(
        biased;
        begin,
        some(session, !hashes.is_empty(), sql::SPEND, &calls),
        some(session, !need.keyed.is_empty(), sql::SPEND_KEYED, &keyed_calls),
        some(session, any_job, sql::LOCK_JOBS, &jobs),
        some(session, any_job, sql::LOAD_JOBS, &jobs),
        some(session, !pipelines.is_empty(), sql::PIPELINES_BY_ID, &of_pipelines),
        some(session, need.new_jobs > 0, sql::NUMBERS, &new_jobs),
    );
    begun?;
    for row in &fresh? {
        unit.fresh.insert(bytes(row, 0, "nonces", "hash")?);
    }
    for row in &fresh_keyed? {
        unit.fresh.insert(bytes(row, 0, "keyed_calls", "hash")?);
    }
    unit.writes |= !unit.fresh.is_empty();
    let locked: HashSet<i64> = locked?.iter().map(|row| row.get(0)).collect();
    for row in &loaded? {
        let (raw, state) = held(row)?;
        // One that came between the two is none that anybody can have meant.
        if locked.contains(&raw.number) {
            unit.add_kind(raw.number, row.get(16));
            unit.add(raw, state);
        }
    }
    for row in &known? {
        let id = PipelineId::from_bytes(bytes(row, 0, "pipelines", "id")?);
        unit.pipelines.insert((row.get(1), id), row.get(2));
    }
    let mut new: Vec<i64> = new?.iter().map(|row| row.get(0)).collect();
    new.sort_unstable();
    unit.numbers = new.into();
    suspects.retain(|number| !locked.contains(number));
    unit.orphans = suspects;
    load_more(session, need, unit).await
}

/// Before the transaction as well. Which jobs fetch an address never changes, so only those are missed that
/// are submitted meanwhile.
async fn look_for_fetching(
    session: &Session,
    sources: &[(AccountId, SourceUrl)],
    unit: &mut Unit,
) -> Answer<Vec<i64>> {
    let accounts: Vec<i64> = sources.iter().map(|it| account_key(it.0)).collect();
    let hashes: Vec<i64> = sources.iter().map(|it| source_hash(&it.1)).collect();
    let mut numbers = Vec::new();
    for row in &session.all(sql::FETCHING, &[&accounts, &hashes]).await? {
        let (account, number): (i64, i64) = (row.get(0), row.get(2));
        let spec: Result<JobSpec> = decode(row.get(3), "job_payloads", "spec", number);
        // One that cannot be read is none that can be told to fetch this.
        let Ok(spec) = spec else { continue };
        // Another address may have the same hash.
        let url = spec.source_url();
        if let Some(url) = url.filter(|it| sources.iter().any(|(_, source)| source == *it)) {
            unit.add_fetching(account, url.clone(), number);
            numbers.push(number);
        }
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

async fn look_for_due(
    session: &Session,
    (every, latest): (bool, i64),
    unit: &mut Unit,
) -> Answer<()> {
    let latest: [Param<'_>; 1] = [&latest];
    let (ended, due) = tokio::join!(
        biased;
        async {
            match every {
                true => session.all(sql::ALL_LEASES, &[]).await,
                false => session.all(sql::ENDED_LEASES, &latest).await,
            }
        },
        session.all(sql::DUE_RETRIES, &latest)
    );
    unit.ended_leases = ended?.iter().map(|row| row.get(0)).collect();
    unit.due_retries = due?.iter().map(|row| row.get(0)).collect();
    Ok(())
}

/// What only some intentions need of the jobs that were read.
async fn load_more(session: &Session, need: &Need, unit: &mut Unit) -> Answer<()> {
    if need.homes {
        let homes: HashSet<i64> = unit.entries().map(|entry| entry.raw.pipeline).collect();
        let homes: Vec<i64> = homes.into_iter().collect();
        for row in &session.all(sql::PIPELINES_BY_KEY, &[&homes]).await? {
            let id = PipelineId::from_bytes(bytes(row, 1, "pipelines", "id")?);
            unit.homes.insert(row.get(0), (id, row.get(2)));
        }
    }
    let repeated = unit.entries().filter(|entry| {
        let publishing = |name| name == StateName::Publishing;
        let name = entry.held.as_ref().map(|it| it.lifecycle.state.name());
        name.is_ok_and(publishing) && need.staged.contains(&entry.raw.id)
    });
    let repeated: Vec<i64> = repeated.map(|entry| entry.raw.number).collect();
    if !repeated.is_empty() {
        for row in &session.all(sql::STAGED, &[&repeated]).await? {
            unit.staged.insert(row.get(0), row.get(1));
        }
    }
    Ok(())
}

async fn some(
    session: &Session,
    wanted: bool,
    statement: &'static str,
    params: &[Param<'_>],
) -> Answer<Vec<Row>> {
    match wanted {
        true => session.all(statement, params).await,
        false => Ok(Vec::new()),
    }
}

fn bytes(row: &Row, index: usize, table: &'static str, column: &'static str) -> Result<[u8; 16]> {
    let bytes: &[u8] = row.get(index);
    let why = "it has not 16 bytes";
    bytes
        .try_into()
        .map_err(|_| corrupt(table, column, "?", why))
}

/// Decides in order. Gives back the calls that were noted for nothing: an error does not use one up, and
/// no refusal one that has a note.
fn decide(unit: &mut Unit, intentions: &mut [&mut Box<dyn Intention>]) -> Vec<Once> {
    let mut unused = HashMap::new();
    for intention in intentions {
        let once: Option<Once> = intention.needs().once;
        unit.begin();
        let outcome = match once {
            Some(once) if !unit.fresh.remove(&once.hash) => intention.refuse(StoreError::Replayed),
            _ => intention.decide(unit),
        };
        let is_left = unit.is_refused && once.is_some_and(|once| once.note.is_some());
        if outcome.is_ok() && !is_left {
            continue;
        }
        unit.take_back();
        if let Some(once) = once
            && !matches!(outcome, Err(StoreError::Replayed))
        {
            // Another one of this batch may still make it.
            unit.fresh.insert(once.hash);
            unused.insert(once.hash, once);
        }
    }
    unused.retain(|hash, _| unit.fresh.contains(hash));
    unused.into_values().collect()
}
