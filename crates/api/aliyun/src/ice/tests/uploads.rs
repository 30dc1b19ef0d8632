//! Uploads are those of product vod under its own names.

use super::*;

#[tokio::test]
async fn media_ids_are_told_at_once_and_the_other_product_cancels() {
    let world = world().await;
    let metadata = json!([{"SourceURL": URL, "Title": "A film"}]).to_string();
    let pairs = [("UploadURLs", URL), ("MediaMetaData", metadata.as_str())];
    let answer = call(&world, ICE, "UploadMediaByURL", &pairs).await;
    shapes::ICE.check("UploadMediaByURL", &answer);
    let job = answer["UploadJobs"][0]["JobId"].as_str().unwrap();
    let media = answer["UploadJobs"][0]["MediaId"].as_str().unwrap();
    assert_ne!(job, media);
    let shown = call(&world, ICE, "GetUrlUploadInfos", &[("JobIds", job)]).await;
    shapes::ICE.check("GetUrlUploadInfos", &shown);
    assert_eq!(shown["URLUploadInfoList"][0]["Status"], "PENDING");
    let cancelled = call(&world, VOD, "CancelUrlUploadJobs", &[("JobIds", job)]).await;
    assert_eq!(cancelled["CanceledJobs"], json!([job]));
}

#[tokio::test]
async fn a_session_is_one_products() {
    let world = world().await;
    let pairs = [("UploadURLs", URL), ("SessionId", "s-1")];
    for version in [VOD, ICE] {
        call(&world, version, "UploadMediaByURL", &pairs).await;
        let again = request(&world, version, "UploadMediaByURL", &pairs);
        assert_eq!(again.summary(&world).await, "409 AlreadyExist.SessionId");
    }
}

#[tokio::test]
async fn what_is_not_served_is_refused_by_name() {
    let world = world().await;
    for (action, pairs, expected) in [
        (
            "SubmitASRJob",
            vec![("JobId", "x")],
            "400 UnsupportedOperation",
        ),
        (
            "GetURLUploadInfos",
            vec![("JobIds", "x")],
            "404 InvalidAction.NotFound",
        ),
        (
            "UploadMediaByURL",
            vec![
                ("UploadURLs", URL),
                ("PostProcessConfig", r#"{"ProcessType":"Workflow"}"#),
            ],
            "400 InvalidParameter",
        ),
        (
            "UploadMediaByURL",
            vec![
                ("UploadURLs", URL),
                ("PostProcessConfig", r#"{"ProcessID":"x"}"#),
            ],
            "400 InvalidParameter",
        ),
        (
            "UploadMediaByURL",
            vec![
                ("UploadURLs", URL),
                ("UploadTargetConfig", r#"{"StorageType":"vod_oss"}"#),
            ],
            "400 InvalidParameter",
        ),
        (
            "UploadMediaByURL",
            vec![("UploadURLs", URL), ("EntityId", "e")],
            "400 InvalidParameter.EntityId",
        ),
    ] {
        let found = request(&world, ICE, action, &pairs).summary(&world).await;
        assert_eq!(found, expected, "{action} {pairs:?}");
    }
}
