//! The video stream of an output.

use reelgate_domain::job::Fault;
use reelgate_domain::job::kind::transcode::{
    Container, Gop, PixelFormat, RateControl, VideoCodec, VideoSettings,
};
use reelgate_domain::media::VideoFacts;

use super::copy::Way;
use super::framing::{Framing, framing};
use super::geometry::{Size, upright};
use super::rate::output_rate;
use super::{
    Finish, FrameRate, Matrix, Range, VideoPlan, animation, bits, codec, erase, hdr, level, scan,
    tone,
};
use crate::engine::Capabilities;

/// Where key frames go. Nothing but time decides it, so renditions of one source agree.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyFrames {
    pub gop: Gop,
    /// Segment length: a key frame starts each segment, and groups are counted from there.
    pub segment_seconds: Option<u32>,
    /// The most frames from one key frame to the next, with room for rounding; the encoder adds a
    /// key frame of its own only beyond.
    pub most_frames: u32,
    /// No key frame this close before the end of a segment: the muxer counts a segment's length
    /// from the first sample of any stream, so such a frame could start the next segment early.
    pub guard_seconds: Option<f64>,
    /// Further moments that have a key frame, in seconds.
    pub also_at: Vec<f64>,
}

/// The encoder delay of AAC, up to 46 ms at 22050 Hz, with room.
const GUARD_SECONDS: f64 = 0.1;
/// `x264` reads its limit into a 32-bit number and keeps buffers of no such size.
const MOST_GOP_FRAMES: f64 = 1_000_000.0;

pub(super) fn video(
    wanted: &VideoSettings,
    way: Way<'_>,
    source: &VideoFacts,
    capabilities: &Capabilities,
) -> Result<VideoPlan, Fault> {
    let stream = way.stream;
    if stream.codec_name.is_none() {
        return Err(super::undecodable("video", stream.index));
    }
    let framing = framing(wanted, source, way.findings.inside)?;
    let size = framing.size();
    let tone = tone::tone(wanted, source);
    let pixel_format = match wanted.codec {
        // No colour is lost before they are counted.
        VideoCodec::Gif => PixelFormat::Yuv444p,
        _ => wanted.pixel_format,
    };
    let erased = erase::erased(&wanted.erase, source)?;
    let deinterlace = scan::deinterlace(wanted.scan, source, way.findings.fields);
    let is_touched = framing.crop.is_some() || deinterlace.is_some() || !erased.is_empty();
    scan::check_made(wanted.scan, size)?;
    let fps = animation::held_rate(wanted.codec, output_rate(wanted, source));
    let rate = lossy(bits::video_rate(wanted, way.facts, stream)?);
    let rate = match wanted.level {
        None => rate,
        Some(level) => level::held(level, wanted.profile, size, fps, rate)?,
    };
    Ok(VideoPlan {
        stream: stream.index,
        codec: wanted.codec,
        encoder: codec::video_encoder(wanted.codec, size, capabilities)?,
        codec_name: codec::video_name(wanted.codec),
        size,
        fps,
        rate,
        two_pass: wanted.two_pass,
        key_frames: key_frames(wanted.gop, way.container, fps),
        preset: wanted.preset,
        profile: wanted.profile,
        level: wanted.level,
        b_frames: wanted.b_frames,
        matrix: match tone {
            Some(_) => Matrix::Keep,
            None => matrix(source, size),
        },
        range: range(pixel_format, source, &framing),
        cascades: wanted.cascade && is_no_larger(&framing, source),
        framing,
        steady: is_touched.then(|| upright(source)),
        erased,
        deinterlace,
        finish: Finish::of(wanted, way.container),
        tone,
        hdr10: hdr::hdr10(wanted, source, tone),
        pixel_format,
    })
}

/// Whether scaling from what this is scaled to costs no more than scaling from the source.
fn is_no_larger(framing: &Framing, source: &VideoFacts) -> bool {
    let upright = upright(source);
    let taken = framing.crop.map_or(upright, |area| Size {
        width: area.width,
        height: area.height,
    });
    framing.scale.pixels() <= taken.pixels()
}

fn range(format: PixelFormat, source: &VideoFacts, framing: &Framing) -> Range {
    if format.is_full_range() {
        return Range::Full;
    }
    let size = framing.scale;
    let is_wanted = framing.is_plain()
        && format == PixelFormat::Yuv420p
        && (source.width, source.height) == (size.width, size.height)
        && source.rotation == 0
        && source.pixel_format.as_deref() == Some("yuv420p")
        && matches!(source.color_range.as_deref(), None | Some("tv"));
    if is_wanted { Range::Keep } else { Range::Limit }
}

/// Below 1 the encoder turns lossless, which none of the profiles allows: 1 is the best they have.
fn lossy(rate: RateControl) -> RateControl {
    match rate {
        RateControl::Crf { crf, cap } => RateControl::Crf {
            crf: crf.max(1.0),
            cap,
        },
        other => other,
    }
}

fn key_frames(gop: Gop, container: Container, fps: FrameRate) -> KeyFrames {
    let gop_seconds = match gop {
        Gop::Frames(frames) => f64::from(frames) * fps.frame_seconds(),
        Gop::Seconds(seconds) => seconds,
    };
    let segment_seconds = container.segment_seconds();
    let guard_seconds = segment_seconds
        .filter(|_| gop_seconds > 2.0 * GUARD_SECONDS)
        .map(|_| GUARD_SECONDS);
    let longest = gop_seconds + guard_seconds.unwrap_or(0.0);
    let most_frames = (longest * fps.as_f64()).ceil() + 1.0;
    KeyFrames {
        gop,
        segment_seconds,
        most_frames: most_frames.min(MOST_GOP_FRAMES) as u32,
        guard_seconds,
        also_at: Vec::new(),
    }
}

/// The matrices that every FFmpeg since the floor has the same name for.
const MATRICES: [&str; 8] = [
    "bt709",
    "fcc",
    "bt470bg",
    "smpte170m",
    "smpte240m",
    "ycgco",
    "bt2020nc",
    "bt2020c",
];

fn matrix(source: &VideoFacts, size: Size) -> Matrix {
    let format = source.pixel_format.as_deref().unwrap_or_default();
    let rgb = [
        "rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8", "x2rgb", "x2bgr",
    ];
    if rgb.iter().any(|prefix| format.starts_with(prefix)) {
        return Matrix::ConvertTo(guess(size.width, size.height));
    }
    let guessed = guess(source.width, source.height);
    match source.color_space.as_deref() {
        Some(tag) => MATRICES
            .into_iter()
            .find(|name| *name == tag)
            .map_or(Matrix::Keep, Matrix::Tag),
        None if guessed != guess(size.width, size.height) => Matrix::Tag(guessed),
        None => Matrix::Keep,
    }
}

/// What the scaler calls a matrix; it knows fewer than there are.
pub(super) fn scaler_matrix(name: &'static str) -> &'static str {
    match name {
        "bt470bg" => "bt470",
        "bt2020nc" | "bt2020c" => "bt2020",
        // Not of luma and two differences of colour at all.
        "ycgco" => "bt709",
        other => other,
    }
}

impl VideoPlan {
    /// The matrix between RGB and YUV of its pictures, as the scaler calls it.
    pub(crate) fn matrix_name(&self) -> &'static str {
        match self.matrix {
            _ if self.tone.is_some() => "bt709",
            Matrix::Tag(name) | Matrix::ConvertTo(name) => scaler_matrix(name),
            Matrix::Keep => guess(self.size.width, self.size.height),
        }
    }
}

/// What players take an untagged picture of this size for.
pub(super) fn guess(width: u32, height: u32) -> &'static str {
    if width.max(height) >= 1280 || width.min(height) > 576 {
        "bt709"
    } else {
        "smpte170m"
    }
}
