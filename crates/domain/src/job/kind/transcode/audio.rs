//! The audio stream of an output.

use std::fmt;
use std::ops::RangeInclusive;

use serde::de::{self, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{AboveSource, OutOfRange, Volume, check, is_default};

/// The rates in Hz that sound may be sampled at; MP3 knows no 96000.
pub const SAMPLE_RATES: [u32; 5] = [22_050, 32_000, 44_100, 48_000, 96_000];
/// The channel counts AAC output may have; MP3 has 1 or 2.
pub const CHANNEL_COUNTS: [u32; 6] = [1, 2, 4, 5, 6, 8];
/// kbit/s of MP3 frames up to 24000 Hz, and of those above.
const SLOW_MP3_KBPS: [u32; 14] = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const FAST_MP3_KBPS: [u32; 14] = [
    32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
];
/// AAC-LC holds at most 6144 bits a channel in each frame of 1024 samples.
const AAC_BITS_PER_CHANNEL_AND_SAMPLE: u64 = 6144 / 1024;

/// How the sound is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AudioSettings {
    #[serde(skip_serializing_if = "is_default")]
    pub codec: AudioCodec,
    /// Whether a source's stream that already is what is asked for is taken as it is.
    #[serde(skip_serializing_if = "is_default")]
    pub copy_if_compliant: bool,
    /// What becomes of a rate above the source's.
    #[serde(skip_serializing_if = "is_default")]
    pub above_source: AboveSource,
    /// kbit/s, 8 to 1000; for MP3 and AC-3 those that their frames can have.
    pub kbps: u32,
    pub sample_rate: SampleRate,
    /// 1, 2, 4, 5, 6 or 8; MP3 and Vorbis: 1 or 2; AC-3 none of 4, 5 and 8, Opus none of 4 and 5.
    pub channels: u32,
    /// Absent: as loud as the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume: Option<Volume>,
}

impl Default for AudioSettings {
    fn default() -> Self {
        Self {
            codec: AudioCodec::Aac,
            copy_if_compliant: false,
            above_source: AboveSource::Keep,
            kbps: 128,
            sample_rate: SampleRate::Hz(44_100),
            channels: 2,
            volume: None,
        }
    }
}

/// What audio is encoded as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AudioCodec {
    /// AAC-LC.
    #[default]
    Aac,
    Mp3,
    Opus,
    Vorbis,
    /// Without loss: the rate asked for has no meaning.
    Flac,
    Ac3,
    /// As it is in the source; nothing else may be set then.
    Copy,
    /// Samples of 16 bits as they are: the rate asked for has no meaning.
    Pcm,
}

impl AudioCodec {
    /// Whether a stream of so many kbit/s can be sampled at this rate.
    pub fn holds(self, kbps: u32, channels: u32, hz: u32) -> bool {
        match self {
            Self::Aac => u64::from(kbps) <= most_aac_kbps(channels, hz),
            Self::Mp3 if hz > 48_000 => false,
            Self::Mp3 if hz > 24_000 => FAST_MP3_KBPS.contains(&kbps),
            Self::Mp3 => SLOW_MP3_KBPS.contains(&kbps),
            Self::Opus => hz == OPUS_HZ && kbps <= OPUS_KBPS_PER_CHANNEL * channels,
            Self::Vorbis => vorbis_kbps(channels, hz).is_some_and(|held| held.contains(&kbps)),
            Self::Flac | Self::Pcm | Self::Copy => true,
            Self::Ac3 => (32_000..=48_000).contains(&hz) && ac3_kbps(channels).contains(&kbps),
        }
    }

    /// Whether bits are spent as the sound needs them, whatever rate is asked for.
    pub const fn is_lossless(self) -> bool {
        matches!(self, Self::Flac | Self::Pcm)
    }
}

/// Opus has one rate for what comes out of it.
const OPUS_HZ: u32 = 48_000;
const OPUS_KBPS_PER_CHANNEL: u32 = 256;
/// kbit/s of AC-3 frames.
const AC3_KBPS: [u32; 19] = [
    32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640,
];

/// The rates that the encoder of Vorbis has measured settings for; none above 48000 Hz.
fn vorbis_kbps(channels: u32, hz: u32) -> Option<RangeInclusive<u32>> {
    Some(match (hz, channels) {
        (22_050, 1) => 16..=90,
        (22_050, 2) => 30..=172,
        (32_000, 1) => 30..=190,
        (32_000, 2) => 36..=380,
        (44_100 | 48_000, 1) => 32..=240,
        (44_100 | 48_000, 2) => 45..=500,
        _ => return None,
    })
}

/// The rates of frames that have room for so many channels, whatever they hold.
fn ac3_kbps(channels: u32) -> &'static [u32] {
    match channels {
        1 => &AC3_KBPS[2..],
        2 => &AC3_KBPS[6..],
        _ => &AC3_KBPS[10..],
    }
}

/// The most kbit/s that AAC-LC holds.
pub fn most_aac_kbps(channels: u32, hz: u32) -> u64 {
    AAC_BITS_PER_CHANNEL_AND_SAMPLE * u64::from(channels) * u64::from(hz) / 1000
}

/// How often a second sound is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleRate {
    /// One of [`SAMPLE_RATES`].
    Hz(u32),
    /// The lowest of [`SAMPLE_RATES`] that loses nothing of the source and holds the bits asked for.
    Source,
}

const SOURCE: &str = "source";

impl fmt::Display for SampleRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hz(hz) => hz.fmt(f),
            Self::Source => f.write_str(SOURCE),
        }
    }
}

impl Serialize for SampleRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Hz(hz) => serializer.serialize_u32(*hz),
            Self::Source => serializer.serialize_str(SOURCE),
        }
    }
}

impl<'de> Deserialize<'de> for SampleRate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SampleRateVisitor)
    }
}

struct SampleRateVisitor;

impl Visitor<'_> for SampleRateVisitor {
    type Value = SampleRate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a rate in Hz or \"{SOURCE}\"")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<SampleRate, E> {
        u32::try_from(number)
            .map(SampleRate::Hz)
            .map_err(|_large| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<SampleRate, E> {
        match text {
            SOURCE => Ok(SampleRate::Source),
            other => Err(E::invalid_value(Unexpected::Str(other), &self)),
        }
    }
}

/// What a codec has of everything.
struct Rules {
    channels: &'static [u32],
    channels_words: &'static str,
    rates: &'static [u32],
    rates_words: &'static str,
    kbps_words: &'static str,
}

const OPUS: Rules = Rules {
    channels: &[1, 2, 6, 8],
    channels_words: "1, 2, 6 or 8 for opus",
    rates: &[OPUS_HZ],
    rates_words: "48000, or the source's, for opus",
    kbps_words: "for opus at most 256 for each channel",
};
const VORBIS: Rules = Rules {
    channels: &[1, 2],
    channels_words: "1 or 2 for vorbis",
    rates: &[22_050, 32_000, 44_100, 48_000],
    rates_words: "at most 48000 for vorbis",
    kbps_words: "for vorbis 45 to 500 in stereo and 32 to 240 in mono, less below 44100 Hz",
};
const AC3: Rules = Rules {
    channels: &[1, 2, 6],
    channels_words: "1, 2 or 6 for ac3",
    rates: &[32_000, 44_100, 48_000],
    rates_words: "32000, 44100 or 48000, or the source's, for ac3",
    kbps_words: "for ac3 one of 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, \
                 576 and 640; from 96 on in stereo, from 192 on with 6 channels",
};

impl AudioSettings {
    pub(super) fn validate(&self) -> Result<(), OutOfRange> {
        let copied = Self {
            codec: AudioCodec::Copy,
            ..Self::default()
        };
        check(
            self.codec != AudioCodec::Copy || *self == copied,
            "audio.codec",
            "given alone where it is copy: nothing else can be chosen of copied sound",
        )?;
        check(
            (8..=1000).contains(&self.kbps),
            "audio.kbps",
            "8 to 1000 kbit/s",
        )?;
        let channels = CHANNEL_COUNTS.contains(&self.channels);
        check(channels, "audio.channels", "1, 2, 4, 5, 6 or 8")?;
        self.volume.map_or(Ok(()), Volume::validate)?;
        let known = match self.sample_rate {
            SampleRate::Hz(hz) => SAMPLE_RATES.contains(&hz),
            SampleRate::Source => true,
        };
        check(
            known,
            "audio.sample_rate",
            "22050, 32000, 44100, 48000 or 96000 Hz, or the source's",
        )?;
        match self.codec {
            // What AAC holds at a rate, the plan says with its numbers.
            AudioCodec::Aac | AudioCodec::Flac | AudioCodec::Pcm | AudioCodec::Copy => Ok(()),
            AudioCodec::Mp3 => self.validate_mp3(),
            AudioCodec::Opus => self.validate_like(&OPUS),
            AudioCodec::Vorbis => self.validate_like(&VORBIS),
            AudioCodec::Ac3 => self.validate_like(&AC3),
        }
    }

    fn validate_like(&self, rules: &Rules) -> Result<(), OutOfRange> {
        let channels = rules.channels.contains(&self.channels);
        check(channels, "audio.channels", rules.channels_words)?;
        let rates = match self.sample_rate {
            SampleRate::Hz(hz) => vec![hz],
            SampleRate::Source => rules.rates.to_vec(),
        };
        let is_rate = rates.iter().all(|hz| rules.rates.contains(hz));
        check(is_rate, "audio.sample_rate", rules.rates_words)?;
        // Whatever the source's rate is, it has to do.
        let holds = |hz: &u32| self.codec.holds(self.kbps, self.channels, *hz);
        check(rates.iter().any(holds), "audio.kbps", rules.kbps_words)
    }

    fn validate_mp3(&self) -> Result<(), OutOfRange> {
        check(self.channels <= 2, "audio.channels", "1 or 2 for mp3")?;
        match self.sample_rate {
            SampleRate::Hz(hz) => {
                check(hz <= 48_000, "audio.sample_rate", "at most 48000 for mp3")?;
                check(
                    AudioCodec::Mp3.holds(self.kbps, self.channels, hz),
                    "audio.kbps",
                    "for mp3 one of 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256 and 320, \
                     at 22050 Hz of 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144 and 160",
                )
            }
            // Every source can be sampled at the rates above 24000.
            SampleRate::Source => check(
                FAST_MP3_KBPS.contains(&self.kbps),
                "audio.kbps",
                "for mp3 one of 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256 and 320",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sample_rates_read_back_as_they_were_written() {
        for (rate, written) in [
            (SampleRate::Hz(48_000), json!(48_000)),
            (SampleRate::Source, json!("source")),
        ] {
            assert_eq!(serde_json::to_value(rate).unwrap(), written);
            assert_eq!(serde_json::from_value::<SampleRate>(written).unwrap(), rate);
        }
        for unread in [json!("44100"), json!(-1), json!(4.5), json!(null)] {
            serde_json::from_value::<SampleRate>(unread.clone()).expect_err(&unread.to_string());
        }
    }

    #[test]
    fn mp3_has_the_rates_that_its_frames_have() {
        let mp3 = |kbps, sample_rate, channels| {
            let settings = AudioSettings {
                codec: AudioCodec::Mp3,
                kbps,
                sample_rate,
                channels,
                ..AudioSettings::default()
            };
            settings.validate().map_err(|error| error.field)
        };
        assert_eq!(mp3(320, SampleRate::Hz(48_000), 2), Ok(()));
        assert_eq!(mp3(144, SampleRate::Hz(22_050), 1), Ok(()));
        assert_eq!(mp3(128, SampleRate::Source, 2), Ok(()));
        assert_eq!(mp3(144, SampleRate::Hz(44_100), 2), Err("audio.kbps"));
        assert_eq!(mp3(144, SampleRate::Source, 2), Err("audio.kbps"));
        assert_eq!(mp3(321, SampleRate::Source, 2), Err("audio.kbps"));
        assert_eq!(mp3(320, SampleRate::Hz(22_050), 2), Err("audio.kbps"));
        assert_eq!(
            mp3(320, SampleRate::Hz(96_000), 2),
            Err("audio.sample_rate")
        );
        assert_eq!(mp3(320, SampleRate::Hz(48_000), 6), Err("audio.channels"));
    }

    #[test]
    fn each_codec_has_its_own_rates_and_channels() {
        use AudioCodec::{Ac3, Flac, Opus, Pcm, Vorbis};
        let hz = SampleRate::Hz;
        for (codec, kbps, sample_rate, channels, refused) in [
            (Opus, 512, hz(48_000), 2, ""),
            (Opus, 513, hz(48_000), 2, "audio.kbps"),
            (Opus, 96, hz(44_100), 2, "audio.sample_rate"),
            (Opus, 96, SampleRate::Source, 2, ""),
            (Opus, 96, SampleRate::Source, 5, "audio.channels"),
            (Vorbis, 128, hz(44_100), 2, ""),
            (Vorbis, 128, hz(96_000), 2, "audio.sample_rate"),
            (Vorbis, 500, hz(32_000), 2, "audio.kbps"),
            (Vorbis, 500, SampleRate::Source, 2, ""),
            (Vorbis, 128, hz(48_000), 6, "audio.channels"),
            (Ac3, 448, hz(48_000), 6, ""),
            (Ac3, 128, hz(48_000), 6, "audio.kbps"),
            (Ac3, 129, hz(48_000), 2, "audio.kbps"),
            (Ac3, 192, hz(22_050), 2, "audio.sample_rate"),
            (Flac, 8, hz(96_000), 8, ""),
            (Pcm, 8, SampleRate::Source, 5, ""),
        ] {
            let settings = AudioSettings {
                codec,
                kbps,
                sample_rate,
                channels,
                ..AudioSettings::default()
            };
            let found = settings
                .validate()
                .map_or_else(|error| error.field, |()| "");
            assert_eq!(found, refused, "{settings:?}");
        }
    }
}
