//! The audio stream of an output.

use reelgate_domain::job::kind::transcode::{
    AudioCodec, AudioSettings, SAMPLE_RATES, SampleRate, Volume, most_aac_kbps,
};
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::{AudioFacts, StreamFacts};

use super::copy::Way;
use super::{AudioPlan, Level, Mix, bits, codec};

pub(super) fn audio(
    wanted: &AudioSettings,
    way: Way<'_>,
    source: &AudioFacts,
) -> Result<AudioPlan, Fault> {
    let stream = way.stream;
    if stream.codec_name.is_none() {
        return Err(super::undecodable("audio", stream.index));
    }
    let holds = |hz: u32| wanted.codec.holds(wanted.kbps, wanted.channels, hz);
    let sample_rate = sample_rate(wanted, source);
    // The rates of MP3 are in its settings' range.
    if wanted.codec == AudioCodec::Aac && !holds(sample_rate) {
        return Err(Fault::new(
            FaultCode::SpecUnfit,
            format!(
                "AAC with {} channels at {sample_rate} Hz holds at most {} kbit/s, {} are asked for",
                wanted.channels,
                most_aac_kbps(wanted.channels, sample_rate),
                wanted.kbps
            ),
        ));
    }
    let sample_bits = sample_bits(wanted.codec, stream, source);
    let kbps = match wanted.codec.is_lossless() {
        true => (sample_rate * wanted.channels).div_ceil(1000) * sample_bits,
        false => bits::sound_kbps(wanted, sample_rate, way.facts, stream)?,
    };
    Ok(AudioPlan {
        stream: stream.index,
        codec: wanted.codec,
        codec_name: codec::audio_name(wanted.codec),
        kbps,
        sample_rate,
        channels: wanted.channels,
        sample_bits,
        mix: mix(source.channels, wanted.channels),
        level: level(wanted.volume, way.findings.level),
    })
}

impl AudioPlan {
    /// The filters that it needs beside the resampler.
    pub(super) fn filters(&self) -> Vec<&'static str> {
        let mut names = match self.mix {
            Mix::Spread => Vec::new(),
            Mix::Double => vec!["aformat", "pan"],
            Mix::Down => vec!["aformat"],
        };
        if let Some(level) = self.level {
            names.push("volume");
            names.extend(level.limit_dbtp.map(|_| "alimiter"));
        }
        names
    }
}

/// Silence stays what it is.
fn level(volume: Option<Volume>, found: Option<Level>) -> Option<Level> {
    match volume? {
        Volume::Gain { db } => Some(Level {
            gain_db: db,
            limit_dbtp: None,
        }),
        Volume::Loudness { .. } | Volume::Peak { .. } => found,
    }
}

pub(super) fn mix(source: Option<u32>, wanted: u32) -> Mix {
    match (source, wanted) {
        (Some(1), 2) => Mix::Double,
        (Some(more), fewer) if more > fewer => Mix::Down,
        _ => Mix::Spread,
    }
}

/// The rate asked for; of the source's, the lowest that is no lower and holds the bits.
pub(super) fn sample_rate(wanted: &AudioSettings, source: &AudioFacts) -> u32 {
    let holds = |hz: u32| wanted.codec.holds(wanted.kbps, wanted.channels, hz);
    match wanted.sample_rate {
        SampleRate::Hz(hz) => hz,
        SampleRate::Source => {
            let mut held = SAMPLE_RATES.into_iter().filter(|hz| holds(*hz));
            let least = source.sample_rate.unwrap_or(0);
            let highest = held.clone().next_back();
            let found = held.find(|hz| *hz >= least).or(highest);
            found.unwrap_or(SAMPLE_RATES[SAMPLE_RATES.len() - 1])
        }
    }
}

/// 24 where FLAC would lose something with 16: what decoders of lossy codecs make is longer, but holds
/// nothing more.
fn sample_bits(codec: AudioCodec, stream: &StreamFacts, source: &AudioFacts) -> u32 {
    let format = source.sample_format.as_deref().unwrap_or_default();
    let is_long = format.starts_with("s32") || format.starts_with("s64");
    let is_float = ["flt", "dbl"].iter().any(|float| format.starts_with(float));
    let is_raw = (stream.codec_name.as_deref()).is_some_and(|name| name.starts_with("pcm_"));
    match codec {
        AudioCodec::Flac if is_long || (is_float && is_raw) => 24,
        _ => 16,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate_of(codec: AudioCodec, kbps: u32, source: Option<u32>) -> u32 {
        let wanted = AudioSettings {
            codec,
            kbps,
            sample_rate: SampleRate::Source,
            ..AudioSettings::default()
        };
        let facts = AudioFacts {
            sample_rate: source,
            ..AudioFacts::default()
        };
        sample_rate(&wanted, &facts)
    }

    #[test]
    fn the_sources_rate_is_kept_or_the_next_above_taken() {
        for (source, expected) in [
            (Some(8000), 22_050),
            (Some(22_050), 22_050),
            (Some(24_000), 32_000),
            (Some(44_100), 44_100),
            (Some(48_000), 48_000),
            (Some(96_000), 96_000),
            (Some(192_000), 96_000),
            (None, 22_050),
        ] {
            assert_eq!(
                rate_of(AudioCodec::Aac, 128, source),
                expected,
                "{source:?}"
            );
        }
        // MP3 has nothing above 48000.
        assert_eq!(rate_of(AudioCodec::Mp3, 128, Some(96_000)), 48_000);
        assert_eq!(rate_of(AudioCodec::Vorbis, 128, Some(96_000)), 48_000);
        assert_eq!(rate_of(AudioCodec::Vorbis, 500, Some(22_050)), 44_100);
        assert_eq!(rate_of(AudioCodec::Opus, 96, Some(44_100)), 48_000);
        assert_eq!(rate_of(AudioCodec::Ac3, 192, Some(8000)), 32_000);
        assert_eq!(rate_of(AudioCodec::Flac, 8, Some(96_000)), 96_000);
    }

    #[test]
    fn flac_keeps_the_bits_that_the_source_has() {
        for (format, codec, bits) in [
            ("s16", "flac", 16),
            ("s32", "flac", 24),
            ("s32p", "alac", 24),
            ("fltp", "aac", 16),
            ("flt", "pcm_f32le", 24),
        ] {
            let stream = StreamFacts {
                codec_name: Some(codec.to_owned()),
                ..StreamFacts::default()
            };
            let facts = AudioFacts {
                sample_format: Some(format.to_owned()),
                ..AudioFacts::default()
            };
            let found = sample_bits(AudioCodec::Flac, &stream, &facts);
            assert_eq!(found, bits, "{format} of {codec}");
            assert_eq!(sample_bits(AudioCodec::Pcm, &stream, &facts), 16);
        }
    }

    #[test]
    fn rates_that_do_not_hold_the_bits_are_passed_over() {
        assert_eq!(rate_of(AudioCodec::Aac, 320, Some(22_050)), 32_000);
        assert_eq!(rate_of(AudioCodec::Mp3, 320, Some(22_050)), 32_000);
        assert_eq!(rate_of(AudioCodec::Mp3, 160, Some(8000)), 22_050);
    }
}
