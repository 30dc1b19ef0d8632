//! `video`, `video_common` and `videos`: how an output looks.

use reelgate_domain::job::kind::transcode::{
    EncoderPreset, Gop, H264Level, RateCap, RateControl, VideoCodec, VideoProfile, VideoSettings,
};

use super::{Place, Policy, choice, code};
use crate::errors::ApiError;
use crate::mpc::fields::Fields;

/// Seconds from one key frame to the next where nothing is said.
const KEY_FRAME_SECONDS: i64 = 5;
/// The quality of a rate that is left to us.
const CRF: f64 = 23.0;
/// Frames a second; what is outside chooses the source's.
const FRAME_RATES: std::ops::RangeInclusive<f64> = 5.0..=60.0;
const MOST_CAP: u32 = 800_000;

/// What the members of a group have in common.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::mpc) struct VideoCommon {
    pub(super) policy: Policy,
    codec: VideoCodec,
    profile: VideoProfile,
    level: Option<H264Level>,
    preset: EncoderPreset,
    key_frame_seconds: f64,
    b_frames: u32,
    fps: Option<f64>,
    crop_borders: bool,
}

/// What each member of a group has of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::mpc) struct Measures {
    width: Option<u32>,
    height: Option<u32>,
    /// Absent: left to us.
    rate: Option<RateControl>,
    pub(super) stream_name: Option<String>,
}

impl Default for VideoCommon {
    /// As if the object were there and empty.
    fn default() -> Self {
        let codec = VideoCodec::H264;
        let profile = default_profile(codec);
        Self {
            policy: Policy::Transcode,
            codec,
            profile,
            level: None,
            preset: EncoderPreset::Veryfast,
            key_frame_seconds: KEY_FRAME_SECONDS as f64,
            b_frames: default_b_frames(codec, profile),
            fps: None,
            crop_borders: false,
        }
    }
}

const fn default_profile(codec: VideoCodec) -> VideoProfile {
    match codec {
        VideoCodec::H264 => VideoProfile::High,
        // No code of this product's stands for the others.
        _ => VideoProfile::Main,
    }
}

const fn default_b_frames(codec: VideoCodec, profile: VideoProfile) -> u32 {
    match (codec, profile) {
        // The profile has none.
        (VideoCodec::H264, VideoProfile::Baseline) => 0,
        (VideoCodec::H264, VideoProfile::Main | VideoProfile::High) => 4,
        (VideoCodec::H265, _) => 7,
        // No code of this product's stands for them.
        _ => 0,
    }
}

impl VideoCommon {
    pub(in crate::mpc) fn take(fields: &mut Fields, place: Place) -> Result<Self, ApiError> {
        let policy = Policy::take(fields)?;
        let codec = |number| match number {
            1 => Some(VideoCodec::H264),
            2 => Some(VideoCodec::H265),
            _ => None,
        };
        let codec = code(fields, "codec", codec, "must be 1 or 2")?.unwrap_or_default();
        let profile = take_profile(fields, codec)?;
        let level = take_level(fields, codec)?;
        let preset = |number| {
            Some(match number {
                1 => EncoderPreset::Veryfast,
                5 => EncoderPreset::Fast,
                4 => EncoderPreset::Medium,
                3 => EncoderPreset::Slow,
                _ => return None,
            })
        };
        let preset = code(fields, "preset", preset, "must be 1, 3, 4 or 5")?;
        let seconds = fields.integer("max_iframes_interval", 2..=10)?;
        let b_frames = fields.integer("bframes_count", 0..=7)?;
        let b_frames = b_frames.map(|frames| u32::try_from(frames).unwrap_or_default());
        if profile == VideoProfile::Baseline && b_frames.is_some_and(|frames| frames > 0) {
            return Err(fields.refuse("bframes_count", "must be 0 for profile 1"));
        }
        let fps = take_frame_rate(fields, place)?;
        let crop_borders = fields.integer("black_cut", 0..=2)?.unwrap_or(0) != 0;
        Ok(Self {
            policy,
            codec,
            profile,
            level,
            preset: preset.unwrap_or(EncoderPreset::Veryfast),
            key_frame_seconds: seconds.unwrap_or(KEY_FRAME_SECONDS) as f64,
            b_frames: b_frames.unwrap_or(default_b_frames(codec, profile)),
            fps,
            crop_borders,
        })
    }

    pub(super) fn settings(&self, measures: Measures) -> VideoSettings {
        VideoSettings {
            codec: self.codec,
            width: measures.width,
            height: measures.height,
            fps: self.fps,
            fps_at_most_source: self.fps.is_some(),
            rate: measures.rate.unwrap_or(RateControl::Crf {
                crf: CRF,
                cap: None,
            }),
            gop: Gop::Seconds(self.key_frame_seconds),
            b_frames: Some(self.b_frames),
            preset: self.preset,
            profile: self.profile,
            level: self.level,
            crop_borders: self.crop_borders,
            ..VideoSettings::default()
        }
    }
}

fn take_profile(fields: &mut Fields, codec: VideoCodec) -> Result<VideoProfile, ApiError> {
    let number = fields.integer("profile", 1..=4)?;
    match (codec, number) {
        (_, None) => Ok(default_profile(codec)),
        (VideoCodec::H264, Some(1)) => Ok(VideoProfile::Baseline),
        (VideoCodec::H264, Some(2)) => Ok(VideoProfile::Main),
        (VideoCodec::H264, Some(3)) => Ok(VideoProfile::High),
        (VideoCodec::H265, Some(4)) => Ok(VideoProfile::Main),
        (VideoCodec::H264, Some(_)) => Err(fields.refuse("profile", "must be 1 to 3 for codec 1")),
        (_, Some(_)) => Err(fields.refuse("profile", "must be 4 for codec 2")),
    }
}

fn take_level(fields: &mut Fields, codec: VideoCodec) -> Result<Option<H264Level>, ApiError> {
    const TENFOLD: [u32; 15] = [10, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51];
    let number = fields.integer("level", 0..=16)?.unwrap_or(0);
    let at = usize::try_from(number - 1).unwrap_or(TENFOLD.len());
    let level = TENFOLD.get(at).copied().and_then(H264Level::tenfold);
    if level.is_some() && codec == VideoCodec::H265 {
        let why = "must be 0 or 16 for codec 2: the level of H.265 follows from the picture";
        return Err(fields.refuse("level", why));
    }
    Ok(level)
}

fn take_frame_rate(fields: &mut Fields, place: Place) -> Result<Option<f64>, ApiError> {
    let in_range = |rate: &f64| FRAME_RATES.contains(rate);
    let whole = fields.integer("frame_rate", i64::MIN..=i64::MAX)?;
    let whole = whole.map(|rate| rate as f64).filter(in_range);
    let exact = match place {
        Place::Task => fields.number("frame_rate_float")?.filter(in_range),
        // Templates do not have it.
        Place::Template | Place::Group => None,
    };
    match (whole, exact) {
        (Some(whole), Some(exact)) if (exact - whole).abs() >= 1.0 => {
            Err(fields.refuse("frame_rate_float", "must be what frame_rate is"))
        }
        (whole, exact) => Ok(exact.or(whole)),
    }
}

impl Measures {
    pub(in crate::mpc) fn take(
        fields: &mut Fields,
        shared: &VideoCommon,
        place: Place,
    ) -> Result<Self, ApiError> {
        let (least_width, least_height) = match (shared.codec, place) {
            (VideoCodec::H264, _) => (32, 32),
            (_, Place::Template) => (160, 96),
            (_, Place::Group | Place::Task) => (320, 240),
        };
        Ok(Self {
            width: side(fields, "width", least_width, 4096)?,
            height: side(fields, "height", least_height, 2880)?,
            rate: take_rate(fields, place)?,
            stream_name: fields.text("stream_name")?,
        })
    }
}

fn side(fields: &mut Fields, name: &str, least: u32, most: u32) -> Result<Option<u32>, ApiError> {
    match choice(fields, name, least, most)? {
        Some(odd) if odd % 2 == 1 => Err(fields.refuse(name, "must be a multiple of 2")),
        even => Ok(even),
    }
}

fn take_rate(fields: &mut Fields, place: Place) -> Result<Option<RateControl>, ApiError> {
    let most = match place {
        Place::Template | Place::Group => 30_000,
        Place::Task => 50_000,
    };
    let kbps = choice(fields, "bitrate", 40, most)?;
    let average = kbps.map(|kbps| RateControl::Average { kbps, cap: None });
    if place != Place::Task {
        return Ok(average);
    }
    let crf = fields.number("crf")?;
    let cap = take_cap(fields)?;
    let Some(crf) = crf else {
        return match cap {
            None => Ok(average),
            Some(_) => Err(fields.refuse("max_bitrate", "needs crf")),
        };
    };
    if !(0.0..=51.0).contains(&crf) {
        return Err(fields.refuse("crf", "must be 0 to 51"));
    }
    if kbps.is_some() {
        return Err(fields.refuse("bitrate", "must be 0 beside crf"));
    }
    Ok(Some(RateControl::Crf { crf, cap }))
}

fn take_cap(fields: &mut Fields) -> Result<Option<RateCap>, ApiError> {
    let most = choice(fields, "max_bitrate", 40, MOST_CAP)?;
    let buffer = choice(fields, "buf_size", 40, MOST_CAP)?;
    match (most, buffer) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(fields.refuse("buf_size", "needs max_bitrate")),
        // As large a buffer is what the vendor recommends.
        (Some(maxrate_kbps), buffer) => Ok(Some(RateCap {
            maxrate_kbps,
            bufsize_kbit: buffer.unwrap_or(maxrate_kbps),
        })),
    }
}
