//! Opening connections with the settings that durability rests on.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::contract::{Result, StoreError};

/// Marks a database file as Reelgate's: "Reel" in ASCII.
const APPLICATION_ID: i32 = 0x5265_656c;

/// Statements kept prepared; more than there are.
pub(super) const STATEMENTS: usize = 384;

/// How long to wait for a tool that has the file locked, such as a backup.
const BUSY: Duration = Duration::from_secs(10);

/// How long a start waits for them.
const BUSY_AT_START: Duration = Duration::from_secs(1);

/// The only connection that writes. Creates the file, readable by its owner alone; SQLite gives
/// the files beside it the same mode.
pub(super) fn writer(path: &Path) -> Result<Connection> {
    OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| StoreError::Unavailable(format!("{}: {error}", path.display())))?;
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    prepare(&connection)?;
    identify(&connection, path)?;
    // A cache of 16 MiB, because a commit that has moved pages walks over all of the cache; what it
    // lacks is in the system's own. Statement journals stay in memory, or savepoints would make
    // temporary files.
    // Checkpoints come every 16 MiB, so that the log stays small and pages written often are
    // copied once for many commits.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384; \
         PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000; \
         PRAGMA journal_size_limit = 67108864;",
    )?;
    verify(&connection, "journal_mode", "wal")?;
    verify(&connection, "synchronous", "2")?;
    Ok(connection)
}

/// A connection that cannot write.
pub(super) fn reader(path: &Path) -> Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    prepare(&connection)?;
    connection.execute_batch(
        "PRAGMA query_only = ON; PRAGMA cache_size = -2048; PRAGMA temp_store = MEMORY;",
    )?;
    Ok(connection)
}

/// A connection for what the writer cannot do between its batches. Writes nothing itself.
pub(super) fn beside(path: &Path) -> Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    prepare(&connection)?;
    connection.execute_batch("PRAGMA synchronous = FULL;")?;
    Ok(connection)
}

/// A connection that reads all that there is at this moment, whatever is written meanwhile. It may have
/// to bring what a dead process has left in order, and so could write.
pub(super) fn snapshot(path: &Path) -> Result<Connection> {
    let connection = beside(path)?;
    connection.execute_batch("PRAGMA query_only = ON;")?;
    // A transaction sees what there is at its first look.
    connection.execute_batch("BEGIN DEFERRED; SELECT count(*) FROM sqlite_schema;")?;
    Ok(connection)
}

/// A new database that nobody uses before it is complete. Nothing of it survives a crash.
pub(super) fn unfinished(path: &Path) -> Result<Connection> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| StoreError::Unavailable(format!("{}: {error}", path.display())))?;
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    prepare(&connection)?;
    identify(&connection, path)?;
    connection.execute_batch(
        "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY; \
         PRAGMA cache_size = -65536;",
    )?;
    Ok(connection)
}

/// Whether what is deleted from a page is overwritten, and pages that fall free are, too. Not always,
/// because all writes would pay for it.
pub(super) fn overwrite(connection: &Connection, on: bool) -> Result<()> {
    // It answers with the new value.
    Ok(connection.pragma_update_and_check(None, "secure_delete", on, |_| Ok(()))?)
}

/// As [`empty_log`], at a start, where somebody who reads, such as a backup, is no reason to fail: what
/// the log still holds the next start removes.
pub(super) fn empty_log_if_possible(connection: &Connection) -> Result<()> {
    connection.busy_timeout(BUSY_AT_START)?;
    if let Err(error) = empty_log(connection) {
        tracing::warn!(%error, "the write-ahead log stays as it is until the next start");
    }
    Ok(connection.busy_timeout(BUSY)?)
}

/// Writes the log back into the database and empties it. Waits for readers and the writer.
pub(super) fn empty_log(connection: &Connection) -> Result<()> {
    let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
        row.get::<_, bool>(0)
    })?;
    if busy {
        let why = "the write-ahead log is in use and could not be emptied";
        return Err(StoreError::Unavailable(why.into()));
    }
    Ok(())
}

/// What every connection needs, the schema's tests included.
pub(super) fn prepare(connection: &Connection) -> Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Otherwise SQLite prepares a statement anew for other values of its parameters, which costs
    // more than running it; and the plans that the tests look at would not be the plans that run.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Refuses a file that another program made; marks a new one.
fn identify(connection: &Connection, path: &Path) -> Result<()> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    match pragma("application_id")? {
        APPLICATION_ID => Ok(()),
        0 if pragma("schema_version")? == 0 => {
            Ok(connection.pragma_update(None, "application_id", APPLICATION_ID)?)
        }
        _ => Err(StoreError::Unavailable(format!(
            "{} is not Reelgate's",
            path.display()
        ))),
    }
}

fn verify(connection: &Connection, pragma: &str, wanted: &str) -> Result<()> {
    let value = connection.pragma_query_value(None, pragma, |row| {
        row.get_ref(0).map(|cell| match cell {
            rusqlite::types::ValueRef::Integer(number) => number.to_string(),
            other => other.as_str().unwrap_or_default().to_owned(),
        })
    })?;
    if value == wanted {
        Ok(())
    } else {
        Err(StoreError::Unavailable(format!(
            "sqlite answered {pragma} = {value}, not {wanted}"
        )))
    }
}
