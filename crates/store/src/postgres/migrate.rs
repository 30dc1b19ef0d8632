//! Brings a database to this release's schema, one numbered file at a time.

use super::connect::Session;
use super::error::{Answer, Failure};
use super::sql;
use crate::contract::{Result, StoreError};
use crate::stored::corrupt;

/// One step of the schema. A released file never changes again; its checksum is stored.
pub(super) struct Migration {
    pub(super) version: i32,
    /// The oldest schema whose release still works with the database after this step.
    pub(super) oldest_reader: i32,
    pub(super) sql: &'static str,
}

pub(super) const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        oldest_reader: 1,
        sql: include_str!("migrations/0001_everything.sql"),
    },
    Migration {
        version: 2,
        oldest_reader: 1,
        sql: include_str!("migrations/0002_keyed_calls.sql"),
    },
    Migration {
        version: 3,
        // Earlier releases would take jobs of kinds that they do not know, and fail them.
        oldest_reader: 3,
        sql: include_str!("migrations/0003_assets.sql"),
    },
    Migration {
        version: 4,
        oldest_reader: 3,
        sql: include_str!("migrations/0004_events_with_places.sql"),
    },
    Migration {
        version: 5,
        // Earlier releases would queue jobs again without a note, and cancels by address miss them.
        oldest_reader: 5,
        sql: include_str!("migrations/0005_open_sources.sql"),
    },
    Migration {
        version: 6,
        oldest_reader: 5,
        sql: include_str!("migrations/0006_several_messages.sql"),
    },
    Migration {
        version: 7,
        oldest_reader: 5,
        sql: include_str!("migrations/0007_streams.sql"),
    },
    Migration {
        version: 8,
        oldest_reader: 5,
        sql: include_str!("migrations/0008_dna.sql"),
    },
];

/// Where a new database begins. The one row of `schema` is what nodes that start together lock.
const GROUND: &str = "\
    CREATE TABLE IF NOT EXISTS schema ( \
      only_row boolean PRIMARY KEY CHECK (only_row), \
      version integer NOT NULL, \
      oldest_reader integer NOT NULL \
    ); \
    CREATE TABLE IF NOT EXISTS migrations (version integer PRIMARY KEY, checksum text NOT NULL); \
    INSERT INTO schema VALUES (true, 0, 0) ON CONFLICT DO NOTHING";

/// How often nodes that lay the ground together may be in each other's way.
const TRIES: u32 = 20;

/// Applies what is missing, all of it in one transaction: a crash leaves the schema as it was. A
/// database that a newer release has brought further is fine as long as that release says so.
pub(super) async fn migrate(session: &Session, migrations: &[Migration]) -> Result<()> {
    // A step may take long, and so may the steps of another node.
    let patient = "SET statement_timeout = 0; SET lock_timeout = 0";
    session.batch(patient).await?;
    lay_ground(session).await?;
    session.begin_unmarked().await?;
    match apply(session, migrations).await {
        Ok(()) => Ok(session.commit().await?),
        Err(failure) => {
            let _ = session.roll_back().await;
            Err(failure.into())
        }
    }
}

/// `IF NOT EXISTS` does not keep two from making the same thing at once: one of them fails.
async fn lay_ground(session: &Session) -> Result<()> {
    let mut tries = 0;
    loop {
        tries += 1;
        match session.batch(GROUND).await {
            Ok(()) => return Ok(()),
            Err(Failure::Refused { .. } | Failure::Again(_)) if tries < TRIES => {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            Err(failure) => return Err(failure.into()),
        }
    }
}

async fn apply(session: &Session, migrations: &[Migration]) -> Answer<()> {
    let newest = migrations.last().map_or(0, |m| m.version);
    let stands = session.one(sql::LOCK_SCHEMA, &[]).await?;
    let Some(stands) = stands else {
        return Err(corrupt("schema", "version", "only", "the row is missing").into());
    };
    let (version, oldest_reader): (i32, i32) = (stands.get(0), stands.get(1));
    if oldest_reader > newest {
        let why = format!(
            "the database was written by a newer release: its schema is {version} and needs a \
             release that knows {oldest_reader}, this one knows up to {newest}"
        );
        return Err(StoreError::Unavailable(why).into());
    }
    for row in session.all(sql::MIGRATIONS, &[]).await? {
        let (version, checksum): (i32, &str) = (row.get(0), row.get(1));
        let known = migrations.iter().find(|m| m.version == version);
        if known.is_some_and(|known| digest(known.sql) != checksum) {
            let why = "not the schema step that this release has under this number";
            return Err(corrupt("migrations", "checksum", version, why).into());
        }
    }
    for step in migrations.iter().filter(|step| step.version > version) {
        session.batch(step.sql).await?;
        let checksum = digest(step.sql);
        let noted: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&step.version, &checksum];
        session.execute(sql::NOTE_MIGRATION, &noted).await?;
        let stands: [&(dyn tokio_postgres::types::ToSql + Sync); 2] =
            [&step.version, &step.oldest_reader];
        session.execute(sql::SET_SCHEMA, &stands).await?;
    }
    Ok(())
}

/// FNV-1a, 64 bits: tells an edited file from the one that was applied, and no more than that.
fn digest(sql: &str) -> String {
    let hash = sql.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reelgate_testkit::Postgres;

    use super::super::connect::Connector;
    use super::*;

    #[tokio::test]
    async fn addresses_of_jobs_that_had_ended_are_not_open() {
        let url = Postgres::shared().database();
        let connector = Connector::new(&url, Duration::from_secs(30)).unwrap();
        let session = connector.connect().await.unwrap();
        migrate(&session, &MIGRATIONS[..4]).await.unwrap();
        let jobs = "INSERT INTO jobs (id, submission, account, pipeline, priority, state, attempt, \
            losses, progress, created_at) SELECT decode(md5(n::text), 'hex'), '', 1, 1, 6, n, 0, 0, 0, 0 \
            FROM generate_series(0, 6) n; \
            INSERT INTO job_sources SELECT number, account, 5 FROM jobs";
        session.batch(jobs).await.unwrap();
        migrate(&session, MIGRATIONS).await.unwrap();
        let open = "SELECT j.state FROM job_sources s JOIN jobs j ON j.number = s.number \
            WHERE s.open ORDER BY j.state";
        let rows = session.all(open, &[]).await.unwrap();
        let states: Vec<i16> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(states, [0, 1, 2, 3]);
    }
}
