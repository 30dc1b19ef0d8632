//! `GET /remux`: tasks by ids, or by state and time of creation, page by page, the newest first. An id that no task has
//! is left out.

use http::StatusCode;
use reelgate_domain::job::{Job, JobKind};
use serde_json::{Value, json as value};

use crate::answer::json;
use crate::errors::Outcome;
use crate::mpc::asked::Asked;
use crate::mpc::common::{head, made, main_file, metadata};
use crate::mpc::errors::invalid;
use crate::mpc::remembered::Kept;
use crate::mpc::status::TaskStatus;
use crate::mpc::tasks;

/// Tasks are not found by their source: nothing is indexed by it.
const BY_SOURCE: [&str; 2] = ["input_bucket", "input_object"];

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let known: Vec<&'static str> = tasks::PARAMETERS.into_iter().chain(BY_SOURCE).collect();
    let query = asked.query(&known)?;
    for name in BY_SOURCE {
        if query.one(name)?.is_some_and(|value| !value.is_empty()) {
            return Err(invalid(&format!(
                "{name} cannot be honoured: tasks are found by id, state and time"
            )));
        }
    }
    let found = tasks::find(asked, &query, JobKind::Remux).await?;
    let total = found.total_known();
    let tasks: Vec<Value> = found.known().map(listed).collect();
    Ok(json(
        StatusCode::OK,
        &value!({"total": total, "tasks": tasks}),
    ))
}

/// An element of the list.
pub(in crate::mpc) fn listed(job: &Job) -> Value {
    let kept = Kept::of(job);
    let name = main_file(job);
    let mut members = head(job, &kept, name);
    members.put("output_param", kept.output_param);
    let complete = match TaskStatus::of_job(job) {
        TaskStatus::Succeeded => 100,
        TaskStatus::Waiting => 0,
        TaskStatus::Running | TaskStatus::Failed | TaskStatus::Canceled => job.progress.min(100),
    };
    members.put("complete_ratio", Some(complete));
    let facts = made(job).map(|(_, facts)| metadata(facts, name.unwrap_or_default()));
    members.put("output_metadata", facts);
    Value::Object(members.0)
}
