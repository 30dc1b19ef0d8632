//! From rows about jobs and pipelines to the domain's words.

use std::fmt::Display;

use reelgate_domain::job::{Fault, Job, JobState, Lease, Lifecycle, Priority, StopMode};
use reelgate_domain::media::Staged;
use reelgate_domain::node::Kinds;
use reelgate_domain::{
    AccountId, JobId, JobNumber, Pipeline, PipelineId, PipelineState, SubmissionId, Timestamp,
    WorkerId,
};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::contract::Result;
use crate::held::Held;
use crate::stored::{corrupt, decode};

/// What is known of a job's row without making sense of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw {
    pub(super) number: i64,
    pub(super) id: JobId,
    pub(super) account: i64,
    pub(super) pipeline: i64,
    pub(super) state: i16,
    pub(super) attempt: i32,
    /// When its lease runs out, if it has one.
    pub(super) until: Option<i64>,
}

impl Raw {
    /// Whether its state is one in which nothing happens any more.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.state, 4..=6)
    }
}

/// Kinds as statements take them.
pub(super) fn kind_codes(kinds: Kinds) -> Vec<i16> {
    kinds.each().map(|kind| i16::from(kind.code())).collect()
}

/// The cells of a row of `jobs`, with what it takes to say which one made no sense.
struct Cells<'r> {
    row: &'r Row,
    number: i64,
}

impl<'r> Cells<'r> {
    fn get<T: FromSql<'r>>(&self, index: usize, column: &'static str) -> Result<T> {
        self.row
            .try_get(index)
            .map_err(|error| self.corrupt(column, error))
    }

    fn number<T, U>(&self, index: usize, column: &'static str) -> Result<T>
    where
        T: TryFrom<U>,
        U: FromSql<'r> + Copy + Display,
    {
        let number: U = self.get(index, column)?;
        T::try_from(number).map_err(|_| self.corrupt(column, format!("{number} is out of range")))
    }

    fn id(&self, index: usize, column: &'static str) -> Result<[u8; 16]> {
        let bytes: Option<&[u8]> = self.get(index, column)?;
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.ok_or_else(|| self.corrupt(column, "it has not 16 bytes"))
    }

    fn maybe_time(&self, index: usize, column: &'static str) -> Result<Option<Timestamp>> {
        let millis: Option<i64> = self.get(index, column)?;
        Ok(millis.map(Timestamp::from_millis))
    }

    fn time(&self, index: usize, column: &'static str) -> Result<Timestamp> {
        let time = self.maybe_time(index, column)?;
        time.ok_or_else(|| self.corrupt(column, "it is missing"))
    }

    fn corrupt(&self, column: &'static str, why: impl Display) -> crate::StoreError {
        corrupt("jobs", column, self.number, why)
    }
}

/// Reads `held_columns!`: the row as it is, and what it says.
pub(super) fn held(row: &Row) -> Result<(Raw, Result<Held>)> {
    let cells = Cells {
        row,
        number: row.try_get(0).unwrap_or_default(),
    };
    // Without an id it still has its number, by which it can be taken out of everybody's way.
    let id = cells.id(1, "id");
    let raw = Raw {
        number: cells.number,
        id: JobId::from_bytes(*id.as_ref().unwrap_or(&[0; 16])),
        account: cells.get(15, "account")?,
        pipeline: cells.get(2, "pipeline")?,
        state: cells.get(3, "state")?,
        attempt: cells.get(4, "attempt")?,
        until: cells.get(11, "until")?,
    };
    let held = id.and_then(|_| read_held(&cells, &raw));
    Ok((raw, held))
}

fn read_held(cells: &Cells<'_>, raw: &Raw) -> Result<Held> {
    Ok(Held {
        number: raw.number,
        id: raw.id,
        pipeline: raw.pipeline,
        lifecycle: lifecycle(cells, raw)?,
        progress: cells.number::<u8, i16>(6, "progress")?,
        started_at: cells.maybe_time(8, "started_at")?,
    })
}

fn lifecycle(cells: &Cells<'_>, raw: &Raw) -> Result<Lifecycle> {
    let state = match raw.state {
        0 => JobState::Queued {
            ready_at: cells.maybe_time(7, "ready_at")?,
        },
        1 => JobState::Running {
            lease: lease(cells)?,
        },
        2 => JobState::Publishing {
            lease: lease(cells)?,
        },
        3 => JobState::Stopping {
            lease: lease(cells)?,
            mode: match cells.get::<Option<bool>>(14, "hurry")? {
                Some(true) => StopMode::Now,
                _ => StopMode::Graceful,
            },
        },
        4 => JobState::Succeeded {
            finished_at: cells.time(9, "finished_at")?,
        },
        5 => JobState::Failed {
            finished_at: cells.time(9, "finished_at")?,
            fault: fault(cells)?,
        },
        6 => JobState::Cancelled {
            finished_at: cells.time(9, "finished_at")?,
        },
        other => return Err(cells.corrupt("state", format!("{other} is no state"))),
    };
    Ok(Lifecycle {
        state,
        attempt: cells.number::<u32, i32>(4, "attempt")?,
        forgiven: cells.number::<u32, i32>(13, "forgiven")?,
        losses: cells.number::<u8, i32>(5, "losses")?,
    })
}

fn lease(cells: &Cells<'_>) -> Result<Lease> {
    let worker: Option<String> = cells.get(10, "worker")?;
    let absent = || corrupt("leases", "worker", cells.number, "a held job has no lease");
    Ok(Lease {
        worker: WorkerId(worker.ok_or_else(absent)?),
        until: cells.time(11, "until")?,
    })
}

fn fault(cells: &Cells<'_>) -> Result<Fault> {
    let text: Option<&str> = cells.get(12, "fault")?;
    let why = "a failed job has no fault";
    let text = text.ok_or_else(|| corrupt("job_results", "fault", cells.number, why))?;
    decode(text, "job_results", "fault", cells.number)
}

/// Reads `job_columns!`: the job, and what the winning attempt staged if it is still publishing.
pub(super) fn job(row: &Row) -> Result<(Job, Option<Staged>)> {
    let (raw, held) = held(row)?;
    let held = held?;
    let number = raw.number;
    let cells = Cells { row, number };
    let priority = cells.number::<u8, i16>(18, "priority")?;
    let priority = Priority::new(priority)
        .ok_or_else(|| cells.corrupt("priority", format!("{priority} is not 1 to 10")))?;
    let account = u64::try_from(raw.account).ok().and_then(AccountId::new);
    let spec: Option<&str> = cells.get(20, "spec")?;
    let why = "the job's payload is missing";
    let spec = spec.ok_or_else(|| corrupt("job_payloads", "number", number, why))?;
    let origin: Option<&str> = cells.get(21, "origin")?;
    let outputs: Option<&str> = cells.get(23, "outputs")?;
    let staged: Option<Staged> = outputs
        .map(|text| decode(text, "job_results", "outputs", number))
        .transpose()?;
    let ended = held.lifecycle.state.name().is_final();
    let (results, staged) = match staged {
        Some(staged) if ended => (staged.results, None),
        staged => (Vec::new(), staged),
    };
    let job = Job {
        id: held.id,
        number: JobNumber(number),
        submission: SubmissionId::from_bytes(cells.id(16, "submission")?),
        account: account.ok_or_else(|| cells.corrupt("account", "it has not 16 digits"))?,
        pipeline: PipelineId::from_bytes(cells.id(17, "pipeline")?),
        priority,
        spec: decode(spec, "job_payloads", "spec", number)?,
        origin: origin
            .map(|text| decode(text, "job_payloads", "origin", number))
            .transpose()?,
        user_data: cells.get(22, "user_data")?,
        lifecycle: held.lifecycle,
        progress: held.progress,
        results,
        created_at: cells.time(19, "created_at")?,
        started_at: held.started_at,
    };
    Ok((job, staged))
}

/// Reads what `job_columns!` say beside the job: the number that it shares with its siblings.
pub(super) fn kin(row: &Row) -> Option<i64> {
    row.try_get(24).ok().flatten()
}

/// Reads `pipeline_query!`.
pub(super) fn pipeline(row: &Row) -> Result<Pipeline> {
    let unread = |column, why: String| corrupt("pipelines", column, "?", why);
    let id: &[u8] = row
        .try_get(0)
        .map_err(|error| unread("id", error.to_string()))?;
    let id: [u8; 16] = id
        .try_into()
        .map_err(|_| unread("id", "it has not 16 bytes".into()))?;
    let id = PipelineId::from_bytes(id);
    let account: i64 = row.get(1);
    let account = u64::try_from(account).ok().and_then(AccountId::new);
    let account =
        account.ok_or_else(|| corrupt("pipelines", "account", id, "it has not 16 digits"))?;
    let concurrency: Option<i64> = row.get(4);
    let concurrency = concurrency
        .map(|limit| u32::try_from(limit).map_err(|why| corrupt("queues", "concurrency", id, why)))
        .transpose()?;
    let origin: Option<&str> = row.get(5);
    let count = |index, column| {
        let count: i64 = row.get(index);
        u64::try_from(count).map_err(|why| corrupt("queues", column, id, why))
    };
    Ok(Pipeline {
        id,
        account,
        name: row.get(2),
        state: match row.get(3) {
            true => PipelineState::Paused,
            false => PipelineState::Active,
        },
        concurrency,
        origin: origin
            .map(|text| decode(text, "pipelines", "origin", id))
            .transpose()?,
        created_at: Timestamp::from_millis(row.get(6)),
        queued: count(7, "queued")?,
        running: count(8, "running")?,
    })
}

/// An account as it is stored.
pub(super) const fn account_key(account: AccountId) -> i64 {
    account.number().cast_signed()
}
