//! The life of a job: what is answered in which state, and what is refused.

use reelgate_domain::stream::{HostPattern, HostRules};
use serde_json::json;

use super::*;

#[tokio::test]
async fn a_job_is_started_and_stopped_and_says_when() {
    let world = world().await;
    let job = made(&world, "晚会_1-a", OUT).await;
    let fresh = got(&world, &job).await;
    assert_eq!(
        fresh,
        json!({
            "JobId": job, "Name": "晚会_1-a", "Status": "0", "Type": "common",
            "TemplateId": COPY, "TemplateName": "copy", "StreamInput": IN, "StreamOutput": OUT,
            "CreateTime": "2026-01-02T03:04:05Z",
        })
    );
    let named = [("JobId", job.as_str())];
    world.pass(1);
    let answer = call(&world, "StartEdgeTranscodeJob", &named).await;
    assert_eq!(answer["JobId"], job);
    let running = got(&world, &job).await;
    assert_eq!(running["Status"], "1");
    assert_eq!(running["LastStartAt"], "2026-01-02T03:04:06Z");
    assert_eq!(running.get("LastStopAt"), None);
    for refused in [
        "StartEdgeTranscodeJob",
        "DeleteEdgeTranscodeJob",
        "UpdateEdgeTranscodeJob",
    ] {
        let found = summary(&world, refused, &named).await;
        assert_eq!(found, "403 OperationDenied", "{refused}");
    }
    world.pass(1);
    let answer = call(&world, "StopEdgeTranscodeJob", &named).await;
    assert_eq!(answer["JobId"], job);
    let stopped = got(&world, &job).await;
    assert_eq!(stopped["Status"], "0");
    assert_eq!(stopped["LastStartAt"], "2026-01-02T03:04:06Z");
    assert_eq!(stopped["LastStopAt"], "2026-01-02T03:04:07Z");
    let again = summary(&world, "StopEdgeTranscodeJob", &named).await;
    assert_eq!(again, "403 OperationDenied");
    let answer = call(&world, "DeleteEdgeTranscodeJob", &named).await;
    let members: Vec<_> = answer.as_object().unwrap().keys().collect();
    assert_eq!(members, ["RequestId"]);
    for gone in [
        "GetEdgeTranscodeJob",
        "StartEdgeTranscodeJob",
        "StopEdgeTranscodeJob",
        "UpdateEdgeTranscodeJob",
        "DeleteEdgeTranscodeJob",
    ] {
        let found = summary(&world, gone, &named).await;
        assert_eq!(found, "404 JobNotFound", "{gone}");
    }
}

#[tokio::test]
async fn what_is_needed_is_missing_when_it_is_empty_too() {
    let world = world().await;
    let all = [
        ("Name", "n"),
        ("TemplateId", COPY),
        ("StreamInput", IN),
        ("StreamOutput", OUT),
        ("JobId", NO_ID),
    ];
    let needed: [(&str, &[&str]); 9] = [
        (
            "CreateEdgeTranscodeJob",
            &[
                "ClusterId",
                "Name",
                "TemplateId",
                "StreamInput",
                "StreamOutput",
            ],
        ),
        ("DeleteEdgeTranscodeJob", &["ClusterId", "JobId"]),
        ("GetEdgeTranscodeJob", &["ClusterId", "JobId"]),
        ("GetEdgeTranscodeTemplate", &["ClusterId", "TemplateId"]),
        ("ListEdgeTranscodeJob", &["ClusterId"]),
        ("ListEdgeTranscodeTemplate", &["ClusterId"]),
        ("StartEdgeTranscodeJob", &["ClusterId", "JobId"]),
        ("StopEdgeTranscodeJob", &["ClusterId", "JobId"]),
        ("UpdateEdgeTranscodeJob", &["ClusterId", "JobId"]),
    ];
    for (action, names) in needed {
        for name in names {
            for empty in [false, true] {
                let request = request(&world, &world.root(), action, &all);
                let request = match empty {
                    true => request.set(name, ""),
                    false => request.without(name),
                };
                let answer = request.signed().send(&world).await;
                assert_eq!(answer.summary(), "400 MissingParameter", "{action} {name}");
                assert!(answer.member("Message").contains(name), "{}", answer.body);
            }
        }
    }
}

#[tokio::test]
async fn a_job_is_its_accounts_and_its_clusters() {
    let world = world().await;
    let job = made(&world, "n", OUT).await;
    let stranger = stranger(&world).await;
    let named = [("JobId", job.as_str())];
    let east = reelgate_domain::node::ClusterName::new("east").unwrap();
    world
        .service
        .create_cluster(&world.caller(), east)
        .await
        .unwrap();
    for action in [
        "GetEdgeTranscodeJob",
        "StartEdgeTranscodeJob",
        "StopEdgeTranscodeJob",
        "UpdateEdgeTranscodeJob",
        "DeleteEdgeTranscodeJob",
    ] {
        let found = summary_of(&world, &stranger, action, &named).await;
        assert_eq!(found, "404 JobNotFound", "{action} by a stranger");
        for cluster in ["east", "nowhere", "a/b"] {
            let pairs = [("JobId", job.as_str()), ("ClusterId", cluster)];
            let found = summary(&world, action, &pairs).await;
            assert_eq!(found, "404 JobNotFound", "{action} in {cluster}");
        }
        for unknown in [NO_ID, "x", "a/../b"] {
            let found = summary(&world, action, &[("JobId", unknown)]).await;
            assert_eq!(found, "404 JobNotFound", "{action} of {unknown}");
        }
    }
}

#[tokio::test]
async fn names_addresses_and_templates_are_judged_when_a_job_is_made_or_changed() {
    let world = world().await;
    let job = made(&world, "n", OUT).await;
    let long = "n".repeat(256);
    let cases = [
        ("Name", "a b", "400 InvalidParameter"),
        ("Name", "a/b", "400 InvalidParameter"),
        ("Name", &long, "400 InvalidParameter"),
        ("Name", &long[1..], "200"),
        ("StreamInput", "file:///etc/passwd", "400 InvalidParameter"),
        ("StreamInput", "rtmp://d", "400 InvalidParameter"),
        (
            "StreamInput",
            "in.example.com/app/s",
            "400 InvalidParameter",
        ),
        ("StreamInput", "https://in.example.com/a.m3u8", "200"),
        (
            "StreamInput",
            "rtmp://10.0.0.1/app/s",
            "403 OperationDenied",
        ),
        (
            "StreamInput",
            "srt://0.0.0.0:9000?mode=listener",
            "403 OperationDenied",
        ),
        // What comes from there would go there again.
        ("StreamInput", OUT, "400 InvalidParameter"),
        ("StreamOutput", "http://d/a.flv", "400 InvalidParameter"),
        ("StreamOutput", "rtmp://[::1]/app/s", "403 OperationDenied"),
        (
            "StreamOutput",
            "srt://out.example.com:9000?streamid=a",
            "200",
        ),
        ("TemplateId", NO_ID, "404 TemplateNotFound"),
        ("TemplateId", "x", "404 TemplateNotFound"),
    ];
    for (name, value, expected) in cases {
        let mut pairs = vec![
            ("Name", "n"),
            ("TemplateId", COPY),
            ("StreamInput", IN),
            ("StreamOutput", OUT),
        ];
        pairs.retain(|(other, _)| *other != name);
        pairs.push((name, value));
        let found = summary(&world, "CreateEdgeTranscodeJob", &pairs).await;
        assert_eq!(found, expected, "create with {name} {value}");
        let pairs = [("JobId", job.as_str()), (name, value)];
        let found = summary(&world, "UpdateEdgeTranscodeJob", &pairs).await;
        assert_eq!(found, expected, "update with {name} {value}");
        let back = [
            ("JobId", job.as_str()),
            ("Name", "n"),
            ("StreamInput", IN),
            ("StreamOutput", OUT),
        ];
        call(&world, "UpdateEdgeTranscodeJob", &back).await;
    }
    let pairs = [
        ("Name", "n"),
        ("TemplateId", COPY),
        ("StreamInput", IN),
        ("StreamOutput", OUT),
        ("ClusterId", "nowhere"),
    ];
    let found = summary(&world, "CreateEdgeTranscodeJob", &pairs).await;
    assert_eq!(found, "403 OperationDenied", "an unknown cluster");
}

#[tokio::test]
async fn an_update_replaces_what_it_names_and_nothing_else() {
    let world = world().await;
    let job = made(&world, "n", OUT).await;
    let before = got(&world, &job).await;
    let template = "6c6976652d3030373230702d68323634";
    for (name, value) in [
        ("Name", "m"),
        ("TemplateId", template),
        ("StreamInput", "srt://in.example.com:9000"),
        ("StreamOutput", "rtmps://out.example.com/app/s2"),
    ] {
        let pairs = [("JobId", job.as_str()), (name, value)];
        let answer = call(&world, "UpdateEdgeTranscodeJob", &pairs).await;
        assert_eq!(answer["JobId"], job);
        let now = got(&world, &job).await;
        assert_eq!(now[name], value);
    }
    let now = got(&world, &job).await;
    assert_eq!(now["TemplateName"], "720p-h264");
    assert_eq!(now["CreateTime"], before["CreateTime"]);
    assert_eq!(now["Status"], "0");
}

#[tokio::test]
async fn one_place_is_published_to_by_one_running_job() {
    let world = world().await;
    let first = made(&world, "a", OUT).await;
    let second = made(&world, "b", OUT).await;
    call(&world, "StartEdgeTranscodeJob", &[("JobId", &first)]).await;
    let refused = summary(&world, "StartEdgeTranscodeJob", &[("JobId", &second)]).await;
    assert_eq!(refused, "403 OperationDenied");
    // Nobody holds it, so its place is free with the stop.
    call(&world, "StopEdgeTranscodeJob", &[("JobId", &first)]).await;
    call(&world, "StartEdgeTranscodeJob", &[("JobId", &second)]).await;
}

#[tokio::test]
async fn an_account_without_the_feature_is_told_so() {
    let world = world().await;
    let job = made(&world, "n", OUT).await;
    switch_edge(&world, false).await;
    let pairs = [
        ("JobId", job.as_str()),
        ("Name", "n"),
        ("TemplateId", COPY),
        ("StreamInput", IN),
        ("StreamOutput", OUT),
    ];
    for (action, expected) in [
        ("CreateEdgeTranscodeJob", "403 OperationDenied"),
        ("DeleteEdgeTranscodeJob", "403 Forbidden"),
        ("GetEdgeTranscodeJob", "403 Forbidden"),
        ("GetEdgeTranscodeTemplate", "403 OperationDenied"),
        ("ListEdgeTranscodeJob", "403 OperationDenied"),
        ("ListEdgeTranscodeTemplate", "403 OperationDenied"),
        ("StartEdgeTranscodeJob", "403 Forbidden"),
        ("StopEdgeTranscodeJob", "403 Forbidden"),
        ("UpdateEdgeTranscodeJob", "403 Forbidden"),
    ] {
        assert_eq!(summary(&world, action, &pairs).await, expected, "{action}");
    }
    switch_edge(&world, true).await;
    call(&world, "StartEdgeTranscodeJob", &pairs[..1]).await;
}

#[tokio::test]
async fn the_rules_of_an_account_decide_when_a_job_is_made_and_when_it_starts() {
    let world = world().await;
    let job = made(&world, "n", OUT).await;
    let rules = HostRules {
        pull: vec![HostPattern::new("*.example.com").unwrap()],
        push: vec![HostPattern::new("elsewhere.example.com").unwrap()],
    };
    let caller = world.caller();
    let set = world.service.set_host_rules(&caller, None, rules);
    set.await.unwrap();
    let start = summary(&world, "StartEdgeTranscodeJob", &[("JobId", &job)]).await;
    assert_eq!(start, "403 OperationDenied");
    let pairs = [
        ("JobId", job.as_str()),
        ("StreamOutput", "rtmp://elsewhere.example.com/app/s"),
    ];
    call(&world, "UpdateEdgeTranscodeJob", &pairs).await;
    call(&world, "StartEdgeTranscodeJob", &pairs[..1]).await;
}

#[tokio::test]
async fn a_replay_of_a_stop_does_not_stop_the_next_run() {
    let world = world().await;
    let job = made(&world, "n", OUT).await;
    let named = [("JobId", job.as_str())];
    call(&world, "StartEdgeTranscodeJob", &named).await;
    let stop = request(&world, &world.root(), "StopEdgeTranscodeJob", &named).signed();
    assert_eq!(stop.send(&world).await.summary(), "200");
    call(&world, "StartEdgeTranscodeJob", &named).await;
    let replayed = stop.send(&world).await.summary();
    assert_eq!(replayed, "400 SignatureNonceUsed");
    assert_eq!(got(&world, &job).await["Status"], "1");
    let world = world.restarted();
    let replayed = stop.send(&world).await.summary();
    assert_eq!(replayed, "400 SignatureNonceUsed");
}

#[tokio::test]
async fn calls_come_by_get_and_post_and_are_answered_in_either_format() {
    let world = world().await;
    let job = made(&world, "n", OUT).await;
    let named = [
        ("JobId", job.as_str()),
        ("RegionId", "cn-shanghai"),
        ("OwnerId", "7"),
    ];
    call(&world, "StartEdgeTranscodeJob", &named).await;
    let stop = request(&world, &world.root(), "StopEdgeTranscodeJob", &named);
    let answer = stop.set("Format", "XML").post().signed().send(&world).await;
    assert_eq!(answer.summary(), "200");
    assert_eq!(answer.member("JobId"), job);
    assert!(
        answer.body.contains("<StopEdgeTranscodeJobResponse>"),
        "{}",
        answer.body
    );
    let list = request(&world, &world.root(), "ListEdgeTranscodeJob", &[]);
    let answer = list.set("Format", "XML").signed().send(&world).await;
    assert!(
        answer.body.contains("<JobList><Job>") && answer.body.contains("<TotalCount>1<"),
        "{}",
        answer.body
    );
}
