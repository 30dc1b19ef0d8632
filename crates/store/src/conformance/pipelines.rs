//! Pipelines: making, changing, listing and deleting them.

use reelgate_domain::PipelineState;
use reelgate_domain::job::Origin;
use reelgate_domain::pipeline::PipelineChange;
use reelgate_testkit::account;

use super::{Home, Shape, World};
use crate::{DeletePipeline, Ending, JobFilter, NewPipeline, SubmitOutcome};

fn origin() -> Origin {
    let request = serde_json::json!({"Name": "x", "Role": "ö\n"});
    Origin {
        dialect: "mps".into(),
        version: 3,
        request,
    }
}

pub async fn a_pipeline_reads_back_as_it_was_made(home: &dyn Home) {
    let world = World::new(home).await;
    let new = NewPipeline {
        id: world.ids.pipeline(world.now()),
        account: world.account,
        name: "räume".into(),
        state: PipelineState::Paused,
        concurrency: Some(3),
        origin: Some(origin()),
        created_at: world.now(),
    };
    let made = world
        .store
        .create_pipeline(new.clone(), None)
        .await
        .expect("create");
    assert_eq!(
        (made.id, made.account, &made.name),
        (new.id, new.account, &new.name)
    );
    assert_eq!((made.state, made.concurrency), (new.state, new.concurrency));
    assert_eq!(
        (&made.origin, made.created_at),
        (&new.origin, new.created_at)
    );
    assert_eq!((made.queued, made.running), (0, 0));
    assert_eq!(world.pipeline(new.id).await, made);
    let named = world
        .store
        .pipeline_named(world.account, "räume")
        .await
        .expect("named");
    assert_eq!(named, Some(made.clone()));
    let both = [new.id, world.pipeline, new.id];
    let both = world
        .store
        .pipelines(world.account, &both)
        .await
        .expect("pipelines");
    assert_eq!(
        both.iter().map(|it| it.id).collect::<Vec<_>>(),
        [new.id, world.pipeline]
    );
}

pub async fn pipelines_are_listed_oldest_first_with_their_total(home: &dyn Home) {
    let world = World::new(home).await;
    let mut ids = vec![world.pipeline];
    for name in ["b", "a", "a", "c"] {
        ids.push(world.add_pipeline(name, None).await);
    }
    world.set_state(ids[2], PipelineState::Paused).await;
    let list = |state, offset, limit| {
        let page = world
            .store
            .list_pipelines(world.account, state, offset, limit);
        async move {
            let page = page.await.expect("list");
            (
                page.pipelines.iter().map(|it| it.id).collect::<Vec<_>>(),
                page.total,
            )
        }
    };
    assert_eq!(list(None, 0, 10).await, (ids.clone(), 5));
    assert_eq!(list(None, 1, 2).await, (ids[1..3].to_vec(), 5));
    assert_eq!(list(None, 5, 2).await, (vec![], 5));
    assert_eq!(
        list(Some(PipelineState::Paused), 0, 9).await,
        (vec![ids[2]], 1)
    );
    assert_eq!(
        list(Some(PipelineState::Active), 3, 9).await,
        (vec![ids[4]], 4)
    );
    let oldest = world
        .store
        .pipeline_named(world.account, "a")
        .await
        .expect("named");
    assert_eq!(oldest.map(|it| it.id), Some(ids[2]));
}

pub async fn a_change_leaves_what_it_does_not_name(home: &dyn Home) {
    let world = World::new(home).await;
    let before = world.pipeline(world.pipeline).await;
    let change = |change| async {
        let changed = world
            .store
            .change_pipeline(world.account, world.pipeline, change, None)
            .await;
        changed.expect("change").expect("it exists")
    };
    let limited = PipelineChange {
        concurrency: Some(Some(2)),
        ..PipelineChange::default()
    };
    let after = change(limited).await;
    assert_eq!(after.concurrency, Some(2));
    let renamed = PipelineChange {
        name: Some("new".into()),
        origin: Some(origin()),
        ..PipelineChange::default()
    };
    let after = change(renamed).await;
    assert_eq!((after.name.as_str(), after.concurrency), ("new", Some(2)));
    assert_eq!(
        (after.state, after.created_at),
        (before.state, before.created_at)
    );
    let lifted = PipelineChange {
        concurrency: Some(None),
        ..PipelineChange::default()
    };
    let after = change(lifted).await;
    assert_eq!(
        (after.concurrency, after.origin.clone()),
        (None, Some(origin()))
    );
    assert_eq!(world.pipeline(world.pipeline).await, after);
    let unknown = world.ids.pipeline(world.now());
    let none = world
        .store
        .change_pipeline(world.account, unknown, PipelineChange::default(), None);
    assert_eq!(none.await.expect("change"), None);
}

pub async fn a_pipeline_with_unfinished_jobs_is_not_deleted(home: &dyn Home) {
    let world = World::new(home).await;
    for shape in Shape::ALL {
        let job = world.shaped(shape).await;
        let running = u64::from(job.lifecycle.state.lease().is_some());
        let expected = if shape.state().is_final() {
            DeletePipeline::Deleted
        } else {
            DeletePipeline::Busy {
                queued: 1 - running,
                running,
            }
        };
        let outcome = world
            .store
            .delete_pipeline(world.account, job.pipeline, None)
            .await;
        assert_eq!(outcome.expect("delete"), expected, "{shape:?}");
    }
}

pub async fn a_deleted_pipeline_takes_no_jobs_and_shows_its_old_ones(home: &dyn Home) {
    let world = World::new(home).await;
    let id = world.add_pipeline("short", None).await;
    let job = world.fill(id, 1).await[0];
    assert_eq!(world.claim_ids(1).await, [job]);
    world.publish(job, 1).await;
    world.finish(job, 1, Ending::Succeeded).await;
    let delete = || async {
        world
            .store
            .delete_pipeline(world.account, id, None)
            .await
            .expect("delete")
    };
    assert_eq!(delete().await, DeletePipeline::Deleted);
    assert_eq!(delete().await, DeletePipeline::Missing);
    let late = world
        .store
        .submit(vec![world.new_job_in(id).build()], None)
        .await
        .expect("submit");
    assert_eq!(late, SubmitOutcome::PipelineMissing(id));
    assert_eq!(world.job(job).await.pipeline, id);
    let filter = JobFilter {
        pipeline: Some(id),
        ..JobFilter::default()
    };
    let listed = world
        .store
        .list_jobs(world.account, filter, 10)
        .await
        .expect("list");
    assert_eq!(listed.iter().map(|it| it.id).collect::<Vec<_>>(), [job]);
    assert_eq!(
        world
            .store
            .pipelines(world.account, &[id])
            .await
            .expect("pipelines"),
        []
    );
    assert_eq!(
        world
            .store
            .pipeline_named(world.account, "short")
            .await
            .expect("named"),
        None
    );
    let page = world
        .store
        .list_pipelines(world.account, None, 0, 10)
        .await
        .expect("list");
    assert_eq!(page.total, 1);
}

pub async fn pipelines_of_another_account_do_not_exist(home: &dyn Home) {
    let world = World::new(home).await;
    let (foreign, id) = (account(2), world.pipeline);
    let store = &world.store;
    assert_eq!(
        store.pipelines(foreign, &[id]).await.expect("pipelines"),
        []
    );
    assert_eq!(
        store
            .pipeline_named(foreign, "default")
            .await
            .expect("named"),
        None
    );
    assert_eq!(
        store
            .list_pipelines(foreign, None, 0, 10)
            .await
            .expect("list")
            .total,
        0
    );
    let pause = PipelineChange {
        state: Some(PipelineState::Paused),
        ..PipelineChange::default()
    };
    assert_eq!(
        store
            .change_pipeline(foreign, id, pause, None)
            .await
            .expect("change"),
        None
    );
    let deleted = store
        .delete_pipeline(foreign, id, None)
        .await
        .expect("delete");
    assert_eq!(deleted, DeletePipeline::Missing);
    let mut job = world.new_job().build();
    job.account = foreign;
    let outcome = store.submit(vec![job], None).await.expect("submit");
    assert_eq!(outcome, SubmitOutcome::PipelineMissing(id));
    assert_eq!(world.pipeline(id).await.state, PipelineState::Active);
}
