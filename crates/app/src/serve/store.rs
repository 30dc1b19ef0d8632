//! Opening the store that the configuration names.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use reelgate_service::{Clock, SystemClock};
use reelgate_store::{PostgresOptions, PostgresStore, SqliteStore, Store};
use tokio::sync::watch;

use super::clock::SharedClock;
use crate::config::StoreChoice;

/// How long a call waits for the database: less than the clients of the clouds wait for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A store that is open.
pub(super) struct Opened {
    pub(super) store: Arc<dyn Store>,
    /// The time that all who use it go by.
    pub(super) clock: Arc<dyn Clock>,
    /// Whether other processes may use it at the same time.
    pub(super) is_shared: bool,
    /// Its other side is dropped when nothing can be written any more.
    pub(super) writer: watch::Receiver<()>,
}

impl Opened {
    pub(super) async fn open(choice: StoreChoice) -> Result<Self> {
        match choice {
            StoreChoice::Sqlite(dir) => Self::sqlite(&dir).await,
            StoreChoice::Postgres { url, connections } => {
                let options = PostgresOptions {
                    most_connections: connections,
                    patience: PATIENCE,
                    ..PostgresOptions::new(url)
                };
                let store = PostgresStore::open(options).await;
                let store = Arc::new(store.context("opening the store")?);
                for setting in store.off() {
                    tracing::warn!(
                        setting,
                        "the database has {setting} off: what was answered may be lost with its machine's power"
                    );
                }
                let writer = store.writer_alive();
                let store: Arc<dyn Store> = store;
                let shared = SharedClock::of(&store).await;
                let shared = shared.context("asking the store for the time")?;
                let clock: Arc<dyn Clock> = match shared {
                    Some(shared) => shared,
                    None => Arc::new(SystemClock),
                };
                Ok(Self {
                    store,
                    clock,
                    is_shared: true,
                    writer,
                })
            }
        }
    }

    async fn sqlite(dir: &Path) -> Result<Self> {
        let store = SqliteStore::open(dir)?;
        let writer = store.writer_alive();
        let clock = SystemClock;
        // This process owns the store: whatever seems to run was left by a dead one.
        let moved = store.sweep(true, clock.now()).await?;
        if moved > 0 {
            tracing::info!(
                moved,
                "{moved} jobs ran when the last server ended without a word"
            );
        }
        Ok(Self {
            store: Arc::new(store),
            clock: Arc::new(clock),
            is_shared: false,
            writer,
        })
    }
}
