//! How much the outputs of a job look like their source.

use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error::Error;
use crate::jobs::Address;

/// What was measured of a job's outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobQuality {
    pub outputs: Vec<OutputQuality>,
}

/// What was measured of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutputQuality {
    pub object: Address,
    pub quality: Quality,
}

/// All of it: means over the whole output, and over parts of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    pub width: u32,
    pub height: u32,
    /// Frames a second.
    pub fps: f64,
    pub frames: u64,
    /// Kilobits a second of the picture alone.
    pub kbps: f64,
    /// 0 to 1.
    pub ssim: f64,
    /// In dB, at most 100.
    pub psnr: f64,
    /// 0 to 100; `None` where it could not be measured.
    #[serde(default)]
    pub vmaf: Option<f64>,
    /// Of brightness, in dB, at most 100; `None` where it could not be measured.
    #[serde(default)]
    pub xpsnr: Option<f64>,
    /// How many seconds a point of the series is about.
    pub step_seconds: u32,
    pub series: Vec<QualityPoint>,
    /// The worst first.
    pub worst: Vec<WorstMoment>,
}

/// A part of an output.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct QualityPoint {
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorstMoment {
    pub at_seconds: f64,
    pub ssim: f64,
    pub psnr: f64,
    /// The name of a picture beside the output.
    pub still: String,
}

impl Client {
    /// What was measured of the outputs of a job that has succeeded.
    pub async fn quality(&self, job: &str) -> Result<JobQuality, Error> {
        let call = self.call(Method::GET, &["jobs", job, "quality"]);
        call.answer().await
    }
}
