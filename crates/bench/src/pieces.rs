//! Pictures in pieces beside the same in one go, both by the service.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::clip;
use crate::figure::{Figure, Goal};
use crate::program::{Engine, Program};
use crate::rounds::median;

/// Pairs of each figure; an encode takes long.
const PAIRS: usize = 3;

pub(crate) fn figures(dir: &Path, tell: &mut dyn FnMut(Figure)) -> Result<()> {
    let engine = Engine::find()?;
    let mut bench = Bench {
        program: Program::start(&dir.join("data"), &engine, &["--slots", "1"])?,
    };
    clip::PLAIN.make_long(&engine, &bench.source())?;
    let vp9 = json!({"codec": "vp9", "profile": "main", "height": 480, "preset": "veryfast",
        "gop": {"seconds": 2.0}});
    let name = "VP9 of a 64 s clip in pieces, wall time / in one go";
    tell(bench.figure(name, &vp9, None, Goal::Most(0.75))?);
    // With two processors the estimate lets nothing shorter be cut: this is where it gains the least.
    let name = "the same of its first 32 s, the least that is cut";
    tell(bench.figure(name, &vp9, Some(32_000), Goal::Most(1.02))?);
    let av1 = json!({"codec": "av1", "profile": "main", "height": 480, "preset": "veryfast",
        "gop": {"seconds": 2.0}});
    tell(bench.figure("the same with AV1", &av1, None, Goal::Most(1.02))?);
    bench.program.stop()
}

struct Bench {
    program: Program,
}

impl Bench {
    fn source(&self) -> PathBuf {
        self.program.object("clip.mp4")
    }

    /// Whoever goes first changes from pair to pair.
    fn figure(
        &mut self,
        name: &str,
        video: &Value,
        most_ms: Option<u64>,
        goal: Goal,
    ) -> Result<Figure> {
        let (mut ours, mut whole, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..PAIRS {
            let pieces_first = number.is_multiple_of(2);
            let (first, second) = match pieces_first {
                true => ("preferred", "disabled"),
                false => ("disabled", "preferred"),
            };
            let took = [
                self.job(video, first, most_ms)?,
                self.job(video, second, most_ms)?,
            ];
            let [preferred, disabled] = match pieces_first {
                true => took,
                false => [took[1], took[0]],
            };
            ours.push(preferred);
            whole.push(disabled);
            ratios.push(preferred / disabled);
        }
        let medians = (median(&mut ours), median(&mut whole));
        let middle = median(&mut ratios);
        let note = format!(
            "{PAIRS} pairs, ratios {:.3} to {:.3}, their median {middle:.3}",
            ratios[0],
            ratios[ratios.len() - 1]
        );
        Ok(Figure::beside(name, "s", medians, goal).with_note(note))
    }

    /// From the call to the answer that it has succeeded, in seconds.
    fn job(&mut self, video: &Value, chunks: &str, most_ms: Option<u64>) -> Result<f64> {
        let mut video = video.clone();
        video["chunks"] = json!(chunks);
        let settings = json!({"container": {"format": "mkv"}, "video": video});
        let mut output = json!({"object": "oss://media/out.mkv", "settings": settings});
        if let Some(most) = most_ms {
            output["clip"] = json!({"length": {"duration_ms": most}});
        }
        let job = json!({"input": "oss://media/clip.mp4", "outputs": [output]});
        let started = Instant::now();
        let id = self.program.api.submit(&job)?;
        let ended = self.program.api.ended(&id)?;
        let took = started.elapsed().as_secs_f64();
        ensure!(
            ended["state"] == "succeeded",
            "a job has not succeeded: {ended}"
        );
        Ok(took)
    }
}
