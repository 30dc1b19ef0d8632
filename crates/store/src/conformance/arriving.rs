//! Assets that jobs tell of more than once.

use reelgate_domain::asset::{Asset, AssetState};
use reelgate_domain::job::FaultCode;
use reelgate_testkit::staged;

use super::world::{LEASE, failed};
use super::{Home, World};
use crate::{Fenced, RetryOutcome, Work};

/// Its worker is lost between telling and the end, and whoever finishes its work tells again.
pub async fn an_asset_arrives_once_however_many_attempts_tell_of_it(home: &dyn Home) {
    let world = World::new(home).await;
    let told = world.fetched("a.mp4").await;
    let (job, jobs) = (told.job, [world.follow_up(told.id)]);
    assert_eq!(world.arrive((job, 1), &told, &jobs).await, Fenced::Done);
    world.clock.advance(LEASE);
    let claims = world.claim(9).await;
    assert_eq!(claims[0].work, Work::Publish(staged(1)));
    let attempt = claims[0].job.lifecycle.attempt;
    assert_eq!(claims[1].job.id, jobs[0].id);
    let again = world.arrive((job, attempt), &told, &jobs).await;
    assert_eq!(again, Fenced::Done);
    assert_eq!(world.load(world.pipeline).await, (0, 2));
    assert_eq!(world.asset(told.id).await, told);
}

/// Its address has led to another file since.
pub async fn an_asset_becomes_what_a_later_attempt_has_found(home: &dyn Home) {
    let world = World::new(home).await;
    let told = world.fetched("a.mp4").await;
    let (job, jobs) = (told.job, [world.follow_up(told.id)]);
    assert_eq!(world.arrive((job, 1), &told, &jobs).await, Fenced::Done);
    let lost = failed(FaultCode::SourceUnreadable);
    assert_eq!(world.finish(job, 1, lost).await, Fenced::Done);
    assert_eq!(world.retry(job).await, RetryOutcome::Queued);
    assert_eq!(world.claim_ids(9).await, [job, jobs[0].id]);
    assert_eq!(world.publish(job, 2).await, Fenced::Done);
    let mut later = Asset {
        modified_at: world.now(),
        ..told.clone()
    };
    if let AssetState::Ready { sha256, .. } = &mut later.state {
        *sha256 = Some("cd".repeat(32));
    }
    let more = [world.follow_up(told.id)];
    assert_eq!(world.arrive((job, 2), &later, &more).await, Fenced::Done);
    assert_eq!(world.asset(told.id).await, later);
    assert!(!world.is_stored(more[0].id).await);
    // What another job has found of its file since is newer.
    let newest = world.fetched("a.mp4").await;
    let arrived = world.arrive((newest.job, 1), &newest, &[]).await;
    assert_eq!(arrived, Fenced::Done);
    assert_eq!(world.arrive((job, 2), &later, &more).await, Fenced::Done);
    let is = world.asset(told.id).await;
    assert_eq!((is.job, is.state), (newest.job, newest.state));
}
