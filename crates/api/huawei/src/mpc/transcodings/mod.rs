//! Transcoding tasks.

pub(super) mod delete_transcoding_task;
