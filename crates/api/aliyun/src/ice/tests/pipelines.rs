//! Pipelines: those of the account, as product Mts has them too.

use super::*;

async fn got(world: &World, id: &str) -> Value {
    ice(world, "GetPipeline", &[("PipelineId", id)]).await["Pipeline"].take()
}

#[tokio::test]
async fn pipelines_are_made_shown_changed_and_deleted() {
    let world = world().await;
    let pairs = [("Name", "second"), ("Speed", "Standard"), ("Priority", "9")];
    let made = ice(&world, "CreatePipeline", &pairs).await["Pipeline"].take();
    let id = text(&made["PipelineId"]);
    let expected = json!({
        "PipelineId": id, "Name": "second", "Speed": "Standard", "Priority": 9, "Status": "Active",
        "CreateTime": "2026-01-02T03:04:05Z", "ModifiedTime": "2026-01-02T03:04:05Z",
    });
    assert_eq!(made, expected);
    world.pass(5);
    let change = [("PipelineId", &*id), ("Status", "Paused")];
    let changed = ice(&world, "UpdatePipeline", &change).await;
    assert_eq!(changed["Success"], true);
    // What is absent stays.
    let expected = json!({
        "PipelineId": id, "Name": "second", "Speed": "Standard", "Priority": 9, "Status": "Paused",
        "CreateTime": "2026-01-02T03:04:05Z", "ModifiedTime": "2026-01-02T03:04:10Z",
    });
    assert_eq!(got(&world, &id).await, expected);
    let change = [("PipelineId", &*id), ("Name", "renamed"), ("Priority", "1")];
    ice(&world, "UpdatePipeline", &change).await;
    let shown = got(&world, &id).await;
    assert_eq!(
        (&shown["Name"], &shown["Priority"], &shown["Status"]),
        (&json!("renamed"), &json!(1), &json!("Paused"))
    );
    let listed = ice(&world, "ListPipelines", &[("Speed", "Standard")]).await;
    let listed = listed["PipelineList"].as_array().unwrap().clone();
    assert!(listed.contains(&shown), "{listed:?}");
    // Beside the account's first one and that of its project.
    assert_eq!(listed.len(), 3);
    let boosted = ice(&world, "ListPipelines", &[("Speed", "Boost")]).await;
    assert_eq!(boosted["PipelineList"], json!([]));
    let deleted = ice(&world, "DeletePipeline", &[("PipelineId", &id)]).await;
    assert_eq!(deleted["Success"], true);
    let again = refused(&world, "DeletePipeline", &[("PipelineId", &id)]).await;
    assert_eq!(again, "404 ResourceNotFound");
}

#[tokio::test]
async fn both_products_see_the_same_pipelines() {
    let world = world().await;
    let pairs = [("Name", "theirs"), ("Role", "AliyunMTSDefaultRole")];
    let theirs = call(&world, MTS, "AddPipeline", &pairs).await;
    let id = text(&theirs["Pipeline"]["Id"]);
    let shown = got(&world, &id).await;
    assert_eq!(
        (&shown["Name"], &shown["Priority"]),
        (&json!("theirs"), &json!(6))
    );
    let change = [
        ("PipelineId", &*id),
        ("Status", "Paused"),
        ("Priority", "8"),
    ];
    ice(&world, "UpdatePipeline", &change).await;
    let theirs = call(&world, MTS, "QueryPipelineList", &[("PipelineIds", &id)]).await;
    let theirs = &theirs["PipelineList"]["Pipeline"][0];
    assert_eq!(theirs["State"], "Paused");
    // What that product remembers of it stays.
    assert_eq!(theirs["Role"], "AliyunMTSDefaultRole");
    assert_eq!(got(&world, &id).await["Priority"], 8);
}

#[tokio::test]
async fn a_pipeline_with_waiting_jobs_is_not_deleted() {
    let world = world().await;
    let library = library(&world, "films").await;
    let job = submitted(&world, &library, "a", &[]).await;
    let pipeline = [("PipelineId", world.made.pipeline_id.as_str())];
    let found = refused(&world, "DeletePipeline", &pipeline).await;
    assert_eq!(found, "403 PermissionDenied.PipelineInUse");
    ice(&world, "CancelDNAJob", &[("JobId", &job)]).await;
    ice(&world, "DeletePipeline", &pipeline).await;
}

#[tokio::test]
async fn a_paused_pipeline_takes_jobs_and_starts_none() {
    let world = world().await;
    let library = library(&world, "films").await;
    let before = submitted(&world, &library, "a", &[]).await;
    let mut change = vec![
        ("PipelineId", world.made.pipeline_id.as_str()),
        ("Status", "Paused"),
    ];
    ice(&world, "UpdatePipeline", &change).await;
    let after = submitted(&world, &library, "b", &[]).await;
    assert_eq!(results::claimed(&world).await, None);
    for job in [&before, &after] {
        assert_eq!(shown(&world, job).await["Status"], "Queuing");
    }
    change[1].1 = "Active";
    ice(&world, "UpdatePipeline", &change).await;
    assert_eq!(results::claimed(&world).await, Some(before));
}

#[tokio::test]
async fn bad_parameters_of_pipelines_are_refused() {
    let world = world().await;
    let id = world.made.pipeline_id.as_str();
    let long = "n".repeat(129);
    let make = |changed: (&'static str, &'static str)| {
        let mut pairs = vec![("Name", "n"), ("Speed", "Standard")];
        pairs.retain(|(name, _)| *name != changed.0);
        pairs.push(changed);
        pairs
    };
    for (changed, expected) in [
        (("Name", ""), "400 MissingName"),
        (("Name", "-n"), "400 InvalidParameter"),
        (("Speed", ""), "400 MissingSpeed"),
        (("Speed", "Boost"), "400 InvalidParameter.NotSupported"),
        (
            ("Speed", "NarrowBandHDV2"),
            "400 InvalidParameter.NotSupported",
        ),
        (("Speed", "Fast"), "400 InvalidParameter"),
        (("Priority", "0"), "400 InvalidParameter.OutOfRange"),
        (("Priority", "11"), "400 InvalidParameter.OutOfRange"),
        (("Priority", "high"), "400 InvalidParameter"),
    ] {
        let found = refused(&world, "CreatePipeline", &make(changed)).await;
        assert_eq!(found, expected, "{changed:?}");
    }
    for (pairs, expected) in [
        (vec![], "400 MissingPipelineId"),
        (vec![("PipelineId", UNKNOWN_ID)], "404 ResourceNotFound"),
        (vec![("PipelineId", "p1")], "404 ResourceNotFound"),
        (
            vec![("PipelineId", id), ("Status", "paused")],
            "400 InvalidParameter.InvalidState",
        ),
        (
            vec![("PipelineId", id), ("Name", &*long)],
            "400 InvalidParameter",
        ),
        (
            vec![("PipelineId", id), ("Priority", "0")],
            "400 InvalidParameter.OutOfRange",
        ),
    ] {
        let found = refused(&world, "UpdatePipeline", &pairs).await;
        assert_eq!(found, expected, "{pairs:?}");
    }
    let found = refused(&world, "ListPipelines", &[("Speed", "Fast")]).await;
    assert_eq!(found, "400 InvalidParameter");
    assert_eq!(
        refused(&world, "GetPipeline", &[]).await,
        "400 MissingPipelineId"
    );
    assert_eq!(got(&world, id).await["Status"], "Active");
}

#[tokio::test]
async fn a_replayed_call_changes_nothing() {
    let world = world().await;
    let id = world.made.pipeline_id.as_str();
    let low = [("PipelineId", id), ("Priority", "1")];
    let first = request(&world, ICE, "UpdatePipeline", &low).signed();
    assert_eq!(first.clone().send(&world).await.summary(), "200");
    ice(
        &world,
        "UpdatePipeline",
        &[("PipelineId", id), ("Priority", "9")],
    )
    .await;
    let again = first.send(&world).await.summary();
    assert_eq!(again, "400 SignatureNonceUsed");
    assert_eq!(got(&world, id).await["Priority"], 9);
}
