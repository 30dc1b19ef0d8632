//! What two who meet at a stream can do to each other, on two nodes where an engine can be shared.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reelgate_domain::stream::{Stream, StreamId};
use reelgate_testkit::account;
use tokio::task::JoinSet;

use super::Home;
use super::studio::{Studio, done, push};
use super::world::LEASE;
use crate::{Fenced, NewStream, StreamAnswer, StreamOutcome};

/// Long enough for a hint that comes at all.
const SOON: Duration = Duration::from_secs(60);

async fn two(home: &dyn Home) -> [Arc<Studio>; 2] {
    let one = Studio::new(home).await;
    let other = Studio(one.beside(home).await);
    [Arc::new(one), Arc::new(other)]
}

fn ids(streams: &[Stream]) -> Vec<StreamId> {
    streams.iter().map(|stream| stream.id).collect()
}

/// Of the same account and of another, each with a place of its own beside the one that all want.
pub async fn of_many_starts_at_one_place_one_is_done(home: &dyn Home) {
    let nodes = two(home).await;
    let owners = [nodes[0].account, account(9)];
    let mut streams = Vec::new();
    for number in 0..8 {
        let place = format!("own-{number}");
        let new = NewStream {
            account: owners[number % 2],
            ..nodes[0].new_stream("a", vec![push(&place), push("wanted")])
        };
        let made = done(nodes[0].create(new).await);
        streams.push((made.account, made.id));
    }
    for _ in 0..20 {
        let mut starts = JoinSet::new();
        for (number, (owner, id)) in streams.iter().copied().enumerate() {
            let node = Arc::clone(&nodes[number % 2]);
            starts.spawn(async move { (owner, id, node.start_of(owner, id).await) });
        }
        let mut winners = Vec::new();
        for (owner, id, outcome) in starts.join_all().await {
            match outcome {
                StreamOutcome::Done(_) => winners.push((owner, id)),
                StreamOutcome::PlaceTaken(place) => assert_eq!(place, push("wanted").identity()),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(winners.len(), 1, "{winners:?}");
        let (owner, id) = winners[0];
        let node = &nodes[1];
        let stopped = node.store.stop_stream(owner, id, node.now(), None).await;
        done(stopped.expect("stop_stream"));
    }
}

pub async fn no_claim_that_follows_an_answered_stop_takes_its_stream(home: &dyn Home) {
    let [stops, claims] = two(home).await;
    let id = stops.simple("a").await;
    let mut met = (0, 0);
    for round in 1..=60 {
        done(stops.start(id).await);
        let (stopped, taken) = match round % 2 {
            0 => tokio::join!(biased; stops.stop(id), claims.take("w", 9)),
            _ => {
                let (taken, stopped) = tokio::join!(biased; claims.take("w", 9), stops.stop(id));
                (stopped, taken)
            }
        };
        done(stopped);
        assert_eq!(claims.take("w", 9).await, [], "it was stopped");
        let standing = stops.stream(id).await.standing;
        assert!(!standing.wanted);
        let attempt = standing.attempt;
        if taken.is_empty() {
            met.0 += 1;
            assert_eq!(standing.held, None);
        } else {
            met.1 += 1;
            let told = claims.renew(claims.beat_of(id, attempt, round)).await;
            assert_eq!(told, StreamAnswer::Stop);
            assert_eq!(claims.gone(id, attempt).await, Fenced::Stopping);
        }
    }
    assert_eq!(met.0 + met.1, 60);
}

pub async fn claims_of_two_share_out_each_stream_once(home: &dyn Home) {
    let nodes = two(home).await;
    let mut started = Vec::new();
    for number in 0..40 {
        let id = nodes[0].simple(&format!("s-{number}")).await;
        done(nodes[0].start(id).await);
        started.push(id);
    }
    let mut claims = JoinSet::new();
    for (node, name) in [(0, "a"), (1, "b"), (0, "c"), (1, "d")] {
        let node = Arc::clone(&nodes[node]);
        claims.spawn(async move {
            let mut taken = Vec::new();
            loop {
                let more = ids(&node.take(name, 3).await);
                if more.is_empty() {
                    return taken;
                }
                taken.extend(more);
            }
        });
    }
    let mut taken: Vec<StreamId> = claims.join_all().await.concat();
    // One that passed over what another was taking may have come away with less than there was.
    taken.extend(ids(&nodes[0].take("e", 40).await));
    taken.sort();
    assert_eq!(taken, started);
}

pub async fn a_beat_and_a_sweep_agree_on_who_came_first(home: &dyn Home) {
    let [beats, sweeps] = two(home).await;
    let id = beats.running("a").await;
    let mut attempt = 1;
    for round in 0..40 {
        beats.clock.advance(LEASE);
        let beat = beats.beat_of(id, attempt, 1);
        let (told, swept) = match round % 2 {
            0 => tokio::join!(biased; beats.renew(beat), sweeps.sweep_streams()),
            _ => {
                let (swept, told) = tokio::join!(biased; sweeps.sweep_streams(), beats.renew(beat));
                (told, swept)
            }
        };
        match (told, swept) {
            (StreamAnswer::Held { .. }, 0) => {}
            (StreamAnswer::Lost, 1) => {
                assert_eq!(ids(&sweeps.take("v", 1).await), [id]);
                attempt += 1;
            }
            both => panic!("{both:?}"),
        }
    }
}

pub async fn a_stop_on_one_node_reaches_the_holder_on_the_other(home: &dyn Home) {
    let [asks, holds] = two(home).await;
    let mut hints = holds.store.hints();
    // The connection that hears of hints may still be on its way.
    let id = asks.simple("a").await;
    let mut woken = false;
    for _ in 0..100 {
        hints.work.mark_unchanged();
        done(asks.start(id).await);
        let rung = tokio::time::timeout(Duration::from_millis(200), hints.work.changed()).await;
        if rung.is_ok_and(|rung| rung.is_ok()) {
            woken = true;
            break;
        }
        done(asks.stop(id).await);
    }
    assert!(woken, "nobody told of the start");
    assert_eq!(ids(&holds.take("w", 9).await), [id]);
    hints.stops.mark_unchanged();
    done(asks.stop(id).await);
    let rung = tokio::time::timeout(SOON, hints.stops.changed()).await;
    assert!(rung.is_ok_and(|rung| rung.is_ok()), "nobody told of it");
    let attempt = holds.stream(id).await.standing.attempt;
    let told = holds.renew(holds.beat_of(id, attempt, 1)).await;
    assert_eq!(told, StreamAnswer::Stop);
}

/// Many who start, stop, change, take, renew, end and sweep: nobody is ever told that it holds a stream which
/// another was told it holds, and no place has two streams.
pub async fn no_stream_is_ever_held_twice_under_traffic(home: &dyn Home) {
    let nodes = two(home).await;
    let mut streams = Vec::new();
    for number in 0..6 {
        // Two at each place.
        let place = format!("p-{}", number / 2);
        streams.push(nodes[0].made("s", vec![push(&place)]).await);
    }
    let mut callers = JoinSet::new();
    for caller in 0..4_usize {
        let node = Arc::clone(&nodes[caller % 2]);
        let streams = streams.clone();
        callers.spawn(async move {
            let name = format!("w{caller}");
            let mut held: BTreeMap<StreamId, u32> = BTreeMap::new();
            let mut claims = Vec::new();
            for step in 0..120_usize {
                let id = streams[(step * 7 + caller * 3) % streams.len()];
                match (step + caller) % 6 {
                    0 => drop(node.start(id).await),
                    1 => drop(node.stop(id).await),
                    2 | 3 => {
                        for stream in node.take(&name, 2).await {
                            claims.push((stream.id, stream.standing.attempt));
                            held.insert(stream.id, stream.standing.attempt);
                        }
                    }
                    4 => {
                        let Some((id, attempt)) = held.pop_first() else {
                            continue;
                        };
                        let told = node.renew(node.beat_of(id, attempt, 1)).await;
                        assert_ne!(told, StreamAnswer::Lost, "no lease has run out");
                        let ended = node.gone(id, attempt).await;
                        assert_ne!(ended, Fenced::Lost, "no lease has run out");
                    }
                    _ => {
                        node.sweep_streams().await;
                    }
                }
            }
            claims
        });
    }
    let mut claims = callers.join_all().await.concat();
    assert!(claims.len() > 10, "they did not meet: {}", claims.len());
    let all = claims.len();
    claims.sort();
    claims.dedup();
    assert_eq!(claims.len(), all, "two were told of one attempt");
    let mut publishing = BTreeMap::new();
    for (number, id) in streams.iter().enumerate() {
        let standing = nodes[0].stream(*id).await.standing;
        if standing.wanted || standing.held.is_some() {
            let other = publishing.insert(number / 2, *id);
            assert_eq!(other, None, "two publish to one place");
        }
    }
}
