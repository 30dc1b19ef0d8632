//! What cannot be done however often it is tried, found before anything starts.

use crate::Component;

/// Why a plan cannot be run here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("this FFmpeg was built without {0}")]
    Lacks(Component),
    /// Since FFmpeg 6.1 it can.
    #[error("this FFmpeg sends no H.265 over RTMP; FFmpeg 6.1 or newer does")]
    H265OverRtmp,
    #[error("waiting for SRT connections is switched off (live.srt_listener)")]
    Listening,
    /// A copy of a source whose codec the target has no place for.
    #[error("the source's {codec} cannot go to {target} as it is")]
    Copy { codec: String, target: &'static str },
    #[error("the source has neither video nor audio")]
    Nothing,
}
