//! What is in a file.

pub(super) mod create_extract_task;
pub(super) mod delete_extract_task;
pub(super) mod list_extract_task;
