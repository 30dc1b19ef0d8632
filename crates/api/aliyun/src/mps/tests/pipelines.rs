//! Pipelines: adding, changing, finding, deleting.

use serde_json::json;

use super::{UNKNOWN_ID, World, text};

#[tokio::test]
async fn pipelines_are_made_changed_found_and_deleted() {
    let world = World::new().await;
    let pairs = [
        ("Name", "second"),
        ("Speed", "Standard"),
        ("Role", "AliyunMTSDefaultRole"),
    ];
    let made = world.call("AddPipeline", &pairs).await["Pipeline"].take();
    let id = text(&made["Id"]);
    let expected = json!({
        "Id": id, "Name": "second", "State": "Active", "Speed": "Standard", "SpeedLevel": 1,
        "Role": "AliyunMTSDefaultRole",
    });
    assert_eq!(made, expected);

    let pairs = [
        ("PipelineId", &*id),
        ("Name", "renamed"),
        ("State", "Paused"),
        ("NotifyConfig", ""),
    ];
    let changed = world.call("UpdatePipeline", &pairs).await;
    let expected = json!({
        "Id": id, "Name": "renamed", "State": "Paused", "Speed": "Standard",
        "Role": "AliyunMTSDefaultRole",
    });
    assert_eq!(changed["Pipeline"], expected);

    let found = world.call("SearchPipeline", &[("State", "Paused")]).await;
    assert_eq!(
        (
            &found["TotalCount"],
            &found["PageNumber"],
            &found["PageSize"]
        ),
        (&json!(1), &json!(1), &json!(10))
    );
    assert_eq!(found["PipelineList"]["Pipeline"][0]["Id"], *id);
    assert!(found["PipelineList"]["Pipeline"][0]["CreationTime"].is_string());
    let found = world
        .call("SearchPipeline", &[("PageSize", "1"), ("PageNumber", "3")])
        .await;
    assert_eq!(
        (
            &found["TotalCount"],
            &found["PipelineList"]["Pipeline"][0]["Id"]
        ),
        // Beside the account's first one and that of its project.
        (&json!(3), &json!(id))
    );
    let found = world.call("SearchPipeline", &[("State", "Deleted")]).await;
    assert_eq!(found["TotalCount"], 0);

    let asked = format!("{id},{UNKNOWN_ID}");
    let found = world
        .call("QueryPipelineList", &[("PipelineIds", &asked)])
        .await;
    assert_eq!(found["PipelineList"]["Pipeline"][0]["Name"], "renamed");
    assert_eq!(found["NonExistPids"]["String"], json!([UNKNOWN_ID]));

    let deleted = world.call("DeletePipeline", &[("PipelineId", &id)]).await;
    assert_eq!(deleted["PipelineId"], *id);
    let again = world.fail("DeletePipeline", &[("PipelineId", &id)]).await;
    assert_eq!(again, "404 InvalidParameter.ResourceNotFound");
}

#[tokio::test]
async fn where_messages_go_is_kept_and_shown() {
    let world = World::new().await;
    let config = r#"{"Topic": "done", "QueueName": "all-of-them"}"#;
    let pairs = [("Name", "told"), ("NotifyConfig", config)];
    let made = world.call("AddPipeline", &pairs).await["Pipeline"].take();
    let expected = json!({"Topic": "done", "QueueName": "all-of-them"});
    assert_eq!(made["NotifyConfig"], expected);
    let id = text(&made["Id"]);
    let change = |more: &[(&'static str, &'static str)]| {
        let pairs = [("PipelineId", &*id), ("Name", "told"), ("State", "Active")];
        let pairs = pairs.iter().chain(more);
        pairs
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect::<Vec<_>>()
    };
    let updated = async |more: &[(&'static str, &'static str)]| {
        let pairs = change(more);
        let pairs: Vec<_> = pairs.iter().map(|(a, b)| (&**a, &**b)).collect();
        world.call("UpdatePipeline", &pairs).await["Pipeline"].take()
    };
    // What a change does not name stays.
    let kept = updated(&[("Role", "AliyunMTSDefaultRole")]).await;
    assert_eq!(
        (&kept["NotifyConfig"], &kept["Role"]),
        (&expected, &json!("AliyunMTSDefaultRole"))
    );
    let other = updated(&[("NotifyConfig", r#"{"QueueName": "q"}"#)]).await;
    assert_eq!(other["NotifyConfig"], json!({"QueueName": "q"}));
    assert_eq!(other["Role"], "AliyunMTSDefaultRole");
    let none = updated(&[("NotifyConfig", "{}")]).await;
    assert!(none.get("NotifyConfig").is_none(), "{none}");
}

#[tokio::test]
async fn a_pipeline_with_jobs_is_not_deleted() {
    let world = World::new().await;
    let job = world.submit_one().await;
    let pipeline = world.made.pipeline_id.clone();
    let refused = world
        .fail("DeletePipeline", &[("PipelineId", &pipeline)])
        .await;
    assert_eq!(refused, "403 PermissionDenied.PipelineInUse");
    world.call("CancelJob", &[("JobId", &job)]).await;
    world
        .call("DeletePipeline", &[("PipelineId", &pipeline)])
        .await;
    assert_eq!(world.state_of(&job).await, "TranscodeCancelled");
}

#[tokio::test]
async fn a_change_of_a_pipeline_needs_name_and_state() {
    let world = World::new().await;
    let id = world.made.pipeline_id.as_str();
    let cases: [(&[(&str, &str)], &str); 5] = [
        (&[("PipelineId", id)], "400 MissingName"),
        (&[("PipelineId", id), ("Name", "a")], "400 MissingState"),
        (
            &[("PipelineId", id), ("Name", "a"), ("State", "Stopped")],
            "400 InvalidParameter.InvalidState",
        ),
        (
            &[
                ("PipelineId", UNKNOWN_ID),
                ("Name", "a"),
                ("State", "Active"),
            ],
            "404 InvalidParameter.ResourceNotFound",
        ),
        (
            &[
                ("PipelineId", id),
                ("Name", "a"),
                ("State", "Active"),
                ("NotifyConfig", r#"{"MqTopic": "t"}"#),
            ],
            "400 InvalidParameter.NotSupported",
        ),
    ];
    for (pairs, expected) in cases {
        assert_eq!(world.fail("UpdatePipeline", pairs).await, expected);
    }
}
