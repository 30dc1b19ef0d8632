//! Live streams.
//!
//! Each write is a transaction of its own that locks the rows of its streams first and waits for no batch: a
//! stop comes through whatever is being submitted.

mod attempts;
mod listing;
mod rows;
mod wishes;

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::node::ClusterName;
use reelgate_domain::stream::{Health, Stream, StreamId, StreamNote, StreamPlan, StreamSpec};
use reelgate_domain::{AccountId, Timestamp, WorkerId};

use super::PostgresStore;
use super::once::counted;
use super::transaction::{look_up, transact};
use crate::contract::{
    Fenced, NewStream, Result, StreamAnswer, StreamBeat, StreamChange, StreamCounts, StreamEnding,
    StreamFilter, StreamOutcome, StreamPage, StreamStore,
};
use crate::hints::Wakes;

impl PostgresStore {
    /// Rings for what was written, and gives the rest of the answer.
    fn rung<T>(&self, told: Result<(T, Wakes)>) -> Result<T> {
        let (answer, wakes) = told?;
        self.hinter.ring(wakes);
        Ok(answer)
    }
}

#[async_trait]
impl StreamStore for PostgresStore {
    async fn create_stream(&self, new: NewStream, once: Option<Once>) -> Result<StreamOutcome> {
        self.rung(transact!(self.pool, s => counted(s, once, wishes::create(s, &new)).await))
    }

    async fn stream(&self, account: AccountId, id: StreamId) -> Result<Option<Stream>> {
        let found = look_up!(self.pool, s => rows::get(s, account, id).await)?;
        Ok(found.map(|kept| kept.stream))
    }

    async fn list_streams(
        &self,
        account: AccountId,
        filter: StreamFilter,
        limit: u32,
    ) -> Result<StreamPage> {
        look_up!(self.pool.for_walks(), s => listing::list(s, account, &filter, limit).await)
    }

    async fn change_stream(
        &self,
        account: AccountId,
        id: StreamId,
        change: StreamChange,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<StreamOutcome> {
        self.rung(transact!(self.pool, s => {
            counted(s, once, wishes::change(s, (account, id), &change, now)).await
        }))
    }

    async fn delete_stream(
        &self,
        account: AccountId,
        id: StreamId,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<StreamOutcome> {
        self.rung(transact!(self.pool, s => {
            counted(s, once, wishes::delete(s, (account, id), now)).await
        }))
    }

    async fn start_stream(
        &self,
        account: AccountId,
        id: StreamId,
        seen: StreamSpec,
        plan: StreamPlan,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<StreamOutcome> {
        self.rung(transact!(self.pool, s => {
            counted(s, once, wishes::start(s, (account, id), &seen, &plan, now)).await
        }))
    }

    async fn stop_stream(
        &self,
        account: AccountId,
        id: StreamId,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<StreamOutcome> {
        self.rung(transact!(self.pool, s => {
            counted(s, once, wishes::stop(s, (account, id), now)).await
        }))
    }

    async fn claim_streams(
        &self,
        cluster: &ClusterName,
        worker: &WorkerId,
        most: u32,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Stream>> {
        let wanted = attempts::Wanted {
            cluster,
            worker,
            most,
            lease_until,
            now,
        };
        // Most claims find nothing, and are worth no commit.
        if !look_up!(self.pool, s => attempts::has_claimable(s, &wanted).await)? {
            return Ok(Vec::new());
        }
        self.rung(transact!(self.pool, s => attempts::claim(s, &wanted).await))
    }

    async fn renew_streams(
        &self,
        beats: Vec<StreamBeat>,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<StreamAnswer>> {
        self.rung(transact!(self.pool, s => {
            attempts::renew(s, &beats, lease_until, now).await
        }))
    }

    async fn held_stream(&self, id: StreamId, attempt: u32) -> Result<Option<Stream>> {
        look_up!(self.pool, s => attempts::held(s, id, attempt).await)
    }

    async fn finish_stream(
        &self,
        id: StreamId,
        attempt: u32,
        ending: StreamEnding,
        notes: Vec<StreamNote>,
        now: Timestamp,
    ) -> Result<Fenced> {
        self.rung(transact!(self.pool, s => {
            attempts::finish(s, (id, attempt), &ending, &notes, now).await
        }))
    }

    async fn sweep_streams(&self, now: Timestamp) -> Result<u64> {
        if !look_up!(self.pool, s => attempts::has_ended(s, now).await)? {
            return Ok(0);
        }
        self.rung(transact!(self.pool, s => attempts::sweep(s, now).await))
    }

    async fn next_stream_deadline(&self, cluster: &ClusterName) -> Result<Option<Timestamp>> {
        look_up!(self.pool, s => attempts::next_deadline(s, cluster).await)
    }

    async fn stream_notes(
        &self,
        account: AccountId,
        id: StreamId,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<StreamNote>> {
        look_up!(self.pool.for_walks(), s => {
            listing::notes(s, (account, id), before, limit).await
        })
    }

    async fn stream_health(
        &self,
        account: AccountId,
        id: StreamId,
        after: Timestamp,
        limit: u32,
    ) -> Result<Vec<Health>> {
        look_up!(self.pool.for_walks(), s => {
            listing::health(s, (account, id), after, limit).await
        })
    }

    async fn count_streams(&self) -> Result<StreamCounts> {
        look_up!(self.pool.for_walks(), s => listing::count(s).await)
    }

    async fn prune_streams(&self, before: Timestamp) -> Result<bool> {
        transact!(self.pool, s => listing::prune(s, before).await)
    }
}
