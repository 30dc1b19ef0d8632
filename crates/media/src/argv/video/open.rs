//! The encoders of the codecs that are free of royalties: VP9 and AV1.

use std::ffi::{OsStr, OsString};

use reelgate_domain::job::kind::transcode::{EncoderPreset, RateControl};

use super::{Args, Pass, force_key_frames};
use crate::argv::PASS_STEM;
use crate::plan::VideoPlan;
use crate::plan::codec::SVT_AV1;

/// No key frame but those that are forced: the encoder counts from its own ones otherwise, and with
/// both numbers the same it looks for no changes of scene.
const NEVER: &str = "1000000";

pub(super) fn vp9(args: &mut Args, video: &VideoPlan, (folder, pass): (&OsStr, Pass)) {
    let speed = match video.preset {
        EncoderPreset::Veryfast => "5",
        EncoderPreset::Fast => "4",
        EncoderPreset::Medium => "2",
        EncoderPreset::Slow => "1",
        EncoderPreset::Slower => "0",
    };
    args.add(&["-deadline", "good", "-cpu-used", speed])
        // As many columns as the width has room for, so that several processors find work.
        .add(&["-row-mt", "1", "-tile-columns", "6"]);
    rate(args, video.rate);
    if video.two_pass {
        learnt(args, folder, pass);
    }
    args.add(&["-g", NEVER, "-keyint_min", NEVER]);
    force_key_frames(args, video);
}

/// The encoder has no parameter of its own for what it learns. FFmpeg's takes the place of the stream into the name
/// of the file, which is the first as long as the output is alone in its process.
fn learnt(args: &mut Args, folder: &OsStr, pass: Pass) {
    let mut stem = OsString::from(folder);
    stem.push("/");
    stem.push(PASS_STEM);
    let number = match pass {
        Pass::First => "1",
        Pass::Last => "2",
    };
    args.add(&["-pass", number]).pair("-passlogfile", stem);
}

/// Neither encoder puts key frames where it is told to in every release, so they are counted.
pub(super) fn av1(args: &mut Args, video: &VideoPlan) {
    if video.encoder == SVT_AV1 {
        let preset = match video.preset {
            EncoderPreset::Veryfast => "11",
            EncoderPreset::Fast => "9",
            EncoderPreset::Medium => "8",
            EncoderPreset::Slow => "6",
            EncoderPreset::Slower => "4",
        };
        args.add(&["-preset", preset]);
    } else {
        let speed = match video.preset {
            EncoderPreset::Veryfast => "8",
            EncoderPreset::Fast => "6",
            EncoderPreset::Medium => "5",
            EncoderPreset::Slow => "4",
            EncoderPreset::Slower => "3",
        };
        args.add(&["-usage", "good", "-cpu-used", speed, "-row-mt", "1"]);
    }
    rate(args, video.rate);
    let frames = video.counted_group().to_string();
    args.pair("-g", frames.clone()).pair("-keyint_min", frames);
}

fn rate(args: &mut Args, rate: RateControl) {
    match rate {
        // Without a rate of 0 the quality would only hold up to a rate of the encoder's own.
        RateControl::Crf { crf, .. } => {
            args.pair("-crf", crf.to_string()).add(&["-b:v", "0"]);
        }
        RateControl::Average { kbps, .. } => {
            args.pair("-b:v", format!("{kbps}k"));
        }
        // The settings refuse the one, and a plan has the source's rate in numbers.
        RateControl::Quantizer { .. } | RateControl::Source { .. } => {}
        RateControl::Constant { kbps } => {
            for option in ["-b:v", "-minrate", "-maxrate", "-bufsize"] {
                args.pair(option, format!("{kbps}k"));
            }
        }
    }
}
