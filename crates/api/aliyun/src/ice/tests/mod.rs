//! The product behind the gateway, over the real service and a real store: signed calls in, answers out.

mod jobs;
mod libraries;
mod pipelines;
mod policies;
mod results;
mod uploads;

use std::sync::Arc;

use reelgate_api_kit::operation::Handling;
use serde_json::{Value, json};

use super::Ice;
use super::operations::PRODUCT;
use crate::mps::Mts;
use crate::vod::{Vod, shapes};
use crate::world::requests::V1;
use crate::world::{Key, World};

const ICE: &str = "2020-11-09";
const VOD: &str = "2017-03-21";
const MTS: &str = "2014-06-18";
const URL: &str = "http://h.example.com/a.mp4";
const UNKNOWN_ID: &str = "0123456789abcdef0123456789abcdef";

async fn world() -> World {
    World::with(|service| {
        vec![
            Arc::new(Vod::new(Arc::clone(service))),
            Arc::new(Ice::new(Arc::clone(service))),
            Arc::new(Mts::new(Arc::clone(service))),
        ]
    })
    .await
}

fn request(world: &World, version: &str, action: &str, pairs: &[(&str, &str)]) -> V1 {
    request_by(world, &world.root(), version, action, pairs)
}

fn request_by(world: &World, key: &Key, version: &str, action: &str, pairs: &[(&str, &str)]) -> V1 {
    let request = V1::new(world, key, version, action).json();
    pairs
        .iter()
        .fold(request, |request, (name, value)| request.set(name, value))
}

async fn call(world: &World, version: &str, action: &str, pairs: &[(&str, &str)]) -> Value {
    let answer = request(world, version, action, pairs)
        .signed()
        .send(world)
        .await;
    assert_eq!(answer.summary(), "200", "{}", answer.body);
    answer.json()
}

/// A call of this product that succeeds with an answer that the SDK understands.
async fn ice(world: &World, action: &str, pairs: &[(&str, &str)]) -> Value {
    let answer = call(world, ICE, action, pairs).await;
    shapes::ICE.check(action, &answer);
    answer
}

/// Status and code of a call that the table says can be answered so.
async fn refused(world: &World, action: &str, pairs: &[(&str, &str)]) -> String {
    let found = request(world, ICE, action, pairs).summary(world).await;
    let served = PRODUCT.find(action).and_then(|row| row.served()).unwrap();
    let code = found.split(' ').nth(1).unwrap_or_default();
    assert!(served.errors.contains(&code), "{action} lacks {code}");
    found
}

/// A new library of videos: its id.
async fn library(world: &World, name: &str) -> String {
    let made = ice(world, "CreateDNADB", &[("Name", name)]).await;
    text(&made["DBInfo"]["DBId"])
}

/// A job on a file that nobody needs, which waits: its id.
async fn submitted(world: &World, library: &str, key: &str, more: &[(&str, &str)]) -> String {
    let input = json!({"Type": "OSS", "Media": "oss://media/in.mp4"}).to_string();
    let mut pairs = vec![("DBId", library), ("PrimaryKey", key), ("Input", &input)];
    pairs.extend(more);
    text(&ice(world, "SubmitDNAJob", &pairs).await["JobId"])
}

/// What is known of one job.
async fn shown(world: &World, job: &str) -> Value {
    let answer = ice(world, "QueryDNAJobList", &[("JobIds", job)]).await;
    let jobs = answer["JobList"].as_array().unwrap();
    assert_eq!(jobs.len(), 1, "{answer}");
    jobs[0].clone()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_action_of_the_table_is_answered_as_the_table_says() {
    let world = world().await;
    for row in PRODUCT.operations {
        let found = request(&world, ICE, row.action, &[]).summary(&world).await;
        match &row.handling {
            Handling::Refused(_) => assert_eq!(found, "400 UnsupportedOperation", "{}", row.action),
            Handling::Served(served) => {
                let code = found.split(' ').nth(1).unwrap_or_default();
                let is_known = found == "200" || served.errors.contains(&code);
                assert!(is_known, "{}: {found}", row.action);
            }
        }
    }
}
