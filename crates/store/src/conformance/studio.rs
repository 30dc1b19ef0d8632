//! What cases about live streams arrange with.

use std::ops::Deref;

use reelgate_domain::node::ClusterName;
use reelgate_domain::stream::{
    Happening, Latency, LiveSettings, OnSourceLost, PlannedOutput, Stream, StreamAddress, StreamId,
    StreamInput, StreamName, StreamNote, StreamOutput, StreamPlan, StreamSpec, StreamTarget,
    TemplateId,
};
use reelgate_domain::{AccountId, BucketName, ObjectKey};
use reelgate_testkit::worker;

use super::world::LEASE;
use super::{Home, World};
use crate::{
    Fenced, NewStream, StreamAnswer, StreamBeat, StreamChange, StreamEnding, StreamOutcome,
};

/// A world with words for what is done with streams.
pub(super) struct Studio(pub(super) World);

impl Deref for Studio {
    type Target = World;

    fn deref(&self) -> &World {
        &self.0
    }
}

pub(super) fn push(place: &str) -> StreamTarget {
    let address = format!("rtmp://out.example/app/{place}?key=secret");
    StreamTarget::Push {
        address: StreamAddress::new(address).expect("an address"),
    }
}

pub(super) fn recording(folder: &str) -> StreamTarget {
    StreamTarget::Recording {
        bucket: BucketName::new("media").expect("a name"),
        folder: ObjectKey::new(folder).expect("a key"),
    }
}

pub(super) fn spec_to(targets: Vec<StreamTarget>) -> StreamSpec {
    let outputs = targets.into_iter().map(|target| StreamOutput {
        target,
        template: TemplateId::from_bytes([7; 16]),
    });
    StreamSpec {
        input: StreamInput {
            address: StreamAddress::new("rtmp://in.example/app/s").expect("an address"),
            frozen_after_ms: StreamInput::DEFAULT_FROZEN_MS,
        },
        outputs: outputs.collect(),
        on_source_lost: OnSourceLost::default(),
        latency: Latency::default(),
    }
}

pub(super) fn plan_of(spec: &StreamSpec, revision: u32) -> StreamPlan {
    let outputs = spec.outputs.iter().map(|output| PlannedOutput {
        target: output.target.clone(),
        settings: LiveSettings::copy(),
    });
    StreamPlan {
        revision,
        input: spec.input.clone(),
        outputs: outputs.collect(),
        on_source_lost: spec.on_source_lost,
        latency: spec.latency,
    }
}

pub(super) fn done(outcome: StreamOutcome) -> Stream {
    match outcome {
        StreamOutcome::Done(stream) => *stream,
        other => panic!("{other:?}"),
    }
}

pub(super) fn taken(target: &StreamTarget) -> StreamOutcome {
    StreamOutcome::PlaceTaken(target.identity())
}

impl Studio {
    pub(super) async fn new(home: &dyn Home) -> Self {
        Self(World::new(home).await)
    }

    pub(super) fn new_stream(&self, name: &str, targets: Vec<StreamTarget>) -> NewStream {
        let at = self.now();
        NewStream {
            id: StreamId::from_bytes(*self.ids.job(at).as_bytes()),
            account: self.account,
            cluster: ClusterName::default(),
            name: StreamName::new(name).expect("a name"),
            spec: spec_to(targets),
            created_at: at,
            most: 1000,
        }
    }

    pub(super) async fn create(&self, new: NewStream) -> StreamOutcome {
        let made = self.store.create_stream(new, None).await;
        made.expect("create_stream")
    }

    pub(super) async fn made(&self, name: &str, targets: Vec<StreamTarget>) -> StreamId {
        done(self.create(self.new_stream(name, targets)).await).id
    }

    /// A stream that publishes to a place of its own, named as it.
    pub(super) async fn simple(&self, name: &str) -> StreamId {
        self.made(name, vec![push(name)]).await
    }

    pub(super) async fn made_for(
        &self,
        account: AccountId,
        targets: Vec<StreamTarget>,
    ) -> StreamId {
        let new = NewStream {
            account,
            ..self.new_stream("other", targets)
        };
        done(self.create(new).await).id
    }

    pub(super) async fn stream(&self, id: StreamId) -> Stream {
        let found = self.store.stream(self.account, id).await;
        found.expect("stream").expect("the stream exists")
    }

    pub(super) async fn start(&self, id: StreamId) -> StreamOutcome {
        self.start_of(self.account, id).await
    }

    /// From what the stream is.
    pub(super) async fn start_of(&self, account: AccountId, id: StreamId) -> StreamOutcome {
        let found = self.store.stream(account, id).await.expect("stream");
        let stream = found.expect("the stream exists");
        let revision = stream.plan.map_or(0, |plan| plan.revision);
        let plan = plan_of(&stream.spec, revision + 1);
        let now = self.now();
        let started = self
            .store
            .start_stream(account, id, stream.spec, plan, now, None);
        started.await.expect("start_stream")
    }

    pub(super) async fn stop(&self, id: StreamId) -> StreamOutcome {
        let stopped = self.store.stop_stream(self.account, id, self.now(), None);
        stopped.await.expect("stop_stream")
    }

    pub(super) async fn change(&self, id: StreamId, change: StreamChange) -> StreamOutcome {
        let (account, now) = (self.account, self.now());
        let changed = self.store.change_stream(account, id, change, now, None);
        changed.await.expect("change_stream")
    }

    pub(super) async fn delete(&self, id: StreamId) -> StreamOutcome {
        let deleted = self.store.delete_stream(self.account, id, self.now(), None);
        deleted.await.expect("delete_stream")
    }

    /// The claims of a worker of the default cluster, which is called so.
    pub(super) async fn take(&self, name: &str, most: u32) -> Vec<Stream> {
        let (cluster, now) = (ClusterName::default(), self.now());
        let worker = worker(name);
        let until = now.after(LEASE);
        let claimed = self
            .store
            .claim_streams(&cluster, &worker, most, until, now)
            .await;
        claimed.expect("claim_streams")
    }

    /// A stream that runs and is held, in its first attempt; nothing else may be claimable.
    pub(super) async fn running(&self, name: &str) -> StreamId {
        let id = self.simple(name).await;
        done(self.start(id).await);
        let taken = self.take("w", 9).await;
        assert_eq!(taken.len(), 1, "something else was claimable");
        assert_eq!(taken[0].id, id);
        id
    }

    pub(super) fn beat_of(&self, stream: StreamId, attempt: u32, revision: u32) -> StreamBeat {
        StreamBeat {
            stream,
            attempt,
            revision,
            health: None,
            sample: false,
            notes: Vec::new(),
        }
    }

    pub(super) async fn renew(&self, beat: StreamBeat) -> StreamAnswer {
        let now = self.now();
        let told = self
            .store
            .renew_streams(vec![beat], now.after(LEASE), now)
            .await;
        told.expect("renew_streams")[0]
    }

    pub(super) async fn end(&self, id: StreamId, attempt: u32, ending: StreamEnding) -> Fenced {
        let now = self.now();
        let told = self
            .store
            .finish_stream(id, attempt, ending, Vec::new(), now);
        told.await.expect("finish_stream")
    }

    /// Its processes are gone.
    pub(super) async fn gone(&self, id: StreamId, attempt: u32) -> Fenced {
        let ending = StreamEnding::Gone { ready_at: None };
        self.end(id, attempt, ending).await
    }

    pub(super) async fn sweep_streams(&self) -> u64 {
        let swept = self.store.sweep_streams(self.now()).await;
        swept.expect("sweep_streams")
    }

    /// The oldest first.
    pub(super) async fn notes(&self, id: StreamId) -> Vec<StreamNote> {
        let notes = self.store.stream_notes(self.account, id, None, 1000);
        let mut notes = notes.await.expect("stream_notes");
        notes.reverse();
        notes
    }

    /// What was noted, with the start and the attempt.
    pub(super) async fn story(&self, id: StreamId) -> Vec<(Happening, u32, u32)> {
        let notes = self.notes(id).await;
        notes
            .iter()
            .map(|it| (it.what, it.run, it.attempt))
            .collect()
    }
}
