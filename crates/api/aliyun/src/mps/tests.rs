//! The product behind the gateway, over the real service and a real store: signed calls in, answers out.

mod foreign;
mod jobs;
mod pipelines;
mod submit;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use reelgate_api_kit::Dialect;
use reelgate_api_kit::operation::Handling;
use reelgate_domain::job::{CancelOutcome, CancelPolicy, Selector, StateName, StopMode};
use reelgate_domain::media::{MediaFacts, OutputResult, Staged};
use reelgate_domain::{ObjectKey, ObjectRef, Timestamp, WorkerId};
use reelgate_service::{Clock, RandomIds, Service, Settings};
use reelgate_store::{Claim, Ending, RetryOutcome, SqliteStore, Store};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use super::operations::PRODUCT;
use super::{Mts, shapes};
use crate::rpc::encoding::encode;
use crate::rpc::{Gateway, Params, sign_v1};

/// 2026-01-02T03:04:05Z
const START_MS: i64 = 1_767_323_045_000;
pub(super) const UNKNOWN_ID: &str = "0123456789abcdef0123456789abcdef";

/// A clock that is a second later each time it is asked, so that jobs have times of their own.
struct Ticking(AtomicU64);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        let ticks = self.0.fetch_add(1, Ordering::Relaxed);
        Timestamp::from_millis(START_MS + 1000 * i64::try_from(ticks).unwrap())
    }
}

/// The gateway's own: signatures of a test stay good however often the other clock is asked.
struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(START_MS)
    }
}

pub(super) struct World {
    _dir: TempDir,
    pub(super) store: Arc<dyn Store>,
    routes: Router,
    pub(super) made: reelgate_service::Credentials,
    nonce: AtomicU64,
}

impl World {
    pub(super) async fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&dir.path().join("db")).unwrap());
        let service = Arc::new(Service::new(
            Arc::clone(&store),
            Arc::new(Ticking(AtomicU64::new(0))),
            Arc::new(RandomIds::default()),
            Settings {
                data_dir: dir.path().to_owned(),
                max_object_bytes: 1 << 20,
                free_space_floor: 0,
            },
        ));
        let made = service.invent_credentials();
        assert!(service.create_first_account(&made).await.unwrap());
        let gateway = Gateway::new(
            vec![Arc::new(Mts::new(Arc::clone(&service)))],
            service,
            Arc::new(Standing),
        );
        Self {
            _dir: dir,
            store,
            routes: Arc::new(gateway).routes(),
            made,
            nonce: AtomicU64::new(0),
        }
    }

    /// A signed call, and its status and body.
    pub(super) async fn send(&self, action: &str, pairs: &[(&str, &str)]) -> (u16, Value) {
        let nonce = self.nonce.fetch_add(1, Ordering::Relaxed).to_string();
        let mut all = vec![
            ("AccessKeyId", self.made.access_key_id.as_str()),
            ("Action", action),
            ("Format", "JSON"),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureNonce", nonce.as_str()),
            ("SignatureVersion", "1.0"),
            ("Timestamp", "2026-01-02T03:04:05Z"),
            ("Version", "2014-06-18"),
        ];
        all.extend(pairs);
        let params = Params::from_pairs(all.iter().copied()).unwrap();
        let signature = sign_v1("GET", &params, &self.made.access_key_secret).unwrap();
        all.push(("Signature", &signature));
        let query: Vec<_> = all
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect();
        let request = Request::get(format!("/?{}", query.join("&")));
        let request = request.body(Body::empty()).unwrap();
        let answer = self.routes.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    /// A call that succeeds with an answer that the SDK understands.
    pub(super) async fn call(&self, action: &str, pairs: &[(&str, &str)]) -> Value {
        let (status, body) = self.send(action, pairs).await;
        assert_eq!(status, 200, "{body}");
        shapes::check(action, &body);
        body
    }

    /// A call that fails, as "status code".
    pub(super) async fn fail(&self, action: &str, pairs: &[(&str, &str)]) -> String {
        let (status, body) = self.send(action, pairs).await;
        let code = body["Code"].as_str().unwrap_or_default();
        if let Some(served) = PRODUCT.find(action).and_then(|row| row.served()) {
            assert!(served.errors.contains(&code), "{action} lacks {code}");
        }
        format!("{status} {code}")
    }

    pub(super) async fn submit(&self, outputs: &Value) -> Value {
        let input = json!({"Bucket": "media", "Location": "oss-cn-x", "Object": "in.mp4"});
        let pairs = [
            ("Input", &*input.to_string()),
            ("OutputBucket", "media"),
            ("OutputLocation", "oss-cn-x"),
            ("Outputs", &*outputs.to_string()),
            ("PipelineId", self.made.pipeline_id.as_str()),
        ];
        self.call("SubmitJobs", &pairs).await["JobResultList"]["JobResult"].take()
    }

    /// Submits one job and returns its id.
    pub(super) async fn submit_one(&self) -> String {
        let results = self.submit(&json!([mp4("out.mp4")])).await;
        text(&results[0]["Job"]["JobId"])
    }

    async fn set_state(&self, state: &str) {
        let pairs = [
            ("PipelineId", self.made.pipeline_id.as_str()),
            ("Name", "default"),
            ("State", state),
        ];
        let answer = self.call("UpdatePipeline", &pairs).await;
        assert_eq!(answer["Pipeline"]["State"], state);
    }

    pub(super) async fn state_of(&self, id: &str) -> String {
        let answer = self.call("QueryJobList", &[("JobIds", id)]).await;
        text(&answer["JobList"]["Job"][0]["State"])
    }

    pub(super) async fn claim(&self) -> Vec<Claim> {
        let worker = WorkerId("worker".to_owned());
        let now = Timestamp::from_millis(START_MS + 60_000);
        let until = Timestamp::from_millis(START_MS + 90_000);
        self.store.claim(&worker, 1, until, now).await.unwrap()
    }

    /// Queues a failed job again, as the native API does.
    async fn retry(&self, claim: &Claim) {
        let now = Timestamp::from_millis(START_MS + 62_000);
        let outcome = self
            .store
            .retry(claim.job.account, claim.job.id, now, None)
            .await;
        assert_eq!(outcome.unwrap(), RetryOutcome::Queued);
    }

    /// Asks a running job to stop, as the native API does.
    async fn stop(&self, claim: &Claim) {
        let now = Timestamp::from_millis(START_MS + 60_500);
        let (policy, mode) = (CancelPolicy::Any, StopMode::Graceful);
        let (id, account) = (claim.job.id, claim.job.account);
        let ids = Selector::ids(vec![id]);
        let outcomes = self
            .store
            .cancel(account, ids, policy, mode, now, None)
            .await;
        let from = StateName::Running;
        assert_eq!(outcomes.unwrap(), [CancelOutcome::Stopping { id, from }]);
    }

    pub(super) async fn finish(&self, claim: &Claim, ending: Ending) {
        let now = Timestamp::from_millis(START_MS + 61_000);
        let attempt = claim.job.lifecycle.attempt;
        if ending == Ending::Succeeded {
            let done = OutputResult::Done {
                object: ObjectRef {
                    bucket: "media".parse().unwrap(),
                    key: ObjectKey::new("out.mp4").unwrap(),
                },
                files: Vec::new(),
                facts: Box::new(MediaFacts::default()),
                source: None,
            };
            let staged = Staged {
                attempt,
                results: vec![done],
            };
            self.store.publish(claim.job.id, staged, now).await.unwrap();
        }
        let finished = self.store.finish(claim.job.id, attempt, ending, now).await;
        finished.unwrap();
    }
}

fn mp4(object: &str) -> Value {
    json!({"OutputObject": object, "TemplateId": "S00000001-200030"})
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn ids(jobs: &Value) -> Vec<String> {
    let jobs = jobs["JobList"]["Job"].as_array().unwrap();
    jobs.iter().map(|job| text(&job["JobId"])).collect()
}

#[tokio::test]
async fn every_action_of_the_table_is_answered_as_the_table_says() {
    let world = World::new().await;
    for row in PRODUCT.operations {
        let (status, body) = world.send(row.action, &[]).await;
        let code = body["Code"].as_str().unwrap_or_default();
        match &row.handling {
            Handling::Refused(reason) => {
                assert_eq!(
                    (status, code),
                    (400, "UnsupportedOperation"),
                    "{}",
                    row.action
                );
                assert_eq!(body["Message"], *reason);
            }
            Handling::Served(served) => {
                assert_ne!(code, "InternalError", "{}", row.action);
                assert!(status == 200 || served.errors.contains(&code), "{body}");
            }
        }
    }
    assert_eq!(
        world.fail("Cancel", &[]).await,
        "404 InvalidAction.NotFound"
    );
}
