//! What is taken of a source for its fingerprint: small grey frames, or sound. Pure.

use std::time::Duration;

use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::MediaFacts;

use super::geometry::check_source;
use super::{stall, undecodable, window};
use crate::engine::{Capabilities, Part};

/// What is wanted of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Grey frames of so many pixels a side, at a steady rate from the file's first moment on.
    Frames {
        side: u32,
        per_second: u32,
        /// Only each so many-th of them, from the first on.
        every: u32,
    },
    /// The first frame alone.
    Picture { side: u32 },
    /// Mono samples of 16 bits from the file's first moment on.
    Sound { per_second: u32 },
}

/// How a source is sampled, fully decided.
#[derive(Clone, Debug, PartialEq)]
pub struct SamplePlan {
    pub wanted: Wanted,
    /// The source's stream, by its index in the file.
    pub stream: u32,
    /// How long the stream is, as far as the source says.
    pub seconds: Option<f64>,
    /// The longest time without progress.
    pub stall: Duration,
}

impl Wanted {
    /// Bytes of a second of the source; of a picture those of the whole.
    pub(crate) fn bytes_per_second(self) -> u64 {
        match self {
            Self::Frames {
                side,
                per_second,
                every,
            } => u64::from(side) * u64::from(side) * u64::from(per_second / every.max(1)),
            Self::Picture { side } => u64::from(side) * u64::from(side),
            Self::Sound { per_second } => u64::from(per_second) * 2,
        }
    }

    fn parts(self) -> &'static [Part] {
        match self {
            Self::Frames { .. } | Self::Picture { .. } => &[
                Part::Filter("fps"),
                Part::Filter("select"),
                Part::Filter("scale"),
                Part::Filter("format"),
                Part::Encoder("rawvideo"),
                Part::Muxer("rawvideo"),
            ],
            Self::Sound { .. } => &[
                Part::Filter("aresample"),
                Part::Encoder("pcm_s16le"),
                Part::Muxer("s16le"),
            ],
        }
    }
}

/// Decides how a source is sampled. Fails with `NoVideoStream` or `NoAudioStream` if it has nothing of the kind.
pub fn sample_plan(
    wanted: Wanted,
    facts: &MediaFacts,
    capabilities: &Capabilities,
) -> Result<SamplePlan, Fault> {
    let is_sound = matches!(wanted, Wanted::Sound { .. });
    let found = match is_sound {
        true => facts.audio().map(|(stream, _)| (stream, None)),
        false => facts.video().map(|(stream, video)| (stream, Some(video))),
    };
    let Some((stream, video)) = found else {
        let (code, kind) = match is_sound {
            true => (FaultCode::NoAudioStream, "audio"),
            false => (FaultCode::NoVideoStream, "video"),
        };
        let message = format!("the source has no {kind} stream");
        return Err(Fault::new(code, message));
    };
    if stream.codec_name.is_none() {
        let kind = if is_sound { "audio" } else { "video" };
        return Err(undecodable(kind, stream.index));
    }
    video.map_or(Ok(()), check_source)?;
    let lacking = wanted.parts().iter().find(|part| !capabilities.has(**part));
    if let Some(part) = lacking {
        let message = format!("the FFmpeg installed was built without the {part}");
        return Err(Fault::new(FaultCode::EngineLacks, message));
    }
    let whole = window::window_of(None, facts);
    Ok(SamplePlan {
        wanted,
        stream: stream.index,
        seconds: stream.duration_seconds.or(facts.format.duration_seconds),
        stall: stall::stall(None, &whole),
    })
}
