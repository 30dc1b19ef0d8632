//! Submissions: results, siblings, and errors of the whole call.

use reelgate_domain::JobId;
use serde_json::json;

use super::{UNKNOWN_ID, World, mp4, text};

#[tokio::test]
async fn each_output_has_its_own_result_in_order() {
    let world = World::new().await;
    let outputs = json!([
        mp4("a.mp4"),
        {"OutputObject": "b.mp4", "TemplateId": "S00000001-200030", "Video": {"Degrain": "5"}},
        {"OutputObject": "c", "TemplateId": "S00000001-100020", "Priority": "9", "UserData": "u"},
        5,
    ]);
    let results = world.submit(&outputs).await;
    let success: Vec<_> = results
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["Success"])
        .collect();
    assert_eq!(success, [true, false, true, false]);
    assert_eq!(results[1]["Code"], "InvalidParameter.NotSupported");
    assert_eq!(
        results[1]["Message"],
        "The specified parameter \"Video.Degrain\" is not supported."
    );
    assert_eq!(results[1].get("Job"), None);
    assert_eq!(results[0].get("Code"), None);
    let job = &results[2]["Job"];
    assert_eq!(
        (&job["State"], &job["Percent"]),
        (&json!("Submitted"), &json!(0))
    );
    assert_eq!(
        (&job["Output"]["Priority"], &job["Output"]["UserData"]),
        (&json!("9"), &json!("u"))
    );
    assert_eq!(job["Output"]["OutputFile"]["Object"], "c");

    let jobs: Vec<JobId> = [0, 2]
        .map(|at| text(&results[at]["Job"]["JobId"]).parse().unwrap())
        .into();
    let account = world.made.account_id.parse().unwrap();
    let stored = world.store.jobs(account, &jobs).await.unwrap();
    assert_eq!(stored.len(), 2);
    assert_eq!(stored[0].submission, stored[1].submission);
}

#[tokio::test]
async fn a_call_whose_outputs_are_all_refused_succeeds_unless_the_rest_is_wrong() {
    let world = World::new().await;
    let results = world.submit(&json!([{"TemplateId": "x"}])).await;
    assert_eq!(results[0]["Code"], "InvalidParameter.NullValue");

    let input = json!({"Bucket": "media", "Location": "x", "Object": "in.mp4"}).to_string();
    let good = json!([mp4("a.mp4")]).to_string();
    let bad = json!([{}]).to_string();
    let pipeline = world.made.pipeline_id.clone();
    let elsewhere = json!({"Bucket": "other", "Location": "x", "Object": "in.mp4"}).to_string();
    for outputs in [&*good, &*bad] {
        let cases = [
            (
                &*input,
                "media",
                UNKNOWN_ID,
                "404 InvalidParameter.ResourceNotFound",
            ),
            (
                &*input,
                "other",
                &*pipeline,
                "404 InvalidParameter.ResourceNotFound",
            ),
            (
                &*elsewhere,
                "media",
                &*pipeline,
                "404 InvalidParameter.ResourceNotFound",
            ),
            (
                &*input,
                "Media",
                &*pipeline,
                "400 InvalidParameter.BucketNameInvalid",
            ),
            (&*input, "", &*pipeline, "400 InvalidParameter.EmptyValue"),
            (
                &*input,
                "media",
                "x",
                "400 InvalidParameter.UUIDFormatInvalid",
            ),
            ("{}", "media", &*pipeline, "400 InvalidParameter.NullValue"),
        ];
        for (input, bucket, pipeline, expected) in cases {
            let pairs = [
                ("Input", input),
                ("OutputBucket", bucket),
                ("Outputs", outputs),
                ("PipelineId", pipeline),
            ];
            assert_eq!(world.fail("SubmitJobs", &pairs).await, expected);
        }
    }
    assert_eq!(
        world.fail("SubmitJobs", &[("Input", &input)]).await,
        "400 MissingOutputBucket"
    );
}
