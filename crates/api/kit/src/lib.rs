//! What every dialect needs and no vendor invented: the dialect seam, tables of operations, serving, request ids, bodies,
//! JSON, rendering, times.

pub mod body;
pub mod catalogue;
pub mod dialect;
pub mod json;
pub mod operation;
pub mod render;
pub mod request_id;
pub mod serve;
pub mod time;

pub use catalogue::Catalogue;
pub use dialect::Dialect;
pub use request_id::RequestId;
