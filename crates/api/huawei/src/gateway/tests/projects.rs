//! The project in the path: whose it is, and how it is spelled.

use super::*;

const WRONG: &str = "401 MPC.10208";
const OTHER: &str = "0123456789abcdef0123456789abcdef";

#[tokio::test]
async fn only_projects_of_the_callers_account_open_the_door() {
    let world = World::new().await;
    let name = "second".parse().unwrap();
    let (_, second) = world
        .service
        .create_account(&world.operator(), name)
        .await
        .unwrap();
    let call = |project: &str| {
        let path = format!("/v1/{project}/nothing");
        world.request().without("x-project-id").path(&path)
    };
    assert_eq!(world.send(call(&world.made.project_id)).await.status, 404);
    for project in [&second.project_id, OTHER, "default", "x", "%20"] {
        let answer = world.send(call(project)).await;
        assert_eq!(answer.summary(), WRONG, "{project}");
        assert_eq!(
            answer.message(),
            "Tenant ID verification failed, please check."
        );
    }
    let theirs = call(&second.project_id).key(&second.access_key_id, &second.access_key_secret);
    assert_eq!(world.send(theirs).await.status, 404);
}

#[tokio::test]
async fn a_client_without_a_project_is_told_what_it_lacks() {
    let world = World::new().await;
    for path in ["/v1/%7Bproject_id%7D/nothing", "/v1//nothing"] {
        let call = world.request().without("x-project-id").path(path);
        let answer = world.send(call).await;
        assert_eq!(answer.summary(), "400 APIGW.0201");
        let expected = "API request error. The path has no project id: give the client a project id or a region.";
        assert_eq!(answer.message(), expected);
    }
}

#[tokio::test]
async fn the_header_has_to_name_the_project_of_the_path() {
    let world = World::new().await;
    for name in ["x-project-id", "x-project_id"] {
        let call = world.request().header(name, OTHER);
        assert_eq!(world.send(call).await.summary(), WRONG, "{name}");
    }
}

#[tokio::test]
async fn projects_are_found_by_the_name_of_a_region() {
    let world = World::new().await;
    let list = async |query: &str| {
        let call = world.plain("GET", "/v3/projects").query(query);
        let key = &world.made.access_key_id;
        let answer = world
            .send(call.key(key, &world.made.access_key_secret))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    };
    let names = |body: &Value| -> Vec<String> {
        let projects = body["projects"].as_array().unwrap();
        let names = projects
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_owned());
        names.collect()
    };
    let only = list("name=cn-north-4").await;
    let (account, project) = (&world.made.account_id, &world.made.project_id);
    let expected = json!({
        "projects": [{
            "id": project,
            "name": "default",
            "domain_id": account,
            "is_domain": false,
            "parent_id": account,
            "description": "",
            "enabled": true,
            "links": {"self": format!("http://{HOST}/v3/projects/{project}")},
        }],
        "links": {"self": format!("http://{HOST}/v3/projects"), "previous": null, "next": null},
    });
    assert_eq!(only, expected);
    assert_eq!(list("").await, expected);

    let second = "cn-north-4".parse().unwrap();
    world
        .service
        .create_project(&world.operator(), None, second)
        .await
        .unwrap();
    for (query, expected) in [
        ("name=cn-north-4", &["cn-north-4"][..]),
        ("name=cn%2Dnorth%2D4", &["cn-north-4"]),
        ("name=cn-north-1", &[]),
        ("name=", &[]),
        ("name=%20", &[]),
        ("", &["cn-north-4", "default"]),
        ("enabled=true&is_domain=", &["cn-north-4", "default"]),
        ("enabled=False", &[]),
        ("is_domain=true", &[]),
        ("page=2&per_page=1", &["default"]),
        ("page=3&per_page=1", &[]),
        ("domain_id=1", &[]),
    ] {
        assert_eq!(names(&list(query).await), expected, "{query}");
    }
    let own = format!("domain_id={account}&parent_id={account}&name=default");
    assert_eq!(names(&list(&own).await), ["default"]);
}

#[tokio::test]
async fn unknown_and_impossible_parameters_are_refused() {
    let world = World::new().await;
    for query in [
        "naem=x",
        "name=a&name=b",
        "enabled=yes",
        "page=1",
        "per_page=1",
        "page=0&per_page=1",
        "page=1&per_page=5001",
        "page=x&per_page=1",
        "name=%ff",
    ] {
        let call = world.plain("GET", "/v3/projects").query(query);
        let key = &world.made.access_key_id;
        let answer = world
            .send(call.key(key, &world.made.access_key_secret))
            .await;
        assert_eq!(answer.summary(), "400 iam Bad Request", "{query}");
    }
}
