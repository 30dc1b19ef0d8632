//! How much an output looks like the pictures that its encoder was given.

use serde::{Deserialize, Serialize};

/// What the document beside an output is called: the output's name, and this.
pub const DOCUMENT_SUFFIX: &str = ".quality.json";
/// The most points of a series.
pub const MOST_POINTS: usize = 600;
/// The most moments that are shown.
pub const WORST_MOMENTS: usize = 3;

/// All of it, of one output.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    pub width: u32,
    pub height: u32,
    /// Frames a second.
    pub fps: f64,
    /// How many were compared, which is all of them.
    pub frames: u64,
    /// Kilobits a second of the picture alone.
    pub kbps: f64,
    /// The mean over all frames, 0 to 1.
    pub ssim: f64,
    /// Of all samples of all frames, in dB; 100 at most, where nothing was lost.
    pub psnr: f64,
    /// The mean over all frames, 0 to 100, by the model `vmaf_v0.6.1`; `None` where the FFmpeg cannot measure it or the
    /// picture is too small.
    #[serde(default)]
    pub vmaf: Option<f64>,
    /// Of brightness, in dB, 100 at most; `None` where the FFmpeg cannot measure it.
    #[serde(default)]
    pub xpsnr: Option<f64>,
    /// How many seconds a point of the series is about.
    pub step_seconds: u32,
    /// At most [`MOST_POINTS`].
    pub series: Vec<QualityPoint>,
    /// The seconds with the lowest SSIM, the worst first, none beside another.
    pub worst: Vec<WorstMoment>,
}

/// A part of an output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QualityPoint {
    /// Where it begins.
    pub at_seconds: f64,
    pub kbps: f64,
    pub ssim: f64,
    /// Of its worst frame.
    pub least_ssim: f64,
    pub psnr: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vmaf: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xpsnr: Option<f64>,
}

/// A second that looks least like its source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WorstMoment {
    /// Its worst frame.
    pub at_seconds: f64,
    pub ssim: f64,
    pub psnr: f64,
    /// The name of that frame's picture, which lies beside the output.
    pub still: String,
}
