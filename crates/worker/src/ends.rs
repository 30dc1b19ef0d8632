//! Waiting for attempts to be told to end.

use futures_util::future::select_all;
use reelgate_domain::JobId;
use reelgate_domain::job::StopMode;

use crate::attempt::Attempt;
use crate::roster::{EndReason, Ended};

/// The first of the attempts that is told to end.
pub(crate) async fn first_ended(members: impl IntoIterator<Item = &Attempt>) -> JobId {
    let waits = members.into_iter().map(|member| {
        let (job, mut ended) = (member.job.id, member.ended());
        Box::pin(async move {
            told(&mut ended).await;
            job
        })
    });
    let waits: Vec<_> = waits.collect();
    if waits.is_empty() {
        return std::future::pending().await;
    }
    select_all(waits).await.0
}

/// How a process is ended as soon as one of those that it works for is.
pub(crate) async fn stop_of(mut ends: Vec<Ended>) -> StopMode {
    select_all(ends.iter_mut().map(|end| Box::pin(told(end)))).await;
    let reasons = ends.iter().filter_map(|end| *end.borrow());
    let mode = reasons.map(EndReason::mode).max();
    mode.unwrap_or_default()
}

async fn told(ended: &mut Ended) {
    if ended.wait_for(Option::is_some).await.is_err() {
        // The roster is gone without a word; nobody can end anything any more.
        std::future::pending::<()>().await;
    }
}
