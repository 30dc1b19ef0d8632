//! One attempt of one job: run, stage, let the store decide, give the outputs their names, report.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reelgate_domain::job::{Fault, FaultCode, Job, JobSpec, MAX_LOSSES};
use reelgate_domain::media::{OutputResult, Staged};
use reelgate_domain::{BucketName, Timestamp};
use reelgate_objects::{Directory, ObjectError};
use reelgate_store::{Claim, Ending, Fenced, Gone, StoreError, Work};
use tokio::sync::watch;

use crate::run::{self, Interrupted, Made};
use crate::{Tools, WorkerConfig};

/// Why an attempt is ended from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndReason {
    /// A cancel was accepted.
    Stop,
    /// The lease went to somebody else.
    Lost,
    /// This process shuts down.
    Shutdown,
}

/// What the claim loop keeps of a running attempt.
pub(crate) struct Control {
    pub(crate) attempt: u32,
    end: watch::Sender<Option<EndReason>>,
}

impl Control {
    /// Ends the attempt; the first reason counts.
    pub(crate) fn end(&self, reason: EndReason) {
        self.end.send_if_modified(|end| {
            let first = end.is_none();
            end.get_or_insert(reason);
            first
        });
    }
}

/// One attempt while it runs.
pub(crate) struct Attempt {
    pub(crate) job: Job,
    work: Work,
    pub(crate) tools: Tools,
    pub(crate) config: Arc<WorkerConfig>,
    pub(crate) ended: watch::Receiver<Option<EndReason>>,
    pub(crate) started: Timestamp,
}

/// What running a job came to.
enum Produced {
    /// The outputs are complete and staged.
    Staged(Staged),
    Failed {
        fault: Fault,
        results: Vec<OutputResult>,
    },
    Interrupted,
}

impl Attempt {
    pub(crate) fn new(claim: Claim, tools: Tools, config: Arc<WorkerConfig>) -> (Self, Control) {
        let (end, ended) = watch::channel(None);
        let control = Control {
            attempt: claim.job.lifecycle.attempt,
            end,
        };
        let started = tools.clock.now();
        let Claim { job, work, .. } = claim;
        (
            Self {
                job,
                work,
                tools,
                config,
                ended,
                started,
            },
            control,
        )
    }

    /// Runs the attempt to its end and reports it.
    pub(crate) async fn run(self) {
        let staged = match &self.work {
            Work::Publish(staged) => Produced::Staged(staged.clone()),
            Work::Run => self.produce().await,
        };
        let ending = match staged {
            Produced::Staged(staged) => self.publish(staged).await,
            Produced::Failed { fault, results } => {
                self.discard().await;
                Some(Ending::Failed { fault, results })
            }
            Produced::Interrupted => {
                self.discard().await;
                self.interrupted()
            }
        };
        self.remove_scratch().await;
        let Some(ending) = ending else { return };
        let is_end = self.is_end(&ending);
        // What was staged stays until nobody can be asked to publish it any more: if the store did
        // not take the report, the row may still say that this attempt won.
        if self.report(ending).await && is_end {
            self.discard().await;
        }
    }

    /// Whether no other attempt follows.
    fn is_end(&self, ending: &Ending) -> bool {
        match ending {
            Ending::Failed { fault, .. } => {
                !fault.code.is_transient() || self.job.lifecycle.losses + 1 >= MAX_LOSSES
            }
            Ending::Succeeded | Ending::Stopped(_) => true,
            Ending::GivenBack => false,
        }
    }

    /// The directory of the attempt's unfinished files.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.config
            .scratch
            .join(format!("{}-{}", self.job.id, self.job.lifecycle.attempt))
    }

    /// One bucket of the job's account.
    pub(crate) async fn bucket(&self, name: &BucketName) -> Result<Directory, Fault> {
        let storage = |message: String| Fault::new(FaultCode::StorageFailed, message);
        let found = self.tools.store.bucket(self.job.account, name).await;
        let bucket = found
            .map_err(|error| storage(error.to_string()))?
            .ok_or_else(|| storage(format!("bucket {name} does not exist")))?;
        Directory::open(&bucket.path).map_err(|error| {
            // The error names the directory, which is not for whoever reads the fault.
            tracing::error!(job.id = %self.job.id, %error, "bucket {name} cannot be opened");
            storage(format!("bucket {name} cannot be opened"))
        })
    }

    async fn produce(&self) -> Produced {
        // What a lost attempt staged would otherwise stay for ever.
        self.discard().await;
        let JobSpec::Transcode(spec) = &self.job.spec;
        let made = match run::transcode(self, spec).await {
            Ok(made) => made,
            Err(Interrupted) => return Produced::Interrupted,
        };
        let failed = made.iter().find_map(|made| match &made.result {
            OutputResult::Failed { fault, .. } => Some(fault.clone()),
            OutputResult::Done { .. } => None,
        });
        let any_done = made
            .iter()
            .any(|made| matches!(made.result, OutputResult::Done { .. }));
        if let (Some(fault), false) = (failed, any_done) {
            let results = made.into_iter().map(|made| made.result).collect();
            return Produced::Failed { fault, results };
        }
        match self.stage(made).await {
            Ok(staged) => Produced::Staged(staged),
            Err(fault) => Produced::Failed {
                fault,
                results: Vec::new(),
            },
        }
    }

    async fn stage(&self, made: Vec<Made>) -> Result<Staged, Fault> {
        let attempt = self.job.lifecycle.attempt;
        for output in &made {
            let OutputResult::Done { object, files, .. } = &output.result else {
                continue;
            };
            let stage = self
                .bucket(&object.bucket)
                .await?
                .stage(self.job.id, attempt);
            for (file, local) in files.iter().zip(&output.files) {
                stage.add(local, &file.key).await.map_err(storage_fault)?;
            }
        }
        Ok(Staged {
            attempt,
            results: made.into_iter().map(|made| made.result).collect(),
        })
    }

    /// Lets the store decide whether this attempt wins, and if so gives its outputs their names.
    /// If the process dies in here, the row says `publishing` and the next claim goes on from it.
    async fn publish(&self, staged: Staged) -> Option<Ending> {
        if matches!(self.work, Work::Run) {
            let store = &self.tools.store;
            let now = || self.tools.clock.now();
            let decided = self
                .insist(|| store.publish(self.job.id, staged.clone(), now()))
                .await;
            match decided {
                Some(Fenced::Done) => {}
                Some(Fenced::Stopping) => {
                    self.discard().await;
                    return Some(self.stopped());
                }
                Some(Fenced::Lost) | None => {
                    self.discard().await;
                    return None;
                }
            }
        }
        match self.place(&staged).await {
            Ok(()) => Some(Ending::Succeeded),
            Err(fault) => Some(Ending::Failed {
                fault,
                results: staged.results,
            }),
        }
    }

    async fn place(&self, staged: &Staged) -> Result<(), Fault> {
        for result in &staged.results {
            let OutputResult::Done { object, files, .. } = result else {
                continue;
            };
            let stage = self
                .bucket(&object.bucket)
                .await?
                .stage(self.job.id, staged.attempt);
            stage.publish(files).await.map_err(storage_fault)?;
        }
        Ok(())
    }

    fn stopped(&self) -> Ending {
        Ending::Stopped(Gone {
            at: self.tools.clock.now(),
            killed: false,
        })
    }

    fn interrupted(&self) -> Option<Ending> {
        match *self.ended.borrow() {
            Some(EndReason::Stop) => Some(self.stopped()),
            Some(EndReason::Shutdown) => Some(Ending::GivenBack),
            Some(EndReason::Lost) | None => None,
        }
    }

    /// Tells the store how the attempt ended, and returns whether that counted.
    async fn report(&self, ending: Ending) -> bool {
        let (job, attempt) = (self.job.id, self.job.lifecycle.attempt);
        let word = match &ending {
            Ending::Succeeded => "succeeded".to_owned(),
            Ending::Failed { fault, .. } => format!("failed: {}", fault.message),
            Ending::Stopped(_) => "was stopped".to_owned(),
            Ending::GivenBack => "was handed back".to_owned(),
        };
        let store = &self.tools.store;
        let now = || self.tools.clock.now();
        let finish = || store.finish(job, attempt, ending.clone(), now());
        match self.insist(finish).await {
            Some(Fenced::Done | Fenced::Stopping) => {
                let duration_ms = now().since(self.started).as_millis();
                tracing::info!(job.id = %job, attempt, duration_ms, "job {job} {word}");
                true
            }
            Some(Fenced::Lost) | None => {
                tracing::warn!(job.id = %job, attempt, "job {job} {word}, but too late to count");
                false
            }
        }
    }

    /// Repeats a write until the store takes it; `None` when the lease is surely gone by then.
    async fn insist<T, F>(&self, mut write: impl FnMut() -> F) -> Option<T>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let give_up = self.tools.clock.now().after(self.config.lease);
        loop {
            match write().await {
                Ok(answer) => return Some(answer),
                Err(error) => {
                    tracing::error!(job.id = %self.job.id, %error, "reporting failed; trying again");
                }
            }
            if self.tools.clock.now() > give_up {
                return None;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Removes everything staged for this job that nobody will publish.
    async fn discard(&self) {
        let JobSpec::Transcode(spec) = &self.job.spec;
        let (job, attempt) = (self.job.id, self.job.lifecycle.attempt);
        for output in &spec.outputs {
            let cleared = match self.bucket(&output.object.bucket).await {
                Ok(bucket) => bucket
                    .discard_stages(job, attempt)
                    .await
                    .map_err(storage_fault),
                Err(fault) => Err(fault),
            };
            if let Err(fault) = cleared {
                tracing::warn!(job.id = %self.job.id, "{}", fault.message);
            }
        }
    }

    async fn remove_scratch(&self) {
        let scratch = self.scratch();
        if let Err(error) = tokio::fs::remove_dir_all(&scratch).await
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(job.id = %self.job.id, %error, "the scratch directory stays");
        }
    }
}

fn storage_fault(error: ObjectError) -> Fault {
    let code = match error {
        ObjectError::Collision(_) | ObjectError::Outside(_) | ObjectError::Name(_) => {
            FaultCode::TargetUnfit
        }
        _ => FaultCode::StorageFailed,
    };
    Fault::new(code, error.to_string())
}
