//! The containers' part of the arguments: muxers, their settings and the names of files.

use std::ffi::{OsStr, OsString};

use reelgate_domain::job::kind::transcode::{Container, SegmentFormat};

use super::{Args, PLAYLIST_FILE, PROTOCOLS, STEM};

/// When segments begin, for their muxers to have room before.
const OFFSET_SECONDS: f64 = 1.0;
/// Players start before they have the whole file; no track of time codes is made of tags.
const INDEX_FIRST: [&str; 4] = ["-movflags", "+faststart", "-write_tmcd", "0"];

/// What the main file of an output is called in scratch.
pub(crate) fn main_file(container: Container) -> String {
    format!("{STEM}.{}", container.extension())
}

/// The playlist of a row of segments of MPEG-DASH in scratch.
pub(crate) fn row_playlist(row: &str) -> String {
    format!("{STEM}-{row}.m3u8")
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

/// `rows` are what MPEG-DASH stores apart, as its plan tells them.
pub(super) fn add_container(
    args: &mut Args,
    container: Container,
    (folder, rows): (&OsStr, &[&str]),
    segmented: Segmented,
) {
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
        } => add_playlist(args, (segments, segment_seconds), (folder, STEM), segmented),
        Container::Dash {
            segment_seconds, ..
        } => {
            let row = match rows {
                [row] => *row,
                // FFmpeg puts a row's name in its place where there are several alone.
                _ => "%v",
            };
            let stem = format!("{STEM}-{row}");
            let kind = (SegmentFormat::Fmp4, segment_seconds);
            add_playlist(args, kind, (folder, &stem), segmented);
            if rows.len() > 1 {
                args.pair("-var_stream_map", row_streams(rows));
            }
            args.0.push(inside(folder, &row_playlist(row)));
            return;
        }
    };
    args.0.push(inside(folder, &main_file(container)));
}

fn inside(folder: &OsStr, name: &str) -> OsString {
    let mut path = folder.to_owned();
    path.push("/");
    path.push(name);
    path
}

/// Which stream is in which row: `v:0,name:video a:0,name:audio`.
fn row_streams(rows: &[&str]) -> String {
    let streams = rows.iter().map(|row| format!("{}:0,name:{row}", &row[..1]));
    streams.collect::<Vec<_>>().join(" ")
}

/// Segments of so many seconds whose names begin with `stem`, and their playlist.
fn add_playlist<'a>(
    args: &'a mut Args,
    (segments, seconds): (SegmentFormat, u32),
    (folder, stem): (&OsStr, &str),
    segmented: Segmented,
) -> &'a mut Args {
    let start = match segments {
        SegmentFormat::Ts => 1.0,
        SegmentFormat::Fmp4 => segmented.fragments_start(),
    };
    args.add(&["-protocol_whitelist", PROTOCOLS, "-f", "hls"])
        // Timestamps stay clear of zero, which the muxer would otherwise reach by shifting
        // every rendition by another amount.
        .pair("-output_ts_offset", start.to_string())
        .pair("-hls_time", seconds.to_string())
        .add(&["-hls_playlist_type", "vod", "-hls_list_size", "0"])
        .add(match segmented {
            Segmented::AtClosedGroups { .. } => &["-hls_flags", "independent_segments"],
            Segmented::Anyhow => &[],
        })
        .add(&["-start_number", "1"]);
    let files = |ending: &str| inside(folder, &format!("{stem}-%05d.{ending}"));
    match segments {
        SegmentFormat::Ts => args
            .add(&["-hls_segment_type", "mpegts"])
            .pair("-hls_segment_filename", files("ts")),
        // The name of the init segment is taken to be beside the playlist.
        SegmentFormat::Fmp4 => args
            .add(&["-hls_segment_type", "fmp4"])
            .add(&TRUE_TIMES)
            .pair("-hls_fmp4_init_filename", format!("{stem}-init.mp4"))
            .pair("-hls_segment_filename", files("m4s")),
    }
}

/// Segments that begin at these moments: the muxer of playlists knows lengths alone.
pub(super) fn add_segments(args: &mut Args, starts: &[f64], folder: &OsStr) {
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
        .pair("-segment_list", inside(folder, PLAYLIST_FILE));
    args.0.push(inside(folder, "out-%05d.ts"));
}
