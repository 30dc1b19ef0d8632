//! Whether high dynamic range is brought down.

use reelgate_domain::job::kind::transcode::{PixelFormat, VideoSettings};
use reelgate_domain::media::VideoFacts;

/// What is brought down, and from what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToneMap {
    pub transfer: &'static str,
    pub is_full_range: bool,
}

/// Eight bits have no room for high dynamic range: its steps would show, and few players take such pictures for what
/// they are.
pub(super) fn tone(wanted: &VideoSettings, source: &VideoFacts) -> Option<ToneMap> {
    let has_room = wanted.pixel_format == PixelFormat::Yuv420p10;
    let transfer = transfer(source)?;
    (wanted.hdr_to_sdr || !has_room).then(|| ToneMap {
        transfer,
        is_full_range: source.color_range.as_deref() == Some("pc"),
    })
}

/// The transfer of a source of high dynamic range.
pub(super) fn transfer(source: &VideoFacts) -> Option<&'static str> {
    match source.color_transfer.as_deref() {
        Some("smpte2084") => Some("smpte2084"),
        Some("arib-std-b67") => Some("arib-std-b67"),
        _ => None,
    }
}
