//! `UploadMediaByURL` and `GetURLUploadInfos`.

use serde_json::json;

use super::*;

#[tokio::test]
async fn each_address_is_a_job_in_the_order_given() {
    let world = world().await;
    let urls = "http%3A%2F%2Fh.example.com%2Fa%252Cb.mp4,http://h.example.com/b.mov";
    let answer = call(&world, "UploadMediaByURL", &[("UploadURLs", urls)]).await;
    let jobs = answer["UploadJobs"].as_array().unwrap();
    assert_eq!(jobs[0]["SourceURL"], "http://h.example.com/a%2Cb.mp4");
    assert_eq!(jobs[1]["SourceURL"], "http://h.example.com/b.mov");
    let shown = info(&world, jobs[0]["JobId"].as_str().unwrap()).await;
    assert_eq!(shown["UploadURL"], "http://h.example.com/a%2Cb.mp4");
    assert_eq!(shown["Status"], "PENDING");
    assert_eq!(shown["CreationTime"], "2026-01-02T03:04:05Z");
    // Nothing is told of media that are not there.
    assert_eq!(shown.get("MediaId"), None);
}

#[tokio::test]
async fn uploads_of_one_address_are_shown_the_newest_first() {
    let world = world().await;
    let url = "http://h.example.com/a.mp4";
    let first = upload(&world, &[url]).await;
    world.pass(1);
    let second = upload(&world, &[url]).await;
    let pairs = [(
        "UploadURLs",
        "http://h.example.com/a.mp4,http://h.example.com/none.mp4",
    )];
    let answer = call(&world, "GetURLUploadInfos", &pairs).await;
    let list = answer["URLUploadInfoList"].as_array().unwrap();
    let ids: Vec<_> = list
        .iter()
        .map(|it| it["JobId"].as_str().unwrap())
        .collect();
    assert_eq!(ids, [second[0].as_str(), first[0].as_str()]);
    assert_eq!(
        answer["NonExists"],
        json!(["http://h.example.com/none.mp4"])
    );
    world.pass(366 * 24 * 3600);
    let answer = call(&world, "GetURLUploadInfos", &[("JobIds", &first[0])]).await;
    assert_eq!(answer["NonExists"], json!([first[0]]));
}

#[tokio::test]
async fn what_cannot_be_brought_in_is_refused_and_nothing_is_queued() {
    let world = world().await;
    let url = "http://h.example.com/a.mp4";
    let many = [url; 21].join(",");
    let metadata = |members: Value| {
        let mut members = members;
        members["SourceURL"] = url.into();
        json!([members]).to_string()
    };
    let title = metadata(json!({"Title": "a".repeat(129)}));
    let category = metadata(json!({"CateId": 5}));
    let workflow = metadata(json!({"WorkflowId": "w"}));
    let group = metadata(json!({"TemplateGroupId": UNKNOWN_ID}));
    for (pairs, expected) in [
        (vec![], "400 MissingParameter"),
        (
            vec![("UploadURLs", many.as_str())],
            "400 InvalidParameter.UploadURLs",
        ),
        (
            vec![("UploadURLs", "ftp%3A%2F%2Fh%2Fa.mp4")],
            "400 InvalidParameter.UploadURLs",
        ),
        (
            vec![("UploadURLs", "http://h/a")],
            "400 InvalidParameter.UploadURLs",
        ),
        (
            vec![("UploadURLs", url), ("UploadMetadatas", &category)],
            "404 InvalidCategory.NotFound",
        ),
        (
            vec![("UploadURLs", url), ("UploadMetadatas", "{}")],
            "400 InvalidParameter.UploadMetadatas",
        ),
        (
            vec![("UploadURLs", url), ("UploadMetadatas", &title)],
            "400 InvalidParameter",
        ),
        (
            vec![("UploadURLs", url), ("UploadMetadatas", &workflow)],
            "400 InvalidParameter",
        ),
        (
            vec![("UploadURLs", url), ("UploadMetadatas", &group)],
            "404 InvalidTranscodeTemplateGroup.NotFound",
        ),
        (
            vec![("UploadURLs", url), ("TemplateGroupId", "x")],
            "404 InvalidTranscodeTemplateGroup.NotFound",
        ),
        (
            vec![("UploadURLs", url), ("WorkflowId", "w")],
            "400 InvalidParameter.WorkflowId",
        ),
        (
            vec![
                ("UploadURLs", url),
                ("StorageLocation", "nowhere.oss.example.com"),
            ],
            "404 InvalidStorage.NotFound",
        ),
        (
            vec![("UploadURLs", url), ("UserData", "text")],
            "400 InvalidParameter.UserData",
        ),
        (
            vec![("UploadURLs", url), ("AppId", "app-2")],
            "400 InvalidParameter.AppId",
        ),
        (
            vec![("UploadURLs", url), ("SessionId", "a b")],
            "400 InvalidParameter.SessionId",
        ),
    ] {
        let found = refused(&world, "UploadMediaByURL", &pairs).await;
        assert_eq!(found, expected, "{pairs:?}");
    }
    let answer = call(&world, "GetURLUploadInfos", &[("UploadURLs", url)]).await;
    assert_eq!(answer["URLUploadInfoList"], json!([]));
}

#[tokio::test]
async fn a_session_is_for_one_call_of_the_account() {
    let world = world().await;
    let pairs = [
        ("UploadURLs", "http://h.example.com/a.mp4"),
        ("SessionId", "s-1"),
    ];
    call(&world, "UploadMediaByURL", &pairs).await;
    let again = refused(&world, "UploadMediaByURL", &pairs).await;
    assert_eq!(again, "409 AlreadyExist.SessionId");
    let made = world.account("other").await;
    let other = Key::new(&made.access_key_id, &made.access_key_secret);
    call_as(&world, &other, "UploadMediaByURL", &pairs).await;
}

#[tokio::test]
async fn user_data_and_metadata_are_kept_with_the_upload() {
    let world = world().await;
    let user_data = r#"{"Extend":{"a":1}}"#;
    let category = call(&world, "AddCategory", &[("CateName", "films")]).await;
    let category = &category["Category"]["CateId"];
    let metadatas = json!([
        {"SourceURL": "http://h.example.com/none.mp4", "Title": "of no file"},
        {"SourceURL": "http://h.example.com/a", "FileExtension": "mp4", "Title": "A film", "CateId": category},
    ]);
    let metadatas = metadatas.to_string();
    let pairs = [
        ("UploadURLs", "http%3A%2F%2Fh.example.com%2Fa"),
        ("UploadMetadatas", metadatas.as_str()),
        ("UserData", user_data),
    ];
    let answer = call(&world, "UploadMediaByURL", &pairs).await;
    let job = answer["UploadJobs"][0]["JobId"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(info(&world, &job).await["UserData"], user_data);
}

#[tokio::test]
async fn an_upload_gets_no_reference_that_is_a_videos() {
    let world = world().await;
    let (caller, file) = (world.caller(), reelgate_testkit::object("a.mp4"));
    let put = world
        .service
        .put_object(&caller, &file, videos::futures("a"));
    put.await.unwrap();
    let files = json!([{"FileURL": "oss://media/a.mp4", "Title": "a", "ReferenceId": "the-film"}]);
    let files = files.to_string();
    call(&world, "RegisterMedia", &[("RegisterMetadatas", &files)]).await;
    let urls = ["http://h.example.com/a.mp4", "http://h.example.com/b.mp4"];
    let upload = async |references: [&str; 2]| {
        let metadatas = urls.iter().zip(references);
        let metadatas = metadatas.map(|(url, it)| json!({"SourceURL": url, "ReferenceId": it}));
        let metadatas = json!(metadatas.collect::<Vec<_>>()).to_string();
        let urls = urls.join(",");
        let pairs = [("UploadURLs", &*urls), ("UploadMetadatas", &metadatas)];
        let request = request(&world, &world.root(), "UploadMediaByURL", &pairs);
        request.json().summary(&world).await
    };
    let taken = "409 AlreadyExist.ReferenceId";
    assert_eq!(upload(["another", "the-film"]).await, taken);
    assert_eq!(upload(["another", "another"]).await, taken);
    assert_eq!(upload(["another", "one-more"]).await, "200");
}

#[tokio::test]
async fn the_actions_that_are_not_served_say_why() {
    let world = world().await;
    let found = refused(&world, "CreateUploadVideo", &[]).await;
    assert_eq!(found, "400 UnsupportedOperation");
    let found = refused(&world, "GetUrlUploadInfos", &[("JobIds", UNKNOWN_ID)]).await;
    assert_eq!(found, "404 InvalidAction.NotFound");
}
