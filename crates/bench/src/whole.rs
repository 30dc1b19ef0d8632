//! Whole jobs beside FFmpeg started by hand with the best command for the same result.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use reelgate_domain::job::kind::transcode::{RateControl, Settings};
use reelgate_domain::preset;
use serde_json::{Value, json};

use crate::clip;
use crate::figure::{Figure, Goal};
use crate::program::{Engine, Program, command, processor_time};
use crate::rounds::median;

/// Pairs of a job and its command.
const PAIRS: usize = 3;

/// Pairs of a ladder and its commands: processor time varies little, and these take long.
const LADDERS: usize = 1;

const JOB: &str = "web-480p";
const LADDER: [&str; 4] = ["web-720p", "web-480p", "web-360p", "web-240p"];

/// Key frames every two seconds of 25 frames, as the presets have them.
const GROUP_OF_PICTURES: &str = "50";

/// What one run took, in seconds.
#[derive(Clone, Copy)]
struct Cost {
    wall: f64,
    processor: f64,
}

pub(crate) fn figures(dir: &Path, tell: &mut dyn FnMut(Figure)) -> Result<()> {
    let engine = Engine::find()?;
    let mut bench = Bench {
        program: Program::start(&dir.join("data"), &engine, &["--slots", "1"])?,
        engine,
        dir: dir.to_owned(),
    };
    clip::PLAIN.make_long(&bench.engine, &bench.source())?;
    let mut pairs = Vec::with_capacity(PAIRS);
    for number in 0..PAIRS {
        pairs.push(bench.pair(number, &[JOB])?);
    }
    tell(wall(&pairs));
    tell(processor(&pairs));
    clip::PHONE.make_long(&bench.engine, &bench.source())?;
    let mut ladders = Vec::with_capacity(LADDERS);
    for number in 0..LADDERS {
        ladders.push(bench.pair(number, &LADDER)?);
    }
    tell(ladder(&ladders));
    bench.program.stop()
}

fn medians(pairs: &[(Cost, Cost)], of: impl Fn(&Cost) -> f64) -> (f64, f64) {
    let mut ours: Vec<f64> = pairs.iter().map(|(ours, _)| of(ours)).collect();
    let mut bare: Vec<f64> = pairs.iter().map(|(_, bare)| of(bare)).collect();
    (median(&mut ours), median(&mut bare))
}

/// The ratios of the single pairs, smallest and largest.
fn spread(pairs: &[(Cost, Cost)], of: impl Fn(&Cost) -> f64) -> String {
    let ratios = pairs.iter().map(|(ours, bare)| of(ours) / of(bare));
    let (least, most) = ratios.fold((f64::MAX, f64::MIN), |(least, most), ratio| {
        (least.min(ratio), most.max(ratio))
    });
    format!("{} pairs, ratios {least:.3} to {most:.3}", pairs.len())
}

fn wall(pairs: &[(Cost, Cost)]) -> Figure {
    let mut ratios: Vec<f64> = pairs.iter().map(|(a, b)| a.wall / b.wall).collect();
    let medians = medians(pairs, |cost| cost.wall);
    let note = format!(
        "{}, their median {:.3}",
        spread(pairs, |cost| cost.wall),
        median(&mut ratios)
    );
    let name = "a job of a 64 s clip, wall time / ffmpeg by hand";
    Figure::beside(name, "s", medians, Goal::Most(1.02)).with_note(note)
}

fn processor(pairs: &[(Cost, Cost)]) -> Figure {
    let medians = medians(pairs, |cost| cost.processor);
    let note = spread(pairs, |cost| cost.processor);
    let name = "the same, processor time of all processes";
    Figure::beside(name, "s", medians, Goal::MostPlus(1.0, 0.4)).with_note(note)
}

fn ladder(pairs: &[(Cost, Cost)]) -> Figure {
    let medians = medians(pairs, |cost| cost.processor);
    let (ours, by_hand) = self::medians(pairs, |cost| cost.wall);
    let note = format!("AV1 of 10 bits, 64 s; wall time {ours:.1} s / {by_hand:.1} s");
    let name = "a ladder of four, processor time / four ffmpegs by hand";
    Figure::beside(name, "s", medians, Goal::Most(0.72)).with_note(note)
}

struct Bench {
    program: Program,
    engine: Engine,
    dir: PathBuf,
}

impl Bench {
    fn source(&self) -> PathBuf {
        self.program.object("clip.mp4")
    }

    /// Whoever goes first changes from pair to pair.
    fn pair(&mut self, number: usize, presets: &[&str]) -> Result<(Cost, Cost)> {
        if number.is_multiple_of(2) {
            let ours = self.job(presets)?;
            Ok((ours, self.by_hand(presets)?))
        } else {
            let bare = self.by_hand(presets)?;
            Ok((self.job(presets)?, bare))
        }
    }

    /// One job with an output for each preset, from the call to the answer that it has succeeded.
    fn job(&mut self, presets: &[&str]) -> Result<Cost> {
        let output = |preset: &&str| json!({"object": format!("oss://media/{preset}.mp4"), "preset": preset});
        let outputs: Vec<Value> = presets.iter().map(output).collect();
        let job = json!({"input": "oss://media/clip.mp4", "outputs": outputs});
        let used = self.program.processor_time()?;
        let started = Instant::now();
        let id = self.program.api.submit(&job)?;
        let ended = self.program.api.ended(&id)?;
        let wall = started.elapsed();
        ensure!(
            ended["state"] == "succeeded",
            "a job has not succeeded: {ended}"
        );
        let failed = ended["outputs"].as_array().into_iter().flatten();
        let failed = failed
            .filter(|output| output["state"] != "succeeded")
            .count();
        ensure!(failed == 0, "outputs have failed: {ended}");
        Ok(cost(wall, self.program.processor_time()? - used))
    }

    /// One command for each preset, one after the other.
    fn by_hand(&self, presets: &[&str]) -> Result<Cost> {
        let used = processor_time("self")?;
        let started = Instant::now();
        for name in presets {
            let settings = preset::find(name).map(|preset| preset.settings);
            let settings = settings.ok_or_else(|| anyhow::anyhow!("no preset {name}"))?;
            let status = command(&self.engine.ffmpeg)
                .args(["-v", "error", "-nostdin", "-y", "-i"])
                .arg(self.source())
                .args(arguments(&settings))
                .arg(self.dir.join("by-hand.mp4"))
                .stdin(Stdio::null())
                .status()?;
            ensure!(status.success(), "ffmpeg by hand ended with {status}");
        }
        let wall = started.elapsed();
        Ok(cost(wall, processor_time("self")? - used))
    }
}

/// What somebody who knows FFmpeg would write for an MP4 of these settings, and nothing more.
fn arguments(settings: &Settings) -> Vec<String> {
    let mut args: Vec<String> = Vec::new();
    let mut add = |words: &str| args.extend(words.split(' ').map(str::to_owned));
    if let Some(video) = &settings.video {
        add("-map 0:v:0");
        if let Some(height) = video.height {
            add(&format!("-vf scale=-2:{height}"));
        }
        add(&format!(
            "-c:v libx264 -preset {} -profile:v {}",
            video.preset, video.profile
        ));
        if let RateControl::Crf { crf, cap } = video.rate {
            add(&format!("-crf {crf}"));
            if let Some(cap) = cap {
                add(&format!(
                    "-maxrate {}k -bufsize {}k",
                    cap.maxrate_kbps, cap.bufsize_kbit
                ));
            }
        }
        add(&format!(
            "-g {GROUP_OF_PICTURES} -sc_threshold 0 -pix_fmt yuv420p"
        ));
    }
    if let Some(audio) = &settings.audio {
        add("-map 0:a:0 -c:a aac");
        add(&format!(
            "-b:a {}k -ar {} -ac {}",
            audio.kbps, audio.sample_rate, audio.channels
        ));
    }
    add("-movflags +faststart");
    args
}

fn cost(wall: Duration, processor: Duration) -> Cost {
    Cost {
        wall: wall.as_secs_f64(),
        processor: processor.as_secs_f64(),
    }
}
