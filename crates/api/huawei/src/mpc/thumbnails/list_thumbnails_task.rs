//! `GET /thumbnails`: tasks by ids, or by state and time of creation, page by page, the newest first.
//!
//! <https://support.huaweicloud.com/intl/en-us/api-mpc/mpc_04_0039.html>

use http::StatusCode;
use reelgate_domain::job::Job;
use serde_json::{Value, json as value};

use crate::answer::json;
use crate::errors::Outcome;
use crate::mpc::asked::Asked;
use crate::mpc::common::made;
use crate::mpc::facts::Members;
use crate::mpc::failure;
use crate::mpc::family::Family;
use crate::mpc::remembered::Kept;
use crate::mpc::status::{NO_TASK, THUMBNAILS, TaskStatus};
use crate::mpc::tasks::{self, Task};
use crate::mpc::times;

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let query = asked.query(&tasks::PARAMETERS)?;
    let found = tasks::find(asked, &query, Family::Thumbnails).await?;
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
        Task::Is(job) => listed(job),
        Task::Unknown(id) => value!({"task_id": id.to_string(), "status": NO_TASK}),
    }
}

/// An element of the list.
pub(in crate::mpc) fn listed(job: &Job) -> Value {
    let kept = Kept::of(job);
    let status = TaskStatus::of_job(job);
    let mut members = Members::default();
    members.put("task_id", Some(job.number.0.to_string()));
    members.put("status", Some(status.word(THUMBNAILS)));
    members.put("create_time", Some(times::format(job.created_at)));
    members.put("end_time", job.finished_at().map(times::format));
    members.put("input", Some(kept.input));
    members.put("output", kept.output);
    members.put("user_data", job.user_data.as_deref());
    match (job.fault(), status) {
        (Some(fault), _) => members.put("description", Some(failure::text(fault))),
        (None, TaskStatus::Succeeded) => members.put("description", Some(failure::COMPLETED.1)),
        (None, _) => {}
    }
    if let Some((files, _)) = made(job) {
        let names: Vec<&str> = files.iter().map(|file| file.key.file_name()).collect();
        // A picture or an archive that is all there is.
        if let [only] = names.as_slice() {
            members.put("output_file_name", Some(*only));
        }
        let pictures = names.iter().filter(|name| !name.ends_with(".tar"));
        let pictures: Vec<Value> = pictures.map(|name| value!({"pic_name": name})).collect();
        members.put("thumbnail_info", Some(pictures));
    }
    Value::Object(members.0)
}
