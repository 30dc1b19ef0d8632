//! What people wish of live streams: made, started, changed, stopped, deleted, each where it may be.

use reelgate_domain::node::{Cluster, ClusterName};
use reelgate_domain::stream::{Happening, Standing, Stream, StreamId, StreamName, StreamSpec};
use reelgate_testkit::account;

use super::Home;
use super::keyed::keyed;
use super::studio::{Studio, done, plan_of, push, recording, spec_to, taken};
use super::world::LEASE;
use crate::{
    DeleteCluster, Fenced, NewStream, StoreError, StreamAnswer, StreamChange, StreamFilter,
    StreamOutcome,
};

pub async fn a_stream_reads_back_as_it_was_made(home: &dyn Home) {
    let it = Studio::new(home).await;
    let new = it.new_stream("Küche-1_直播", vec![push("a"), recording("films")]);
    let made = done(it.create(new.clone()).await);
    let expected = Stream {
        id: new.id,
        account: it.account,
        cluster: ClusterName::default(),
        name: new.name.clone(),
        spec: new.spec.clone(),
        created_at: it.now(),
        touched_at: it.now(),
        plan: None,
        standing: Standing::new(),
        health: None,
    };
    assert_eq!(made, expected);
    assert_eq!(it.stream(new.id).await, expected);
    assert_eq!(it.story(new.id).await, []);
    let elsewhere = it.store.stream(account(9), new.id).await;
    assert_eq!(elsewhere.expect("stream"), None);
    let again = it.store.create_stream(new, None).await;
    assert!(again.is_err(), "{again:?}");
    let full = NewStream {
        most: 1,
        ..it.new_stream("b", vec![push("b")])
    };
    assert_eq!(it.create(full.clone()).await, StreamOutcome::Full);
    let of_another = NewStream {
        account: account(9),
        ..full
    };
    done(it.create(of_another).await);
    // One that could not be made, as the one above, counts as little as one that is deleted.
    let of_two = |name: &str| NewStream {
        most: 2,
        ..it.new_stream(name, vec![push(name)])
    };
    let second = done(it.create(of_two("d")).await);
    assert_eq!(it.create(of_two("e")).await, StreamOutcome::Full);
    done(it.delete(second.id).await);
    done(it.create(of_two("e")).await);
    assert_eq!(it.create(of_two("f")).await, StreamOutcome::Full);
    let nowhere = NewStream {
        cluster: ClusterName::new("nowhere").expect("a name"),
        ..it.new_stream("c", vec![push("c")])
    };
    assert_eq!(it.create(nowhere).await, StreamOutcome::Missing);
}

pub async fn a_stream_starts_and_stops_as_often_as_it_is_asked_to(home: &dyn Home) {
    let it = Studio::new(home).await;
    let id = it.simple("a").await;
    let made_at = it.now();
    it.clock.advance(LEASE);
    let started = done(it.start(id).await);
    assert_eq!(started, it.stream(id).await);
    assert_eq!(
        (started.created_at, started.touched_at),
        (made_at, it.now())
    );
    assert_eq!(started.plan, Some(plan_of(&started.spec, 1)));
    let expected = Standing {
        run: 1,
        wanted: true,
        last_start_at: Some(it.now()),
        ..Standing::new()
    };
    assert_eq!(started.standing, expected);
    assert_eq!(it.start(id).await, StreamOutcome::Running);
    it.clock.advance(LEASE);
    let stopped = done(it.stop(id).await);
    assert_eq!(stopped, it.stream(id).await);
    assert!(!stopped.standing.wanted);
    assert_eq!(stopped.standing.last_stop_at, Some(it.now()));
    assert_eq!(stopped.touched_at, it.now());
    assert_eq!(it.stop(id).await, StreamOutcome::NotRunning);
    assert_eq!(it.take("w", 9).await, [], "a stopped stream was claimed");
    let again = done(it.start(id).await);
    assert_eq!(again.standing.run, 2);
    assert_eq!(again.plan.expect("a plan").revision, 2);
    assert_eq!(
        it.story(id).await,
        [
            (Happening::Started, 1, 0),
            (Happening::Stopped, 1, 0),
            (Happening::Started, 2, 0)
        ]
    );
}

pub async fn a_start_needs_what_its_plan_was_made_from(home: &dyn Home) {
    let it = Studio::new(home).await;
    let id = it.simple("a").await;
    let seen = it.stream(id).await.spec;
    let other = spec_to(vec![push("b")]);
    let start = async |seen: &StreamSpec, revision| {
        let plan = plan_of(seen, revision);
        let (store, now) = (&it.store, it.now());
        let started = store.start_stream(it.account, id, seen.clone(), plan, now, None);
        started.await.expect("start_stream")
    };
    for revision in [0, 2, 3] {
        assert_eq!(start(&seen, revision).await, StreamOutcome::Changed);
    }
    assert_eq!(start(&other, 1).await, StreamOutcome::Changed);
    assert_eq!(it.stream(id).await.standing, Standing::new());
    assert_eq!(it.story(id).await, []);
    done(start(&seen, 1).await);
}

pub async fn streams_of_others_and_unknown_ones_are_missing(home: &dyn Home) {
    let it = Studio::new(home).await;
    let id = it.simple("a").await;
    let spec = it.stream(id).await.spec;
    let unknown = StreamId::from_bytes([9; 16]);
    let (store, now) = (&it.store, it.now());
    for (account, id) in [(account(9), id), (it.account, unknown)] {
        let plan = plan_of(&spec, 1);
        let change = StreamChange::default();
        let started = store.start_stream(account, id, spec.clone(), plan, now, None);
        let started = started.await.expect("start_stream");
        let stopped = store.stop_stream(account, id, now, None).await;
        let changed = store.change_stream(account, id, change, now, None).await;
        let deleted = store.delete_stream(account, id, now, None).await;
        let rest = [stopped, changed, deleted].map(|it| it.expect("a wish"));
        assert_eq!(started, StreamOutcome::Missing);
        assert!(
            rest.iter().all(|it| *it == StreamOutcome::Missing),
            "{rest:?}"
        );
        let notes = store.stream_notes(account, id, None, 9).await;
        assert_eq!(notes.expect("stream_notes"), []);
    }
    done(it.start(id).await);
    let notes = store.stream_notes(account(9), id, None, 9).await;
    assert_eq!(notes.expect("stream_notes"), []);
}

pub async fn a_stream_that_does_not_run_takes_any_change(home: &dyn Home) {
    let it = Studio::new(home).await;
    let id = it.simple("a").await;
    let (before, after) = (spec_to(vec![push("a")]), spec_to(vec![push("b")]));
    it.clock.advance(LEASE);
    let change = StreamChange {
        name: Some(StreamName::new("new").expect("a name")),
        spec: Some(after.clone()),
        seen: Some(before.clone()),
        may_run: true,
        // It ran when the change was made.
        plan: Some(plan_of(&after, 5)),
    };
    let changed = done(it.change(id, change.clone()).await);
    assert_eq!(changed, it.stream(id).await);
    assert_eq!(changed.name.as_str(), "new");
    assert_eq!((changed.spec, changed.plan), (after, None));
    assert_eq!(changed.touched_at, it.now());
    assert_eq!(it.change(id, change).await, StreamOutcome::Changed);
    let nothing = done(it.change(id, StreamChange::default()).await);
    assert_eq!(nothing, it.stream(id).await);
    assert_eq!(it.story(id).await, []);
}

pub async fn a_running_stream_is_changed_by_its_next_plan(home: &dyn Home) {
    let it = Studio::new(home).await;
    let id = it.running("a").await;
    let after = spec_to(vec![push("b")]);
    let change = |revision: Option<u32>| StreamChange {
        spec: Some(after.clone()),
        plan: revision.map(|revision| plan_of(&after, revision)),
        ..StreamChange::default()
    };
    let before = it.stream(id).await;
    assert_eq!(it.change(id, change(None)).await, StreamOutcome::Running);
    let renamed = StreamChange {
        name: Some(StreamName::new("new").expect("a name")),
        ..StreamChange::default()
    };
    let refused = it.change(id, renamed.clone()).await;
    assert_eq!(refused, StreamOutcome::Running);
    let renamed = StreamChange {
        may_run: true,
        ..renamed
    };
    let renamed = done(it.change(id, renamed).await);
    assert_eq!(
        (renamed.name.as_str(), &renamed.plan),
        ("new", &before.plan)
    );
    let before = it.stream(id).await;
    for revision in [1, 3] {
        let refused = it.change(id, change(Some(revision))).await;
        assert_eq!(refused, StreamOutcome::Changed);
    }
    assert_eq!(it.stream(id).await, before);
    let changed = done(it.change(id, change(Some(2))).await);
    assert_eq!(changed, it.stream(id).await);
    assert_eq!(changed.spec, after);
    assert_eq!(changed.standing, before.standing);
    let held = it.store.held_stream(id, 1).await.expect("held_stream");
    assert_eq!(held.expect("it is held").plan, Some(plan_of(&after, 2)));
    let told = it.renew(it.beat_of(id, 1, 1)).await;
    assert_eq!(told, StreamAnswer::Held { revision: 2 });
    assert_eq!(
        it.story(id).await,
        [
            (Happening::Started, 1, 0),
            (Happening::Taken, 1, 1),
            (Happening::Changed, 1, 1)
        ]
    );
}

pub async fn a_deleted_stream_is_gone_once_it_is_let_go(home: &dyn Home) {
    let it = Studio::new(home).await;
    let id = it.running("a").await;
    assert_eq!(it.delete(id).await, StreamOutcome::Running);
    done(it.stop(id).await);
    done(it.delete(id).await);
    for gone in [it.delete(id).await, it.stop(id).await] {
        assert_eq!(gone, StreamOutcome::Missing);
    }
    let found = it.store.stream(it.account, id).await.expect("stream");
    assert_eq!(found, None);
    let page = it
        .store
        .list_streams(it.account, StreamFilter::default(), 9);
    assert_eq!(page.await.expect("list_streams").total, 0);
    // Whoever holds it ends in peace, and till then nobody else publishes there.
    let other = it.simple("b").await;
    let to_a = it.made("c", vec![push("a")]).await;
    assert_eq!(it.start(to_a).await, taken(&push("a")));
    let held = it.store.held_stream(id, 1).await.expect("held_stream");
    assert_eq!(held.expect("it is held").id, id);
    assert_eq!(it.renew(it.beat_of(id, 1, 1)).await, StreamAnswer::Stop);
    assert_eq!(it.gone(id, 1).await, Fenced::Stopping);
    assert_eq!(it.gone(id, 1).await, Fenced::Lost);
    done(it.start(to_a).await);
    done(it.delete(other).await);
    assert_eq!(it.delete(other).await, StreamOutcome::Missing);
}

pub async fn a_call_about_a_stream_counts_once(home: &dyn Home) {
    let it = Studio::new(home).await;
    let (store, owner, now) = (&it.store, it.account, it.now());
    let new = it.new_stream("a", vec![push("a")]);
    let (id, spec) = (new.id, new.spec.clone());
    done(
        store
            .create_stream(new, Some(keyed(1, id)))
            .await
            .expect("create_stream"),
    );
    let again = it.new_stream("a", vec![push("a")]);
    let again = store.create_stream(again, Some(keyed(1, id))).await;
    assert!(matches!(again, Err(StoreError::Replayed)), "{again:?}");
    // A refusal leaves the call free.
    let stop = async || store.stop_stream(owner, id, now, Some(keyed(2, id))).await;
    assert_eq!(
        stop().await.expect("stop_stream"),
        StreamOutcome::NotRunning
    );
    let plan = plan_of(&spec, 1);
    let started = store.start_stream(owner, id, spec.clone(), plan, now, Some(keyed(3, id)));
    done(started.await.expect("start_stream"));
    done(stop().await.expect("stop_stream"));
    let again = stop().await;
    assert!(matches!(again, Err(StoreError::Replayed)), "{again:?}");
    let plan = plan_of(&spec, 2);
    let again = store.start_stream(owner, id, spec, plan, now, Some(keyed(3, id)));
    let again = again.await;
    assert!(matches!(again, Err(StoreError::Replayed)), "{again:?}");
    assert_eq!(it.stream(id).await.standing.run, 1);
}

pub async fn a_cluster_stays_as_long_as_streams_belong_to_it(home: &dyn Home) {
    let it = Studio::new(home).await;
    let cluster = ClusterName::new("east").expect("a name");
    let (name, created_at) = (cluster.clone(), it.now());
    let made = it.store.create_cluster(Cluster { name, created_at }, None);
    assert!(made.await.expect("create_cluster"));
    let new = NewStream {
        cluster: cluster.clone(),
        ..it.new_stream("a", vec![push("a")])
    };
    let id = done(it.create(new).await).id;
    let delete = async || {
        let deleted = it.store.delete_cluster(&cluster, it.now()).await;
        deleted.expect("delete_cluster")
    };
    assert_eq!(delete().await, DeleteCluster::HasStreams);
    done(it.start(id).await);
    assert_eq!(it.take("w", 9).await, [], "it belongs to another cluster");
    done(it.stop(id).await);
    done(it.delete(id).await);
    assert_eq!(delete().await, DeleteCluster::Deleted);
    assert_eq!(delete().await, DeleteCluster::Missing);
}

pub async fn wake_ups_follow_what_becomes_of_streams(home: &dyn Home) {
    let it = Studio::new(home).await;
    let id = it.simple("a").await;
    let mut hints = it.store.hints();
    hints.work.mark_unchanged();
    done(it.start(id).await);
    assert!(hints.work.has_changed().expect("the store lives"));
    it.take("w", 1).await;
    hints.stops.mark_unchanged();
    hints.changes.mark_unchanged();
    done(it.stop(id).await);
    assert!(hints.stops.has_changed().expect("the store lives"));
    assert!(hints.changes.has_changed().expect("the store lives"));
    done(it.start(id).await);
    hints.work.mark_unchanged();
    it.gone(id, 1).await;
    assert!(hints.work.has_changed().expect("the store lives"));
    it.take("w", 1).await;
    hints.stops.mark_unchanged();
    let spec = it.stream(id).await.spec;
    let change = StreamChange {
        plan: Some(plan_of(&spec, 3)),
        ..StreamChange::default()
    };
    done(it.change(id, change).await);
    assert!(hints.stops.has_changed().expect("the store lives"));
    it.clock.advance(LEASE);
    hints.work.mark_unchanged();
    assert_eq!(it.sweep_streams().await, 1);
    assert!(hints.work.has_changed().expect("the store lives"));
}
