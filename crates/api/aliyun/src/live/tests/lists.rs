//! Listings of jobs: what they show, in which order, and what they may be asked for.

use super::*;

async fn names(world: &World, pairs: &[(&str, &str)]) -> (Vec<String>, u64) {
    names_for(world, &world.root(), pairs).await
}

pub(super) async fn names_for(
    world: &World,
    key: &Key,
    pairs: &[(&str, &str)],
) -> (Vec<String>, u64) {
    let answer = call_of(world, key, "ListEdgeTranscodeJob", pairs).await;
    let jobs = answer["JobList"]["Job"].as_array().unwrap();
    let names = jobs
        .iter()
        .map(|job| job["Name"].as_str().unwrap().to_owned());
    (names.collect(), answer["TotalCount"].as_u64().unwrap())
}

#[tokio::test]
async fn jobs_are_listed_by_page_state_name_and_id() {
    let world = world().await;
    let mut ids = Vec::new();
    for number in 0..12 {
        let output = format!("rtmp://out.example.com/app/s{number}");
        ids.push(made(&world, &format!("job-{number:02}"), &output).await);
        world.pass(1);
    }
    call(&world, "StartEdgeTranscodeJob", &[("JobId", &ids[3])]).await;

    let (first, total) = names(&world, &[]).await;
    assert_eq!((first.len(), total), (10, 12));
    assert_eq!(first[0], "job-11");
    let (second, total) = names(&world, &[("PageNo", "2")]).await;
    assert_eq!(
        (second, total),
        (vec!["job-01".to_owned(), "job-00".to_owned()], 12)
    );
    let beyond = names(&world, &[("PageNo", "2147483647"), ("PageSize", "100")]).await;
    assert_eq!(beyond, (vec![], 12));
    let (oldest, _) = names(&world, &[("SortBy", "asc"), ("PageSize", "1")]).await;
    assert_eq!(oldest, ["job-00"]);
    let running = names(&world, &[("Status", "1")]).await;
    assert_eq!(running, (vec!["job-03".to_owned()], 1));
    assert_eq!(names(&world, &[("Status", "0")]).await.1, 11);
    let by_name = names(&world, &[("Keyword", "b-1")]).await;
    assert_eq!(by_name, (vec!["job-11".to_owned(), "job-10".to_owned()], 2));
    assert_eq!(names(&world, &[("Keyword", &ids[5])]).await.0, ["job-05"]);
    assert_eq!(names(&world, &[("Keyword", "%")]).await.1, 0);
    assert_eq!(names(&world, &[("Type", "common")]).await.1, 12);
    for none_here in ["nbhd-2", "ultra-hd"] {
        assert_eq!(names(&world, &[("Type", none_here)]).await, (vec![], 0));
    }
    for (name, value) in [
        ("PageNo", "0"),
        ("PageNo", "x"),
        ("PageSize", "0"),
        ("PageSize", "101"),
        ("SortBy", "up"),
        ("Status", "2"),
        ("Status", "running"),
        ("Type", "other"),
    ] {
        let found = summary(&world, "ListEdgeTranscodeJob", &[(name, value)]).await;
        assert_eq!(found, "400 InvalidParameter", "{name} {value}");
    }
    let nowhere = summary(&world, "ListEdgeTranscodeJob", &[("ClusterId", "nowhere")]).await;
    assert_eq!(nowhere, "403 OperationDenied");
}

#[tokio::test]
async fn jobs_are_listed_for_half_a_year() {
    let world = world().await;
    let job = made(&world, "n", OUT).await;
    let days = |days: i64| days * 24 * 3600;
    world.pass(days(179));
    assert_eq!(names(&world, &[]).await.1, 1);
    world.pass(days(2));
    assert_eq!(names(&world, &[]).await.1, 0);
    // It is there all the same.
    call(&world, "StartEdgeTranscodeJob", &[("JobId", &job)]).await;
    assert_eq!(got(&world, &job).await["Status"], "1");
}
