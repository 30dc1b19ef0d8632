//! The queue's operations beside the bare ones, and a queued job's size.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use reelgate_domain::JobId;
use tokio::runtime::Runtime;

use crate::bare::group::GroupCommit;
use crate::bare::jobs::Jobs;
use crate::bare::{Id, rows};
use crate::figure::{Figure, Goal};
use crate::house::{CALLERS, House, ids, payload, scattered, texts};
use crate::rounds::{in_turns, median, rate, together};

/// Rounds of each side.
const ROUNDS: usize = 9;

/// Queued jobs under the cancels and claims.
const BACKLOG: usize = 100_000;

pub(crate) fn figures(runtime: &Runtime, dir: &Path, tell: &mut dyn FnMut(Figure)) -> Result<()> {
    let submits = Submits::open(runtime, dir)?;
    tell(submits.many()?);
    tell(submits.one(dir)?);
    drop(submits);
    let (size, mut jobs) = size(runtime, dir)?;
    tell(size);
    tell(jobs.cancel()?);
    tell(jobs.work()?);
    Ok(())
}

/// Submitting through the service, beside inserting the same rows.
struct Submits<'r> {
    runtime: &'r Runtime,
    house: Arc<House>,
    bare: Arc<GroupCommit<Id>>,
}

impl<'r> Submits<'r> {
    fn open(runtime: &'r Runtime, dir: &Path) -> Result<Self> {
        let house = Arc::new(runtime.block_on(House::build(&dir.join("submits")))?);
        let (connection, texts) = (rows::open(&dir.join("submits.db"))?, texts()?);
        let insert = move |connection: &_, id: &Id| rows::insert(connection, id, &texts);
        let bare = Arc::new(GroupCommit::start(connection, insert));
        Ok(Self {
            runtime,
            house,
            bare,
        })
    }

    fn many(&self) -> Result<Figure> {
        const CALLS: usize = 12_000;
        let pair = in_turns(
            ROUNDS,
            || {
                let house = Arc::clone(&self.house);
                let call = move |_| {
                    let house = Arc::clone(&house);
                    async move { house.submit().await.map(drop) }
                };
                let took = self.runtime.block_on(together(CALLERS, CALLS, call))?;
                Ok(rate(CALLS, took))
            },
            || {
                let (bare, ids) = (Arc::clone(&self.bare), Arc::new(ids(CALLS)));
                let call = move |number: usize| {
                    let (bare, id) = (Arc::clone(&bare), ids[number]);
                    async move { bare.write(id).await }
                };
                let took = self.runtime.block_on(together(CALLERS, CALLS, call))?;
                Ok(rate(CALLS, took))
            },
        )?;
        let name = format!("submit, {CALLERS} callers / group-committed bare rows");
        Ok(Figure::beside(name, "1/s", pair, Goal::Least(0.6)))
    }

    fn one(&self, dir: &Path) -> Result<Figure> {
        const CALLS: usize = 2000;
        let (mut connection, texts) = (rows::open(&dir.join("single.db"))?, texts()?);
        let pair = in_turns(
            ROUNDS,
            || {
                self.runtime.block_on(async {
                    let mut micros = Vec::with_capacity(CALLS);
                    for _ in 0..CALLS {
                        let before = Instant::now();
                        self.house.submit().await?;
                        micros.push(before.elapsed().as_secs_f64() * 1e6);
                    }
                    Ok(median(&mut micros))
                })
            },
            || rows::single(&mut connection, &ids(CALLS), &texts),
        )?;
        let name = "submit, 1 caller, p50 / bare rows, one commit each";
        Ok(Figure::beside(name, "us", pair, Goal::MostPlus(1.5, 100.0)))
    }
}

/// Both sides filled, with jobs to cancel that are not near the head of the queue.
struct Queued<'r> {
    runtime: &'r Runtime,
    house: Arc<House>,
    bare: Jobs,
    victims: (Vec<JobId>, Vec<Id>),
}

fn size<'r>(runtime: &'r Runtime, dir: &Path) -> Result<(Figure, Queued<'r>)> {
    let house_dir = dir.join("queued");
    let house = runtime.block_on(House::build(&house_dir))?;
    let jobs = runtime.block_on(house.fill(BACKLOG))?;
    let credentials = serde_json::to_string(&house.credentials)?;
    std::fs::write(house_dir.join("credentials.json"), credentials)?;
    // The last connection to close writes the log back.
    drop(house);
    let ours = std::fs::metadata(house_dir.join("reelgate.db"))?.len();
    let house = Arc::new(runtime.block_on(House::enter(&house_dir))?);

    let mut bare = Jobs::open(&dir.join("queued.db"), payload()?)?;
    let bare_ids = ids(BACKLOG);
    bare.fill(&bare_ids)?;
    let per_job = |bytes: u64| bytes as f64 / BACKLOG as f64;
    let pair = (per_job(ours), per_job(bare.bytes()?));
    let name = "bytes on disk per queued job / bare row";
    let half = BACKLOG / 2;
    let victims = (scattered(&jobs[half..]), scattered(&bare_ids[half..]));
    Ok((
        Figure::beside(name, "B", pair, Goal::Most(2.0)),
        Queued {
            runtime,
            house,
            bare,
            victims,
        },
    ))
}

impl Queued<'_> {
    fn cancel(&mut self) -> Result<Figure> {
        const CALLS: usize = 5000;
        let (jobs, bare_ids) = std::mem::take(&mut self.victims);
        let (mut jobs, mut bare_ids) = (jobs.chunks(CALLS), bare_ids.chunks(CALLS));
        let none = "there are too few jobs to cancel";
        let pair = in_turns(
            ROUNDS,
            || {
                let ids: Arc<[JobId]> = jobs.next().context(none)?.into();
                let house = Arc::clone(&self.house);
                let call = move |number: usize| {
                    let (house, id) = (Arc::clone(&house), ids[number]);
                    async move { house.cancel(id).await }
                };
                let took = self.runtime.block_on(together(CALLERS, CALLS, call))?;
                Ok(rate(CALLS, took))
            },
            || self.bare.cancel(bare_ids.next().context(none)?),
        )?;
        let name = format!("cancel queued by id, {CALLERS} callers / bare, 32 per commit");
        Ok(Figure::beside(name, "1/s", pair, Goal::Least(0.5)))
    }

    fn work(&mut self) -> Result<Figure> {
        const JOBS: usize = 4480;
        let pair = in_turns(
            ROUNDS,
            || {
                let house = Arc::clone(&self.house);
                let call = move |_| {
                    let house = Arc::clone(&house);
                    async move { house.work().await }
                };
                let took = self.runtime.block_on(together(CALLERS, JOBS, call))?;
                Ok(rate(JOBS, took))
            },
            || self.bare.work(JOBS),
        )?;
        let name = format!("claim and finish, {CALLERS} workers / bare, 32 per commit");
        Ok(Figure::beside(name, "1/s", pair, Goal::Least(0.25)))
    }
}
