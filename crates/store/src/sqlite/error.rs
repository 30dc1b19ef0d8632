//! How SQLite's errors become the contract's.

use rusqlite::ErrorCode;

use crate::contract::{Result, StoreError};

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

/// An error about one cell.
pub(super) fn corrupt(
    table: &'static str,
    column: &'static str,
    row: impl ToString,
    why: impl ToString,
) -> StoreError {
    StoreError::Corrupt {
        table,
        column,
        row: row.to_string(),
        why: why.to_string(),
    }
}

/// Tells what is wrong with one row, the inner error, from what is wrong with the store.
pub(super) fn by_row<T>(outcome: Result<T>) -> Result<std::result::Result<T, StoreError>> {
    match outcome {
        Err(corrupt @ StoreError::Corrupt { .. }) => Ok(Err(corrupt)),
        outcome => outcome.map(Ok),
    }
}
