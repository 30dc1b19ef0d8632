//! The video part of the arguments: filters, encoder, rate control, key frames.

use std::ffi::{OsStr, OsString};

use reelgate_domain::job::kind::transcode::{Gop, PixelFormat, RateCap, RateControl, VideoCodec};

use super::{Args, PASS_FILE, cut_start, erase, framing, hdr, tone};
use crate::plan::{
    Deinterlace, Finish, FrameRate, KeyFrames, MOST_PICTURES, Matrix, Range, Size, VideoPlan,
    Window,
};

mod open;

/// Smaller than the distance of any frame to a boundary it does not lie on, larger than the error of
/// times kept as floating-point numbers.
const EPSILON: &str = "0.000001";
/// Of 100, the encoder's own choice.
const WEBP_QUALITY: &str = "75";

/// Which time an output is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// To learn where bits are needed.
    First,
    /// For good, with what was learnt if there was a first time.
    Last,
}

/// `folder` is where an encode that is made twice keeps what it learns.
pub(super) fn add(args: &mut Args, video: &VideoPlan, (folder, pass): (&OsStr, Pass)) {
    args
        // The filters already made the rate constant.
        .add(&["-fps_mode", "passthrough"]);
    encoder(args, video, (folder, pass));
}

/// The encoder and all that it is told.
pub(super) fn encoder(args: &mut Args, video: &VideoPlan, (folder, pass): (&OsStr, Pass)) {
    args.pair("-c:v", video.encoder);
    if video.codec.is_animation() {
        // One more than there may be: not every source says how long it is.
        args.pair("-frames:v", (MOST_PICTURES + 1).to_string());
    }
    // The filters have chosen among those of a GIF.
    if video.codec != VideoCodec::Gif {
        args.pair("-pix_fmt", video.pixel_format.to_string());
    }
    match video.codec {
        VideoCodec::H264 | VideoCodec::H265 => x26x(args, video, (folder, pass)),
        VideoCodec::Vp9 => open::vp9(args, video, (folder, pass)),
        VideoCodec::Av1 => open::av1(args, video),
        // Nothing of a copy is encoded.
        VideoCodec::Copy | VideoCodec::Gif => {}
        VideoCodec::Webp => {
            args.add(&["-lossless", "0", "-quality", WEBP_QUALITY]);
        }
    }
}

fn x26x(args: &mut Args, video: &VideoPlan, (folder, pass): (&OsStr, Pass)) {
    args.pair("-preset", video.preset.to_string())
        .pair("-profile:v", profile(video));
    if let Some(level) = video.level {
        args.pair("-level:v", level.to_string());
    }
    if let Some(frames) = video.b_frames {
        args.pair("-bf", frames.to_string());
    }
    rate(args, video.rate);
    args.pair("-g", video.key_frames.most_frames.to_string());
    if video.codec == VideoCodec::H265 {
        let hdr10 = video.hdr10.as_ref().map_or(String::new(), hdr::parameters);
        // Players of Apple's take no other tag. The encoder writes a log of its own.
        args.add(&["-tag:v", "hvc1"]).pair(
            "-x265-params",
            learnt(
                &format!("scenecut=0:open-gop=0:log-level=warning{hdr10}"),
                video,
                (folder, pass),
            ),
        );
    } else {
        let flags = match video.finish {
            Finish::Fields => "+cgop+ilme+ildct",
            _ => "+cgop",
        };
        args.add(&["-sc_threshold", "0", "-flags:v", flags]);
        if video.two_pass {
            args.pair("-x264-params", learnt("", video, (folder, pass)));
        }
    }
    args.add(&["-forced-idr", "1"]);
    force_key_frames(args, video);
}

/// Parameters of the encoder, with those of its passes. FFmpeg's own options for these count streams in ways
/// that differ between a process with sound and one without.
fn learnt(parameters: &str, video: &VideoPlan, (folder, pass): (&OsStr, Pass)) -> OsString {
    let mut all = OsString::from(parameters);
    if video.two_pass {
        let number = match pass {
            Pass::First => 1,
            Pass::Last => 2,
        };
        let colon = if parameters.is_empty() { "" } else { ":" };
        all.push(format!("{colon}pass={number}:stats="));
        all.push(folder);
        all.push(format!("/{PASS_FILE}"));
    }
    all
}

/// Nothing but time decides where key frames are.
fn force_key_frames(args: &mut Args, video: &VideoPlan) {
    let expression = key_frames(&video.key_frames);
    args.pair("-force_key_frames", format!("expr:{expression}"));
}

/// What a decoder must be able to do, as the encoder calls it: samples beyond 4:2:0 and 8 bits have profiles of their own.
fn profile(video: &VideoPlan) -> String {
    match (video.codec, video.pixel_format) {
        (VideoCodec::H264, PixelFormat::Yuv422p) => "high422".to_owned(),
        (VideoCodec::H264, PixelFormat::Yuv444p) => "high444".to_owned(),
        (VideoCodec::H265, PixelFormat::Yuv420p10) => "main10".to_owned(),
        _ => video.profile.to_string(),
    }
}

/// What is done to the picture before it gets its frame rate: that is the last, so that pictures repeated over a gap
/// share their memory. FFmpeg makes all of them before it encodes the first, and scaled copies of a minute in full HD
/// would take 5 GB.
pub(super) fn filters(video: &VideoPlan, window: &Window) -> Vec<String> {
    let mut chain = scaled(video, window);
    chain.extend(finished(video));
    chain
}

/// Those up to the scaled picture.
pub(super) fn scaled(video: &VideoPlan, window: &Window) -> Vec<String> {
    let mut chain: Vec<String> = cut_start(window, "").into_iter().collect();
    let convert_to = match video.matrix {
        Matrix::Keep | Matrix::Tag(_) => None,
        Matrix::ConvertTo(name) => Some(name),
    };
    // The scaler alone takes frames of other sizes midway, and lets those of this size pass as they are.
    chain.extend(video.steady.map(steady));
    let mode = match video.finish {
        Finish::Fields => "send_field",
        _ => "send_frame",
    };
    chain.extend(video.deinterlace.map(|how| deinterlace(how, mode)));
    chain.extend(video.erased.iter().map(erase::filter));
    chain.extend(framing::before_scaling(&video.framing));
    let format = video.pixel_format;
    match video.tone {
        None => {
            chain.push(scale(video.framing.scale, video.range, convert_to));
            chain.push(format!("setsar=1,format={format}"));
        }
        // Scaled first: all that follows is done in floating point.
        Some(map) => chain.push(format!(
            "{},format=yuv444p10le,{},format=gbrp,{},setsar=1,format={format},\
             setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709",
            scale(video.framing.scale, Range::Keep, None),
            tone::to_sdr(map.transfer, map.is_full_range),
            scale(video.framing.scale, video.range, Some("bt709")),
        )),
    }
    chain
}

/// The same from a picture that another output's filters scaled.
pub(super) fn scaled_further(video: &VideoPlan) -> Vec<String> {
    vec![
        scale(video.framing.scale, video.range, None),
        format!("setsar=1,format={}", video.pixel_format),
    ]
}

/// Those after it.
pub(super) fn finished(video: &VideoPlan) -> Vec<String> {
    let mut chain: Vec<String> = framing::after_scaling(&video.framing).into_iter().collect();
    if let Matrix::Tag(name) | Matrix::ConvertTo(name) = video.matrix {
        chain.push(format!("setparams=colorspace={name}"));
    }
    chain
}

/// Frames that all have this size.
pub(super) fn steady(size: Size) -> String {
    format!("scale=w={}:h={}", size.width, size.height)
}

/// One frame for each two fields, or one for each of them.
fn deinterlace(how: Deinterlace, mode: &str) -> String {
    let how = match how {
        Deinterlace::Tagged => "parity=auto:deint=interlaced",
        Deinterlace::All { top_first: true } => "parity=tff:deint=all",
        Deinterlace::All { top_first: false } => "parity=bff:deint=all",
    };
    format!("bwdif=mode={mode}:{how}")
}

/// Frames at exact multiples of the period from zero on, whatever the source's first timestamp is.
pub(crate) fn constant_rate(fps: FrameRate) -> String {
    format!("fps=fps={fps}:start_time=0:round=near")
}

pub(crate) fn scale(size: Size, range: Range, matrix: Option<&str>) -> String {
    let range = match range {
        Range::Limit => ":out_range=tv",
        Range::Full => ":out_range=pc",
        Range::Keep => "",
    };
    let matrix = matrix.map_or(String::new(), |name| format!(":out_color_matrix={name}"));
    format!(
        "scale=w={}:h={}:flags=bicubic+accurate_rnd{range}{matrix}",
        size.width, size.height
    )
}

fn rate(args: &mut Args, rate: RateControl) {
    let kilo = |number: u32| format!("{number}k");
    match rate {
        RateControl::Crf { crf, cap } => {
            args.pair("-crf", crf.to_string());
            add_cap(args, cap);
        }
        RateControl::Average { kbps, cap } => {
            args.pair("-b:v", kilo(kbps));
            add_cap(args, cap);
        }
        RateControl::Quantizer { qp } => {
            args.pair("-qp", qp.to_string());
        }
        // A plan has the source's rate in numbers.
        RateControl::Source { .. } => {}
        RateControl::Constant { kbps } => {
            for option in ["-b:v", "-minrate", "-maxrate", "-bufsize"] {
                args.pair(option, kilo(kbps));
            }
            args.add(&["-nal-hrd", "cbr"]);
        }
    }
}

fn add_cap(args: &mut Args, cap: Option<RateCap>) {
    if let Some(cap) = cap {
        args.pair("-maxrate", format!("{}k", cap.maxrate_kbps))
            .pair("-bufsize", format!("{}k", cap.bufsize_kbit));
    }
}

/// True for frames that must be key frames. It looks at times and at the key frame before, never
/// counts, so that its answer for a moment does not depend on the frame rate.
fn key_frames(key_frames: &KeyFrames) -> String {
    let now = format!("t+{EPSILON}");
    let last = format!("prev_forced_t+{EPSILON}");
    // Groups are counted from the start of their segment.
    let inside = |time: &str| match key_frames.segment_seconds {
        Some(segment) => format!("mod({time},{segment})"),
        None => time.to_owned(),
    };
    let next_group = match key_frames.gop {
        Gop::Frames(frames) => format!("gte(n-prev_forced_n,{frames})"),
        Gop::Seconds(gop) => format!(
            "gt(floor(({})/{gop}),floor(({})/{gop}))",
            inside(&now),
            inside(&last)
        ),
    };
    let next_group = match (key_frames.segment_seconds, key_frames.guard_seconds) {
        (Some(segment), Some(guard)) => {
            let latest = f64::from(segment) - guard;
            format!("{next_group}*lt(mod({now},{segment}),{latest})")
        }
        _ => next_group,
    };
    let next_segment = key_frames.segment_seconds.map_or(String::new(), |segment| {
        format!("+gt(floor(({now})/{segment}),floor(({last})/{segment}))")
    });
    let also: String = (key_frames.also_at.iter())
        .map(|at| format!("+gte({now},{at:.6})*lt({last},{at:.6})"))
        .collect();
    format!("isnan(prev_forced_t)+{next_group}{next_segment}{also}")
}
