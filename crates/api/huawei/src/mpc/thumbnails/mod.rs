//! Pictures of a video: tasks of their own, and those beside a transcoding task.

pub(super) mod create_thumbnails_task;
pub(super) mod delete_thumbnails_task;
pub(super) mod list_thumbnails_task;
mod para;

pub(super) use para::{Para, Target};
