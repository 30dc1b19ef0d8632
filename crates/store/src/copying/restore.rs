//! Filling a new store from a backup.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reelgate_domain::Timestamp;
use reelgate_domain::access::Once;

use super::format::{Part, Reader};
use super::{CopyError, Progress, Result, Row, Sums, Table, Target, Tell, Value};

/// What a restore has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    pub sums: Sums,
    /// When the backup was made.
    pub taken_at: Timestamp,
    /// Calls that were signed up to this time are refused from now on: they may have been made before.
    pub signed_after: Timestamp,
}

/// A backup that is being restored.
pub(crate) struct Restoring {
    reader: Reader<BufReader<File>>,
    /// Until when the youngest signed call in it is remembered.
    remembered: Option<i64>,
}

impl Restoring {
    pub(crate) fn open(file: &Path) -> Result<Self> {
        let from = File::open(file).map_err(|cause| CopyError::Io {
            path: file.to_owned(),
            cause,
        })?;
        let reader = Reader::begin(BufReader::with_capacity(1 << 20, from), file.to_owned())?;
        Ok(Self {
            reader,
            remembered: None,
        })
    }

    /// The engine that it is of, and the number of its schema.
    pub(crate) fn schema(&self) -> (&str, u32) {
        (&self.reader.head.engine, self.reader.head.schema)
    }

    /// Fills a new store, and compares what is in it then with what the backup says.
    pub(crate) async fn fill(&mut self, target: &mut dyn Target, tell: Tell<'_>) -> Result<Sums> {
        let known = target.tables().await?;
        let tables = self.reader.tables.clone();
        let fits = tables.iter().all(|table| known.contains(table));
        if !fits || known.len() != tables.len() {
            return Err(self
                .reader
                .damaged("its tables are not those of its schema"));
        }
        let mut read = Sums::default();
        let said = loop {
            match self.reader.next()? {
                Part::Rows(number, rows) => {
                    let table = &tables[number];
                    self.remember(table, &rows);
                    target.put(table, &rows).await?;
                    read.add(table, &rows);
                    tell(Progress {
                        table: table.name.clone(),
                        rows: read.of(&table.name).rows,
                        is_check: false,
                    });
                }
                Part::End(sums) => break sums,
            }
        };
        compare(&tables, &said, &read)?;
        let found = sums_of(target, &tables, tell).await?;
        compare(&tables, &said, &found)?;
        Ok(said)
    }

    fn remember(&mut self, table: &Table, rows: &[Row]) {
        if table.name != "nonces" {
            return;
        }
        let column = table.columns.iter().position(|column| column == "until");
        let until = rows.iter().filter_map(|row| match row[column?] {
            Value::Int(until) => Some(until),
            _ => None,
        });
        self.remembered = self.remembered.max(until.max());
    }

    pub(crate) fn taken_at(&self) -> Timestamp {
        Timestamp::from_millis(self.reader.head.taken_at)
    }

    /// Calls that were signed up to this time may have been made while the backup was not looking: up to
    /// now, by the clock of whoever signed it. How far such a clock may be ahead of this one, the calls
    /// in the backup show.
    pub(crate) fn signed_after(&self, now: Timestamp) -> Timestamp {
        const MOST_AHEAD: Duration = Duration::from_mins(15);
        let newest = self.remembered.map(|until| {
            let kept = i64::try_from(Once::KEPT.as_millis()).unwrap_or(i64::MAX);
            Timestamp::from_millis(until.saturating_sub(kept))
        });
        let ahead = newest.map_or(Duration::ZERO, |newest| newest.since(self.taken_at()));
        now.after(ahead.min(MOST_AHEAD))
    }
}

/// Counts and checksums of what a store holds.
pub(super) async fn sums_of(
    target: &mut dyn Target,
    tables: &[Table],
    tell: Tell<'_>,
) -> Result<Sums> {
    let mut sums = Sums::default();
    for table in tables {
        let mut after = None;
        loop {
            let rows = target.rows(table, after.as_deref(), table.page()).await?;
            let Some(last) = rows.last() else { break };
            after = Some(table.key_of(last));
            sums.add(table, &rows);
            tell(Progress {
                table: table.name.clone(),
                rows: sums.of(&table.name).rows,
                is_check: true,
            });
        }
    }
    Ok(sums)
}

pub(super) fn compare(tables: &[Table], wanted: &Sums, found: &Sums) -> Result<()> {
    for table in tables {
        let (wanted, found) = (wanted.of(&table.name), found.of(&table.name));
        if wanted != found {
            return Err(CopyError::Differs {
                table: table.name.clone(),
                wanted,
                found,
            });
        }
    }
    Ok(())
}

/// The path with something behind its last name.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// Makes a new name durable.
pub(crate) fn sync_folder_of(path: &Path) -> std::io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
