//! `GET /animated-graphics`: tasks by ids, or by state and time of creation, page by page, the newest first. An id that no
//! task has is left out.

use http::StatusCode;
use reelgate_domain::job::Job;
use serde_json::{Value, json as value};

use crate::answer::json;
use crate::errors::Outcome;
use crate::mpc::asked::Asked;
use crate::mpc::common::{head, main_file};
use crate::mpc::family::Family;
use crate::mpc::remembered::Kept;
use crate::mpc::tasks;

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let query = asked.query(&tasks::PARAMETERS)?;
    let found = tasks::find(asked, &query, Family::Animations).await?;
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
    let mut members = head(job, &kept, main_file(job));
    members.put("output_param", kept.output_param);
    Value::Object(members.0)
}
