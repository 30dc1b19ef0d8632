//! Transcoding tasks.

mod audio_process;
pub(super) mod create_transcoding_task;
pub(super) mod delete_transcoding_task;
pub(super) mod delete_transcoding_task_by_console;
mod encryption;
pub(super) mod list_stat_summary;
pub(super) mod list_transcode_detail;
pub(super) mod list_transcoding_task;
mod names;
mod off;
mod origin;
mod pictures;
pub(super) mod render;
mod request;
mod shots;
mod subtitle;
mod video_process;
mod watermarks;
