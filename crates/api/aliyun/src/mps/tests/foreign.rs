//! One account reaching for another's things by id: they do not exist for it.

use serde_json::{Value, json};

use crate::world::requests::{MTS, V1};
use crate::world::{Answer, Key, World};

async fn send(world: &World, key: &Key, action: &str, pairs: &[(&str, &str)]) -> Answer {
    let request = V1::new(world, key, MTS, action).json();
    let set = |request: V1, (name, value): &(&str, &str)| request.set(name, value);
    let request = pairs.iter().fold(request, set);
    request.signed().send(world).await
}

async fn submit(world: &World, key: &Key, pipeline: &str) -> Answer {
    let input = json!({"Bucket": "media", "Location": "oss-cn-x", "Object": "in.mp4"});
    let outputs = json!([{"OutputObject": "out.mp4", "TemplateId": "S00000001-200030"}]);
    let pairs = [
        ("Input", &*input.to_string()),
        ("OutputBucket", "media"),
        ("Outputs", &*outputs.to_string()),
        ("PipelineId", pipeline),
    ];
    send(world, key, "SubmitJobs", &pairs).await
}

#[tokio::test]
async fn nothing_of_another_account_exists() {
    let world = World::new().await;
    let owner = world.root();
    let pipeline = world.made.pipeline_id.clone();
    let answer = submit(&world, &owner, &pipeline).await.json();
    let job = answer["JobResultList"]["JobResult"][0]["Job"]["JobId"].clone();
    let job = job.as_str().unwrap();

    let made = world.account("other").await;
    let stranger = Key::new(&made.access_key_id, &made.access_key_secret);
    let missing = "404 InvalidParameter.ResourceNotFound";
    let change = [
        ("PipelineId", &*pipeline),
        ("Name", "taken"),
        ("State", "Paused"),
    ];
    for (action, pairs) in [
        ("CancelJob", &[("JobId", job)][..]),
        ("UpdatePipeline", &change),
        ("DeletePipeline", &change[..1]),
    ] {
        let answer = send(&world, &stranger, action, pairs).await;
        assert_eq!(answer.summary(), missing, "{action}");
    }
    let refused = submit(&world, &stranger, &pipeline).await;
    assert_eq!(refused.summary(), missing);

    // What it sees is what it would see of ids that nobody has.
    let found = async |action: &str, pairs: &[(&str, &str)]| {
        let answer = send(&world, &stranger, action, pairs).await;
        assert_eq!(answer.summary(), "200", "{action}");
        answer.json()
    };
    let jobs = found("QueryJobList", &[("JobIds", job)]).await;
    assert_eq!(jobs["JobList"]["Job"], json!([]));
    assert_eq!(jobs["NonExistJobIds"]["String"], json!([job]));
    let pipelines = found("QueryPipelineList", &[("PipelineIds", &pipeline)]).await;
    assert_eq!(pipelines["PipelineList"]["Pipeline"], json!([]));
    assert_eq!(pipelines["NonExistPids"]["String"], json!([pipeline]));
    let listed = found("ListJob", &[("PipelineId", &pipeline)]).await;
    assert_eq!(listed["JobList"]["Job"], json!([]));
    let listed = found("ListJob", &[]).await;
    assert_eq!(listed["JobList"]["Job"], json!([]));
    // The token of the next page is the last job's id.
    let listed = send(&world, &stranger, "ListJob", &[("NextPageToken", job)]).await;
    assert!(!listed.body.contains("out.mp4"), "{}", listed.body);
    let all = found("SearchPipeline", &[("PageSize", "100")]).await;
    let ids: Vec<&Value> = all["PipelineList"]["Pipeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pipeline| &pipeline["Id"])
        .collect();
    assert!(!ids.contains(&&json!(pipeline)), "{ids:?}");

    let own = send(&world, &owner, "QueryJobList", &[("JobIds", job)]).await;
    assert_eq!(own.json()["JobList"]["Job"][0]["State"], "Submitted");
    let ids = [("PipelineIds", &*pipeline)];
    let own = send(&world, &owner, "QueryPipelineList", &ids).await;
    let own = own.json();
    assert_eq!(own["PipelineList"]["Pipeline"][0]["State"], "Active");
}

#[tokio::test]
async fn every_write_acts_once() {
    let mut world = World::new().await;
    let key = world.root();
    let pipeline = world.made.pipeline_id.clone();
    let answer = submit(&world, &key, &pipeline).await.json();
    let job = answer["JobResultList"]["JobResult"][0]["Job"]["JobId"].clone();
    let job = job.as_str().unwrap();
    let input = json!({"Bucket": "media", "Location": "oss-cn-x", "Object": "in.mp4"});
    let outputs = json!([{"OutputObject": "out.mp4", "TemplateId": "S00000001-200030"}]);
    let added = send(&world, &key, "AddPipeline", &[("Name", "spare")]).await;
    let spare = added.json()["Pipeline"]["Id"].clone();
    let spare = spare.as_str().unwrap();
    let writes: [(&str, &[(&str, &str)]); 5] = [
        (
            "SubmitJobs",
            &[
                ("Input", &input.to_string()),
                ("OutputBucket", "media"),
                ("Outputs", &outputs.to_string()),
                ("PipelineId", &pipeline),
            ],
        ),
        ("CancelJob", &[("JobId", job)]),
        ("AddPipeline", &[("Name", "new")]),
        (
            "UpdatePipeline",
            &[
                ("PipelineId", &pipeline),
                ("Name", "changed"),
                ("State", "Active"),
            ],
        ),
        ("DeletePipeline", &[("PipelineId", spare)]),
    ];
    let mut signed = Vec::new();
    for (action, pairs) in writes {
        let request = V1::new(&world, &key, MTS, action).json();
        let set = |request: V1, (name, value): &(&str, &str)| request.set(name, value);
        let request = pairs.iter().fold(request, set).signed();
        // Sent twice at once, one is served, whichever it is.
        let (one, other) = tokio::join!(request.send(&world), request.send(&world));
        let mut both = [one.summary(), other.summary()];
        both.sort_unstable();
        assert_eq!(both, ["200", "400 SignatureNonceUsed"], "{action}");
        signed.push((action, request));
    }
    let listed = send(&world, &key, "ListJob", &[]).await.json();
    let jobs = listed["JobList"]["Job"].as_array().unwrap().len();
    assert_eq!(jobs, 2);
    world = world.restarted();
    for (action, request) in &signed {
        let replay = request.send(&world).await.summary();
        assert_eq!(replay, "400 SignatureNonceUsed", "{action}");
    }
    let listed = send(&world, &key, "ListJob", &[]).await.json();
    assert_eq!(listed["JobList"]["Job"].as_array().unwrap().len(), jobs);
}
