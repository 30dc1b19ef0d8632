//! The product behind the gateway, over the real service and a real store: signed calls in, answers out.

mod callbacks;
mod cancel;
mod documents;
mod uploads;
mod videos;

use std::sync::Arc;

use serde_json::Value;

use super::{Vod, shapes};
use crate::world::requests::V1;
use crate::world::{Key, World};

const VERSION: &str = "2017-03-21";
const UNKNOWN_ID: &str = "0123456789abcdef0123456789abcdef";

async fn world() -> World {
    World::with(|service| vec![Arc::new(Vod::new(Arc::clone(service)))]).await
}

/// A call that succeeds with an answer that the SDK understands.
async fn call(world: &World, action: &str, pairs: &[(&str, &str)]) -> Value {
    call_as(world, &world.root(), action, pairs).await
}

async fn call_as(world: &World, key: &Key, action: &str, pairs: &[(&str, &str)]) -> Value {
    let answer = request(world, key, action, pairs)
        .json()
        .signed()
        .send(world)
        .await;
    assert_eq!(answer.summary(), "200", "{action}: {}", answer.body);
    let answer = answer.json();
    shapes::VOD.check(action, &answer);
    answer
}

/// Status and code of a call.
async fn refused(world: &World, action: &str, pairs: &[(&str, &str)]) -> String {
    request(world, &world.root(), action, pairs)
        .json()
        .summary(world)
        .await
}

fn request(world: &World, key: &Key, action: &str, pairs: &[(&str, &str)]) -> V1 {
    let request = V1::new(world, key, VERSION, action);
    pairs
        .iter()
        .fold(request, |request, (name, value)| request.set(name, value))
}

/// The ids of the jobs that bring these addresses in.
async fn upload(world: &World, urls: &[&str]) -> Vec<String> {
    let answer = call(
        world,
        "UploadMediaByURL",
        &[("UploadURLs", &urls.join(","))],
    )
    .await;
    let jobs = answer["UploadJobs"].as_array().unwrap().iter();
    jobs.map(|job| job["JobId"].as_str().unwrap().to_owned())
        .collect()
}

/// What is known of one upload.
async fn info(world: &World, job: &str) -> Value {
    let answer = call(world, "GetURLUploadInfos", &[("JobIds", job)]).await;
    let infos = answer["URLUploadInfoList"].as_array().unwrap();
    assert_eq!(infos.len(), 1, "{answer}");
    infos[0].clone()
}
