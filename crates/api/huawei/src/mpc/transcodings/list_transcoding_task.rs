//! `GET /transcodings`: tasks by ids, or by state and time of creation, page by page, the newest first.
//!
//! <https://support.huaweicloud.com/intl/en-us/api-mpc/mpc_04_0019.html>

use http::StatusCode;
use serde_json::{Value, json as value};

use super::render;
use crate::answer::json;
use crate::errors::Outcome;
use crate::mpc::asked::Asked;
use crate::mpc::family::Family;
use crate::mpc::status::NO_TASK;
use crate::mpc::tasks::{self, Task};

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let query = asked.query(&tasks::PARAMETERS)?;
    let found = tasks::find(asked, &query, Family::Transcodings).await?;
    let tasks: Vec<Value> = found.tasks.iter().map(element).collect();
    let answer = value!({
        "task_array": tasks,
        "is_truncated": u8::from(!found.is_last),
        "total": found.total,
    });
    Ok(json(StatusCode::OK, &answer))
}

fn element(task: &Task) -> Value {
    match task {
        Task::Is(job) => render::listed(job),
        Task::Unknown(id) => value!({"task_id": id.to_string(), "status": NO_TASK}),
    }
}
