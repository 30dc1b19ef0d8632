//! Why a job does not start, or has started and waits all the same.

use reelgate_domain::job::{Job, JobState};
use reelgate_domain::node::NodeState;
use reelgate_domain::{PipelineState, Timestamp};

use crate::{Caller, Service, ServiceError};

/// What a job waits for: the first thing that would keep it from starting right now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Its pipeline starts nothing.
    PipelinePaused,
    /// An attempt failed, or a second one was lost; the next one starts no earlier than this.
    RetryDelay(Timestamp),
    /// As many jobs of its pipeline run as may at a time.
    PipelineLimit { concurrency: u32 },
    /// The worker of this process has no room for it, or for any job; why, in its words. It may have
    /// started before the worker knew how much it needs.
    ScratchSpace(String),
    /// The worker of this process, or those of all nodes, have other jobs in all of their slots.
    SlotsTaken { slots: u32 },
    /// Neither this process nor another node runs jobs.
    NoWorker,
}

impl Service {
    /// What a job waits for; none if it is at work, about to start or at its end. The worker is asked
    /// only about jobs whose pipeline lets them start.
    pub async fn waiting(
        &self,
        caller: &Caller,
        job: &Job,
    ) -> Result<Option<Waiting>, ServiceError> {
        let ready_at = match job.lifecycle.state {
            JobState::Queued { ready_at } => ready_at,
            JobState::Running { .. } => {
                return Ok(self.holdups.of(job.id).map(Waiting::ScratchSpace));
            }
            _ => return Ok(None),
        };
        let found = self
            .store
            .pipelines(caller.account, &[job.pipeline])
            .await?;
        // A pipeline with queued jobs cannot be deleted: this one's has started since it was read.
        let Some(pipeline) = found.first() else {
            return Ok(None);
        };
        if pipeline.state == PipelineState::Paused {
            return Ok(Some(Waiting::PipelinePaused));
        }
        if let Some(until) = ready_at
            && until > self.clock.now()
        {
            return Ok(Some(Waiting::RetryDelay(until)));
        }
        if let Some(concurrency) = pipeline.concurrency
            && pipeline.running >= u64::from(concurrency)
        {
            return Ok(Some(Waiting::PipelineLimit { concurrency }));
        }
        if !self.company.is_alone() {
            return self.waiting_for_nodes().await;
        }
        if let Some(why) = self.holdups.of_all() {
            return Ok(Some(Waiting::ScratchSpace(why)));
        }
        Ok(match self.slots.known() {
            None => Some(Waiting::NoWorker),
            Some((0, slots)) => Some(Waiting::SlotsTaken { slots }),
            Some(_) => None,
        })
    }

    /// What nodes said with their last signs of life. A job starts wherever a slot is free.
    async fn waiting_for_nodes(&self) -> Result<Option<Waiting>, ServiceError> {
        let now = self.clock.now();
        let mut nodes = self.store.nodes().await?;
        nodes.retain(|it| it.is_live(now) && !it.draining && it.node.slots > 0);
        let sum = |of: fn(&NodeState) -> u32| nodes.iter().map(of).fold(0, u32::saturating_add);
        let (slots, taken) = (sum(|it| it.node.slots), sum(|it| it.taken));
        Ok(match slots {
            0 => Some(Waiting::NoWorker),
            _ if taken >= slots => Some(Waiting::SlotsTaken { slots }),
            _ => None,
        })
    }
}
