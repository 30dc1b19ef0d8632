//! What a live source consists of.

/// What FFmpeg found a source to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceFacts {
    /// FFmpeg's name of its format.
    pub format: String,
    pub video: Option<SourceVideo>,
    pub audio: Option<SourceAudio>,
}

/// Its first video stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceVideo {
    /// FFmpeg's name of it, such as `h264`.
    pub codec: String,
    pub width: u32,
    pub height: u32,
    /// Thousandths of frames per second, where the source says.
    pub milli_fps: Option<u32>,
    /// Where the source says.
    pub kbps: Option<u32>,
}

/// Its first audio stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceAudio {
    /// FFmpeg's name of it, such as `aac`.
    pub codec: String,
    pub sample_rate: u32,
}
