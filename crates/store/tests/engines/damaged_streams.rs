//! Live streams that cannot be read, damaged here by SQL, stop nothing but themselves, on either engine.

use std::time::Duration;

use reelgate_domain::node::ClusterName;
use reelgate_domain::stream::{
    Latency, LiveSettings, OnSourceLost, PlannedOutput, Stream, StreamAddress, StreamId,
    StreamInput, StreamName, StreamOutput, StreamPlan, StreamSpec, StreamTarget, TemplateId,
};
use reelgate_store::conformance::World;
use reelgate_store::{
    NewStream, StoreError, StreamAnswer, StreamBeat, StreamFilter, StreamOutcome,
};
use reelgate_testkit::worker;

use crate::damage::{Damaged, Engine, on_both};

const LEASE: Duration = Duration::from_secs(30);

/// Adds a stream that publishes to a place of this name, and starts it.
pub(crate) async fn add_stream(world: &World, name: &str) -> StreamId {
    let address = |text: &str| StreamAddress::new(text).unwrap();
    let target = StreamTarget::Push {
        address: address(&format!("rtmp://out.example/app/{name}")),
    };
    let input = StreamInput {
        address: address("rtmp://in.example/app/s"),
        frozen_after_ms: StreamInput::DEFAULT_FROZEN_MS,
    };
    let template = TemplateId::from_bytes([7; 16]);
    let (on_source_lost, latency) = (OnSourceLost::KeepTrying, Latency::Low);
    let spec = StreamSpec {
        input: input.clone(),
        outputs: vec![StreamOutput {
            target: target.clone(),
            template,
        }],
        on_source_lost,
        latency,
    };
    let settings = LiveSettings::copy();
    let plan = StreamPlan {
        revision: 1,
        input,
        outputs: vec![PlannedOutput { target, settings }],
        on_source_lost,
        latency,
    };
    let (store, now) = (&world.store, world.now());
    let new = NewStream {
        id: StreamId::from_bytes(*world.ids.job(now).as_bytes()),
        account: world.account,
        cluster: ClusterName::default(),
        name: StreamName::new(name).unwrap(),
        spec: spec.clone(),
        created_at: now,
        most: 100,
    };
    let id = new.id;
    let made = store.create_stream(new, None).await.unwrap();
    assert!(matches!(made, StreamOutcome::Done(_)), "{made:?}");
    let started = store.start_stream(world.account, id, spec, plan, now, None);
    let started = started.await.unwrap();
    assert!(matches!(started, StreamOutcome::Done(_)), "{started:?}");
    id
}

pub(crate) async fn take_streams(world: &World) -> Vec<Stream> {
    let (cluster, now) = (ClusterName::default(), world.now());
    let worker = worker("w");
    let until = now.after(LEASE);
    let claimed = world.store.claim_streams(&cluster, &worker, 9, until, now);
    claimed.await.unwrap()
}

impl Damaged {
    fn damage_stream(&self, name: &str, damage: &str) {
        let damage = format!("UPDATE streams SET {damage} WHERE name = '{name}'");
        assert_eq!(self.run(&damage).0, 1, "{damage}");
    }
}

on_both!(a_stream_that_cannot_be_read_is_neither_shown_nor_started);

async fn a_stream_that_cannot_be_read_is_neither_shown_nor_started(engine: Engine) {
    let it = Damaged::new(engine).await;
    let (world, store) = (&it.world, &it.world.store);
    let mut streams = Vec::new();
    for name in ["a", "b", "c", "d", "e", "f"] {
        streams.push(add_stream(world, name).await);
    }
    for (name, damage) in [
        ("a", "spec = 'no JSON'"),
        ("b", "plan = '{\"v\":99,\"data\":{}}'"),
        ("c", "run = -1"),
        ("e", "ended = '{}'"),
    ] {
        it.damage_stream(name, damage);
    }
    let [bad, good] = [streams[0], streams[5]];
    let readable = [streams[3], good];
    let page = store.list_streams(world.account, StreamFilter::default(), 9);
    let page = page.await.unwrap();
    let shown: Vec<StreamId> = page.streams.iter().rev().map(|it| it.id).collect();
    assert_eq!(shown, readable);
    assert_eq!(page.total, 6);
    let named = format!("streams.spec of row {bad} cannot be read");
    let by_id = store.stream(world.account, bad).await.map(drop);
    let stop = store.stop_stream(world.account, bad, world.now(), None);
    for error in [by_id.unwrap_err(), stop.await.map(drop).unwrap_err()] {
        assert!(matches!(error, StoreError::Corrupt { .. }));
        assert!(error.to_string().starts_with(&named), "{error}");
    }
    // Those in front of them in the queue hold up nobody.
    let taken: Vec<StreamId> = take_streams(world).await.iter().map(|it| it.id).collect();
    assert_eq!(taken, readable);
    // Whoever mends one waits a little.
    it.damage_stream("c", "run = 1");
    assert_eq!(take_streams(world).await, []);
    world.clock.advance(Duration::from_secs(60));
    let taken: Vec<StreamId> = take_streams(world).await.iter().map(|it| it.id).collect();
    assert_eq!(taken, [streams[2]]);
}

on_both!(a_stream_that_cannot_be_read_any_more_is_let_go_and_no_other);

async fn a_stream_that_cannot_be_read_any_more_is_let_go_and_no_other(engine: Engine) {
    let it = Damaged::new(engine).await;
    let (world, store) = (&it.world, &it.world.store);
    let [bad, good] = [add_stream(world, "a").await, add_stream(world, "b").await];
    assert_eq!(take_streams(world).await.len(), 2);
    it.damage_stream("a", "runs = -1");
    let beats = [bad, good].map(|stream| StreamBeat {
        stream,
        attempt: 1,
        revision: 1,
        health: None,
        sample: false,
        notes: Vec::new(),
    });
    let until = world.now().after(2 * LEASE);
    let told = store
        .renew_streams(beats.to_vec(), until, world.now())
        .await;
    let held = StreamAnswer::Held { revision: 1 };
    assert_eq!(told.unwrap(), [StreamAnswer::Lost, held]);
    world.clock.advance(LEASE);
    assert_eq!(store.sweep_streams(world.now()).await.unwrap(), 0);
    let holders = it.run("SELECT worker FROM streams ORDER BY name").1;
    assert_eq!(holders, [[None], [Some("w".to_owned())]]);
    let next = store.next_stream_deadline(&ClusterName::default()).await;
    assert_eq!(next.unwrap(), Some(until));
}
