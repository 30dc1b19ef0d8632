//! Alibaba Cloud's APIs: the RPC protocol that its products share, and one folder per product.

pub mod mps;
pub mod rpc;
