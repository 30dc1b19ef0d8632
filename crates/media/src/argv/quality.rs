//! The arguments of processes that compare an output with what its encoder was given. Pure.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::cascade::Rung;
use super::graph::routes;
use super::video::Pass;
use super::{Args, PROTOCOLS, opened};
use crate::plan::{Plan, VideoPlan};

/// What these processes say: figures alone, on standard output.
const QUIET: [&str; 5] = [
    "-nostdin",
    "-hide_banner",
    "-nostats",
    "-loglevel",
    "level+error",
];

/// What is measured besides SSIM and PSNR.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Also {
    pub(crate) vmaf: bool,
    pub(crate) xpsnr: bool,
}

/// Where the frames' VMAF goes, in the directory the process runs in: its filter writes no other way.
pub(crate) const VMAF_FILE: &str = "vmaf.csv";

/// The FFmpeg that makes the pictures of an output once more, up to its encoder, and prints how like them those in
/// `output` are: a line with `mse_avg`, one with `All` and, if asked, one with `XPSNR` for each frame, in their order.
/// The rest is as of [`argv`](super::argv); `part` is the plan's place among those of the process that made the output.
pub(crate) fn comparison(
    (plan, part): (&Plan, usize),
    (input, further): (&Path, &[&Path]),
    output: &Path,
    also: Also,
) -> Option<Vec<OsString>> {
    // Sound would have nowhere to go.
    let silent = Plan {
        audio: None,
        mix: Vec::new(),
        ..plan.clone()
    };
    let video = silent.video.as_ref()?;
    let (mut args, numbers) = opened(
        &QUIET,
        &[(&silent, OsStr::new(""))],
        input,
        further,
        Pass::Last,
    );
    let made = args.0.iter().filter(|arg| *arg == "-i").count();
    args.add(&["-protocol_whitelist", PROTOCOLS]).input(output);
    let routes = routes(
        &silent,
        (part, &Rung::default()),
        numbers.first()?,
        Pass::Last,
    );
    let route = routes.video?;
    let mut graph: Vec<String> = routes.graph.into_iter().collect();
    let own = match route.map.starts_with('[') {
        true => route.map,
        false => format!("[{}]", route.map),
    };
    let filters = route.filters.map_or(String::new(), |it| it + ",");
    graph.push(format!("{own}{filters}{}[given]", in_step(video)));
    graph.push(format!("[{made}:v:0]{}[made]", in_step(video)));
    graph.extend(measures(also));
    args.pair("-filter_complex", graph.join(";"));
    args.add(&["-f", "null", "-"]);
    Some(args.0)
}

/// The filters that hold `[made]` against `[given]`, one after another: each passes on what its first input is.
fn measures(also: Also) -> Vec<String> {
    let mut all = Vec::new();
    let (mut given, mut made) = ("given", "made");
    if also.xpsnr {
        // The weights of errors are those of its first input.
        all.push("[made]split[m1][m2]".to_owned());
        all.push("[given][m1]xpsnr=stats_file=-:shortest=1[weighed]".to_owned());
        (given, made) = ("weighed", "m2");
    }
    let mut rest = vec!["psnr=stats_file=-", "ssim=stats_file=-"];
    let vmaf = format!("libvmaf=log_fmt=csv:log_path={VMAF_FILE}");
    if also.vmaf {
        rest.push(&vmaf);
    }
    let copies: String = (0..rest.len()).map(|place| format!("[g{place}]")).collect();
    all.push(format!("[{given}]split={}{copies}", rest.len()));
    let chain = rest.iter().enumerate().map(|(place, filter)| {
        let from = match place {
            0 => made.to_owned(),
            _ => format!("s{place}"),
        };
        let to = match place + 1 == rest.len() {
            true => String::new(),
            false => format!("[s{}]", place + 1),
        };
        format!("[{from}][g{place}]{filter}:shortest=1{to}")
    });
    all.extend(chain);
    all
}

/// Frames of one form whose times are their numbers, so that none is held against another. Both sides count in the same
/// unit: numbers turned into the ticks of a container are cut off, and one tick less is the frame before.
fn in_step(video: &VideoPlan) -> String {
    let fps = video.fps;
    format!(
        "format={},settb={}/{},setpts=N",
        video.pixel_format, fps.den, fps.num
    )
}

/// The FFmpeg that prints the packets of an output's picture: `stream, dts, pts, duration, size, sum`.
pub(crate) fn packets(output: &Path) -> Vec<OsString> {
    let mut args = Args::default();
    args.add(&QUIET)
        .add(&["-protocol_whitelist", PROTOCOLS])
        .input(output)
        .add(&["-map", "0:v:0", "-c", "copy", "-f", "framecrc", "-"]);
    args.0
}

/// The FFmpeg that writes these frames of an output, by their numbers from 0 in rising order, as pictures with the names
/// of [`still_file`] into the directory it runs in. They are counted, as times differ by container: what starts first,
/// picture or sound, is where seeking counts from, and playlists are entered at whole segments.
pub(crate) fn stills(output: &Path, frames: &[u64]) -> Vec<OsString> {
    let wanted: Vec<String> = (frames.iter())
        .map(|frame| format!("eq(n\\,{frame})"))
        .collect();
    let wanted = wanted.join("+");
    let mut args = Args::default();
    args.add(&QUIET)
        .add(&["-y", "-protocol_whitelist", PROTOCOLS])
        .input(output)
        .add(&["-map", "0:v:0", "-fps_mode", "passthrough"])
        .pair("-frames:v", frames.len().to_string())
        .pair(
            "-filter:v",
            format!("{SIGNS},select={wanted},scale=out_range=pc,format=yuvj420p"),
        )
        .add(&["-c:v", "mjpeg", "-q:v", "3", "-f", "image2"]);
    args.0.push(STILLS.into());
    args.0
}

/// A line for each frame that is decoded: the first one wanted may be an hour in, FFmpeg tells of no progress before it,
/// and a process that tells nothing is taken for one that hangs.
const SIGNS: &str = "metadata=mode=add:key=n:value=1,metadata=mode=print:file=-:direct=1";

/// What the stills are called, as the muxer that numbers them from 1 takes it.
const STILLS: &str = "worst-%d.jpg";

/// The name of one of [`stills`], by its place among them from 0.
pub(crate) fn still_file(place: usize) -> String {
    STILLS.replace("%d", &(place + 1).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Long films were given up for want of a word before their first still.
    #[test]
    fn looking_for_stills_tells_of_every_frame() {
        let args = stills(Path::new("/made/film.mp4"), &[7, 90_000]);
        let filters = args.iter().filter_map(|arg| arg.to_str());
        let filters: Vec<&str> = filters.filter(|arg| arg.contains("select=")).collect();
        let [filters] = filters[..] else {
            panic!("{args:?}");
        };
        assert!(filters.starts_with(SIGNS), "{filters}");
        assert!(
            filters.contains(r"select=eq(n\,7)+eq(n\,90000),"),
            "{filters}"
        );
    }
}
