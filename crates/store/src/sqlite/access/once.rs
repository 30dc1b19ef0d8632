//! Signed calls that count once.

use reelgate_domain::access::Once;
use rusqlite::params;

use super::super::rows::execute;
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
