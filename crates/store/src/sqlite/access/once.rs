//! Signed calls that count once.

use std::sync::{Arc, Mutex, PoisonError};

use reelgate_domain::Timestamp;
use reelgate_domain::access::Once;
use rusqlite::{Connection, params};

use super::super::rows::{cell, execute};
use super::super::sql::access as sql;
use super::super::writer::Tx;
use crate::contract::{Result, StoreError};

/// Notes the call in the transaction of its effect. Comes before the effect, so that a call that was
/// made before is known before anything is written.
pub(in crate::sqlite) fn spend(tx: &Tx<'_>, once: Option<Once>) -> Result<()> {
    let Some(once) = once else {
        return Ok(());
    };
    let noted = params![stored(&once.hash), once.until.as_millis()];
    match execute(tx.connection(), sql::INSERT_NONCE, noted)? {
        0 => Err(StoreError::Replayed),
        _ => Ok(()),
    }
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
