//! `audio`: how an output sounds.

use reelgate_domain::job::kind::transcode::{
    AudioCodec, AudioSettings, Container, SampleRate, most_aac_kbps,
};

use super::common::Common;
use super::{Policy, choice, code};
use crate::errors::ApiError;
use crate::mpc::fields::Fields;

/// What a channel gets where the rate is left to us.
const KBPS_A_CHANNEL: u32 = 64;
const STEREO: u32 = 2;
/// The highest rate that sound is sampled at.
const MOST_HZ: u32 = 96_000;

#[derive(Clone, Debug, PartialEq)]
pub(in crate::mpc) struct Audio {
    /// `None` if there is to be no sound.
    pub(super) settings: Option<AudioSettings>,
}

impl Audio {
    pub(in crate::mpc) fn take(fields: Option<Fields>, common: &Common) -> Result<Self, ApiError> {
        let Some(mut fields) = fields else {
            let codec = default_codec(common);
            let settings = Some(settings(codec, None, None, STEREO));
            return Ok(Self { settings });
        };
        let policy = Policy::take(&mut fields)?;
        let codec = take_codec(&mut fields)?;
        let sample_rate = take_sample_rate(&mut fields)?;
        let kbps = choice(&mut fields, "bitrate", 8, 1000)?;
        let channels = code(&mut fields, "channels", channels, "must be 1, 2 or 6")?;
        if policy == Policy::Discard {
            fields.finish()?;
            return Ok(Self { settings: None });
        }
        if policy == Policy::Copy {
            fields.finish()?;
            let settings = Some(AudioSettings {
                codec: AudioCodec::Copy,
                ..AudioSettings::default()
            });
            return Ok(Self { settings });
        }
        let Some(channels) = channels else {
            return Err(fields.refuse("channels", "is missing"));
        };
        let codec = codec.unwrap_or(default_codec(common));
        if codec != default_codec(common) {
            let why = "must be 4 for pack_type 5, and 1 for any other";
            return Err(fields.refuse("codec", why));
        }
        let settings = settings(codec, sample_rate, kbps, channels);
        check(&fields, &settings)?;
        fields.finish()?;
        Ok(Self {
            settings: Some(settings),
        })
    }
}

/// The one codec that a format holds here.
const fn default_codec(common: &Common) -> AudioCodec {
    match common.container {
        Container::Mp3 => AudioCodec::Mp3,
        _ => AudioCodec::Aac,
    }
}

fn settings(
    codec: AudioCodec,
    sample_rate: Option<SampleRate>,
    kbps: Option<u32>,
    channels: u32,
) -> AudioSettings {
    AudioSettings {
        codec,
        kbps: kbps.unwrap_or(KBPS_A_CHANNEL * channels),
        sample_rate: sample_rate.unwrap_or(SampleRate::Source),
        channels,
        ..AudioSettings::default()
    }
}

fn take_codec(fields: &mut Fields) -> Result<Option<AudioCodec>, ApiError> {
    match fields.integer("codec", i64::MIN..=i64::MAX)? {
        None => Ok(None),
        Some(1) => Ok(Some(AudioCodec::Aac)),
        Some(4) => Ok(Some(AudioCodec::Mp3)),
        Some(2 | 3) => {
            Err(fields.refuse("codec", "must be 1 or 4: there is no encoder for HE-AAC"))
        }
        Some(_) => Err(fields.refuse("codec", "must be 1 to 4")),
    }
}

fn take_sample_rate(fields: &mut Fields) -> Result<Option<SampleRate>, ApiError> {
    let meaning = |number| {
        Some(match number {
            1 => SampleRate::Source,
            2 => SampleRate::Hz(22_050),
            3 => SampleRate::Hz(32_000),
            4 => SampleRate::Hz(44_100),
            5 => SampleRate::Hz(48_000),
            6 => SampleRate::Hz(MOST_HZ),
            _ => return None,
        })
    };
    code(fields, "sample_rate", meaning, "must be 1 to 6")
}

fn channels(number: i64) -> Option<u32> {
    match number {
        1 => Some(1),
        2 => Some(STEREO),
        6 => Some(6),
        _ => None,
    }
}

/// What does not go together, under the vendor's names.
fn check(fields: &Fields, settings: &AudioSettings) -> Result<(), ApiError> {
    let AudioSettings {
        codec,
        kbps,
        sample_rate,
        channels,
        ..
    } = *settings;
    match codec {
        AudioCodec::Aac => {
            let hz = match sample_rate {
                SampleRate::Hz(hz) => hz,
                SampleRate::Source => MOST_HZ,
            };
            if codec.holds(kbps, channels, hz) {
                return Ok(());
            }
            let most = most_aac_kbps(channels, hz);
            let why = format!("must be at most {most} with {channels} channels at {hz} Hz");
            Err(fields.refuse("bitrate", &why))
        }
        // No code of this product's stands for them.
        AudioCodec::Opus
        | AudioCodec::Vorbis
        | AudioCodec::Flac
        | AudioCodec::Ac3
        | AudioCodec::Copy
        | AudioCodec::Pcm => Ok(()),
        AudioCodec::Mp3 if channels > STEREO => {
            Err(fields.refuse("channels", "must be 1 or 2 for MP3"))
        }
        AudioCodec::Mp3 if sample_rate == SampleRate::Hz(MOST_HZ) => {
            Err(fields.refuse("sample_rate", "must be 1 to 5 for MP3"))
        }
        AudioCodec::Mp3 => {
            let hz = match sample_rate {
                SampleRate::Hz(hz) => hz,
                // Any source can be sampled at one of the rates that frames of this family have.
                SampleRate::Source => 48_000,
            };
            match codec.holds(kbps, channels, hz) {
                true => Ok(()),
                false => Err(fields.refuse(
                    "bitrate",
                    "must be one that frames of MP3 have at this rate, such as 32, 64, 96 or 128",
                )),
            }
        }
    }
}
