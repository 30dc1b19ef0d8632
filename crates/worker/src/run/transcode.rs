//! Transcode jobs: probe the input once, then make each output in a directory of its own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reelgate_domain::ObjectRef;
use reelgate_domain::job::kind::transcode::{OutputSpec, TranscodeSpec};
use reelgate_domain::job::{Fault, FaultCode, StopMode};
use reelgate_domain::media::{MediaFacts, OutputFile, OutputResult};
use reelgate_media::{Limits, Part, ProbeError, Transcode, TranscodeError, Transcoded};
use reelgate_objects::ObjectError;

use crate::attempt::Attempt;
use crate::run::{Interrupted, Made};

/// Makes every output, or says of each why not.
pub(crate) async fn transcode(
    attempt: &Attempt,
    spec: &TranscodeSpec,
) -> Result<Vec<Made>, Interrupted> {
    let source = tokio::select! {
        source = Source::open(attempt, &spec.input) => source,
        () = ended(attempt) => return Err(Interrupted),
    };
    let mut made = Vec::with_capacity(spec.outputs.len());
    for (index, output) in spec.outputs.iter().enumerate() {
        let result = match &source {
            Ok(source) => make(attempt, source, output, index, spec.outputs.len()).await?,
            Err(fault) => Err(fault.clone()),
        };
        made.push(result.unwrap_or_else(|fault| {
            let result = OutputResult::Failed {
                object: output.object.clone(),
                fault,
            };
            Made {
                result,
                files: Vec::new(),
            }
        }));
    }
    Ok(made)
}

/// The input as the outputs need it.
struct Source {
    path: PathBuf,
    facts: MediaFacts,
}

impl Source {
    async fn open(attempt: &Attempt, object: &ObjectRef) -> Result<Self, Fault> {
        let bucket = attempt.bucket(&object.bucket).await?;
        let path = bucket
            .local_path(&object.key)
            .await
            .map_err(|error| match error {
                ObjectError::Missing(_) => Fault::new(
                    FaultCode::SourceMissing,
                    format!("input {object} does not exist"),
                ),
                other => Fault::new(FaultCode::StorageFailed, other.to_string()),
            })?;
        let tools = &attempt.tools;
        let facts = reelgate_media::probe(&tools.runner, &tools.engine, &path)
            .await
            .map_err(|error| probe_fault(object, &error))?;
        Ok(Self { path, facts })
    }
}

fn probe_fault(object: &ObjectRef, error: &ProbeError) -> Fault {
    let code = match error {
        ProbeError::NotMedia { .. } | ProbeError::TimedOut => FaultCode::SourceUnreadable,
        ProbeError::Engine { .. } => FaultCode::EngineFailed,
    };
    Fault::new(code, format!("input {object}: {error}"))
}

/// Makes one of `count` outputs. The outer error says that the attempt was ended.
async fn make(
    attempt: &Attempt,
    source: &Source,
    output: &OutputSpec,
    index: usize,
    count: usize,
) -> Result<Result<Made, Fault>, Interrupted> {
    let tools = &attempt.tools;
    let plan = match reelgate_media::plan(output, &source.facts, tools.engine.capabilities()) {
        Ok(plan) => plan,
        Err(fault) => return Ok(Err(fault)),
    };
    let dir = attempt.scratch();
    let out_dir = dir.join(index.to_string());
    if let Err(error) = tokio::fs::create_dir_all(&out_dir).await {
        let message = format!("the scratch directory could not be made: {error}");
        return Ok(Err(Fault::new(FaultCode::StorageFailed, message)));
    }
    let spent = tools.clock.now().since(attempt.started);
    let left = attempt
        .config
        .max_run
        .saturating_sub(spent)
        .max(Duration::from_secs(1));
    let limits = Limits {
        max_run_time: left,
        stop_grace: attempt.config.stop_grace,
        file_bytes: Some(attempt.config.max_file_bytes),
        address_space_bytes: Some(attempt.config.max_memory_bytes),
        ..Limits::default()
    };
    let part = Part {
        plan: &plan,
        out_dir: &out_dir,
    };
    let job = Transcode {
        parts: &[part],
        input: &source.path,
        dir: &dir,
        limits: &limits,
    };
    let tell = |_, percent: u8| {
        let mean = (index * 100 + usize::from(percent)) / count;
        let percent = u8::try_from(mean).unwrap_or(100);
        tools
            .progress
            .set(attempt.job.id, attempt.job.lifecycle.attempt, percent);
    };
    let stop = async {
        ended(attempt).await;
        StopMode::Graceful
    };
    match reelgate_media::transcode(&tools.runner, &tools.engine, job, tell, stop).await {
        Ok(results) => Ok(results
            .into_iter()
            .next()
            .expect("a result for each part")
            .and_then(|transcoded| done(output, &out_dir, transcoded))),
        Err(TranscodeError::Fault(fault)) => Ok(Err(fault)),
        Err(TranscodeError::Stopped(how)) => {
            tracing::info!(job.id = %attempt.job.id, ?how, "the job's processes are gone");
            Err(Interrupted)
        }
    }
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
        files.push(OutputFile {
            key,
            bytes: file.bytes,
        });
    }
    let object = output.object.clone();
    let facts = Box::new(transcoded.facts);
    Ok(Made {
        result: OutputResult::Done {
            object,
            files,
            facts,
        },
        files: paths,
    })
}

/// Completes when the attempt is ended from outside.
async fn ended(attempt: &Attempt) {
    let mut ended = attempt.ended.clone();
    if ended.wait_for(Option::is_some).await.is_err() {
        // The claim loop is gone without a word; it cannot end anything any more.
        std::future::pending::<()>().await;
    }
}
