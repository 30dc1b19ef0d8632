//! The `Audio` part of an output.

use reelgate_domain::job::kind::transcode::{
    AudioSettings, CHANNEL_COUNTS, SAMPLE_RATES, SampleRate,
};

use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::Fields;

/// Reads the part; `None` if the output has no audio.
pub(super) fn read(part: Option<Fields<'_>>) -> Result<Option<AudioSettings>, Refusal> {
    let Some(mut fields) = part else {
        return Ok(None);
    };
    fields.only("Codec", "AAC")?;
    fields.only("Profile", "aac_low")?;
    let default = AudioSettings::default();
    let settings = AudioSettings {
        kbps: fields.integer("Bitrate", 8..=1000)?.unwrap_or(default.kbps),
        sample_rate: one_of(&mut fields, "Samplerate", &SAMPLE_RATES)?
            .map_or(default.sample_rate, SampleRate::Hz),
        channels: one_of(&mut fields, "Channels", &CHANNEL_COUNTS)?.unwrap_or(default.channels),
        codec: default.codec,
    };
    let removed = fields.flag("Remove")?;
    fields.finish()?;
    Ok((!removed).then_some(settings))
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
