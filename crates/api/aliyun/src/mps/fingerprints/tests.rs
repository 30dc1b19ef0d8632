//! The family behind the gateway, over the real service and a real store: signed calls in, answers out. What a worker
//! does to the store is done here by hand.

mod deletions;
mod imports;
mod jobs;
mod libraries;

use bytes::Bytes;
use futures_util::stream;
use reelgate_domain::dna::{Channel, EntryMatch, LibraryId, Matches, PrimaryKey, Segment, Span};
use reelgate_domain::job::kind::fingerprint::FingerprintSpec;
use reelgate_domain::job::{Fault, FaultCode, JobSpec};
use reelgate_domain::media::{MediaFacts, OutputFile, OutputResult, Staged};
use reelgate_domain::{ObjectKey, ObjectRef, Timestamp, WorkerId};
use reelgate_store::{Claim, DnaEffect, Ending, Fenced, NewEntry, PublishDna};
use serde_json::{Value, json};

use crate::mps::operations::PRODUCT;
use crate::mps::shapes;
use crate::world::requests::{MTS, V1};
use crate::world::{Answer, Key, SENT_MS, World};

const UNKNOWN: &str = "0123456789abcdef0123456789abcdef";

/// A world, and who calls in it.
struct Fp {
    world: World,
    key: Key,
}

impl Fp {
    async fn new() -> Self {
        let world = World::new().await;
        let key = world.root();
        Self { world, key }
    }

    async fn send(&self, action: &str, pairs: &[(&str, &str)]) -> Answer {
        let request = V1::new(&self.world, &self.key, MTS, action).json();
        let set = |request: V1, (name, value): &(&str, &str)| request.set(name, value);
        let request = pairs.iter().fold(request, set);
        request.signed().send(&self.world).await
    }

    /// A call that succeeds with an answer that the SDK understands.
    async fn call(&self, action: &str, pairs: &[(&str, &str)]) -> Value {
        let answer = self.send(action, pairs).await;
        assert_eq!(answer.summary(), "200", "{action} {}", answer.body);
        let body = answer.json();
        shapes::check(action, &body);
        body
    }

    /// A call that fails, as "status code".
    async fn fail(&self, action: &str, pairs: &[(&str, &str)]) -> String {
        let answer = self.send(action, pairs).await;
        let code = answer.member("Code");
        let served = PRODUCT.find(action).and_then(|row| row.served()).unwrap();
        assert!(
            served.errors.contains(&&*code),
            "{action} lacks {code}: {}",
            answer.body
        );
        answer.summary()
    }

    /// Makes a library with the vendor's number of a model.
    async fn library(&self, model: &str) -> String {
        let pairs = [("Name", "films"), ("ModelId", model)];
        let made = self.call("CreateFpShotDB", &pairs).await;
        text(&made["FpShotDB"]["FpDBId"])
    }

    /// Submits a job and returns its id.
    async fn submit(&self, library: &str, save: &str, key: &str) -> String {
        let config = json!({"FpDBId": library, "SaveType": save, "PrimaryKey": key});
        let pairs = [
            ("Input", &*input("in put.mp4")),
            ("FpShotConfig", &*config.to_string()),
            ("UserData", "mine"),
        ];
        text(&self.call("SubmitFpShotJob", &pairs).await["JobId"])
    }

    /// What is told of one job.
    async fn told(&self, job: &str) -> Value {
        let mut answer = self.call("QueryFpShotJobList", &[("JobIds", job)]).await;
        answer["FpShotJobList"]["FpShotJob"][0].take()
    }

    async fn put(&self, key: &str, content: &str) {
        let content = Bytes::copy_from_slice(content.as_bytes());
        let content = stream::iter([Ok::<_, std::io::Error>(content)]);
        let (caller, object) = (self.world.caller(), object(key));
        let put = self.world.service.put_object(&caller, &object, content);
        put.await.unwrap();
    }

    /// Starts the next job.
    async fn claim(&self) -> Option<Claim> {
        let worker = WorkerId("worker".to_owned());
        let (now, until) = (at(60_000), at(90_000));
        let claims = self.world.store.claim(&worker, 1, until, now).await;
        claims.unwrap().pop()
    }

    /// Runs the next job to its end: what it found is written, and the file stored if it is told to be.
    async fn run(&self, entries: Vec<EntryMatch>, stores: bool) {
        let claim = self.claim().await.unwrap();
        let JobSpec::Fingerprint(spec) = &claim.job.spec else {
            panic!("a job of another kind was queued");
        };
        if let Some(result) = &spec.result {
            let matches = Matches {
                library: spec.library,
                version: 0,
                entries,
            };
            self.put(
                result.key.as_str(),
                &serde_json::to_string(&matches).unwrap(),
            )
            .await;
        }
        let effect = DnaEffect {
            library: spec.library,
            entry: stores.then(|| NewEntry {
                key: spec.key.clone(),
                source: spec.input.clone(),
                duration_ms: Some(12_400),
                fingerprint: vec![1, 2, 3],
            }),
            unless_added_since: None,
        };
        let (attempt, staged) = (claim.job.lifecycle.attempt, staged(&claim, spec));
        let store = &self.world.store;
        let published = store.publish_fingerprint(claim.job.id, staged, effect, at(61_000));
        let published = published.await.unwrap();
        assert_eq!(published, PublishDna::Fenced(Fenced::Done));
        let ended = store.finish(claim.job.id, attempt, Ending::Succeeded, at(61_000));
        ended.await.unwrap();
    }

    /// Starts the next job and fails it.
    async fn run_in_vain(&self, code: FaultCode) {
        let claim = self.claim().await.unwrap();
        let ending = Ending::Failed {
            fault: Fault::new(code, "why"),
            results: Vec::new(),
        };
        let attempt = claim.job.lifecycle.attempt;
        let ended = self
            .world
            .store
            .finish(claim.job.id, attempt, ending, at(61_000));
        ended.await.unwrap();
    }
}

fn staged(claim: &Claim, spec: &FingerprintSpec) -> Staged {
    let files = spec.result.iter();
    let done = OutputResult::Done {
        object: spec.target().clone(),
        files: files
            .map(|object| OutputFile::new(object.key.clone(), 10))
            .collect(),
        facts: Box::new(MediaFacts::default()),
        source: None,
    };
    Staged {
        attempt: claim.job.lifecycle.attempt,
        results: vec![done],
    }
}

fn at(after_ms: i64) -> Timestamp {
    Timestamp::from_millis(SENT_MS + after_ms)
}

fn object(key: &str) -> ObjectRef {
    ObjectRef {
        bucket: "media".parse().unwrap(),
        key: ObjectKey::new(key).unwrap(),
    }
}

/// An `Input` that names this object, percent-encoded as callers do.
fn input(key: &str) -> String {
    let key = crate::mps::input::encoded(key);
    json!({"Bucket": "media", "Location": "oss-cn-x", "Object": key}).to_string()
}

/// An entry of which ten seconds were found.
fn found(key: &str) -> EntryMatch {
    let span = |start, end| Span { start, end };
    EntryMatch {
        key: PrimaryKey::new(key).unwrap(),
        number: 1,
        similarity: 0.9,
        segments: vec![Segment {
            channel: Channel::Video,
            input: span(0.0, 10.0),
            reference: span(2.0, 12.0),
            similarity: 0.9,
            speed: 1.0,
            mirrored: false,
            text: None,
        }],
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The ids of what a list has.
fn ids<'a>(list: &'a Value, name: &str) -> Vec<&'a str> {
    let items = list.as_array().unwrap();
    items.iter().map(|it| it[name].as_str().unwrap()).collect()
}

fn library_id(text: &str) -> LibraryId {
    text.parse().unwrap()
}
