//! The workbench of a simulated node: nothing runs and nothing is on a disk, but all of it takes its time
//! and may fail.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use reelgate_domain::job::kind::remux::RemuxSpec;
use reelgate_domain::job::kind::snapshot::SnapshotSpec;
use reelgate_domain::job::{Fault, FaultCode, StopMode};
use reelgate_domain::media::{
    FormatFacts, MediaFacts, OutputFile, OutputResult, StreamDetail, StreamFacts, VideoFacts,
};
use reelgate_domain::{AccountId, JobId, ObjectKey, ObjectRef};
use reelgate_fetch::pull::{Look, Pull, PullFault, Pulled, SourceUrl};
use reelgate_media::{Capabilities, Limits, Stopped, Taken, Transcoded};
use reelgate_objects::{ObjectMeta, StageFolder};
use reelgate_store::Bucket;
use reelgate_worker::{
    Extracted, Extraction, Made, Outcome, Picture, Place, Process, Source, Workbench,
};
use tokio::time::sleep;

use crate::life::Life;
use crate::mutant::Mutant;
use crate::record::short;
use crate::storage::Origin;
use crate::world::World;

/// Inputs of this name do not exist.
pub(crate) const MISSING_INPUT: &str = "missing.mp4";

/// How many bytes every output has.
const BYTES: u64 = 1000;

pub(crate) struct SimulatedBench {
    pub(crate) world: Arc<World>,
    pub(crate) life: Arc<Life>,
    pub(crate) capabilities: Capabilities,
    pub(crate) mutant: Option<Mutant>,
}

impl SimulatedBench {
    /// An access to the bucket: takes its time and may fail.
    async fn reach(&self) -> Result<(), Fault> {
        self.life.gate().await;
        let plan = &self.world.plan;
        if self.world.misfortune(plan.slow_storage) {
            let span = self.world.dice(|dice| dice.within(100, 9000));
            sleep(Duration::from_millis(span)).await;
            self.life.gate().await;
        }
        if self.world.is_bucket_away() || self.world.misfortune(plan.failing_storage) {
            return Err(Fault::new(FaultCode::StorageFailed, "the bucket is away"));
        }
        Ok(())
    }

    /// How long a process takes, and how it ends if nobody ends it.
    fn fate(&self) -> (Duration, Option<Fault>) {
        let plan = &self.world.plan;
        let span = self
            .world
            .dice(|dice| dice.within(1, plan.longest_process_ms));
        let fault = self.world.misfortune(plan.failing_processes).then(|| {
            let code = self.world.dice(|dice| {
                dice.pick(&[
                    FaultCode::EngineFailed,
                    FaultCode::EngineFailed,
                    FaultCode::Stalled,
                    FaultCode::SourceUnreadable,
                ])
            });
            Fault::new(code, "the process failed")
        });
        (Duration::from_millis(span), fault)
    }
}

/// A process that runs, as long as this lives.
struct Running<'w> {
    world: &'w World,
    number: u64,
}

impl<'w> Running<'w> {
    fn start(world: &'w World, life: &str, process: &Process<'_>) -> Self {
        let jobs: Vec<_> = process.parts.iter().map(|part| part.job).collect();
        let mut storage = world.storage();
        storage.started += 1;
        let number = storage.started;
        storage.processes.insert(number, (life.to_owned(), jobs));
        Self { world, number }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.world.storage().processes.remove(&self.number);
    }
}

/// No other kind of job is submitted in a simulation.
const TRANSCODES_ONLY: &str = "the simulation runs transcodes";

#[async_trait]
impl Workbench for SimulatedBench {
    fn clear_scratch(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn total_bytes(&self, _: &Path) -> io::Result<u64> {
        Ok(1 << 40)
    }

    async fn remove(&self, _: &Path) -> io::Result<()> {
        self.life.gate().await;
        Ok(())
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn probe(&self, _: &ObjectRef, _: &Path) -> Result<Source, Fault> {
        unreachable!("{TRANSCODES_ONLY}")
    }

    async fn meta(&self, _: &Bucket, _: &ObjectRef) -> Result<Option<ObjectMeta>, Fault> {
        unreachable!("{TRANSCODES_ONLY}")
    }

    async fn pull(&self, _: Pull<'_>) -> Result<Pulled, PullFault> {
        unreachable!("{TRANSCODES_ONLY}")
    }

    async fn fetched(&self, _: &Path) -> Vec<(AccountId, JobId)> {
        Vec::new()
    }

    async fn look(&self, _: &SourceUrl) -> Result<Look, PullFault> {
        unreachable!("{TRANSCODES_ONLY}")
    }

    async fn cover(&self, _: &Source, _: &Path, _: &Limits) -> Result<Option<Picture>, Fault> {
        unreachable!("{TRANSCODES_ONLY}")
    }

    async fn snapshots(
        &self,
        _: &SnapshotSpec,
        _: &Source,
        _: &Path,
        _: &Limits,
        _: &mut (dyn FnMut(u8) + Send),
    ) -> Result<Taken, Fault> {
        unreachable!("{TRANSCODES_ONLY}")
    }

    async fn remux(
        &self,
        _: &RemuxSpec,
        _: &Source,
        _: &Path,
        _: &Limits,
        _: &mut (dyn FnMut(u8) + Send),
    ) -> Result<Transcoded, Fault> {
        unreachable!("{TRANSCODES_ONLY}")
    }

    async fn extract(
        &self,
        _: Extraction,
        _: &Source,
        _: &Path,
        _: &Limits,
        _: &mut (dyn FnMut(u8) + Send),
    ) -> Result<Extracted, Fault> {
        unreachable!("{TRANSCODES_ONLY}")
    }

    async fn read(&self, _: &Bucket, _: &ObjectRef, _: &Path, _: u64) -> Result<Vec<u8>, Fault> {
        unreachable!("{TRANSCODES_ONLY}")
    }

    async fn md5(&self, _: &Path, _: &mut (dyn FnMut(u8) + Send)) -> Result<String, Fault> {
        unreachable!("{TRANSCODES_ONLY}")
    }

    async fn pack(&self, _: &Path, _: &[String], _: &str) -> Result<u64, Fault> {
        unreachable!("{TRANSCODES_ONLY}")
    }

    async fn write(&self, _: &Path, _: &[u8]) -> Result<(), Fault> {
        unreachable!("{TRANSCODES_ONLY}")
    }

    async fn open(&self, _: &Bucket, object: &ObjectRef, _: &Path) -> Result<Source, Fault> {
        self.reach().await?;
        if object.key.as_str() == MISSING_INPUT {
            let message = format!("input {object} does not exist");
            return Err(Fault::new(FaultCode::SourceMissing, message));
        }
        Ok(Source {
            path: PathBuf::from("/simulated").join(object.key.as_str()),
            facts: facts(),
        })
    }

    async fn make(
        &self,
        process: Process<'_>,
        on_progress: &mut (dyn FnMut(usize, u8) + Send),
        mut stop: BoxFuture<'_, StopMode>,
    ) -> Outcome {
        self.life.gate().await;
        let name = &self.life.name;
        let running = Running::start(&self.world, name, &process);
        let number = running.number;
        self.world.note(|| {
            let jobs = process.parts.iter().map(|part| short(part.job));
            let jobs: Vec<_> = jobs.collect();
            format!("{name} starts process {number} for {}", jobs.join(" "))
        });
        let (span, fault) = self.fate();
        for quarter in 1..=4 {
            let mode = tokio::select! {
                biased;
                mode = &mut stop => Some(mode),
                () = sleep(span / 4) => None,
            };
            if let Some(mode) = mode {
                let killed = mode == StopMode::Now || self.world.dice(|dice| dice.chance(300));
                let grace = self.world.dice(|dice| dice.within(0, 300));
                sleep(Duration::from_millis(grace)).await;
                drop(running);
                self.world
                    .note(|| format!("{name} has stopped process {number}"));
                self.life.gate().await;
                return Outcome::Stopped(if killed {
                    Stopped::Killed
                } else {
                    Stopped::Asked
                });
            }
            for part in 0..process.parts.len() {
                on_progress(part, quarter * 25);
            }
        }
        // What runs goes on while the worker stands still; that it has ended is seen afterwards.
        drop(running);
        self.life.gate().await;
        if let Some(fault) = fault {
            return Outcome::Failed(fault);
        }
        let made = process.parts.iter().map(|part| {
            let object = part.spec.object.clone();
            Made {
                files: vec![process.dir.join(object.key.as_str())],
                dir: Some(process.dir.to_owned()),
                result: OutputResult::Done {
                    files: vec![OutputFile::new(object.key.clone(), BYTES)],
                    object,
                    facts: Box::new(facts()),
                    source: None,
                },
            }
        });
        Outcome::Made(made.collect())
    }

    async fn stage(&self, place: Place<'_>, _: &Path, key: &ObjectKey) -> Result<(), Fault> {
        self.reach().await?;
        let origin = origin(place);
        let now = self.world.now();
        self.world.storage().stage(origin, key.as_str(), now);
        if self.mutant == Some(Mutant::NamesBeforeWin) {
            self.put(origin, key)?;
        }
        Ok(())
    }

    async fn publish(&self, place: Place<'_>, files: &[OutputFile]) -> Result<(), Fault> {
        for file in files {
            self.reach().await?;
            self.put(origin(place), &file.key)?;
        }
        Ok(())
    }

    async fn discard(&self, place: Place<'_>) -> Result<(), Fault> {
        self.reach().await?;
        self.world.storage().discard(origin(place));
        Ok(())
    }

    async fn stages(&self, _: &Bucket) -> Result<Vec<StageFolder>, Fault> {
        self.reach().await?;
        let storage = self.world.storage();
        let stages = storage.stages.iter().map(|(origin, stage)| StageFolder {
            job: origin.job,
            attempt: origin.attempt,
            modified: stage.modified,
        });
        Ok(stages.collect())
    }

    async fn discard_stage(&self, place: Place<'_>) -> Result<(), Fault> {
        self.reach().await?;
        self.world.storage().stages.remove(&origin(place));
        Ok(())
    }
}

impl SimulatedBench {
    fn put(&self, origin: Origin, key: &ObjectKey) -> Result<(), Fault> {
        let mut storage = self.world.storage();
        let was = storage.objects.get(key.as_str()).copied();
        let placed = storage.place(origin, key.as_str());
        let is = storage.objects.get(key.as_str()).copied();
        let winner = storage.winners.get(&origin.job).copied();
        drop(storage);
        if !placed {
            let message = format!("{key} is not staged");
            return Err(Fault::new(FaultCode::StorageFailed, message));
        }
        if was != is {
            let Origin { job, attempt } = origin;
            self.world
                .note(|| format!("{key} comes of {} in {attempt}", short(job)));
            if winner != Some(attempt) {
                self.world.record().break_promise(
                    "an object comes of the attempt that won",
                    format!(
                        "{key} comes of {attempt} of {}, {winner:?} has won",
                        short(job)
                    ),
                );
            }
        }
        Ok(())
    }
}

fn origin(place: Place<'_>) -> Origin {
    Origin {
        job: place.job,
        attempt: place.attempt,
    }
}

/// What a probe would say of any input or output.
fn facts() -> MediaFacts {
    let video = VideoFacts {
        width: 640,
        height: 360,
        pixel_format: Some("yuv420p".to_owned()),
        base_rate: Some("25/1".to_owned()),
        average_rate: Some("25/1".to_owned()),
        ..VideoFacts::default()
    };
    MediaFacts {
        format: FormatFacts {
            name: "mov,mp4,m4a,3gp,3g2,mj2".to_owned(),
            duration_seconds: Some(10.0),
            size_bytes: 1_000_000,
            ..FormatFacts::default()
        },
        streams: vec![StreamFacts {
            codec_name: Some("h264".to_owned()),
            duration_seconds: Some(10.0),
            detail: StreamDetail::Video(video),
            ..StreamFacts::default()
        }],
        ..MediaFacts::default()
    }
}
