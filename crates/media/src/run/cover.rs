//! The picture that stands for a video: the first of several frames that has something to show, or else
//! the best there is.

use std::path::Path;
use std::pin::{Pin, pin};
use std::time::Duration;

use reelgate_domain::job::{Fault, FaultCode, StopMode};

use super::snapshots::{Picture, checked, kept, stored};
use super::step::Steps;
use super::transcode::TranscodeError;
use super::{Limits, Runner};
use crate::argv::snapshot::{self as argv, TAKEN};
use crate::check::looks::{Looks, LooksReader};
use crate::engine::Engine;
use crate::plan::{CoverPlan, Pass};

/// What a cover is made of, and where.
#[derive(Clone, Copy, Debug)]
pub struct Cover<'a> {
    pub plan: &'a CoverPlan,
    /// What the file is to be called: a name without a slash.
    pub name: &'a str,
    /// An absolute path.
    pub input: &'a Path,
    /// An empty directory, as an absolute path. The processes run in it and may write below, and the
    /// picture is in it at the end.
    pub dir: &'a Path,
    /// These hold for all processes together.
    pub limits: &'a Limits,
}

/// Looking through the key frames of a source that seems to have nothing to show takes no longer.
const SCAN_TIME: Duration = Duration::from_secs(60);
const STALL: Duration = Duration::from_secs(60);

/// Makes the cover of a plan: a frame that is neither black nor nearly of one colour if there is one
/// where it is looked for, which is at some moments and, should they have none, among all key frames.
/// Of a source without any it is what has the most to show, of an all black one the first frame.
pub async fn cover(
    runner: &Runner,
    engine: &Engine,
    job: Cover<'_>,
    stop: impl Future<Output = StopMode>,
) -> Result<Picture, TranscodeError> {
    let mut search = Search {
        steps: Steps::new(runner, engine, (job.input, job.dir), job.limits, STALL),
        plan: job.plan,
        best: None,
        fault: None,
    };
    let taken = job.dir.join(TAKEN);
    stored(std::fs::create_dir_all(&taken))?;
    search.run(&taken, pin!(stop)).await?;
    let best = match (search.best, search.fault) {
        (Some(best), _) => best,
        (None, Some(fault)) => return Err(fault.into()),
        (None, None) => {
            let message = "nothing of the source could be decoded";
            return Err(Fault::new(FaultCode::SourceUnreadable, message).into());
        }
    };
    let (path, size) = (taken.join(BEST), job.plan.view.size);
    let picture = kept(&path, job.dir, job.name, size, best.at_ms)?;
    stored(std::fs::remove_dir_all(&taken))?;
    Ok(picture)
}

/// The scratch name of the best picture so far.
const BEST: &str = "best.jpg";

struct Candidate {
    at_ms: u64,
    looks: Looks,
}

struct Search<'a> {
    steps: Steps<'a>,
    plan: &'a CoverPlan,
    best: Option<Candidate>,
    /// Why the last moment that could not be looked at could not.
    fault: Option<Fault>,
}

impl Search<'_> {
    async fn run(
        &mut self,
        taken: &Path,
        mut stop: Pin<&mut impl Future<Output = StopMode>>,
    ) -> Result<(), TranscodeError> {
        for at_ms in &self.plan.moments {
            if self.look(taken, *at_ms, stop.as_mut()).await? {
                return Ok(());
            }
        }
        let looks = self.scan(stop.as_mut()).await?;
        let score = |looks: &Looks| looks.score();
        let so_far = self.best.as_ref().map_or(0.0, |best| score(&best.looks));
        if let Some(found) = looks.filter(|found| found.1.score() > so_far) {
            self.look(taken, found.0, stop).await?;
        }
        Ok(())
    }

    /// Takes the picture of one moment and keeps it if it is the best so far; true if it is as good as
    /// a cover needs to be.
    async fn look(
        &mut self,
        taken: &Path,
        at_ms: u64,
        stop: Pin<&mut impl Future<Output = StopMode>>,
    ) -> Result<bool, TranscodeError> {
        let view = &self.plan.view;
        let pass = Pass::of(vec![at_ms], view.seek);
        let args = argv::judged_argv(view, &pass, self.steps.input);
        let mut reader = LooksReader::default();
        let hear = |chunk: &[u8]| reader.push(chunk);
        match self.steps.run(args, hear, stop).await {
            Ok(()) => {}
            // Another part of the source may be in order.
            Err(TranscodeError::Fault(fault)) if fault.code == FaultCode::SourceUnreadable => {
                self.fault = Some(fault);
                return Ok(false);
            }
            Err(other) => return Err(other),
        }
        let path = taken.join(argv::scratch_name(view.format, 0));
        let made = checked(&path, view.size)?;
        let (Some(_), Some((_, looks))) = (made, reader.best()) else {
            return Ok(false);
        };
        let is_better = |best: &Candidate| {
            let (new, old) = (looks.score(), best.looks.score());
            // Of frames that are alike the first is as good as any.
            new > old || (new == old && at_ms < best.at_ms)
        };
        if self.best.as_ref().is_none_or(is_better) {
            stored(std::fs::rename(path, taken.join(BEST)))?;
            self.best = Some(Candidate { at_ms, looks });
        }
        Ok(looks.is_good())
    }

    /// The moment of the best key frame, as far as they could be looked through.
    async fn scan(
        &self,
        stop: Pin<&mut impl Future<Output = StopMode>>,
    ) -> Result<Option<(u64, Looks)>, TranscodeError> {
        let args = argv::scan_argv(&self.plan.view, self.steps.input);
        let mut reader = LooksReader::default();
        let hear = |chunk: &[u8]| reader.push(chunk);
        let steps = self.steps.within(SCAN_TIME);
        match steps.run(args, hear, stop).await {
            Err(TranscodeError::Stopped(how)) => return Err(TranscodeError::Stopped(how)),
            // What was seen until then counts.
            Ok(()) | Err(TranscodeError::Fault(_)) => {}
        }
        Ok(reader.best())
    }
}
