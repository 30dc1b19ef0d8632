//! Live streams.

mod attempts;
mod listing;
mod rows;
mod wishes;

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::node::ClusterName;
use reelgate_domain::stream::{Health, Stream, StreamId, StreamNote, StreamPlan, StreamSpec};
use reelgate_domain::{AccountId, Timestamp, WorkerId};

use super::inbox::Lane;
use super::{SqliteStore, access};
use crate::contract::{
    Fenced, NewStream, Result, StreamAnswer, StreamBeat, StreamChange, StreamCounts, StreamEnding,
    StreamFilter, StreamOutcome, StreamPage, StreamStore,
};

#[async_trait]
impl StreamStore for SqliteStore {
    async fn create_stream(&self, new: NewStream, once: Option<Once>) -> Result<StreamOutcome> {
        self.write(Lane::Normal, move |tx| {
            access::counted(tx, once, || wishes::create(tx, &new))
        })
        .await
    }

    async fn stream(&self, account: AccountId, id: StreamId) -> Result<Option<Stream>> {
        let found = self
            .readers
            .look_up(move |connection| rows::get(connection, account, id))
            .await?;
        Ok(found.map(|kept| kept.stream))
    }

    async fn list_streams(
        &self,
        account: AccountId,
        filter: StreamFilter,
        limit: u32,
    ) -> Result<StreamPage> {
        self.readers
            .read(move |connection| listing::list(connection, account, &filter, limit))
            .await
    }

    async fn change_stream(
        &self,
        account: AccountId,
        id: StreamId,
        change: StreamChange,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<StreamOutcome> {
        self.write(Lane::Normal, move |tx| {
            access::counted(tx, once, || wishes::change(tx, (account, id), &change, now))
        })
        .await
    }

    async fn delete_stream(
        &self,
        account: AccountId,
        id: StreamId,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<StreamOutcome> {
        self.write(Lane::Urgent, move |tx| {
            access::counted(tx, once, || wishes::delete(tx, (account, id), now))
        })
        .await
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
        self.write(Lane::Normal, move |tx| {
            access::counted(tx, once, || {
                wishes::start(tx, (account, id), &seen, &plan, now)
            })
        })
        .await
    }

    async fn stop_stream(
        &self,
        account: AccountId,
        id: StreamId,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<StreamOutcome> {
        self.write(Lane::Urgent, move |tx| {
            access::counted(tx, once, || wishes::stop(tx, (account, id), now))
        })
        .await
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
            cluster: cluster.clone(),
            worker: worker.clone(),
            most,
            lease_until,
            now,
        };
        self.write(Lane::Urgent, move |tx| attempts::claim(tx, &wanted))
            .await
    }

    async fn renew_streams(
        &self,
        beats: Vec<StreamBeat>,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<StreamAnswer>> {
        self.write(Lane::Urgent, move |tx| {
            attempts::renew(tx, &beats, lease_until, now)
        })
        .await
    }

    async fn held_stream(&self, id: StreamId, attempt: u32) -> Result<Option<Stream>> {
        self.readers
            .look_up(move |connection| attempts::held(connection, id, attempt))
            .await
    }

    async fn finish_stream(
        &self,
        id: StreamId,
        attempt: u32,
        ending: StreamEnding,
        notes: Vec<StreamNote>,
        now: Timestamp,
    ) -> Result<Fenced> {
        self.write(Lane::Urgent, move |tx| {
            attempts::finish(tx, (id, attempt), &ending, &notes, now)
        })
        .await
    }

    async fn sweep_streams(&self, now: Timestamp) -> Result<u64> {
        self.write(Lane::Urgent, move |tx| attempts::sweep(tx, now))
            .await
    }

    async fn next_stream_deadline(&self, cluster: &ClusterName) -> Result<Option<Timestamp>> {
        let cluster = cluster.clone();
        self.readers
            .read(move |connection| attempts::next_deadline(connection, &cluster))
            .await
    }

    async fn stream_notes(
        &self,
        account: AccountId,
        id: StreamId,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<StreamNote>> {
        self.readers
            .read(move |connection| listing::notes(connection, (account, id), before, limit))
            .await
    }

    async fn stream_health(
        &self,
        account: AccountId,
        id: StreamId,
        after: Timestamp,
        limit: u32,
    ) -> Result<Vec<Health>> {
        self.readers
            .read(move |connection| listing::health(connection, (account, id), after, limit))
            .await
    }

    async fn count_streams(&self) -> Result<StreamCounts> {
        self.readers.read(listing::count).await
    }

    async fn prune_streams(&self, before: Timestamp) -> Result<bool> {
        self.write(Lane::Urgent, move |tx| listing::prune(tx, before))
            .await
    }
}
