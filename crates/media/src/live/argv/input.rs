//! How a source is opened: what may be spoken, how long is looked for streams, when it counts as lost.

use reelgate_domain::stream::{Scheme, StreamPlan};

use super::{is_low, verifying};
use crate::argv::Args;
use crate::engine::Part;
use crate::plan::MOST_SOURCE_PIXELS;

/// What a source may be, where its address does not say. None of them names files.
const WEB_FORMATS: &str = "hls,flv,live_flv,mpegts,mpegtsraw,mov,aac,mp3,webvtt";
/// More than any source needs within the time that is looked for streams.
const PROBE_BYTES: &str = "5000000";

/// How long a source is read before its streams are taken to be known, in microseconds. FFmpeg waits this long for
/// streams that may still come, except where it knows them all before.
fn analyse_micros(scheme: Scheme, is_low: bool) -> &'static str {
    match (scheme, is_low) {
        // Nothing tells what a transport stream holds before its next keyframe.
        (Scheme::Srt, true) => "1500000",
        (Scheme::Srt, false) => "3000000",
        (_, true) => "500000",
        (_, false) => "1500000",
    }
}

/// What may be spoken to the source.
fn protocols(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Rtmp => "rtmp,tcp",
        Scheme::Rtmps => "rtmps,tls,tcp",
        Scheme::Srt => "srt",
        Scheme::Rtsp => "rtsp,rtp,tcp",
        Scheme::Rtsps => "rtsps,rtp,tls,tcp",
        Scheme::Http | Scheme::Https => "http,https,tls,tcp,crypto",
    }
}

pub(super) fn parts(plan: &StreamPlan) -> Vec<Part> {
    match plan.input.address.scheme() {
        Scheme::Rtmp => vec![Part::Protocol("rtmp")],
        Scheme::Rtmps => vec![Part::Protocol("rtmps")],
        Scheme::Srt => vec![Part::Protocol("srt")],
        Scheme::Rtsp => vec![Part::Protocol("tcp")],
        Scheme::Rtsps => vec![Part::Protocol("tls")],
        Scheme::Http => vec![Part::Protocol("http")],
        Scheme::Https => vec![Part::Protocol("https")],
    }
}

pub(super) fn add(args: &mut Args, plan: &StreamPlan) {
    let address = &plan.input.address;
    let (scheme, is_low) = (address.scheme(), is_low(plan));
    let frozen_micros = (u64::from(plan.input.frozen_after_ms) * 1000).to_string();
    args.pair("-protocol_whitelist", protocols(scheme))
        .pair("-analyzeduration", analyse_micros(scheme, is_low))
        .add(&["-probesize", PROBE_BYTES])
        .pair("-max_pixels", MOST_SOURCE_PIXELS.to_string());
    if is_low {
        // With one thread for each picture, each would be held back by as many pictures as there are threads.
        args.add(&["-thread_type:v", "slice"]);
    }
    match scheme {
        Scheme::Rtmp | Scheme::Rtmps => {
            args.add(&["-f", "flv", "-rtmp_live", "live"])
                .pair("-rw_timeout", frozen_micros);
            if is_low {
                args.add(&["-rtmp_buffer", "100"]);
            }
        }
        Scheme::Srt => {
            args.add(&["-f", "mpegts"]).pair("-timeout", frozen_micros);
        }
        Scheme::Rtsp | Scheme::Rtsps => {
            args.add(&["-f", "rtsp", "-rtsp_transport", "tcp"])
                .pair("-timeout", frozen_micros);
        }
        Scheme::Http | Scheme::Https => add_web(args, plan, frozen_micros),
    }
    for (option, value) in verifying(address) {
        args.pair(&format!("-{option}"), value);
    }
    args.pair("-i", address.expose());
}

fn add_web(args: &mut Args, plan: &StreamPlan, frozen_micros: String) {
    let text = plan.input.address.expose();
    let path = text.split(['?', '#']).next().unwrap_or_default();
    args.pair("-rw_timeout", frozen_micros);
    if path.ends_with(".m3u8") {
        args.add(&["-f", "hls"])
            .pair("-format_whitelist", WEB_FORMATS);
        if is_low(plan) {
            args.add(&["-live_start_index", "-1"]);
        }
    } else if path.ends_with(".flv") {
        args.add(&["-f", "flv"]);
    } else {
        args.pair("-format_whitelist", WEB_FORMATS);
    }
}
