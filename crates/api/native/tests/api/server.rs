//! A server for one test, and what a worker would do to its jobs.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::any;
use reelgate_api_kit::serve::{ServeOptions, serve};
use reelgate_api_kit::{Catalogue, Dialect};
use reelgate_api_native::{Check, NativeApi, routes};
use reelgate_domain::job::Fault;
use reelgate_domain::media::{OutputResult, Staged};
use reelgate_domain::{JobId, Timestamp};
use reelgate_service::{
    AccessSettings, Clock, Credentials, Keyring, RandomIds, Service, Settings, SystemClock,
};
use reelgate_store::{Beat, BeatAnswer, Claim, Ending, Fenced, Gone, SqliteStore, Store};
use reelgate_testkit::worker;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub(crate) const MAX_OBJECT_BYTES: u64 = 64 * 1024 * 1024;

/// Calls a minute with keys that are none, from one address.
pub(crate) const MAX_FAILED_KEYS: u32 = 200;

/// When the processes of stopped jobs are gone here.
pub(crate) const GONE_AT: &str = "2026-01-02T03:04:05.678Z";

pub(crate) struct Server {
    base: String,
    pub(crate) credentials: Credentials,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) service: Arc<Service>,
    http: reqwest::Client,
    pub(crate) dir: TempDir,
    // Dropped first of all it stops the server.
    _stop: oneshot::Sender<()>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with_checks(Vec::new()).await
    }

    pub(crate) async fn with_checks(checks: Vec<Check>) -> Self {
        Self::with(checks, 0).await
    }

    /// A server whose uploads have to leave this much of the disk free.
    pub(crate) async fn with_floor(free_space_floor: u64) -> Self {
        Self::with(Vec::new(), free_space_floor).await
    }

    async fn with(checks: Vec<Check>, free_space_floor: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir.path()).unwrap());
        let settings = Settings {
            data_dir: dir.path().to_owned(),
            max_object_bytes: MAX_OBJECT_BYTES,
            free_space_floor,
        };
        let ids = Arc::new(RandomIds::default());
        let keyring = Keyring::create_file(&dir.path().join("master.key"), &*ids).unwrap();
        let access = AccessSettings {
            max_failed_signatures: MAX_FAILED_KEYS,
            ..AccessSettings::new(keyring)
        };
        let service = Service::new(Arc::clone(&store), Arc::new(SystemClock), ids, settings);
        let service = service.with_access(access);
        let credentials = service.invent_credentials();
        service.create_first_account(&credentials).await.unwrap();

        // As in the program, another API has the paths that this one leaves.
        let other = Router::new().route("/", any(async || "another API"));
        let service = Arc::new(service);
        let catalogue = Catalogue(vec![routes::product()]);
        let api = NativeApi::new(Arc::clone(&service), catalogue, checks)
            .with_figures(|| "reelgate_test 1\n".to_owned());
        let routes = Arc::new(api).routes().merge(other);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (stop, stopped) = oneshot::channel();
        let options = ServeOptions {
            refuse: Some(|head_start, status| {
                assert!(reelgate_api_native::is_asked(head_start));
                reelgate_api_native::refuse_head(status)
            }),
            ..ServeOptions::default()
        };
        tokio::spawn(serve(listener, routes, options, async {
            let _ = stopped.await;
        }));
        Self {
            base: format!("http://{address}"),
            credentials,
            store,
            service,
            http: http(),
            dir,
            _stop: stop,
        }
    }

    /// Where it listens, for requests that no HTTP library would send.
    pub(crate) fn address(&self) -> &str {
        self.base.strip_prefix("http://").unwrap()
    }

    /// A request without a key.
    pub(crate) fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, path)
            .bearer_auth(&self.credentials.api_key)
    }

    /// A request with another key than the first account's.
    pub(crate) fn request_by(&self, key: &str, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, path).bearer_auth(key)
    }

    /// Makes a user of the first account with this policy, if any; its API key.
    pub(crate) async fn user(&self, name: &str, policy: Option<&Value>) -> String {
        let response = self.post("/api/v1/users", &json!({"name": name})).await;
        assert_eq!(response.status(), 201);
        if let Some(policy) = policy {
            let path = format!("/api/v1/policies/of-{name}");
            let response = self.request(Method::PUT, &path).json(policy).send().await;
            assert_eq!(response.unwrap().status(), 201);
            let path = format!("/api/v1/users/{name}/policies/of-{name}");
            let response = self.request(Method::PUT, &path).send().await.unwrap();
            assert_eq!(response.status(), 204);
        }
        let body = json!({"kind": "api", "user": name});
        let response = self.post("/api/v1/keys", &body).await;
        assert_eq!(response.status(), 201);
        let key: Value = response.json().await.unwrap();
        key["secret"].as_str().unwrap().to_owned()
    }

    /// Makes another account; what its creation answered.
    pub(crate) async fn other_account(&self) -> Value {
        let response = self
            .post("/api/v1/accounts", &json!({"name": "other"}))
            .await;
        assert_eq!(response.status(), 201);
        response.json().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Response {
        let request = self.request(Method::POST, path).json(body);
        request.send().await.unwrap()
    }

    /// The JSON that a path answers.
    pub(crate) async fn json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    /// A job as it is now.
    pub(crate) async fn job(&self, id: &str) -> Value {
        self.json(&format!("/api/v1/jobs/{id}")).await
    }

    /// Submits a job with one MP4 output; its id.
    pub(crate) async fn submit(&self) -> String {
        self.submit_output("out.mp4", "web-360p").await
    }

    pub(crate) async fn submit_output(&self, key: &str, preset: &str) -> String {
        let object = format!("oss://media/{key}");
        let body = json!({
            "input": "oss://media/in.mp4",
            "outputs": [{"object": object, "preset": preset}],
        });
        let response = self.post("/api/v1/jobs", &body).await;
        assert_eq!(response.status(), 201);
        let job: Value = response.json().await.unwrap();
        job["id"].as_str().unwrap().to_owned()
    }

    /// Starts the job that is next in line.
    pub(crate) async fn claim(&self) -> Claim {
        let now = now();
        let until = now.after(Duration::from_secs(30));
        let claims = self.store.claim(&worker("w"), 1, until, now).await.unwrap();
        claims.into_iter().next().expect("a job is queued")
    }

    /// Gives a sign of life for a started job.
    pub(crate) async fn beat(&self, claim: &Claim) -> BeatAnswer {
        let beat = Beat {
            job: claim.job.id,
            attempt: claim.job.lifecycle.attempt,
            progress: 0,
        };
        let until = now().after(Duration::from_secs(30));
        let answers = self.store.renew(vec![beat], until, now()).await.unwrap();
        answers[0]
    }

    /// Returns when a cancel of a running job was accepted.
    pub(crate) async fn until_stopping(&self, id: &str) {
        let mut changes = self.store.hints().changes;
        while self.job(id).await["state"] != "stopping" {
            changes.changed().await.unwrap();
        }
    }

    /// Ends a started job with these results.
    pub(crate) async fn succeed(&self, claim: &Claim, results: Vec<OutputResult>) {
        let (job, attempt) = (claim.job.id, claim.job.lifecycle.attempt);
        let staged = Staged { attempt, results };
        let fenced = self.store.publish(job, staged, now()).await.unwrap();
        assert_eq!(fenced, Fenced::Done);
        self.end(job, attempt, Ending::Succeeded).await;
    }

    pub(crate) async fn fail(&self, claim: &Claim, fault: Fault, results: Vec<OutputResult>) {
        let ending = Ending::Failed { fault, results };
        self.end(claim.job.id, claim.job.lifecycle.attempt, ending)
            .await;
    }

    /// Ends a job that was asked to stop, its processes gone at [`GONE_AT`].
    pub(crate) async fn stopped(&self, claim: &Claim, killed: bool) {
        let at = Timestamp::from_millis(1_767_323_045_678);
        let ending = Ending::Stopped(Gone { at, killed });
        self.end(claim.job.id, claim.job.lifecycle.attempt, ending)
            .await;
    }

    pub(crate) async fn end(&self, job: JobId, attempt: u32, ending: Ending) {
        self.store
            .finish(job, attempt, ending, now())
            .await
            .unwrap();
    }
}

fn now() -> Timestamp {
    SystemClock.now()
}

/// The problem that a response holds, after checks of what every problem has.
pub(crate) async fn problem(response: Response) -> Value {
    let status = response.status();
    let headers = response.headers().clone();
    let text = response.text().await.unwrap();
    assert_eq!(
        headers["content-type"], "application/problem+json",
        "{status} {text}"
    );
    let problem: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(problem["type"], "about:blank");
    assert_eq!(problem["status"], status.as_u16());
    assert_eq!(problem["title"], status.canonical_reason().unwrap());
    assert_eq!(
        problem["request_id"],
        headers["x-request-id"].to_str().unwrap()
    );
    assert!(!problem["detail"].as_str().unwrap().is_empty());
    problem
}

/// A client without TLS; the library wants its cryptography all the same.
fn http() -> reqwest::Client {
    // An error means that another test was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().no_proxy().tls_certs_only([]);
    builder.build().unwrap()
}

/// Checks that a response is this problem: status, code and field (empty for none).
pub(crate) async fn assert_problem(response: Response, status: u16, code: &str, field: &str) {
    let problem = problem(response).await;
    let found = (
        problem["status"].as_u64(),
        problem["code"].as_str(),
        problem["field"].as_str().unwrap_or_default(),
    );
    assert_eq!(
        found,
        (Some(u64::from(status)), Some(code), field),
        "{problem}"
    );
}
