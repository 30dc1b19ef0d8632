//! Buckets: list, create.

mod create;
mod list;
mod view;

pub(crate) use create::create;
pub(crate) use list::list;
