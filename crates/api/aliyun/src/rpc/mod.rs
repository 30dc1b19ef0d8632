//! The RPC-style protocol: parameters, signatures V1 and V3, the envelope, common errors, and the order of checks.
//!
//! Products plug in as [`Product`]; the [`Gateway`] authenticates their callers and renders their answers.

mod admission;
mod audited;
pub mod codes;
pub mod denied;
pub mod encoding;
pub mod envelope;
pub mod errors;
pub mod gateway;
pub mod params;
pub mod product;
mod received;
pub mod signature;
pub mod timestamp;
mod unread;

pub use errors::{ApiError, CommonError};
pub use gateway::Gateway;
pub use params::Params;
pub use product::{Call, Product};
pub use signature::{sign_v1, sign_v3};
pub use unread::refuse_head;
