//! Alibaba Cloud's APIs: the RPC protocol that its products share, and one folder per product.

pub mod mps;
pub mod rpc;
pub mod sts;
#[cfg(test)]
mod world;

use std::sync::Arc;

use reelgate_api_kit::operation::Product;
use reelgate_service::{Clock, Service};

/// Name of the dialect.
const DIALECT: &str = "aliyun";

/// What the products say of themselves, for policies, limits, docs and the error centre.
pub fn products() -> [&'static Product; 2] {
    [&mps::operations::PRODUCT, &sts::operations::PRODUCT]
}

/// The endpoint of every product that is served.
pub fn gateway(service: Arc<Service>, clock: Arc<dyn Clock>) -> rpc::Gateway {
    let mts = Arc::new(mps::Mts::new(Arc::clone(&service)));
    let sts = Arc::new(sts::Sts::new(Arc::clone(&service)));
    rpc::Gateway::new(vec![mts, sts], service, clock)
}
