//! `GET /remux`: tasks by ids, or by state, time of creation and source, page by page, the newest first. An id that no
//! task has is left out.

use http::StatusCode;
use reelgate_domain::job::{Job, JobSpec};
use serde_json::{Value, json as value};

use crate::answer::json;
use crate::errors::Outcome;
use crate::mpc::asked::Asked;
use crate::mpc::common::{head, made, main_file, metadata};
use crate::mpc::family::Family;
use crate::mpc::remembered::Kept;
use crate::mpc::status::TaskStatus;
use crate::mpc::tasks;

const BY_SOURCE: [&str; 2] = ["input_bucket", "input_object"];

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let known: Vec<&'static str> = tasks::PARAMETERS.into_iter().chain(BY_SOURCE).collect();
    let query = asked.query(&known)?;
    let [mut bucket, mut object] = [None, None];
    for (name, value) in BY_SOURCE.into_iter().zip([&mut bucket, &mut object]) {
        *value = query.one(name)?.filter(|value| !value.is_empty());
    }
    let found = match (bucket, object) {
        (None, None) => tasks::find(asked, &query, Family::Remux).await?,
        source => {
            let is_wanted = |job: &Job| is_of(job, source);
            tasks::find_where(asked, &query, Family::Remux, is_wanted).await?
        }
    };
    let total = found.total_known();
    let tasks: Vec<Value> = found.known().map(listed).collect();
    Ok(json(
        StatusCode::OK,
        &value!({"total": total, "tasks": tasks}),
    ))
}

/// Whether a task reads from this bucket, and this object, where they are said.
fn is_of(job: &Job, (bucket, object): (Option<&str>, Option<&str>)) -> bool {
    let JobSpec::Remux(spec) = &job.spec else {
        return false;
    };
    let input = &spec.input;
    bucket.is_none_or(|bucket| input.bucket.as_str() == bucket)
        && object.is_none_or(|object| input.key.as_str() == object)
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
