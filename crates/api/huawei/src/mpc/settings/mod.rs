//! `video`, `audio` and `common`: the vendor's integer codes and ranges, as settings of an output.
//!
//! What the vendor leaves open is decided here and told in `docs/dialects/huawei-mpc.md`: an object that is absent is as
//! one without members; a rate of 0 is a quality of crf 23, or 64 kbit/s for each channel; numbers whose use depends on
//! the format (`hls_interval`, `dash_interval`) are checked in every format.

mod audio;
mod common;
#[cfg(test)]
mod tests;
mod video;

use reelgate_domain::job::kind::transcode::{Container, Settings, VideoCodec, VideoSettings};

use super::errors::invalid;
use super::fields::Fields;
use crate::errors::ApiError;
pub(in crate::mpc) use audio::Audio;
pub(in crate::mpc) use common::Common;
pub(in crate::mpc) use video::{Measures, VideoCommon};

/// Where settings stand; their ranges differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mpc) enum Place {
    /// A template of its own.
    Template,
    /// A template of a group.
    Group,
    /// The `av_parameters` of a task.
    Task,
}

/// How one output is made.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::mpc) struct AvParameters {
    pub(in crate::mpc) settings: Settings,
    /// What other members of the task call the video stream.
    pub(in crate::mpc) stream_name: Option<String>,
}

/// What becomes of a stream of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mpc) enum Policy {
    Transcode,
    Discard,
    /// The stream is taken as it is: beside this the other members have no effect.
    Copy,
}

impl AvParameters {
    /// Takes `video`, `audio` and `common` out of the object that they are members of.
    pub(in crate::mpc) fn take(fields: &mut Fields, place: Place) -> Result<Self, ApiError> {
        let video = fields.object("video")?;
        let audio = fields.object("audio")?;
        let common = Common::take(fields.needed_object("common")?)?;
        let audio = Audio::take(audio, &common)?;
        let (shared, measures) = match video {
            None => (VideoCommon::default(), Measures::default()),
            Some(mut video) => {
                let shared = VideoCommon::take(&mut video, place)?;
                let measures = Measures::take(&mut video, &shared, place)?;
                common.check_video(&shared, &video)?;
                video.finish()?;
                (shared, measures)
            }
        };
        Self::made(&shared, measures, &audio, &common)
    }

    /// Of the parts that were taken one by one.
    pub(in crate::mpc) fn made(
        shared: &VideoCommon,
        measures: Measures,
        audio: &Audio,
        common: &Common,
    ) -> Result<Self, ApiError> {
        let stream_name = measures.stream_name.clone();
        let is_sound = matches!(common.container, Container::Mp3 | Container::Adts);
        let video = match shared.policy {
            Policy::Transcode if !is_sound => Some(shared.settings(measures)),
            Policy::Copy if !is_sound => Some(VideoSettings {
                codec: VideoCodec::Copy,
                ..VideoSettings::default()
            }),
            Policy::Transcode | Policy::Copy | Policy::Discard => None,
        };
        let settings = Settings {
            container: common.container,
            video,
            audio: audio.settings.clone(),
            stall_seconds: None,
        };
        if settings.video.is_none() && settings.audio.is_none() {
            return Err(invalid("video and audio cannot both be discarded"));
        }
        // Every range is checked above, under the name the caller knows; this is the net below, and what goes together.
        settings
            .validate()
            .map_err(|error| invalid(&error.to_string()))?;
        Ok(Self {
            settings,
            stream_name,
        })
    }
}

impl Policy {
    fn take(fields: &mut Fields) -> Result<Self, ApiError> {
        match fields.text("output_policy")?.as_deref() {
            None | Some("transcode") => Ok(Self::Transcode),
            Some("discard") => Ok(Self::Discard),
            Some("copy") => Ok(Self::Copy),
            Some(_) => Err(fields.refuse("output_policy", "must be transcode, discard or copy")),
        }
    }
}

/// A whole number that is 0, which chooses nothing, or in the range.
fn choice(fields: &mut Fields, name: &str, least: u32, most: u32) -> Result<Option<u32>, ApiError> {
    let Some(number) = fields.integer(name, i64::MIN..=i64::MAX)? else {
        return Ok(None);
    };
    match u32::try_from(number) {
        Ok(0) => Ok(None),
        Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
        _ => Err(fields.refuse(name, &format!("must be 0 or {least} to {most}"))),
    }
}

/// One of the vendor's codes: `why` lists them.
fn code<T>(
    fields: &mut Fields,
    name: &str,
    meaning: impl Fn(i64) -> Option<T>,
    why: &str,
) -> Result<Option<T>, ApiError> {
    match fields.integer(name, i64::MIN..=i64::MAX)? {
        None => Ok(None),
        Some(number) => meaning(number)
            .map(Some)
            .ok_or_else(|| fields.refuse(name, why)),
    }
}
