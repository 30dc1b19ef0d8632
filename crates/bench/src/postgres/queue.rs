//! Submits, and jobs that are claimed and finished.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use reelgate_testkit::Postgres;
use tokio::runtime::Runtime;

use super::bare::{Inserts, Jobs};
use super::rows::Rows;
use crate::figure::{Figure, Goal};
use crate::house::{CALLERS, House, ids, texts};
use crate::rounds::{in_turns, rate, together};
use crate::{backlog, uploads};

/// Rounds of each side.
const ROUNDS: usize = 9;

/// Queued jobs under the claims.
const BACKLOG: usize = 100_000;

pub(super) fn figures(
    runtime: &Runtime,
    dir: &Path,
    server: &Postgres,
    tell: &mut dyn FnMut(Figure),
) -> Result<()> {
    let (place, url) = (dir.join("queue"), server.database());
    let house = House::build_on_postgres(&place, &url);
    let house = Arc::new(runtime.block_on(house)?);
    tell(submits(runtime, &house, server)?);
    work(runtime, &house, (&place, server), tell)
}

fn submits(runtime: &Runtime, house: &Arc<House>, server: &Postgres) -> Result<Figure> {
    const CALLS: usize = 4_000;
    let bare = runtime.block_on(Inserts::open(&server.database(), &texts()?))?;
    let pair = in_turns(
        ROUNDS,
        || {
            let house = Arc::clone(house);
            let call = move |_| {
                let house = Arc::clone(&house);
                async move { house.submit().await.map(drop) }
            };
            let took = runtime.block_on(together(CALLERS, CALLS, call))?;
            Ok(rate(CALLS, took))
        },
        || {
            let (bare, ids) = (bare.clone(), Arc::new(ids(CALLS)));
            let call = move |number: usize| {
                let (bare, id) = (bare.clone(), ids[number]);
                async move { bare.write(id).await }
            };
            let took = runtime.block_on(together(CALLERS, CALLS, call))?;
            Ok(rate(CALLS, took))
        },
    )?;
    let name = format!("submit, {CALLERS} callers / bare insert, same batching");
    Ok(Figure::beside(name, "1/s", pair, Goal::Least(0.6)))
}

fn work(
    runtime: &Runtime,
    house: &Arc<House>,
    (place, server): (&Path, &Postgres),
    tell: &mut dyn FnMut(Figure),
) -> Result<()> {
    const JOBS: usize = 3_200;
    /// Two commits a job take their time.
    const FEWER: usize = 480;
    runtime.block_on(house.fill(BACKLOG))?;
    let bare = runtime.block_on(Jobs::open(&server.database(), &texts()?))?;
    runtime.block_on(bare.fill(&ids(BACKLOG)))?;
    let ours = || {
        let house = Arc::clone(house);
        let call = move |_| {
            let house = Arc::clone(&house);
            async move { house.work().await }
        };
        let took = runtime.block_on(together(CALLERS, JOBS, call))?;
        Ok(rate(JOBS, took))
    };
    let pair = in_turns(ROUNDS, ours, || runtime.block_on(bare.work_together(JOBS)))?;
    let name = format!("claim and finish, {CALLERS} workers / bare claim-32 loop");
    tell(Figure::beside(name, "1/s", pair, Goal::Least(0.6)));
    let url = server.database();
    let by_hand = runtime.block_on(async {
        let house = House::build_on_postgres(&place.join("by-hand"), &url).await?;
        house.fill(BACKLOG).await?;
        Rows::open(&house, &url).await
    })?;
    let pair = in_turns(ROUNDS, ours, || runtime.block_on(by_hand.work(JOBS)))?;
    let name = "  the same / the same rows written by hand, 32 a statement";
    tell(Figure::beside(name, "1/s", pair, Goal::Shown));
    let pair = in_turns(5, ours, || runtime.block_on(bare.work(FEWER, 1)))?;
    let name = format!("claim and finish, {CALLERS} workers / two commits a job");
    tell(Figure::beside(name, "1/s", pair, Goal::Least(3.0)));
    Ok(())
}

/// What calls cost on a long queue and on a short one.
pub(super) fn lengths(
    runtime: &Runtime,
    dir: &Path,
    server: &Postgres,
    many: usize,
    tell: &mut dyn FnMut(Figure),
) -> Result<()> {
    let open = |name: &str, length| {
        let (dir, url) = (dir.join(name), server.database());
        runtime.block_on(async {
            let house = House::build_on_postgres(&dir, &url).await?;
            backlog::Line::of(house, length).await
        })
    };
    let mut lines = (open("long", many)?, open("short", backlog::FEW)?);
    backlog::compare(runtime, (&mut lines.0, &mut lines.1), many, tell)?;
    drop(lines);
    let open = |name: &str| {
        let (dir, url) = (dir.join(name), server.database());
        runtime.block_on(House::build_on_postgres(&dir, &url))
    };
    uploads::compare(
        runtime,
        (open("long-uploads")?, open("short-uploads")?),
        many,
        tell,
    )
}
