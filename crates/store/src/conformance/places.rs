//! Places that live streams publish to: each is of one stream at a time.

use reelgate_domain::stream::{Standing, StreamAddress, StreamTarget};
use reelgate_testkit::account;

use super::Home;
use super::studio::{Studio, done, plan_of, push, recording, spec_to, taken};
use super::world::LEASE;
use crate::{Fenced, StreamChange};

pub async fn a_place_is_of_one_stream_whoever_wants_it(home: &dyn Home) {
    let it = Studio::new(home).await;
    let stranger = account(9);
    let first = it.simple("a").await;
    // The key is no part of the place.
    let address = "rtmp://OUT.example:1935/app/a/?key=other";
    let same = StreamTarget::Push {
        address: StreamAddress::new(address).expect("an address"),
    };
    let second = it.made_for(stranger, vec![push("free"), same]).await;
    done(it.start(first).await);
    let refused = it.start_of(stranger, second).await;
    assert_eq!(refused, taken(&push("a")));
    let found = it.store.stream(stranger, second).await.expect("stream");
    assert_eq!(found.expect("it exists").standing, Standing::new());
    // It took none of its other places.
    let third = it.simple("free").await;
    done(it.start(third).await);
    done(it.stop(third).await);
    // Nobody holds the first: its place comes free with the stop.
    done(it.stop(first).await);
    done(it.start_of(stranger, second).await);
    assert_eq!(it.start(first).await, taken(&push("a")));
}

pub async fn a_place_in_a_bucket_is_one_of_its_account(home: &dyn Home) {
    let it = Studio::new(home).await;
    let stranger = account(9);
    let mine = it.made("a", vec![recording("films")]).await;
    let mine_too = it.made("b", vec![recording("films")]).await;
    let theirs = it.made_for(stranger, vec![recording("films")]).await;
    done(it.start(mine).await);
    done(it.start_of(stranger, theirs).await);
    assert_eq!(it.start(mine_too).await, taken(&recording("films")));
}

pub async fn places_stay_taken_until_the_processes_are_gone(home: &dyn Home) {
    let it = Studio::new(home).await;
    let first = it.running("a").await;
    let second = it.made("b", vec![push("a")]).await;
    done(it.stop(first).await);
    assert_eq!(it.start(second).await, taken(&push("a")));
    // It may start again itself, and publish elsewhere too.
    let change = StreamChange {
        spec: Some(spec_to(vec![push("c")])),
        ..StreamChange::default()
    };
    done(it.change(first, change).await);
    done(it.start(first).await);
    assert_eq!(it.start(second).await, taken(&push("a")));
    assert_eq!(it.gone(first, 1).await, Fenced::Stopping);
    done(it.start(second).await);
    let to_c = it.made("d", vec![push("c")]).await;
    assert_eq!(it.start(to_c).await, taken(&push("c")));
    // A lease that has run out lets go as well.
    assert_eq!(it.take("w", 9).await.len(), 2);
    done(it.stop(first).await);
    it.clock.advance(LEASE);
    assert_eq!(it.start(to_c).await, taken(&push("c")));
    assert_eq!(it.sweep_streams().await, 2);
    done(it.start(to_c).await);
    let to_a = it.made("e", vec![push("a")]).await;
    assert_eq!(it.start(to_a).await, taken(&push("a")));
}

pub async fn a_change_takes_places_at_once_and_frees_them_with_the_processes(home: &dyn Home) {
    let it = Studio::new(home).await;
    let first = it.running("a").await;
    let to_a = it.made("b", vec![push("a")]).await;
    let to_c = it.made("c", vec![push("c")]).await;
    let moved = |place: &str, revision| {
        let spec = spec_to(vec![push(place)]);
        StreamChange {
            plan: Some(plan_of(&spec, revision)),
            spec: Some(spec),
            ..StreamChange::default()
        }
    };
    done(it.start(to_c).await);
    let before = it.stream(first).await;
    let refused = it.change(first, moved("c", 2)).await;
    assert_eq!(refused, taken(&push("c")));
    assert_eq!(it.stream(first).await, before);
    done(it.change(first, moved("d", 2)).await);
    let to_d = it.made("d", vec![push("d")]).await;
    for (id, place) in [(to_a, "a"), (to_d, "d")] {
        assert_eq!(it.start(id).await, taken(&push(place)));
    }
    // A beat of the old plan's processes frees nothing, and neither does one of a plan that is to come.
    it.renew(it.beat_of(first, 1, 1)).await;
    assert_eq!(it.start(to_a).await, taken(&push("a")));
    it.renew(it.beat_of(first, 1, 2)).await;
    done(it.start(to_a).await);
    assert_eq!(it.start(to_d).await, taken(&push("d")));
    // Of a stream that nobody holds nothing publishes.
    let waiting = it.simple("e").await;
    done(it.start(waiting).await);
    done(it.change(waiting, moved("f", 2)).await);
    let to_e = it.made("g", vec![push("e")]).await;
    done(it.start(to_e).await);
}
