//! The encoders of one group: size, rate, keyframes, sound.

use reelgate_domain::stream::{Follow, LiveCodec, LiveGop, LiveSettings, Side};

use super::{Audio, Group, Live, is_low};
use crate::argv::{Args, seconds};

/// Where no rate is known to follow.
const CRF_H264: &str = "21";
const CRF_H265: &str = "24";
/// Keyframes come from elsewhere; this is for a source without any.
const MOST_FRAMES: &str = "3000";
/// Where the source's keyframes cannot be followed because its frame rate is not kept.
const DEFAULT_GOP_MILLIS: u32 = 2000;
/// Smaller than the distance of any frame to a boundary it does not lie on.
const EPSILON: &str = "0.000001";

pub(super) fn add(args: &mut Args, group: &Group<'_>, live: Live<'_>) {
    args.add(&["-map", "0:v:0?", "-map", "0:a:0?", "-map_metadata", "-1"]);
    match group.settings.codec {
        LiveCodec::Copy => {
            args.add(&["-c:v", "copy"]);
        }
        LiveCodec::H264 => {
            add_picture(args, group.settings);
            args.add(&["-c:v", "libx264", "-preset", "veryfast"]);
            if is_low(live.plan) {
                args.add(&["-tune", "zerolatency"]);
            }
            add_rate(args, group.settings, live, CRF_H264);
            args.add(&["-sc_threshold", "0", "-flags:v", "+cgop+global_header"]);
            add_keyframes(args, group.settings);
        }
        LiveCodec::H265 => {
            add_picture(args, group.settings);
            args.add(&["-c:v", "libx265", "-preset", "superfast"]);
            if is_low(live.plan) {
                args.add(&["-tune", "zerolatency"]);
            }
            add_rate(args, group.settings, live, CRF_H265);
            args.add(&["-x265-params", "scenecut=0:open-gop=0:log-level=warning"])
                .add(&["-flags:v", "+global_header"]);
            add_keyframes(args, group.settings);
        }
    }
    match group.audio {
        Audio::Copy => args.add(&["-c:a", "copy"]),
        Audio::Aac { kbps } => args
            // Gaps become silence and drift is evened out, so that sound stays with the picture.
            .add(&["-filter:a", "aresample=async=1000", "-c:a", "aac"])
            .pair("-b:a", format!("{kbps}k"))
            .add(&["-flags:a", "+global_header"]),
    };
    // A stream that stays silent holds up the others no longer than this.
    args.add(&[
        "-max_interleave_delta",
        "1000000",
        "-max_muxing_queue_size",
        "2048",
    ]);
}

fn add_picture(args: &mut Args, settings: &LiveSettings) {
    args.pair(
        "-filter:v",
        format!("{},format=yuv420p", scale(settings.width, settings.height)),
    );
    match settings.milli_fps {
        Follow::Source => args.add(&["-fps_mode", "vfr"]),
        Follow::Fixed(milli) => args
            .pair("-r", format!("{milli}/1000"))
            .add(&["-fps_mode", "cfr"]),
    };
}

/// Even sides; one that follows the ratio is worked out from the other.
fn scale(width: Side, height: Side) -> String {
    let side = |side: Side, own: &str| match side {
        Side::Source => format!("trunc({own}/2)*2"),
        Side::Ratio => "-2".to_owned(),
        Side::Pixels(pixels) => pixels.to_string(),
    };
    format!("scale=w={}:h={}", side(width, "iw"), side(height, "ih"))
}

fn add_rate(args: &mut Args, settings: &LiveSettings, live: Live<'_>, crf: &str) {
    let of_source = || live.source?.video.as_ref()?.kbps;
    let kbps = match settings.video_kbps {
        Follow::Fixed(kbps) => Some(kbps),
        Follow::Source => of_source(),
    };
    let Some(kbps) = kbps else {
        args.pair("-crf", crf);
        return;
    };
    // What may be sent at once: a second of it, or two where delay matters less.
    let buffer = if is_low(live.plan) {
        kbps
    } else {
        kbps.saturating_mul(2)
    };
    args.pair("-b:v", format!("{kbps}k"))
        .pair("-maxrate", format!("{kbps}k"))
        .pair("-bufsize", format!("{buffer}k"));
}

fn add_keyframes(args: &mut Args, settings: &LiveSettings) {
    args.add(&["-forced-idr", "1"]);
    let keeps_frames = settings.milli_fps == Follow::Source;
    match settings.gop {
        Follow::Fixed(LiveGop::Frames(frames)) => {
            args.pair("-g", frames.to_string())
                .pair("-keyint_min", frames.to_string());
        }
        Follow::Fixed(LiveGop::Millis(millis)) => add_grid(args, millis),
        Follow::Source if keeps_frames => {
            args.add(&["-g", MOST_FRAMES, "-force_key_frames", "source"]);
        }
        Follow::Source => add_grid(args, DEFAULT_GOP_MILLIS),
    }
}

/// A keyframe at every multiple of a time.
fn add_grid(args: &mut Args, millis: u32) {
    let period = seconds(u64::from(millis));
    args.add(&["-g", MOST_FRAMES]).pair(
        "-force_key_frames",
        format!(
            "expr:isnan(prev_forced_t)\
             +gt(floor((t+{EPSILON})/{period}),floor((prev_forced_t+{EPSILON})/{period}))"
        ),
    );
}
