//! Remuxes: the streams of one source in another container.

use std::path::Path;

use reelgate_domain::job::kind::remux::RemuxSpec;
use reelgate_domain::job::kind::transcode::Container;
use reelgate_domain::job::{Fault, FaultCode, Job};
use reelgate_domain::media::{OutputFile, OutputResult};
use reelgate_media::{Limits, REMUXED};

use super::Made;
use crate::Tools;
use crate::opening::Opening;

/// What a remux needs.
pub(crate) struct Remux<'a> {
    pub(crate) tools: &'a Tools,
    pub(crate) opening: Opening,
    pub(crate) job: &'a Job,
    pub(crate) spec: &'a RemuxSpec,
    /// The directory of unfinished files, which does not outlive the attempt.
    pub(crate) scratch: &'a Path,
    pub(crate) limits: Limits,
    /// Hears the index of a result and 0 to 100.
    pub(crate) on_progress: &'a (dyn Fn(usize, u8) + Send + Sync),
}

/// How far the output may exceed the source: containers differ in what they spend on a packet.
const TIMES_SOURCE: u64 = 2;

impl Remux<'_> {
    /// Copies the streams. Dropping the future kills the process.
    pub(crate) async fn make(&self) -> Result<Vec<Made>, Fault> {
        let (source, _bytes) = self.opening.open(self.job.clone()).await?;
        self.tools.holdups.clear(self.job.id);
        let expected = source.facts.format.size_bytes.saturating_mul(TIMES_SOURCE);
        let limits = Limits {
            scratch_bytes: self.limits.scratch_bytes.map(|most| most.max(expected)),
            ..self.limits
        };
        let dir = self.scratch.join("remux");
        let folder = dir.join(REMUXED);
        let bench = &self.tools.bench;
        let mut on_progress = |percent: u8| (self.on_progress)(0, percent);
        let made = bench.remux(self.spec, &source, &dir, &limits, &mut on_progress);
        let made = made.await?;
        let mut facts = made.facts;
        let (mut files, mut paths) = (Vec::new(), Vec::new());
        for file in made.files {
            let key = self.spec.output.key.sibling(&file.name);
            let unfit = |error: reelgate_domain::InvalidName| {
                Fault::new(FaultCode::SpecUnfit, error.to_string())
            };
            files.push(OutputFile::new(key.map_err(unfit)?, file.bytes));
            paths.push(folder.join(&file.name));
        }
        if let (Container::Mp4, [path]) = (self.spec.container, paths.as_slice()) {
            facts.format.md5 = Some(bench.md5(path, &mut |_| {}).await?);
        }
        Ok(vec![Made {
            result: OutputResult::Done {
                object: self.spec.output.clone(),
                files,
                facts: Box::new(facts),
                source: None,
            },
            files: paths,
            dir: Some(dir),
        }])
    }
}
