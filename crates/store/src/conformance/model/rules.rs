//! The model's jobs and pipelines, and whose turn it is by the rules of claims.

use reelgate_domain::job::{
    Fault, Happening, HistoryEntry, JobState, Lifecycle, Priority, StateName,
};
use reelgate_domain::{JobId, PipelineId, Timestamp};

use super::Model;

#[derive(Clone)]
pub(super) struct ModelJob {
    pub(super) pipeline: PipelineId,
    pub(super) priority: Priority,
    pub(super) lifecycle: Lifecycle,
    pub(super) progress: u8,
    pub(super) started_at: Option<Timestamp>,
    pub(super) staged_by: Option<u32>,
    /// Jobs with the same number here start together.
    pub(super) family: Option<u64>,
    pub(super) history: Vec<HistoryEntry>,
}

impl ModelJob {
    pub(super) fn tell(&mut self, at: Timestamp, what: Happening) {
        let attempt = self.lifecycle.attempt;
        self.history.push(HistoryEntry { at, attempt, what });
    }

    /// What follows from where the job is now.
    pub(super) fn tell_end(&mut self, at: Timestamp) {
        match self.lifecycle.state.name() {
            StateName::Succeeded => self.tell(at, Happening::Succeeded),
            StateName::Failed => self.tell(at, Happening::Failed),
            StateName::Cancelled => self.tell(at, Happening::Cancelled),
            _ => {}
        }
    }

    pub(super) fn tell_failure(&mut self, at: Timestamp, fault: &Fault) {
        let state = self.lifecycle.state.name();
        let failed = Happening::AttemptFailed {
            code: fault.code,
            message: fault.message.clone(),
            again: !state.is_final(),
        };
        self.tell(at, failed);
        self.tell_end(at);
    }
}

pub(super) struct ModelPipeline {
    pub(super) paused: bool,
    pub(super) limit: Option<u32>,
    /// The turn it last had.
    pub(super) served: u64,
}

impl Model<'_> {
    /// Those that have to start with a job that has just started, in order.
    pub(super) fn siblings_of(&mut self, first: JobId) -> Vec<JobId> {
        let job = &self.jobs[&first];
        let Some(family) = job.family else {
            return Vec::new();
        };
        let (_, _, running) = self.load(job.pipeline);
        let room = self.pipelines[&job.pipeline].limit;
        let room = room.map_or(usize::MAX, |limit| (u64::from(limit) - running) as usize);
        let ready = |job: &ModelJob| {
            let state = &job.lifecycle.state;
            job.family == Some(family) && matches!(state, JobState::Queued { ready_at: None })
        };
        let siblings = self.jobs.iter().filter(|(_, job)| ready(job));
        let mut siblings: Vec<JobId> = siblings.map(|(id, _)| *id).collect();
        self.met.cut_short += u32::from(siblings.len() > room);
        siblings.truncate(room);
        siblings
    }

    /// The pipelines whose turn it may be.
    pub(super) fn turn(&self) -> Vec<PipelineId> {
        let able = self.pipelines.iter().filter(|(id, pipeline)| {
            let (_, ready, running) = self.load(**id);
            let below = pipeline
                .limit
                .is_none_or(|limit| running < u64::from(limit));
            !pipeline.paused && ready > 0 && below
        });
        let rank = |id: &PipelineId| (self.load(*id).2, self.pipelines[id].served);
        let able: Vec<PipelineId> = able.map(|(id, _)| *id).collect();
        let least = able.iter().map(rank).min();
        able.into_iter()
            .filter(|id| Some(rank(id)) == least)
            .collect()
    }

    pub(super) fn best_of(&self, pipeline: PipelineId) -> Option<JobId> {
        let ready = self.jobs.iter().filter(|(_, job)| {
            let state = &job.lifecycle.state;
            job.pipeline == pipeline && matches!(state, JobState::Queued { ready_at: None })
        });
        ready
            .min_by_key(|(id, job)| {
                let started = job.lifecycle.has_started();
                (std::cmp::Reverse(job.priority), !started, **id)
            })
            .map(|(id, _)| *id)
    }

    /// Queued, ready and running jobs.
    pub(super) fn load(&self, pipeline: PipelineId) -> (u64, u64, u64) {
        let mut load = (0, 0, 0);
        for job in self.jobs.values().filter(|job| job.pipeline == pipeline) {
            match &job.lifecycle.state {
                JobState::Queued { ready_at } => {
                    load.0 += 1;
                    load.1 += u64::from(ready_at.is_none());
                }
                state => load.2 += u64::from(state.lease().is_some()),
            }
        }
        load
    }
}
