//! The video stream of an output.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::picture::{Area, Erasing, Fill, Fit, PixelFormat, Scan, Sides, Upscale};
use super::{Chunks, H264Level, OutOfRange, check, is_default};

/// How the picture is made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VideoSettings {
    #[serde(skip_serializing_if = "is_default")]
    pub codec: VideoCodec,
    /// Whether a source's stream that already is what is asked for is taken as it is.
    #[serde(skip_serializing_if = "is_default")]
    pub copy_if_compliant: bool,
    /// Pixels, 32 to 4096. One side alone keeps the display aspect; none keeps the source's size.
    pub width: Option<u32>,
    pub height: Option<u32>,
    #[serde(skip_serializing_if = "is_default")]
    pub sides: Sides,
    /// How both a width and a height are reached.
    #[serde(skip_serializing_if = "is_default")]
    pub fit: Fit,
    #[serde(skip_serializing_if = "is_default")]
    pub fill: Fill,
    #[serde(skip_serializing_if = "is_default")]
    pub upscale: Upscale,
    /// Whether the picture may be scaled from that of a larger output of the same job that says so too.
    #[serde(skip_serializing_if = "is_default")]
    pub cascade: bool,
    /// What is left of the source's picture, upright and in its own pixels, before anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crop: Option<Area>,
    /// Places of the source's picture that are painted over from what is around them, before anything else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub erase: Vec<Erasing>,
    /// Whether black borders are looked for and cropped.
    #[serde(skip_serializing_if = "is_default")]
    pub crop_borders: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub scan: Scan,
    /// Degrees clockwise, 0 to 359, after the source's own turning. Between the quarters the output
    /// holds all of the picture, and corners are filled.
    #[serde(skip_serializing_if = "is_default")]
    pub rotate: u32,
    /// The output's size, and where the picture is in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pad: Option<Area>,
    #[serde(skip_serializing_if = "is_default")]
    pub pixel_format: PixelFormat,
    /// Whether high dynamic range becomes standard range. Where the samples have 8 bits it does in any case.
    #[serde(skip_serializing_if = "is_default")]
    pub hdr_to_sdr: bool,
    /// Frames a second, above 0 and at most 60; absent: the source's, at most 60.
    pub fps: Option<f64>,
    /// Whether an `fps` above the source's means the source's.
    #[serde(skip_serializing_if = "is_default")]
    pub fps_at_most_source: bool,
    /// The most frames a second where `fps` is absent, above 0 and at most 60.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_fps: Option<f64>,
    pub rate: RateControl,
    /// What becomes of a rate above the source's.
    #[serde(skip_serializing_if = "is_default")]
    pub above_source: AboveSource,
    /// Whether the whole is encoded twice, the first time to learn where an average rate is best spent.
    #[serde(skip_serializing_if = "is_default")]
    pub two_pass: bool,
    /// Whether it is made in pieces, of VP9 and AV1 alone.
    #[serde(skip_serializing_if = "is_default")]
    pub chunks: Chunks,
    pub gop: Gop,
    /// The most frames between two that do not lean on later ones, 0 to 16; absent: as many as the
    /// encoder takes for the preset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b_frames: Option<u32>,
    pub preset: EncoderPreset,
    pub profile: VideoProfile,
    /// Absent: the lowest level that the picture fits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<H264Level>,
    /// Whether the output is compared with what its encoder was given, frame by frame, which takes about as long as
    /// decoding both.
    #[serde(skip_serializing_if = "is_default")]
    pub measure_quality: bool,
}

/// What video is encoded as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VideoCodec {
    #[default]
    H264,
    H265,
    Vp9,
    Av1,
    /// As it is in the source; nothing else may be set then.
    Copy,
    Gif,
    Webp,
}

/// Their encoders take a cap and do not keep to it.
const NO_CAP: &str = "left out for vp9 and av1";

/// How bits are spent. Rates are in kbit/s, buffers in kbit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case", deny_unknown_fields)]
pub enum RateControl {
    /// Constant quality, 0 (best) to 51, optionally capped; for VP9 and AV1 a whole number to 63.
    Crf {
        crf: f64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cap: Option<RateCap>,
    },
    /// An average over the whole output, optionally capped.
    Average {
        kbps: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cap: Option<RateCap>,
    },
    /// The same rate at all times; the buffer holds one second.
    Constant { kbps: u32 },
    /// The source's average rate, held between these bounds.
    Source {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        least_kbps: Option<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        most_kbps: Option<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cap: Option<RateCap>,
    },
    /// The same quantizer for all pictures, 1 (best) to 51.
    Quantizer { qp: u32 },
}

/// What becomes of a rate above the source's, as far as the source tells its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AboveSource {
    /// It is made as asked for.
    #[default]
    Keep,
    /// The source's is taken.
    Lower,
    /// The output fails.
    Fail,
}

impl Default for RateControl {
    fn default() -> Self {
        Self::Crf {
            crf: 23.0,
            cap: None,
        }
    }
}

/// The most a variable rate may reach, and over which buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateCap {
    pub maxrate_kbps: u32,
    pub bufsize_kbit: u32,
}

/// The distance between key frames. Groups of pictures are closed in every case.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gop {
    Frames(u32),
    Seconds(f64),
}

impl Default for Gop {
    fn default() -> Self {
        Self::Seconds(10.0)
    }
}

/// The encoder's trade of time for size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EncoderPreset {
    Veryfast,
    Fast,
    #[default]
    Medium,
    Slow,
    Slower,
}

impl fmt::Display for EncoderPreset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Veryfast => "veryfast",
            Self::Fast => "fast",
            Self::Medium => "medium",
            Self::Slow => "slow",
            Self::Slower => "slower",
        })
    }
}

/// What a decoder must be able to do. H.265, VP9 and AV1 are made in `main` alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VideoProfile {
    Baseline,
    Main,
    #[default]
    High,
}

impl fmt::Display for VideoProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Baseline => "baseline",
            Self::Main => "main",
            Self::High => "high",
        })
    }
}

impl VideoSettings {
    pub(super) fn validate(&self) -> Result<(), OutOfRange> {
        if self.codec == VideoCodec::Copy {
            return self.validate_copy();
        }
        if self.codec.is_animation() {
            self.validate_animation()?;
        }
        let side = |side: Option<u32>| side.is_none_or(|px| (32..=4096).contains(&px));
        check(side(self.width), "video.width", "32 to 4096 pixels")?;
        check(side(self.height), "video.height", "32 to 4096 pixels")?;
        let fps = self.fps.is_none_or(|fps| fps > 0.0 && fps <= 60.0);
        check(fps, "video.fps", "above 0 and at most 60")?;
        self.validate_picture()?;
        match self.gop {
            Gop::Frames(frames) => {
                check(
                    (1..=100_000).contains(&frames),
                    "video.gop",
                    "1 to 100000 frames",
                )?;
            }
            Gop::Seconds(seconds) => {
                let fits = seconds > 0.0 && seconds <= 100_000.0;
                check(fits, "video.gop", "above 0 and at most 100000 seconds")?;
            }
        }
        let b_frames = self.b_frames.unwrap_or(0);
        check(b_frames <= 16, "video.b_frames", "0 to 16 frames")?;
        check(
            !self.measure_quality || !self.copy_if_compliant,
            "video.measure_quality",
            "false where the picture may be copied",
        )?;
        self.validate_passes()?;
        self.validate_chunks()?;
        match self.codec {
            VideoCodec::Copy | VideoCodec::Gif | VideoCodec::Webp => {}
            VideoCodec::H264 => {
                let fit = b_frames == 0 || self.profile != VideoProfile::Baseline;
                check(fit, "video.b_frames", "0 in the baseline profile")?;
                let is_held =
                    self.level.is_none() || !matches!(self.rate, RateControl::Quantizer { .. });
                check(
                    is_held,
                    "video.level",
                    "left out with a quantizer, which no level bounds",
                )?;
                check(
                    self.fits_level(),
                    "video.level",
                    "one with room for the picture and the rate",
                )?;
            }
            VideoCodec::H265 => {
                self.validate_main()?;
                let constant = matches!(
                    self.rate,
                    RateControl::Constant { .. } | RateControl::Quantizer { .. }
                );
                check(!constant, "video.rate", "crf, average or source for h265")?;
            }
            VideoCodec::Vp9 | VideoCodec::Av1 => {
                self.validate_main()?;
                self.validate_open()?;
            }
        }
        self.rate.validate(self.codec)
    }
}

impl VideoSettings {
    fn validate_copy(&self) -> Result<(), OutOfRange> {
        let alone = Self {
            codec: VideoCodec::Copy,
            ..Self::default()
        };
        check(
            *self == alone,
            "video.codec",
            "given alone where it is copy: nothing else can be chosen of a copied picture",
        )
    }

    fn validate_passes(&self) -> Result<(), OutOfRange> {
        let is_made = self.codec != VideoCodec::Av1;
        let is_average = matches!(
            self.rate,
            RateControl::Average { .. } | RateControl::Source { .. }
        );
        check(
            !self.two_pass || (is_made && is_average),
            "video.two_pass",
            "false but for an average rate of h264, h265 or vp9",
        )
    }

    fn validate_chunks(&self) -> Result<(), OutOfRange> {
        let is_open = matches!(self.codec, VideoCodec::Vp9 | VideoCodec::Av1);
        let is_even = !self.two_pass && !matches!(self.rate, RateControl::Constant { .. });
        check(
            self.chunks != Chunks::Enabled || (is_open && is_even),
            "video.chunks",
            "disabled or preferred but for vp9 and av1 in one pass, whose rate is not constant",
        )
    }

    fn validate_main(&self) -> Result<(), OutOfRange> {
        let main = self.profile == VideoProfile::Main;
        check(main, "video.profile", "main for h265, vp9 and av1")?;
        let none = self.level.is_none();
        check(none, "video.level", "left out for h265, vp9 and av1")
    }

    /// What the encoders of VP9 and AV1 keep to.
    fn validate_open(&self) -> Result<(), OutOfRange> {
        let none = self.b_frames.is_none();
        check(none, "video.b_frames", "left out for vp9 and av1")?;
        match self.rate {
            RateControl::Crf { crf, cap } => {
                check(
                    crf.fract() == 0.0,
                    "video.rate",
                    "a whole crf for vp9 and av1",
                )?;
                check(cap.is_none(), "video.rate.cap", NO_CAP)
            }
            RateControl::Average { cap, .. } | RateControl::Source { cap, .. } => {
                check(cap.is_none(), "video.rate.cap", NO_CAP)
            }
            RateControl::Quantizer { .. } => {
                check(false, "video.rate", "of another mode but for h264")
            }
            RateControl::Constant { .. } => check(
                self.codec == VideoCodec::Vp9,
                "video.rate",
                "crf or average for av1",
            ),
        }
    }

    /// As far as that is known without a source.
    fn fits_level(&self) -> bool {
        let Some(level) = self.level else { return true };
        let kbps = match self.rate {
            RateControl::Average { kbps, .. } | RateControl::Constant { kbps } => kbps,
            RateControl::Crf { .. }
            | RateControl::Source { .. }
            | RateControl::Quantizer { .. } => 0,
        };
        let (width, height) = (self.width.unwrap_or(1), self.height.unwrap_or(1));
        level.holds(width, height) && kbps <= level.cap(self.profile).maxrate_kbps
    }
}

impl RateControl {
    fn validate(&self, codec: VideoCodec) -> Result<(), OutOfRange> {
        let (most_crf, words) = match codec {
            VideoCodec::H264
            | VideoCodec::H265
            | VideoCodec::Copy
            | VideoCodec::Gif
            | VideoCodec::Webp => (
                51.0,
                "a crf of 0 to 51, a qp of 1 to 51 or rates of 10 to 50000 kbit/s",
            ),
            VideoCodec::Vp9 | VideoCodec::Av1 => {
                (63.0, "a crf of 0 to 63 or rates of 10 to 50000 kbit/s")
            }
        };
        let kbps = |kbps: u32| (10..=50_000).contains(&kbps);
        let most = 10..=800_000;
        let (rate, cap) = match *self {
            Self::Crf { crf, cap } => ((0.0..=most_crf).contains(&crf), cap),
            Self::Average { kbps: rate, cap } => (kbps(rate), cap),
            Self::Constant { kbps: rate } => (kbps(rate), None),
            Self::Source {
                least_kbps,
                most_kbps,
                cap,
            } => {
                let (least, most) = (least_kbps.unwrap_or(10), most_kbps.unwrap_or(50_000));
                (kbps(least) && kbps(most) && least <= most, cap)
            }
            Self::Quantizer { qp } => ((1..=51).contains(&qp), None),
        };
        check(rate, "video.rate", words)?;
        let Some(cap) = cap else { return Ok(()) };
        check(
            most.contains(&cap.maxrate_kbps),
            "video.rate.cap.maxrate_kbps",
            "10 to 800000 kbit/s",
        )?;
        check(
            most.contains(&cap.bufsize_kbit),
            "video.rate.cap.bufsize_kbit",
            "10 to 800000 kbit",
        )
    }
}
