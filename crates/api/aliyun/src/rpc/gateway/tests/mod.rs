//! The gateway as SDKs see it, over the real service: here a fake product with little to it, below the tests.

use async_trait::async_trait;
use http::header::{ACCEPT, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method};
use reelgate_api_kit::operation::{AccessLevel, Operation, Permission};
use reelgate_domain::access::{CallLimit, Period};
use serde_json::json;
use tokio::sync::Notify;

use super::*;
use crate::rpc::codes::SHARED;
use crate::rpc::received::MAX_BODY_BYTES;
use crate::world::requests::{MTS, V1, V3, bare};
use crate::world::{KEY, Key, World};

mod admission;
mod altered;
mod answers;
mod order;

static TABLE: Table = Table {
    name: "Mts",
    title: "Fake",
    version: MTS,
    ram_code: "mts",
    policy_name: "Fake",
    dialect: "aliyun",
    operations: &[
        operation("AnswerNothing", AccessLevel::Read),
        operation("Break", AccessLevel::Read),
        operation("CancelJob", AccessLevel::Write),
        Operation {
            action: "PlayInfo",
            handling: Handling::Refused("playback is not part of Reelgate"),
        },
        operation("QueryJob", AccessLevel::Read),
        operation("Wait", AccessLevel::Write),
    ],
    errors: &[],
    shared_errors: SHARED,
};

const fn operation(action: &'static str, access: AccessLevel) -> Operation {
    Operation {
        action,
        handling: Handling::Served(Served {
            access,
            resources: &[],
            permission: Permission::Needed,
            condition_keys: &[],
            associated: &[],
            limit: Some(CallLimit {
                calls: 100,
                per: Period::Second,
            }),
            errors: &[],
            documentation: "",
            history: &[],
        }),
    }
}

/// Told when a call waits that never ends.
static WAITING: Notify = Notify::const_new();

struct Fake;

#[async_trait]
impl Product for Fake {
    fn table(&self) -> &'static Table {
        &TABLE
    }

    async fn call(&self, call: &Call<'_>) -> Result<Value, ApiError> {
        match call.action {
            "Break" => Err(ApiError::internal("disk on fire")),
            "AnswerNothing" => Ok(Value::Null),
            "Wait" => {
                WAITING.notify_one();
                std::future::pending().await
            }
            _ => Ok(json!({
                "JobId": call.params.required("JobId")?,
                "Account": call.caller.account.number(),
                "CountsOnce": call.caller.once.is_some(),
                "NonExistJobIds": {"String": ["a", "b"]},
            })),
        }
    }
}

async fn world() -> World {
    World::with(|_| vec![Arc::new(Fake)]).await
}

/// A request that can be sent once signed.
fn v1(world: &World) -> V1 {
    V1::new(world, &world.root(), MTS, "CancelJob").set("JobId", "j 1+*~/é")
}

fn v3(world: &World, query: &str) -> V3 {
    V3::new(world, &world.root(), MTS, "CancelJob", query)
}
