//! The engine's side of copies: reading a database in one snapshot, and filling an empty one.

mod shape;

use std::collections::BTreeMap;
use std::path::Path;

use async_trait::async_trait;
use reelgate_domain::Timestamp;
use tokio_postgres::Row as SqlRow;

use self::shape::{Column, Kind, Shape, follows, key_elsewhere, only_here};
use super::connect::{Connector, Param, Session};
use super::error::Answer;
use super::{PostgresOptions, PostgresStore, migrate, sql};
use crate::contract::StoreError;
use crate::copying::{
    Backup, CopyError, Migration, MigrationTarget, Restored, Restoring, Row, Source, Sum, Table,
    Target, Tell, Value, backup_from,
};
use crate::sqlite::SqliteStore;

type Result<T> = std::result::Result<T, CopyError>;

const ENGINE: &str = "postgres";

/// Which schema there is, and what only running processes say.
const LEFT_OUT: [&str; 6] = [
    "schema",
    "migrations",
    "commits",
    "nodes",
    "arriving",
    "delivery_turns",
];

/// Tables to which the schema itself gives their one row.
const WITH_A_ROW: [&str; 1] = ["event_log"];

impl PostgresStore {
    /// Writes all that a database holds to a new file, also while nodes use it.
    pub async fn backup(
        options: &PostgresOptions,
        file: &Path,
        now: Timestamp,
        tell: Tell<'_>,
    ) -> Result<Backup> {
        let mut source = Copied::open(options).await?;
        let snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        source.session.batch(snapshot).await.map_err(store)?;
        Self::refuse_arriving(&source.session).await?;
        backup_from(&mut source, file, now, tell).await
    }

    /// Fills an empty database from a backup, all or nothing.
    pub async fn restore(
        file: &Path,
        options: &PostgresOptions,
        now: Timestamp,
        tell: Tell<'_>,
    ) -> Result<Restored> {
        let mut backup = Restoring::open(file)?;
        let (engine, schema) = backup.schema();
        let known = migrate::MIGRATIONS.last().map_or(0, |last| last.version);
        let known = u32::try_from(known).unwrap_or(0);
        if engine != ENGINE {
            let why = format!("the backup is of {engine}: restore it there, and migrate it then");
            return Err(CopyError::Refused(why));
        }
        if schema > known {
            let engine = engine.to_owned();
            return Err(CopyError::Newer {
                engine,
                schema,
                known,
            });
        }
        // The steps of its release first: what later ones do to rows they do to these, too.
        let steps = migrate::MIGRATIONS
            .partition_point(|step| i64::from(step.version) <= i64::from(schema));
        let mut target = Copied::prepared(options, &migrate::MIGRATIONS[..steps], false).await?;
        Self::refuse_arriving(&target.session).await?;
        target.refuse_unless_empty().await?;
        target.session.batch("BEGIN").await.map_err(store)?;
        target.remove_own_rows().await?;
        let sums = backup.fill(&mut target, tell).await?;
        let signed_after = backup.signed_after(now);
        target.signed_after = signed_after;
        target.settle().await?;
        target.session.batch("COMMIT").await.map_err(store)?;
        migrate::migrate(&target.session, migrate::MIGRATIONS).await?;
        Ok(Restored {
            sums,
            taken_at: backup.taken_at(),
            signed_after,
        })
    }

    /// Moves all that the SQLite store in this directory holds to an empty database, or goes on with
    /// that. Fails while a server uses the directory.
    pub async fn migrate_from(
        dir: &Path,
        options: &PostgresOptions,
        now: Timestamp,
        tell: Tell<'_>,
    ) -> Result<Migration> {
        let mut target = Copied::prepared(options, migrate::MIGRATIONS, true).await?;
        target.signed_after = now;
        SqliteStore::move_to(dir, &mut target, tell).await
    }

    /// Nobody may use a database to which another store is being moved.
    pub(super) async fn refuse_arriving(session: &Session) -> crate::contract::Result<()> {
        if session.one(sql::keeping::ARRIVING, &[]).await?.is_none() {
            return Ok(());
        }
        let why =
            "a store is being moved to this database: let `reelgate migrate` come to its end first";
        Err(StoreError::Unavailable(why.into()))
    }
}

fn store(failure: impl Into<StoreError>) -> CopyError {
    CopyError::Store(failure.into())
}

/// A table's columns, and those with the values that only this engine has there.
type Gathered<'a> = (Vec<Column>, Vec<(String, &'a str)>);

/// A database that is copied from or to.
struct Copied {
    session: Session,
    shapes: BTreeMap<String, Shape>,
    schema: u32,
    signed_after: Timestamp,
}

impl Copied {
    /// As it is, which has to be some schema of ours.
    async fn open(options: &PostgresOptions) -> Result<Self> {
        let connector = Connector::new(&options.url, options.patience)?;
        let session = connector.connect().await.map_err(store)?;
        // Between two pages a disk or another store may take its time.
        let patient = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0";
        session.batch(patient).await.map_err(store)?;
        let version = session.one(sql::keeping::SCHEMA_TABLE, &[]).await;
        if version.map_err(store)?.is_none() {
            let why = "there is no store in the database".to_owned();
            return Err(CopyError::Refused(why));
        }
        Self::of(session, false).await
    }

    /// With the schema of these steps.
    async fn prepared(
        options: &PostgresOptions,
        steps: &[migrate::Migration],
        elsewhere: bool,
    ) -> Result<Self> {
        let connector = Connector::new(&options.url, options.patience)?;
        let session = connector.connect().await.map_err(store)?;
        migrate::migrate(&session, steps).await?;
        let patient = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0";
        session.batch(patient).await.map_err(store)?;
        Self::of(session, elsewhere).await
    }

    /// `elsewhere` says whether another engine has to understand it.
    async fn of(session: Session, elsewhere: bool) -> Result<Self> {
        let stands = session
            .one(sql::keeping::SCHEMA, &[])
            .await
            .map_err(store)?;
        let version: i32 = stands.map_or(0, |row| row.get(0));
        let columns = session
            .all(sql::keeping::COLUMNS, &[])
            .await
            .map_err(store)?;
        let mut tables: BTreeMap<String, Gathered<'_>> = BTreeMap::new();
        for row in &columns {
            let (table, name, kind): (&str, &str, &str) = (row.get(0), row.get(1), row.get(2));
            if LEFT_OUT.contains(&table) || follows(table, name) {
                continue;
            }
            let Some(kind) = Kind::of(kind) else {
                let why = format!("{table}.{name} is of a kind that is not copied");
                return Err(CopyError::Refused(why));
            };
            let mut place = row.get(3);
            let entry = tables.entry(table.to_owned()).or_default();
            if elsewhere {
                if let Some(value) = only_here(table, name) {
                    entry.1.extend(value.map(|value| (name.to_owned(), value)));
                    continue;
                }
                if key_elsewhere(table).is_some_and(|key| key == name) {
                    place = Some(0);
                }
            }
            let name = name.to_owned();
            entry.0.push(Column { name, kind, place });
        }
        let shapes = tables.into_iter().map(|(name, (columns, made_up))| {
            let shape = Shape::new(&name, columns, &made_up);
            (name, shape)
        });
        Ok(Self {
            session,
            shapes: shapes.collect(),
            schema: u32::try_from(version).unwrap_or(0),
            signed_after: Timestamp::from_millis(0),
        })
    }

    fn shape(&self, table: &Table) -> Result<&Shape> {
        let shape = self.shapes.get(&table.name);
        shape.ok_or_else(|| CopyError::Refused(format!("there is no table {}", table.name)))
    }

    fn all_tables(&self) -> Vec<Table> {
        self.shapes
            .values()
            .map(|shape| shape.table.clone())
            .collect()
    }

    async fn refuse_unless_empty(&mut self) -> Result<()> {
        for table in self.all_tables() {
            if !self.is_empty(&table).await? {
                let why = format!(
                    "the database is not empty: its table {} has rows",
                    table.name
                );
                return Err(CopyError::Refused(why));
            }
        }
        Ok(())
    }

    async fn remove_own_rows(&mut self) -> Result<()> {
        for table in WITH_A_ROW {
            if self.shapes.contains_key(table) {
                let remove = format!("DELETE FROM {table}");
                self.session.batch(&remove).await.map_err(store)?;
            }
        }
        Ok(())
    }

    /// Makes everything follow that rows alone do not say, such as which numbers come next.
    async fn settle(&mut self) -> Result<()> {
        let numbered = self.session.all(sql::keeping::NUMBERED, &[]).await;
        for row in numbered.map_err(store)? {
            let (table, column): (&str, &str) = (row.get(0), row.get(1));
            let follow = format!(
                "SELECT setval(pg_get_serial_sequence('\"{table}\"', '{column}'), \
                 (SELECT greatest(max(\"{column}\"), 1) FROM \"{table}\"))"
            );
            self.session.batch(&follow).await.map_err(store)?;
        }
        let follow = "SELECT setval('turns', (SELECT greatest(max(served), 1) FROM queues)); \
            UPDATE queues SET closed = true FROM pipelines \
            WHERE pipelines.key = queues.pipeline AND pipelines.deleted; \
            UPDATE event_log SET last = greatest(last, fanned_out, \
              (SELECT coalesce(max(position), 0) FROM events)); \
            DELETE FROM jobs WHERE account = 0";
        self.session.batch(follow).await.map_err(store)?;
        let signed_after = self.signed_after.as_millis();
        let row: [Param<'_>; 1] = [&signed_after];
        let put = self.session.execute(sql::keeping::PUT_SIGNED_AFTER, &row);
        put.await.map(drop).map_err(store)
    }

    async fn page(&self, table: &Table, after: Option<&[Value]>, most: u32) -> Result<Vec<Row>> {
        let shape = self.shape(table)?;
        let most = i64::from(most);
        let rows = match after {
            None => self.session.all(shape.first, &[&most]).await,
            Some(after) => {
                let key = after.iter().map(param).collect::<Vec<_>>();
                let mut params: Vec<Param<'_>> =
                    key.iter().map(|it| it.as_ref() as Param<'_>).collect();
                params.push(&most);
                self.session.all(shape.beyond, &params).await
            }
        };
        let rows = rows.map_err(store)?;
        rows.iter().map(|row| read(row, &shape.kinds)).collect()
    }
}

fn read(row: &SqlRow, kinds: &[Kind]) -> Result<Row> {
    let values = kinds.iter().enumerate().map(|(index, kind)| {
        let value = match kind {
            Kind::Int(_) | Kind::Bool => row.try_get::<_, Option<i64>>(index)?.map(Value::Int),
            Kind::Text => row.try_get::<_, Option<String>>(index)?.map(Value::Text),
            Kind::Bytes => row.try_get::<_, Option<Vec<u8>>>(index)?.map(Value::Bytes),
        };
        Ok(value.unwrap_or(Value::Null))
    });
    let values: std::result::Result<_, tokio_postgres::Error> = values.collect();
    values.map_err(|error| store(StoreError::Unavailable(error.to_string())))
}

/// A value of a key, which is never null.
fn param(value: &Value) -> Box<dyn tokio_postgres::types::ToSql + Sync + Send> {
    match value {
        Value::Null => Box::new(None::<i64>),
        Value::Int(number) => Box::new(*number),
        Value::Text(text) => Box::new(text.clone()),
        Value::Bytes(bytes) => Box::new(bytes.clone()),
    }
}

/// A column's values of several rows.
fn column(
    rows: &[Row],
    index: usize,
    kind: Kind,
) -> Box<dyn tokio_postgres::types::ToSql + Sync + Send> {
    let values = rows.iter().map(|row| &row[index]);
    match kind {
        Kind::Int(_) | Kind::Bool => Box::new(
            values
                .map(|value| match value {
                    Value::Int(number) => Some(*number),
                    _ => None,
                })
                .collect::<Vec<_>>(),
        ),
        Kind::Text => Box::new(
            values
                .map(|value| match value {
                    Value::Text(text) => Some(text.clone()),
                    _ => None,
                })
                .collect::<Vec<_>>(),
        ),
        Kind::Bytes => Box::new(
            values
                .map(|value| match value {
                    Value::Bytes(bytes) => Some(bytes.clone()),
                    _ => None,
                })
                .collect::<Vec<_>>(),
        ),
    }
}

#[async_trait]
impl Source for Copied {
    fn schema(&self) -> (&'static str, u32) {
        (ENGINE, self.schema)
    }

    fn tables(&self) -> Vec<Table> {
        self.all_tables()
    }

    async fn rows(
        &mut self,
        table: &Table,
        after: Option<&[Value]>,
        most: u32,
    ) -> Result<Vec<Row>> {
        self.page(table, after, most).await
    }
}

#[async_trait]
impl Target for Copied {
    async fn tables(&mut self) -> Result<Vec<Table>> {
        Ok(self.all_tables())
    }

    /// One statement, and so one transaction.
    async fn put(&mut self, table: &Table, rows: &[Row]) -> Result<()> {
        let shape = self.shape(table)?;
        // A frame of a backup may hold more than one message to the server should.
        for rows in rows.chunks(crate::copying::PAGE as usize) {
            let kinds = shape.kinds.iter().enumerate();
            let columns: Vec<_> = kinds
                .map(|(index, kind)| column(rows, index, *kind))
                .collect();
            let params: Vec<Param<'_>> =
                columns.iter().map(|it| it.as_ref() as Param<'_>).collect();
            let put: Answer<u64> = self.session.execute(shape.insert, &params).await;
            put.map_err(store)?;
        }
        Ok(())
    }

    async fn rows(
        &mut self,
        table: &Table,
        after: Option<&[Value]>,
        most: u32,
    ) -> Result<Vec<Row>> {
        self.page(table, after, most).await
    }
}

#[async_trait]
impl MigrationTarget for Copied {
    async fn unfinished(&mut self) -> Result<Option<Sum>> {
        let row = self.session.one(sql::keeping::ARRIVING, &[]).await;
        let Some(row) = row.map_err(store)? else {
            return Ok(None);
        };
        let identity = serde_json::from_str(row.get(0));
        let unread = |error| {
            store(crate::stored::corrupt(
                "arriving", "identity", "only", error,
            ))
        };
        identity.map(Some).map_err(unread)
    }

    async fn begin(&mut self, identity: Sum) -> Result<()> {
        let identity = serde_json::to_string(&identity).unwrap_or_default();
        self.session.batch("BEGIN").await.map_err(store)?;
        self.remove_own_rows().await?;
        let row: [Param<'_>; 1] = [&identity];
        let begun = self.session.execute(sql::keeping::BEGIN_ARRIVING, &row);
        begun.await.map_err(store)?;
        self.session.batch("COMMIT").await.map_err(store)
    }

    async fn is_empty(&mut self, table: &Table) -> Result<bool> {
        if WITH_A_ROW.contains(&table.name.as_str()) {
            return Ok(true);
        }
        Ok(self.page(table, None, 1).await?.is_empty())
    }

    async fn last_key(&mut self, table: &Table) -> Result<Option<Vec<Value>>> {
        let shape = self.shape(table)?;
        let row = self.session.one(shape.last, &[]).await.map_err(store)?;
        let kinds: Vec<_> = shape
            .table
            .key
            .iter()
            .map(|index| shape.kinds[*index])
            .collect();
        row.map(|row| read(&row, &kinds)).transpose()
    }

    async fn end(&mut self) -> Result<()> {
        self.session.batch("ANALYZE").await.map_err(store)?;
        self.session.batch("BEGIN").await.map_err(store)?;
        self.settle().await?;
        let ended = self.session.execute(sql::keeping::END_ARRIVING, &[]).await;
        ended.map_err(store)?;
        self.session.batch("COMMIT").await.map_err(store)
    }
}
