//! Secrets in a new seal, written over what they were before.

use rusqlite::{Connection, params};

use super::super::connect;
use super::super::rows::{all, execute};
use super::super::sql::access as sql;
use crate::contract::{Resealed, Result, SealedSecret};

pub(super) fn list(
    connection: &Connection,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<SealedSecret>> {
    // No id is empty.
    let key = params![after.unwrap_or_default(), limit];
    all(connection, sql::SEALED_SECRETS, key, |row| {
        Ok(SealedSecret {
            id: row.get(0)?,
            sealed: row.get(1)?,
        })
    })
}

pub(super) fn reseal(connection: &Connection, secrets: &[Resealed]) -> Result<u64> {
    let _overwriting = Overwriting::start(connection)?;
    let mut replaced = 0;
    for secret in secrets {
        let key = params![secret.id, secret.old, secret.new];
        replaced += execute(connection, sql::RESEAL, key)? as u64;
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
