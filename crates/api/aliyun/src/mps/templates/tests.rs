//! Templates of both sorts, through the gateway.

use serde_json::json;

use super::super::tests::{UNKNOWN_ID, World, text};

const VIDEO: &str = r#"{"Codec":"H.264","Width":640,"Crf":"24","Height":""}"#;
const AUDIO: &str = r#"{"Codec":"AAC","Bitrate":"96"}"#;

async fn add(world: &World, name: &str) -> String {
    let answer = world
        .call(
            "AddTemplate",
            &[("Name", name), ("Video", VIDEO), ("Audio", AUDIO)],
        )
        .await;
    text(&answer["Template"]["Id"])
}

#[tokio::test]
async fn a_template_is_added_found_changed_and_deleted() {
    let world = World::new().await;
    let id = add(&world, "first").await;
    let found = world
        .call("QueryTemplateList", &[("TemplateIds", &id)])
        .await;
    let shown = &found["TemplateList"]["Template"][0];
    assert_eq!(
        (&shown["Name"], &shown["State"]),
        (&json!("first"), &json!("Normal"))
    );
    let video = json!({"Codec": "H.264", "Width": "640", "Crf": "24"});
    assert_eq!(shown["Video"], video);
    let created = text(&shown["CreationTime"]);

    let pairs = [
        ("TemplateId", &*id),
        ("Name", "second"),
        ("Audio", AUDIO),
        ("MuxConfig", r#"{"Segment":{"Duration":5}}"#),
    ];
    let changed = world.call("UpdateTemplate", &pairs).await;
    let shown = &changed["Template"];
    assert_eq!(
        (&shown["Name"], shown.get("Video")),
        (&json!("second"), None)
    );
    assert_eq!(shown["MuxConfig"]["Segment"]["Duration"], "5");

    let gone = world.call("DeleteTemplate", &[("TemplateId", &id)]).await;
    assert_eq!(gone["TemplateId"], *id);
    let found = world
        .call("QueryTemplateList", &[("TemplateIds", &id)])
        .await;
    let shown = &found["TemplateList"]["Template"][0];
    assert_eq!(
        (&shown["Name"], &shown["State"]),
        (&json!("second"), &json!("Deleted"))
    );
    assert_eq!(shown["CreationTime"], *created);
    let again = world.fail("DeleteTemplate", &[("TemplateId", &id)]).await;
    assert_eq!(again, "404 InvalidParameter.ResourceDeleted");
    let late = world.fail("UpdateTemplate", &pairs).await;
    assert_eq!(late, "404 InvalidParameter.ResourceDeleted");
}

#[tokio::test]
async fn searches_go_by_state_and_name_newest_first() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for name in ["web-a", "web-b", "tv"] {
        ids.push(add(&world, name).await);
    }
    world
        .call("DeleteTemplate", &[("TemplateId", &ids[1])])
        .await;
    /// Parameters, and the names that are found.
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);
    let cases: [Case<'_>; 6] = [
        (&[], &["tv", "web-b", "web-a"]),
        (&[("State", "Normal")], &["tv", "web-a"]),
        (&[("State", "Deleted")], &["web-b"]),
        (&[("NamePrefix", "web")], &["web-b", "web-a"]),
        (&[("PageSize", "2"), ("PageNumber", "2")], &["web-a"]),
        (&[("PageNumber", "3")], &[]),
    ];
    for (pairs, expected) in cases {
        let answer = world.call("SearchTemplate", pairs).await;
        let found = answer["TemplateList"]["Template"].as_array().unwrap();
        let names: Vec<_> = found.iter().map(|it| text(&it["Name"])).collect();
        assert_eq!(names, expected, "{pairs:?}");
    }
    let all = world.call("SearchTemplate", &[("PageSize", "1")]).await;
    assert_eq!(
        (&all["TotalCount"], &all["PageSize"]),
        (&json!(3), &json!(1))
    );
    let refused = world.fail("SearchTemplate", &[("State", "Active")]).await;
    assert_eq!(refused, "400 InvalidParameter.InvalidState");
}

#[tokio::test]
async fn what_an_output_may_not_have_no_template_has() {
    let world = World::new().await;
    let long = "n".repeat(129);
    let cases: [(&[(&str, &str)], &str); 8] = [
        (&[("Video", VIDEO)], "400 MissingName"),
        (
            &[("Name", &long), ("Video", VIDEO)],
            "400 InvalidParameter.OutOfRange",
        ),
        (
            &[("Name", "a\tb"), ("Video", VIDEO)],
            "400 InvalidParameter",
        ),
        (&[("Name", "n")], "400 InvalidParameter"),
        (
            &[("Name", "n"), ("Video", "{")],
            "400 InvalidParameter.JsonFormatInvalid",
        ),
        (
            &[("Name", "n"), ("Video", "5")],
            "400 InvalidParameter.JsonObjectFormatInvalid",
        ),
        (
            &[("Name", "n"), ("Video", r#"{"Width":100}"#)],
            "400 InvalidParameter.OutOfRange",
        ),
        (
            &[("Name", "n"), ("Video", r#"{"Sparkle":1}"#)],
            "400 InvalidParameter.NotSupported",
        ),
    ];
    for (pairs, expected) in cases {
        assert_eq!(
            world.fail("AddTemplate", pairs).await,
            expected,
            "{pairs:?}"
        );
    }
    let named = |id| [("TemplateId", id), ("Name", "n"), ("Audio", AUDIO)];
    for (id, expected) in [
        (UNKNOWN_ID, "404 InvalidParameter.TemplateNotFound"),
        (
            "S00000001-200030",
            "400 InvalidParameter.TemplateNotSupported",
        ),
        ("mine", "400 InvalidParameter.UUIDFormatInvalid"),
    ] {
        assert_eq!(world.fail("UpdateTemplate", &named(id)).await, expected);
        let gone = world.fail("DeleteTemplate", &[("TemplateId", id)]).await;
        assert_eq!(gone, expected);
    }
}

#[tokio::test]
async fn jobs_use_templates_and_keep_what_they_read() {
    let world = World::new().await;
    let id = add(&world, "mine").await;
    let outputs = json!([
        {"OutputObject": "a.mp4", "TemplateId": id},
        {"OutputObject": "b.mp4", "TemplateId": id, "Video": {"Width": "320"}},
        {"OutputObject": "c.mp4", "TemplateId": UNKNOWN_ID},
    ]);
    let results = world.submit(&outputs).await;
    let job = |at: usize| text(&results[at]["Job"]["JobId"]).parse().unwrap();
    assert_eq!(results[2]["Code"], "InvalidParameter.TemplateNotFound");
    let account = world.made.account_id.parse().unwrap();
    let jobs = world.store.jobs(account, &[job(0), job(1)]).await.unwrap();
    let mut widths = Vec::new();
    for job in &jobs {
        let settings = &job.spec.transcode().unwrap().outputs[0].settings;
        widths.push(settings.video.as_ref().unwrap().width);
        assert_eq!(settings.audio.as_ref().unwrap().kbps, 96);
    }
    widths.sort_unstable();
    assert_eq!(widths, [Some(320), Some(640)]);

    world.call("DeleteTemplate", &[("TemplateId", &id)]).await;
    let results = world.submit(&outputs).await;
    assert_eq!(results[0]["Code"], "InvalidParameter.ResourceDeleted");
    assert_eq!(world.state_of(&job(0).to_string()).await, "Submitted");
}

#[tokio::test]
async fn watermark_templates_are_kept_like_the_others() {
    let world = World::new().await;
    let config = r#"{"Width":"0.1","Dx":10,"ReferPos":"TopLeft","Timeline":{"Start":"2"}}"#;
    let made = world
        .call(
            "AddWaterMarkTemplate",
            &[("Name", "logo"), ("Config", config)],
        )
        .await;
    let shown = &made["WaterMarkTemplate"];
    let id = text(&shown["Id"]);
    let expected = json!({
        "Id": id, "Name": "logo", "State": "Normal", "Width": "0.1", "Dx": "10",
        "ReferPos": "TopLeft", "Timeline": {"Start": "2"},
    });
    assert_eq!(*shown, expected);

    let pairs = [
        ("WaterMarkTemplateId", &*id),
        ("Name", "new"),
        ("Config", "{}"),
    ];
    let changed = world.call("UpdateWaterMarkTemplate", &pairs).await;
    assert_eq!(changed["WaterMarkTemplate"]["Name"], "new");
    let ids = format!("{id},{UNKNOWN_ID}");
    let found = world
        .call(
            "QueryWaterMarkTemplateList",
            &[("WaterMarkTemplateIds", &ids)],
        )
        .await;
    assert_eq!(
        found["WaterMarkTemplateList"]["WaterMarkTemplate"][0]["Id"],
        *id
    );
    assert_eq!(found["NonExistWids"], json!({"String": [UNKNOWN_ID]}));
    world.call("DeleteWaterMarkTemplate", &pairs[..1]).await;
    let found = world
        .call("SearchWaterMarkTemplate", &[("State", "Deleted")])
        .await;
    assert_eq!(
        found["WaterMarkTemplateList"]["WaterMarkTemplate"][0]["Name"],
        "new"
    );
    let late = world.fail("UpdateWaterMarkTemplate", &pairs).await;
    assert_eq!(late, "404 InvalidParameter.ResourceDeleted");
    let unknown = [("WaterMarkTemplateId", UNKNOWN_ID)];
    let missing = world.fail("DeleteWaterMarkTemplate", &unknown).await;
    assert_eq!(missing, "404 InvalidParameter.ResourceNotFound");
    let refused = world
        .fail(
            "AddWaterMarkTemplate",
            &[("Name", "n"), ("Config", r#"{"Type":"Text"}"#)],
        )
        .await;
    assert_eq!(refused, "400 InvalidParameter.NotSupported");
    let missing = world.fail("AddWaterMarkTemplate", &[("Name", "n")]).await;
    assert_eq!(missing, "400 MissingConfig");
}
