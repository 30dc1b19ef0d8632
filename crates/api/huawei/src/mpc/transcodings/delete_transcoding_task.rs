//! `DELETE /transcodings`: a task that waits for its first start will never start.
//!
//! <https://support.huaweicloud.com/intl/en-us/api-mpc/mpc_04_0018.html>

use crate::errors::Outcome;
use crate::mpc::asked::Asked;
use crate::mpc::cancel;
use crate::mpc::family::Family;

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let task = asked.query(&["task_id"])?.task()?;
    cancel::queued(asked, task, Family::Transcodings).await
}
