//! From plans to FFmpeg's arguments. Pure.
//!
//! Outputs are written under fixed names into directories that stand in the working directory, and
//! get their own names only afterwards: no argument ever holds a part of an object key.

mod audio;
mod cascade;
pub(crate) mod chunk;
mod container;
mod erase;
mod finish;
mod framing;
mod graph;
mod hdr;
mod overlay;
pub(crate) mod quality;
pub(crate) mod remux;
pub(crate) mod sample;
pub(crate) mod snapshot;
pub(crate) mod survey;
#[cfg(test)]
mod tests;
mod tone;
mod video;
mod words;

use container::{Segmented, add_container, add_segments};
pub(crate) use container::{main_file, row_playlist};
use graph::{Numbers, Route, Routes};
pub(crate) use overlay::text_file;
use video::Pass;
pub(crate) use video::{constant_rate, scale};
pub(crate) use words::{words_args, words_file};

use std::ffi::{OsStr, OsString};
use std::path::Path;

use reelgate_domain::job::kind::transcode::AudioCodec;

use crate::plan::copy::is_tagged;
use crate::plan::{
    AudioPlan, MOST_SECONDS, MOST_SOURCE_PIXELS, MixPlan, OverlayPlan, PartPlan, Plan, Seek, Seen,
    VideoPlan, Window,
};

/// Playlists and some containers can name other files and addresses.
pub(crate) const PROTOCOLS: &str = "file,pipe";
pub(crate) const PLAYLIST_FILE: &str = "out.m3u8";
/// What all scratch names of an HLS output start with.
pub(crate) const STEM: &str = "out";

/// Formats that hold media themselves. Left out are those that name other files: playlists,
/// manifests, `concat` scripts; a source could make us read what its owner may not.
const SELF_CONTAINED: &str = "mov,matroska,webm,mpegts,mpegtsraw,mpeg,mpegvideo,avi,flv,live_flv,\
ogg,wav,w64,mp3,aac,ac3,eac3,flac,dts,dtshd,truehd,mlp,amr,amrnb,amrwb,aiff,caf,au,ape,wv,tta,mpc,mpc8,\
asf,rm,mxf,gxf,dv,nut,ivf,h264,hevc,vvc,av1,obu,m4v,vc1,vc1test,y4m,yuv4mpegpipe,gif,apng,h261,h263,mjpeg,\
nsv,nuv,wtv,swf,vob,3gp,ea,bink,smk,roq,flic,dirac,ingenient,mpjpeg,tak,oma,voc,sox,rso,\
srt,ass,webvtt,jpeg_pipe,png_pipe,webp_pipe,bmp_pipe,tiff_pipe,jpegxl_pipe";
/// Goes by the names of files: one with `%` is a pattern of more of them, one with the ending of a
/// drawing is a document, which has no size in pixels and may name other files.
const PICTURES: &str = "image2";
const DRAWINGS: [&str; 2] = ["svg", "svgz"];
/// How much of a file is read to learn what its streams are: broadcasts may start without sound.
const ANALYSE_MICROSECONDS: &str = "20000000";
const ANALYSE_BYTES: &str = "20000000";
/// Share of frames or packets that may fail to decode; the pictures lost are filled by repeating
/// others, so much more than a glitch must not pass for a success.
const MAX_ERROR_RATE: &str = "0.1";
/// Gaps in a source are filled in memory, and a hostile file's timestamps cost it nothing. The times
/// after a longer gap are taken for errors, so that the output comes out too short and fails.
const MOST_GAP_SECONDS: &str = "900";

/// What every process that makes outputs says, and to whom.
const REPORTED: [&str; 9] = [
    "-nostdin",
    "-hide_banner",
    "-nostats",
    "-loglevel",
    "level+warning",
    "-progress",
    "pipe:1",
    "-stats_period",
    "0.5",
];
/// What it takes of bad sources.
const DECODED: [&str; 5] = [
    "-y",
    "-max_error_rate",
    MAX_ERROR_RATE,
    "-dts_error_threshold",
    MOST_GAP_SECONDS,
];

/// What an encode that learns first writes, and reads when it is made, beside its output.
pub(crate) const PASS_FILE: &str = "pass.log";
/// The same where FFmpeg gives it its name.
pub(crate) const PASS_STEM: &str = "pass";
pub(crate) const STEMMED_PASS_FILE: &str = "pass-0.log";

/// Collects arguments.
#[derive(Default)]
pub(crate) struct Args(pub(crate) Vec<OsString>);

impl Args {
    pub(crate) fn add(&mut self, args: &[&str]) -> &mut Self {
        self.0.extend(args.iter().map(OsString::from));
        self
    }

    /// An option and a value that is made here.
    pub(crate) fn pair(&mut self, option: &str, value: impl Into<OsString>) -> &mut Self {
        self.0.push(option.into());
        self.0.push(value.into());
        self
    }

    /// The options that make opening a source safe; shared with the probe, which must see the same
    /// streams.
    pub(crate) fn open_source(&mut self, path: &Path) -> &mut Self {
        let is_pattern = path.as_os_str().as_encoded_bytes().contains(&b'%');
        let is_drawing = path
            .extension()
            .is_some_and(|end| DRAWINGS.iter().any(|name| end.eq_ignore_ascii_case(name)));
        let formats = if is_pattern || is_drawing {
            SELF_CONTAINED.to_owned()
        } else {
            format!("{SELF_CONTAINED},{PICTURES}")
        };
        self.add(&["-protocol_whitelist", PROTOCOLS])
            .pair("-format_whitelist", formats)
            .add(&["-analyzeduration", ANALYSE_MICROSECONDS])
            .add(&["-probesize", ANALYSE_BYTES])
            // Pictures may grow midway, after the plan has seen that they are small.
            .pair("-max_pixels", MOST_SOURCE_PIXELS.to_string())
    }

    pub(crate) fn input(&mut self, path: &Path) -> &mut Self {
        self.pair("-i", file_url(path))
    }
}

/// A path that is not taken for an option or an address, whatever it holds.
pub(crate) fn file_url(path: &Path) -> OsString {
    let mut url = OsString::from("file:");
    url.push(path);
    url
}

/// The arguments of the one FFmpeg that makes all of `plans`, at least one, from the file at `input`,
/// an absolute path. It must run in the directory that holds the directories of `parts`, each of
/// them the name of the directory that one plan's output goes to; all plans start at the same moment.
/// `further` are the paths of the further inputs, as plans number them.
pub(crate) fn argv(plans: &[(&Plan, &OsStr)], input: &Path, further: &[&Path]) -> Vec<OsString> {
    let (mut args, numbers) = opened(&REPORTED, plans, input, further, Pass::Last);
    let routes = routed(&mut args, plans, &numbers, Pass::Last);
    for (((plan, folder), routes), numbers) in plans.iter().zip(routes).zip(&numbers) {
        add_output(&mut args, (plan, folder), routes, numbers);
    }
    args.0
}

/// The arguments of the process that runs before, under the same conditions, for those of the plans that
/// encode twice; `None` if there are none.
pub(crate) fn first_pass(
    plans: &[(&Plan, &OsStr)],
    input: &Path,
    further: &[&Path],
) -> Option<Vec<OsString>> {
    let is_twice = |(plan, _): &&(&Plan, &OsStr)| plan.is_two_pass();
    let twice: Vec<_> = plans.iter().filter(is_twice).copied().collect();
    if twice.is_empty() {
        return None;
    }
    let (mut args, numbers) = opened(&REPORTED, &twice, input, further, Pass::First);
    let routes = routed(&mut args, &twice, &numbers, Pass::First);
    for ((plan, folder), routes) in twice.into_iter().zip(routes) {
        let Some(video) = &plan.video else { continue };
        add_graph(&mut args, routes.graph);
        if let Some(route) = routes.video {
            add_video(&mut args, video, plan, route, (folder, Pass::First));
        }
        add_length(&mut args, plan);
        args.add(&["-f", "null", "-"]);
    }
    Some(args.0)
}

/// Everything before the outputs, and the numbers of each plan's inputs.
fn opened(
    reported: &[&str],
    plans: &[(&Plan, &OsStr)],
    input: &Path,
    further: &[&Path],
    pass: Pass,
) -> (Args, Vec<Numbers>) {
    let mut args = Args::default();
    args.add(reported).add(&DECODED);
    if plans.iter().any(|(plan, _)| plan.copies()) {
        // AVI and raw streams have no times of their own.
        args.add(&["-fflags", "+genpts"]);
    }
    args.open_source(input);
    if plans.iter().any(|(plan, _)| plan.video.is_some()) {
        // Sizes that change midway are the scaler's to handle: a new graph would start at zero again.
        args.add(&["-reinit_filter:v", "0"]);
    }
    if let Some((plan, _)) = plans.first() {
        seek(&mut args, &plan.window);
    }
    args.input(input);
    let mut inputs = Inputs {
        source: input,
        paths: further,
        count: 1,
    };
    // All inputs stand before the first output.
    let numbers = plans
        .iter()
        .enumerate()
        .map(|(part, (plan, _))| inputs.add_all(&mut args, (plan, part), pass))
        .collect();
    (args, numbers)
}

/// What is opened besides the source. Each use opens it anew: one that is read in step with one output must not wait
/// for another.
struct Inputs<'a> {
    source: &'a Path,
    paths: &'a [&'a Path],
    count: usize,
}

impl Inputs<'_> {
    fn add_all(&mut self, args: &mut Args, (plan, part): (&Plan, usize), pass: Pass) -> Numbers {
        let parts = self.add_parts(args, plan);
        match pass {
            Pass::First => Numbers {
                parts,
                ..Numbers::default()
            },
            Pass::Last => Numbers {
                parts,
                mix: self.add_mix(args, plan),
                overlays: self.add_overlays(args, plan),
                words: self.add_words(args, plan, part),
            },
        }
    }

    /// Opens a file where its window begins, if an index leads there, and answers with its number.
    fn add(&mut self, args: &mut Args, path: &Path, window: &Window) -> usize {
        args.open_source(path).add(&["-reinit_filter:v", "0"]);
        if window.seek == Seek::Index {
            seek(args, window);
            if let Some(length) = window.length_ms {
                args.pair("-t", seconds(length));
            }
        }
        args.input(path);
        self.count += 1;
        self.count - 1
    }

    /// The number of each part's input; the first is the source.
    fn add_parts(&mut self, args: &mut Args, plan: &Plan) -> Vec<usize> {
        let number = |part: &PartPlan| match part.input {
            None => Some(0),
            Some(input) => {
                let path = *self.paths.get(input)?;
                Some(self.add(args, path, &part.window))
            }
        };
        plan.parts.iter().filter_map(number).collect()
    }

    /// The number of each mixed sound's input.
    fn add_mix(&mut self, args: &mut Args, plan: &Plan) -> Vec<usize> {
        let number = |sound: &MixPlan| {
            let path = match sound.input {
                None => self.source,
                Some(input) => *self.paths.get(input)?,
            };
            Some(self.add(args, path, &sound.window))
        };
        plan.mix.iter().filter_map(number).collect()
    }

    /// The number of each input of a stream of subtitles.
    fn add_words(&mut self, args: &mut Args, plan: &Plan, part: usize) -> Vec<usize> {
        let number = |(place, codec, _)| {
            words::open(args, plan, (part, place), codec);
            self.count += 1;
            self.count - 1
        };
        plan.word_streams().map(number).collect()
    }

    /// The number of each overlay's input.
    fn add_overlays(&mut self, args: &mut Args, plan: &Plan) -> Vec<Option<usize>> {
        let mut number = |overlay: &OverlayPlan| {
            let Seen::Picture {
                input, moves, once, ..
            } = overlay.seen
            else {
                return None;
            };
            let path = self.paths.get(input)?;
            args.open_source(path).add(&["-reinit_filter:v", "0"]);
            if moves && !once {
                args.add(&["-stream_loop", "-1"]);
            }
            args.input(path);
            self.count += 1;
            Some(self.count - 1)
        };
        plan.overlays.iter().map(&mut number).collect()
    }
}

/// Where the streams of all outputs come from. Ladders are one graph, which stands before all outputs.
fn routed(
    args: &mut Args,
    plans: &[(&Plan, &OsStr)],
    numbers: &[Numbers],
    pass: Pass,
) -> Vec<Routes> {
    let all: Vec<&Plan> = plans.iter().map(|(plan, _)| *plan).collect();
    let rungs = cascade::rungs(&all);
    let each = all.iter().zip(numbers).zip(&rungs).enumerate();
    let mut routes: Vec<Routes> = each
        .map(|(part, ((plan, numbers), rung))| graph::routes(plan, (part, rung), numbers, pass))
        .collect();
    let ladder: Vec<String> = routes
        .iter_mut()
        .filter_map(|routes| routes.ladder.take())
        .collect();
    add_graph(args, (!ladder.is_empty()).then(|| ladder.join(";")));
    routes
}

fn add_output(args: &mut Args, (plan, folder): (&Plan, &OsStr), routes: Routes, numbers: &Numbers) {
    add_graph(args, routes.graph);
    if let (Some(video), Some(route)) = (&plan.video, routes.video) {
        add_video(args, video, plan, route, (folder, Pass::Last));
    }
    if let (Some(audio), Some(route)) = (&plan.audio, routes.audio) {
        add_audio(args, audio, route);
    }
    words::add_streams(args, plan, &numbers.words);
    add_length(args, plan);
    args.add(&["-max_muxing_queue_size", "4096"]);
    let segmented = match &plan.video {
        Some(video) if video.is_copied() => Segmented::Anyhow,
        video => Segmented::AtClosedGroups {
            frame_seconds: video
                .as_ref()
                .map_or(0.0, |video| video.fps.frame_seconds()),
        },
    };
    match plan.segment_starts.as_slice() {
        [] => add_container(args, plan.container, (folder, plan.rows()), segmented),
        starts => add_segments(args, starts, folder),
    }
}

fn add_length(args: &mut Args, plan: &Plan) {
    let most = MOST_SECONDS as u64 * 1000;
    let asked = plan.window.length_ms;
    let length = asked.map_or(most, |length| length.min(most));
    args.pair("-t", seconds(length));
}

fn add_graph(args: &mut Args, graph: Option<String>) {
    if let Some(graph) = graph {
        args.pair("-filter_complex", graph);
    }
}

fn add_video(args: &mut Args, video: &VideoPlan, plan: &Plan, route: Route, pass: (&OsStr, Pass)) {
    args.pair("-map", route.map);
    if let Some(filters) = route.filters {
        args.pair("-filter:v", filters);
    }
    if !video.is_copied() {
        return video::add(args, video, pass);
    }
    args.add(&["-c:v", "copy"]);
    if is_tagged(video, plan.container) {
        args.add(&["-tag:v", "hvc1"]);
    }
}

fn seek(args: &mut Args, window: &Window) {
    if window.start_ms > 0 && window.seek == Seek::Index {
        args.pair("-ss", seconds(window.start_ms));
    }
}

/// Filters that drop what comes before a window that is reached by decoding.
pub(crate) fn cut_start(window: &Window, prefix: &str) -> Option<String> {
    let wanted = window.start_ms > 0 && window.seek == Seek::Decode;
    let start = seconds(window.start_ms);
    wanted.then(|| format!("{prefix}trim=start={start},{prefix}setpts=PTS-{start}/TB"))
}

fn add_audio(args: &mut Args, audio: &AudioPlan, route: Route) {
    args.pair("-map", route.map);
    if let Some(filters) = route.filters {
        args.pair("-filter:a", filters);
    }
    let Some(encoder) = audio.encoder() else {
        args.add(&["-c:a", "copy"]);
        return;
    };
    args.pair("-c:a", encoder);
    if audio.codec == AudioCodec::Aac {
        args.add(&["-profile:a", "aac_low"]);
    }
    match audio.codec {
        AudioCodec::Flac if audio.sample_bits > 16 => {
            let bits = audio.sample_bits.to_string();
            args.add(&["-sample_fmt", "s32"])
                .pair("-bits_per_raw_sample", bits);
        }
        AudioCodec::Flac => {
            args.add(&["-sample_fmt", "s16"]);
        }
        AudioCodec::Pcm => {}
        _ => {
            args.pair("-b:a", format!("{}k", audio.kbps));
        }
    }
    args.pair("-ar", audio.sample_rate.to_string())
        .pair("-ac", audio.channels.to_string());
}

/// Milliseconds as FFmpeg reads seconds.
pub(crate) fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}

/// The same of microseconds.
pub(crate) fn micros(micros: u64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}
