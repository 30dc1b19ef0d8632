//! Figures of the matching: what is found of transformed copies, how fast, and at what size.
//!
//! Clips are transformed by the installed FFmpeg; what comes out of its pipes is kept in the cache directory, so that a
//! second run takes seconds.

#![expect(clippy::print_stdout, reason = "figures are printed for people")]

mod clips;
mod cost;
mod families;
mod latency;
mod plot;
mod queries;
mod recall;
mod signature;
mod stats;
mod transforms;

use std::path::PathBuf;

use clips::Half;
use transforms::Class;

const USAGE: &str = "\
usage: suite [--only PART]... [--half tuned|other] [--clips DIR]... [--cache DIR] [--plots DIR]
             [--transform NAME]... [--class CLASS]... [--step SECONDS] [--hours N]... [--library DIR] [--verbose]

  --only PART   video, audio, together, signature, families, cost or latency; may be repeated (default: all)
  --half HALF   the clips the parameters were tuned on, or the others (default)
  --clips DIR   a further folder of clips; may be repeated
  --cache DIR   where decoded frames and sound are kept (default: target/dna-suite)
  --plots DIR   where plots are written (default: the cache directory)
  --transform NAME  one transform of video and audio; may be repeated (default: all)
  --class CLASS mild, medium or hard transforms only; may be repeated (default: all)
  --step SECONDS    from the begin of one excerpt to that of the next (default: 12.4); smaller steps give more excerpts,
                which overlap and are looked at together
  --hours N     sizes of the library that latency is measured at (default: 10, 100, 300 and 1000)
  --library DIR where that library is kept for the next run (default: nowhere)
  --verbose     tells each query that was missed or found wrongly";

/// How the run was asked to be.
struct Options {
    only: Vec<String>,
    half: Half,
    folders: Vec<PathBuf>,
    cache: PathBuf,
    plots: PathBuf,
    transforms: Vec<String>,
    classes: Vec<Class>,
    /// Seconds from the begin of one excerpt to that of the next.
    step: f64,
    hours: Vec<usize>,
    library: Option<PathBuf>,
    verbose: bool,
}

fn main() {
    let Some(options) = options() else {
        println!("{USAGE}");
        return;
    };
    let asked =
        |part: &str| options.only.is_empty() || options.only.iter().any(|only| only == part);
    for dir in [&options.cache, &options.plots] {
        std::fs::create_dir_all(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    }
    if asked("video") {
        recall::video(&options);
    }
    if asked("audio") {
        recall::audio(&options);
    }
    if asked("together") {
        recall::together(&options);
    }
    if asked("signature") {
        signature::print(&options);
    }
    if asked("families") {
        families::print(&options);
    }
    if asked("cost") {
        cost::print(&options);
    }
    if asked("latency") {
        latency::print(&options);
    }
}

/// One that is none would leave all tables empty.
fn is_transform(name: &str) -> bool {
    let mut known = transforms::video().into_iter().chain(transforms::audio());
    known.any(|transform| transform.name == name)
}

fn options() -> Option<Options> {
    let repository = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let mut options = Options {
        only: Vec::new(),
        half: Half::Other,
        folders: vec![repository.join("media")],
        cache: repository.join("target/dna-suite"),
        plots: PathBuf::new(),
        transforms: Vec::new(),
        classes: Vec::new(),
        step: 12.4,
        hours: Vec::new(),
        library: None,
        verbose: false,
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            // Cargo says it to every bench.
            "--bench" => {}
            "--verbose" => options.verbose = true,
            "--only" => options.only.push(args.next()?),
            "--half" => match args.next()?.as_str() {
                "tuned" => options.half = Half::Tuned,
                "other" => options.half = Half::Other,
                _ => return None,
            },
            "--clips" => options.folders.push(args.next()?.into()),
            "--cache" => options.cache = args.next()?.into(),
            "--plots" => options.plots = args.next()?.into(),
            "--library" => options.library = Some(args.next()?.into()),
            "--transform" => options
                .transforms
                .push(args.next().filter(|it| is_transform(it))?),
            "--class" => options.classes.push(Class::named(&args.next()?)?),
            "--step" => {
                options.step = args.next()?.parse().ok().filter(|step| *step >= 0.1)?;
            }
            "--hours" => options.hours.push(args.next()?.parse().ok()?),
            _ => return None,
        }
    }
    if options.hours.is_empty() {
        options.hours = vec![10, 100, 300, 1_000];
    }
    if options.plots.as_os_str().is_empty() {
        options.plots.clone_from(&options.cache);
    }
    Some(options)
}
