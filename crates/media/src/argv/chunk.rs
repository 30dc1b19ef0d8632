//! A picture in pieces: the arguments of each, and of the process that puts them and the sound together.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::cascade::Rung;
use super::container::{Segmented, add_container};
use super::video::{self, Pass};
use super::{Args, DECODED, PROTOCOLS, REPORTED, add_audio, add_length, graph, opened};
use crate::plan::{ChunkPlan, Piece, Plan, VideoPlan};

/// What a piece is called in the directory that it is made in.
pub(crate) const PIECE_FILE: &str = "out.ivf";

/// The arguments of the FFmpeg that makes one piece of a picture, in a directory of its own.
pub(crate) fn piece(
    video: &VideoPlan,
    chunks: &ChunkPlan,
    plan: &Plan,
    piece: &Piece,
    input: &Path,
) -> Vec<OsString> {
    let mut args = Args::default();
    args.add(&REPORTED).add(&DECODED);
    args.open_source(input).add(&["-reinit_filter:v", "0"]);
    // Times stay the source's own wherever reading starts, so that every piece counts frames in the same way.
    args.add(&["-copyts", "-start_at_zero"]);
    if let Some(micros) = piece.seek_micros {
        args.add(&["-noaccurate_seek"])
            .pair("-ss", super::micros(micros.unsigned_abs()));
    }
    args.input(input)
        .pair("-map", format!("0:{}", video.stream))
        .pair("-filter:v", filters(video, plan, piece))
        .add(&["-fps_mode", "passthrough"]);
    video::encoder(&mut args, video, (OsStr::new(""), Pass::Last));
    args.pair("-threads", chunks.threads.to_string());
    if let Some(frames) = piece.frames {
        args.pair("-frames:v", frames.to_string());
    }
    args.add(&["-f", "ivf", PIECE_FILE]);
    args.0
}

fn filters(video: &VideoPlan, plan: &Plan, piece: &Piece) -> String {
    let mut chain = vec![format!("setpts=PTS-{}", piece.shift_ticks)];
    if let Some(ticks) = piece.cut_ticks {
        chain.push(format!("trim=start_pts={ticks}"));
    }
    chain.extend(video::filters(video, &plan.window));
    chain.push(video::constant_rate(video.fps));
    if piece.skip > 0 {
        chain.push(format!("trim=start_frame={}", piece.skip));
    }
    // From here on times are counted in frames.
    chain.push(format!("setpts=PTS+{}", piece.base));
    chain.join(",")
}

/// The arguments of the FFmpeg that makes the output of `plan` with the picture in `joined`, under the same
/// conditions as [`super::argv`].
pub(crate) fn joined(
    (plan, folder): (&Plan, &OsStr),
    (video, chunks): (&VideoPlan, &ChunkPlan),
    input: &Path,
    joined: &Path,
) -> Vec<OsString> {
    let (mut args, numbers) = opened(&REPORTED, &[(plan, folder)], input, &[], Pass::Last);
    args.add(&["-protocol_whitelist", PROTOCOLS, "-format_whitelist", "ivf"])
        .input(joined)
        .add(&["-map", "1:0", "-c:v", "copy", "-disposition:v:0", "default"])
        // Pixels are square.
        .pair(
            "-aspect",
            format!("{}:{}", video.size.width, video.size.height),
        );
    if let Some(name) = &chunks.primaries {
        args.pair("-color_primaries", name);
    }
    if let Some(name) = &chunks.transfer {
        args.pair("-color_trc", name);
    }
    // What the source says of its streams, as it would be taken from there without being told.
    args.pair("-map_metadata:s:v:0", format!("0:s:{}", video.stream));
    let numbers = numbers.into_iter().next().unwrap_or_default();
    // Nothing is laid over it, joined to it or mixed in, so that there is no graph.
    let sound = graph::routes(plan, (0, &Rung::default()), &numbers, Pass::Last).audio;
    if let (Some(audio), Some(route)) = (&plan.audio, sound) {
        add_audio(&mut args, audio, route);
        args.pair("-map_metadata:s:a:0", format!("0:s:{}", audio.stream));
    }
    add_length(&mut args, plan);
    args.add(&["-max_muxing_queue_size", "4096"]);
    let segmented = Segmented::AtClosedGroups {
        frame_seconds: video.fps.frame_seconds(),
    };
    add_container(&mut args, plan.container, (folder, plan.rows()), segmented);
    args.0
}
