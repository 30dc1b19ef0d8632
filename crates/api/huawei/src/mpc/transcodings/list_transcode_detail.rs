//! `GET /transcodings/detail`: all about tasks by their ids.

use http::StatusCode;
use serde_json::{Value, json as value};

use super::render;
use crate::answer::json;
use crate::errors::Outcome;
use crate::mpc::asked::Asked;
use crate::mpc::errors::invalid;
use crate::mpc::family::Family;
use crate::mpc::status::NO_TASK;
use crate::mpc::tasks::{self, Task};

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let ids = asked.query(&["task_id"])?.ids("task_id")?;
    if ids.is_empty() {
        return Err(invalid("task_id is missing"));
    }
    let tasks = tasks::named(asked, &ids, Family::Transcodings).await?;
    let tasks: Vec<Value> = tasks
        .iter()
        .map(|task| match task {
            Task::Is(job) => render::detailed(job),
            Task::Unknown(id) => value!({"task_id": id.to_string(), "status": NO_TASK}),
        })
        .collect();
    Ok(json(StatusCode::OK, &value!({"task_array": tasks})))
}
