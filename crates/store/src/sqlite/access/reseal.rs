//! Secrets in a new seal, written over what they were before.

use rusqlite::{Connection, Row};

use super::super::connect;
use super::super::rows::{all, execute, one};
use super::super::sql::access as sql;
use crate::contract::{Resealed, Result, SealedSecret};

pub(super) fn list(
    connection: &Connection,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<SealedSecret>> {
    // No id is empty.
    let after = after.unwrap_or_default();
    let key = (after, limit);
    let mut page = all(connection, sql::SEALED_SECRETS, key, read)?;
    page.extend(all(connection, sql::SEALED_OTHERS, key, read)?);
    page.sort_unstable_by(|one, other| one.id.cmp(&other.id));
    page.truncate(limit as usize);
    Ok(page)
}

pub(super) fn get(connection: &Connection, id: &str) -> Result<Option<SealedSecret>> {
    one(connection, sql::SECRET, [id], read)
}

fn read(row: &Row<'_>) -> Result<SealedSecret> {
    Ok(SealedSecret {
        id: row.get(0)?,
        sealed: row.get(1)?,
    })
}

pub(super) fn reseal(connection: &Connection, secrets: &[Resealed]) -> Result<u64> {
    let _overwriting = Overwriting::start(connection)?;
    let mut replaced = 0;
    for secret in secrets {
        let key = (&secret.id, &secret.old, &secret.new);
        let of_keys = execute(connection, sql::RESEAL, key)?;
        replaced += (of_keys + execute(connection, sql::RESEAL_OTHER, key)?) as u64;
    }
    Ok(replaced)
}

/// As long as it lives, what is replaced is overwritten.
struct Overwriting<'c>(&'c Connection);

impl<'c> Overwriting<'c> {
    fn start(connection: &'c Connection) -> Result<Self> {
        connect::overwrite(connection, true)?;
        Ok(Self(connection))
    }
}

impl Drop for Overwriting<'_> {
    fn drop(&mut self) {
        // If it stays on, writes cost a little more.
        let _ = connect::overwrite(self.0, false);
    }
}
