//! Templates: those that ship with the program, and the account's own.

use reelgate_domain::stream::{Follow, LiveCodec, LiveSettings};
use reelgate_service::NewLiveTemplate;

use super::*;

async fn listed(world: &World, pairs: &[(&str, &str)]) -> (Vec<String>, u64) {
    let answer = call(world, "ListEdgeTranscodeTemplate", pairs).await;
    let all = answer["TemplateList"]["Template"].as_array().unwrap();
    let names = all.iter().map(|it| it["Name"].as_str().unwrap().to_owned());
    (names.collect(), answer["TotalCount"].as_u64().unwrap())
}

#[tokio::test]
async fn templates_are_listed_by_codec_name_and_page() {
    let world = world().await;
    let (all, total) = listed(&world, &[]).await;
    assert_eq!((all.len(), total), (9, 9));
    let (h265, _) = listed(&world, &[("VideoCodec", "H.265"), ("SortBy", "asc")]).await;
    assert_eq!(
        h265,
        ["source-h265", "1080p-h265", "720p-h265", "480p-h265"]
    );
    let page = listed(&world, &[("PageNo", "2"), ("PageSize", "5")]).await;
    assert_eq!((page.0, page.1), (all[5..].to_vec(), 9));
    assert_eq!(listed(&world, &[("Keyword", "720")]).await.1, 2);
    assert_eq!(listed(&world, &[("Keyword", COPY)]).await.0, ["copy"]);
    assert_eq!(listed(&world, &[("Type", "common")]).await.1, 9);
    assert_eq!(listed(&world, &[("Type", "ultra-hd")]).await, (vec![], 0));
    for (name, value) in [
        ("VideoCodec", "copy"),
        ("VideoCodec", "h264"),
        ("Type", "x"),
        ("SortBy", "x"),
        ("PageNo", "0"),
        ("PageSize", "101"),
    ] {
        let found = summary(&world, "ListEdgeTranscodeTemplate", &[(name, value)]).await;
        assert_eq!(found, "400 InvalidParameter", "{name} {value}");
    }
    for action in ["ListEdgeTranscodeTemplate", "GetEdgeTranscodeTemplate"] {
        let pairs = [("ClusterId", "nowhere"), ("TemplateId", COPY)];
        assert_eq!(summary(&world, action, &pairs).await, "403 OperationDenied");
    }
}

#[tokio::test]
async fn an_account_has_templates_of_its_own_beside_those_of_everybody() {
    let world = world().await;
    let settings = LiveSettings {
        codec: LiveCodec::H264,
        milli_fps: Follow::Fixed(29_970),
        ..LiveSettings::copy()
    };
    let new = NewLiveTemplate {
        name: "mine".to_owned(),
        settings,
    };
    let made = world
        .service
        .create_live_template(&world.caller(), new)
        .await;
    let id = made.unwrap().id.to_string();
    let answer = call(&world, "GetEdgeTranscodeTemplate", &[("TemplateId", &id)]).await;
    let template = &answer["Template"];
    assert_eq!(template["TemplateId"], id);
    assert_eq!(template["Fps"], "29.97");
    assert_eq!(template["Codec"], "H.264");
    let stranger = stranger(&world).await;
    let pairs = [("TemplateId", id.as_str())];
    let found = summary_of(&world, &stranger, "GetEdgeTranscodeTemplate", &pairs).await;
    assert_eq!(found, "404 TemplateNotFound");
    let pairs = [("TemplateId", COPY)];
    call_of(&world, &stranger, "GetEdgeTranscodeTemplate", &pairs).await;
}
