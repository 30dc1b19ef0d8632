//! Finding a project's tasks of one family: by their ids, or page by page, the newest first.

use reelgate_domain::job::Job;
use reelgate_domain::node::Kinds;
use reelgate_domain::{JobNumber, Timestamp};
use reelgate_service::JobQuery;

use super::asked::Asked;
use super::errors::{invalid, service_error};
use super::family::Family;
use super::pipeline;
use super::query::{Page, Query};
use super::status::{TaskStatus, Wanted};
use crate::errors::ApiError;

/// The parameters of all lists of tasks.
pub(super) const PARAMETERS: [&str; 6] = [
    "task_id",
    "status",
    "start_time",
    "end_time",
    "page",
    "size",
];

/// So many tasks are counted; of more it is known that they are at least as many.
const COUNTED: u64 = 10_000;
/// So many are read in one go where all are looked at.
const LOOKED_AT_ONCE: u32 = 100;

/// What a list shows.
pub(super) struct Found {
    pub(super) tasks: Vec<Task>,
    pub(super) total: u64,
    pub(super) is_last: bool,
}

impl Found {
    /// The tasks that there are, for the families that have no word for others.
    pub(super) fn known(&self) -> impl Iterator<Item = &Job> {
        self.tasks.iter().filter_map(|task| match task {
            Task::Is(job) => Some(&**job),
            Task::Unknown(_) => None,
        })
    }

    /// How many there are, without ids that no task has.
    pub(super) fn total_known(&self) -> u64 {
        let unknown = self.tasks.len() - self.known().count();
        self.total - unknown as u64
    }
}

/// An entry of a list.
#[derive(Debug)]
pub(super) enum Task {
    Is(Box<Job>),
    /// No task of this family in this project has this id.
    Unknown(i64),
}

/// What a query asks for.
enum Selection {
    /// By ids, or what there can be nothing of.
    Found(Found),
    Listed(JobQuery, Page),
}

/// What a query finds. When it names ids, times and pages count for nothing; the tasks come in the order of the ids, each
/// once.
pub(super) async fn find(
    asked: &Asked<'_>,
    query: &Query,
    family: Family,
) -> Result<Found, ApiError> {
    let (query, page) = match selection(asked, query, family).await? {
        Selection::Found(found) => return Ok(found),
        Selection::Listed(query, page) => (query, page),
    };
    let found = asked
        .service
        .count_jobs_page(asked.caller, query, page.offset(), COUNTED);
    let found = found.await.map_err(service_error)?;
    Ok(Found {
        tasks: found.jobs.into_iter().map(is).collect(),
        total: found.total,
        is_last: found.is_last,
    })
}

/// The same of those that `is_wanted`, by what no index knows. All others are looked at as well, so that there may be only
/// so many.
pub(super) async fn find_where(
    asked: &Asked<'_>,
    query: &Query,
    family: Family,
    is_wanted: impl Fn(&Job) -> bool,
) -> Result<Found, ApiError> {
    let (mut query, page) = match selection(asked, query, family).await? {
        Selection::Found(mut found) => {
            found
                .tasks
                .retain(|task| matches!(task, Task::Is(job) if is_wanted(job)));
            found.total = found.tasks.len() as u64;
            return Ok(found);
        }
        Selection::Listed(query, page) => (query, page),
    };
    let counted = asked.service.count_jobs(asked.caller, &query, COUNTED + 1);
    if counted.await.map_err(service_error)? > COUNTED {
        return Err(invalid(
            "the range has more tasks than a call looks through: ask for less time",
        ));
    }
    query.limit = LOOKED_AT_ONCE;
    let (mut tasks, mut total) = (Vec::new(), 0);
    loop {
        let some = asked.service.list_jobs(asked.caller, query.clone()).await;
        let some = some.map_err(service_error)?;
        for job in some.jobs.into_iter().filter(&is_wanted) {
            if total >= page.offset() && tasks.len() < page.size as usize {
                tasks.push(is(job));
            }
            total += 1;
        }
        match some.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    Ok(Found {
        is_last: page.offset() + tasks.len() as u64 >= total,
        tasks,
        total,
    })
}

fn is(job: Job) -> Task {
    Task::Is(Box::new(job))
}

async fn selection(
    asked: &Asked<'_>,
    query: &Query,
    family: Family,
) -> Result<Selection, ApiError> {
    let status = match query.one("status")? {
        None => None,
        Some(word) => {
            Some(Wanted::parse(word).ok_or_else(|| invalid("status is no state of a task"))?)
        }
    };
    let ids = query.ids("task_id")?;
    if !ids.is_empty() {
        let mut tasks = named(asked, &ids, family).await?;
        if let Some(status) = status {
            tasks.retain(|task| match task {
                Task::Is(job) => status == Wanted::Tasks(TaskStatus::of_job(job)),
                Task::Unknown(_) => false,
            });
        }
        let total = tasks.len() as u64;
        return Ok(Selection::Found(Found {
            tasks,
            total,
            is_last: true,
        }));
    }
    let (created_from, created_to) = query.time_range()?;
    let page = query.page(100)?;
    let nothing = Found {
        tasks: Vec::new(),
        total: 0,
        is_last: true,
    };
    let (states, started) = match status {
        None => (Vec::new(), None),
        Some(Wanted::Tasks(status)) => status.covers(),
        Some(Wanted::Nothing) => return Ok(Selection::Found(nothing)),
    };
    let Some(pipeline) = pipeline::found(asked, family.lane()).await? else {
        return Ok(Selection::Found(nothing));
    };
    let query = JobQuery {
        kinds: Kinds::NONE.and(family.kind()),
        states,
        started,
        pipeline: Some(pipeline),
        created_from: created_from.map(Timestamp::from_millis),
        created_to: created_to.map(Timestamp::from_millis),
        after: None,
        limit: page.size,
    };
    Ok(Selection::Listed(query, page))
}

/// The tasks with these ids, each once, in the order in which the ids first come.
pub(super) async fn named(
    asked: &Asked<'_>,
    ids: &[i64],
    family: Family,
) -> Result<Vec<Task>, ApiError> {
    let mut wanted: Vec<i64> = Vec::with_capacity(ids.len());
    for id in ids {
        if !wanted.contains(id) {
            wanted.push(*id);
        }
    }
    let numbers: Vec<JobNumber> = wanted.iter().copied().map(JobNumber).collect();
    let pipeline = pipeline::found(asked, family.lane()).await?;
    let jobs = asked.service.jobs_numbered(asked.caller, &numbers).await;
    let mut jobs = jobs.map_err(service_error)?;
    jobs.retain(|job| Some(job.pipeline) == pipeline && job.spec.kind() == family.kind());
    let tasks = wanted.into_iter().map(|id| {
        let place = jobs.iter().position(|job| job.number.0 == id);
        match place {
            Some(place) => Task::Is(Box::new(jobs.swap_remove(place))),
            None => Task::Unknown(id),
        }
    });
    Ok(tasks.collect())
}
