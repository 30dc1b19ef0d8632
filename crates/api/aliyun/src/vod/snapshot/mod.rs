//! Pictures of videos: asked for, and listed.

pub(super) mod list_snapshots;
pub(super) mod submit_snapshot_job;
