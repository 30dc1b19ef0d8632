//! What a cancel answers and does.

use reelgate_domain::job::{
    CancelOutcome, CancelPolicy, CancelVerdict, Event, FaultCode, JobState, Named, Selector,
    StateName, StopMode,
};
use reelgate_domain::{JobId, JobNumber};
use reelgate_testkit::account;

use super::world::{GONE, LEASE, cancelled, failed};
use super::{Home, Shape, World};
use crate::{Beat, BeatAnswer, Ending, Fenced};

const POLICIES: [CancelPolicy; 3] = [
    CancelPolicy::QueuedOnly,
    CancelPolicy::RunningOnly,
    CancelPolicy::Any,
];

const MODES: [StopMode; 2] = [StopMode::Graceful, StopMode::Now];

/// The domain judges; the store answers and writes accordingly.
pub async fn each_policy_and_mode_in_each_state(home: &dyn Home) {
    let world = World::new(home).await;
    for shape in Shape::ALL {
        for policy in POLICIES {
            for mode in MODES {
                let case = format!("{policy:?}, {mode:?} of {shape:?}");
                let job = world.shaped(shape).await;
                let outcome = world.cancel_how(job.id, policy, mode).await;
                let (id, from) = (job.id, shape.state());
                let expected = match policy.judge(&job.lifecycle, mode) {
                    CancelVerdict::CancelNow => CancelOutcome::Cancelled { id, from },
                    CancelVerdict::AskToStop => CancelOutcome::Stopping { id, from },
                    CancelVerdict::Refuse => CancelOutcome::Refused {
                        id,
                        state: shape.state(),
                        started: shape.started(),
                    },
                };
                assert_eq!(outcome, expected, "{case}");
                let event = Event::Cancel { policy, mode };
                let after = job.lifecycle.after(&event, world.now());
                let after = after.unwrap_or(job.lifecycle);
                assert_eq!(world.job(id).await.lifecycle, after, "{case}");
                let held = u64::from(after.state.lease().is_some());
                let queued = u64::from(after.state.name() == StateName::Queued);
                let load = world.load(job.pipeline).await;
                assert_eq!(load, (queued, held), "{case}");
            }
        }
    }
}

pub async fn a_cancel_may_lose_patience(home: &dyn Home) {
    let world = World::new(home).await;
    let id = world.running().await.id;
    let asked = |from| CancelOutcome::Stopping { id, from };
    let polite = world.cancel(id, CancelPolicy::Any).await;
    assert_eq!(polite, asked(StateName::Running));
    assert_eq!(
        world.beat(id, 1, 10).await,
        BeatAnswer::Stop(StopMode::Graceful)
    );
    let mut stops = world.store.hints().stops;
    stops.mark_unchanged();
    let hasty = world.cancel_how(id, CancelPolicy::Any, StopMode::Now).await;
    assert_eq!(hasty, asked(StateName::Stopping));
    assert!(
        stops.has_changed().expect("the store is open"),
        "it reaches the worker"
    );
    // A heartbeat renews the lease and leaves the mode as it is.
    for progress in [20, 30] {
        assert_eq!(
            world.beat(id, 1, progress).await,
            BeatAnswer::Stop(StopMode::Now)
        );
    }
    assert_eq!(world.load(world.pipeline).await, (0, 1));
    assert_eq!(
        world.finish(id, 1, Ending::Stopped(GONE)).await,
        Fenced::Done
    );
    assert_eq!(world.state(id).await, StateName::Cancelled);
}

pub async fn a_stop_in_a_hurry_stays_one(home: &dyn Home) {
    let world = World::new(home).await;
    let id = world.running().await.id;
    let hasty = world
        .cancel_how(id, CancelPolicy::RunningOnly, StopMode::Now)
        .await;
    let from = StateName::Running;
    assert_eq!(hasty, CancelOutcome::Stopping { id, from });
    let refused = CancelOutcome::Refused {
        id,
        state: StateName::Stopping,
        started: true,
    };
    for mode in MODES {
        let again = world.cancel_how(id, CancelPolicy::Any, mode).await;
        assert_eq!(again, refused, "{mode:?}");
    }
    assert_eq!(world.beat(id, 1, 10).await, BeatAnswer::Stop(StopMode::Now));
}

pub async fn outcomes_come_in_the_order_of_the_selector(home: &dyn Home) {
    let world = World::new(home).await;
    let running = world.running().await.id;
    let queued = world.submit_one().await;
    let unknown = world.ids.job(world.now());
    let ids = vec![unknown, queued, running, queued];
    let outcomes = world
        .store
        .cancel(
            world.account,
            Selector::ids(ids),
            CancelPolicy::QueuedOnly,
            StopMode::Graceful,
            world.now(),
            None,
        )
        .await
        .expect("cancel");
    let refused = |id, state, started| CancelOutcome::Refused { id, state, started };
    let expected = [
        CancelOutcome::Missing { index: 0 },
        cancelled(queued),
        refused(running, StateName::Running, true),
        refused(queued, StateName::Cancelled, false),
    ];
    assert_eq!(outcomes, expected);
    assert_eq!(world.claim(9).await, [], "the cancelled one never starts");
    let none = Selector::ids(vec![]);
    let none = world
        .store
        .cancel(
            world.account,
            none,
            CancelPolicy::Any,
            StopMode::Graceful,
            world.now(),
            None,
        )
        .await;
    assert_eq!(none.expect("cancel"), []);
}

pub async fn jobs_are_cancelled_by_number(home: &dyn Home) {
    let world = World::new(home).await;
    let id = world.submit_one().await;
    let number = world.job(id).await.number;
    let cancel = |owner, numbers| {
        let selector = Selector::all(Named::Numbers(numbers));
        world.store.cancel(
            owner,
            selector,
            CancelPolicy::QueuedOnly,
            StopMode::Graceful,
            world.now(),
            None,
        )
    };
    let missing = CancelOutcome::Missing { index: 0 };
    let foreign = cancel(account(2), vec![number]).await.expect("cancel");
    assert_eq!(foreign, std::slice::from_ref(&missing));
    let outcomes = cancel(world.account, vec![JobNumber(number.0 + 1000), number]).await;
    assert_eq!(outcomes.expect("cancel"), [missing, cancelled(id)]);
}

pub async fn a_cancel_stays_in_its_pipeline(home: &dyn Home) {
    let world = World::new(home).await;
    let other = world.add_pipeline("other", None).await;
    let here = world.submit_one().await;
    let there = world.fill(other, 1).await[0];
    let (here_number, there_number) = (world.job(here).await.number, world.job(there).await.number);
    let cancel = async |named: Named, pipeline| {
        let selector = Selector::all(named).within(pipeline);
        let (policy, mode) = (CancelPolicy::QueuedOnly, StopMode::Graceful);
        let (owner, now) = (world.account, world.now());
        let outcomes = world
            .store
            .cancel(owner, selector, policy, mode, now, None)
            .await;
        outcomes.expect("cancel")
    };
    let missing = |index| CancelOutcome::Missing { index };
    let unknown = world.ids.pipeline(world.now());
    let both = || Named::Ids(vec![here, there]);
    assert_eq!(cancel(both(), unknown).await, [missing(0), missing(1)]);
    let numbers = Named::Numbers(vec![there_number]);
    assert_eq!(cancel(numbers, world.pipeline).await, [missing(0)]);
    assert_eq!(cancel(both(), other).await, [missing(0), cancelled(there)]);
    let numbers = Named::Numbers(vec![here_number]);
    assert_eq!(cancel(numbers, world.pipeline).await, [cancelled(here)]);
    let refused = CancelOutcome::Refused {
        id: there,
        state: StateName::Cancelled,
        started: false,
    };
    assert_eq!(cancel(both(), other).await, [missing(0), refused]);
    let deleted = world.store.delete_pipeline(world.account, other, None);
    assert_eq!(
        deleted.await.expect("delete"),
        crate::DeletePipeline::Deleted
    );
    assert_eq!(cancel(both(), other).await, [missing(0), missing(1)]);
}

pub async fn a_job_given_back_counts_as_started(home: &dyn Home) {
    let world = World::new(home).await;
    let id = world.running().await.id;
    assert_eq!(world.finish(id, 1, Ending::GivenBack).await, Fenced::Done);
    let refused = CancelOutcome::Refused {
        id,
        state: StateName::Queued,
        started: true,
    };
    assert_eq!(world.cancel(id, CancelPolicy::QueuedOnly).await, refused);
    assert_eq!(world.cancel(id, CancelPolicy::Any).await, cancelled(id));
}

pub async fn a_cancel_after_publish_is_refused(home: &dyn Home) {
    let world = World::new(home).await;
    let id = world.running().await.id;
    assert_eq!(world.publish(id, 1).await, Fenced::Done);
    let refused = CancelOutcome::Refused {
        id,
        state: StateName::Publishing,
        started: true,
    };
    assert_eq!(world.cancel(id, CancelPolicy::Any).await, refused);
    assert_eq!(world.finish(id, 1, Ending::Succeeded).await, Fenced::Done);
    let job = world.job(id).await;
    assert_eq!(
        (job.lifecycle.state.name(), job.progress),
        (StateName::Succeeded, 100)
    );
    assert_eq!(job.results, reelgate_testkit::staged(1).results);
}

pub async fn a_stop_ends_with_the_report_or_with_the_lease(home: &dyn Home) {
    let world = World::new(home).await;
    let endings: [(Option<Ending>, Fenced); 4] = [
        (Some(Ending::Stopped(GONE)), Fenced::Done),
        (Some(failed(FaultCode::EngineFailed)), Fenced::Stopping),
        (Some(Ending::GivenBack), Fenced::Stopping),
        (None, Fenced::Done),
    ];
    for (ending, expected) in endings {
        let id = world.running().await.id;
        assert_eq!(
            world.cancel(id, CancelPolicy::Any).await,
            CancelOutcome::Stopping {
                id,
                from: StateName::Running
            }
        );
        assert_eq!(
            world.publish(id, 1).await,
            Fenced::Stopping,
            "too late to win"
        );
        let beat = Beat {
            job: id,
            attempt: 1,
            progress: 50,
        };
        let until = world.now().after(LEASE);
        let answers = world.store.renew(vec![beat], until, world.now()).await;
        assert_eq!(
            answers.expect("renew"),
            [BeatAnswer::Stop(StopMode::Graceful)]
        );
        match ending {
            Some(ending) => assert_eq!(world.finish(id, 1, ending).await, expected),
            None => {
                world.clock.advance(LEASE);
                assert_eq!(world.sweep().await, 1);
            }
        }
        let job = world.job(id).await;
        assert_eq!(
            job.lifecycle.state,
            JobState::Cancelled {
                finished_at: world.now()
            }
        );
        assert_eq!(job.results, [], "a cancelled job has no output");
        assert_eq!(world.load(world.pipeline).await, (0, 0));
    }
}

pub async fn jobs_of_another_account_are_missing(home: &dyn Home) {
    let world = World::new(home).await;
    let id: JobId = world.submit_one().await;
    let foreign = account(2);
    let selector = Selector::ids(vec![id]);
    let outcomes = world
        .store
        .cancel(
            foreign,
            selector,
            CancelPolicy::Any,
            StopMode::Graceful,
            world.now(),
            None,
        )
        .await;
    assert_eq!(
        outcomes.expect("cancel"),
        [CancelOutcome::Missing { index: 0 }]
    );
    assert_eq!(world.store.jobs(foreign, &[id]).await.expect("jobs"), []);
    assert_eq!(world.state(id).await, StateName::Queued);
}
