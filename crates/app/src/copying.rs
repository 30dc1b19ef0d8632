//! Copies of a whole store: `reelgate backup`, `reelgate restore` and `reelgate migrate`.

#![expect(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "what was copied is for the screen"
)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use reelgate_domain::Timestamp;
use reelgate_service::{Clock, SystemClock};
use reelgate_store::{CopyError, PostgresOptions, PostgresStore, Progress, SqliteStore, Sums};

use crate::config::{BackupArgs, MigrateArgs, RestoreArgs, StoreChoice};

/// How long an answer of the database may take.
const PATIENCE: Duration = Duration::from_secs(60);

fn postgres(url: String) -> PostgresOptions {
    PostgresOptions {
        patience: PATIENCE,
        ..PostgresOptions::new(url)
    }
}

/// Says now and then how far a copy is.
struct Teller {
    told_at: Instant,
}

impl Teller {
    fn new() -> Self {
        Self {
            told_at: Instant::now(),
        }
    }

    fn tell(&mut self, progress: Progress) {
        const EVERY: Duration = Duration::from_secs(1);
        if self.told_at.elapsed() < EVERY {
            return;
        }
        self.told_at = Instant::now();
        let Progress {
            table,
            rows,
            is_check,
        } = progress;
        let doing = if is_check { "checking" } else { "copying" };
        eprintln!("{doing} {table}: {rows} rows");
    }
}

fn show(sums: &Sums) {
    for (table, sum) in sums.tables() {
        println!("{table:<14} {:>10} rows  {:032x}", sum.rows, sum.checksum);
    }
}

pub(crate) async fn backup(args: BackupArgs) -> Result<ExitCode> {
    let (now, mut teller) = (SystemClock.now(), Teller::new());
    let mut tell = |progress| teller.tell(progress);
    let begun = Instant::now();
    let backup = match args.store.choice(&args.data)? {
        StoreChoice::Sqlite(dir) => SqliteStore::backup(&dir, &args.file, now, &mut tell).await,
        StoreChoice::Postgres { url, .. } => {
            PostgresStore::backup(&postgres(url), &args.file, now, &mut tell).await
        }
    };
    let backup = backup.context("no backup was made")?;
    show(&backup.sums);
    eprintln!(
        "{} holds {} rows in {} bytes, made in {:.1} s: accounts, sealed secrets, pipelines, jobs and all other \
         records. Not in it, and needed beside it: the master key (master.key, or REELGATE_MASTER_KEY), which belongs \
         in another place, and the objects in the buckets.",
        args.file.display(),
        backup.sums.rows(),
        backup.bytes,
        begun.elapsed().as_secs_f64()
    );
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn restore(args: RestoreArgs) -> Result<ExitCode> {
    let (now, mut teller) = (SystemClock.now(), Teller::new());
    let mut tell = |progress| teller.tell(progress);
    let choice = args.store.choice(&args.data)?;
    let restored = match choice {
        StoreChoice::Sqlite(dir) => SqliteStore::restore(&args.file, &dir, now, &mut tell).await,
        StoreChoice::Postgres { url, .. } => {
            PostgresStore::restore(&args.file, &postgres(url), now, &mut tell).await
        }
    };
    let restored = restored.context("nothing was restored")?;
    show(&restored.sums);
    eprintln!(
        "{} rows of {} are restored, and their checksums are right. Put the master key of that time in its place \
         before a server is started, and the objects into their buckets. Signed calls that change something and were \
         signed before {} are refused, because they may have been made before.",
        restored.sums.rows(),
        time(restored.taken_at),
        time(restored.signed_after)
    );
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn migrate(args: MigrateArgs) -> Result<ExitCode> {
    let StoreChoice::Sqlite(dir) = args.source()? else {
        bail!("only a SQLite store is migrated: give --from sqlite:DIR");
    };
    let StoreChoice::Postgres { url, .. } = args.target()? else {
        bail!("a store is migrated to PostgreSQL: give --to postgres://…");
    };
    let (now, mut teller) = (SystemClock.now(), Teller::new());
    let mut tell = |progress| teller.tell(progress);
    let moved = PostgresStore::migrate_from(&dir, &postgres(url), now, &mut tell).await;
    let moved = moved.map_err(|error| {
        let what = match &error {
            CopyError::Refused(_) => "nothing was moved",
            CopyError::Differs { .. } => "the migration has failed: empty the database, and begin anew",
            _ => "the migration has not come to its end: nothing is lost, and the same command goes on where it was",
        };
        anyhow::Error::new(error).context(what)
    })?;
    show(&moved.sums);
    if moved.resumed > 0 {
        eprintln!("{} rows were there from an earlier run", moved.resumed);
    }
    eprintln!(
        "{} rows are moved, and counts and checksums of both stores agree. Start servers with --store and the same \
         master key; do not serve {} again.",
        moved.sums.rows(),
        dir.display()
    );
    Ok(ExitCode::SUCCESS)
}

/// A time for people.
fn time(at: Timestamp) -> String {
    let shown = jiff::Timestamp::from_millisecond(at.as_millis());
    shown.map_or_else(|_| at.as_millis().to_string(), |shown| shown.to_string())
}
