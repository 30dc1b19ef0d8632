//! Listing jobs, page by page.

use std::time::Duration;

use reelgate_domain::job::{Job, StateName};
use reelgate_domain::node::Kinds;
use reelgate_domain::{JobId, JobNumber};
use reelgate_testkit::account;

use super::{Home, Shape, World};
use crate::JobFilter;

async fn list(world: &World, filter: &JobFilter, limit: u32) -> Vec<JobId> {
    let jobs = world
        .store
        .list_jobs(world.account, filter.clone(), limit)
        .await
        .expect("list");
    jobs.into_iter().map(|job| job.id).collect()
}

pub async fn pages_follow_each_other_without_gaps(home: &dyn Home) {
    let world = World::new(home).await;
    let other = world.add_pipeline("other", None).await;
    let mut ids = Vec::new();
    for index in 0..25 {
        ids.extend(
            world
                .fill(
                    if index % 3 == 0 {
                        other
                    } else {
                        world.pipeline
                    },
                    1,
                )
                .await,
        );
        world.clock.advance(Duration::from_millis(index % 2));
    }
    world.claim(7).await;
    ids.reverse();
    for states in [vec![], vec![StateName::Queued, StateName::Running]] {
        for size in [1, 4, 25, 100] {
            let mut filter = JobFilter {
                states: states.clone(),
                ..JobFilter::default()
            };
            let mut seen = Vec::new();
            loop {
                let page = list(&world, &filter, size).await;
                assert!(page.len() <= size as usize);
                filter.before = page.last().copied();
                if page.is_empty() {
                    break;
                }
                seen.extend(page);
            }
            assert_eq!(seen, ids, "pages of {size}");
        }
    }
    assert_eq!(list(&world, &JobFilter::default(), 0).await, []);
}

/// Every filter against the same filter over all jobs, in plain code.
pub async fn every_combination_of_filters_agrees_with_a_plain_filter(home: &dyn Home) {
    let world = World::new(home).await;
    let mut all = Vec::new();
    let mut times = vec![None];
    for _ in 0..2 {
        for shape in Shape::ALL {
            all.push(world.shaped(shape).await);
            times.push(Some(world.clock.advance(Duration::from_millis(3))));
        }
    }
    let mut pipelines = vec![None, Some(world.ids.pipeline(world.now()))];
    pipelines.extend(all.iter().step_by(4).map(|job| Some(job.pipeline)));
    let mut states: Vec<Vec<StateName>> = vec![vec![], StateName::ALL.to_vec()];
    states.extend(StateName::ALL.map(|state| vec![state]));
    states.push(vec![
        StateName::Queued,
        StateName::Failed,
        StateName::Cancelled,
    ]);
    all.sort_unstable_by_key(|job| std::cmp::Reverse(job.id));
    let mut turn = 0;
    for states in &states {
        for started in [None, Some(false), Some(true)] {
            for pipeline in &pipelines {
                // The bounds and pages take turns: all of them with each would be too many.
                turn += 1;
                let filter = JobFilter {
                    kinds: Kinds::ALL,
                    states: states.clone(),
                    started,
                    pipeline: *pipeline,
                    created_from: times[turn % 7],
                    created_to: times[(turn % 5) * 4].or(times[turn % 3 + 15]),
                    before: (turn % 4 == 0).then(|| all[turn % all.len()].id),
                };
                let limit = [100, 3][turn % 2];
                let expected: Vec<_> = all.iter().filter(|job| matches(&filter, job)).collect();
                let expected = expected.iter().take(limit as usize).map(|job| job.id);
                let found = list(&world, &filter, limit).await;
                assert_eq!(found, expected.collect::<Vec<_>>(), "{filter:?}");
                check_places(&world, &filter, &all).await;
            }
        }
    }
}

/// The same by places, and by a count that ends early or does not.
async fn check_places(world: &World, filter: &JobFilter, all: &[Job]) {
    let expected: Vec<JobId> = all
        .iter()
        .filter(|job| matches(filter, job))
        .map(|job| job.id)
        .collect();
    let (store, owner) = (&world.store, world.account);
    for place in [0, 1, 4, expected.len().saturating_sub(1), expected.len()] {
        let found = store.job_at(owner, filter.clone(), place as u64).await;
        let found = found.expect("job_at");
        assert_eq!(found, expected.get(place).copied(), "{place} of {filter:?}");
    }
    let matching = expected.len() as u64;
    for most in [0, 1, 3, matching, matching + 1] {
        let counted = store.count_jobs(owner, filter.clone(), most).await;
        let counted = counted.expect("count_jobs");
        assert_eq!(counted, matching.min(most), "{most} of {filter:?}");
    }
}

pub async fn jobs_are_found_by_their_numbers(home: &dyn Home) {
    let world = World::new(home).await;
    let ids = world.fill(world.pipeline, 3).await;
    let mut numbers = Vec::new();
    for id in &ids {
        numbers.push(world.job(*id).await.number);
    }
    let unknown = JobNumber(numbers[2].0 + 1000);
    let asked = [numbers[1], unknown, numbers[2], numbers[1]];
    let found = async |owner| {
        let jobs = world.store.jobs_numbered(owner, &asked).await;
        let jobs = jobs.expect("jobs_numbered").into_iter();
        jobs.map(|job| job.id).collect::<Vec<_>>()
    };
    assert_eq!(found(world.account).await, [ids[2], ids[1]]);
    assert_eq!(found(account(2)).await, []);
}

fn matches(filter: &JobFilter, job: &Job) -> bool {
    let state = job.lifecycle.state.name();
    (filter.states.is_empty() || filter.states.contains(&state))
        && filter
            .started
            .is_none_or(|started| started == job.lifecycle.has_started())
        && filter
            .pipeline
            .is_none_or(|pipeline| pipeline == job.pipeline)
        && filter
            .created_from
            .is_none_or(|from| from <= job.created_at)
        && filter.created_to.is_none_or(|to| job.created_at <= to)
        && filter.before.is_none_or(|before| job.id < before)
}

pub async fn jobs_of_another_account_are_not_listed(home: &dyn Home) {
    let world = World::new(home).await;
    world.submit_one().await;
    let pipeline = Some(world.pipeline);
    let filters = [
        JobFilter::default(),
        JobFilter {
            states: vec![StateName::Queued],
            ..JobFilter::default()
        },
        JobFilter {
            pipeline,
            ..JobFilter::default()
        },
    ];
    for filter in filters {
        let found = world
            .store
            .list_jobs(account(2), filter.clone(), 10)
            .await
            .expect("list");
        assert_eq!(found, [], "{filter:?}");
    }
}
