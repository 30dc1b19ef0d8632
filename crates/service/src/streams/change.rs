//! Changing a stream.

use reelgate_domain::stream::{Stream, StreamId, StreamName, StreamPlan, StreamSpec};
use reelgate_store::{StreamChange, StreamOutcome};

use super::create::unexpected;
use super::start::place_taken;
use super::{StreamError, TRIES, again};
use crate::{Caller, Service};

/// What is to change of a stream. Absent fields stay as they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChangeStream {
    pub name: Option<StreamName>,
    pub spec: Option<StreamSpec>,
    /// The spec from which the new one was made: the change fails with `Contested` if the stream has another one.
    pub seen: Option<StreamSpec>,
    pub while_running: WhileRunning,
}

/// What is done about a stream that runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhileRunning {
    /// It is not changed.
    #[default]
    Refuse,
    /// Its worker goes over to what it is to be.
    Switch,
}

impl Service {
    pub async fn change_stream(
        &self,
        caller: &Caller,
        id: StreamId,
        wanted: ChangeStream,
    ) -> Result<Stream, StreamError> {
        self.require_edge(caller).await?;
        let mut once = caller.once;
        for _ in 0..TRIES {
            let stream = self.stream(caller, id).await?;
            let plan = self.plan_of_change(caller, &stream, &wanted).await?;
            let change = StreamChange {
                name: wanted.name.clone(),
                spec: wanted.spec.clone(),
                seen: wanted.seen.clone(),
                may_run: wanted.while_running == WhileRunning::Switch,
                plan,
            };
            let now = self.clock.now();
            let changed = self
                .store
                .change_stream(caller.account, id, change, now, once);
            match changed.await? {
                StreamOutcome::Done(stream) => return Ok(*stream),
                StreamOutcome::Missing => return Err(StreamError::Missing(id)),
                // It was started meanwhile, which a plan is made for.
                StreamOutcome::Running if wanted.while_running == WhileRunning::Switch => {}
                StreamOutcome::Running => return Err(StreamError::Running(id)),
                // It was stopped meanwhile and needs no plan any more.
                StreamOutcome::NotRunning => {}
                StreamOutcome::PlaceTaken(place) => {
                    let spec = wanted.spec.as_ref().unwrap_or(&stream.spec);
                    return Err(place_taken(spec, &place));
                }
                StreamOutcome::Changed if wanted.seen.is_some() => {
                    return Err(StreamError::Contested(id));
                }
                StreamOutcome::Changed => {}
                other @ StreamOutcome::Full => return Err(unexpected(&other)),
            }
            once = again(once);
        }
        Err(StreamError::Contested(id))
    }

    /// What a running stream goes over to; none if the stream does not run or only its name changes.
    async fn plan_of_change(
        &self,
        caller: &Caller,
        stream: &Stream,
        wanted: &ChangeStream,
    ) -> Result<Option<StreamPlan>, StreamError> {
        let switches = stream.standing.wanted && wanted.while_running == WhileRunning::Switch;
        let Some(spec) = &wanted.spec else {
            return Ok(None);
        };
        self.check_spec(caller, spec).await?;
        if switches {
            return Ok(Some(self.plan(caller, stream, spec).await?));
        }
        self.templates_of(caller, &spec.outputs).await?;
        Ok(None)
    }
}
