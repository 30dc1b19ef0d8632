//! Fingerprint libraries: create, list, purge, delete; what is in them; what jobs have found, with a worker played by
//! the test.

use reelgate_domain::dna::PrimaryKey;
use reelgate_domain::job::JobSpec;
use reelgate_domain::media::{OutputFile, OutputResult, Staged};
use reelgate_service::{Clock, SystemClock};
use reelgate_store::{DnaEffect, Ending, Fenced, NewEntry, PublishDna};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::server::{Server, assert_problem, problem};

/// Creates a library of videos; what that answered.
async fn create(server: &Server, name: &str) -> Value {
    let body = json!({"name": name, "model": "video"});
    let response = server.post("/api/v1/libraries", &body).await;
    assert_eq!(response.status(), 201);
    response.json().await.unwrap()
}

fn path(library: &Value) -> String {
    format!("/api/v1/libraries/{}", library["id"].as_str().unwrap())
}

async fn delete(server: &Server, path: &str) -> Response {
    server.request(Method::DELETE, path).send().await.unwrap()
}

fn fingerprint(library: &Value, key: &str) -> Value {
    json!({
        "kind": "fingerprint", "input": format!("oss://media/{key}.mp4"), "library": library["id"], "key": key,
        "media": "video", "save": "always", "result": format!("oss://media/found/{key}.json"),
    })
}

/// Submits a job; its id.
async fn submit(server: &Server, body: &Value) -> String {
    let response = server.post("/api/v1/jobs", body).await;
    assert_eq!(response.status(), 201);
    let job: Value = response.json().await.unwrap();
    job["id"].as_str().unwrap().to_owned()
}

/// Stores something in a library as a worker does; the job that did.
async fn add(server: &Server, library: &Value, key: &str) -> String {
    let id = submit(server, &fingerprint(library, key)).await;
    run(server).await;
    id
}

/// Runs the fingerprint job that is next in line as a worker does, without writing a document.
async fn run(server: &Server) {
    let claim = server.claim().await;
    let (job, attempt) = (claim.job.id, claim.job.lifecycle.attempt);
    let JobSpec::Fingerprint(spec) = &claim.job.spec else {
        panic!("{:?}", claim.job.spec);
    };
    let entry = NewEntry {
        key: spec.key.clone(),
        source: spec.input.clone(),
        duration_ms: Some(62_040),
        fingerprint: vec![7; 1000],
    };
    let document = spec
        .result
        .as_ref()
        .map(|object| OutputFile::new(object.key.clone(), 2));
    let staged = Staged {
        attempt,
        results: vec![OutputResult::Done {
            object: spec.target().clone(),
            files: document.into_iter().collect(),
            facts: Box::default(),
            source: None,
        }],
    };
    let effect = DnaEffect {
        library: spec.library,
        entry: spec.save.may_store().then_some(entry),
        unless_added_since: None,
    };
    let now = SystemClock.now();
    let published = server.store.publish_fingerprint(job, staged, effect, now);
    assert_eq!(published.await.unwrap(), PublishDna::Fenced(Fenced::Done));
    server.end(job, attempt, Ending::Succeeded).await;
}

#[tokio::test]
async fn a_library_is_created_found_and_deleted() {
    let server = Server::start().await;
    let body = json!({"name": "Films 2026", "model": "audio", "description": "what we have"});
    let response = server.post("/api/v1/libraries", &body).await;
    assert_eq!(response.status(), 201);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let made: Value = response.json().await.unwrap();
    assert_eq!(location, path(&made));
    let expected = json!({
        "id": made["id"], "name": "Films 2026", "model": "audio", "description": "what we have", "entries": 0,
        "version": 0, "created_at": made["created_at"],
    });
    assert_eq!(made, expected);
    assert_eq!(server.json(&location).await, made);
    let other = create(&server, "Films 2026").await;
    let listed = server.json("/api/v1/libraries").await;
    assert_eq!(listed, json!({"libraries": [made, other]}));
    assert_eq!(delete(&server, &location).await.status(), 204);
    assert_problem(server.get(&location).await, 404, "not_found", "").await;
    assert_problem(delete(&server, &location).await, 404, "not_found", "").await;
    let listed = server.json("/api/v1/libraries").await;
    assert_eq!(listed, json!({"libraries": [other]}));
}

#[tokio::test]
async fn what_is_no_library_is_refused() {
    let server = Server::start().await;
    for (body, code, field) in [
        (json!({"model": "video"}), "invalid_request", "name"),
        (
            json!({"name": "", "model": "video"}),
            "invalid_request",
            "name",
        ),
        (
            json!({"name": "a\nb", "model": "video"}),
            "invalid_request",
            "name",
        ),
        (
            json!({"name": "x".repeat(129), "model": "video"}),
            "invalid_request",
            "name",
        ),
        (json!({"name": "films"}), "invalid_request", "model"),
        (
            json!({"name": "films", "model": "Video"}),
            "invalid_request",
            "model",
        ),
        (
            json!({"name": "films", "model": "text", "description": "x".repeat(1025)}),
            "invalid_request",
            "description",
        ),
        (
            json!({"name": "films", "model": "text", "id": "1"}),
            "unknown_field",
            "id",
        ),
    ] {
        let refused = server.post("/api/v1/libraries", &body).await;
        assert_problem(refused, 400, code, field).await;
    }
    assert_eq!(
        server.json("/api/v1/libraries").await,
        json!({"libraries": []})
    );
}

#[tokio::test]
async fn an_account_has_five_libraries_and_a_deleted_one_makes_room() {
    let server = Server::start().await;
    let mut made = Vec::new();
    for name in ["one", "two", "three", "four", "five"] {
        made.push(create(&server, name).await);
    }
    let body = json!({"name": "six", "model": "video"});
    let refused = problem(server.post("/api/v1/libraries", &body).await).await;
    assert_eq!(
        (&refused["status"], &refused["code"]),
        (&json!(409), &json!("conflict"))
    );
    assert!(
        refused["detail"].as_str().unwrap().contains('5'),
        "{refused}"
    );
    assert_eq!(delete(&server, &path(&made[2])).await.status(), 204);
    create(&server, "six").await;
}

#[tokio::test]
async fn entries_are_listed_by_key_page_by_page_and_found_by_their_keys() {
    let server = Server::start().await;
    let library = create(&server, "films").await;
    let mut jobs = Vec::new();
    for key in ["film-2", "film-10", "a/b c", "ü"] {
        jobs.push(add(&server, &library, key).await);
    }
    let entries = path(&library) + "/entries";
    let page = server.json(&entries).await;
    let keys: Vec<_> = page["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["key"].clone())
        .collect();
    assert_eq!(keys, ["a/b c", "film-10", "film-2", "ü"]);
    assert_eq!(page["next_after"], Value::Null);
    let entry = &page["entries"][2];
    let expected = json!({
        "key": "film-2", "number": 1, "source": {"bucket": "media", "key": "film-2.mp4"}, "job_id": jobs[0],
        "duration_s": 62.04, "stored_bytes": 1000, "created_at": entry["created_at"],
    });
    assert_eq!(*entry, expected);

    let first = server.json(&format!("{entries}?limit=3")).await;
    assert_eq!(first["next_after"], "film-2");
    let last = server
        .json(&format!("{entries}?limit=3&after=film-2"))
        .await;
    assert_eq!(
        (&last["entries"][0]["key"], &last["next_after"]),
        (&json!("ü"), &Value::Null)
    );
    let whole = server.json(&format!("{entries}?limit=4")).await;
    assert_eq!(whole["next_after"], Value::Null);

    let named = server
        .json(&format!("{entries}?key=a%2Fb+c&key=none,film-2"))
        .await;
    let mut keys: Vec<_> = named["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["key"].to_string())
        .collect();
    keys.sort();
    assert_eq!(keys, ["\"a/b c\"", "\"film-2\""]);
    assert_eq!(named["next_after"], Value::Null);
    let shown = server.json(&path(&library)).await;
    assert_eq!(
        (&shown["entries"], &shown["version"]),
        (&json!(4), &json!(4))
    );
}

#[tokio::test]
async fn entries_are_removed_by_their_keys() {
    let server = Server::start().await;
    let library = create(&server, "films").await;
    for key in ["one", "two", "three"] {
        add(&server, &library, key).await;
    }
    let entries = path(&library) + "/entries";
    let removed = delete(
        &server,
        &format!("{entries}?key=one&key=three,none&key=one"),
    )
    .await;
    assert_eq!(removed.status(), 200);
    assert_eq!(
        removed.json::<Value>().await.unwrap(),
        json!({"deleted": 2})
    );
    let left = server.json(&entries).await;
    assert_eq!(left["entries"].as_array().unwrap().len(), 1);
    assert_eq!(left["entries"][0]["key"], "two");
    let again = delete(&server, &format!("{entries}?key=one")).await;
    assert_eq!(again.json::<Value>().await.unwrap(), json!({"deleted": 0}));
    // Its key is free again.
    add(&server, &library, "one").await;
    assert_eq!(server.json(&path(&library)).await["entries"], 2);
}

#[tokio::test]
async fn a_call_without_keys_removes_nothing() {
    let server = Server::start().await;
    let library = create(&server, "films").await;
    add(&server, &library, "one").await;
    let entries = path(&library) + "/entries";
    let many: Vec<_> = (0..51).map(|at| format!("key=k{at}")).collect();
    let many = many.join("&");
    for (query, field) in [
        ("", "key"),
        ("?key=", "key"),
        ("?key=one,", "key"),
        ("?key=%20one", "key"),
        ("?keys=one", "keys"),
        ("?after=one", "after"),
        (&*format!("?{many}"), "key"),
    ] {
        let refused = delete(&server, &format!("{entries}{query}")).await;
        assert_problem(refused, 400, "invalid_request", field).await;
    }
    for (query, field) in [
        ("?limit=0", "limit"),
        ("?limit=501", "limit"),
        ("?after=a,b", "after"),
        ("?key=one&after=a", "key"),
        ("?key=one&limit=1", "key"),
        ("?cursor=1", "cursor"),
    ] {
        let refused = server.get(&format!("{entries}{query}")).await;
        assert_problem(refused, 400, "invalid_request", field).await;
    }
    assert_eq!(server.json(&path(&library)).await["entries"], 1);
}

#[tokio::test]
async fn a_purge_is_made_once_and_spares_what_came_after_it() {
    let server = Server::start().await;
    let library = create(&server, "films").await;
    add(&server, &library, "one").await;
    let purge = async || {
        let path = path(&library) + "/purge";
        let request = server
            .request(Method::POST, &path)
            .header("Idempotency-Key", "k");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        response.json::<Value>().await.unwrap()
    };
    let purged = purge().await;
    assert_eq!(
        (&purged["id"], &purged["entries"]),
        (&library["id"], &json!(0))
    );
    add(&server, &library, "one").await;
    assert_eq!(purge().await["entries"], 1);
}

#[tokio::test]
async fn a_library_is_created_once_by_its_key() {
    let server = Server::start().await;
    let create = async || {
        let body = json!({"name": "films", "model": "video"});
        let request = server
            .request(Method::POST, "/api/v1/libraries")
            .json(&body);
        let response = request.header("Idempotency-Key", "k").send().await.unwrap();
        assert_eq!(response.status(), 201);
        response.json::<Value>().await.unwrap()
    };
    assert_eq!(create().await, create().await);
    let listed = server.json("/api/v1/libraries").await;
    assert_eq!(listed["libraries"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn nobody_sees_or_changes_libraries_of_others() {
    let server = Server::start().await;
    let library = create(&server, "films").await;
    add(&server, &library, "one").await;
    let other = server.other_account().await;
    let key = other["credentials"]["api_key"].as_str().unwrap();
    let path = path(&library);
    let unknown = "/api/v1/libraries/0123456789abcdef0123456789abcdef";
    for (method, path) in [
        (Method::GET, path.clone()),
        (Method::DELETE, path.clone()),
        (Method::POST, format!("{path}/purge")),
        (Method::GET, format!("{path}/entries")),
        (Method::GET, format!("{path}/entries?key=one")),
        (Method::DELETE, format!("{path}/entries?key=one")),
        (Method::GET, unknown.to_owned()),
        (Method::GET, "/api/v1/libraries/films".to_owned()),
    ] {
        let refused = server.request_by(key, method, &path).send().await.unwrap();
        assert_problem(refused, 404, "not_found", "").await;
    }
    let job = fingerprint(&library, "two");
    let refused = server
        .request_by(key, Method::POST, "/api/v1/jobs")
        .json(&job);
    assert_problem(refused.send().await.unwrap(), 404, "not_found", "").await;
    assert_eq!(server.json(&path).await["entries"], 1);
}

#[tokio::test]
async fn a_library_is_only_used_for_what_it_is_made_of() {
    let server = Server::start().await;
    let library = create(&server, "films").await;
    let with = |name: &str, value: Value| {
        let mut body = fingerprint(&library, "one");
        body[name] = value;
        body
    };
    for (body, field) in [
        (with("media", json!("audio")), "media"),
        // Pictures are looked for in films, but not stored there.
        (with("media", json!("image")), "media"),
        (with("media", json!("film")), "media"),
        (with("save", json!("only")), "result"),
        (with("result", Value::Null), "result"),
        (with("result", json!("oss://media/one.mp4")), "result"),
        (with("min_similarity", json!(1.01)), "min_similarity"),
        (with("key", json!("a,b")), "key"),
        (with("library", json!("films")), "library"),
    ] {
        let refused = server.post("/api/v1/jobs", &body).await;
        assert_problem(refused, 400, "invalid_request", field).await;
    }
    let refused = server
        .post("/api/v1/jobs", &with("outputs", json!([])))
        .await;
    assert_problem(refused, 400, "unknown_field", "outputs").await;
    let mut search = with("media", json!("image"));
    search["save"] = json!("never");
    let id = submit(&server, &search).await;
    let job = server.job(&id).await;
    assert_eq!(
        (&job["kind"], &job["state"]),
        (&json!("fingerprint"), &json!("queued"))
    );
    assert_eq!(job["outputs"][0]["object"]["key"], "found/one.json");
    assert_eq!(delete(&server, &path(&library)).await.status(), 204);
    let refused = server.post("/api/v1/jobs", &search).await;
    assert_problem(refused, 404, "not_found", "").await;
}

#[tokio::test]
async fn matches_are_those_that_the_job_wrote() {
    let server = Server::start().await;
    let library = create(&server, "films").await;
    let id = add(&server, &library, "one").await;
    let found = json!({"library": library["id"], "version": 4, "entries": [{
        "key": "film", "number": 3, "similarity": 0.97, "segments": [
            {"channel": "video", "input": {"start": 0.0, "end": 20.4}, "reference": {"start": 2.0, "end": 22.4},
             "similarity": 0.97, "speed": 1.0, "mirrored": false}]}]});
    let matches = format!("/api/v1/jobs/{id}/matches");
    // A worker has written nothing here.
    assert_problem(server.get(&matches).await, 410, "matches_gone", "").await;
    let write = async |text: String| {
        let object = "/api/v1/buckets/media/objects/found/one.json";
        let written = server.request(Method::PUT, object).body(text).send().await;
        assert!(written.unwrap().status().is_success());
    };
    write(found.to_string()).await;
    assert_eq!(server.json(&matches).await, found);
    let mut foreign = found.clone();
    foreign["library"] = json!("0123456789abcdef0123456789abcdef");
    for text in ["{}".to_owned(), "[".to_owned(), foreign.to_string()] {
        write(text).await;
        assert_problem(server.get(&matches).await, 410, "matches_gone", "").await;
    }
    let key = PrimaryKey::new("one").unwrap();
    assert_eq!(
        server.json(&(path(&library) + "/entries")).await["entries"][0]["key"],
        key.as_str()
    );
}

#[tokio::test]
async fn jobs_without_matches_say_why() {
    let server = Server::start().await;
    let library = create(&server, "films").await;
    let refused = async |id: &str, state: &str, kind: &str| {
        let refused = server.get(&format!("/api/v1/jobs/{id}/matches")).await;
        let refused = problem(refused).await;
        let said = ["code", "state", "kind"].map(|name| refused[name].as_str().unwrap_or_default());
        assert_eq!(said, ["no_matches", state, kind], "{refused}");
        assert_eq!(refused["status"], 409);
    };
    let other = server.submit().await;
    refused(&other, "queued", "transcode").await;
    let cancel = async |id: &str| {
        let path = format!("/api/v1/jobs/{id}/cancel");
        assert_eq!(server.post(&path, &json!({})).await.status(), 200);
    };
    cancel(&other).await;
    let id = submit(&server, &fingerprint(&library, "one")).await;
    refused(&id, "queued", "fingerprint").await;
    cancel(&id).await;
    refused(&id, "cancelled", "fingerprint").await;
    let mut only = fingerprint(&library, "two");
    only["save"] = json!("only");
    only["result"] = Value::Null;
    let id = submit(&server, &only).await;
    run(&server).await;
    refused(&id, "succeeded", "fingerprint").await;
    let unknown = server.get("/api/v1/jobs/none/matches").await;
    assert_problem(unknown, 404, "not_found", "").await;
    let refused = server
        .get(&format!("/api/v1/jobs/{id}/matches?wait=1s"))
        .await;
    assert_problem(refused, 400, "invalid_request", "wait").await;
}
