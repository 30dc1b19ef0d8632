//! Policies: the domains of a job are the hosts of its addresses.

use serde_json::json;

use super::lists::names_for;
use super::*;

fn on(domains: &[&str]) -> Value {
    let resources: Vec<_> = domains
        .iter()
        .map(|domain| format!("acs:live:*:*:domain/{domain}"))
        .collect();
    json!([{"Effect": "Allow", "Action": "live:*", "Resource": resources}])
}

#[tokio::test]
async fn all_domains_of_a_job_have_to_be_allowed() {
    let world = world().await;
    let job = made(&world, "n", OUT).await;
    let named = [("JobId", job.as_str())];
    let both = world
        .user("both", on(&["in.example.com", "out.example.com"]))
        .await;
    let below = world.user("below", on(&["*.example.com"])).await;
    let everything = world.user("everything", on(&["*"])).await;
    let target = world.user("target", on(&["out.example.com"])).await;
    let source = world.user("source", on(&["in.example.com"])).await;
    let elsewhere = world.user("elsewhere", on(&["example.org"])).await;
    let mts = json!([{"Effect": "Allow", "Action": "mts:*", "Resource": "*"}]);
    let other_product = world.user("other", mts).await;
    let all = [
        ("StartEdgeTranscodeJob", "200"),
        ("GetEdgeTranscodeJob", "200"),
        ("StopEdgeTranscodeJob", "200"),
        ("UpdateEdgeTranscodeJob", "200"),
    ];
    for allowed in [&both, &below, &everything] {
        for (action, expected) in all {
            let found = summary_of(&world, allowed, action, &named).await;
            assert_eq!(found, expected, "{action}");
        }
    }
    for refused in [&target, &source, &elsewhere, &other_product] {
        for (action, _) in all {
            let found = summary_of(&world, refused, action, &named).await;
            assert_eq!(found, "403 Forbidden", "{action}");
        }
    }
    // Whoever may use the action nowhere is not told what there is.
    let unknown = [("JobId", NO_ID)];
    let found = summary_of(&world, &other_product, "StopEdgeTranscodeJob", &unknown).await;
    assert_eq!(found, "403 Forbidden");
    let found = summary_of(&world, &elsewhere, "StopEdgeTranscodeJob", &unknown).await;
    assert_eq!(found, "404 JobNotFound");
}

#[tokio::test]
async fn new_addresses_have_to_be_allowed_too() {
    let world = world().await;
    let job = made(&world, "n", OUT).await;
    let user = world
        .user("user", on(&["in.example.com", "out.example.com"]))
        .await;
    let change = [
        ("JobId", job.as_str()),
        ("StreamOutput", "rtmp://other.example.com/app/s"),
    ];
    let found = summary_of(&world, &user, "UpdateEdgeTranscodeJob", &change).await;
    assert_eq!(found, "403 Forbidden");
    let mut new = vec![
        ("Name", "m"),
        ("TemplateId", COPY),
        ("StreamInput", IN),
        ("StreamOutput", "rtmp://out.example.com/app/s9"),
    ];
    call_of(&world, &user, "CreateEdgeTranscodeJob", &new).await;
    new[2].1 = "rtmp://other.example.com/app/s";
    let found = summary_of(&world, &user, "CreateEdgeTranscodeJob", &new).await;
    assert_eq!(found, "403 Forbidden");
    assert_eq!(got(&world, &job).await["StreamOutput"], OUT);
}

#[tokio::test]
async fn a_refusal_says_what_was_asked_for_and_is_audited() {
    let world = world().await;
    let job = made(&world, "n", OUT).await;
    let user = world.user("user", on(&["in.example.com"])).await;
    let named = [("JobId", job.as_str())];
    let stop = request(&world, &user, "StopEdgeTranscodeJob", &named).signed();
    let answer = stop.send(&world).await.json();
    let account = world.account_id();
    let detail = &answer["AccessDeniedDetail"];
    assert_eq!(detail["AuthAction"], "live:StopEdgeTranscodeJob");
    let domain = format!("acs:live:*:{account}:domain/out.example.com");
    assert_eq!(detail["AuthResource"], domain);
    let audited = world.audited().await;
    let newest = &audited[0];
    assert_eq!(newest.action, "live:StopEdgeTranscodeJob");
    assert_eq!(
        newest.resource,
        Some(format!("acs:live:*:{account}:job/{job}"))
    );
    assert_eq!(
        (newest.status, newest.code.as_deref()),
        (403, Some("Forbidden"))
    );
}

#[tokio::test]
async fn listings_count_and_show_the_jobs_that_the_caller_may_see() {
    let world = world().await;
    for number in 0..30 {
        let host = ["a.example.com", "b.example.com", "c.example.org"][number % 3];
        let output = format!("rtmp://{host}/app/s{number}");
        made(&world, &format!("{number:02}-{}", &host[..1]), &output).await;
        world.pass(1);
    }
    let some = world
        .user(
            "some",
            on(&["in.example.com", "a.example.com", "b.example.com"]),
        )
        .await;
    let (first, total) = names_for(&world, &some, &[("PageSize", "15")]).await;
    assert_eq!((first.len(), total), (15, 20));
    assert!(first.iter().all(|name| !name.ends_with('c')), "{first:?}");
    let (second, total) = names_for(&world, &some, &[("PageSize", "15"), ("PageNo", "2")]).await;
    assert_eq!((second.len(), total), (5, 20));
    assert!(second.iter().all(|name| !first.contains(name)));

    // All of it is allowed, but for one domain.
    let mut statements = on(&["*"]);
    statements[0]["Resource"] = json!("*");
    let everywhere = world.user("everywhere", statements.clone()).await;
    assert_eq!(names_for(&world, &everywhere, &[]).await.1, 30);
    let deny =
        json!({"Effect": "Deny", "Action": "live:List*", "Resource": "acs:live:*:*:domain/b.*"});
    statements.as_array_mut().unwrap().push(deny);
    let but_one = world.user("but-one", statements).await;
    assert_eq!(names_for(&world, &but_one, &[]).await.1, 20);
    let none = world.user("none", on(&["in.example.com"])).await;
    assert_eq!(names_for(&world, &none, &[]).await, (vec![], 0));
}
