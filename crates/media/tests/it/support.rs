//! One runtime and engine for all tests, short ways to make outputs, and independent measurements.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::rc::Rc;
use std::sync::LazyLock;
use std::time::Duration;

use reelgate_domain::job::Fault;
use reelgate_domain::job::kind::transcode::OutputSpec;
use reelgate_domain::media::{AudioFacts, MediaFacts, StreamFacts, VideoFacts};
use reelgate_media::playlist::MediaPlaylist;
use reelgate_media::{
    Engine, Findings, Further, Limits, Part, Plan, ProbeError, Runner, Sources, Survey, Transcode,
    TranscodeError, Transcoded, plan, plan_with, probe, survey, survey_plans, transcode,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
pub(crate) static RUNNER: LazyLock<Runner> =
    LazyLock::new(|| Runner::start(RUNTIME.handle().clone()).unwrap());
pub(crate) static ENGINE: LazyLock<Engine> = LazyLock::new(|| engine(None));
/// The current release, beside the one that is installed.
pub(crate) static CURRENT: LazyLock<Engine> =
    LazyLock::new(|| engine(Some(reelgate_testkit::current_ffmpeg())));

fn engine(ffmpeg: Option<PathBuf>) -> Engine {
    let path = "/usr/local/bin:/usr/bin:/bin".as_ref();
    let found = Engine::discover(&RUNNER, ffmpeg, None, path);
    RUNTIME
        .block_on(found)
        .unwrap_or_else(|error| panic!("these tests need FFmpeg: {error}"))
}

/// In this time every bad source has its fault, on the busiest of machines; what hangs takes longer.
pub(crate) const IN_TIME: Duration = Duration::from_secs(180);

/// A clip that is part of the repository.
pub(crate) fn clip(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../media")
        .join(name);
    path.canonicalize()
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A spec from its settings, in the form it is stored in.
pub(crate) fn spec(key: &str, settings: Value) -> OutputSpec {
    let spec = json!({"object": {"bucket": "media", "key": key}, "settings": settings});
    serde_json::from_value(spec).unwrap()
}

/// Small and fast video, for tests that are about something else.
pub(crate) fn small() -> Value {
    json!({"height": 144, "preset": "veryfast"})
}

pub(crate) fn mp4(video: Value) -> OutputSpec {
    spec(
        "film.mp4",
        json!({"container": {"format": "mp4"}, "video": video, "audio": {}}),
    )
}

pub(crate) fn hls(segments: &str, seconds: u32, video: Value) -> OutputSpec {
    let container = json!({"format": "hls", "segments": segments, "segment_seconds": seconds});
    spec(
        "film.m3u8",
        json!({"container": container, "video": video, "audio": {}}),
    )
}

/// An output that was made, in a directory that goes away with it.
pub(crate) struct Made {
    pub(crate) plan: Plan,
    pub(crate) facts: MediaFacts,
    pub(crate) names: Vec<String>,
    pub(crate) out_dir: PathBuf,
    _folder: Rc<TempDir>,
}

impl Made {
    pub(crate) fn main(&self) -> PathBuf {
        self.out_dir.join(self.names.last().unwrap())
    }

    pub(crate) fn video(&self) -> (&StreamFacts, &VideoFacts) {
        self.facts.video().expect("the output has video")
    }

    pub(crate) fn audio(&self) -> (&StreamFacts, &AudioFacts) {
        self.facts.audio().expect("the output has audio")
    }

    pub(crate) fn playlist(&self) -> MediaPlaylist {
        MediaPlaylist::parse(&std::fs::read_to_string(self.main()).unwrap()).unwrap()
    }
}

pub(crate) fn facts(source: &Path) -> Result<MediaFacts, ProbeError> {
    RUNTIME.block_on(probe(&RUNNER, &ENGINE, source))
}

pub(crate) fn planned(source: &Path, spec: &OutputSpec) -> Result<Plan, Fault> {
    let facts = facts(source).unwrap();
    let findings = surveyed(source, spec, &facts)?;
    plan_with(spec, &facts, &findings, ENGINE.capabilities())
}

fn surveyed(source: &Path, spec: &OutputSpec, facts: &MediaFacts) -> Result<Findings, Fault> {
    let plans = survey_plans(&[spec], facts);
    let Some(plan) = plans.first() else {
        return Ok(Findings::default());
    };
    let folder = tempfile::tempdir().unwrap();
    let job = Survey {
        plan,
        input: source,
        dir: folder.path(),
        limits: &Limits::default(),
    };
    match RUNTIME.block_on(survey(&RUNNER, &ENGINE, job, std::future::pending())) {
        Ok(findings) => Ok(findings[0]),
        Err(TranscodeError::Fault(fault)) => Err(fault),
        Err(TranscodeError::Stopped(_)) => panic!("nobody stopped it"),
    }
}

/// The directory that a process run in `folder` makes its first output in.
pub(crate) fn out_dir(folder: &Path) -> PathBuf {
    part_dir(folder, 0)
}

fn part_dir(folder: &Path, index: usize) -> PathBuf {
    let out_dir = folder.join(index.to_string());
    std::fs::create_dir_all(&out_dir).unwrap();
    out_dir
}

/// Makes an output, with faults of the plan and of the run alike.
pub(crate) fn try_make(source: &Path, spec: &OutputSpec) -> Result<Made, Fault> {
    try_make_within(source, spec, &Limits::default())
}

/// Makes an output of a source and of further inputs, in the names that the spec has for them.
pub(crate) fn make_with(
    source: &Path,
    further: &[(&str, &Path)],
    spec: &OutputSpec,
) -> Result<Made, Fault> {
    let known: Vec<Further> = further
        .iter()
        .map(|(key, path)| Further {
            object: serde_json::from_value(json!({"bucket": "media", "key": key})).unwrap(),
            facts: Ok(facts(path).unwrap()),
        })
        .collect();
    let main = facts(source).unwrap();
    let sources = Sources {
        main: &main,
        further: &known,
    };
    let plan = plan(spec, sources, ENGINE.capabilities())?;
    let paths: Vec<&Path> = further.iter().map(|(_, path)| *path).collect();
    make_of(source, &paths, vec![plan], &Limits::default())?.remove(0)
}

pub(crate) fn try_make_within(
    source: &Path,
    spec: &OutputSpec,
    limits: &Limits,
) -> Result<Made, Fault> {
    let plan = planned(source, spec)?;
    let mut results = make_together(source, vec![plan], limits)?;
    results.remove(0)
}

/// Makes outputs with one process; the outer fault is that of the process.
pub(crate) fn make_together(
    source: &Path,
    plans: Vec<Plan>,
    limits: &Limits,
) -> Result<Vec<Result<Made, Fault>>, Fault> {
    make_of(source, &[], plans, limits)
}

fn make_of(
    source: &Path,
    further: &[&Path],
    plans: Vec<Plan>,
    limits: &Limits,
) -> Result<Vec<Result<Made, Fault>>, Fault> {
    let folder = Rc::new(tempfile::tempdir().unwrap());
    let dirs: Vec<PathBuf> = (0..plans.len())
        .map(|index| part_dir(folder.path(), index))
        .collect();
    let parts: Vec<Part<'_>> = plans
        .iter()
        .zip(&dirs)
        .map(|(plan, out_dir)| Part { plan, out_dir })
        .collect();
    let job = Transcode {
        parts: &parts,
        input: source,
        further,
        dir: folder.path(),
        kept: None,
        limits,
    };
    let mut progress = vec![Vec::new(); plans.len()];
    let made = RUNTIME.block_on(transcode(
        &RUNNER,
        &ENGINE,
        job,
        |part, percent| progress[part].push(percent),
        std::future::pending(),
    ));
    let results = match made {
        Ok(results) => results,
        Err(TranscodeError::Fault(fault)) => return Err(fault),
        Err(TranscodeError::Stopped(_)) => panic!("nobody stopped it"),
    };
    assert_eq!(results.len(), plans.len());
    let made = results
        .into_iter()
        .zip(plans)
        .zip(dirs.iter().zip(progress))
        .map(|((result, plan), (out_dir, progress))| {
            assert!(progress.is_sorted_by(|a, b| a < b), "{progress:?}");
            assert_eq!(progress.last() == Some(&100), result.is_ok());
            result.map(|Transcoded { files, facts }| Made {
                plan,
                facts,
                names: files.into_iter().map(|file| file.name).collect(),
                out_dir: out_dir.clone(),
                _folder: Rc::clone(&folder),
            })
        });
    Ok(made.collect())
}

pub(crate) fn make(source: &Path, spec: &OutputSpec) -> Made {
    try_make(source, spec).unwrap_or_else(|fault| panic!("{}: {fault:#?}", source.display()))
}

/// Runs a program of FFmpeg's and returns what it wrote.
pub(crate) fn run(program: &Path, args: &[&str]) -> Vec<u8> {
    let Output {
        status,
        stdout,
        stderr,
    } = command(program).args(args).output().unwrap();
    let log = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{} {args:?}: {log}", program.display());
    stdout
}

#[expect(
    clippy::disallowed_methods,
    reason = "measurements must not depend on what they measure"
)]
pub(crate) fn command(program: &Path) -> std::process::Command {
    std::process::Command::new(program)
}

/// Makes a source with FFmpeg itself: everything before the name of the file.
pub(crate) fn generate(folder: &Path, name: &str, args: &str) -> PathBuf {
    let path = folder.join(name);
    let mut all: Vec<&str> = "-v error -nostdin -y".split(' ').collect();
    all.extend(args.split(' '));
    all.push(path.to_str().unwrap());
    run(ENGINE.ffmpeg(), &all);
    path
}

/// Lines of one entry for each packet or frame.
pub(crate) fn entries(file: &Path, stream: &str, show: &str) -> Vec<String> {
    let args = [
        "-v",
        "error",
        "-select_streams",
        stream,
        "-show_entries",
        show,
    ];
    let mut args = args.to_vec();
    args.extend(["-of", "csv=p=0", file.to_str().unwrap()]);
    let text = String::from_utf8(run(ENGINE.ffprobe(), &args)).unwrap();
    let lines = text
        .lines()
        .map(|line| line.trim_end_matches(',').to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}

/// Presentation times of key frames, in seconds, from the first picture on.
pub(crate) fn key_frames(file: &Path) -> Vec<f64> {
    let packets = entries(file, "v", "packet=pts_time,flags");
    let mut times: Vec<(f64, bool)> = packets
        .iter()
        .map(|line| {
            let (time, flags) = line.split_once(',').unwrap();
            (time.parse().unwrap(), flags.starts_with('K'))
        })
        .collect();
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    let first = times[0].0;
    let keys = times.into_iter().filter(|(_, is_key)| *is_key);
    keys.map(|(time, _)| time - first).collect()
}

/// How alike two files look after a filter on the second; both are cut to a few frames.
pub(crate) fn likeness(a: &Path, b: &Path, input_options: &[&str], filter: &str) -> f64 {
    let graph = format!(
        "[1:v:0]{filter},setpts=N/25/TB[b];[0:v:0]setpts=N/25/TB[a];[a][b]ssim=stats_file=-:shortest=1"
    );
    let mut args = vec!["-v", "error", "-nostdin", "-i", a.to_str().unwrap()];
    args.extend(input_options);
    args.extend(["-i", b.to_str().unwrap(), "-filter_complex", &graph]);
    args.extend(["-frames:v", "5", "-f", "null", "-"]);
    let text = String::from_utf8(run(ENGINE.ffmpeg(), &args)).unwrap();
    let line = text.lines().next().expect("at least one frame");
    let (_, score) = line.split_once("All:").unwrap();
    score.split(' ').next().unwrap().parse().unwrap()
}

/// Bytes of one plane of gray of the first frame.
pub(crate) fn first_gray(file: &Path) -> Vec<u8> {
    let file = file.to_str().unwrap();
    let args = [
        "-v",
        "error",
        "-i",
        file,
        "-frames:v",
        "1",
        "-vf",
        "extractplanes=y",
    ];
    let mut args = args.to_vec();
    args.extend(["-f", "rawvideo", "-"]);
    run(ENGINE.ffmpeg(), &args)
}

/// Samples of the first channel of the first sound, at 8000 Hz.
pub(crate) fn samples(file: &Path) -> Vec<f32> {
    let args = [
        "-v",
        "error",
        "-nostdin",
        "-i",
        file.to_str().unwrap(),
        "-map",
        "0:a:0",
        "-af",
        "pan=mono|c0=c0",
        "-ar",
        "8000",
        "-f",
        "f32le",
        "-",
    ];
    let bytes = run(ENGINE.ffmpeg(), &args);
    let each = bytes.chunks_exact(4);
    each.map(|four| f32::from_le_bytes(four.try_into().unwrap()))
        .collect()
}

/// How strong a tone is from one second to another: its amplitude.
pub(crate) fn tone(samples: &[f32], hertz: f64, from: f64, to: f64) -> f64 {
    let window = &samples[(from * 8000.0) as usize..((to * 8000.0) as usize).min(samples.len())];
    let (mut sine, mut cosine) = (0.0, 0.0);
    for (at, value) in window.iter().enumerate() {
        let angle = std::f64::consts::TAU * hertz * at as f64 / 8000.0;
        sine += f64::from(*value) * angle.sin();
        cosine += f64::from(*value) * angle.cos();
    }
    2.0 * f64::hypot(sine, cosine) / window.len() as f64
}

/// Mean red, green and blue of a rectangle at a moment.
pub(crate) fn mean(file: &Path, at: f64, (x, y, width, height): (u32, u32, u32, u32)) -> [f64; 3] {
    let filter = format!("crop={width}:{height}:{x}:{y}:exact=1,format=rgb24");
    let at = at.to_string();
    let head = ["-v", "error", "-ss", &at, "-i", file.to_str().unwrap()];
    let tail = ["-frames:v", "1", "-vf", &filter, "-f", "rawvideo", "-"];
    let bytes = run(ENGINE.ffmpeg(), &[&head[..], &tail].concat());
    assert_eq!(bytes.len() as u32, width * height * 3);
    let mut sums = [0.0; 3];
    for pixel in bytes.chunks_exact(3) {
        for (sum, value) in sums.iter_mut().zip(pixel) {
            *sum += f64::from(*value);
        }
    }
    sums.map(|sum| sum / f64::from(width * height))
}

pub(crate) fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance
}
