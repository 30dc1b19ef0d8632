//! The gateway as SDKs see it, over the real service and a real store: here requests under construction, below the tests.

mod iam;
mod limits;
mod order;
mod policies;
mod projects;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue};
use reelgate_api_kit::Dialect;
use reelgate_api_kit::serve::Transport;
use reelgate_domain::{AccountId, Timestamp};
use reelgate_service::{AuditFilter, Caller, Clock, Credentials, RandomIds, Service, Settings};
use reelgate_store::{SqliteStore, Store};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use crate::signature::{Signed, format_date, sign, sign_derived};

/// 2026-01-15T08:30:00Z
const START_MS: i64 = 1_768_465_800_000;
const HOST: &str = "127.0.0.1:18086";

/// A clock that moves only when told to.
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// A server with its first account.
struct World {
    _dir: TempDir,
    store: Arc<dyn Store>,
    service: Arc<Service>,
    clock: Arc<Hands>,
    routes: Router,
    made: Credentials,
}

impl World {
    async fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&dir.path().join("db")).unwrap());
        let clock = Arc::new(Hands(AtomicI64::new(START_MS)));
        let settings = Settings {
            data_dir: dir.path().to_owned(),
            max_object_bytes: 1 << 20,
            free_space_floor: 0,
        };
        let ids = Arc::new(RandomIds::default());
        let service = Arc::new(Service::new(
            Arc::clone(&store),
            clock.clone(),
            ids,
            settings,
        ));
        let made = service.invent_credentials();
        assert!(service.create_first_account(&made).await.unwrap());
        let gateway = crate::gateway(Arc::clone(&service), clock.clone());
        Self {
            _dir: dir,
            store,
            service,
            clock,
            routes: Arc::new(gateway).routes(),
            made,
        }
    }

    fn account(&self) -> AccountId {
        self.made.account_id.parse().unwrap()
    }

    /// The account itself, with an operator key.
    fn operator(&self) -> Caller {
        Caller::operator(self.account())
    }

    fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap();
        self.clock.0.fetch_add(by, Ordering::SeqCst);
    }

    /// A GET of the account's project, signed with its key.
    fn request(&self) -> Call {
        let project = &self.made.project_id;
        Call {
            method: "GET",
            path: format!("/v1/{project}/nothing"),
            query: "task_id=1&task_id=2".to_owned(),
            headers: header_map([
                ("host", HOST),
                ("content-type", "application/json"),
                ("x-project-id", project.as_str()),
                ("x-sdk-date", &format_date(self.clock.now().as_millis())),
            ]),
            body: Vec::new(),
            key: self.made.access_key_id.clone(),
            secret: self.made.access_key_secret.clone(),
            is_signed: true,
            is_derived: false,
        }
    }

    /// A call of IAM that is not signed.
    fn plain(&self, method: &'static str, path: &str) -> Call {
        let mut call = self.request();
        call.headers.remove("x-project-id");
        Call {
            method,
            path: path.to_owned(),
            query: String::new(),
            is_signed: false,
            ..call
        }
    }

    /// A request for a token of the first account's user, for its project.
    fn token_request(&self) -> Value {
        json!({"auth": {
            "identity": {"methods": ["password"], "password": {"user": {
                "name": self.made.iam_user,
                "password": self.made.iam_password,
                "domain": {"name": self.made.account_id},
            }}},
            "scope": {"project": {"id": self.made.project_id}},
        }})
    }

    async fn token(&self, request: &Value) -> String {
        let answer = self
            .send(self.plain("POST", "/v3/auth/tokens").json(request))
            .await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.headers["x-subject-token"]
            .to_str()
            .unwrap()
            .to_owned()
    }

    async fn send(&self, call: Call) -> Answer {
        self.send_raw(call.build()).await
    }

    async fn send_raw(&self, mut request: http::Request<Body>) -> Answer {
        request.extensions_mut().insert(Transport {
            peer: "192.0.2.7:40000".parse().unwrap(),
            secure: false,
        });
        let response = self.routes.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let body = match bytes.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&bytes).unwrap(),
        };
        assert_eq!(head.headers["cache-control"], "no-store");
        let id = head.headers["x-request-id"].to_str().unwrap().to_owned();
        assert!(
            id.len() == 32 && !id.contains(|c: char| !c.is_ascii_hexdigit()),
            "{id}"
        );
        if body["error_code"]
            .as_str()
            .is_some_and(|code| code.starts_with("APIGW"))
        {
            assert_eq!(body["request_id"], id.as_str());
        }
        Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
        }
    }

    /// Records of the audit, oldest first: who, what, allowed or not, status and code, reason.
    async fn audited(&self) -> Vec<(String, String, bool, String, String)> {
        self.service.flush_audit().await.unwrap();
        self.stored().await
    }

    /// What is on disk, whatever may still wait.
    async fn stored(&self) -> Vec<(String, String, bool, String, String)> {
        let filter = AuditFilter::default();
        let mut entries = self.store.audit(filter, 100).await.unwrap();
        entries.reverse();
        let rows = entries.into_iter().map(|entry| {
            let record = entry.record;
            assert_eq!(record.dialect, "huawei");
            assert_eq!(record.source, Some("192.0.2.7".parse().unwrap()));
            let status = format!("{} {}", record.status, record.code.unwrap_or_default());
            (
                record.principal,
                record.action,
                record.allowed,
                status.trim().to_owned(),
                record.reason.unwrap_or_default(),
            )
        });
        rows.collect()
    }
}

fn header_map<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> HeaderMap {
    let pairs = pairs.into_iter();
    pairs
        .map(|(name, value)| {
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        })
        .collect()
}

/// A request under construction: each test changes what it is about.
#[derive(Clone)]
struct Call {
    method: &'static str,
    path: String,
    query: String,
    headers: HeaderMap,
    body: Vec<u8>,
    key: String,
    secret: String,
    is_signed: bool,
    is_derived: bool,
}

impl Call {
    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    fn query(mut self, query: &str) -> Self {
        query.clone_into(&mut self.query);
        self
    }

    fn key(mut self, key: &str, secret: &str) -> Self {
        key.clone_into(&mut self.key);
        secret.clone_into(&mut self.secret);
        self.is_signed = true;
        self
    }

    fn json(mut self, body: &Value) -> Self {
        self.body = serde_json::to_vec(body).unwrap();
        self
    }

    fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    fn authorization(&self) -> String {
        let signed = Signed {
            method: self.method,
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            body: &self.body,
        };
        match self.is_derived {
            false => sign(&signed, &self.key, &self.secret),
            true => sign_derived(&signed, &self.key, &self.secret, "cn-north-4", "mpc"),
        }
        .unwrap()
    }

    fn build(self) -> http::Request<Body> {
        let mut headers = self.headers.clone();
        if self.is_signed {
            let authorization = self.authorization();
            headers.insert("authorization", authorization.parse().unwrap());
        }
        let target = match self.query.is_empty() {
            true => self.path,
            false => format!("{}?{}", self.path, self.query),
        };
        let mut request = http::Request::new(Body::from(self.body));
        *request.method_mut() = self.method.parse().unwrap();
        *request.uri_mut() = target.parse().unwrap();
        *request.headers_mut() = headers;
        request
    }
}

/// One answer, taken apart.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    /// Status and code, in whichever of the two shapes the error is.
    fn summary(&self) -> String {
        let code = match &self.body["error"] {
            Value::Object(error) => {
                assert_eq!(error["code"], self.status);
                format!("iam {}", error["title"].as_str().unwrap())
            }
            _ => self.body["error_code"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        };
        format!("{} {code}", self.status).trim().to_owned()
    }

    fn message(&self) -> &str {
        let iam = self.body["error"]["message"].as_str();
        iam.or(self.body["error_msg"].as_str()).unwrap_or_default()
    }
}
