//! What goes wrong from outside, one thing after the other.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::life::Life;
use crate::node::Node;
use crate::plan::{FARTHEST_AHEAD_MS, LEASE, Trouble};
use crate::world::World;

/// Makes trouble until nobody wants it any more.
pub(crate) async fn make(world: Arc<World>, nodes: Vec<Arc<Node>>) {
    let plan = &world.plan;
    if plan.troubles.is_empty() {
        return;
    }
    loop {
        let pause = world.dice(|dice| dice.within(1, plan.trouble_every_ms));
        sleep(Duration::from_millis(pause)).await;
        if !world.is_turmoil() {
            return;
        }
        // Mostly where something runs.
        let busy = busy(&world, &nodes);
        let (trouble, node, span) = world.dice(|dice| {
            let trouble = dice.pick(&plan.troubles);
            let node = match &busy[..] {
                [_, ..] if dice.below(3) > 0 => dice.pick(&busy),
                _ => dice.below(nodes.len() as u64) as usize,
            };
            // Sometimes past a lease, sometimes past several.
            let most = dice.pick(&[LEASE / 4, LEASE, LEASE * 3, LEASE * 4]);
            let span = dice.within(1, most.as_millis() as u64);
            (trouble, node, Duration::from_millis(span))
        });
        strike(&world, &nodes[node], node, trouble, span);
    }
}

/// Lets a process that stands still go on as soon as another one has its work.
async fn wake_in_the_wrong_moment(world: Arc<World>, life: Arc<Life>, span: Duration) {
    let held: Vec<_> = {
        let record = world.record();
        let held = record.rows.jobs.iter().filter(|job| {
            let lease = job.lifecycle.state.lease();
            lease.is_some_and(|lease| lease.worker.0 == life.name)
        });
        held.map(|job| job.id).collect()
    };
    let deadline = Instant::now() + span;
    while Instant::now() < deadline {
        sleep(Duration::from_millis(200)).await;
        let is_taken = world.record().rows.jobs.iter().any(|job| {
            let lease = job.lifecycle.state.lease();
            held.contains(&job.id) && lease.is_some_and(|lease| lease.worker.0 != life.name)
        });
        if is_taken {
            let pause = world.dice(|dice| dice.within(0, 2000));
            sleep(Duration::from_millis(pause)).await;
            life.thaw();
            return;
        }
    }
}

/// The nodes whose processes run.
fn busy(world: &World, nodes: &[Arc<Node>]) -> Vec<usize> {
    let storage = world.storage();
    let lives: Vec<&str> = storage
        .processes
        .values()
        .map(|(life, _)| life.as_str())
        .collect();
    let of = |node: &Arc<Node>| {
        node.life()
            .is_some_and(|life| lives.contains(&life.name.as_str()))
    };
    let nodes = nodes.iter().enumerate().filter(|(_, node)| of(node));
    nodes.map(|(number, _)| number).collect()
}

fn strike(world: &Arc<World>, node: &Arc<Node>, number: usize, trouble: Trouble, span: Duration) {
    let ms = span.as_millis();
    match trouble {
        Trouble::Crash => node.crash(),
        Trouble::Drain => {
            let node = Arc::clone(node);
            // Half of them have little patience.
            let grace = if ms.is_multiple_of(2) {
                span
            } else {
                Duration::ZERO
            };
            tokio::spawn(async move { node.drain(grace).await });
        }
        Trouble::Freeze => {
            world.note(|| format!("n{number} stands still for {ms} ms"));
            if let Some(life) = node.life() {
                life.freeze(span);
                if ms.is_multiple_of(2) {
                    tokio::spawn(wake_in_the_wrong_moment(Arc::clone(world), life, span));
                }
            }
        }
        Trouble::Partition => {
            world.note(|| format!("n{number} is cut off for {ms} ms"));
            if let Some(life) = node.life() {
                life.cut_off(span);
            }
        }
        Trouble::StoreAway => {
            world.note(|| format!("the store is away for {ms} ms"));
            world.take_store_away(span);
        }
        Trouble::BucketAway => {
            world.note(|| format!("the bucket is away for {ms} ms"));
            world.take_bucket_away(span);
        }
        Trouble::ClockStep => {
            let farthest = FARTHEST_AHEAD_MS as u64;
            let ahead = world.dice(|dice| dice.within(0, 2 * farthest)) as i64 - FARTHEST_AHEAD_MS;
            world.note(|| format!("the clock of n{number} is off by {ahead} ms"));
            node.set_clock(ahead);
        }
    }
}
