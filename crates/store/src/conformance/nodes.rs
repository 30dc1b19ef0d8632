//! Who shares the store: nodes that come, live, drain and go, and the clusters they stand in.

use std::time::Duration;

use reelgate_domain::WorkerId;
use reelgate_domain::job::JobKind;
use reelgate_domain::node::{Cluster, ClusterName, Kinds, Node, NodeName, NodeState, Trouble};
use reelgate_testkit::worker;

use super::world::LEASE;
use super::{Home, World};
use crate::{DeleteCluster, Join, Sign, Told};

fn node(world: &World, id: &str) -> Node {
    Node {
        id: WorkerId(id.to_owned()),
        name: NodeName::new("machine").expect("it is one"),
        home: format!("home of {id}"),
        serves: id.starts_with("server"),
        cluster: None,
        kinds: Kinds::ALL,
        slots: 2,
        version: "1.2.3".to_owned(),
        master_keys: vec!["new".to_owned(), "old".to_owned()],
        shared_buckets: Some("a directory".to_owned()),
        started_at: world.now(),
    }
}

fn cluster(name: &str) -> ClusterName {
    ClusterName::new(name).expect("it is one")
}

/// Joins and tells who was there.
async fn join(world: &World, node: Node) -> Vec<String> {
    match world.store.join(node, world.now()).await.expect("join") {
        Join::Joined(others) => others.into_iter().map(|it| it.node.id.0).collect(),
        Join::ClusterMissing => panic!("the cluster is missing"),
    }
}

async fn beat(world: &World, id: &str, sign: Sign) -> Option<Told> {
    let id = WorkerId(id.to_owned());
    world
        .store
        .beat(&id, sign, world.now())
        .await
        .expect("beat")
}

async fn nodes(world: &World) -> Vec<NodeState> {
    world.store.nodes().await.expect("nodes")
}

pub async fn a_node_reads_back_as_it_joined(home: &dyn Home) {
    let world = World::new(home).await;
    let name = cluster("east");
    let created_at = world.now();
    let made = Cluster { name, created_at };
    assert!(
        world
            .store
            .create_cluster(made, None)
            .await
            .expect("cluster")
    );
    let node = Node {
        cluster: Some(cluster("east")),
        kinds: Kinds::NONE.and(JobKind::Transcode),
        ..node(&world, "server-1")
    };
    assert_eq!(join(&world, node.clone()).await, [""; 0]);
    let at = world.now();
    let trouble = Some(Trouble {
        at,
        message: "the disk is full".to_owned(),
    });
    let sign = Sign {
        taken: 1,
        trouble: trouble.clone(),
    };
    let told = beat(&world, "server-1", sign).await;
    let alone = Told {
        draining: false,
        live: 1,
        serving: 1,
        is_first: true,
    };
    assert_eq!(told, Some(alone));
    let found = nodes(&world).await;
    assert_eq!(found.len(), 1);
    let NodeState {
        node: read,
        taken,
        trouble: told,
        draining,
        seen_at,
        leases,
    } = &found[0];
    assert_eq!(read.kinds.words(), node.kinds.words());
    let read = Node {
        kinds: node.kinds,
        ..read.clone()
    };
    assert_eq!(read, node);
    assert_eq!((*taken, told), (1, &trouble));
    assert_eq!((*draining, *seen_at, *leases), (false, at, 0));
}

pub async fn a_node_that_joins_is_told_who_lives(home: &dyn Home) {
    let world = World::new(home).await;
    assert_eq!(join(&world, node(&world, "worker-1")).await, [""; 0]);
    world.clock.advance(Duration::from_secs(10));
    assert_eq!(join(&world, node(&world, "server-2")).await, ["worker-1"]);
    // One that joins again is no company for itself.
    assert_eq!(join(&world, node(&world, "worker-1")).await, ["server-2"]);
    world.clock.advance(Duration::from_secs(10));
    beat(&world, "worker-1", Sign::default())
        .await
        .expect("it is known");
    world.clock.advance(Duration::from_secs(10));
    assert_eq!(join(&world, node(&world, "server-3")).await, ["worker-1"]);
    let told = beat(&world, "worker-1", Sign::default()).await;
    let told = told.expect("it is known");
    assert_eq!((told.live, told.serving), (2, 1));
    assert_eq!(nodes(&world).await.len(), 3);
}

pub async fn a_node_takes_the_place_of_the_one_that_had_its_home(home: &dyn Home) {
    let world = World::new(home).await;
    for id in ["worker-1", "worker-2"] {
        join(&world, node(&world, id)).await;
    }
    let again = Node {
        home: "home of worker-1".to_owned(),
        ..node(&world, "worker-3")
    };
    assert_eq!(join(&world, again).await, ["worker-2"]);
    assert_eq!(beat(&world, "worker-1", Sign::default()).await, None);
    assert_eq!(nodes(&world).await.len(), 2);
}

pub async fn a_node_that_left_or_was_forgotten_is_unknown(home: &dyn Home) {
    let world = World::new(home).await;
    for id in ["worker-1", "worker-2", "worker-3"] {
        join(&world, node(&world, id)).await;
        world.clock.advance(Duration::from_secs(1));
    }
    let left = WorkerId("worker-1".to_owned());
    world.store.leave(&left).await.expect("leave");
    world.store.leave(&left).await.expect("to leave twice");
    assert_eq!(beat(&world, "worker-1", Sign::default()).await, None);
    beat(&world, "worker-2", Sign::default())
        .await
        .expect("it is known");
    let forgotten = world.store.forget_nodes(world.now()).await;
    assert_eq!(forgotten.expect("forget"), 1);
    assert_eq!(beat(&world, "worker-3", Sign::default()).await, None);
    let known: Vec<_> = nodes(&world)
        .await
        .into_iter()
        .map(|it| it.node.id.0)
        .collect();
    assert_eq!(known, ["worker-2"]);
    // A sign of life that comes late does not make it older.
    let earlier = world.now();
    world.clock.advance(Duration::from_secs(5));
    beat(&world, "worker-2", Sign::default())
        .await
        .expect("it is known");
    let id = WorkerId("worker-2".to_owned());
    let late = world.store.beat(&id, Sign::default(), earlier).await;
    assert!(late.expect("beat").is_some());
    assert_eq!(nodes(&world).await[0].seen_at, world.now());
}

pub async fn a_drain_is_told_with_the_next_sign_of_life(home: &dyn Home) {
    let world = World::new(home).await;
    join(&world, node(&world, "worker-1")).await;
    let id = WorkerId("worker-1".to_owned());
    for draining in [true, true, false] {
        assert!(
            world
                .store
                .set_draining(&id, draining)
                .await
                .expect("drain")
        );
        let told = beat(&world, "worker-1", Sign::default()).await;
        assert_eq!(told.map(|told| told.draining), Some(draining));
        assert_eq!(nodes(&world).await[0].draining, draining);
    }
    let unknown = WorkerId("worker-2".to_owned());
    let told = world.store.set_draining(&unknown, true).await;
    assert!(!told.expect("drain"));
}

/// A worker that was drained, crashed and was started again took jobs from then on.
pub async fn a_drain_outlives_a_crash_and_ends_when_a_node_leaves(home: &dyn Home) {
    let world = World::new(home).await;
    let draining = async |id: &str| {
        let told = beat(&world, id, Sign::default()).await;
        told.map(|told| told.draining)
    };
    join(&world, node(&world, "worker-1")).await;
    let id = WorkerId("worker-1".to_owned());
    assert!(world.store.set_draining(&id, true).await.expect("drain"));
    let again = |id: &str| Node {
        home: "home of worker-1".to_owned(),
        ..node(&world, id)
    };
    join(&world, again("worker-2")).await;
    join(&world, node(&world, "worker-3")).await;
    assert_eq!(draining("worker-1").await, None);
    assert_eq!(draining("worker-2").await, Some(true));
    assert_eq!(draining("worker-3").await, Some(false));
    let left = WorkerId("worker-2".to_owned());
    world.store.leave(&left).await.expect("leave");
    join(&world, again("worker-4")).await;
    assert_eq!(draining("worker-4").await, Some(false));
}

pub async fn one_of_the_nodes_that_answer_calls_is_the_first(home: &dyn Home) {
    let world = World::new(home).await;
    let is_first = async |id: &str| {
        let told = beat(&world, id, Sign::default()).await;
        told.expect("it is known").is_first
    };
    for id in ["worker-1", "server-2", "server-1"] {
        join(&world, node(&world, id)).await;
        world.clock.advance(Duration::from_secs(1));
    }
    assert!(!is_first("worker-1").await);
    assert!(is_first("server-2").await);
    assert!(!is_first("server-1").await);
    // Lost, until it gives a sign of life again.
    world.clock.advance(NodeState::LIVE_FOR);
    assert!(is_first("server-1").await);
    assert!(is_first("server-2").await);
    assert!(!is_first("server-1").await);
}

pub async fn a_node_shows_how_many_jobs_it_holds(home: &dyn Home) {
    let world = World::new(home).await;
    // The cases claim by this name.
    let claims_as = worker("w").0;
    join(&world, node(&world, "worker-1")).await;
    join(&world, node(&world, &claims_as)).await;
    world.fill(world.pipeline, 3).await;
    assert_eq!(world.claim(2).await.len(), 2);
    let held: Vec<_> = nodes(&world).await;
    let held: Vec<_> = held
        .iter()
        .map(|it| (it.node.id.0.as_str(), it.leases))
        .collect();
    assert!(held.contains(&("worker-1", 0)), "{held:?}");
    assert!(held.contains(&(claims_as.as_str(), 2)), "{held:?}");
    assert_eq!(held.len(), 2);
}

pub async fn a_cluster_in_which_a_node_lives_stays(home: &dyn Home) {
    let world = World::new(home).await;
    let east = Node {
        cluster: Some(cluster("east")),
        ..node(&world, "worker-1")
    };
    let refused = world.store.join(east.clone(), world.now()).await;
    assert_eq!(refused.expect("join"), Join::ClusterMissing);
    assert_eq!(nodes(&world).await, []);
    for name in ["west", "east"] {
        let made = Cluster {
            name: cluster(name),
            created_at: world.now(),
        };
        let create = || world.store.create_cluster(made.clone(), None);
        assert!(create().await.expect("create"));
        assert!(!create().await.expect("create again"));
    }
    join(&world, east).await;
    let delete = async |name| {
        let deleted = world
            .store
            .delete_cluster(&cluster(name), world.now())
            .await;
        deleted.expect("delete")
    };
    assert_eq!(delete("east").await, DeleteCluster::Used(1));
    assert_eq!(delete("west").await, DeleteCluster::Deleted);
    assert_eq!(delete("west").await, DeleteCluster::Missing);
    let left = world.store.clusters().await.expect("clusters");
    let names: Vec<_> = left.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["east"]);
    world.clock.advance(NodeState::LIVE_FOR);
    assert_eq!(delete("east").await, DeleteCluster::Deleted);
}

pub async fn clusters_are_there_after_a_reopen(home: &dyn Home) {
    let world = World::new(home).await;
    for name in ["b", "a"] {
        let made = Cluster {
            name: cluster(name),
            created_at: world.now(),
        };
        assert!(
            world
                .store
                .create_cluster(made, None)
                .await
                .expect("create")
        );
    }
    let before = world.store.clusters().await.expect("clusters");
    drop(world);
    let store = home.open().await;
    let after = store.clusters().await.expect("clusters");
    assert_eq!(after, before);
    let names: Vec<_> = after.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
}

pub async fn a_worker_gets_jobs_of_its_kinds_only(home: &dyn Home) {
    let world = World::new(home).await;
    let ids = world.fill(world.pipeline, 2).await;
    let now = world.now();
    let claim = async |kinds| {
        let (w, until) = (worker("w"), now.after(LEASE));
        let claims = world.store.claim_kinds(kinds, &w, 2, until, now).await;
        let claims = claims.expect("claim").into_iter();
        claims.map(|it| it.job.id).collect::<Vec<_>>()
    };
    assert_eq!(claim(Kinds::NONE).await, []);
    assert_eq!(claim(Kinds::NONE.and(JobKind::Transcode)).await, ids);
}

/// Of nodes that start at once, the one that does not find the other must be the only such one.
pub async fn of_two_that_join_at_once_one_finds_the_other(home: &dyn Home) {
    let world = World::new(home).await;
    for round in 0..20 {
        let (a, b) = (format!("a-{round}"), format!("b-{round}"));
        let (with_a, with_b) = tokio::join!(
            join(&world, node(&world, &a)),
            join(&world, node(&world, &b))
        );
        assert!(with_a.contains(&b) || with_b.contains(&a), "round {round}");
        for id in [a, b] {
            world.store.leave(&WorkerId(id)).await.expect("leave");
        }
    }
}
