//! What every dialect needs and no vendor invented: the dialect seam, serving, request ids, bodies, JSON, rendering, times.

pub mod body;
pub mod dialect;
pub mod json;
pub mod render;
pub mod request_id;
pub mod serve;
pub mod time;

pub use dialect::Dialect;
pub use request_id::RequestId;
