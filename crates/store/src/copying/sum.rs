//! Counts and checksums of tables, the same for the same rows in whatever order they come.

use std::collections::BTreeMap;
use std::fmt;

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::format::encode_row;
use super::{Row, Table};

/// How many rows a table has, and the sum of their digests: tells copies apart that lack a row, have one
/// twice or have one that is different. It guards against accidents, not against forgers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    pub rows: u64,
    #[serde(with = "as_hex")]
    pub checksum: u128,
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows, checksum {:032x}", self.rows, self.checksum)
    }
}

impl Sum {
    pub(crate) fn add(&mut self, row: &Row) {
        let mut bytes = Vec::with_capacity(256);
        encode_row(row, &mut bytes);
        let digest = digest(&SHA256, &bytes);
        let mut half = [0; 16];
        half.copy_from_slice(&digest.as_ref()[..16]);
        self.rows += 1;
        self.checksum = self.checksum.wrapping_add(u128::from_be_bytes(half));
    }
}

/// The sums of all tables, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums(BTreeMap<String, Sum>);

impl Sums {
    pub(crate) fn add(&mut self, table: &Table, rows: &[Row]) {
        let sum = self.0.entry(table.name.clone()).or_default();
        rows.iter().for_each(|row| sum.add(row));
    }

    /// Of a table of which nothing was added there are no rows.
    pub fn of(&self, table: &str) -> Sum {
        self.0.get(table).copied().unwrap_or_default()
    }

    /// How many rows there are in all.
    pub fn rows(&self) -> u64 {
        self.0.values().map(|sum| sum.rows).sum()
    }

    pub fn tables(&self) -> impl Iterator<Item = (&str, Sum)> {
        self.0.iter().map(|(name, sum)| (name.as_str(), *sum))
    }
}

/// JSON has no numbers of this size.
mod as_hex {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(sum: &u128, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{sum:032x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u128, D::Error> {
        let text = String::deserialize(from)?;
        u128::from_str_radix(&text, 16).map_err(Error::custom)
    }
}
