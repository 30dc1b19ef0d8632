//! Live streams: one FFmpeg per stream, from plan to arguments to signs of life.
//!
//! What is here is pure, but for looking up names; processes are in `run/live`.

pub(crate) mod argv;
mod cause;
mod clock;
mod facts;
pub(crate) mod log;
mod peers;
pub(crate) mod progress;
mod unfit;

use std::path::Path;
use std::time::Duration;

use reelgate_domain::stream::StreamPlan;

pub use cause::{LiveCause, Side};
pub use clock::BootTime;
pub use facts::{SourceAudio, SourceFacts, SourceVideo};
pub use peers::{Peer, PeerError, Peers};
pub use unfit::Unfit;

/// The newest thumbnail, in the scratch directory; replaced atomically.
pub const THUMBNAIL: &str = "thumbnail.jpg";
/// The certificates that servers are held to, in the scratch directory.
pub(crate) const AUTHORITIES: &str = "authorities.pem";
/// The playlist of an HLS output, in the output's directory.
pub const PLAYLIST: &str = "live.m3u8";
/// A recording, in its output's directory: readable up to the end of what was written whenever that is.
pub const RECORDING: &str = "recording.mkv";

/// What one FFmpeg is to do.
///
/// Output number `i` of the plan, if it is no push, is written below `scratch/i/`: an HLS output as
/// [`PLAYLIST`] with segments `<number>.ts` (H.265: `<number>.m4s` and `init-<first number>.mp4`) beside it,
/// each complete once it has its name; a recording as [`RECORDING`].
#[derive(Clone, Debug)]
pub struct LiveCommand<'a> {
    pub plan: &'a StreamPlan,
    /// An absolute path of a directory that is there and belongs to this attempt.
    pub scratch: &'a Path,
    /// Whom it may talk to; names are not looked up any other way. See [`Peers::of`].
    pub peers: &'a Peers,
    /// What an earlier attempt saw of the source ([`LiveSign::Source`]). Absent: what its protocol
    /// suggests. With it, what the source is and the outputs cannot take is known before the start.
    pub source: Option<&'a SourceFacts>,
    /// The number of the first HLS segment, so that those of several attempts differ.
    pub first_segment: u64,
    /// Absent: no thumbnails, and no keyframes told of.
    pub thumbnail_every: Option<Duration>,
    /// Whether SRT may wait for others to connect.
    pub may_listen: bool,
    pub limits: LiveLimits,
    /// When the guard ends everything unless the deadline is renewed.
    pub until: BootTime,
}

/// What one FFmpeg may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LiveLimits {
    /// Memory in use; looked at with each report of progress.
    pub resident_bytes: Option<u64>,
    /// The largest file, which is a recording.
    pub file_bytes: Option<u64>,
}

/// What a running FFmpeg lets be seen.
#[derive(Clone, Debug, PartialEq)]
pub enum LiveSign {
    /// Each second, once outputs were opened.
    Progress(LiveProgress),
    /// What the source consists of, once for each process.
    Source(SourceFacts),
    /// A keyframe of the source, at its time in the stream.
    KeyFrame(Duration),
    /// One output of several was lost, or is back; the others go on.
    Output(OutputSign),
    /// Something went wrong; whether it was fatal shows by what follows. Holds no secrets.
    Said { cause: LiveCause, text: String },
    /// It wanted to talk to somebody who is no peer.
    Forbidden(std::net::SocketAddr),
    /// The processes are gone. Nothing comes after it.
    Ended(LiveEnded),
}

/// Counts from the start of the process.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LiveProgress {
    /// Frames of the first video output.
    pub frames: u64,
    /// Over the last second or so.
    pub fps: f64,
    /// Media time per wall time since the start.
    pub speed: Option<f64>,
    pub dropped_frames: u64,
    pub duplicated_frames: u64,
    /// How far the outputs are.
    pub position: Duration,
    /// What came from the source over TCP, read from the kernel's counters of its connections; absent for SRT and
    /// where the sandbox does not supervise connections.
    pub received_bytes: Option<u64>,
    /// What was sent to push targets and written to files.
    pub sent_bytes: u64,
    /// Memory in use.
    pub resident_bytes: u64,
}

/// An output of several that came or went by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputSign {
    /// Its place in the plan; absent where FFmpeg does not say which.
    pub output: Option<usize>,
    pub lost: bool,
    pub text: String,
}

/// How a live FFmpeg came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveEnded {
    pub how: LiveEnd,
    /// The most likely cause, where nobody asked for the end.
    pub cause: Option<LiveCause>,
    /// For people; holds no secrets.
    pub text: String,
    /// The most memory that was in use at once.
    pub peak_bytes: u64,
}

/// What ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiveEnd {
    /// It was asked to, by [`LiveProcess::ask_to_stop`](crate::LiveProcess::ask_to_stop).
    Asked(crate::Stopped),
    /// Its deadline came.
    Deadline,
    /// By itself; 0 where the source ended.
    Exited(i32),
    Signalled(i32),
    TooMuchMemory,
    /// The guard was lost, and FFmpeg with it.
    GuardLost,
}

/// Why a live FFmpeg did not start.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// However often it is tried.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The machine's fault.
    #[error("the guard or FFmpeg could not be started: {0}")]
    Start(std::io::Error),
}
