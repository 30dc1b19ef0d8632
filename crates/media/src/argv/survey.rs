//! The arguments of a process that measures a source. Pure.

use std::ffi::OsString;
use std::path::Path;

use super::video::steady;
use super::{Args, MOST_GAP_SECONDS, audio, cut_start, seconds, seek};
use crate::plan::{AudioPlan, MOST_SECONDS, PictureLook, SEEN_SECONDS, Seek, Window};

/// What one process measures, and the names of the files in its directory that the figures go to, one per line with
/// those of the whole last.
#[derive(Debug)]
pub(crate) enum Look<'a> {
    Picture {
        look: &'a PictureLook,
        file: String,
    },
    /// The sound as it is after all that the plan does to it.
    Sound {
        plan: AudioPlan,
        loudness: String,
        peak: String,
    },
}

/// The FFmpeg that looks at the file at `input`. Pictures and sounds are read by themselves, as pictures are looked at
/// for a while only and need not be decoded any longer.
pub(crate) fn survey_argv(window: &Window, looks: &[Look<'_>], input: &Path) -> Vec<OsString> {
    let mut args = Args::default();
    args.add(&["-nostdin", "-hide_banner", "-nostats", "-y"])
        .add(&["-loglevel", "level+error"])
        .add(&["-progress", "pipe:1", "-stats_period", "0.5"])
        // Of a damaged source there is what is left.
        .add(&["-max_error_rate", "1"])
        .add(&["-dts_error_threshold", MOST_GAP_SECONDS]);
    let is_picture = |look: &&Look<'_>| matches!(look, Look::Picture { .. });
    let pictures = looks.iter().filter(is_picture).count();
    let whole = window
        .length_ms
        .unwrap_or(u64::MAX)
        .min(MOST_SECONDS as u64 * 1000);
    let seen = whole.min(SEEN_SECONDS * 1000);
    if pictures > 0 {
        let before = match window.seek {
            Seek::Decode => window.start_ms,
            Seek::Index => 0,
        };
        args.open_source(input);
        args.add(&["-reinit_filter:v", "0"])
            .pair("-t", seconds(before.saturating_add(seen)));
        seek(&mut args, window);
        args.input(input);
    }
    if pictures < looks.len() {
        args.open_source(input);
        seek(&mut args, window);
        args.input(input);
    }
    let of_sounds = usize::from(pictures > 0);
    for look in looks {
        match look {
            Look::Picture { look, file } => {
                args.pair("-map", format!("0:{}", look.stream))
                    .pair("-filter:v", seen_by(look, window, file))
                    .pair("-t", seconds(seen))
                    .add(&["-fps_mode", "passthrough"]);
            }
            Look::Sound {
                plan,
                loudness,
                peak,
            } => {
                args.pair("-map", format!("{of_sounds}:{}", plan.stream))
                    .pair("-filter:a", heard_by(plan, window, (loudness, peak)))
                    .pair("-t", seconds(whole));
            }
        }
        args.add(&["-f", "null", "-"]);
    }
    args.0
}

fn seen_by(look: &PictureLook, window: &Window, file: &str) -> String {
    let mut chain: Vec<String> = cut_start(window, "").into_iter().collect();
    chain.push(steady(look.size));
    if look.fields {
        chain.push("idet".to_owned());
    }
    if look.borders {
        // The largest picture that was seen: a dark scene has none of its own.
        chain.push("cropdetect=limit=0.0941176:round=2:reset=0:skip=0".to_owned());
    }
    chain.push(format!("metadata=mode=print:file={file}"));
    chain.join(",")
}

fn heard_by(plan: &AudioPlan, window: &Window, (loudness, peak): (&str, &str)) -> String {
    let low = match plan.sample_rate {
        rate @ ..44_100 => format!(",aresample={rate}"),
        _ => String::new(),
    };
    format!(
        "{},aformat=channel_layouts={}c{low},ebur128=peak=true:metadata=1,\
         ametadata=mode=print:key=lavfi.r128.I:file={loudness},\
         ametadata=mode=print:key=lavfi.r128.true_peak:file={peak}",
        audio::filters(plan, window),
        plan.channels
    )
}
