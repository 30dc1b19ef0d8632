//! Backing up a store that is in use.

use std::io::Write;
use std::path::Path;

use reelgate_domain::Timestamp;

use super::format::{Head, TableHead, Writer};
use super::{CopyError, Progress, Result, Source, Sums, Tell};

/// What a backup has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    pub sums: Sums,
    pub bytes: u64,
}

/// Writes all that a store holds at this moment to a new file, which appears whole or not at all and
/// which only its owner can read. Whoever uses the store goes on meanwhile.
pub(crate) async fn backup_from(
    source: &mut dyn Source,
    file: &Path,
    now: Timestamp,
    tell: Tell<'_>,
) -> Result<Backup> {
    let io = |cause| CopyError::Io {
        path: file.to_owned(),
        cause,
    };
    if file.try_exists().map_err(io)? {
        let why = format!("{} exists: name a new file", file.display());
        return Err(CopyError::Refused(why));
    }
    let part = super::restore::beside(file, ".part");
    let written = write(source, &part, now, tell).await;
    match written {
        Ok(backup) => {
            std::fs::rename(&part, file).map_err(io)?;
            super::restore::sync_folder_of(file).map_err(io)?;
            Ok(backup)
        }
        Err(error) => {
            // Nobody could use it. If it cannot be removed, the next backup replaces it.
            let _ = std::fs::remove_file(&part);
            Err(error)
        }
    }
}

async fn write(
    source: &mut dyn Source,
    part: &Path,
    now: Timestamp,
    tell: Tell<'_>,
) -> Result<Backup> {
    use std::os::unix::fs::OpenOptionsExt;
    let io = |cause| CopyError::Io {
        path: part.to_owned(),
        cause,
    };
    match std::fs::remove_file(part) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        other => other.map_err(io)?,
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let to = std::io::BufWriter::new(options.open(part).map_err(io)?);
    let (engine, schema) = source.schema();
    let tables = source.tables();
    let head = Head {
        engine: engine.to_owned(),
        schema,
        release: env!("CARGO_PKG_VERSION").to_owned(),
        taken_at: now.as_millis(),
        tables: tables.iter().map(TableHead::of).collect(),
    };
    let mut writer = Writer::begin(to, part.to_owned(), &head)?;
    let mut sums = Sums::default();
    for (number, table) in (0..).zip(&tables) {
        let mut after = None;
        loop {
            let rows = source.rows(table, after.as_deref(), table.page()).await?;
            let Some(last) = rows.last() else { break };
            after = Some(table.key_of(last));
            sums.add(table, &rows);
            writer.rows(number, &rows)?;
            tell(Progress {
                table: table.name.clone(),
                rows: sums.of(&table.name).rows,
                is_check: false,
            });
            if rows.len() < table.page() as usize {
                break;
            }
        }
    }
    let (mut to, bytes) = writer.end(&sums)?;
    to.flush().map_err(io)?;
    to.get_ref().sync_all().map_err(io)?;
    Ok(Backup { sums, bytes })
}
