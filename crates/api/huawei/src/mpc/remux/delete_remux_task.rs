//! `DELETE /remux/task`: the record of a task that has ended is taken away.

use crate::errors::Outcome;
use crate::mpc::asked::Asked;
use crate::mpc::errors::{NOT_FINAL_403, plain};
use crate::mpc::family::Family;
use crate::mpc::forget;

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let task = asked.query(&["task_id"])?.task()?;
    forget::ended(asked, task, Family::Remux, plain(NOT_FINAL_403)).await
}
