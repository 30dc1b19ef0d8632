//! How much an output will take, before it is made: rather more than less.

use reelgate_domain::job::kind::transcode::{AudioCodec, RateControl, VideoCodec};
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::MediaFacts;
use reelgate_media::plan::{PartPlan, VideoPlan};
use reelgate_media::{Plan, Sources};

/// However short it is.
const LEAST: u64 = 64 << 20;
/// Containers, and rates that are kept on the average only.
const SURPLUS: f64 = 1.1;
/// What a pixel takes at quality 23 in film with grain; six steps of quality halve or double it.
const BITS_A_PIXEL: f64 = 0.2;
const AT_QUALITY: f64 = 23.0;
const HALVING: f64 = 6.0;
const MOST_BITS_A_PIXEL: f64 = 4.0;
/// Codes of a byte and a half stand for a pixel or more of them.
const GIF_BITS_A_PIXEL: f64 = 12.0;
/// The highest rate that may be asked for.
const MOST_KBPS: u32 = 50_000;
/// Pixels of a side of what an encoder looks ahead by.
const BLOCK: u32 = 16;
/// Where nothing tells how long the source is, an output may be larger than it, but hardly much.
const TIMES_SOURCE: f64 = 2.0;

/// The bytes that an output will take in scratch.
pub(crate) fn bytes_of(plan: &Plan, sources: Sources<'_>) -> u64 {
    let clip = plan.window.length_ms.map(|length| length as f64 / 1000.0);
    let seconds = plan.expected.seconds.or_else(|| told(plan, sources));
    let seconds = match (seconds, clip) {
        (Some(source), Some(clip)) => Some(clip.min(source)),
        (known, clip) => known.or(clip),
    };
    let audio = plan.audio.map_or(0.0, |audio| f64::from(audio.kbps));
    // Pieces are kept, put together, and put into the output.
    let copies = if plan.chunks.is_some() { 3.0 } else { 1.0 };
    let kbps = plan.video.as_ref().map_or(0.0, video_kbps) * copies + audio;
    let source = source_bytes(plan, sources);
    let bytes = match seconds {
        Some(seconds) => {
            let made = kbps * 1000.0 / 8.0 * seconds * SURPLUS;
            made + plan.video.as_ref().map_or(0.0, |it| noted(it, seconds))
        }
        None => source * TIMES_SOURCE,
    };
    let bytes = match copies_unknown(plan) {
        true => bytes.max(source * SURPLUS),
        false => bytes,
    };
    // A float that is too large, or no number, becomes the nearest one.
    (bytes as u64).max(LEAST)
}

/// How long the files are together that an output is made from, after what their formats say, which may be wrong.
fn told(plan: &Plan, sources: Sources<'_>) -> Option<f64> {
    let own = sources.main.format.duration_seconds;
    let part = |part: &PartPlan| match part.window.length_ms {
        Some(length) => Some(length as f64 / 1000.0),
        None => facts_of(part.input, sources)?.format.duration_seconds,
    };
    match plan.parts.is_empty() {
        true => own,
        false => plan.parts.iter().map(part).sum(),
    }
}

fn source_bytes(plan: &Plan, sources: Sources<'_>) -> f64 {
    let bytes = |input| facts_of(input, sources).map_or(0, |facts| facts.format.size_bytes);
    match plan.parts.is_empty() {
        true => bytes(None) as f64,
        false => plan.parts.iter().map(|part| bytes(part.input) as f64).sum(),
    }
}

fn facts_of(input: Option<usize>, sources: Sources<'_>) -> Option<&MediaFacts> {
    match input {
        None => Some(sources.main),
        Some(place) => sources.further.get(place)?.facts.as_ref().ok(),
    }
}

/// The bytes that an output will take, unless they would not fit on a disk that has nothing else on it.
pub(crate) fn within(plan: &Plan, sources: Sources<'_>, capacity: u64) -> Result<u64, Fault> {
    let bytes = bytes_of(plan, sources);
    if bytes <= capacity {
        return Ok(bytes);
    }
    let gigabytes = |bytes: u64| bytes as f64 / 1e9;
    let message = format!(
        "the output may take {:.1} GB of scratch space, and there can never be more than {:.1} GB",
        gigabytes(bytes),
        gigabytes(capacity)
    );
    Err(Fault::new(FaultCode::OverBudget, message))
}

/// Whether a stream is copied of which nothing tells the rate, as in most Matroska files.
fn copies_unknown(plan: &Plan) -> bool {
    let video = plan.video.as_ref();
    let picture = video.is_some_and(|video| video.is_copied() && video_kbps(video) == 0.0);
    let audio = plan.audio.as_ref();
    picture || audio.is_some_and(|audio| audio.codec == AudioCodec::Copy && audio.kbps == 0)
}

/// What the first of two passes notes for the second: two bytes for each block of each picture.
fn noted(video: &VideoPlan, seconds: f64) -> f64 {
    if !video.two_pass {
        return 0.0;
    }
    let blocks = |side: u32| f64::from(side.div_ceil(BLOCK));
    let size = video.size;
    blocks(size.width) * blocks(size.height) * 2.0 * video.fps.as_f64() * seconds
}

fn video_kbps(video: &VideoPlan) -> f64 {
    match video.codec {
        VideoCodec::Gif => return by_size(video, GIF_BITS_A_PIXEL),
        VideoCodec::Webp => return by_size(video, MOST_BITS_A_PIXEL),
        _ => {}
    }
    match video.rate {
        RateControl::Average { kbps, .. } | RateControl::Constant { kbps } => f64::from(kbps),
        // A plan has the source's rate in numbers.
        RateControl::Source { most_kbps, .. } => f64::from(most_kbps.unwrap_or(MOST_KBPS)),
        RateControl::Quantizer { qp } => by_quality(video, f64::from(qp)),
        RateControl::Crf { crf, cap } => {
            let by_quality = by_quality(video, crf);
            cap.map_or(by_quality, |cap| {
                by_quality.min(f64::from(cap.maxrate_kbps))
            })
        }
    }
}

fn by_quality(video: &VideoPlan, quality: f64) -> f64 {
    let steps = (AT_QUALITY - quality) / HALVING;
    let bits = (BITS_A_PIXEL * steps.exp2()).min(MOST_BITS_A_PIXEL);
    by_size(video, bits)
}

fn by_size(video: &VideoPlan, bits: f64) -> f64 {
    let pixels = f64::from(video.size.width) * f64::from(video.size.height);
    pixels * video.fps.as_f64() * bits / 1000.0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reelgate_domain::ObjectRef;
    use reelgate_domain::job::kind::transcode::{
        Container, EncoderPreset, Gop, PixelFormat, RateCap, SegmentTags, VideoProfile,
    };
    use reelgate_media::Further;
    use reelgate_media::plan::{
        AudioPlan, Expected, Finish, FrameRate, Framing, KeyFrames, Matrix, Mix, Range, Seek, Size,
        Window,
    };

    use super::*;

    fn plan(rate: RateControl, seconds: Option<f64>) -> Plan {
        let size = Size {
            width: 1920,
            height: 1080,
        };
        let video = VideoPlan {
            codec: VideoCodec::H264,
            encoder: "libx264",
            codec_name: "h264",
            stream: 0,
            size,
            fps: FrameRate::new(25, 1).unwrap(),
            rate,
            two_pass: false,
            key_frames: KeyFrames {
                gop: Gop::Frames(250),
                segment_seconds: None,
                most_frames: 250,
                guard_seconds: None,
                also_at: Vec::new(),
            },
            preset: EncoderPreset::default(),
            profile: VideoProfile::High,
            level: None,
            b_frames: None,
            matrix: Matrix::Keep,
            range: Range::Keep,
            framing: Framing::plain(size),
            cascades: false,
            tone: None,
            hdr10: None,
            steady: None,
            erased: Vec::new(),
            deinterlace: None,
            finish: Finish::None,
            pixel_format: PixelFormat::default(),
        };
        let audio = AudioPlan {
            stream: 1,
            kbps: 128,
            codec: AudioCodec::Aac,
            codec_name: "aac",
            sample_rate: 48_000,
            channels: 2,
            sample_bits: 16,
            mix: Mix::Spread,
            level: None,
        };
        Plan {
            file_name: "out.mp4".to_owned(),
            container: Container::Mp4,
            window: Window {
                start_ms: 0,
                length_ms: None,
                seek: Seek::Index,
            },
            video: Some(video),
            audio: Some(audio),
            parts: Vec::new(),
            mix: Vec::new(),
            words: Vec::new(),
            overlays: Vec::new(),
            encryption: None,
            segment_tags: SegmentTags::default(),
            segment_starts: Vec::new(),
            chunks: None,
            expected: Expected {
                seconds,
                ..Expected::default()
            },
            stall: Duration::from_secs(60),
        }
    }

    #[test]
    fn what_could_never_fit_is_refused_with_both_sizes() {
        let day = plan(RateControl::Constant { kbps: 10_000 }, Some(86_400.0));
        let facts = MediaFacts::default();
        let needed = bytes_of(&day, (&facts).into());
        assert_eq!(within(&day, (&facts).into(), needed), Ok(needed));
        let fault = within(&day, (&facts).into(), 20_000_000_000).unwrap_err();
        assert_eq!(fault.code, FaultCode::OverBudget);
        assert_eq!(
            fault.message,
            "the output may take 120.3 GB of scratch space, and there can never be more than 20.0 GB"
        );
    }

    fn crf(crf: f64, maxrate_kbps: Option<u32>) -> RateControl {
        let cap = maxrate_kbps.map(|maxrate_kbps| RateCap {
            maxrate_kbps,
            bufsize_kbit: 1000,
        });
        RateControl::Crf { crf, cap }
    }

    fn check(plan: &Plan, megabytes: u64) {
        let source = MediaFacts::default();
        assert_eq!(bytes_of(plan, (&source).into()) / 1_000_000, megabytes);
    }

    #[test]
    fn an_output_takes_its_rate_for_its_length_and_a_little_more() {
        let hour = Some(3600.0);
        check(&plan(RateControl::Constant { kbps: 4000 }, hour), 2043);
        check(&plan(crf(23.0, None), hour), 5195);
        check(&plan(crf(17.0, None), hour), 10327);
        check(&plan(crf(17.0, Some(4000)), hour), 2043);
    }

    #[test]
    fn two_passes_take_what_the_first_notes() {
        let mut twice = plan(RateControl::Constant { kbps: 500 }, Some(3600.0));
        check(&twice, 310);
        twice.video.as_mut().unwrap().two_pass = true;
        check(&twice, 1779);
    }

    #[test]
    fn a_copy_of_unknown_rate_takes_what_its_source_has() {
        let mut copy = plan(RateControl::Constant { kbps: 4000 }, Some(3600.0));
        let audio = copy.audio.as_mut().unwrap();
        (audio.codec, audio.kbps) = (AudioCodec::Copy, 0);
        let mut source = MediaFacts::default();
        source.format.size_bytes = 5_000_000_000;
        assert_eq!(bytes_of(&copy, (&source).into()), 5_500_000_000);
        copy.audio = None;
        assert_eq!(bytes_of(&copy, (&source).into()) / 1_000_000, 1980);
    }

    #[test]
    fn a_clip_takes_what_it_has_of_the_source() {
        let mut clip = plan(RateControl::Constant { kbps: 4000 }, None);
        clip.window.length_ms = Some(600_000);
        check(&clip, 340);
        let mut source = MediaFacts::default();
        source.format.duration_seconds = Some(300.0);
        assert_eq!(bytes_of(&clip, (&source).into()) / 1_000_000, 170);
    }

    #[test]
    fn without_a_length_the_size_of_the_source_tells_and_nothing_is_below_the_least() {
        let endless = plan(RateControl::Constant { kbps: 4000 }, None);
        check(&endless, LEAST / 1_000_000);
        let mut source = MediaFacts::default();
        source.format.size_bytes = 1_000_000_000;
        assert_eq!(bytes_of(&endless, (&source).into()), 2_000_000_000);
        check(&plan(crf(23.0, None), Some(1.0)), LEAST / 1_000_000);
    }

    #[test]
    fn files_that_are_joined_count_together() {
        let mut joined = plan(RateControl::Constant { kbps: 4000 }, None);
        let part = |input| PartPlan {
            input,
            window: joined.window,
            picture: None,
            sound: None,
            fade: None,
        };
        joined.parts = vec![part(None), part(Some(0)), part(Some(0))];
        let mut source = MediaFacts::default();
        source.format.size_bytes = 1_000_000_000;
        let further = Further {
            object: ObjectRef {
                bucket: "media".parse().unwrap(),
                key: "more.mpg".parse().unwrap(),
            },
            facts: Ok(source.clone()),
        };
        let known = Sources {
            main: &source,
            further: std::slice::from_ref(&further),
        };
        assert_eq!(bytes_of(&joined, known), 6_000_000_000);
        let mut hour = source.clone();
        hour.format.duration_seconds = Some(3600.0);
        let further = [Further {
            facts: Ok(hour.clone()),
            ..further
        }];
        let long = Sources {
            main: &hour,
            further: &further,
        };
        let three = bytes_of(&joined, long);
        assert_eq!(three / 1_000_000, 3 * 2043 + 1);
    }
}
