//! Copies of a whole store: backups, restores, and moving to another engine.
//!
//! All of them read a store table by table in the order of its keys, in one snapshot, as plain values
//! that every engine has; so one format serves all. What is read is counted, and its checksum is the same
//! whatever engine the rows are in and in whatever order they come.

mod backup;
mod format;
mod migrate;
mod restore;
mod sum;

use std::path::PathBuf;

use async_trait::async_trait;

pub use backup::Backup;
pub(crate) use backup::backup_from;
pub use migrate::Migration;
pub(crate) use migrate::{MigrationTarget, migrate_into};
pub use restore::Restored;
pub(crate) use restore::{Restoring, beside, sync_folder_of};
pub use sum::{Sum, Sums};

use crate::StoreError;

/// Rows of one page: enough that asking for the next costs little, few enough to be held in memory.
pub(crate) const PAGE: u32 = 500;

/// The same of the parts of fingerprints, of which each may have a MiB.
const PAGE_OF_PARTS: u32 = 16;

/// What every engine has: numbers (and with them yes and no), texts and bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A row: the values of its table's columns, in their order.
pub(crate) type Row = Vec<Value>;

/// A table as it is copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: String,
    /// By name; without those that are made from others.
    pub(crate) columns: Vec<String>,
    /// Which columns are its key, in the order of the key.
    pub(crate) key: Vec<usize>,
}

impl Table {
    /// How many of its rows are a page.
    pub(crate) fn page(&self) -> u32 {
        match self.name.as_str() {
            "dna_fingerprints" => PAGE_OF_PARTS,
            _ => PAGE,
        }
    }

    /// What of a row its key is.
    pub(crate) fn key_of(&self, row: &Row) -> Vec<Value> {
        self.key.iter().map(|index| row[*index].clone()).collect()
    }
}

/// A store that is read in one snapshot.
#[async_trait]
pub(crate) trait Source: Send {
    /// Which engine it is, and the number of its schema.
    fn schema(&self) -> (&'static str, u32);

    /// The tables that a copy needs; all but those that say what is only true for running processes.
    fn tables(&self) -> Vec<Table>;

    /// The rows behind this key, in the order of their keys.
    async fn rows(&mut self, table: &Table, after: Option<&[Value]>, most: u32)
    -> Result<Vec<Row>>;
}

/// A store that is filled.
#[async_trait]
pub(crate) trait Target: Send {
    /// The tables that it has.
    async fn tables(&mut self) -> Result<Vec<Table>>;

    /// Stores rows, which are the next ones of their table.
    async fn put(&mut self, table: &Table, rows: &[Row]) -> Result<()>;

    /// The rows behind this key, to see whether they have arrived.
    async fn rows(&mut self, table: &Table, after: Option<&[Value]>, most: u32)
    -> Result<Vec<Row>>;
}

/// How far a copy is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    pub table: String,
    /// Of this table.
    pub rows: u64,
    /// Whether it is being compared with what it was made from.
    pub is_check: bool,
}

/// Who is told how far a copy is.
pub type Tell<'t> = &'t mut (dyn FnMut(Progress) + Send);

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error("{}: {cause}", path.display())]
    Io {
        path: PathBuf,
        cause: std::io::Error,
    },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{} is no backup of Reelgate's", .0.display())]
    NoBackup(PathBuf),
    /// What was written is not what is read.
    #[error("the backup {} is damaged at byte {at}: {why}", path.display())]
    Damaged {
        path: PathBuf,
        at: u64,
        why: &'static str,
    },
    /// It was made by a release that knows more.
    #[error(
        "it has the schema {schema} of {engine}, and this release knows up to {known}: use the release \
         that made it, or a newer one"
    )]
    Newer {
        engine: String,
        schema: u32,
        known: u32,
    },
    /// The target is in use, or holds something else.
    #[error("{0}")]
    Refused(String),
    #[error(
        "table {table} has {found} in the copy and {wanted} in what it was made from: the copy is of no use"
    )]
    Differs {
        table: String,
        wanted: Sum,
        found: Sum,
    },
}

type Result<T> = std::result::Result<T, CopyError>;
