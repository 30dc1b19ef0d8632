//! The queue on PostgreSQL beside what the same server does for the barest client, and two nodes on one
//! database.
//!
//! The server is one of its own, which waits for the disk as any other does.

mod bare;
mod nodes;
mod queue;
mod rows;

use std::path::Path;

use anyhow::Result;
use reelgate_testkit::{Postgres, PostgresSetup};
use tokio::runtime::Runtime;

use crate::figure::Figure;

/// What a server of some size has: the defaults are for a machine of twenty years ago. The buffers hold
/// what `docs/operating.md` says a million jobs need.
const SETTINGS: [(&str, &str); 6] = [
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("shared_buffers", "1GB"),
    ("max_wal_size", "8GB"),
    ("checkpoint_timeout", "15min"),
    ("max_connections", "100"),
];

pub(crate) fn figures(
    runtime: &Runtime,
    dir: &Path,
    many: usize,
    tell: &mut dyn FnMut(Figure),
) -> Result<()> {
    let server = Postgres::start(PostgresSetup {
        settings: &SETTINGS,
        ..PostgresSetup::default()
    });
    queue::figures(runtime, dir, &server, tell)?;
    nodes::figures(runtime, dir, &server, tell)?;
    queue::lengths(runtime, dir, &server, many, tell)
}
