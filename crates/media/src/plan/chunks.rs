//! Whether a picture is made in pieces, and how large they are.

use reelgate_domain::job::kind::transcode::{Chunks, Container, Gop, RateControl, VideoCodec};
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::{MediaFacts, VideoFacts};

use super::codec::SVT_AV1;
use super::geometry::MOST_OUTPUT_PIXELS;
use super::{Plan, Seek, VideoPlan};
use crate::engine::Capabilities;

/// A picture that is made in pieces. Each but the last has the same number of groups of pictures, so that the key
/// frames of the whole are those that it would have had in one go.
#[derive(Clone, Debug, PartialEq)]
pub struct ChunkPlan {
    /// Whether the output fails where its source turns out to be unfit, instead of being made in one go.
    pub is_required: bool,
    /// How many pieces are made at a time.
    pub at_once: u32,
    /// The threads of each encoder.
    pub threads: u32,
    /// How many groups of pictures a piece has.
    pub groups: u64,
    /// What the source says of its colours and the bits of VP9 have no room for.
    pub primaries: Option<String>,
    pub transfer: Option<String>,
    /// When the source starts, by its own times.
    pub start_micros: i64,
}

/// However many processors there are: each piece has its own decoder and its own pictures in memory.
const MOST_AT_ONCE: u32 = 8;
/// Shorter pieces cost more to start than they save.
const LEAST_PIECE_SECONDS: f64 = 2.0;
/// What is lost at most when a process is killed, and what is kept waiting for the last piece.
const MOST_PIECE_SECONDS: f64 = 20.0;
/// How many pieces there are at least for each of those made at once, where they do not become too short: some take
/// longer than others.
const LEAST_EACH: f64 = 4.0;
/// What each piece costs besides its frames, in frames: a process, and decoding up to its first picture.
const START_FRAMES: f64 = 6.0;
/// An encoder that starts anew for each piece takes this much more for the same frames.
const OVERHEAD: f64 = 1.07;
/// How much of each processor beyond the first an encoder of the whole keeps busy.
const BUSY_VP9: f64 = 0.45;
const BUSY_AOM: f64 = 0.45;
const BUSY_SVT: f64 = 0.95;
/// Pieces are only preferred where they are at most this share of the time of the whole: it is an estimate.
const PAYS: f64 = 0.85;
/// Less than this in frames of full HD is made before pieces could have helped.
const LEAST_FRAMES_OF_FULL_HD: f64 = 60.0;
const FULL_HD: f64 = 1920.0 * 1080.0;

pub(super) fn chunks(
    plan: &Plan,
    wanted: Chunks,
    (facts, source): (&MediaFacts, &VideoFacts),
    capabilities: &Capabilities,
) -> Result<Option<ChunkPlan>, Fault> {
    let Some(video) = plan.video.as_ref().filter(|video| !video.is_copied()) else {
        return Ok(None);
    };
    let is_required = match wanted {
        Chunks::Disabled => return Ok(None),
        Chunks::Enabled => true,
        Chunks::Preferred => false,
    };
    let processors = capabilities.processors.max(1);
    match pieces(plan, video, processors) {
        Ok(pieces) if is_required || pieces.pay(video, processors) => Ok(Some(ChunkPlan {
            is_required,
            at_once: pieces.at_once,
            threads: (processors / pieces.at_once).max(1),
            groups: pieces.groups,
            primaries: colour(plan, source.color_primaries.as_deref()),
            transfer: transfer(plan, source.color_transfer.as_deref()),
            start_micros: (facts.format.start_seconds.unwrap_or(0.0) * 1e6).round() as i64,
        })),
        Err(why) if is_required => Err(Fault::new(
            FaultCode::SpecUnfit,
            format!("the picture cannot be made in pieces: {why}"),
        )),
        _ => Ok(None),
    }
}

/// The name that FFmpeg's options have for what FFprobe calls `source`, of what the output is.
fn colour(plan: &Plan, source: Option<&str>) -> Option<String> {
    let is_mapped = plan
        .video
        .as_ref()
        .is_some_and(|video| video.tone.is_some());
    if is_mapped {
        return Some("bt709".to_owned());
    }
    match source? {
        "reserved" | "unknown" => None,
        name => Some(name.to_owned()),
    }
}

/// As [`colour`]; options have other names for two of them.
fn transfer(plan: &Plan, source: Option<&str>) -> Option<String> {
    let name = match source {
        Some("bt470m") => Some("gamma22"),
        Some("bt470bg") => Some("gamma28"),
        other => other,
    };
    colour(plan, name)
}

/// How the frames of a picture would be shared out.
struct Pieces {
    at_once: u32,
    groups: u64,
    /// Of the whole, and of what is made last when all pieces are made as soon as there is room for them.
    frames: f64,
    span: f64,
}

fn pieces(plan: &Plan, video: &VideoPlan, processors: u32) -> Result<Pieces, &'static str> {
    if !matches!(video.codec, VideoCodec::Vp9 | VideoCodec::Av1) {
        return Err("only VP9 and AV1 are");
    }
    if video.two_pass || matches!(video.rate, RateControl::Constant { .. }) {
        return Err("it is to have a constant rate, or two passes");
    }
    if !matches!(
        plan.container,
        Container::Mp4 | Container::Mkv | Container::Webm
    ) {
        return Err("its container is none of mp4, mkv and webm");
    }
    if plan.window.seek != Seek::Index {
        return Err("the source's format has no index; mp4, mov, mkv and webm have");
    }
    if !plan.words.is_empty()
        || !plan.overlays.is_empty()
        || !plan.parts.is_empty()
        || !plan.mix.is_empty()
    {
        return Err("something is laid over it, joined to it or mixed in");
    }
    if video.deinterlace.is_some() {
        return Err("its frames have two fields, which are looked at with those around them");
    }
    if !video.erased.is_empty() {
        return Err("places of it are painted over at moments of the whole");
    }
    let seconds = plan.expected.video_seconds.or(plan.expected.seconds);
    let Some(frames) = seconds.map(|seconds| seconds * video.fps.as_f64()) else {
        return Err("the source does not say how long it is");
    };
    let room = (MOST_OUTPUT_PIXELS / video.size.pixels().max(1)).max(1);
    let at_once = processors
        .min(MOST_AT_ONCE)
        .min(u32::try_from(room).unwrap_or(MOST_AT_ONCE));
    let group = video.group_frames();
    let of_seconds = |seconds: f64| seconds * video.fps.as_f64() / group;
    let least = of_seconds(LEAST_PIECE_SECONDS).ceil().max(1.0) as u64;
    let shared = frames / group / (LEAST_EACH * f64::from(at_once));
    let most = (of_seconds(MOST_PIECE_SECONDS).min(shared) as u64).max(least);
    let shared = (least..=most).map(|groups| Pieces {
        at_once,
        groups,
        frames,
        span: span(frames, groups as f64 * group, at_once),
    });
    shared
        // As long as a last piece has to be.
        .filter(|it| it.groups as f64 * group * 1.5 <= frames)
        .min_by(|a, b| a.span.total_cmp(&b.span))
        .ok_or("it has too few groups of pictures")
}

/// How many frames are made one after the other when every piece is made as soon as there is room.
fn span(frames: f64, piece: f64, at_once: u32) -> f64 {
    let mut ends = vec![0.0_f64; at_once as usize];
    let mut left = frames;
    while left > 0.0 {
        let first = ends.iter_mut().min_by(|a, b| a.total_cmp(b));
        let Some(first) = first else { break };
        *first += left.min(piece) + START_FRAMES;
        left -= piece;
    }
    ends.into_iter().fold(0.0, f64::max)
}

impl Pieces {
    fn pay(&self, video: &VideoPlan, processors: u32) -> bool {
        let busy = match (video.codec, video.encoder) {
            (VideoCodec::Vp9, _) => BUSY_VP9,
            (_, SVT_AV1) => BUSY_SVT,
            _ => BUSY_AOM,
        };
        let speed = |threads: u32| 1.0 + busy * f64::from(threads - 1);
        let threads = (processors / self.at_once).max(1);
        let whole = self.frames / speed(processors);
        let work = self.frames * video.size.pixels() as f64 / FULL_HD;
        work >= LEAST_FRAMES_OF_FULL_HD && self.span / speed(threads) * OVERHEAD <= whole * PAYS
    }
}

/// So that a moment that is a key frame's is not taken for the one before: as for the times of forced key frames.
const EPSILON: f64 = 0.000_001;

impl VideoPlan {
    /// Frames of a group of pictures where the encoder counts them.
    pub(crate) fn counted_group(&self) -> u64 {
        /// More than any output has, and still a number that every encoder reads.
        const MOST: f64 = 1_000_000.0;
        self.group_frames().round().clamp(1.0, MOST) as u64
    }

    fn group_frames(&self) -> f64 {
        match self.key_frames.gop {
            Gop::Frames(frames) => f64::from(frames),
            Gop::Seconds(seconds) => seconds * self.fps.as_f64(),
        }
    }

    /// The frame that a group of pictures starts with.
    pub(crate) fn group_start(&self, number: u64) -> u64 {
        match self.key_frames.gop {
            Gop::Frames(frames) => number * u64::from(frames),
            Gop::Seconds(_) if self.codec == VideoCodec::Av1 => number * self.counted_group(),
            Gop::Seconds(seconds) => {
                let moment = number as f64 * seconds - EPSILON;
                (moment * self.fps.as_f64()).ceil().max(0.0) as u64
            }
        }
    }
}

impl ChunkPlan {
    /// The frames that pieces start with, of so many in all. No piece is shorter than half of the others.
    pub(crate) fn starts(&self, video: &VideoPlan, frames: u64) -> Vec<u64> {
        let mut starts = vec![0];
        for number in 1.. {
            let start = video.group_start(number * self.groups);
            let length = start - starts[starts.len() - 1];
            if length == 0 || start + length / 2 > frames {
                break;
            }
            starts.push(start);
        }
        starts
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::fixtures::facts;

    fn planned(chunks: &str, seconds: f64, processors: u32, video: &Value) -> Result<Plan, Fault> {
        let mut video = video.clone();
        video["chunks"] = json!(chunks);
        let spec = json!({"object": {"bucket": "media", "key": "film.mkv"},
            "settings": {"container": {"format": "mkv"}, "video": video}});
        let mut facts = facts("bbb_720p25_aac51");
        facts.format.name = "mov".to_owned();
        facts.format.duration_seconds = Some(seconds);
        for stream in &mut facts.streams {
            stream.duration_seconds = Some(seconds);
        }
        let capabilities = Capabilities {
            processors,
            ..Capabilities::complete()
        };
        let spec = serde_json::from_value(spec).unwrap();
        crate::plan::plan(&spec, &facts, &capabilities)
    }

    fn vp9() -> Value {
        json!({"codec": "vp9", "profile": "main", "gop": {"seconds": 2.0}})
    }

    #[test]
    fn pieces_are_made_where_they_are_quicker() {
        let made = |seconds, processors, video: &Value| {
            let plan = planned("preferred", seconds, processors, video).unwrap();
            plan.chunks.map(|chunks| (chunks.at_once, chunks.threads))
        };
        assert_eq!(made(60.0, 2, &vp9()), Some((2, 1)));
        assert_eq!(made(60.0, 1, &vp9()), None, "nothing to share it with");
        assert_eq!(made(3.0, 2, &vp9()), None, "over before that");
        // The benchmark of what gains the least is of this length.
        assert_eq!(made(31.9, 2, &vp9()), None, "they would be too many");
        assert_eq!(made(32.0, 2, &vp9()), Some((2, 1)));
        let long = json!({"codec": "vp9", "profile": "main", "gop": {"seconds": 10.0}});
        assert_eq!(
            made(30.0, 2, &long),
            None,
            "one of two would wait a third of the time"
        );
        assert_eq!(made(120.0, 2, &long), Some((2, 1)));
        let av1 = json!({"codec": "av1", "profile": "main", "gop": {"seconds": 2.0}});
        assert_eq!(
            made(60.0, 2, &av1),
            None,
            "its encoder shares frames itself"
        );
        assert_eq!(made(60.0, 2, &json!({"gop": {"seconds": 2.0}})), None);
        let large = json!({"codec": "vp9", "profile": "main", "gop": {"seconds": 2.0},
            "width": 4096, "height": 4096});
        assert_eq!(
            made(600.0, 16, &large),
            None,
            "only two have room in memory"
        );
        let two = planned("enabled", 600.0, 16, &large)
            .unwrap()
            .chunks
            .unwrap();
        assert_eq!((two.at_once, two.threads), (2, 8));
    }

    #[test]
    fn what_does_not_suit_fails_only_where_pieces_are_a_must() {
        let clip = json!({"codec": "vp9", "profile": "main", "gop": {"seconds": 2.0}});
        assert!(planned("enabled", 9.0, 1, &clip).unwrap().chunks.is_some());
        let fault = planned("enabled", 2.0, 2, &clip).unwrap_err();
        assert_eq!(fault.code, FaultCode::SpecUnfit);
        assert!(
            fault.message.contains("too few groups"),
            "{}",
            fault.message
        );
        assert_eq!(planned("preferred", 2.0, 2, &clip).unwrap().chunks, None);
        assert_eq!(planned("disabled", 90.0, 2, &clip).unwrap().chunks, None);
        let erased = json!({"codec": "vp9", "profile": "main", "gop": {"seconds": 2.0},
            "erase": [{"from_ms": 30_000, "places": [{"left": 8, "top": 8, "width": 64, "height": 64}]}]});
        let fault = planned("enabled", 60.0, 2, &erased).unwrap_err();
        assert!(fault.message.contains("painted over"), "{}", fault.message);
        assert_eq!(planned("preferred", 60.0, 2, &erased).unwrap().chunks, None);
    }

    #[test]
    fn colours_have_the_names_of_options() {
        let plan = planned("enabled", 60.0, 2, &vp9()).unwrap();
        assert_eq!(transfer(&plan, Some("bt470bg")).as_deref(), Some("gamma28"));
        assert_eq!(transfer(&plan, Some("bt470m")).as_deref(), Some("gamma22"));
        assert_eq!(colour(&plan, Some("bt470bg")).as_deref(), Some("bt470bg"));
        assert_eq!(colour(&plan, Some("reserved")), None);
    }

    #[test]
    fn pieces_start_where_the_whole_has_key_frames() {
        let plan = planned("enabled", 60.0, 2, &vp9()).unwrap();
        let mut video = plan.video.unwrap();
        let chunks = ChunkPlan {
            groups: 2,
            ..plan.chunks.unwrap()
        };
        assert_eq!(chunks.starts(&video, 350), [0, 100, 200, 300]);
        assert_eq!(
            chunks.starts(&video, 349),
            [0, 100, 200],
            "too short to be worth it"
        );
        // 2 s are 47.95 frames of 23.976 a second.
        video.fps = super::super::FrameRate::new(24_000, 1001).unwrap();
        assert_eq!(chunks.starts(&video, 350), [0, 96, 192, 288]);
        video.key_frames.gop = Gop::Seconds(2.1);
        assert_eq!(chunks.starts(&video, 350), [0, 101, 202]);
        video.key_frames.gop = Gop::Frames(7);
        assert_eq!(chunks.starts(&video, 36), [0, 14, 28]);
    }

    #[test]
    fn the_longest_row_counts() {
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(close(span(300.0, 100.0, 2), 200.0 + 2.0 * START_FRAMES));
        assert!(close(span(250.0, 100.0, 3), 100.0 + START_FRAMES));
        assert!(close(span(50.0, 100.0, 2), 50.0 + START_FRAMES));
    }
}
