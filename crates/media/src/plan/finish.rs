//! What is done to frames that have their rate, and all that is laid over them, before they are encoded.

use reelgate_domain::job::kind::transcode::{Container, GifColours, Scan, VideoSettings};

use super::{FrameRate, VideoPlan};

/// The last change of an output's frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    None,
    /// Each frame is made of two, which are half its time apart: the lines of the upper field are those of the first.
    Fields,
    /// They have few colours.
    Colours(GifColours),
    /// They get the one matrix that a WebP picture has.
    Webp,
}

impl Finish {
    pub(super) const fn of(wanted: &VideoSettings, container: Container) -> Self {
        match (container, wanted.scan) {
            (Container::Gif { colours, .. }, _) => Self::Colours(colours),
            (Container::Webp { .. }, _) => Self::Webp,
            (_, Scan::Interlaced) => Self::Fields,
            (_, Scan::AsTagged | Scan::Auto) => Self::None,
        }
    }

    /// The filters that it needs beside the scaler.
    pub(super) const fn filters(self) -> &'static [&'static str] {
        match self {
            Self::Fields => &["interlace"],
            Self::Colours(GifColours::Sierra | GifColours::Bayer) => {
                &["split", "palettegen", "paletteuse"]
            }
            Self::None | Self::Webp | Self::Colours(GifColours::General) => &[],
        }
    }
}

impl VideoPlan {
    /// The frames a second that there are before the last change.
    pub(crate) fn worked_rate(&self) -> FrameRate {
        let doubled = FrameRate::new(self.fps.num.saturating_mul(2), self.fps.den);
        match self.finish {
            Finish::Fields => doubled.unwrap_or(self.fps),
            Finish::None | Finish::Colours(_) | Finish::Webp => self.fps,
        }
    }

    /// What the probe calls the samples of the output.
    pub(crate) fn made_samples(&self) -> String {
        match self.finish {
            // So it calls all that has a palette.
            Finish::Colours(_) => "bgra".to_owned(),
            Finish::None | Finish::Fields | Finish::Webp => self.pixel_format.to_string(),
        }
    }
}
