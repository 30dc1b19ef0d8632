//! Media info: what is in a file, with its checksum and how many bits its picture takes, as a result and where it is
//! wanted as JSON.

use reelgate_domain::job::kind::media_info::{ComplexitySpec, MediaInfoSpec};
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::{Complexity, OutputFile, OutputResult};

use super::complexity::Samples;
use super::{Alone, Made, Source};

/// How much of a job that takes samples is done when its file has been read.
const READ_PERCENT: u8 = 10;

impl Alone<'_, MediaInfoSpec> {
    /// Looks at the file. Dropping the future stops what runs.
    pub(crate) async fn make(&self) -> Result<Vec<Made>, Fault> {
        let (source, _bytes) = self.opening.open(self.job.clone()).await?;
        self.tools.holdups.clear(self.job.id);
        let bench = &self.tools.bench;
        // Beside samples it takes no time to speak of.
        let read = self.spec.complexity.as_ref().map_or(100, |_| READ_PERCENT);
        let mut on_progress = |percent: u8| (self.on_progress)(0, share(percent, read));
        let md5 = bench.md5(&source.path, &mut on_progress).await?;
        let complexity = match &self.spec.complexity {
            Some(spec) => Some(self.measure(spec, &source).await?),
            None => None,
        };
        let mut facts = source.facts;
        facts.format.md5 = Some(md5);
        facts.complexity = complexity;
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

    async fn measure(&self, spec: &ComplexitySpec, source: &Source) -> Result<Complexity, Fault> {
        let samples = Samples {
            bench: &self.tools.bench,
            job: self.job.id,
            object: &self.spec.input,
            spec,
            source,
            dir: &self.scratch.join("samples"),
            limits: &self.limits,
        };
        let mut on_progress = |percent: u8| {
            let percent = READ_PERCENT + share(percent, 100 - READ_PERCENT);
            (self.on_progress)(0, percent);
        };
        samples.measure(&mut on_progress).await
    }
}

/// So many percent of a part that has so many of the whole.
fn share(percent: u8, part: u8) -> u8 {
    u8::try_from(u16::from(percent) * u16::from(part) / 100).unwrap_or(part)
}
