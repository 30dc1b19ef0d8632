//! Calls with a key that their caller chose: made once, and answered again by what was noted of them.

use std::sync::Arc;
use std::time::Duration;

use reelgate_domain::access::{Made, Note, Once};
use reelgate_domain::job::StateName;
use reelgate_domain::node::{Cluster, ClusterName};
use reelgate_domain::{BucketName, JobId, PipelineId, Place};
use reelgate_testkit::FixedClock;
use tokio::task::JoinSet;

use super::tenants::pipeline;
use super::{Home, World};
use crate::{Bucket, JobFilter, Result, RetryOutcome, StoreError, SubmitOutcome};

const DAY: Duration = Duration::from_hours(24);
/// How many make the same call at once.
const CALLERS: u64 = 16;

/// A call of its own for each number, which asks for something of its own and makes this.
pub(super) fn keyed(number: u8, made: impl std::fmt::Display) -> Once {
    let note = Note {
        request: [number.wrapping_add(100); 16],
        made: Made::NOTHING,
    };
    let call = Once {
        hash: [number; 16],
        until: FixedClock::START.after(DAY),
        note: Some(note),
    };
    call.makes(made)
}

fn is_replayed<T>(outcome: &Result<T>) -> bool {
    matches!(outcome, Err(StoreError::Replayed))
}

/// What the call made, as it was noted; none if it was not made.
pub(super) async fn made(world: &World, call: Once) -> Option<String> {
    let noted = world.store.noted(call.hash).await.expect("noted")?;
    assert_eq!(Some(noted.request), call.note.map(|note| note.request));
    Some(noted.made.as_str().to_owned())
}

/// Submits a new job by this call.
pub(super) async fn submit(world: &World, number: u8) -> (JobId, Result<SubmitOutcome>) {
    let job = world.new_job().build();
    let id = job.id;
    let outcome = world.store.submit(vec![job], Some(keyed(number, id))).await;
    (id, outcome)
}

async fn jobs(world: &World) -> Vec<JobId> {
    let listed = world
        .store
        .list_jobs(world.account, JobFilter::default(), 99);
    let listed = listed.await.expect("list");
    listed.iter().map(|job| job.id).collect()
}

pub async fn a_keyed_call_is_made_once_and_noted_with_what_it_made(home: &dyn Home) {
    let world = World::new(home).await;
    let call = keyed(1, "");
    assert_eq!(made(&world, call).await, None);
    let (first, outcome) = submit(&world, 1).await;
    assert!(
        matches!(outcome, Ok(SubmitOutcome::Accepted(_))),
        "{outcome:?}"
    );
    let (_, again) = submit(&world, 1).await;
    assert!(is_replayed(&again), "{again:?}");
    assert_eq!(jobs(&world).await, [first]);
    assert_eq!(made(&world, call).await, Some(first.to_string()));

    let longest = "x".repeat(Made::MOST_BYTES);
    let done = world.store.use_once(keyed(2, &longest)).await;
    done.expect("use_once");
    assert_eq!(made(&world, keyed(2, "")).await, Some(longest));
    assert_eq!(made(&world, keyed(3, "")).await, None);
}

pub async fn a_signed_call_is_not_noted(home: &dyn Home) {
    let world = World::new(home).await;
    let signed = Once {
        note: None,
        ..keyed(1, "")
    };
    world.store.use_once(signed).await.expect("use_once");
    assert_eq!(world.store.noted(signed.hash).await.expect("noted"), None);
    // Nor do the two meet, whatever their hashes.
    world.store.use_once(keyed(1, "a")).await.expect("use_once");
}

pub async fn a_refused_keyed_call_can_be_made_once_nothing_stands_against_it(home: &dyn Home) {
    let world = World::new(home).await;
    let (store, account) = (&world.store, world.account);
    let unknown = PipelineId::from_bytes([9; 16]);
    let stray = world.new_job_in(unknown).build();
    let refused = store
        .submit(vec![stray.clone()], Some(keyed(1, stray.id)))
        .await;
    assert!(
        matches!(refused, Ok(SubmitOutcome::PipelineMissing(_))),
        "{refused:?}"
    );
    assert_eq!(made(&world, keyed(1, "")).await, None);
    let (job, accepted) = submit(&world, 1).await;
    assert!(accepted.is_ok(), "{accepted:?}");
    assert_eq!(made(&world, keyed(1, "")).await, Some(job.to_string()));

    let retry = async || {
        let outcome = store
            .retry(account, job, world.now(), Some(keyed(2, job)))
            .await;
        outcome.expect("retry")
    };
    assert_eq!(retry().await, RetryOutcome::Refused(StateName::Queued));
    assert_eq!(made(&world, keyed(2, "")).await, None);

    let bucket = |name: &str| Bucket {
        account,
        name: BucketName::new(name).expect("a name"),
        place: Place::Directory("/srv/films".into()),
        created_at: world.now(),
    };
    let create = |name, number| store.create_bucket(bucket(name), Some(keyed(number, name)));
    assert!(create("films", 3).await.expect("create"));
    assert!(!create("films", 4).await.expect("create"));
    assert!(create("clips", 4).await.expect("create"));
    let again = create("clips", 4).await;
    assert!(is_replayed(&again), "{again:?}");
    assert_eq!(made(&world, keyed(4, "")).await, Some("clips".to_owned()));
}

pub async fn a_keyed_call_that_fails_can_be_made_again(home: &dyn Home) {
    let world = World::new(home).await;
    let taken = world.new_job().build();
    let first = world.store.submit(vec![taken.clone()], None).await;
    first.expect("submit");
    let failed = world.store.submit(vec![taken.clone()], Some(keyed(1, "")));
    assert!(failed.await.is_err());
    assert_eq!(made(&world, keyed(1, "")).await, None);
    let (job, accepted) = submit(&world, 1).await;
    assert!(accepted.is_ok(), "{accepted:?}");
    assert_eq!(made(&world, keyed(1, "")).await, Some(job.to_string()));
}

/// One of all that ask at once makes its job, and all others are told which.
pub async fn of_many_keyed_calls_at_once_one_is_made(home: &dyn Home) {
    let world = Arc::new(World::new(home).await);
    one_is_made(&[world]).await;
}

/// The worlds are nodes of one store.
pub(super) async fn one_is_made(nodes: &[Arc<World>]) {
    for number in 1..=9 {
        let mut calls = JoinSet::new();
        for caller in 0..CALLERS {
            let world = Arc::clone(&nodes[caller as usize % nodes.len()]);
            calls.spawn(async move {
                let (id, outcome) = submit(&world, number).await;
                // Whoever is refused knows at once what the winner has made.
                (id, outcome.map(drop), made(&world, keyed(number, "")).await)
            });
        }
        let outcomes = calls.join_all().await;
        let won = outcomes.iter().filter(|(_, outcome, _)| outcome.is_ok());
        let won: Vec<_> = won.map(|(id, ..)| id.to_string()).collect();
        assert_eq!(won.len(), 1, "{outcomes:?}");
        for (_, outcome, noted) in &outcomes {
            assert!(outcome.is_ok() || is_replayed(outcome), "{outcome:?}");
            assert_eq!(noted.as_ref(), Some(&won[0]));
        }
        assert_eq!(jobs(&nodes[0]).await.len(), usize::from(number));
    }
}

pub async fn a_keyed_call_stays_noted_after_a_reopen(home: &dyn Home) {
    let world = World::new(home).await;
    let (first, accepted) = submit(&world, 1).await;
    accepted.expect("submit");
    let World {
        store,
        clock,
        ids,
        account,
        pipeline,
    } = world;
    drop(store);
    let world = World {
        store: home.open().await,
        clock,
        ids,
        account,
        pipeline,
    };
    let (_, again) = submit(&world, 1).await;
    assert!(is_replayed(&again), "{again:?}");
    assert_eq!(made(&world, keyed(1, "")).await, Some(first.to_string()));
    assert_eq!(jobs(&world).await, [first]);
}

pub async fn whatever_is_made_by_a_keyed_call_is_made_once(home: &dyn Home) {
    let world = World::new(home).await;
    let (store, account) = (&world.store, world.account);
    let new = pipeline(account, "films", &world.ids, world.now());
    let create = || store.create_pipeline(new.clone(), Some(keyed(1, new.id)));
    create().await.expect("create");
    assert!(is_replayed(&create().await));
    let cluster = || Cluster {
        name: ClusterName::new("east").expect("a name"),
        created_at: world.now(),
    };
    let create = || store.create_cluster(cluster(), Some(keyed(2, "east")));
    assert!(create().await.expect("create"));
    assert!(is_replayed(&create().await));
    for (number, what) in [(1, new.id.to_string()), (2, "east".to_owned())] {
        assert_eq!(made(&world, keyed(number, "")).await, Some(what));
    }
}

pub async fn old_keyed_calls_are_forgotten_step_by_step(home: &dyn Home) {
    let world = World::new(home).await;
    for number in 0..50 {
        let until = world.now().after(match number % 2 {
            0 => Duration::from_secs(1),
            _ => DAY,
        });
        let call = Once {
            until,
            ..keyed(number, number)
        };
        world.store.use_once(call).await.expect("use_once");
    }
    let step = async |seconds| {
        let now = world.now().after(Duration::from_secs(seconds));
        world.store.prune(now, world.now(), 7).await.expect("prune")
    };
    while step(0).await {}
    assert!(made(&world, keyed(0, "")).await.is_some());
    let mut steps = 1;
    while step(1).await {
        steps += 1;
    }
    assert!(steps >= 25 / 7, "{steps} steps for what one may not do");
    for number in 0..50 {
        let noted = made(&world, keyed(number, "")).await;
        assert_eq!(noted.is_some(), number % 2 == 1, "{number}");
    }
}
