//! Buckets: list, create.

mod create;
mod list;
mod view;

#[cfg(feature = "fuzzing")]
pub(crate) use create::CreateBody;
pub(crate) use create::create;
pub(crate) use list::list;
