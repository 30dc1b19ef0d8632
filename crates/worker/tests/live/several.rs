//! Several workers of a cluster.

use std::sync::Arc;
use std::time::Duration;

use reelgate_domain::WorkerId;
use reelgate_domain::node::ClusterName;
use reelgate_domain::stream::{Activity, Happening};
use reelgate_worker::live::{LiveConfig, LiveSweeper};

use crate::house::{House, hls, is, recording};
use crate::source::Source;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_shuts_down_hands_its_streams_over_at_once() {
    let (house, source) = (House::new().await, Source::start());
    let first = house.worker("first");
    let id = house
        .started(&source.address(), &[hls(0), recording()])
        .await;
    house.live_after(id, 0).await;
    let second = house.worker("second");
    first.shut_down().await;
    let taken = house.live_after(id, 1).await;
    assert_eq!(taken.standing.attempt, 2);
    let holder = taken.standing.held.unwrap().lease.worker;
    assert_eq!(holder.0, "second");
    let playlist = house.bucket().join("live/show.m3u8");
    house
        .comes("the playlist goes on where it was", || {
            let text = std::fs::read_to_string(&playlist).unwrap_or_default();
            text.contains("#EXT-X-DISCONTINUITY\n") && !text.contains("ENDLIST")
        })
        .await;
    let notes = house
        .store
        .stream_notes(house.account(), id, None, 100)
        .await;
    let notes = notes.unwrap();
    assert!(
        notes.iter().all(|it| it.what != Happening::WorkerLost),
        "{notes:?}"
    );
    house.stop(id).await;
    house.let_go(id).await;
    second.shut_down().await;
    let recorded = house.bucket().join("recordings");
    assert_eq!(std::fs::read_dir(recorded).unwrap().count(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_drains_hands_over_and_takes_streams_again_later() {
    let (house, source) = (House::new().await, Source::start());
    let worker = house.worker("one");
    let id = house.started(&source.address(), &[recording()]).await;
    house.live_after(id, 0).await;
    worker.overview().set_draining(true);
    let free = house.let_go(id).await;
    assert!(free.standing.wanted);
    worker.overview().set_draining(false);
    house.live_after(id, 1).await;
    house.stop(id).await;
    house.let_go(id).await;
    worker.shut_down().await;
}

/// One whose worker is killed is taken when its lease has run out, and not before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_a_killed_worker_is_taken_when_its_lease_has_run_out() {
    let (house, source) = (House::new().await, Source::start());
    let first = house.worker_with("first", |config| {
        config.lease = Duration::from_secs(6);
    });
    let id = house.started(&source.address(), &[hls(0)]).await;
    house.live_after(id, 0).await;
    first.kill().await;
    let killed = house.stream(id).await;
    let until = killed.standing.held.unwrap().lease.until;
    let second = house.worker("second");
    let taken = house.live_after(id, 1).await;
    let notes = house
        .store
        .stream_notes(house.account(), id, None, 100)
        .await;
    let notes = notes.unwrap();
    let again = notes
        .iter()
        .find(|it| it.what == Happening::Taken && it.attempt == 2);
    assert!(again.unwrap().at >= until, "{notes:?}");
    assert!(is(&taken, Activity::Live));
    house.stop(id).await;
    house.let_go(id).await;
    second.shut_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_run_on_their_own_cluster_only_and_no_more_than_may() {
    let (house, source) = (House::new().await, Source::start());
    let elsewhere = house.worker_with("elsewhere", |config| {
        config.cluster = "east".parse().unwrap();
    });
    let id = house.started(&source.address(), &[recording()]).await;
    let one = house.worker_with("one", |config| config.streams = 1);
    house.live_after(id, 0).await;
    let other = house.started(&source.address(), &[hls(3)]).await;
    house.stop(id).await;
    let taken = house.live_after(other, 0).await;
    assert_eq!(taken.standing.held.unwrap().lease.worker.0, "one");
    assert_eq!(elsewhere.overview().taken(), 0);
    house.stop(other).await;
    house.let_go(other).await;
    one.shut_down().await;
    elsewhere.shut_down().await;
}

/// A server that runs no streams has nobody else to do it when their last worker is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_without_workers_is_let_go_of_by_a_node_that_runs_none() {
    let (house, source) = (House::new().await, Source::start());
    let worker = house.worker_with("one", |config| config.lease = Duration::from_secs(6));
    let id = house.started(&source.address(), &[recording()]).await;
    house.live_after(id, 0).await;
    worker.kill().await;
    drop(worker);
    house.stop(id).await;
    assert!(house.stream(id).await.standing.held.is_some());
    let name = WorkerId("none".to_owned());
    let config = LiveConfig::new(name, ClusterName::default(), house.folder("none"));
    let (store, clock) = (Arc::clone(&house.store), Arc::clone(&house.tools.clock));
    let _sweeper = LiveSweeper::start(&config, store, clock);
    let free = house.let_go(id).await;
    assert!(!free.standing.wanted);
}
