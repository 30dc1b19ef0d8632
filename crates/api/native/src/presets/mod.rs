//! Presets: list.

mod list;

pub(crate) use list::list;
