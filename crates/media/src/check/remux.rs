//! Whether a remux holds what was copied.

use reelgate_domain::job::Fault;
use reelgate_domain::media::{MediaFacts, StreamDetail, StreamFacts};

use super::{check_length, engine_fault, source_fault};
use crate::plan::RemuxPlan;
use crate::playlist::MediaPlaylist;

/// Share of the packets that may be missing: what edit lists hide is not always copied.
const LOST_SHARE: f64 = 0.02;
/// The same in packets, for short files.
const LOST: f64 = 16.0;

/// Compares what was written with its plan.
pub(super) fn check(
    plan: &RemuxPlan,
    facts: &MediaFacts,
    playlist: Option<&MediaPlaylist>,
) -> Result<(), Fault> {
    let is_media = |stream: &&StreamFacts| {
        matches!(
            stream.detail,
            StreamDetail::Video(_) | StreamDetail::Audio(_)
        )
    };
    let found: Vec<&StreamFacts> = facts.streams.iter().filter(is_media).collect();
    let codec = |stream: &StreamFacts| stream.codec_name.clone().unwrap_or_default();
    let mut codecs: Vec<String> = found.iter().map(|stream| codec(stream)).collect();
    let mut wanted: Vec<String> = plan.streams.iter().map(|it| it.codec.clone()).collect();
    // Segments tell their streams in the order in which their packets come.
    codecs.sort_unstable();
    wanted.sort_unstable();
    if codecs != wanted {
        return Err(engine_fault(format!(
            "the output has streams of {} instead of {}",
            codecs.join(", "),
            wanted.join(", ")
        )));
    }
    if let Some(copied) = plan.streams.iter().find(|it| it.is_video)
        && let Some((stream, _)) = facts.video()
        && let (Some(source), Some(written)) = (copied.packets, stream.frames)
        && (written as f64) + LOST + source as f64 * LOST_SHARE < source as f64
    {
        let message = format!("{written} of the source's {source} pictures could be copied");
        return Err(source_fault(&message));
    }
    if let Some(playlist) = playlist {
        let longest = playlist.segments.iter().map(|segment| segment.seconds);
        let longest = longest.fold(0.0, f64::max);
        if longest.round() > f64::from(playlist.target_seconds) {
            let target = playlist.target_seconds;
            return Err(engine_fault(format!(
                "a segment lasts {longest:.3} s, over the target of {target} s"
            )));
        }
    }
    // A picture may be shown for as long as it likes.
    let seconds = facts.format.duration_seconds;
    check_length("output", seconds, plan.expected.seconds, 1.0)
}
