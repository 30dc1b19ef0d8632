//! Master playlists over the HLS outputs of finished jobs.

use reelgate_domain::{JobId, ObjectRef};

/// Which jobs' outputs a master playlist offers, and where it goes.
#[derive(Clone, Debug)]
pub struct CreatePlaylist {
    /// 1 to 30 succeeded jobs with one HLS output each.
    pub jobs: Vec<JobId>,
    pub target: ObjectRef,
}

/// A master playlist that was written.
#[derive(Clone, Debug)]
pub struct Playlist {
    pub object: ObjectRef,
    pub renditions: usize,
}
