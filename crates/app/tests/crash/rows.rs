//! What the store says when no service runs: read with SQL from a copy of its files.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;

/// A job's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) state: State,
    pub(crate) attempt: u32,
    pub(crate) losses: u32,
    pub(crate) pipeline: String,
    /// The job's user data.
    pub(crate) tag: String,
}

/// The states as the store has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Queued,
    Running,
    Publishing,
    Stopping,
    Succeeded,
    Failed,
    Cancelled,
}

impl State {
    const ALL: [Self; 7] = [
        Self::Queued,
        Self::Running,
        Self::Publishing,
        Self::Stopping,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
    ];

    fn has_lease(self) -> bool {
        matches!(self, Self::Running | Self::Publishing | Self::Stopping)
    }
}

/// Everything that was asked of the store.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) jobs: BTreeMap<String, Row>,
    /// Whether each pipeline is paused, by its id.
    pub(crate) paused: BTreeMap<String, bool>,
}

impl Rows {
    /// Reads the store of a service that is not running. What is there is left as it is: SQLite works
    /// on a copy, so that opening it repairs nothing before the service does.
    pub(crate) fn read(data: &Path) -> Self {
        let copy = tempfile::tempdir().unwrap();
        let file = copy.path().join("reelgate.db");
        std::fs::copy(data.join("reelgate.db"), &file).unwrap();
        let log = data.join("reelgate.db-wal");
        if log.exists() {
            std::fs::copy(&log, copy.path().join("reelgate.db-wal")).unwrap();
        }
        let store = Connection::open(&file).unwrap();
        let sound: String = store
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(sound, "ok", "the store is damaged");
        let rows = Self {
            jobs: jobs(&store)
                .into_iter()
                .map(|job| (job.id.clone(), job))
                .collect(),
            paused: paused(&store),
        };
        rows.check_counts(&store);
        rows
    }

    pub(crate) fn tagged(&self, tag: &str) -> Option<&Row> {
        self.jobs.values().find(|row| row.tag == tag)
    }

    /// The counts by which claims are made were written by the transactions that changed the jobs.
    fn check_counts(&self, store: &Connection) {
        let mut query = store
            .prepare("SELECT lower(hex(p.id)), queued, running FROM queues q JOIN pipelines p ON p.key = q.pipeline")
            .unwrap();
        let counts = query.query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?))
        });
        for counted in counts.unwrap() {
            let (pipeline, queued, running): (_, u32, u32) = counted.unwrap();
            let count = |is: &dyn Fn(State) -> bool| {
                let jobs = self.jobs.values();
                jobs.filter(|row| row.pipeline == pipeline && is(row.state))
                    .count() as u32
            };
            assert_eq!(
                queued,
                count(&|state| state == State::Queued),
                "queued in {pipeline}"
            );
            assert_eq!(running, count(&State::has_lease), "running in {pipeline}");
        }
        let leases: u32 = store
            .query_row("SELECT count(*) FROM leases", [], |row| row.get(0))
            .unwrap();
        let held = self.jobs.values().filter(|row| row.state.has_lease());
        assert_eq!(leases, held.count() as u32, "leases");
    }
}

fn jobs(store: &Connection) -> Vec<Row> {
    let mut query = store
        .prepare(
            "SELECT lower(hex(j.id)), state, attempt, losses, lower(hex(p.id)), user_data
             FROM jobs j JOIN job_payloads USING (number) JOIN pipelines p ON p.key = j.pipeline",
        )
        .unwrap();
    let rows = query.query_map([], |row| {
        Ok(Row {
            id: row.get(0)?,
            state: State::ALL[usize::from(row.get::<_, u8>(1)?)],
            attempt: row.get(2)?,
            losses: row.get(3)?,
            pipeline: row.get(4)?,
            tag: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
        })
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn paused(store: &Connection) -> BTreeMap<String, bool> {
    let mut query = store
        .prepare(
            "SELECT lower(hex(p.id)), paused FROM queues q JOIN pipelines p ON p.key = q.pipeline",
        )
        .unwrap();
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}
