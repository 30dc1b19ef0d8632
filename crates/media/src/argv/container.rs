//! The containers' part of the arguments: muxers, their settings and the names of files.

use std::ffi::OsStr;

use reelgate_domain::job::kind::transcode::{Container, SegmentFormat};

use super::{Args, INIT_FILE, PLAYLIST_FILE, PROTOCOLS, STEM};

/// When segments begin, for their muxers to have room before.
const OFFSET_SECONDS: f64 = 1.0;
/// Players start before they have the whole file; no track of time codes is made of tags.
const INDEX_FIRST: [&str; 4] = ["-movflags", "+faststart", "-write_tmcd", "0"];

/// What the main file of an output is called in scratch.
pub(crate) fn main_file(container: Container) -> String {
    format!("{STEM}.{}", container.extension())
}

/// What is known of segments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Segmented {
    /// Nothing in a segment refers to the one before. Without pictures `frame_seconds` is 0.
    AtClosedGroups {
        frame_seconds: f64,
    },
    Anyhow,
}

/// The times of samples are those that players see: of lists of edits, which shift them, players of HLS and DASH take
/// no notice. Nothing is moved to 0 either, where pictures and sound would meet whenever they start.
const TRUE_TIMES: [&str; 2] = [
    "-hls_segment_options",
    "avoid_negative_ts=disabled:use_editlist=0:movflags=+frag_discont",
];
/// When fragmented MP4 starts, in seconds: times of decoding lie before those of showing, and none is below 0.
const FRAGMENTS_START: f64 = 10.0;
/// How many frames an encoder of ours decodes ahead at most.
const MOST_AHEAD: f64 = 4.0;

impl Segmented {
    fn fragments_start(self) -> f64 {
        match self {
            Self::AtClosedGroups { frame_seconds } => {
                FRAGMENTS_START.max((frame_seconds * MOST_AHEAD).ceil())
            }
            Self::Anyhow => FRAGMENTS_START,
        }
    }
}

pub(super) fn add_container(
    args: &mut Args,
    container: Container,
    folder: &OsStr,
    segmented: Segmented,
) {
    let inside = |name: &str| {
        let mut path = folder.to_owned();
        path.push("/");
        path.push(name);
        path
    };
    let file = inside(&main_file(container));
    match container {
        // No length stands in the headers of frames; the first of an MP3 tells how many there are.
        Container::Mp3 => args.add(&["-f", "mp3", "-write_xing", "1"]),
        Container::Adts => args.add(&["-f", "adts"]),
        Container::Mp4 => args.add(&["-f", "mp4"]).add(&INDEX_FIRST),
        Container::Mov => args.add(&["-f", "mov"]).add(&INDEX_FIRST),
        Container::M4a => args.add(&["-f", "ipod"]).add(&INDEX_FIRST),
        Container::Mkv => args.add(&["-f", "matroska", "-cues_to_front", "1"]),
        Container::Webm => args.add(&["-f", "webm", "-cues_to_front", "1"]),
        Container::Ts => args.add(&["-f", "mpegts"]),
        Container::Flv => args.add(&["-f", "flv"]),
        Container::Ogg => args.add(&["-f", "ogg"]),
        Container::Flac => args.add(&["-f", "flac"]),
        Container::Wav => args.add(&["-f", "wav"]),
        Container::Gif {
            plays,
            final_delay_cs,
            ..
        } => {
            // The file says how often it is shown again, and nothing of what is shown once.
            let again = match plays {
                0 => 0,
                1 => -1,
                plays => i64::from(plays) - 1,
            };
            let delay = final_delay_cs.map_or(-1, i64::from);
            args.add(&["-f", "gif"])
                .pair("-loop", again.to_string())
                .pair("-final_delay", delay.to_string())
        }
        Container::Webp { plays } => args.add(&["-f", "webp"]).pair("-loop", plays.to_string()),
        Container::Hls {
            segments,
            segment_seconds,
        } => {
            let start = match segments {
                SegmentFormat::Ts => 1.0,
                SegmentFormat::Fmp4 => segmented.fragments_start(),
            };
            args.add(&["-protocol_whitelist", PROTOCOLS, "-f", "hls"])
                // Timestamps stay clear of zero, which the muxer would otherwise reach by shifting
                // every rendition by another amount.
                .pair("-output_ts_offset", start.to_string())
                .pair("-hls_time", segment_seconds.to_string())
                .add(&["-hls_playlist_type", "vod", "-hls_list_size", "0"])
                .add(match segmented {
                    Segmented::AtClosedGroups { .. } => &["-hls_flags", "independent_segments"],
                    Segmented::Anyhow => &[],
                })
                .add(&["-start_number", "1"]);
            match segments {
                SegmentFormat::Ts => args
                    .add(&["-hls_segment_type", "mpegts"])
                    .pair("-hls_segment_filename", inside("out-%05d.ts")),
                // The name of the init segment is taken to be beside the playlist.
                SegmentFormat::Fmp4 => args
                    .add(&["-hls_segment_type", "fmp4"])
                    .add(&TRUE_TIMES)
                    .add(&["-hls_fmp4_init_filename", INIT_FILE])
                    .pair("-hls_segment_filename", inside("out-%05d.m4s")),
            }
        }
    };
    args.0.push(file);
}

/// Segments that begin at these moments: the muxer of playlists knows lengths alone.
pub(super) fn add_segments(args: &mut Args, starts: &[f64], folder: &OsStr) {
    let inside = |name: &str| {
        let mut path = folder.to_owned();
        path.push("/");
        path.push(name);
        path
    };
    let starts: Vec<String> = (starts.iter()).map(|start| format!("{start:.6}")).collect();
    args.add(&["-protocol_whitelist", PROTOCOLS, "-f", "segment"])
        // As in playlists, timestamps stay clear of zero; the moments of segments are those before that.
        .add(&["-avoid_negative_ts", "disabled"])
        .pair("-initial_offset", OFFSET_SECONDS.to_string())
        .add(&["-segment_format", "mpegts"])
        .pair("-segment_times", starts.join(","))
        // Times are rounded to those of the container.
        .add(&["-segment_time_delta", "0.002"])
        .add(&["-segment_start_number", "1", "-segment_list_type", "m3u8"])
        .pair("-segment_list", inside(PLAYLIST_FILE));
    args.0.push(inside("out-%05d.ts"));
}
