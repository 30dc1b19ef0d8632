//! From rows to the domain's words and back.

use std::fmt::Display;
use std::str::FromStr;

use reelgate_domain::job::{Fault, Job, JobState, Lease, Lifecycle, Priority, StopMode};
use reelgate_domain::media::Staged;
use reelgate_domain::{
    AccountId, JobId, JobNumber, Pipeline, PipelineId, PipelineState, SubmissionId, Timestamp,
    WorkerId,
};
use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, Params, Row};

use super::error::corrupt;
use crate::contract::{Result, StoreError};
pub(super) use crate::held::Held;
use crate::stored::decode;

/// The one row, if any.
pub(super) fn one<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(read).transpose()
}

/// All rows, in order.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// The first cell of the one row, if any.
pub(super) fn cell<T: FromSql>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Option<T>> {
    Ok(connection
        .prepare_cached(sql)?
        .query_row(params, |row| row.get(0))
        .optional()?)
}

/// Writes and tells how many rows that changed.
pub(super) fn execute(connection: &Connection, sql: &str, params: impl Params) -> Result<usize> {
    Ok(connection.prepare_cached(sql)?.execute(params)?)
}

/// A row's cells, with what it takes to say which one made no sense.
pub(super) struct Cells<'r> {
    row: &'r Row<'r>,
    table: &'static str,
    key: String,
}

impl<'r> Cells<'r> {
    /// The cells of the row of `table` that goes by `key`.
    pub(super) fn of(row: &'r Row<'r>, table: &'static str, key: impl ToString) -> Self {
        let key = key.to_string();
        Self { row, table, key }
    }

    pub(super) fn get<T: FromSql>(&self, index: usize, column: &'static str) -> Result<T> {
        self.row
            .get(index)
            .map_err(|error| self.corrupt(column, error))
    }

    pub(super) fn number<T: TryFrom<i64>>(&self, index: usize, column: &'static str) -> Result<T> {
        let number: i64 = self.get(index, column)?;
        T::try_from(number).map_err(|_| self.corrupt(column, format!("{number} is out of range")))
    }

    pub(super) fn time(&self, index: usize, column: &'static str) -> Result<Timestamp> {
        self.get(index, column).map(Timestamp::from_millis)
    }

    pub(super) fn maybe_time(
        &self,
        index: usize,
        column: &'static str,
    ) -> Result<Option<Timestamp>> {
        Ok(self
            .get::<Option<i64>>(index, column)?
            .map(Timestamp::from_millis))
    }

    pub(super) fn account(&self, index: usize) -> Result<AccountId> {
        let number = self.number(index, "account")?;
        AccountId::new(number).ok_or_else(|| self.corrupt("account", "it has not 16 digits"))
    }

    /// What a text says in the domain's words.
    pub(super) fn word<T>(&self, index: usize, column: &'static str) -> Result<T>
    where
        T: FromStr<Err: Display>,
    {
        let text: String = self.get(index, column)?;
        text.parse().map_err(|error| self.corrupt(column, error))
    }

    pub(super) fn maybe_word<T>(&self, index: usize, column: &'static str) -> Result<Option<T>>
    where
        T: FromStr<Err: Display>,
    {
        let text: Option<String> = self.get(index, column)?;
        let word = text.map(|text| text.parse().map_err(|error| self.corrupt(column, error)));
        word.transpose()
    }

    pub(super) fn corrupt(&self, column: &'static str, why: impl Display) -> StoreError {
        corrupt(self.table, column, &self.key, why)
    }
}

/// Reads `held_columns!`.
pub(super) fn held(row: &Row<'_>) -> Result<Held> {
    let number: i64 = row.get(0)?;
    let cells = Cells {
        row,
        table: "jobs",
        key: number.to_string(),
    };
    Ok(Held {
        number,
        id: JobId::from_bytes(cells.get(1, "id")?),
        pipeline: cells.get(2, "pipeline")?,
        lifecycle: lifecycle(&cells)?,
        progress: cells.number(6, "progress")?,
        started_at: cells.maybe_time(8, "started_at")?,
    })
}

fn lifecycle(cells: &Cells<'_>) -> Result<Lifecycle> {
    let state = match cells.get::<i64>(3, "state")? {
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
            mode: match cells.get::<i64>(14, "hurry")? {
                0 => StopMode::Graceful,
                _ => StopMode::Now,
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
        attempt: cells.number(4, "attempt")?,
        forgiven: cells.number(13, "forgiven")?,
        losses: cells.number(5, "losses")?,
    })
}

fn lease(cells: &Cells<'_>) -> Result<Lease> {
    let absent = || corrupt("leases", "worker", &cells.key, "a held job has no lease");
    let worker = cells
        .get::<Option<String>>(10, "worker")?
        .ok_or_else(absent)?;
    Ok(Lease {
        worker: WorkerId(worker),
        until: cells.time(11, "until")?,
    })
}

fn fault(cells: &Cells<'_>) -> Result<Fault> {
    let text = cells.get::<Option<String>>(12, "fault")?;
    let absent = || {
        corrupt(
            "job_results",
            "fault",
            &cells.key,
            "a failed job has no fault",
        )
    };
    decode(
        &text.ok_or_else(absent)?,
        "job_results",
        "fault",
        &cells.key,
    )
}

/// Reads `job_columns!`: the job, and what the winning attempt staged if it is still publishing.
pub(super) fn job(row: &Row<'_>) -> Result<(Job, Option<Staged>)> {
    let held = held(row)?;
    let cells = Cells {
        row,
        table: "jobs",
        key: held.number.to_string(),
    };
    let priority = cells.number(18, "priority")?;
    let priority = Priority::new(priority)
        .ok_or_else(|| cells.corrupt("priority", format!("{priority} is not 1 to 10")))?;
    let spec: String = cells.get(20, "spec")?;
    let origin: Option<String> = cells.get(21, "origin")?;
    let outputs: Option<String> = cells.get(23, "outputs")?;
    let staged: Option<Staged> = outputs
        .map(|text| decode(&text, "job_results", "outputs", &cells.key))
        .transpose()?;
    let ended = held.lifecycle.state.name().is_final();
    let (results, staged) = match staged {
        Some(staged) if ended => (staged.results, None),
        staged => (Vec::new(), staged),
    };
    let job = Job {
        id: held.id,
        number: JobNumber(held.number),
        submission: SubmissionId::from_bytes(cells.get(15, "submission")?),
        account: cells.account(16)?,
        pipeline: PipelineId::from_bytes(cells.get(17, "pipeline")?),
        priority,
        spec: decode(&spec, "job_payloads", "spec", &cells.key)?,
        origin: origin
            .map(|text| decode(&text, "job_payloads", "origin", &cells.key))
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
pub(super) fn kin(row: &Row<'_>) -> Result<Option<i64>> {
    Ok(row.get(24)?)
}

/// Reads `pipeline_query!`.
pub(super) fn pipeline(row: &Row<'_>) -> Result<Pipeline> {
    let id = PipelineId::from_bytes(row.get(0)?);
    let cells = Cells {
        row,
        table: "pipelines",
        key: id.to_string(),
    };
    let origin: Option<String> = cells.get(5, "origin")?;
    Ok(Pipeline {
        id,
        account: cells.account(1)?,
        name: cells.get(2, "name")?,
        state: if cells.get(3, "paused")? {
            PipelineState::Paused
        } else {
            PipelineState::Active
        },
        concurrency: cells
            .get::<Option<i64>>(4, "concurrency")?
            .map(|limit| u32::try_from(limit).map_err(|error| cells.corrupt("concurrency", error)))
            .transpose()?,
        origin: origin
            .map(|text| decode(&text, "pipelines", "origin", &cells.key))
            .transpose()?,
        created_at: cells.time(6, "created_at")?,
        queued: cells.number(7, "queued")?,
        running: cells.number(8, "running")?,
    })
}

/// The account in a row of another table.
pub(super) fn account(
    row: &Row<'_>,
    index: usize,
    table: &'static str,
    key: &str,
) -> Result<AccountId> {
    Cells::of(row, table, key).account(index)
}

/// An account as it is stored.
pub(super) const fn account_key(account: AccountId) -> i64 {
    account.number().cast_signed()
}
