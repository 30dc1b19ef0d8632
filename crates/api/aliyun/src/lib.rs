//! Alibaba Cloud's APIs: the RPC protocol that its products share, and one folder per product.

mod keys;
pub mod mps;
pub mod rpc;

use std::sync::Arc;

use reelgate_service::{Clock, Service};

/// The endpoint of every product that is served.
pub fn gateway(service: Arc<Service>, clock: Arc<dyn Clock>) -> rpc::Gateway {
    let keys = Arc::new(keys::Keys(Arc::clone(&service)));
    let now_ms = Arc::new(move || clock.now().as_millis());
    rpc::Gateway::new(vec![Arc::new(mps::Mts::new(service))], keys, now_ms)
}
