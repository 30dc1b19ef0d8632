//! Transcodes: outputs of one source become plans, and plans that can share a process are made by
//! one.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Instant;

use reelgate_domain::JobId;
use reelgate_domain::job::kind::transcode::OutputSpec;
use reelgate_domain::job::{Fault, FaultCode, StopMode};
use reelgate_domain::media::{OutputFile, OutputResult};
use reelgate_media::{
    Engine, Limits, Part, Plan, Runner, Stopped, Transcode, TranscodeError, Transcoded,
};

use crate::run::Made;

/// One output that is to be made, and whose it is.
#[derive(Clone, Debug)]
pub struct Planned {
    pub job: JobId,
    /// Its place in the job's spec.
    pub index: usize,
    pub spec: OutputSpec,
    pub plan: Plan,
    /// What it will take of scratch, estimated.
    pub scratch_bytes: u64,
}

/// One process: what it makes, and where.
pub struct Process<'a> {
    pub input: &'a Path,
    /// Where further inputs are, as plans number them.
    pub further: &'a [&'a Path],
    pub parts: &'a [Planned],
    /// A directory that does not exist yet.
    pub dir: &'a Path,
    /// Where finished pieces of pictures stay for a later attempt.
    pub kept: Option<&'a Path>,
    pub limits: Limits,
}

/// How a process ended.
pub enum Outcome {
    /// A result for each part.
    Made(Vec<Made>),
    /// It failed, and with it every part; nothing of it is left.
    Failed(Fault),
    /// It was told to stop; it is gone and nothing of it is left.
    Stopped(Stopped),
}

impl Process<'_> {
    /// Runs it to its end. `on_progress` hears a part's index and 0 to 100.
    pub(crate) async fn run(
        self,
        runner: &Runner,
        engine: &Engine,
        on_progress: impl FnMut(usize, u8),
        stop: impl Future<Output = StopMode>,
    ) -> Outcome {
        let ended = match self.make(runner, engine, on_progress, stop).await {
            Ok(made) => return Outcome::Made(made),
            Err(TranscodeError::Fault(fault)) => Outcome::Failed(fault),
            Err(TranscodeError::Stopped(how)) => Outcome::Stopped(how),
        };
        if let Err(error) = tokio::fs::remove_dir_all(self.dir).await {
            tracing::warn!(%error, "what a process left in the scratch directory stays for now");
        }
        ended
    }

    async fn make(
        &self,
        runner: &Runner,
        engine: &Engine,
        mut on_progress: impl FnMut(usize, u8),
        stop: impl Future<Output = StopMode>,
    ) -> Result<Vec<Made>, TranscodeError> {
        let folders: Vec<PathBuf> = (0..self.parts.len())
            .map(|part| self.dir.join(part.to_string()))
            .collect();
        for folder in &folders {
            tokio::fs::create_dir_all(folder).await.map_err(|error| {
                let message = format!("the scratch directory could not be made: {error}");
                Fault::new(FaultCode::StorageFailed, message)
            })?;
        }
        let each = self.parts.iter().zip(&folders);
        let parts: Vec<Part<'_>> = each
            .clone()
            .map(|(part, out_dir)| Part {
                plan: &part.plan,
                out_dir,
            })
            .collect();
        let job = Transcode {
            parts: &parts,
            input: self.input,
            further: self.further,
            dir: self.dir,
            kept: self.kept,
            limits: &self.limits,
        };
        let is_measured = |part: usize| measures(&self.parts[part].spec);
        // Measuring takes less than making.
        let tell = |part: usize, percent: u8| {
            let percent = match is_measured(part) {
                true => u8::try_from(u16::from(percent) * MADE_PERCENT / 100).unwrap_or(percent),
                false => percent,
            };
            on_progress(part, percent);
        };
        let mut stop = pin!(stop);
        let begun = Instant::now();
        let results = reelgate_media::transcode(runner, engine, job, tell, stop.as_mut()).await?;
        let mut measured = Vec::with_capacity(results.len());
        for (part, mut result) in results.into_iter().enumerate() {
            if let (Ok(transcoded), true) = (&mut result, is_measured(part)) {
                // All of it stands under one limit of time.
                let left = self.limits.max_run_time.saturating_sub(begun.elapsed());
                let limits = Limits {
                    max_run_time: left,
                    ..self.limits
                };
                let job = Transcode {
                    limits: &limits,
                    ..job
                };
                let ended =
                    reelgate_media::quality(runner, engine, job, part, transcoded, stop.as_mut());
                match ended.await {
                    Ok(()) => on_progress(part, 100),
                    Err(TranscodeError::Fault(fault)) => result = Err(fault),
                    Err(stopped @ TranscodeError::Stopped(_)) => return Err(stopped),
                }
            }
            measured.push(result);
        }
        let results = measured;
        let made = each.zip(results).map(|((part, folder), result)| {
            result
                .and_then(|transcoded| done(&part.spec, folder, transcoded))
                .unwrap_or_else(|fault| Made::failed(&part.spec.object, fault))
        });
        Ok(made.collect())
    }
}

/// How much of an output that is measured is done when it is made.
const MADE_PERCENT: u16 = 80;

fn measures(spec: &OutputSpec) -> bool {
    let video = spec.settings.video.as_ref();
    video.is_some_and(|video| video.measure_quality)
}

fn done(output: &OutputSpec, out_dir: &Path, transcoded: Transcoded) -> Result<Made, Fault> {
    let mut files = Vec::with_capacity(transcoded.files.len());
    let mut paths = Vec::with_capacity(transcoded.files.len());
    for file in transcoded.files {
        let key = output
            .object
            .key
            .sibling(&file.name)
            .map_err(|error| Fault::new(FaultCode::SpecUnfit, error.to_string()))?;
        paths.push(out_dir.join(&file.name));
        files.push(OutputFile::new(key, file.bytes));
    }
    let object = output.object.clone();
    let facts = Box::new(transcoded.facts);
    Ok(Made {
        result: OutputResult::Done {
            object,
            files,
            facts,
            source: None,
        },
        files: paths,
        dir: Some(out_dir.to_owned()),
    })
}
