//! The engine's side of copies: reading a database that is in use, and making one from a backup.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::DirBuilder;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use reelgate_domain::Timestamp;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row as SqlRow, ToSql, params_from_iter};

use super::lock::DirectoryLock;
use super::rows::execute;
use super::{FILE_NAME, SqliteStore, connect, migrate, sql};
use crate::contract::StoreError;
use crate::copying::{
    Backup, CopyError, Migration, MigrationTarget, Restored, Restoring, Row, Source, Table, Target,
    Tell, Value, backup_from, beside, migrate_into, sync_folder_of,
};
use crate::stored;

type Result<T> = std::result::Result<T, CopyError>;

const ENGINE: &str = "sqlite";

/// Which schema there is, and what only says that writing works.
const LEFT_OUT: [&str; 2] = ["migrations", "pulse"];

impl SqliteStore {
    /// Writes all that the store in this directory holds to a new file, also while a server uses it.
    pub async fn backup(dir: &Path, file: &Path, now: Timestamp, tell: Tell<'_>) -> Result<Backup> {
        let mut source = Reading::open(&database(dir)?)?;
        backup_from(&mut source, file, now, tell).await
    }

    /// Makes a store from a backup in a directory that is empty or does not exist.
    pub async fn restore(
        file: &Path,
        dir: &Path,
        now: Timestamp,
        tell: Tell<'_>,
    ) -> Result<Restored> {
        let mut backup = Restoring::open(file)?;
        let (engine, schema) = backup.schema();
        let known = migrate::MIGRATIONS.last().map_or(0, |last| last.version);
        if engine != ENGINE {
            let why = format!("the backup is of {engine}: restore it to a database of that");
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
        let dir = empty_directory(dir)?;
        let _lock = DirectoryLock::take(&dir)?;
        let unfinished = dir.join(UNFINISHED);
        remove_leftovers(&dir)?;
        let restored = fill(&mut backup, &unfinished, schema, now, tell).await;
        let finished = restored.and_then(|restored| {
            let path = dir.join(FILE_NAME);
            std::fs::rename(&unfinished, &path).map_err(io(&path))?;
            sync_folder_of(&path).map_err(io(&path))?;
            Ok(restored)
        });
        if finished.is_err() {
            // What is of no use must not look as if it were. If it stays, the next restore removes it.
            let _ = remove_leftovers(&dir);
        }
        finished
    }

    /// Moves all that the store in this directory holds to another engine. Fails while a server uses it.
    pub(crate) async fn move_to(
        dir: &Path,
        target: &mut dyn MigrationTarget,
        tell: Tell<'_>,
    ) -> Result<Migration> {
        let path = database(dir)?;
        let dir = dir.canonicalize().map_err(io(dir))?;
        let _lock = DirectoryLock::take(&dir)?;
        let mut connection = connect::writer(&path)?;
        migrate::migrate(&mut connection, migrate::MIGRATIONS)?;
        drop(connection);
        let mut source = Reading::open(&path)?;
        // Nobody else has these relative to the directory.
        source.home = Some(dir);
        migrate_into(&mut source, target, tell).await
    }
}

/// What a database is called until it is complete.
const UNFINISHED: &str = "reelgate.db.restoring";

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> CopyError {
    let path = path.to_owned();
    move |cause| CopyError::Io { path, cause }
}

fn database(dir: &Path) -> Result<PathBuf> {
    let path = dir.join(FILE_NAME);
    if path.try_exists().map_err(io(&path))? {
        return Ok(path);
    }
    let why = format!("there is no store in {}", dir.display());
    Err(CopyError::Refused(why))
}

/// Makes the directory, for its owner alone, unless it is there and has nothing in it but what a restore
/// has left that did not end.
fn empty_directory(dir: &Path) -> Result<PathBuf> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(dir).map_err(io(dir))?;
    let ours = [UNFINISHED, "reelgate.lock"];
    for entry in std::fs::read_dir(dir).map_err(io(dir))? {
        let name = entry.map_err(io(dir))?.file_name();
        let is_ours = name.to_str().is_some_and(|name| {
            ours.contains(&name) || name.starts_with(&format!("{UNFINISHED}-"))
        });
        if !is_ours {
            let (dir, name) = (dir.display(), Path::new(&name).display());
            let why = format!("{dir} is not empty: it has {name}; name a new directory");
            return Err(CopyError::Refused(why));
        }
    }
    dir.canonicalize().map_err(io(dir))
}

fn remove_leftovers(dir: &Path) -> Result<()> {
    let unfinished = dir.join(UNFINISHED);
    let suffixes = ["", "-journal", "-wal", "-shm"];
    for path in suffixes.map(|suffix| beside(&unfinished, suffix)) {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            other => other.map_err(io(&path))?,
        }
    }
    Ok(())
}

async fn fill(
    backup: &mut Restoring,
    path: &Path,
    schema: u32,
    now: Timestamp,
    tell: Tell<'_>,
) -> Result<Restored> {
    let mut connection = connect::unfinished(path)?;
    // The steps of its release first: what later ones do to rows they do to these, too.
    let steps = migrate::MIGRATIONS.partition_point(|step| step.version <= schema);
    migrate::migrate(&mut connection, &migrate::MIGRATIONS[..steps])?;
    let mut target = Filling::open(connection)?;
    let sums = backup.fill(&mut target, tell).await?;
    let mut connection = target.connection;
    migrate::migrate(&mut connection, migrate::MIGRATIONS)?;
    let signed_after = backup.signed_after(now);
    execute(
        &connection,
        sql::keeping::PUT_SIGNED_AFTER,
        [signed_after.as_millis()],
    )?;
    let verdict: String = connection
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(StoreError::from)?;
    if verdict != "ok" {
        return Err(CopyError::Store(StoreError::Unavailable(format!(
            "the restored database is not sound: {verdict}"
        ))));
    }
    connection
        .close()
        .map_err(|(_, error)| StoreError::from(error))?;
    let file = std::fs::File::open(path).map_err(io(path))?;
    file.sync_all().map_err(io(path))?;
    Ok(Restored {
        sums,
        taken_at: backup.taken_at(),
        signed_after,
    })
}

/// The tables as they are copied, and for each how its rows are read.
fn tables(connection: &Connection) -> std::result::Result<Vec<Table>, StoreError> {
    let mut names = connection.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
         ORDER BY name",
    )?;
    let names = names.query_map([], |row| row.get::<_, String>(0))?;
    let names = names.collect::<std::result::Result<Vec<_>, _>>()?;
    let mut tables = Vec::new();
    for name in names {
        if LEFT_OUT.contains(&name.as_str()) {
            continue;
        }
        let mut columns = connection.prepare(
            "SELECT name, pk FROM pragma_table_xinfo(?1) WHERE hidden = 0 ORDER BY name",
        )?;
        let columns = columns.query_map([&name], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let columns: Vec<(String, i64)> = columns.collect::<std::result::Result<_, _>>()?;
        let places = columns.iter().enumerate();
        let key: BTreeMap<_, _> = places
            .filter(|(_, (_, place))| *place > 0)
            .map(|(index, (_, place))| (*place, index))
            .collect();
        tables.push(Table {
            name,
            columns: columns.into_iter().map(|(name, _)| name).collect(),
            key: key.into_values().collect(),
        });
    }
    Ok(tables)
}

/// A page of a table's rows by their key.
fn page(
    connection: &Connection,
    table: &Table,
    after: Option<&[Value]>,
    most: u32,
) -> std::result::Result<Vec<Row>, StoreError> {
    let named = |indexes: &mut dyn Iterator<Item = &usize>| {
        let names = indexes.map(|index| quoted(&table.columns[*index]));
        names.collect::<Vec<_>>().join(", ")
    };
    let all: Vec<usize> = (0..table.columns.len()).collect();
    let (columns, key) = (named(&mut all.iter()), named(&mut table.key.iter()));
    let name = quoted(&table.name);
    let beyond = match after {
        None => String::new(),
        Some(_) => {
            let marks = vec!["?"; table.key.len()].join(", ");
            format!("WHERE ({key}) > ({marks})")
        }
    };
    let query = format!("SELECT {columns} FROM {name} {beyond} ORDER BY {key} LIMIT {most}");
    let mut statement = connection.prepare_cached(&query)?;
    let mut rows = statement.query(params_from_iter(after.unwrap_or_default()))?;
    let mut page = Vec::new();
    while let Some(row) = rows.next()? {
        page.push(read(row, table)?);
    }
    Ok(page)
}

fn read(row: &SqlRow<'_>, table: &Table) -> std::result::Result<Row, StoreError> {
    let values = table.columns.iter().enumerate().map(|(index, column)| {
        Ok(match row.get_ref(index)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => Value::Int(number),
            ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
            ValueRef::Text(text) => match std::str::from_utf8(text) {
                Ok(text) => Value::Text(text.to_owned()),
                Err(error) => {
                    let (name, why) = (&table.name, error.to_string());
                    let what = format!("{name}.{column} cannot be copied: {why}");
                    return Err(StoreError::Unavailable(what));
                }
            },
            ValueRef::Real(_) => {
                let what = format!("{}.{column} holds a fraction", table.name);
                return Err(StoreError::Unavailable(what));
            }
        })
    });
    values.collect()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Borrowed(ValueRef::Null),
            Self::Int(number) => ToSqlOutput::Borrowed(ValueRef::Integer(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

/// A database that is read in one snapshot; whoever writes to it goes on.
struct Reading {
    connection: Connection,
    schema: u32,
    tables: Vec<Table>,
    /// Where directories of buckets begin that are kept relative to it; none leaves them as they are.
    home: Option<PathBuf>,
}

impl Reading {
    fn open(path: &Path) -> Result<Self> {
        let connection = connect::snapshot(path)?;
        let schema = migrate::newest(&connection)?;
        let tables = tables(&connection)?;
        Ok(Self {
            connection,
            schema,
            tables,
            home: None,
        })
    }
}

/// Makes the directories of buckets absolute. A bucket that is in none has an empty one.
fn place(home: &Path, table: &Table, rows: &mut [Row]) {
    let column = table.columns.iter().position(|column| column == "path");
    let Some(column) = column.filter(|_| table.name == "buckets") else {
        return;
    };
    for row in rows {
        if let Value::Bytes(path) = &mut row[column]
            && !path.is_empty()
        {
            let relative = Path::new(std::ffi::OsStr::from_bytes(path));
            *path = home.join(relative).into_os_string().into_vec();
        }
    }
}

/// Other engines have no zero bytes in texts.
fn storable(rows: &mut [Row]) {
    for value in rows.iter_mut().flatten() {
        if let Value::Text(text) = value
            && let Cow::Owned(plain) = stored::storable(text)
        {
            *text = plain;
        }
    }
}

#[async_trait]
impl Source for Reading {
    fn schema(&self) -> (&'static str, u32) {
        (ENGINE, self.schema)
    }

    fn tables(&self) -> Vec<Table> {
        self.tables.clone()
    }

    async fn rows(
        &mut self,
        table: &Table,
        after: Option<&[Value]>,
        most: u32,
    ) -> Result<Vec<Row>> {
        let mut rows = page(&self.connection, table, after, most)?;
        if let Some(home) = &self.home {
            place(home, table, &mut rows);
            storable(&mut rows);
        }
        Ok(rows)
    }
}

/// A database that is being made, for nobody to use yet.
struct Filling {
    connection: Connection,
    tables: Vec<Table>,
}

impl Filling {
    /// Removes the rows that the schema makes by itself: the backup has its own.
    fn open(connection: Connection) -> Result<Self> {
        let tables = tables(&connection)?;
        for table in &tables {
            let statement = format!("DELETE FROM {}", quoted(&table.name));
            connection
                .execute(&statement, [])
                .map_err(StoreError::from)?;
        }
        Ok(Self { connection, tables })
    }

    fn insert(&self, table: &Table, rows: &[Row]) -> std::result::Result<(), StoreError> {
        let names: Vec<_> = table.columns.iter().map(|name| quoted(name)).collect();
        let statement = format!(
            "INSERT INTO {} ({}) VALUES ({})",
            quoted(&table.name),
            names.join(", "),
            vec!["?"; names.len()].join(", ")
        );
        self.connection.execute_batch("BEGIN")?;
        let mut insert = self.connection.prepare_cached(&statement)?;
        for row in rows {
            insert.execute(params_from_iter(row))?;
        }
        self.connection.execute_batch("COMMIT")?;
        Ok(())
    }
}

#[async_trait]
impl Target for Filling {
    async fn tables(&mut self) -> Result<Vec<Table>> {
        Ok(self.tables.clone())
    }

    async fn put(&mut self, table: &Table, rows: &[Row]) -> Result<()> {
        Ok(self.insert(table, rows)?)
    }

    async fn rows(
        &mut self,
        table: &Table,
        after: Option<&[Value]>,
        most: u32,
    ) -> Result<Vec<Row>> {
        Ok(page(&self.connection, table, after, most)?)
    }
}
