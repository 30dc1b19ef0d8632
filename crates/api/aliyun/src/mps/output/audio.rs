//! The `Audio` part of an output.

use reelgate_domain::job::kind::transcode::{
    AudioCodec, AudioSettings, CHANNEL_COUNTS, Container, SAMPLE_RATES, SampleRate,
};

use super::mode::Mode;
use super::volume;
use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::Fields;

/// Reads the part; `None` if the output has no audio.
pub(super) fn read(
    part: Option<Fields<'_>>,
    mode: Mode,
    container: Container,
) -> Result<Option<AudioSettings>, Refusal> {
    let Some(mut fields) = part else {
        return Ok(None);
    };
    let removed = fields.flag("Remove")?;
    let codec = codec(&mut fields, container)?;
    if !removed && !container.holds_audio(codec) {
        return fields.refuse(Code::NotSupported, "Codec");
    }
    match codec {
        AudioCodec::Aac => fields.only("Profile", "aac_low")?,
        // The others have none.
        _ if fields.text("Profile")?.is_some() => {
            return fields.refuse(Code::NotSupported, "Profile");
        }
        _ => {}
    }
    let default = AudioSettings::default();
    let settings = AudioSettings {
        codec,
        kbps: fields.integer("Bitrate", 8..=1000)?.unwrap_or(default.kbps),
        sample_rate: one_of(&mut fields, "Samplerate", &SAMPLE_RATES)?
            .map_or(default.sample_rate, SampleRate::Hz),
        channels: one_of(&mut fields, "Channels", &CHANNEL_COUNTS)?.unwrap_or(default.channels),
        above_source: mode.audio,
        volume: volume::read(fields.object("Volume")?)?,
        ..default
    };
    if !removed {
        check(&fields, &settings, container)?;
    }
    fields.finish()?;
    Ok((!removed).then_some(settings))
}

/// AAC where nothing is said, unless the container holds none.
fn codec(fields: &mut Fields<'_>, container: Container) -> Result<AudioCodec, Refusal> {
    let Some(name) = fields.text("Codec")? else {
        return Ok(match container {
            Container::Mp3 => AudioCodec::Mp3,
            Container::Ogg => AudioCodec::Vorbis,
            Container::Flac => AudioCodec::Flac,
            _ => AudioCodec::Aac,
        });
    };
    Ok(match name.to_ascii_lowercase().as_str() {
        "aac" => AudioCodec::Aac,
        "mp3" => AudioCodec::Mp3,
        "vorbis" => AudioCodec::Vorbis,
        "flac" => AudioCodec::Flac,
        _ => return fields.refuse(Code::NotSupported, "Codec"),
    })
}

/// What goes together, under the names that the caller knows.
fn check(fields: &Fields<'_>, audio: &AudioSettings, container: Container) -> Result<(), Refusal> {
    let SampleRate::Hz(hz) = audio.sample_rate else {
        return Ok(());
    };
    match audio.codec {
        AudioCodec::Mp3 | AudioCodec::Vorbis => {
            let is_flash = container == Container::Flv;
            if hz > 48_000 || (is_flash && !matches!(hz, 22_050 | 44_100)) {
                return fields.refuse(Code::OutOfRange, "Samplerate");
            }
            if audio.channels > 2 {
                return fields.refuse(Code::OutOfRange, "Channels");
            }
            if !audio.codec.holds(audio.kbps, audio.channels, hz) {
                return fields.refuse(Code::OutOfRange, "Bitrate");
            }
            Ok(())
        }
        // What AAC holds at a rate, the plan says with its numbers.
        _ => Ok(()),
    }
}

fn one_of(
    fields: &mut Fields<'_>,
    name: &'static str,
    allowed: &[u32],
) -> Result<Option<u32>, Refusal> {
    match fields.integer(name, 0..=u32::MAX)? {
        Some(number) if !allowed.contains(&number) => fields.refuse(Code::OutOfRange, name),
        number => Ok(number),
    }
}
