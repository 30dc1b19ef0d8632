//! Alibaba Cloud's APIs: the RPC protocol that its products share, and one folder per product.

mod dna;
pub mod ice;
pub mod live;
pub mod mps;
pub mod rpc;
pub mod sts;
pub mod vod;
#[cfg(test)]
mod world;

use std::sync::Arc;

use reelgate_api_kit::operation::Product;
use reelgate_service::{Clock, Service};

/// Name of the dialect.
const DIALECT: &str = "aliyun";

/// What the products say of themselves, for policies, limits, docs and the error centre.
pub fn products() -> [&'static Product; 5] {
    [
        &mps::operations::PRODUCT,
        &vod::operations::PRODUCT,
        &ice::operations::PRODUCT,
        &live::operations::PRODUCT,
        &sts::operations::PRODUCT,
    ]
}

/// The endpoint of every product that is served.
pub fn gateway(service: Arc<Service>, clock: Arc<dyn Clock>) -> rpc::Gateway {
    let mts = Arc::new(mps::Mts::new(Arc::clone(&service)));
    let sts = Arc::new(sts::Sts::new(Arc::clone(&service)));
    let vod = Arc::new(vod::Vod::new(Arc::clone(&service)));
    let ice = Arc::new(ice::Ice::new(Arc::clone(&service)));
    let live = Arc::new(live::Live::new(Arc::clone(&service)));
    rpc::Gateway::new(vec![mts, vod, ice, live, sts], service, clock)
}
