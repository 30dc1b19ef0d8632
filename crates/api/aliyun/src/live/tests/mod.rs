//! The product behind the gateway, over the real service and a real store.

mod jobs;
mod lists;
mod policies;
mod templates;

use std::sync::Arc;

use reelgate_domain::access::Feature;
use serde_json::Value;

use super::Live;
use crate::vod::shapes;
use crate::world::requests::V1;
use crate::world::{Key, World};

const VERSION: &str = "2016-11-01";
const COPY: &str = "6c6976652d736f757263652d636f7079";
const NO_ID: &str = "00000000000000000000000000000000";
const IN: &str = "rtmp://in.example.com/app/s1";
const OUT: &str = "rtmp://out.example.com/app/s1?key=secret";

async fn world() -> World {
    World::with(|service| vec![Arc::new(Live::new(Arc::clone(service)))]).await
}

/// A call by somebody, which names the usual cluster unless it names one itself.
fn request(world: &World, key: &Key, action: &str, pairs: &[(&str, &str)]) -> V1 {
    let request = V1::new(world, key, VERSION, action).json();
    let request = request.set("ClusterId", "default");
    pairs
        .iter()
        .fold(request, |request, (name, value)| request.set(name, value))
}

/// Status and code of a call by the account itself.
async fn summary(world: &World, action: &str, pairs: &[(&str, &str)]) -> String {
    summary_of(world, &world.root(), action, pairs).await
}

async fn summary_of(world: &World, key: &Key, action: &str, pairs: &[(&str, &str)]) -> String {
    request(world, key, action, pairs).summary(world).await
}

/// The answer to a call by the account itself that succeeds, in a shape that the SDK reads.
async fn call(world: &World, action: &str, pairs: &[(&str, &str)]) -> Value {
    call_of(world, &world.root(), action, pairs).await
}

async fn call_of(world: &World, key: &Key, action: &str, pairs: &[(&str, &str)]) -> Value {
    let request = request(world, key, action, pairs).signed();
    let answer = request.send(world).await;
    assert_eq!(answer.summary(), "200", "{action}: {}", answer.body);
    let answer = answer.json();
    shapes::LIVE.check(action, &answer);
    answer
}

async fn made(world: &World, name: &str, output: &str) -> String {
    let pairs = [
        ("Name", name),
        ("TemplateId", COPY),
        ("StreamInput", IN),
        ("StreamOutput", output),
    ];
    let answer = call(world, "CreateEdgeTranscodeJob", &pairs).await;
    answer["JobId"].as_str().unwrap().to_owned()
}

async fn got(world: &World, job: &str) -> Value {
    call(world, "GetEdgeTranscodeJob", &[("JobId", job)]).await["Job"].take()
}

/// The key of another account that may use the feature.
async fn stranger(world: &World) -> Key {
    let made = world.account("stranger").await;
    let (caller, account) = (world.caller(), made.account_id.parse().unwrap());
    let on = world
        .service
        .set_feature(&caller, account, Feature::Edge, true);
    on.await.unwrap();
    Key::new(&made.access_key_id, &made.access_key_secret)
}

async fn switch_edge(world: &World, on: bool) {
    let (caller, account) = (world.caller(), world.account_id());
    let switched = world
        .service
        .set_feature(&caller, account, Feature::Edge, on);
    switched.await.unwrap();
}
