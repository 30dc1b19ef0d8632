//! What settings of outputs cost beyond the encode itself.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};
use reelgate_domain::job::kind::transcode::OutputSpec;
use reelgate_media::{Engine, Limits, Runner, Survey, TranscodeError, survey, survey_plans};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::clip;
use crate::figure::{Figure, Goal};
use crate::program::{self, Program, command};
use crate::rounds::{in_turns, median};

const ROUNDS: usize = 5;
/// Pairs of a copy and an encode.
const PAIRS: usize = 3;
/// A little over eleven minutes.
const REPEATS: &str = "31";
const SOUND: &str = "speech_libri_5703.ogg";

pub(crate) fn figures(runtime: &Runtime, dir: &Path, tell: &mut dyn FnMut(Figure)) -> Result<()> {
    let found = program::Engine::find()?;
    let long = dir.join("long.wav");
    let media = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../media");
    let sound = media.join(SOUND).canonicalize().context(SOUND)?;
    let repeated = command(&found.ffmpeg)
        .args(["-v", "error", "-nostdin", "-stream_loop", REPEATS, "-i"])
        .arg(sound)
        .args(["-ar", "48000", "-ac", "2", "-y"])
        .arg(&long)
        .stdin(Stdio::null())
        .status()?;
    ensure!(
        repeated.success(),
        "{SOUND} could not be repeated: {repeated}"
    );
    let meter = Meter::new(runtime, &found, long, dir.join("survey"))?;
    let pair = in_turns(ROUNDS, || meter.survey(), || meter.first_pass())?;
    let name = "loudness: seconds of sound a second / first pass of loudnorm";
    tell(Figure::beside(name, "s/s", pair, Goal::Least(5.0)));
    tell(copies(&found, dir)?);
    Ok(())
}

/// What a picture that complies takes to be copied beside the same encoded anew, in processor time of all processes.
fn copies(engine: &program::Engine, dir: &Path) -> Result<Figure> {
    let mut program = Program::start(&dir.join("data"), engine, &["--slots", "1"])?;
    clip::PLAIN.make_long(engine, &program.object("clip.mp4"))?;
    let mut made = |complies: bool| -> Result<f64> {
        let settings = json!({
            "container": {"format": "mp4"},
            "video": {"copy_if_compliant": complies},
            "audio": {"codec": "copy"},
        });
        let output = json!({"object": "oss://media/out.mp4", "settings": settings});
        let job = json!({"input": "oss://media/clip.mp4", "outputs": [output]});
        let used = program.processor_time()?;
        let id = program.api.submit(&job)?;
        let ended = program.api.ended(&id)?;
        ensure!(
            ended["state"] == "succeeded",
            "a job has not succeeded: {ended}"
        );
        Ok((program.processor_time()? - used).as_secs_f64())
    };
    let (mut copied, mut encoded) = (Vec::new(), Vec::new());
    for _ in 0..PAIRS {
        copied.push(made(true)?);
        encoded.push(made(false)?);
    }
    program.stop()?;
    let medians = (median(&mut copied), median(&mut encoded));
    let name = "a 64 s clip that complies, processor time / encoded";
    Ok(Figure::beside(name, "s", medians, Goal::Most(0.02)))
}

/// Both ways to measure one sound.
struct Meter<'a> {
    runtime: &'a Runtime,
    runner: Runner,
    engine: Engine,
    sound: PathBuf,
    seconds: f64,
    dir: PathBuf,
}

impl<'a> Meter<'a> {
    fn new(
        runtime: &'a Runtime,
        found: &program::Engine,
        sound: PathBuf,
        dir: PathBuf,
    ) -> Result<Self> {
        std::fs::create_dir(&dir)?;
        let runner = Runner::start(runtime.handle().clone())?;
        let paths = (Some(found.ffmpeg.clone()), Some(found.ffprobe.clone()));
        let engine = Engine::discover(&runner, paths.0, paths.1, "".as_ref());
        let engine = runtime.block_on(engine)?;
        let facts = runtime.block_on(reelgate_media::probe(&runner, &engine, &sound))?;
        let seconds = facts.format.duration_seconds;
        Ok(Self {
            runtime,
            runner,
            engine,
            sound,
            seconds: seconds.context("the sound has no length")?,
            dir,
        })
    }

    /// Seconds of sound in a second, by the service's own way. A gain alone reaches the loudness.
    fn survey(&self) -> Result<f64> {
        let begun = Instant::now();
        let facts = reelgate_media::probe(&self.runner, &self.engine, &self.sound);
        let facts = self.runtime.block_on(facts)?;
        let volume = json!({"method": "loudness", "integrated": -40.0});
        let audio = json!({"sample_rate": 48_000, "volume": volume});
        let spec: OutputSpec = serde_json::from_value(json!({
            "object": {"bucket": "bench", "key": "sound.mp4"},
            "settings": {"container": {"format": "mp4"}, "audio": audio},
        }))?;
        let plans = survey_plans(&[&spec], &facts);
        let job = Survey {
            plan: plans.first().context("nothing is to be measured")?,
            input: &self.sound,
            dir: &self.dir,
            limits: &Limits::default(),
        };
        let found = survey(&self.runner, &self.engine, job, std::future::pending());
        let found = self.runtime.block_on(found).map_err(|error| match error {
            TranscodeError::Fault(fault) => anyhow!("{}", fault.message),
            TranscodeError::Stopped(_) => anyhow!("it was stopped"),
        })?;
        let level = found.first().and_then(|found| found.level);
        ensure!(level.is_some_and(|level| level.limit_dbtp.is_none()));
        Ok(self.seconds / begun.elapsed().as_secs_f64())
    }

    /// The same by what is usual.
    fn first_pass(&self) -> Result<f64> {
        let begun = Instant::now();
        let status = command(self.engine.ffmpeg())
            .args(["-v", "error", "-nostdin", "-i"])
            .arg(&self.sound)
            .args([
                "-af",
                "loudnorm=I=-40:TP=-1:print_format=json",
                "-f",
                "null",
                "-",
            ])
            .stdin(Stdio::null())
            .status()?;
        ensure!(status.success(), "loudnorm: {status}");
        Ok(self.seconds / begun.elapsed().as_secs_f64())
    }
}
