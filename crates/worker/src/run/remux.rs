//! Remuxes: the streams of one source in another container.

use reelgate_domain::job::kind::remux::RemuxSpec;
use reelgate_domain::job::kind::transcode::Container;
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::{OutputFile, OutputResult};
use reelgate_media::{Limits, REMUXED};

use super::{Alone, Made};

/// How far the output may exceed the source: containers differ in what they spend on a packet.
const TIMES_SOURCE: u64 = 2;

impl Alone<'_, RemuxSpec> {
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
