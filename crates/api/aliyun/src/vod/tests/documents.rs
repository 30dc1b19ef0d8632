//! Categories and transcode template groups.

use serde_json::json;

use super::*;

pub(super) fn template(definition: &str) -> Value {
    json!({
        "Definition": definition,
        "Container": {"Format": "mp4"},
        "Video": {"Codec": "H.264", "Width": "640", "Bitrate": "400"},
        "Audio": {"Codec": "AAC", "Bitrate": "64"},
    })
}

pub(super) async fn group(world: &World, name: &str, templates: &Value) -> String {
    let templates = templates.to_string();
    let pairs = [
        ("Name", name),
        ("TranscodeTemplateList", templates.as_str()),
    ];
    let answer = call(world, "AddTranscodeTemplateGroup", &pairs).await;
    answer["TranscodeTemplateGroupId"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn shown(world: &World, id: &str) -> Value {
    let pairs = [("TranscodeTemplateGroupId", id)];
    call(world, "GetTranscodeTemplateGroup", &pairs).await["TranscodeTemplateGroup"].clone()
}

#[tokio::test]
async fn a_group_is_made_shown_changed_and_deleted() {
    let world = world().await;
    let id = group(&world, "films", &json!([template("SD"), template("HD")])).await;
    let view = shown(&world, &id).await;
    assert_eq!(view["Name"], "films");
    assert_eq!(
        (&view["IsDefault"], &view["Locked"]),
        (&json!("NotDefault"), &json!("Disabled"))
    );
    let templates = view["TranscodeTemplateList"].as_array().unwrap();
    assert_eq!(templates[0]["Definition"], "SD");
    assert!(templates[0]["Video"].as_str().unwrap().contains("H.264"));

    let first = templates[0]["TranscodeTemplateId"].as_str().unwrap();
    let mut changed = template("LD");
    changed["TranscodeTemplateId"] = first.into();
    let list = json!([changed, template("FHD")]).to_string();
    let pairs = [
        ("TranscodeTemplateGroupId", id.as_str()),
        ("Name", "more"),
        ("TranscodeTemplateList", &list),
    ];
    call(&world, "UpdateTranscodeTemplateGroup", &pairs).await;
    let view = shown(&world, &id).await;
    let definitions: Vec<_> = view["TranscodeTemplateList"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["Definition"].as_str().unwrap())
        .collect();
    assert_eq!(
        (view["Name"].as_str(), definitions),
        (Some("more"), vec!["LD", "HD", "FHD"])
    );

    let ids = format!("{first},{UNKNOWN_ID}");
    let pairs = [
        ("TranscodeTemplateGroupId", id.as_str()),
        ("TranscodeTemplateIds", &ids),
    ];
    let answer = call(&world, "DeleteTranscodeTemplateGroup", &pairs).await;
    assert_eq!(answer["NonExistTranscodeTemplateIds"], json!([UNKNOWN_ID]));
    assert_eq!(
        shown(&world, &id).await["TranscodeTemplateList"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let pairs = [
        ("TranscodeTemplateGroupId", id.as_str()),
        ("ForceDelGroup", "true"),
    ];
    call(&world, "DeleteTranscodeTemplateGroup", &pairs).await;
    let found = refused(&world, "GetTranscodeTemplateGroup", &pairs[..1]).await;
    assert_eq!(found, "404 InvalidTranscodeTemplateGroup.NotFound");
}

#[tokio::test]
async fn locked_special_and_default_groups_are_kept() {
    let world = world().await;
    let id = group(&world, "films", &json!([template("SD")])).await;
    let named = [("TranscodeTemplateGroupId", id.as_str())];
    let with = |name, value| [named[0], (name, value)];
    call(
        &world,
        "UpdateTranscodeTemplateGroup",
        &with("Locked", "Enabled"),
    )
    .await;
    let found = refused(&world, "UpdateTranscodeTemplateGroup", &with("Name", "x")).await;
    assert_eq!(found, "403 Forbidden.LockedTemplateGroup");
    let found = refused(
        &world,
        "DeleteTranscodeTemplateGroup",
        &with("ForceDelGroup", "true"),
    )
    .await;
    assert_eq!(found, "403 Forbidden.LockedTemplateGroup");
    call(
        &world,
        "UpdateTranscodeTemplateGroup",
        &with("Locked", "Disabled"),
    )
    .await;

    let list = call(&world, "ListTranscodeTemplateGroup", &[]).await;
    let default = |list: &Value| {
        let groups = list["TranscodeTemplateGroupList"]
            .as_array()
            .unwrap()
            .clone();
        let default = groups
            .into_iter()
            .find(|it| it["IsDefault"] == "Default")
            .unwrap();
        default["TranscodeTemplateGroupId"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(default(&list), "VOD_NO_TRANSCODE");
    call(&world, "SetDefaultTranscodeTemplateGroup", &named).await;
    let list = call(&world, "ListTranscodeTemplateGroup", &[]).await;
    assert_eq!(default(&list), id);
    let found = refused(
        &world,
        "DeleteTranscodeTemplateGroup",
        &with("ForceDelGroup", "true"),
    )
    .await;
    assert_eq!(found, "403 Forbidden.DefaultTemplateGroup");
    let special = [
        ("TranscodeTemplateGroupId", "VOD_NO_TRANSCODE"),
        ("Name", "x"),
    ];
    let found = refused(&world, "UpdateTranscodeTemplateGroup", &special).await;
    assert_eq!(found, "403 Forbidden.SpecialTemplateGroup");
    call(&world, "SetDefaultTranscodeTemplateGroup", &special[..1]).await;
}

#[tokio::test]
async fn an_account_has_so_many_groups_and_a_group_so_many_templates() {
    let world = world().await;
    for number in 0..20 {
        group(&world, &number.to_string(), &json!([])).await;
        // A limit of the action's own.
        world.pass(1);
    }
    let found = refused(&world, "AddTranscodeTemplateGroup", &[("Name", "x")]).await;
    assert_eq!(found, "400 TrasncodeTemplateGroupExceededMax");
    world.pass(1);
    let many = json!(vec![template("SD"); 21]).to_string();
    let pairs = [("Name", "x"), ("TranscodeTemplateList", many.as_str())];
    let found = refused(&world, "AddTranscodeTemplateGroup", &pairs).await;
    assert_eq!(found, "400 TranscodeTemplateExceededMax");
    let marked = json!([{"Definition": "SD", "WatermarkIds": ["w"]}]).to_string();
    let pairs = [("Name", "x"), ("TranscodeTemplateList", marked.as_str())];
    let found = refused(&world, "AddTranscodeTemplateGroup", &pairs).await;
    assert_eq!(found, "400 InvalidParameter");
}

#[tokio::test]
async fn categories_are_a_tree_of_three_levels() {
    let world = world().await;
    let add = async |name: &str, parent: &str| {
        let pairs = [("CateName", name), ("ParentId", parent)];
        call(&world, "AddCategory", &pairs).await["Category"]["CateId"].to_string()
    };
    let top = add("films", "-1").await;
    let middle = add("old", &top).await;
    let bottom = add("silent", &middle).await;
    let too_deep = [("CateName", "x"), ("ParentId", bottom.as_str())];
    assert_eq!(
        refused(&world, "AddCategory", &too_deep).await,
        "400 LimitExceeded.Category"
    );
    let other = add("songs", "-1").await;

    let answer = call(&world, "GetCategories", &[]).await;
    assert_eq!(answer["SubTotal"], 2);
    let names: Vec<_> = answer["SubCategories"]["Category"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["CateName"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["songs", "films"]);
    let answer = call(&world, "GetCategories", &[("CateId", &top)]).await;
    assert_eq!(answer["Category"]["CateName"], "films");
    assert_eq!(answer["SubCategories"]["Category"][0]["SubTotal"], 1);

    call(
        &world,
        "UpdateCategory",
        &[("CateId", &other), ("CateName", "music")],
    )
    .await;
    let answer = call(&world, "GetCategories", &[("CateId", &other)]).await;
    assert_eq!(answer["Category"]["CateName"], "music");
    call(&world, "DeleteCategory", &[("CateId", &top)]).await;
    call(&world, "DeleteCategory", &[("CateId", &other)]).await;
    world.pass(1);
    let new = add("news", "-1").await;
    assert!(![&top, &middle, &bottom, &other].contains(&&new), "{new}");
    for gone in [&top, &middle, &bottom, &other] {
        let found = refused(&world, "GetCategories", &[("CateId", gone)]).await;
        assert_eq!(found, "404 InvalidCategory.NotFound");
    }
}

#[tokio::test]
async fn a_video_keeps_its_category_and_shows_its_name_as_long_as_it_has_one() {
    let world = world().await;
    let mut made = Vec::new();
    for (name, key) in [("films", "a.mp4"), ("songs", "b.mp4")] {
        let added = call(&world, "AddCategory", &[("CateName", name)]).await;
        let category = added["Category"]["CateId"].to_string();
        let video = videos::registered(&world, key, "A title").await;
        let change = [("VideoId", video.as_str()), ("CateId", &category)];
        call(&world, "UpdateVideoInfo", &change).await;
        let shown = call(&world, "GetVideoInfo", &change[..1]).await["Video"].clone();
        assert_eq!(shown["CateName"], name);
        made.push((video, category));
    }
    let ids = format!("{},{}", made[0].0, made[1].0);
    let names = async || {
        let answer = call(&world, "GetVideoInfos", &[("VideoIds", &ids)]).await;
        let videos = answer["VideoList"].as_array().unwrap().iter();
        let of = |it: &Value| (it["CateId"].to_string(), it.get("CateName").cloned());
        videos.map(of).collect::<Vec<_>>()
    };
    let of = |at: usize, name: Option<&str>| (made[at].1.clone(), name.map(Value::from));
    assert_eq!(names().await, [of(0, Some("films")), of(1, Some("songs"))]);
    call(&world, "DeleteCategory", &[("CateId", &made[0].1)]).await;
    assert_eq!(names().await, [of(0, None), of(1, Some("songs"))]);
}
