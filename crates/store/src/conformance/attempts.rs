//! What workers do with live streams: taking, renewing, ending, and what becomes of what they leave behind.

use std::time::Duration;

use reelgate_domain::Timestamp;
use reelgate_domain::node::{Cluster, ClusterName};
use reelgate_domain::stream::{
    Activity, EndReason, Happening, Health, RunEnd, Stream, StreamId, StreamNote,
};
use reelgate_testkit::worker;

use super::Home;
use super::studio::{Studio, done, push};
use super::world::LEASE;
use crate::{Fenced, NewStream, StreamAnswer, StreamBeat, StreamCounts, StreamEnding};

fn ids(streams: &[Stream]) -> Vec<StreamId> {
    streams.iter().map(|stream| stream.id).collect()
}

fn health(at: Timestamp, fps: f64) -> Health {
    Health {
        at,
        activity: Activity::Live,
        since: at,
        first_output_at: Some(at),
        in_kbps: 1500.25,
        out_kbps: 900.5,
        fps,
        speed: 1.0,
        dropped_frames: 1,
        duplicated_frames: 2,
        lag_ms: 40,
        reconnects: 3,
        keyframe_interval_ms: Some(2000),
        last_error: Some("it was\0away".to_owned()),
        thumbnail_at: None,
    }
}

fn note(at: Timestamp, message: &str) -> StreamNote {
    StreamNote {
        at,
        what: Happening::Interrupted,
        run: 1,
        attempt: 1,
        message: message.to_owned(),
    }
}

impl Studio {
    async fn deadline(&self) -> Option<Timestamp> {
        let cluster = ClusterName::default();
        let next = self.store.next_stream_deadline(&cluster).await;
        next.expect("next_stream_deadline")
    }

    async fn samples(&self, id: StreamId, after: Timestamp, limit: u32) -> Vec<Health> {
        let samples = self.store.stream_health(self.account, id, after, limit);
        samples.await.expect("stream_health")
    }

    async fn counts(&self) -> StreamCounts {
        self.store.count_streams().await.expect("count_streams")
    }
}

pub async fn streams_are_claimed_by_their_cluster_those_first_that_waited_longest(home: &dyn Home) {
    let it = Studio::new(home).await;
    let name = ClusterName::new("east").expect("a name");
    let (cluster, created_at) = (name.clone(), it.now());
    let made = it.store.create_cluster(Cluster { name, created_at }, None);
    assert!(made.await.expect("create_cluster"));
    let [a, b, c] = [
        it.simple("a").await,
        it.simple("b").await,
        it.simple("c").await,
    ];
    let new = NewStream {
        cluster,
        ..it.new_stream("d", vec![push("d")])
    };
    let elsewhere = done(it.create(new).await).id;
    for id in [elsewhere, c, a, b] {
        done(it.start(id).await);
        it.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(it.take("w", 0).await, []);
    let first = it.take("w", 2).await;
    assert_eq!(ids(&first), [c, a]);
    let held = first[0].standing.held.clone().expect("it is held");
    assert_eq!(held.lease.worker, worker("w"));
    assert_eq!(held.lease.until, it.now().after(LEASE));
    assert_eq!((held.run, first[0].standing.attempt), (1, 1));
    assert_eq!(first[0], it.stream(c).await);
    assert_eq!(ids(&it.take("v", 9).await), [b]);
    assert_eq!(it.take("v", 9).await, []);
    let until = it.now().after(LEASE);
    assert_eq!(it.deadline().await, Some(until));
}

pub async fn a_lease_is_renewed_and_never_becomes_shorter(home: &dyn Home) {
    let it = Studio::new(home).await;
    let id = it.running("a").await;
    let until = async || {
        let held = it.stream(id).await.standing.held.expect("it is held");
        held.lease.until
    };
    let first = until().await;
    it.clock.advance(Duration::from_secs(2));
    let told = it.renew(it.beat_of(id, 1, 1)).await;
    assert_eq!(told, StreamAnswer::Held { revision: 1 });
    let second = until().await;
    assert_eq!(second, first.after(Duration::from_secs(2)));
    assert_eq!(it.deadline().await, Some(second));
    let beats = vec![
        it.beat_of(id, 1, 1),
        it.beat_of(id, 2, 1),
        it.beat_of(StreamId::from_bytes([9; 16]), 1, 1),
        it.beat_of(id, 1, 1),
    ];
    let told = it.store.renew_streams(beats, first, it.now()).await;
    let held = StreamAnswer::Held { revision: 1 };
    let lost = StreamAnswer::Lost;
    assert_eq!(told.expect("renew_streams"), [held, lost, lost, held]);
    assert_eq!(until().await, second);
    done(it.stop(id).await);
    assert_eq!(it.renew(it.beat_of(id, 1, 1)).await, StreamAnswer::Stop);
    assert_eq!(it.renew(it.beat_of(id, 0, 1)).await, StreamAnswer::Lost);
}

pub async fn what_was_seen_is_kept_of_the_newest_start(home: &dyn Home) {
    let it = Studio::new(home).await;
    let id = it.running("a").await;
    let began_at = it.now();
    let beat = |fps, sample| StreamBeat {
        health: Some(health(it.now(), fps)),
        sample,
        ..it.beat_of(id, 1, 1)
    };
    let mut kept = Vec::new();
    for (turn, fps) in [25.0, 24.5, 23.0, 25.0].into_iter().enumerate() {
        it.clock.advance(Duration::from_secs(2));
        it.renew(beat(fps, turn % 2 == 0)).await;
        assert_eq!(it.stream(id).await.health, Some(health(it.now(), fps)));
        if turn % 2 == 0 {
            kept.push(health(it.now(), fps));
        }
    }
    it.renew(it.beat_of(id, 1, 1)).await;
    let last = it.stream(id).await.health;
    assert_eq!(
        last,
        Some(health(it.now(), 25.0)),
        "a beat that saw nothing"
    );
    assert_eq!(it.samples(id, began_at, 9).await, kept);
    assert_eq!(it.samples(id, began_at, 1).await, kept[..1]);
    assert_eq!(it.samples(id, kept[0].at, 9).await, kept[1..]);
    // A stream that was stopped says how it did; one that was started anew does not yet.
    done(it.stop(id).await);
    assert_eq!(it.stream(id).await.health, last);
    assert_eq!(done(it.start(id).await).health, None);
    let told = it.renew(beat(20.0, true)).await;
    assert_eq!(told, StreamAnswer::Stop);
    assert_eq!(it.stream(id).await.health, None);
    assert_eq!(it.samples(id, began_at, 9).await, kept);
    let pruned = it.store.prune_streams(kept[1].at).await;
    assert!(!pruned.expect("prune_streams"));
    assert_eq!(it.samples(id, began_at, 9).await, kept[1..]);
}

pub async fn a_start_waits_for_the_processes_of_the_one_before(home: &dyn Home) {
    let it = Studio::new(home).await;
    let id = it.running("a").await;
    done(it.stop(id).await);
    let started = done(it.start(id).await);
    assert!(started.standing.wanted && started.standing.held.is_some());
    assert_eq!(it.take("v", 9).await, []);
    assert_eq!(it.renew(it.beat_of(id, 1, 1)).await, StreamAnswer::Stop);
    assert_eq!(it.take("v", 9).await, []);
    // The delay was asked for by an attempt that is over.
    let ready_at = Some(it.now().after(LEASE));
    let told = it.end(id, 1, StreamEnding::Gone { ready_at }).await;
    assert_eq!(told, Fenced::Stopping);
    let taken = it.take("v", 9).await;
    assert_eq!(ids(&taken), [id]);
    assert_eq!((taken[0].standing.attempt, taken[0].standing.run), (2, 2));
    assert_eq!(it.renew(it.beat_of(id, 1, 2)).await, StreamAnswer::Lost);
    let told = it.renew(it.beat_of(id, 2, 2)).await;
    assert_eq!(told, StreamAnswer::Held { revision: 2 });
    assert_eq!(
        it.story(id).await,
        [
            (Happening::Started, 1, 0),
            (Happening::Taken, 1, 1),
            (Happening::Stopped, 1, 1),
            (Happening::Started, 2, 0),
            (Happening::Gone, 1, 1),
            (Happening::Taken, 2, 2),
        ]
    );
}

pub async fn an_attempt_whose_lease_was_swept_can_do_nothing(home: &dyn Home) {
    let it = Studio::new(home).await;
    let id = it.running("a").await;
    assert_eq!(it.sweep_streams().await, 0, "the lease has not run out");
    it.clock.advance(LEASE);
    assert_eq!(it.sweep_streams().await, 1);
    assert_eq!(it.sweep_streams().await, 0);
    for taken in [false, true] {
        if taken {
            assert_eq!(ids(&it.take("v", 9).await), [id]);
        }
        let before = it.stream(id).await;
        let story = it.story(id).await;
        let beat = StreamBeat {
            health: Some(health(it.now(), 25.0)),
            sample: true,
            notes: vec![note(it.now(), "late")],
            ..it.beat_of(id, 1, 1)
        };
        assert_eq!(it.renew(beat).await, StreamAnswer::Lost);
        assert_eq!(it.gone(id, 1).await, Fenced::Lost);
        let held = it.store.held_stream(id, 1).await;
        assert_eq!(held.expect("held_stream"), None);
        assert_eq!(it.stream(id).await, before);
        assert_eq!(it.story(id).await, story);
        assert_eq!(it.samples(id, Timestamp::from_millis(0), 9).await, []);
    }
    let held = it.store.held_stream(id, 2).await.expect("held_stream");
    assert_eq!(held, Some(it.stream(id).await));
    let lost = it.notes(id).await;
    let lost = lost.iter().find(|note| note.what == Happening::WorkerLost);
    let lost = lost.expect("it was noted");
    assert_eq!(
        (lost.attempt, lost.message.as_str()),
        (1, "worker w was lost")
    );
}

pub async fn an_attempt_that_ends_is_followed_by_one_not_before_its_time(home: &dyn Home) {
    let it = Studio::new(home).await;
    let id = it.running("a").await;
    let ready_at = it.now().after(Duration::from_secs(5));
    let (store, now) = (&it.store, it.now());
    let ending = StreamEnding::Gone {
        ready_at: Some(ready_at),
    };
    let notes = vec![note(now, "no route to it")];
    let told = store.finish_stream(id, 1, ending, notes.clone(), now).await;
    assert_eq!(told.expect("finish_stream"), Fenced::Done);
    assert_eq!(it.take("w", 9).await, []);
    assert_eq!(it.deadline().await, Some(ready_at));
    it.clock.advance(Duration::from_secs(5));
    let taken = it.take("w", 9).await;
    assert_eq!(ids(&taken), [id]);
    assert_eq!(taken[0].standing.ready_at, None);
    let story = it.notes(id).await;
    assert_eq!(story[2], notes[0]);
    assert_eq!(story[3].what, Happening::Gone);
}

pub async fn a_run_that_is_given_up_stops_unless_somebody_stopped_it_before(home: &dyn Home) {
    let it = Studio::new(home).await;
    let [given, stopped] = [it.running("a").await, it.running("b").await];
    let end = RunEnd {
        at: it.now(),
        reason: EndReason::Unfit,
        message: "the codec is not known".to_owned(),
    };
    done(it.stop(stopped).await);
    let told = it.end(given, 1, StreamEnding::Given(end.clone())).await;
    assert_eq!(told, Fenced::Done);
    let told = it.end(stopped, 1, StreamEnding::Given(end.clone())).await;
    assert_eq!(told, Fenced::Stopping);
    assert_eq!(it.stream(stopped).await.standing.ended, None);
    let standing = it.stream(given).await.standing;
    assert!(!standing.wanted && standing.held.is_none());
    assert_eq!(standing.ended, Some(end));
    assert_eq!(standing.last_stop_at, Some(it.now()));
    let story = it.notes(given).await;
    assert_eq!(story[2].what, Happening::Ended);
    assert_eq!(story[2].message, "the codec is not known");
    assert_eq!(it.take("w", 9).await, []);
    assert_eq!(done(it.start(given).await).standing.ended, None);
}

pub async fn the_newest_notes_of_a_stream_are_kept(home: &dyn Home) {
    let it = Studio::new(home).await;
    let id = it.running("a").await;
    for round in 0..12 {
        it.clock.advance(Duration::from_secs(1));
        let notes = (0..50).map(|number| {
            let at = it.now().after(Duration::from_millis(number));
            note(at, &format!("{} \0", round * 50 + number))
        });
        let beat = StreamBeat {
            notes: notes.collect(),
            ..it.beat_of(id, 1, 1)
        };
        it.renew(beat).await;
    }
    let notes = it.notes(id).await;
    assert_eq!(notes.len(), 500);
    assert_eq!(notes[0].message, "100 \u{fffd}");
    assert_eq!(notes[499].message, "599 \u{fffd}");
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = it.store.stream_notes(it.account, id, before, 70).await;
        let page = page.expect("stream_notes");
        let Some(last) = page.last() else { break };
        before = Some(last.at);
        seen.extend(page);
    }
    seen.reverse();
    assert_eq!(seen, notes);
}

pub async fn streams_are_counted_by_what_becomes_of_them(home: &dyn Home) {
    let it = Studio::new(home).await;
    assert_eq!(it.counts().await, StreamCounts::default());
    let [held, deleted] = [it.running("a").await, it.running("b").await];
    let [waits, idle] = [it.simple("c").await, it.simple("d").await];
    done(it.start(waits).await);
    done(it.stop(deleted).await);
    done(it.delete(deleted).await);
    let counts = |wanted, held, idle| StreamCounts { wanted, held, idle };
    assert_eq!(it.counts().await, counts(2, 1, 1));
    for id in [held, waits] {
        done(it.stop(id).await);
    }
    done(it.delete(idle).await);
    assert_eq!(it.counts().await, counts(0, 0, 2));
}

pub async fn streams_are_there_after_a_reopen(home: &dyn Home) {
    let it = Studio::new(home).await;
    let id = it.running("a").await;
    it.renew(StreamBeat {
        health: Some(health(it.now(), 25.0)),
        sample: true,
        ..it.beat_of(id, 1, 1)
    })
    .await;
    let (stream, notes) = (it.stream(id).await, it.notes(id).await);
    let world = it.0;
    drop(world.store);
    let store = home.open().await;
    let it = Studio(super::World { store, ..world });
    assert_eq!(it.stream(id).await, stream);
    assert_eq!(it.notes(id).await, notes);
    let to_a = it.made("b", vec![push("a")]).await;
    assert!(matches!(
        it.start(to_a).await,
        crate::StreamOutcome::PlaceTaken(_)
    ));
    let told = it.renew(it.beat_of(id, 1, 1)).await;
    assert_eq!(told, StreamAnswer::Held { revision: 1 });
}
