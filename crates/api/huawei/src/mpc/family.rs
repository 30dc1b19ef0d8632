//! The families of tasks: what their jobs are, and where they are queued.

use reelgate_domain::job::JobKind;

use super::pipeline::Lane;

/// A family, each with calls of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Transcodings,
    Thumbnails,
    Metadata,
    Remux,
    Animations,
}

impl Family {
    pub(super) const fn kind(self) -> JobKind {
        match self {
            Self::Transcodings | Self::Animations => JobKind::Transcode,
            Self::Thumbnails => JobKind::Snapshot,
            Self::Metadata => JobKind::MediaInfo,
            Self::Remux => JobKind::Remux,
        }
    }

    pub(super) const fn lane(self) -> Lane {
        match self {
            Self::Animations => Lane::Animations,
            Self::Transcodings | Self::Thumbnails | Self::Metadata | Self::Remux => Lane::Common,
        }
    }
}
