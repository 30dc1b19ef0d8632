//! Queries of video made of excerpts of a clip's copy, between something that is in no library.

use std::path::Path;

use reelgate_dna::params::{FRAMES_PER_SECOND, QUERY_DENSITY, WIDE_EVERY};
use reelgate_dna::{VideoExtractor, VideoQuery};

use crate::clips::{self, Clip, Excerpt, Way, copied_frames};

/// Seconds of something else in front of an excerpt, and behind it.
pub(crate) const LEAD: f64 = 3.0;

/// What stands around excerpts: its frames, and the same looked at.
pub(crate) struct Around {
    frames: Vec<Vec<u8>>,
    looked_at: VideoQuery,
}

impl Around {
    pub(crate) fn new(cache: &Path) -> Self {
        let mut frames = synthetic(cache);
        frames.truncate(lead() * 2);
        let looked_at = looked_at(&frames);
        Self { frames, looked_at }
    }
}

/// Frames of a query that stand in front of an excerpt.
pub(crate) fn lead() -> usize {
    (LEAD * f64::from(FRAMES_PER_SECOND)) as usize * QUERY_DENSITY
}

/// A query for each excerpt. Where they overlap the whole copy is looked at once, and excerpts begin and end at every
/// third frame of it; else each is looked at by itself, so that borders are looked for in nothing but the excerpt.
pub(crate) fn of_excerpts(
    cache: &Path,
    (clip, excerpts): (&Clip, &[Excerpt]),
    way: (&Way, f64),
    around: &Around,
) -> Vec<(Excerpt, VideoQuery)> {
    let overlap = excerpts
        .windows(2)
        .any(|pair| pair[1].from < pair[0].from + pair[0].seconds);
    if overlap {
        return overlapping(cache, (clip, excerpts), way, around);
    }
    let lead = lead();
    let (before, behind) = around.frames.split_at(lead);
    copied_frames(cache, clip, excerpts, way)
        .iter()
        .zip(excerpts)
        .map(|(copy, excerpt)| {
            let frames = before.iter().chain(copy).chain(behind);
            (*excerpt, looked_at(frames))
        })
        .collect()
}

fn overlapping(
    cache: &Path,
    (clip, excerpts): (&Clip, &[Excerpt]),
    way: (&Way, f64),
    around: &Around,
) -> Vec<(Excerpt, VideoQuery)> {
    let whole = clips::whole(clip);
    let copy = copied_frames(cache, clip, &[whole], way);
    let copy = looked_at(copy.iter().flatten());
    let rate = f64::from(FRAMES_PER_SECOND) * QUERY_DENSITY as f64 / way.1;
    let third = |seconds: f64| (seconds * rate / WIDE_EVERY as f64).round() as usize * WIDE_EVERY;
    let lead = lead();
    excerpts
        .iter()
        .map(|excerpt| {
            let (from, count) = (third(excerpt.from - whole.from), third(excerpt.seconds));
            let parts = [
                (&around.looked_at, 0..lead),
                (&copy, from..from + count),
                (&around.looked_at, lead..lead * 2),
            ];
            let taken = Excerpt {
                from: whole.from + from as f64 / rate,
                seconds: count as f64 / rate,
            };
            (taken, VideoQuery::of_parts(parts))
        })
        .collect()
}

/// Frames as a query looks at them.
pub(crate) fn looked_at<'a>(frames: impl IntoIterator<Item = &'a Vec<u8>>) -> VideoQuery {
    let mut extractor = VideoExtractor::to_search();
    for frame in frames {
        extractor
            .push(frame.clone())
            .expect("FFmpeg gives whole frames");
    }
    extractor.finish().1.expect("a search has a query")
}

/// Pictures that FFmpeg computes.
pub(crate) fn synthetic(cache: &Path) -> Vec<Vec<u8>> {
    let kept = cache.join("around24.v");
    if !kept.exists() {
        let source =
            "mandelbrot=size=320x240:rate=24:start_scale=0.4,scale=128:128:flags=area,format=gray";
        let output = clips::command("ffmpeg")
            .args([
                "-v", "error", "-f", "lavfi", "-i", source, "-t", "9", "-f", "rawvideo", "-",
            ])
            .output()
            .expect("ffmpeg starts");
        std::fs::write(&kept, output.stdout).expect("the cache can be written");
    }
    let bytes = std::fs::read(&kept).expect("the cache can be read");
    bytes.chunks_exact(128 * 128).map(<[u8]>::to_vec).collect()
}
