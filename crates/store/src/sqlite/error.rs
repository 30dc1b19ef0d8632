//! How SQLite's errors become the contract's.

use rusqlite::ErrorCode;

use crate::contract::StoreError;
pub(super) use crate::stored::{by_row, corrupt};

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}
