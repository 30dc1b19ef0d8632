//! Media info: what is in a file, with its checksum, as a result and where it is wanted as JSON.

use std::path::Path;

use reelgate_domain::job::kind::media_info::MediaInfoSpec;
use reelgate_domain::job::{Fault, FaultCode, Job};
use reelgate_domain::media::{OutputFile, OutputResult};

use super::Made;
use crate::Tools;
use crate::opening::Opening;

/// What a media info job needs.
pub(crate) struct MediaInfo<'a> {
    pub(crate) tools: &'a Tools,
    pub(crate) opening: Opening,
    pub(crate) job: &'a Job,
    pub(crate) spec: &'a MediaInfoSpec,
    /// The directory of unfinished files, which does not outlive the attempt.
    pub(crate) scratch: &'a Path,
    /// Hears the index of a result and 0 to 100.
    pub(crate) on_progress: &'a (dyn Fn(usize, u8) + Send + Sync),
}

impl MediaInfo<'_> {
    /// Looks at the file. Dropping the future stops what runs.
    pub(crate) async fn make(&self) -> Result<Vec<Made>, Fault> {
        let (source, _bytes) = self.opening.open(self.job.clone()).await?;
        self.tools.holdups.clear(self.job.id);
        let bench = &self.tools.bench;
        let mut on_progress = |percent: u8| (self.on_progress)(0, percent);
        let mut facts = source.facts;
        facts.format.md5 = Some(bench.md5(&source.path, &mut on_progress).await?);
        let (mut files, mut paths, mut made_dir) = (Vec::new(), Vec::new(), None);
        if let Some(output) = &self.spec.output {
            let dir = self.scratch.join("facts");
            let path = dir.join("facts.json");
            let text = serde_json::to_vec_pretty(&facts).map_err(|error| {
                let message = format!("the facts could not be written: {error}");
                Fault::new(FaultCode::StorageFailed, message)
            })?;
            bench.write(&path, &text).await?;
            files.push(OutputFile::new(output.key.clone(), text.len() as u64));
            paths.push(path);
            made_dir = Some(dir);
        }
        Ok(vec![Made {
            result: OutputResult::Done {
                object: self.spec.target().clone(),
                files,
                facts: Box::new(facts),
                source: None,
            },
            files: paths,
            dir: made_dir,
        }])
    }
}
