//! How SQLite's errors become the contract's.

use rusqlite::ErrorCode;

use crate::contract::StoreError;

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
