//! What becomes of a picture before it is encoded: what is cut off, how it is turned and fitted, and what its samples are.

mod erase;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use erase::{Erasing, Spot};

use super::{OutOfRange, Settings, VideoCodec, VideoProfile, VideoSettings, check};

/// A rectangle in pixels, counted from the upper left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Area {
    pub width: u32,
    pub height: u32,
    #[serde(default)]
    pub left: u32,
    #[serde(default)]
    pub top: u32,
}

/// What `width` and `height` are the measures of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sides {
    #[default]
    WidthHeight,
    /// `width` is the longer side of the picture and `height` the shorter one.
    LongShort,
}

/// How a picture gets a width and a height that are not in its proportions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    #[default]
    Stretch,
    /// It fills all of the size; what is over is cut off on both sides.
    Crop,
    /// All of it is inside the size; the rest is filled.
    Pad,
}

/// The colour of what is no part of the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fill {
    #[default]
    Black,
    White,
}

/// What becomes of an output that is to be wider or higher than its source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Upscale {
    #[default]
    Allow,
    /// It gets the source's size.
    KeepSize,
    Fail,
}

/// Whether the frames of a source are of two fields, taken one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scan {
    /// Frames that the source says are of two fields are put right.
    #[default]
    AsTagged,
    /// It is looked at, and its frames are put right if they are of two fields, whatever it says.
    Auto,
    /// The frames of the output are of two fields, the upper one first; those of a source that says that its frames
    /// are such are taken apart for it.
    Interlaced,
}

/// The samples of an output: how they are laid out, and how deep they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PixelFormat {
    #[default]
    Yuv420p,
    /// 4:2:0 in full range.
    Yuvj420p,
    Yuv422p,
    Yuv444p,
    /// 4:2:0 with 10 bits a sample; of H.265.
    Yuv420p10,
}

impl PixelFormat {
    pub const fn is_full_range(self) -> bool {
        matches!(self, Self::Yuvj420p)
    }
}

impl fmt::Display for PixelFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yuv420p => "yuv420p",
            Self::Yuvj420p => "yuvj420p",
            Self::Yuv422p => "yuv422p",
            Self::Yuv444p => "yuv444p",
            Self::Yuv420p10 => "yuv420p10le",
        })
    }
}

impl VideoSettings {
    pub(super) fn validate_picture(&self) -> Result<(), OutOfRange> {
        let side = |px: u32| (32..=4096).contains(&px);
        if let Some(area) = self.crop {
            let fits = (16..=8192).contains(&area.width) && (16..=8192).contains(&area.height);
            check(fits, "video.crop", "16 to 8192 pixels wide and high")?;
        }
        let one = self.crop.is_none() || !self.crop_borders;
        check(one, "video.crop_borders", "false beside crop")?;
        Erasing::validate(&self.erase)?;
        if let Some(area) = self.pad {
            let fits = side(area.width) && side(area.height);
            check(fits, "video.pad", "32 to 4096 pixels wide and high")?;
            check(self.fit == Fit::Stretch, "video.fit", "stretch beside pad")?;
            let allowed = self.upscale == Upscale::Allow;
            check(allowed, "video.upscale", "allow beside pad")?;
        }
        check(self.rotate < 360, "video.rotate", "0 to 359 degrees")?;
        let is_made = self.scan != Scan::Interlaced
            || (self.codec == VideoCodec::H264 && self.profile != VideoProfile::Baseline);
        check(
            is_made,
            "video.scan",
            "as_tagged or auto but for h264 above the baseline profile",
        )?;
        let most = self.max_fps.is_none_or(|fps| fps > 0.0 && fps <= 60.0);
        check(most, "video.max_fps", "above 0 and at most 60")?;
        self.validate_samples()
    }

    fn validate_samples(&self) -> Result<(), OutOfRange> {
        use PixelFormat::{Yuv420p, Yuv420p10, Yuv422p, Yuv444p, Yuvj420p};
        let (held, expected) = match (self.codec, self.profile) {
            (VideoCodec::H264, VideoProfile::High) => (
                self.pixel_format != Yuv420p10,
                "yuv420p, yuvj420p, yuv422p or yuv444p for h264",
            ),
            (VideoCodec::H264, _) => (
                matches!(self.pixel_format, Yuv420p | Yuvj420p),
                "yuv420p or yuvj420p in this profile",
            ),
            // The others choose their samples themselves.
            (
                VideoCodec::Vp9
                | VideoCodec::Av1
                | VideoCodec::Copy
                | VideoCodec::Gif
                | VideoCodec::Webp,
                _,
            ) => (self.pixel_format == Yuv420p, "yuv420p for vp9 and av1"),
            (VideoCodec::H265, _) => (
                !matches!(self.pixel_format, Yuv422p | Yuv444p),
                "yuv420p, yuvj420p or yuv420p10 for h265",
            ),
        };
        check(held, "video.pixel_format", expected)
    }
}

impl Settings {
    /// What players of HLS and MPEG-DASH take is made of whole frames.
    pub(super) fn check_scan(&self) -> Result<(), OutOfRange> {
        let video = self.video.as_ref();
        let is_interlaced = video.is_some_and(|video| video.scan == Scan::Interlaced);
        let is_segmented = self.container.segment_seconds().is_some();
        check(
            !is_interlaced || !is_segmented,
            "video.scan",
            "as_tagged or auto for hls and dash, whose frames are whole",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(settings: &str) -> Option<&'static str> {
        let settings: VideoSettings = serde_json::from_str(settings).unwrap();
        settings.validate().err().map(|error| error.field)
    }

    #[test]
    fn what_is_out_of_range_or_contradicts_itself_is_named() {
        for (settings, field) in [
            (r#"{"crop":{"width":8,"height":100}}"#, "video.crop"),
            (r#"{"pad":{"width":5000,"height":100}}"#, "video.pad"),
            (
                r#"{"pad":{"width":500,"height":100},"fit":"pad"}"#,
                "video.fit",
            ),
            (
                r#"{"pad":{"width":500,"height":100},"upscale":"fail"}"#,
                "video.upscale",
            ),
            (
                r#"{"crop":{"width":100,"height":100},"crop_borders":true}"#,
                "video.crop_borders",
            ),
            (r#"{"rotate":360}"#, "video.rotate"),
            (
                r#"{"scan":"interlaced","profile":"baseline"}"#,
                "video.scan",
            ),
            (
                r#"{"scan":"interlaced","codec":"h265","profile":"main"}"#,
                "video.scan",
            ),
            (r#"{"max_fps":0}"#, "video.max_fps"),
            (r#"{"pixel_format":"yuv420p10"}"#, "video.pixel_format"),
            (
                r#"{"pixel_format":"yuv444p","profile":"main"}"#,
                "video.pixel_format",
            ),
            (
                r#"{"codec":"h265","profile":"main","pixel_format":"yuv422p"}"#,
                "video.pixel_format",
            ),
        ] {
            assert_eq!(refused(settings), Some(field), "{settings}");
        }
        for fine in [
            r#"{"crop":{"width":16,"height":100,"left":7},"rotate":359,"max_fps":30}"#,
            r#"{"pad":{"width":500,"height":100,"top":3}}"#,
            r#"{"pixel_format":"yuv444p","hdr_to_sdr":true,"sides":"long_short"}"#,
            r#"{"codec":"h265","profile":"main","pixel_format":"yuv420p10"}"#,
        ] {
            assert_eq!(refused(fine), None, "{fine}");
            let settings: VideoSettings = serde_json::from_str(fine).unwrap();
            let text = serde_json::to_string(&settings).unwrap();
            assert_eq!(
                serde_json::from_str::<VideoSettings>(&text).unwrap(),
                settings
            );
        }
    }
}
