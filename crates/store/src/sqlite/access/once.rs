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
    let noted = params![once.hash, once.until.as_millis()];
    match execute(tx.connection(), sql::INSERT_NONCE, noted)? {
        0 => Err(StoreError::Replayed),
        _ => Ok(()),
    }
}

/// How far the walk over the noted calls has come. It is not stored: each start begins anew.
#[derive(Clone, Default)]
pub(in crate::sqlite) struct Walk(Arc<Mutex<Place>>);

/// The hash that was looked at last; `None`: the walk is at its beginning.
type Place = Option<[u8; 16]>;

/// No hash comes after it.
const END: [u8; 16] = [0xff; 16];

impl Walk {
    /// Looks at the next so many, removes those whose time has passed, and gives the place where that
    /// ended.
    pub(super) fn step(&self, connection: &Connection, now: Timestamp, most: u32) -> Result<Place> {
        let place = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // All hashes come after nothing.
        let after = place.as_ref().map_or(&[][..], |hash| &hash[..]);
        let ahead = params![after, most.saturating_sub(1)];
        let next: Place = cell(connection, sql::NONCE_AHEAD, ahead)?;
        let those = params![after, next.unwrap_or(END), now.as_millis()];
        execute(connection, sql::PRUNE_NONCES, those)?;
        Ok(next)
    }

    /// Where the next step begins.
    pub(super) fn go_on(&self, place: Place) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }
}
