//! The contract's methods about jobs, pipelines and buckets.

use std::sync::Arc;

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::job::{
    CancelOutcome, CancelPolicy, HistoryEntry, Job, NewJob, Selector, StopMode,
};
use reelgate_domain::media::Staged;
use reelgate_domain::node::Kinds;
use reelgate_domain::pipeline::PipelineChange;
use reelgate_domain::{
    AccountId, BucketName, JobId, JobNumber, Pipeline, PipelineId, PipelineState, Timestamp,
    WorkerId,
};

use super::claim_call::Wants;
use super::inbox::Lane;
use super::intention::{Needs, call};
use super::once::counted;
use super::transaction::{look_up, transact};
use super::unit::Unit;
use super::{
    PostgresStore, buckets, cancel, claim_call, listing, pipelines, report, retry, submit, sweep,
};
use crate::contract::{
    Beat, BeatAnswer, Bucket, Claim, DeletePipeline, Ending, Fenced, Hints, JobFilter, NewPipeline,
    PipelinePage, Result, RetryOutcome, Store, SubmitOutcome,
};
use crate::family;
use crate::hints::Wakes;
use crate::outcome::Outcome;

/// The outcome of a call that counts once, when it is decided in a batch.
fn decided<T: Outcome>(unit: &mut Unit, outcome: Result<T>) -> Result<T> {
    unit.is_refused = outcome.as_ref().is_ok_and(|outcome| !outcome.is_done());
    outcome
}

#[async_trait]
impl Store for PostgresStore {
    async fn create_bucket(&self, bucket: Bucket, once: Option<Once>) -> Result<bool> {
        transact!(self.pool, session => {
            counted(session, once, buckets::create(session, &bucket)).await
        })
    }

    async fn bucket(&self, account: AccountId, name: &BucketName) -> Result<Option<Bucket>> {
        look_up!(self.pool, session => {
            buckets::get(session, account, name).await
        })
    }

    async fn buckets(&self, account: AccountId) -> Result<Vec<Bucket>> {
        look_up!(self.pool, session => {
            buckets::of_account(session, account).await
        })
    }

    async fn all_buckets(&self) -> Result<Vec<Bucket>> {
        look_up!(self.pool, session => buckets::every(session).await)
    }

    async fn create_pipeline(&self, pipeline: NewPipeline, once: Option<Once>) -> Result<Pipeline> {
        transact!(self.pool, session => {
            counted(session, once, pipelines::create(session, &pipeline)).await
        })
    }

    async fn change_pipeline(
        &self,
        account: AccountId,
        id: PipelineId,
        change: PipelineChange,
        once: Option<Once>,
    ) -> Result<Option<Pipeline>> {
        let changed = transact!(self.pool, session => {
            counted(session, once, pipelines::change(session, account, id, &change)).await
        })?;
        if changed.is_some() {
            self.hinter.ring(Wakes::WORK);
        }
        Ok(changed)
    }

    async fn delete_pipeline(
        &self,
        account: AccountId,
        id: PipelineId,
        once: Option<Once>,
    ) -> Result<DeletePipeline> {
        transact!(self.pool, session => {
            counted(session, once, pipelines::delete(session, account, id)).await
        })
    }

    async fn pipelines(&self, account: AccountId, ids: &[PipelineId]) -> Result<Vec<Pipeline>> {
        look_up!(self.pool, session => {
            pipelines::get_many(session, account, ids).await
        })
    }

    async fn pipeline_named(&self, account: AccountId, name: &str) -> Result<Option<Pipeline>> {
        look_up!(self.pool, session => {
            pipelines::named(session, account, name).await
        })
    }

    async fn list_pipelines(
        &self,
        account: AccountId,
        state: Option<PipelineState>,
        offset: u64,
        limit: u32,
    ) -> Result<PipelinePage> {
        look_up!(self.pool.for_walks(), session => {
            pipelines::list(session, account, state, offset, limit).await
        })
    }

    async fn submit(&self, jobs: Vec<NewJob>, once: Option<Once>) -> Result<SubmitOutcome> {
        let rows = Arc::new(submit::NewRow::encode_all(&jobs)?);
        let needs = Needs {
            once,
            ..submit::needs(&rows)
        };
        let decide = call(needs, move |unit| {
            let outcome = submit::submit(unit, &rows);
            decided(unit, outcome)
        });
        Ok(match self.write(Lane::Normal, decide).await? {
            Ok(numbers) => {
                let jobs = jobs.into_iter().zip(numbers);
                SubmitOutcome::Accepted(jobs.map(|(job, n)| family::stored(job, n)).collect())
            }
            Err(pipeline) => SubmitOutcome::PipelineMissing(pipeline),
        })
    }

    async fn jobs(&self, account: AccountId, ids: &[JobId]) -> Result<Vec<Job>> {
        look_up!(self.pool.for_walks(), session => {
            listing::get_many(session, account, ids).await
        })
    }

    async fn list_jobs(
        &self,
        account: AccountId,
        filter: JobFilter,
        limit: u32,
    ) -> Result<Vec<Job>> {
        look_up!(self.pool.for_walks(), session => {
            listing::list(session, account, &filter, limit).await
        })
    }

    async fn jobs_numbered(&self, account: AccountId, numbers: &[JobNumber]) -> Result<Vec<Job>> {
        look_up!(self.pool.for_walks(), session => {
            listing::get_numbered(session, account, numbers).await
        })
    }

    async fn job_at(
        &self,
        account: AccountId,
        filter: JobFilter,
        place: u64,
    ) -> Result<Option<JobId>> {
        look_up!(self.pool.for_walks(), session => {
            listing::at(session, account, &filter, place).await
        })
    }

    async fn count_jobs(&self, account: AccountId, filter: JobFilter, most: u64) -> Result<u64> {
        look_up!(self.pool.for_walks(), session => {
            listing::count(session, account, &filter, most).await
        })
    }

    async fn history(&self, account: AccountId, id: JobId) -> Result<Option<Vec<HistoryEntry>>> {
        look_up!(self.pool.for_walks(), session => {
            listing::history(session, account, id).await
        })
    }

    async fn cancel(
        &self,
        account: AccountId,
        selector: Selector,
        policy: CancelPolicy,
        mode: StopMode,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<Vec<CancelOutcome>> {
        let needs = Needs {
            once,
            ..cancel::needs(account, &selector)
        };
        let decide = call(needs, move |unit| {
            let outcome = cancel::cancel(unit, account, &selector, (policy, mode), now);
            decided(unit, outcome)
        });
        self.write(Lane::Urgent, decide).await
    }

    async fn retry(
        &self,
        account: AccountId,
        id: JobId,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<RetryOutcome> {
        let needs = Needs {
            once,
            ..retry::needs(account, id)
        };
        let decide = call(needs, move |unit| {
            let outcome = retry::retry(unit, account, id, now);
            decided(unit, outcome)
        });
        self.write(Lane::Normal, decide).await
    }

    async fn claim_kinds(
        &self,
        kinds: Kinds,
        worker: &WorkerId,
        slots: u32,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Claim>> {
        let claim = claim_call::call(worker, slots, (lease_until, now), Wants::Jobs(kinds));
        self.write(Lane::Urgent, claim).await
    }

    async fn claim_winners(
        &self,
        worker: &WorkerId,
        slots: u32,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Claim>> {
        let claim = claim_call::call(worker, slots, (lease_until, now), Wants::Winners);
        self.write(Lane::Urgent, claim).await
    }

    async fn renew(
        &self,
        beats: Vec<Beat>,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<BeatAnswer>> {
        let needs = report::needs(beats.iter().map(|beat| beat.job).collect());
        let decide = call(needs, move |unit| {
            report::renew(unit, &beats, lease_until, now)
        });
        self.write(Lane::Urgent, decide).await
    }

    async fn publish(&self, job: JobId, staged: Staged, now: Timestamp) -> Result<Fenced> {
        let needs = Needs {
            staged: true,
            ..report::needs(vec![job])
        };
        let decide = call(needs, move |unit| report::publish(unit, job, &staged, now));
        self.write(Lane::Urgent, decide).await
    }

    async fn finish(
        &self,
        job: JobId,
        attempt: u32,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Fenced> {
        let decide = call(report::needs(vec![job]), move |unit| {
            report::finish(unit, job, attempt, &ending, now)
        });
        self.write(Lane::Urgent, decide).await
    }

    async fn sweep(&self, all: bool, now: Timestamp) -> Result<u64> {
        let decide = call(sweep::needs(all, now), move |unit| {
            sweep::sweep(unit, all, now)
        });
        self.write(Lane::Urgent, decide).await
    }

    async fn unheld(&self, account: AccountId, ids: &[JobId]) -> Result<Vec<JobId>> {
        look_up!(self.pool.for_walks(), session => {
            listing::unheld(session, account, ids).await
        })
    }

    async fn next_deadline(&self) -> Result<Option<Timestamp>> {
        look_up!(self.pool, session => listing::next_deadline(session).await)
    }

    async fn check(&self) -> Result<()> {
        // Every batch that is kept notes itself in a row of its connection.
        let decide = call(Needs::default(), |unit| {
            unit.writes = true;
            Ok(())
        });
        self.write(Lane::Normal, decide).await
    }

    fn hints(&self) -> Hints {
        self.hinter.bells().hints()
    }
}
