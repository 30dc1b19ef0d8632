//! The clips, the halves they belong to, and what FFmpeg makes of them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use reelgate_dna::params::{
    FRAMES_PER_SECOND, GREY_SIDE, QUERY_DENSITY, SAMPLES_PER_SECOND, TUNED_ON,
};

/// Which clips are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    /// The parameters were chosen on them.
    Tuned,
    /// Nobody looked at them before.
    Other,
}

/// A part of a file.
#[derive(Clone, Debug)]
pub(crate) struct Clip {
    pub(crate) path: PathBuf,
    pub(crate) from: f64,
    pub(crate) seconds: f64,
    pub(crate) has_video: bool,
    pub(crate) has_audio: bool,
    pub(crate) half: Half,
}

impl Clip {
    pub(crate) fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        format!("{} from {} s", name.to_string_lossy(), self.from)
    }
}

/// All clips that can be decoded, those of several folders that have one name only once.
pub(crate) fn all(folders: &[PathBuf]) -> Vec<Clip> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for folder in folders {
        let entries = std::fs::read_dir(folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for entry in entries {
            let path = entry.expect("the folder can be read").path();
            let known = paths
                .iter()
                .any(|other| other.file_name() == path.file_name());
            if !known && path.is_file() {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths.into_iter().flat_map(|path| clips(&path)).collect()
}

fn clips(path: &Path) -> Vec<Clip> {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let is_media = [
        "mp4", "webm", "mkv", "mov", "ogg", "mp3", "wav", "ts", "avi",
    ]
    .iter()
    .any(|end| name.ends_with(end));
    if !is_media || name.starts_with("broken") || name.contains("_copy_") {
        return Vec::new();
    }
    let asked = probe(path);
    let seconds: f64 = asked
        .iter()
        .find_map(|line| line.strip_prefix("duration="))
        .and_then(|text| text.parse().ok())
        .unwrap_or(0.0);
    let is_sound = name.ends_with("ogg") || name.ends_with("mp3") || name.ends_with("wav");
    let has_video = !is_sound && asked.iter().any(|line| line == "codec_type=video");
    let has_audio = asked.iter().any(|line| line == "codec_type=audio");
    let clip = |from: f64, to: f64, half: Half| Clip {
        path: path.to_owned(),
        from,
        seconds: to - from,
        has_video,
        has_audio,
        half,
    };
    // "name: its first N s" gives N s to one half and what follows to the other.
    for tuned in TUNED_ON {
        let Some(rest) = tuned.strip_prefix(&name) else {
            continue;
        };
        let first = rest
            .trim_start_matches(": its first ")
            .trim_end_matches(" s")
            .parse::<f64>();
        return match first {
            Ok(first) => vec![
                clip(0.0, first, Half::Tuned),
                clip(first, seconds, Half::Other),
            ],
            Err(_) => vec![clip(0.0, seconds, Half::Tuned)],
        };
    }
    if seconds > 0.0 {
        vec![clip(0.0, seconds, Half::Other)]
    } else {
        Vec::new()
    }
}

pub(crate) fn command(program: &str) -> Command {
    #[expect(clippy::disallowed_methods, reason = "nothing of this ships")]
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stderr(Stdio::null());
    command
}

fn probe(path: &Path) -> Vec<String> {
    let output = command("ffprobe")
        .args([
            "-v",
            "error",
            "-show_entries",
            "format=duration:stream=codec_type",
            "-of",
            "default=nw=1",
        ])
        .arg(path)
        .output()
        .expect("ffprobe starts");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(str::to_owned)
        .collect()
}

/// What is done to a clip on the way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Way {
    /// Filters in front of an encoder.
    pub(crate) filter: String,
    /// A whole graph instead, from `[0:v]` to `[out]`.
    pub(crate) graph: String,
    /// Encoder and its options; nothing leaves the encoder out.
    pub(crate) encode: String,
    /// The container that carries it.
    pub(crate) format: &'static str,
}

/// Copies are made of no more than the first seconds of a clip.
const MOST_COPIED: f64 = 62.0;
/// By how much copies begin later than what is stored, so that frames and terms of both never coincide.
const LATER: f64 = 0.37;

/// A part of a clip's copy, found again or not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Excerpt {
    /// Where it begins and how long it is, in the clip's own time from the clip's begin.
    pub(crate) from: f64,
    pub(crate) seconds: f64,
}

/// Excerpts of a clip, of at most `seconds` and at least half as many, one each `step` seconds.
pub(crate) fn excerpts(clip: &Clip, seconds: f64, step: f64) -> Vec<Excerpt> {
    // At the end some copies lack a frame or two.
    let copied = (clip.seconds - LATER - 0.3).min(MOST_COPIED);
    let length = seconds.min(copied);
    if length < seconds / 2.0 {
        return Vec::new();
    }
    let count = ((copied - length) / step) as usize + 1;
    (0..count)
        .map(|number| Excerpt {
            from: LATER + number as f64 * step,
            seconds: length,
        })
        .collect()
}

/// All of a clip that is copied.
pub(crate) fn whole(clip: &Clip) -> Excerpt {
    Excerpt {
        from: LATER,
        seconds: (clip.seconds - LATER).min(MOST_COPIED),
    }
}

/// The frames of excerpts of a clip's copy, `speed` seconds of the clip in one of the copy.
pub(crate) fn copied_frames(
    cache: &Path,
    clip: &Clip,
    excerpts: &[Excerpt],
    (way, speed): (&Way, f64),
) -> Vec<Vec<Vec<u8>>> {
    let seconds = whole(clip).seconds;
    let all = frames(
        cache,
        clip,
        clip.from + LATER,
        seconds,
        way,
        QUERY_DENSITY as u32,
    );
    let rate = f64::from(FRAMES_PER_SECOND) * QUERY_DENSITY as f64 / speed;
    excerpts
        .iter()
        .map(|excerpt| part(&all, *excerpt, rate).to_vec())
        .collect()
}

/// The same of its sound.
pub(crate) fn copied_samples(
    cache: &Path,
    clip: &Clip,
    excerpts: &[Excerpt],
    (way, speed): (&Way, f64),
) -> Vec<Vec<i16>> {
    let seconds = whole(clip).seconds;
    let all = samples(cache, clip, clip.from + LATER, seconds, way);
    let rate = f64::from(SAMPLES_PER_SECOND) / speed;
    excerpts
        .iter()
        .map(|excerpt| part(&all, *excerpt, rate).to_vec())
        .collect()
}

fn part<T>(all: &[T], excerpt: Excerpt, rate: f64) -> &[T] {
    let first = ((excerpt.from - LATER) * rate).round() as usize;
    let end = first + (excerpt.seconds * rate).round() as usize;
    &all[first.min(all.len())..end.min(all.len())]
}

/// Grey frames of a part of a clip, transformed, from the cache if they are there.
pub(crate) fn frames(
    cache: &Path,
    clip: &Clip,
    from: f64,
    seconds: f64,
    way: &Way,
    density: u32,
) -> Vec<Vec<u8>> {
    let rate = FRAMES_PER_SECOND * density;
    let is_picture = clip.path.extension().is_some_and(|end| end == "jpg");
    // A single frame is too short for a rate.
    let rate = if is_picture {
        String::new()
    } else {
        format!("fps={rate},")
    };
    let last = format!("{rate}scale={GREY_SIDE}:{GREY_SIDE}:flags=area,format=gray");
    let end = ["-map", "0:v:0", "-vf", &last, "-f", "rawvideo", "-"];
    let bytes = cached(cache, clip, from, seconds, way, "v", &end);
    bytes
        .chunks_exact(GREY_SIDE * GREY_SIDE)
        .map(<[u8]>::to_vec)
        .collect()
}

/// Samples of a part of a clip, transformed, from the cache if they are there.
pub(crate) fn samples(cache: &Path, clip: &Clip, from: f64, seconds: f64, way: &Way) -> Vec<i16> {
    let rate = SAMPLES_PER_SECOND.to_string();
    let end = [
        "-map", "0:a:0", "-ac", "1", "-ar", &rate, "-f", "s16le", "-",
    ];
    let bytes = cached(cache, clip, from, seconds, way, "a", &end);
    bytes
        .as_chunks::<2>()
        .0
        .iter()
        .map(|pair| i16::from_le_bytes(*pair))
        .collect()
}

fn cached(
    cache: &Path,
    clip: &Clip,
    from: f64,
    seconds: f64,
    way: &Way,
    kind: &str,
    end: &[&str],
) -> Vec<u8> {
    let key = format!(
        "{:?} {from} {seconds} {way:?} {kind} {end:?}",
        clip.path.file_name()
    );
    let name = format!(
        "{:016x}.{kind}",
        key.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3)
        })
    );
    let kept = cache.join(name);
    if let Ok(bytes) = std::fs::read(&kept) {
        return bytes;
    }
    let bytes = made(cache, clip, from, seconds, way, kind, end);
    assert!(
        !bytes.is_empty(),
        "FFmpeg made nothing of {} by {way:?}",
        clip.name()
    );
    // Another run may read it while this one writes.
    let new = kept.with_extension(std::process::id().to_string());
    std::fs::write(&new, &bytes).expect("the cache can be written");
    std::fs::rename(&new, &kept).expect("the cache can be written");
    bytes
}

fn made(
    cache: &Path,
    clip: &Clip,
    from: f64,
    seconds: f64,
    way: &Way,
    kind: &str,
    end: &[&str],
) -> Vec<u8> {
    let mut first = command("ffmpeg");
    first.args(["-v", "error", "-nostdin"]);
    // A picture has no times.
    if clip.path.extension().is_none_or(|end| end != "jpg") {
        first.args(["-ss", &from.to_string(), "-t", &seconds.to_string()]);
    }
    first.arg("-i").arg(&clip.path);
    if way.encode.is_empty() && way.graph.is_empty() && way.filter.is_empty() {
        return first.args(end).output().expect("ffmpeg starts").stdout;
    }
    let between = cache.join(format!("{}.{}", std::process::id(), way.format));
    if way.graph.contains("[1:") {
        // A second input to lay beside: speech for sound, another picture for video.
        let other = concat!(env!("CARGO_MANIFEST_DIR"), "/../../media/");
        let other = match kind {
            "a" => format!("{other}speech_libri_5703.ogg"),
            _ => format!("{other}bbb_720p25_aac51.mp4"),
        };
        first.args(["-stream_loop", "-1", "-i", &other]);
    }
    match (way.graph.is_empty(), kind) {
        (false, _) => first.args(["-filter_complex", &way.graph, "-map", "[out]"]),
        (true, "v") => first.args(["-map", "0:v:0"]),
        (true, _) => first.args(["-map", "0:a:0"]),
    };
    if !way.filter.is_empty() {
        first.args([if kind == "v" { "-vf" } else { "-af" }, &way.filter]);
    }
    first
        .args(way.encode.split_whitespace())
        .args(["-t", &(seconds * 1.2).to_string(), "-shortest", "-y"])
        .arg(&between);
    let status = first.status().expect("ffmpeg starts");
    assert!(
        status.success(),
        "FFmpeg failed on {} by {way:?}",
        clip.name()
    );
    let mut second = command("ffmpeg");
    second
        .args(["-v", "error", "-nostdin", "-i"])
        .arg(&between)
        .args(end);
    let bytes = second.output().expect("ffmpeg starts").stdout;
    std::fs::remove_file(&between).expect("what lay between can be removed");
    bytes
}
