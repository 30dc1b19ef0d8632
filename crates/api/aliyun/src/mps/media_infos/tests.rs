//! Media information, through the gateway.

use reelgate_domain::job::{Fault, FaultCode};
use reelgate_store::Ending;
use serde_json::json;

use super::super::tests::{UNKNOWN_ID, World, text};

#[tokio::test]
async fn a_media_information_job_is_analyzing_until_it_has_ended() {
    let world = World::new().await;
    let input = json!({"Bucket": "media", "Location": "x", "Object": "in.mp4"}).to_string();
    let pairs = [("Input", &*input), ("Async", "true"), ("UserData", "mine")];
    let made = world.call("SubmitMediaInfoJob", &pairs).await["MediaInfoJob"].take();
    assert_eq!(
        (&made["State"], &made["Async"]),
        (&json!("Analyzing"), &json!(true))
    );
    assert_eq!(made["Input"]["Object"], "in.mp4");
    let id = text(&made["JobId"]);
    let claims = world.claim().await;
    let fault = Fault::new(FaultCode::SourceUnreadable, "nothing can be decoded");
    let results = Vec::new();
    world
        .finish(&claims[0], Ending::Failed { fault, results })
        .await;
    let ids = format!("{id},{UNKNOWN_ID}");
    let found = world
        .call("QueryMediaInfoJobList", &[("MediaInfoJobIds", &ids)])
        .await;
    let shown = &found["MediaInfoJobList"]["MediaInfoJob"][0];
    assert_eq!(
        (&shown["State"], &shown["UserData"]),
        (&json!("Fail"), &json!("mine"))
    );
    assert_eq!(shown["Code"], "InvalidParameter.ResourceContentBad");
    assert_eq!(
        found["NonExistMediaInfoJobIds"],
        json!({"String": [UNKNOWN_ID]})
    );
}

#[tokio::test]
async fn parameters_that_cannot_be_used_are_refused() {
    let world = World::new().await;
    let input = json!({"Bucket": "media", "Location": "x", "Object": "in.mp4"}).to_string();
    let cases: [(&[(&str, &str)], &str); 4] = [
        (&[], "400 MissingInput"),
        (
            &[("Input", &input), ("Async", "maybe")],
            "400 ParameterNotBoolean",
        ),
        (
            &[("Input", &input), ("Config", r#"{"Deep":1}"#)],
            "400 InvalidParameter.NotSupported",
        ),
        (
            &[("Input", &input), ("PipelineId", UNKNOWN_ID)],
            "404 InvalidParameter.ResourceNotFound",
        ),
    ];
    for (pairs, expected) in cases {
        assert_eq!(world.fail("SubmitMediaInfoJob", pairs).await, expected);
    }
    let missing = world.fail("QueryMediaInfoJobList", &[]).await;
    assert_eq!(missing, "400 InvalidParameter");
}
