//! How alike an output and its source look.

use std::path::Path;
use std::time::Duration;

use reelgate_domain::job::kind::transcode::Clip;
use reelgate_domain::media::MediaFacts;

use crate::argv::{self, Args};
use crate::engine::Engine;
use crate::plan::{FrameRate, Range, Seek, display_size};
use crate::probe::{ProbeError, Shape, probe, probe_output, reach};
use crate::run::{Access, Capture, Ended, Limits, Runner, SpawnError};

/// A line for each frame of an hour and more.
const SCORES_BYTES: usize = 64 << 20;

/// Why two files could not be compared.
#[derive(Debug, thiserror::Error)]
pub enum SsimError {
    #[error("the {which} could not be probed")]
    Probe {
        which: &'static str,
        #[source]
        source: ProbeError,
    },
    #[error("the {which} has no video stream")]
    NoVideo { which: &'static str },
    #[error("the comparison failed with {ended}: {log_tail}")]
    Engine { ended: String, log_tail: String },
    #[error("no frame of the two files could be compared")]
    NoFrames,
}

/// The mean structural similarity, 0 to 1, of `output` and the part of `reference` that `clip`
/// names, both seen at the reference's display size and the output's frame rate. Paths are absolute.
pub async fn ssim(
    runner: &Runner,
    engine: &Engine,
    reference: &Path,
    output: &Path,
    clip: Option<&Clip>,
) -> Result<f64, SsimError> {
    let reference_facts = facts(runner, engine, "reference", reference).await?;
    let output_facts = facts(runner, engine, "output", output).await?;
    let sides = [(reference, &reference_facts), (output, &output_facts)];
    let reach = [reference, reach(output, is_playlist(output))];
    compared(runner, engine, sides, &reach, clip).await
}

/// The same of a reference and an output whose facts are known; `reach` is all that has to be
/// readable for both.
pub(super) async fn compared(
    runner: &Runner,
    engine: &Engine,
    [reference, output]: [(&Path, &MediaFacts); 2],
    reach: &[&Path],
    clip: Option<&Clip>,
) -> Result<f64, SsimError> {
    let args = comparison(reference, output, clip)?;
    let limits = Limits {
        max_run_time: Duration::from_secs(60 * 60),
        ..Limits::default()
    };
    let capture = Capture {
        program: engine.ffmpeg(),
        args,
        cwd: Path::new("/"),
        access: Access {
            read: reach,
            write: None,
        },
        limits: &limits,
        max_bytes: SCORES_BYTES,
    };
    let failed = |ended: String, log_tail: String| SsimError::Engine { ended, log_tail };
    let captured = runner
        .capture(capture)
        .await
        .map_err(|SpawnError(error)| failed(error.to_string(), String::new()))?;
    if captured.ended != Ended::Exited(0) {
        return Err(failed(captured.ended.to_string(), captured.log_tail));
    }
    mean(&String::from_utf8_lossy(&captured.stdout)).ok_or(SsimError::NoFrames)
}

async fn facts(
    runner: &Runner,
    engine: &Engine,
    which: &'static str,
    path: &Path,
) -> Result<MediaFacts, SsimError> {
    // Outputs may be playlists, which a source may never be.
    let probed = match is_playlist(path) {
        true => probe_output(runner, engine, path, Shape::Playlist).await,
        false => probe(runner, engine, path).await,
    };
    probed.map_err(|source| SsimError::Probe { which, source })
}

fn is_playlist(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "m3u8")
}

fn comparison(
    (reference, reference_facts): (&Path, &MediaFacts),
    (output, output_facts): (&Path, &MediaFacts),
    clip: Option<&Clip>,
) -> Result<Vec<std::ffi::OsString>, SsimError> {
    let missing = |which| SsimError::NoVideo { which };
    let (original, source) = reference_facts
        .video()
        .ok_or_else(|| missing("reference"))?;
    let (made, target) = output_facts.video().ok_or_else(|| missing("output"))?;
    let fps = target
        .average_rate
        .as_deref()
        .and_then(FrameRate::parse)
        .or_else(|| target.base_rate.as_deref().and_then(FrameRate::parse))
        .unwrap_or(FrameRate { num: 25, den: 1 });
    let window = crate::plan::window_of(clip, reference_facts);
    let view = format!(
        "{},{},setsar=1,format=yuv420p",
        argv::constant_rate(fps),
        argv::scale(display_size(source), Range::Limit, None)
    );
    let cut: String = argv::cut_start(&window, "").map_or(String::new(), |cut| cut + ",");
    // Our outputs' pictures start at their first moment, whatever timestamp that has.
    let graph = format!(
        "[0:{}]setpts=PTS-STARTPTS,{view}[made];[1:{}]{cut}{view}[wanted];[made][wanted]ssim=stats_file=-:shortest=1",
        made.index, original.index
    );
    let mut args = Args::default();
    args.add(&[
        "-nostdin",
        "-hide_banner",
        "-nostats",
        "-loglevel",
        "level+error",
    ])
    .add(&["-protocol_whitelist", argv::PROTOCOLS])
    .input(output)
    .open_source(reference);
    if window.start_ms > 0 && window.seek == Seek::Index {
        args.pair("-ss", argv::seconds(window.start_ms));
    }
    args.input(reference).pair("-filter_complex", graph);
    args.add(&["-f", "null", "-"]);
    Ok(args.0)
}

/// Lines end in `All:0.987654 (19.1)`.
fn mean(lines: &str) -> Option<f64> {
    let score = |line: &str| {
        let (_, rest) = line.split_once("All:")?;
        rest.split_whitespace().next()?.parse::<f64>().ok()
    };
    let (sum, count) = lines
        .lines()
        .filter_map(score)
        .fold((0.0, 0_u32), |(sum, count), score| (sum + score, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_averaged_over_frames() {
        let lines = "n:1 Y:0.9 All:0.900000 (10.0)\nn:2 Y:1.0 All:1.000000 (inf)\n";
        assert!((mean(lines).unwrap() - 0.95).abs() < 1e-9);
        assert_eq!(mean("nothing"), None);
    }
}
