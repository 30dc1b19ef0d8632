//! Huawei Cloud's APIs: the signatures of its gateway, identity (IAM), and the door to Media Processing Center (MPC).

mod answer;
mod errors;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzz;
mod gateway;
mod iam;
mod mpc;
mod request_id;
pub mod signature;
mod time;

use std::sync::Arc;

use reelgate_api_kit::operation::Product;
use reelgate_service::{Clock, Service};

pub use gateway::{Gateway, is_asked, refuse_head};
pub use mpc::{Notifications, preset_settings};

/// Name of the dialect.
const DIALECT: &str = "huawei";

/// What the products say of themselves, for policies, limits, docs and the error centre.
pub fn products() -> [&'static Product; 2] {
    [&iam::IAM, &mpc::MPC]
}

/// The endpoint of both services.
pub fn gateway(service: Arc<Service>, clock: Arc<dyn Clock>) -> Gateway {
    Gateway::new(service, clock)
}
