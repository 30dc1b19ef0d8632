//! Which part of the source an output shows, and how long that is.

use reelgate_domain::job::kind::transcode::{Clip, ClipLength};
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::{MediaFacts, StreamFacts};

/// A part of the source, counted from its first moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    pub start_ms: u64,
    /// Absent: to the end.
    pub length_ms: Option<u64>,
    pub seek: Seek,
}

/// How the start of a window is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seek {
    /// By the file's index, decoding from the key frame before.
    Index,
    /// By decoding from the beginning: formats without an index land anywhere and lose pictures.
    Decode,
}

/// No output is longer. Timestamps cost a hostile file nothing, and gaps between pictures are filled.
pub(crate) const MOST_SECONDS: f64 = 48.0 * 3600.0;

/// Formats whose index leads to the key frame before any moment.
const INDEXED: [&str; 3] = ["mov", "matroska", "webm"];

/// Formats that state their length. Others have it guessed from size and bit rate.
const STATES_LENGTH: [&str; 9] = [
    "mov", "matroska", "webm", "ogg", "flv", "avi", "mpegts", "wav", "asf",
];

/// The part a clip names, for comparing; whether it fits was decided when it was planned.
pub(crate) fn window_of(clip: Option<&Clip>, facts: &MediaFacts) -> Window {
    window(clip, facts).unwrap_or(Window {
        start_ms: 0,
        length_ms: None,
        seek: Seek::Decode,
    })
}

pub(crate) fn window(clip: Option<&Clip>, facts: &MediaFacts) -> Result<Window, Fault> {
    let clip = clip.copied().unwrap_or(Clip {
        start_ms: 0,
        length: None,
    });
    let source_ms = facts
        .format
        .duration_seconds
        .map(|s| (s * 1000.0).round() as u64);
    let unfit = |message: String| Err(Fault::new(FaultCode::SpecUnfit, message));
    if let Some(source_ms) = source_ms.filter(|&ms| ms > 0 && clip.start_ms >= ms) {
        return unfit(format!(
            "the clip starts at {} ms and the source is {source_ms} ms long",
            clip.start_ms
        ));
    }
    let length_ms = match clip.length {
        None => None,
        Some(ClipLength::DurationMs(0)) => return unfit("the clip is 0 ms long".to_owned()),
        Some(ClipLength::DurationMs(length)) => Some(length),
        Some(ClipLength::CutTailMs(0)) => None,
        Some(ClipLength::CutTailMs(tail)) => {
            let Some(source_ms) = source_ms else {
                return unfit(
                    "the source's length, of which to cut the tail, is not known".to_owned(),
                );
            };
            match source_ms.saturating_sub(clip.start_ms).checked_sub(tail) {
                None | Some(0) => {
                    return unfit(format!(
                        "nothing is left of {source_ms} ms after {} ms at the start and {tail} ms at the end",
                        clip.start_ms
                    ));
                }
                left => left,
            }
        }
    };
    Ok(Window {
        start_ms: clip.start_ms,
        length_ms,
        seek: if is_one_of(facts, &INDEXED) {
            Seek::Index
        } else {
            Seek::Decode
        },
    })
}

/// Refuses what would be longer than outputs may be, as far as the source tells.
pub(super) fn check_length(window: &Window, expected: &super::Expected) -> Result<(), Fault> {
    let asked = window.length_ms.map(|length| length as f64 / 1000.0);
    let seconds = expected.seconds.or(asked).unwrap_or(0.0);
    if seconds <= MOST_SECONDS {
        return Ok(());
    }
    Err(Fault::new(
        FaultCode::SpecUnfit,
        format!(
            "the output would be {seconds:.0} s long, and at most {MOST_SECONDS:.0} s can be made"
        ),
    ))
}

/// What the mapped streams, video and audio, should come to.
pub(super) fn expected(
    window: &Window,
    facts: &MediaFacts,
    mapped: [Option<&StreamFacts>; 2],
) -> super::Expected {
    let origin = facts.format.start_seconds.unwrap_or(0.0);
    let stated = is_one_of(facts, &STATES_LENGTH);
    let own_end = |stream: &StreamFacts| {
        let start = stream.start_seconds.unwrap_or(origin) - origin;
        stream
            .duration_seconds
            .filter(|_| stated)
            .map(|length| start + length)
    };
    let inside = |end: f64| {
        let start = window.start_ms as f64 / 1000.0;
        let rest = (end - start).max(0.0);
        window
            .length_ms
            .map_or(rest, |length| rest.min(length as f64 / 1000.0))
    };
    let ends = mapped.map(|stream| stream.and_then(own_end));
    let mapped_count = mapped.iter().flatten().count();
    let known: Vec<f64> = ends.iter().flatten().copied().collect();
    // The file's own length may come from a stream that is not mapped, so streams that tell come first.
    let whole = if known.len() == mapped_count {
        known.into_iter().reduce(f64::max)
    } else {
        let length = facts.format.duration_seconds.filter(|_| stated);
        // Matroska states the moment of the end.
        let before = if is_one_of(facts, &["matroska"]) {
            origin.max(0.0)
        } else {
            0.0
        };
        length.map(|length| length - before)
    };
    super::Expected {
        seconds: whole.map(inside),
        video_seconds: ends[0].map(inside),
        audio_seconds: ends[1].map(inside),
    }
}

fn is_one_of(facts: &MediaFacts, names: &[&str]) -> bool {
    facts
        .format
        .name
        .split(',')
        .any(|name| names.contains(&name))
}
