//! The same picture and sound in another container.

pub(super) mod cancel_remux_task;
pub(super) mod create_remux_task;
pub(super) mod create_retry_remux_task;
pub(super) mod delete_remux_task;
pub(super) mod list_remux_task;
