//! JSON as it is stored: `{"v": <version>, "data": …}`.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::corrupt;
use crate::contract::{Result, StoreError};

/// The version of everything that this release writes.
const VERSION: u16 = 1;

#[derive(Serialize)]
struct Out<'d, T> {
    v: u16,
    data: &'d T,
}

#[derive(Deserialize)]
struct In<T> {
    v: u16,
    data: T,
}

pub(super) fn encode<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(&Out {
        v: VERSION,
        data: value,
    })
    .map_err(|error| StoreError::Unavailable(format!("cannot be written as JSON: {error}")))
}

pub(super) fn decode<T: DeserializeOwned>(
    text: &str,
    table: &'static str,
    column: &'static str,
    row: impl ToString,
) -> Result<T> {
    match serde_json::from_str::<In<T>>(text) {
        Ok(stored) if stored.v == VERSION => Ok(stored.data),
        Ok(stored) => Err(corrupt(
            table,
            column,
            row,
            format!("version {} is not known", stored.v),
        )),
        Err(error) => Err(corrupt(table, column, row, error)),
    }
}
