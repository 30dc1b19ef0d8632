//! The audio stream of an output.

use reelgate_domain::job::kind::transcode::AudioSettings;
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::StreamFacts;

use super::AudioPlan;

/// AAC-LC holds at most 6144 bits a channel in each frame of 1024 samples.
const BITS_PER_CHANNEL_AND_SAMPLE: u64 = 6144 / 1024;

pub(super) fn audio(wanted: &AudioSettings, stream: &StreamFacts) -> Result<AudioPlan, Fault> {
    if stream.codec_name.is_none() {
        return Err(super::undecodable("audio", stream.index));
    }
    let most_kbps =
        BITS_PER_CHANNEL_AND_SAMPLE * u64::from(wanted.channels) * u64::from(wanted.sample_rate)
            / 1000;
    if u64::from(wanted.kbps) > most_kbps {
        return Err(Fault::new(
            FaultCode::SpecUnfit,
            format!(
                "AAC with {} channels at {} Hz holds at most {most_kbps} kbit/s, {} are asked for",
                wanted.channels, wanted.sample_rate, wanted.kbps
            ),
        ));
    }
    Ok(AudioPlan {
        stream: stream.index,
        kbps: wanted.kbps,
        sample_rate: wanted.sample_rate,
        channels: wanted.channels,
    })
}
