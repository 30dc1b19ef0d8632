//! PostgreSQL against the suite.

use std::sync::Arc;

use async_trait::async_trait;
use reelgate_store::conformance::Home;
use reelgate_store::{PostgresOptions, PostgresStore, Store};
use reelgate_testkit::Postgres;

/// A database of its own on the server that all tests share.
pub(crate) struct Database(String);

impl Database {
    pub(crate) fn new() -> Self {
        Self(Postgres::shared().database())
    }

    pub(crate) fn options(&self) -> PostgresOptions {
        PostgresOptions::new(&self.0)
    }

    pub(crate) async fn store(&self) -> PostgresStore {
        let options = PostgresOptions::new(&self.0);
        PostgresStore::open(options).await.expect("it opens")
    }
}

#[async_trait]
impl Home for Database {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.store().await)
    }

    async fn open_beside(&self, _first: &Arc<dyn Store>) -> Arc<dyn Store> {
        self.open().await
    }
}

reelgate_store::conformance_tests!(Database::new());
