//! The arguments of processes that copy streams. Pure.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use reelgate_domain::job::kind::transcode::{Container, SegmentFormat};

use super::{Args, MOST_GAP_SECONDS, Segmented, add_container};
use crate::plan::RemuxPlan;

/// The FFmpeg that copies streams of the file at `input` into the directory of this name in its working
/// directory.
pub(crate) fn remux_argv(plan: &RemuxPlan, input: &Path, folder: &OsStr) -> Vec<OsString> {
    let mut args = Args::default();
    args.add(&["-nostdin", "-hide_banner", "-nostats"])
        .add(&["-loglevel", "level+warning"])
        .add(&["-progress", "pipe:1", "-stats_period", "0.5", "-y"])
        .add(&["-dts_error_threshold", MOST_GAP_SECONDS])
        // AVI and raw streams have no times of their own.
        .add(&["-fflags", "+genpts"]);
    args.open_source(input).input(input);
    for stream in &plan.streams {
        args.pair("-map", format!("0:{}", stream.stream));
    }
    args.add(&["-c", "copy"]);
    if plan.remove_metadata {
        args.add(&["-map_metadata", "-1", "-map_chapters", "-1"]);
    }
    if plan.video_codec() == Some("hevc") && is_mp4(plan.container) {
        // Without this name Apple's players show nothing.
        args.add(&["-tag:v", "hvc1"]);
    }
    args.add(&["-max_muxing_queue_size", "4096"]);
    add_container(&mut args, plan.container, (folder, &[]), Segmented::Anyhow);
    args.0
}

const fn is_mp4(container: Container) -> bool {
    match container {
        Container::Mp4 => true,
        Container::Hls { segments, .. } => matches!(segments, SegmentFormat::Fmp4),
        _ => false,
    }
}
