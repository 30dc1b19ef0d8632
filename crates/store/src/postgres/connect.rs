//! Opening connections with the settings that durability rests on, and talking over them.

use std::collections::HashMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Config, Row, Statement};

use super::error::{Answer, Failure, text};
use super::sql;
use super::tls::{SslMode, Tls};
use super::transaction::Mark;
use crate::contract::{Result, StoreError};

/// The oldest release whose functions the statements use.
const OLDEST_SERVER: i32 = 13_00_00;

/// A parameter of a statement.
pub(super) type Param<'a> = &'a (dyn ToSql + Sync);

/// Opens connections to one database.
#[derive(Clone)]
pub(super) struct Connector {
    config: Config,
    tls: Tls,
    /// How long to wait for a connection, and for an answer.
    patience: Duration,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("place", &self.place())
            .finish_non_exhaustive()
    }
}

impl Connector {
    /// Reads a `postgres://` URL. Nothing of it but the words of its options is in an error, because
    /// it may hold a password.
    pub(super) fn new(url: &str, patience: Duration) -> Result<Self> {
        let unfit = |why: &str| StoreError::Unavailable(format!("the database's URL: {why}"));
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(unfit("it begins with postgres://"));
        }
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut authorities, mut others) = (SslMode::Prefer, None, Vec::new());
        for option in query.split('&').filter(|option| !option.is_empty()) {
            match option.split_once('=') {
                Some(("sslmode", word)) => mode = SslMode::parse(word)?,
                Some(("sslrootcert", path)) => authorities = Some(unescape(path)),
                // The driver knows them.
                _ => others.push(option),
            }
        }
        let authorities = authorities.as_deref();
        let plain = match others.is_empty() {
            true => address.to_owned(),
            false => format!("{address}?{}", others.join("&")),
        };
        let mut config = Config::from_str(&plain).map_err(|error| unfit(&text(&error)))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(unfit("it names no host"));
        }
        config.ssl_mode(match mode {
            SslMode::Disable => tokio_postgres::config::SslMode::Disable,
            SslMode::Prefer => tokio_postgres::config::SslMode::Prefer,
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => {
                tokio_postgres::config::SslMode::Require
            }
        });
        if config.get_application_name().is_none() {
            config.application_name("reelgate");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(patience);
        }
        // A peer that is gone without a word is noticed while the connection is idle, too.
        config.keepalives_idle(Duration::from_secs(10));
        config.keepalives_interval(Duration::from_secs(5));
        config.keepalives_retries(3);
        // And while it was sent something, which keep-alives do not watch over.
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(patience + patience / 4);
        }
        Ok(Self {
            config,
            tls: Tls::new(mode, authorities)?,
            patience,
        })
    }

    /// Where the database is, for messages.
    pub(super) fn place(&self) -> String {
        let hosts = self.config.get_hosts().iter().map(|host| match host {
            tokio_postgres::config::Host::Tcp(name) => name.clone(),
            tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
        });
        let hosts: Vec<String> = hosts.collect();
        let name = self.config.get_dbname().unwrap_or_default();
        format!("postgres://{}/{name}", hosts.join(","))
    }

    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// A connection that is ready to be used.
    pub(super) async fn connect(&self) -> Answer<Session> {
        let (session, _) = self.open().await?;
        Ok(session)
    }

    /// A connection together with what the server says without having been asked. That ends when the
    /// connection does.
    pub(super) async fn open(&self) -> Answer<(Session, mpsc::UnboundedReceiver<AsyncMessage>)> {
        let opened = tokio::time::timeout(self.patience, self.handshake());
        let opened = opened.await;
        opened.unwrap_or_else(|_| Err(Failure::silent(self.patience)))
    }

    async fn handshake(&self) -> Answer<(Session, mpsc::UnboundedReceiver<AsyncMessage>)> {
        let (client, mut connection) = self.config.connect(self.tls.clone()).await?;
        let (unasked, heard) = mpsc::unbounded_channel();
        let driver = tokio::spawn(async move {
            while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
                match message {
                    Ok(AsyncMessage::Notice(notice)) => {
                        tracing::debug!(%notice, "the database says");
                    }
                    // Nobody has to listen.
                    Ok(message) => drop(unasked.send(message)),
                    // Whoever waits for an answer gets the error as well.
                    Err(error) => {
                        tracing::debug!(error = text(&error), "a connection to the database ended");
                        break;
                    }
                }
            }
        });
        let session = Session {
            client,
            statements: Mutex::default(),
            patience: self.patience,
            unfit: AtomicBool::new(false),
            knows_all: AtomicBool::new(false),
            writer: fastrand::i64(..),
            serial: AtomicI64::new(0),
            driver: driver.abort_handle(),
        };
        self.prepare(&session).await?;
        Ok((session, heard))
    }

    /// What every connection needs.
    async fn prepare(&self, session: &Session) -> Answer<()> {
        let millis = self.patience.as_millis();
        // A process that stands still inside a transaction must not hold its locks for so long that
        // those who wait for them give up.
        let idle = millis / 4;
        //
        // Every statement is meant to probe indexes. Left to its estimates, the planner takes a limit
        // that it does not know yet for a tenth of the table, and walks over all of it. So it makes one
        // plan for each statement, whatever the parameters and however old the statistics are, and
        // takes another way only where there is no index: these are the plans that the tests look at.
        let settings = format!(
            "SET statement_timeout = {millis}; SET lock_timeout = {millis}; \
             SET idle_in_transaction_session_timeout = {idle}; \
             SET default_transaction_isolation = 'read committed'; \
             SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
             SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; \
             SET jit = off; \
             SELECT set_config('synchronous_commit', 'on', false) \
             WHERE current_setting('synchronous_commit') = 'off'"
        );
        session.batch(&settings).await?;
        let row = session
            .client
            .query_one(
                "SELECT current_setting('server_version_num')::int, \
                 current_setting('server_encoding')",
                &[],
            )
            .await?;
        let (version, encoding): (i32, &str) = (row.get(0), row.get(1));
        if version < OLDEST_SERVER {
            let why = format!(
                "PostgreSQL {} is too old: 13 is the oldest",
                version / 10_000
            );
            return Err(StoreError::Unavailable(why).into());
        }
        if encoding != "UTF8" {
            let why = format!("the database's encoding is {encoding}: it has to be UTF8");
            return Err(StoreError::Unavailable(why).into());
        }
        Ok(())
    }
}

/// Percent signs in a URL's option.
fn unescape(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let mut rest = bytes.clone();
        let digits = [rest.next(), rest.next()].map(|it| char::from(it.unwrap_or(0)).to_digit(16));
        match (byte, digits) {
            (b'%', [Some(high), Some(low)]) => {
                plain.push((high * 16 + low) as u8);
                bytes = rest;
            }
            _ => plain.push(byte),
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// Statements by their texts, and by where these are: most are found without reading a thousand letters.
#[derive(Default)]
struct Prepared {
    by_text: HashMap<&'static str, Statement>,
    by_place: HashMap<(usize, usize), Statement>,
}

impl Prepared {
    fn find(&mut self, sql: &'static str) -> Option<Statement> {
        let place = (sql.as_ptr().addr(), sql.len());
        if let Some(statement) = self.by_place.get(&place) {
            return Some(statement.clone());
        }
        let statement = self.by_text.get(sql)?.clone();
        self.by_place.insert(place, statement.clone());
        Some(statement)
    }
}

/// One connection, with the statements that it has prepared.
pub(super) struct Session {
    client: Client,
    statements: Mutex<Prepared>,
    patience: Duration,
    /// Nobody may use it any more: it is inside a transaction that nobody will end, or does not
    /// answer.
    unfit: AtomicBool,
    /// Statements that were not prepared before are refused: they would not go out in their order.
    knows_all: AtomicBool,
    /// Who writes here, in the `commits` table, and its last transaction.
    writer: i64,
    serial: AtomicI64,
    driver: AbortHandle,
}

impl Drop for Session {
    fn drop(&mut self) {
        // The server takes back what was not committed.
        self.driver.abort();
    }
}

impl Session {
    /// Whether it can be used again.
    pub(super) fn is_fit(&self) -> bool {
        !self.unfit.load(Ordering::Relaxed) && !self.client.is_closed()
    }

    /// Whether it has what it was given before no more was allowed.
    pub(super) fn has_all(&self) -> bool {
        self.knows_all.load(Ordering::Relaxed) && !self.known().by_text.is_empty()
    }

    pub(super) fn allow_unknown(&self, allow: bool) {
        self.knows_all.store(!allow, Ordering::Relaxed);
    }

    pub(super) fn set_unfit(&self, unfit: bool) {
        self.unfit.store(unfit, Ordering::Relaxed);
    }

    /// Begins a transaction that can be asked after. Until that has ended the connection is unfit: should
    /// whoever runs it go away, it ends with the connection.
    pub(super) async fn begin(&self) -> Answer<()> {
        self.set_unfit(true);
        let serial = self.serial.fetch_add(1, Ordering::Relaxed) + 1;
        let mark: [Param<'_>; 2] = [&self.writer, &serial];
        let (begun, marked) = tokio::join!(
            biased;
            self.batch(sql::BEGIN),
            self.execute(sql::MARK, &mark)
        );
        begun?;
        marked?;
        Ok(())
    }

    /// Begins a transaction that nobody asks after.
    pub(super) async fn begin_unmarked(&self) -> Answer<()> {
        self.set_unfit(true);
        self.batch(sql::BEGIN).await
    }

    /// The transaction that was begun last.
    pub(super) fn mark(&self) -> Mark {
        Mark {
            writer: self.writer,
            serial: self.serial.load(Ordering::Relaxed),
        }
    }

    pub(super) async fn commit(&self) -> Answer<()> {
        self.batch(sql::COMMIT).await?;
        self.set_unfit(false);
        Ok(())
    }

    pub(super) async fn roll_back(&self) -> Answer<()> {
        self.batch(sql::ROLLBACK).await?;
        self.set_unfit(false);
        Ok(())
    }

    /// Statements that end with no rows worth reading, several with semicolons between them.
    pub(super) async fn batch(&self, statements: &str) -> Answer<()> {
        self.bounded(async { Ok(self.client.batch_execute(statements).await?) })
            .await
    }

    /// All rows, in order. Several of these that are polled together go out without waiting for each
    /// other's answers.
    pub(super) async fn all(&self, sql: &'static str, params: &[Param<'_>]) -> Answer<Vec<Row>> {
        self.bounded(async {
            let statement = self.prepared(sql).await?;
            Ok(self.client.query(&statement, params).await?)
        })
        .await
    }

    /// The one row, if any.
    pub(super) async fn one(&self, sql: &'static str, params: &[Param<'_>]) -> Answer<Option<Row>> {
        Ok(self.all(sql, params).await?.into_iter().next())
    }

    /// Writes and tells how many rows that changed.
    pub(super) async fn execute(&self, sql: &'static str, params: &[Param<'_>]) -> Answer<u64> {
        self.bounded(async {
            let statement = self.prepared(sql).await?;
            Ok(self.client.execute(&statement, params).await?)
        })
        .await
    }

    /// The answer to a statement that asks whether something is so.
    pub(super) async fn holds(&self, sql: &'static str, params: &[Param<'_>]) -> Answer<bool> {
        let row = self.one(sql, params).await?;
        Ok(row.is_some_and(|row| row.get(0)))
    }

    pub(super) async fn prepared(&self, sql: &'static str) -> Answer<Statement> {
        let known = self.known().find(sql);
        if let Some(statement) = known {
            return Ok(statement);
        }
        if self.knows_all.load(Ordering::Relaxed) {
            let why = "a statement of a batch was not prepared before it";
            return Err(StoreError::Unavailable(why.into()).into());
        }
        // In a box, because it is large and rare: a batch that asks for several things at once would have
        // room for one of it in each.
        let prepare = Box::pin(async { Ok(self.client.prepare(sql).await?) });
        let statement = self.bounded(prepare).await?;
        self.known().by_text.insert(sql, statement.clone());
        Ok(statement)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Prepared> {
        self.statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for an answer, but not for ever. The server's own limit comes first, as long as there is
    /// a server.
    async fn bounded<T>(&self, answer: impl Future<Output = Answer<T>>) -> Answer<T> {
        let patience = self.patience + self.patience / 4;
        let answer = tokio::time::timeout(patience, answer).await;
        let answer = answer.unwrap_or_else(|_| Err(Failure::silent(patience)));
        match &answer {
            Err(Failure::Lost(_)) => self.set_unfit(true),
            // What was prepared may be what is void.
            Err(Failure::Again(_)) => *self.known() = Prepared::default(),
            _ => {}
        }
        answer
    }
}
