//! The arguments of processes that write grey frames or samples to their standard output. Pure.

use std::ffi::OsString;
use std::path::Path;

use super::{Args, MOST_GAP_SECONDS};
use crate::plan::{MOST_SECONDS, SamplePlan, Wanted};

/// The FFmpeg that samples the file at `input`.
pub(crate) fn sample_argv(plan: &SamplePlan, input: &Path) -> Vec<OsString> {
    let mut args = Args::default();
    args.add(&["-nostdin", "-hide_banner", "-nostats"])
        .add(&["-loglevel", "level+error"])
        // Of a damaged source there is what is left.
        .add(&["-max_error_rate", "1"])
        .add(&["-dts_error_threshold", MOST_GAP_SECONDS]);
    args.open_source(input);
    if !matches!(plan.wanted, Wanted::Sound { .. }) {
        // Sizes that change midway are the scaler's to handle: a new graph would start at zero again.
        args.add(&["-reinit_filter:v", "0"]);
    }
    args.input(input)
        .pair("-map", format!("0:{}", plan.stream))
        .pair("-t", (MOST_SECONDS as u64).to_string());
    match plan.wanted {
        Wanted::Frames {
            side,
            per_second,
            every,
        } => {
            let few = match every {
                0 | 1 => String::new(),
                _ => format!("select=not(mod(n\\,{every})),"),
            };
            args.pair(
                "-filter:v",
                format!(
                    "fps=fps={per_second}:start_time=0:round=near,{few}{}",
                    grey(side)
                ),
            );
            pictures(&mut args);
        }
        Wanted::Picture { side } => {
            args.pair("-filter:v", grey(side)).add(&["-frames:v", "1"]);
            pictures(&mut args);
        }
        Wanted::Sound { per_second } => {
            // Gaps, and a late start, become silence, so that places are times.
            args.add(&["-filter:a", "aresample=async=1:first_pts=0"])
                .pair("-ar", per_second.to_string())
                .add(&["-ac", "1", "-c:a", "pcm_s16le", "-f", "s16le"]);
        }
    }
    args.add(&["pipe:1"]);
    args.0
}

fn grey(side: u32) -> String {
    format!("scale=w={side}:h={side}:flags=area,format=gray")
}

fn pictures(args: &mut Args) {
    args.add(&["-fps_mode", "passthrough", "-c:v", "rawvideo"])
        .add(&["-f", "rawvideo"]);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn check(wanted: Wanted, expected: &str) {
        let plan = SamplePlan {
            wanted,
            stream: 3,
            seconds: None,
            stall: Duration::from_secs(1),
        };
        let args = sample_argv(&plan, Path::new("/in/film.mp4"));
        let args: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
        let text = args.join(" ");
        assert!(text.ends_with(expected), "{text}");
    }

    #[test]
    fn what_is_wanted_stands_behind_the_input() {
        let frames = |every| Wanted::Frames {
            side: 128,
            per_second: 24,
            every,
        };
        let start = "-reinit_filter:v 0 -i file:/in/film.mp4 -map 0:3 -t 172800";
        let end = "-fps_mode passthrough -c:v rawvideo -f rawvideo pipe:1";
        let rate = "fps=fps=24:start_time=0:round=near";
        let grey = "scale=w=128:h=128:flags=area,format=gray";
        check(frames(1), &format!("{start} -filter:v {rate},{grey} {end}"));
        let few = format!("{rate},select=not(mod(n\\,6)),{grey}");
        check(frames(6), &format!("{start} -filter:v {few} {end}"));
        let picture = Wanted::Picture { side: 128 };
        check(
            picture,
            &format!("{start} -filter:v {grey} -frames:v 1 {end}"),
        );
        let sound = Wanted::Sound { per_second: 11_025 };
        check(
            sound,
            "-i file:/in/film.mp4 -map 0:3 -t 172800 -filter:a aresample=async=1:first_pts=0 \
             -ar 11025 -ac 1 -c:a pcm_s16le -f s16le pipe:1",
        );
    }
}
