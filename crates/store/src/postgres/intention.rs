//! What callers want written, and where their answers go.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use reelgate_domain::access::Once;
use reelgate_domain::job::kind::ingest::SourceUrl;
use reelgate_domain::{AccountId, JobId, PipelineId, Timestamp};
use tokio::sync::oneshot;

use super::claim_call::ClaimCall;
use super::unit::Unit;
use crate::contract::{Result, StoreError};

/// What a batch has to have read before an intention can be decided.
#[derive(Clone, Default)]
pub(super) struct Needs {
    pub(super) once: Option<Once>,
    /// Jobs by account and id.
    pub(super) jobs: Vec<(AccountId, JobId)>,
    /// Jobs by number.
    pub(super) numbers: Vec<i64>,
    /// Jobs by the lease they have.
    pub(super) leases: Vec<JobId>,
    /// The jobs that fetch these addresses: all that have not ended, and the newest.
    pub(super) sources: Vec<(AccountId, SourceUrl)>,
    /// Pipelines that new jobs go to.
    pub(super) pipelines: Vec<(AccountId, PipelineId)>,
    /// How many jobs it stores.
    pub(super) new_jobs: usize,
    /// What became of the pipelines of `jobs`.
    pub(super) homes: bool,
    /// What those of `leases` that are publishing have staged.
    pub(super) staged: bool,
    /// Whose time has come by then; with true, every lease.
    pub(super) due: Option<(bool, Timestamp)>,
}

/// Something to write, and somebody who waits for the answer.
pub(super) trait Intention: Send {
    fn needs(&self) -> &Needs;

    /// Decides and keeps the outcome; tells whether what it changed is to stay.
    fn decide(&mut self, unit: &mut Unit) -> Result<()>;

    /// Keeps a refusal as the outcome.
    fn refuse(&mut self, why: StoreError) -> Result<()>;

    /// Answers the caller: with the outcome if the batch is on disk, else with why it is not.
    fn answer(self: Box<Self>, commit: &Result<()>);
}

/// What waits in the inbox.
pub(super) enum Wish {
    Write(Box<dyn Intention>),
    /// Claims come after all else in a batch, and together.
    Claim(ClaimCall),
}

impl Wish {
    pub(super) fn answer(self, commit: &Result<()>) {
        match self {
            Self::Write(intention) => intention.answer(commit),
            Self::Claim(claim) => claim.answer(commit),
        }
    }
}

struct Call<T, F> {
    needs: Needs,
    decide: F,
    outcome: Option<Result<T>>,
    reply: oneshot::Sender<Result<T>>,
}

/// An intention and where its answer comes. `decide` may run several times: what all but the last run
/// have made of the unit is not written.
pub(super) fn call<T, F>(needs: Needs, decide: F) -> (Wish, oneshot::Receiver<Result<T>>)
where
    T: Send + 'static,
    F: FnMut(&mut Unit) -> Result<T> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let call = Call {
        needs,
        decide,
        outcome: None,
        reply,
    };
    (Wish::Write(Box::new(call)), answer)
}

impl<T, F> Intention for Call<T, F>
where
    T: Send,
    F: FnMut(&mut Unit) -> Result<T> + Send,
{
    fn needs(&self) -> &Needs {
        &self.needs
    }

    fn decide(&mut self, unit: &mut Unit) -> Result<()> {
        // One caller's bug must not take the writer from all others.
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.decide)(unit)))
            .unwrap_or_else(|panic| Err(StoreError::Unavailable(message(panic.as_ref()))));
        let verdict = outcome.as_ref().map(drop).map_err(Clone::clone);
        self.outcome = Some(outcome);
        verdict
    }

    fn refuse(&mut self, why: StoreError) -> Result<()> {
        self.outcome = Some(Err(why.clone()));
        Err(why)
    }

    fn answer(self: Box<Self>, commit: &Result<()>) {
        let _ = self.reply.send(settled(self.outcome, commit));
    }
}

/// What a caller is told: with the outcome only if the batch is on disk.
pub(super) fn settled<T>(outcome: Option<Result<T>>, commit: &Result<()>) -> Result<T> {
    match (commit, outcome) {
        // What failed by itself says more than the batch it was in.
        (_, Some(Err(error))) => Err(error),
        (Ok(()), Some(outcome)) => outcome,
        (Ok(()), None) => Err(StoreError::Unavailable("the intention never ran".into())),
        (Err(error), _) => Err(error.clone()),
    }
}

pub(super) fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a write panicked: {}", text.unwrap_or("no message"))
}
