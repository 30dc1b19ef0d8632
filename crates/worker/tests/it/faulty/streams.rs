//! The part of the contract that is about live streams: what a worker asks for goes through.

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::node::ClusterName;
use reelgate_domain::stream::{Health, Stream, StreamId, StreamNote, StreamPlan, StreamSpec};
use reelgate_domain::{AccountId, Timestamp, WorkerId};
use reelgate_store::{
    Fenced, NewStream, Result, StreamAnswer, StreamBeat, StreamChange, StreamCounts, StreamEnding,
    StreamFilter, StreamOutcome, StreamPage, StreamStore,
};

use super::{ELSEWHERE, Faulty};

#[async_trait]
impl StreamStore for Faulty {
    async fn create_stream(&self, _: NewStream, _: Option<Once>) -> Result<StreamOutcome> {
        unreachable!("{ELSEWHERE}")
    }

    async fn stream(&self, account: AccountId, id: StreamId) -> Result<Option<Stream>> {
        self.inner.stream(account, id).await
    }

    async fn list_streams(&self, _: AccountId, _: StreamFilter, _: u32) -> Result<StreamPage> {
        unreachable!("{ELSEWHERE}")
    }

    async fn change_stream(
        &self,
        _: AccountId,
        _: StreamId,
        _: StreamChange,
        _: Timestamp,
        _: Option<Once>,
    ) -> Result<StreamOutcome> {
        unreachable!("{ELSEWHERE}")
    }

    async fn delete_stream(
        &self,
        _: AccountId,
        _: StreamId,
        _: Timestamp,
        _: Option<Once>,
    ) -> Result<StreamOutcome> {
        unreachable!("{ELSEWHERE}")
    }

    async fn start_stream(
        &self,
        _: AccountId,
        _: StreamId,
        _: StreamSpec,
        _: StreamPlan,
        _: Timestamp,
        _: Option<Once>,
    ) -> Result<StreamOutcome> {
        unreachable!("{ELSEWHERE}")
    }

    async fn stop_stream(
        &self,
        _: AccountId,
        _: StreamId,
        _: Timestamp,
        _: Option<Once>,
    ) -> Result<StreamOutcome> {
        unreachable!("{ELSEWHERE}")
    }

    async fn claim_streams(
        &self,
        cluster: &ClusterName,
        worker: &WorkerId,
        most: u32,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Stream>> {
        let inner = &self.inner;
        inner
            .claim_streams(cluster, worker, most, lease_until, now)
            .await
    }

    async fn renew_streams(
        &self,
        beats: Vec<StreamBeat>,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<StreamAnswer>> {
        self.inner.renew_streams(beats, lease_until, now).await
    }

    async fn held_stream(&self, id: StreamId, attempt: u32) -> Result<Option<Stream>> {
        self.inner.held_stream(id, attempt).await
    }

    async fn finish_stream(
        &self,
        id: StreamId,
        attempt: u32,
        ending: StreamEnding,
        notes: Vec<StreamNote>,
        now: Timestamp,
    ) -> Result<Fenced> {
        let inner = &self.inner;
        inner.finish_stream(id, attempt, ending, notes, now).await
    }

    async fn sweep_streams(&self, now: Timestamp) -> Result<u64> {
        self.inner.sweep_streams(now).await
    }

    async fn next_stream_deadline(&self, cluster: &ClusterName) -> Result<Option<Timestamp>> {
        self.inner.next_stream_deadline(cluster).await
    }

    async fn stream_notes(
        &self,
        _: AccountId,
        _: StreamId,
        _: Option<Timestamp>,
        _: u32,
    ) -> Result<Vec<StreamNote>> {
        unreachable!("{ELSEWHERE}")
    }

    async fn stream_health(
        &self,
        _: AccountId,
        _: StreamId,
        _: Timestamp,
        _: u32,
    ) -> Result<Vec<Health>> {
        unreachable!("{ELSEWHERE}")
    }

    async fn count_streams(&self) -> Result<StreamCounts> {
        unreachable!("{ELSEWHERE}")
    }

    async fn prune_streams(&self, _: Timestamp) -> Result<bool> {
        unreachable!("{ELSEWHERE}")
    }
}
