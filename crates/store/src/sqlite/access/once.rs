//! Calls that count once: signed ones, and those with a key of their caller's.

use std::sync::{Arc, Mutex, PoisonError};

use reelgate_domain::Timestamp;
use reelgate_domain::access::{Made, Note, Once};
use rusqlite::{Connection, params};

use super::super::rows::{cell, execute, one};
use super::super::sql::access as sql;
use super::super::writer::Tx;
use crate::contract::{Result, StoreError};
use crate::outcome::Outcome;

/// Runs the effect of a call and notes the call in the same transaction. Does so first, so that a call
/// that was made before is known before anything is written.
pub(in crate::sqlite) fn counted<T: Outcome>(
    tx: &Tx<'_>,
    once: Option<Once>,
    effect: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let Some(once) = once else {
        return effect();
    };
    spend(tx, &once)?;
    let outcome = effect()?;
    if once.note.is_some() && !outcome.is_done() {
        execute(tx.connection(), sql::DELETE_KEYED_CALL, [once.hash])?;
    }
    Ok(outcome)
}

fn spend(tx: &Tx<'_>, once: &Once) -> Result<()> {
    let until = once.until.as_millis();
    let noted = match &once.note {
        None => {
            let call = params![stored(&once.hash), until];
            execute(tx.connection(), sql::INSERT_NONCE, call)?
        }
        Some(note) => {
            let call = params![once.hash, until, note.request, note.made.as_str()];
            execute(tx.connection(), sql::INSERT_KEYED_CALL, call)?
        }
    };
    match noted {
        0 => Err(StoreError::Replayed),
        _ => Ok(()),
    }
}

/// What was kept of a call that is answered again.
pub(super) fn noted(connection: &Connection, hash: &[u8; 16]) -> Result<Option<Note>> {
    one(connection, sql::KEYED_CALL, [hash], |row| {
        Ok(Note {
            request: row.get(0)?,
            made: Made::new(row.get::<_, String>(1)?),
        })
    })
}

/// Its first half. With a million calls to be remembered, a new one is taken for one of them once in
/// ten million million times, and can then be made again with another nonce.
pub(in crate::sqlite) fn stored(hash: &[u8; 16]) -> i64 {
    let mut half = [0; 8];
    half.copy_from_slice(&hash[..8]);
    i64::from_be_bytes(half)
}

/// How far the walk over the noted calls has come. It is not stored: each start begins anew.
#[derive(Clone, Default)]
pub(in crate::sqlite) struct Walk(Arc<Mutex<Place>>);

/// The first that has not been looked at; `None`: the walk is at its beginning.
type Place = Option<i64>;

impl Walk {
    /// Looks at the next so many, removes those whose time has passed, and gives the place where that
    /// ended.
    pub(super) fn step(&self, connection: &Connection, now: Timestamp, most: u32) -> Result<Place> {
        let place = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let from = place.unwrap_or(i64::MIN);
        let next: Place = cell(connection, sql::NONCE_AHEAD, params![from, most.max(1)])?;
        let now = now.as_millis();
        match next {
            Some(next) => execute(connection, sql::PRUNE_NONCES, params![from, next, now])?,
            None => execute(connection, sql::PRUNE_LAST_NONCES, params![from, now])?,
        };
        Ok(next)
    }

    /// Where the next step begins.
    pub(super) fn go_on(&self, place: Place) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }
}
