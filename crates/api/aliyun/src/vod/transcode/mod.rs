//! Transcodes of videos: asked for, and how they go.

pub(super) mod get_transcode_summary;
pub(super) mod get_transcode_task;
pub(super) mod list_transcode_task;
pub(super) mod submit_transcode_jobs;
mod task;
