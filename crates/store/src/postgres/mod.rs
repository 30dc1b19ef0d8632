//! The store in a PostgreSQL database, which any number of processes share.

mod connect;
mod error;
mod migrate;
mod pool;
mod sql;
mod tls;
mod transaction;

use std::fmt;
use std::time::Duration;

use self::connect::Connector;
use self::pool::Pool;
use crate::contract::Result;

/// Where the database is and how it is used.
#[derive(Clone)]
pub struct PostgresOptions {
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with `sslmode` and `sslrootcert` where needed.
    pub url: String,
    /// How many connections for queries and for changes of access, beside the few that every node
    /// has. A call that finds them all in use waits.
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

/// The store in a PostgreSQL database. Any number of processes may open the same one.
pub struct PostgresStore {
    pool: Pool,
}

impl PostgresStore {
    /// Connects, and brings the database's schema to this release. Refuses a server older than 13 and
    /// a database that only newer releases can work with.
    pub async fn open(options: PostgresOptions) -> Result<Self> {
        let connector = Connector::new(&options.url, options.patience)?;
        let session = connector.connect().await?;
        migrate::migrate(&session, migrate::MIGRATIONS).await?;
        Ok(Self {
            pool: Pool::new(connector, options.most_connections),
        })
    }
}
