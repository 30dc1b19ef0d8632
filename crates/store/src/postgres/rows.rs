//! A row's cells in the domain's words, with what it takes to say which one made no sense.

use std::fmt::Display;
use std::str::FromStr;

use reelgate_domain::{AccountId, Timestamp};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::contract::{Result, StoreError};
use crate::stored::corrupt;
pub(super) use crate::stored::storable;

/// The cells of one row.
pub(super) struct Cells<'r> {
    row: &'r Row,
    table: &'static str,
    key: String,
}

impl<'r> Cells<'r> {
    /// The cells of the row of `table` that goes by `key`.
    pub(super) fn of(row: &'r Row, table: &'static str, key: impl ToString) -> Self {
        let key = key.to_string();
        Self { row, table, key }
    }

    pub(super) fn get<T: FromSql<'r>>(&self, index: usize, column: &'static str) -> Result<T> {
        self.row
            .try_get(index)
            .map_err(|error| self.corrupt(column, error))
    }

    /// A number of the width `W`.
    pub(super) fn number<W, T>(&self, index: usize, column: &'static str) -> Result<T>
    where
        W: FromSql<'r> + Copy + Display,
        T: TryFrom<W>,
    {
        let number: W = self.get(index, column)?;
        T::try_from(number).map_err(|_| self.corrupt(column, format!("{number} is out of range")))
    }

    /// As many bytes as something has.
    pub(super) fn bytes<const N: usize>(
        &self,
        index: usize,
        column: &'static str,
    ) -> Result<[u8; N]> {
        let bytes: &[u8] = self.get(index, column)?;
        let count = bytes.len();
        let exact = bytes.try_into();
        exact.map_err(|_| self.corrupt(column, format!("it has {count} bytes, not {N}")))
    }

    pub(super) fn time(&self, index: usize, column: &'static str) -> Result<Timestamp> {
        self.get(index, column).map(Timestamp::from_millis)
    }

    pub(super) fn maybe_time(
        &self,
        index: usize,
        column: &'static str,
    ) -> Result<Option<Timestamp>> {
        let millis: Option<i64> = self.get(index, column)?;
        Ok(millis.map(Timestamp::from_millis))
    }

    pub(super) fn account(&self, index: usize) -> Result<AccountId> {
        let number = self.number::<i64, u64>(index, "account")?;
        AccountId::new(number).ok_or_else(|| self.corrupt("account", "it has not 16 digits"))
    }

    /// What a text says in the domain's words.
    pub(super) fn word<T>(&self, index: usize, column: &'static str) -> Result<T>
    where
        T: FromStr<Err: Display>,
    {
        let text: &str = self.get(index, column)?;
        text.parse().map_err(|error| self.corrupt(column, error))
    }

    pub(super) fn maybe_word<T>(&self, index: usize, column: &'static str) -> Result<Option<T>>
    where
        T: FromStr<Err: Display>,
    {
        let text: Option<&str> = self.get(index, column)?;
        let word = text.map(|text| text.parse().map_err(|error| self.corrupt(column, error)));
        word.transpose()
    }

    pub(super) fn corrupt(&self, column: &'static str, why: impl Display) -> StoreError {
        corrupt(self.table, column, &self.key, why)
    }
}

/// An account as it is stored.
pub(super) const fn account_key(account: AccountId) -> i64 {
    account.number().cast_signed()
}
