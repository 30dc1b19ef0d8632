//! The store in a PostgreSQL database, which any number of processes share.

mod access;
mod assets;
mod batch;
mod buckets;
mod cancel;
mod claim;
mod claim_call;
mod connect;
mod copying;
mod dna;
mod documents;
mod error;
mod events;
mod flush;
mod hinter;
mod inbox;
mod intention;
mod job_rows;
mod keeping;
mod listing;
mod migrate;
#[cfg(feature = "mutants")]
mod mutants;
mod nodes;
mod once;
mod pipelines;
mod pool;
mod report;
mod retry;
mod rows;
mod sql;
#[cfg(test)]
mod sql_tests;
mod store;
mod streams;
mod submit;
mod sweep;
mod tls;
mod transaction;
mod turns;
mod unit;
mod unreadable;
mod writer;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot, watch};
use tokio::task::AbortHandle;

use self::connect::Connector;
use self::hinter::Hinter;
use self::inbox::{Inbox, Lane};
use self::intention::Wish;
use self::pool::Pool;
use crate::contract::{Result, StoreError};

/// Submits that may wait for the writer before further ones have to wait outside.
const NORMAL_ROOM: usize = 4096;

/// Where the database is and how it is used.
#[derive(Clone)]
pub struct PostgresOptions {
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with `sslmode` and `sslrootcert` where needed.
    pub url: String,
    /// How many connections for queries and for changes of access, beside the few that every node
    /// has. A call that finds them all in use waits. Listings leave two of them to the rest.
    pub most_connections: usize,
    /// How long a call waits for a connection, and for each answer.
    pub patience: Duration,
}

impl PostgresOptions {
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            most_connections: 8,
            patience: Duration::from_secs(10),
        }
    }
}

// Not the URL: it may hold a password.
impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("most_connections", &self.most_connections)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

/// The store in a PostgreSQL database. Any number of processes may open the same one. Dropping it
/// finishes what was queued.
pub struct PostgresStore {
    pool: Pool,
    inbox: Arc<Inbox>,
    normal_room: Semaphore,
    hinter: Hinter,
    delivery_turns: events::Turns,
    writer_alive: watch::Receiver<()>,
    hints: AbortHandle,
    off: Vec<&'static str>,
}

/// Settings of a server without which a loss of power takes along what was committed.
const KEEPS: [&str; 2] = ["fsync", "full_page_writes"];

impl PostgresStore {
    /// Connects, and brings the database's schema to this release. Refuses a server older than 13 and
    /// a database that only newer releases can work with.
    pub async fn open(options: PostgresOptions) -> Result<Self> {
        let connector = Connector::new(&options.url, options.patience)?;
        let session = connector.connect().await?;
        migrate::migrate(&session, migrate::MIGRATIONS).await?;
        Self::refuse_arriving(&session).await?;
        let mut off = Vec::new();
        for setting in KEEPS {
            let is_on = session.one(sql::IS_ON, &[&setting]).await?;
            if !is_on.is_some_and(|row| row.get(0)) {
                off.push(setting);
            }
        }
        let inbox = Arc::new(Inbox::default());
        let hinter = Hinter::new();
        let (living, writer_alive) = watch::channel(());
        // It has a connection to itself, so that no query keeps it waiting.
        let alone = Pool::new(connector.clone(), 1);
        let writes = writer::run(alone, Arc::clone(&inbox), hinter.clone());
        tokio::spawn(async move {
            let _living = living;
            writes.await;
        });
        let hints = tokio::spawn(hinter.clone().run(connector.clone()));
        Ok(Self {
            pool: Pool::new(connector, options.most_connections),
            inbox,
            normal_room: Semaphore::new(NORMAL_ROOM),
            hinter,
            delivery_turns: events::Turns::default(),
            writer_alive,
            hints: hints.abort_handle(),
            off,
        })
    }

    /// Settings that are off when the server was asked, so that it may lose what was answered.
    pub fn off(&self) -> &[&'static str] {
        &self.off
    }

    /// Its other side is dropped when the writer ends, after which every write of a job fails.
    pub fn writer_alive(&self) -> watch::Receiver<()> {
        self.writer_alive.clone()
    }

    /// Has the writer see to a wish; returns when it is on disk. If the caller goes away meanwhile, it
    /// is written all the same.
    async fn write<T>(
        &self,
        lane: Lane,
        (wish, answer): (Wish, oneshot::Receiver<Result<T>>),
    ) -> Result<T> {
        let gone = || StoreError::Unavailable("the writer has ended".into());
        let _room = match lane {
            Lane::Normal => Some(self.normal_room.acquire().await.map_err(|_| gone())?),
            Lane::Urgent => None,
        };
        self.inbox.push(lane, wish).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.inbox.close();
        self.hints.abort();
    }
}
