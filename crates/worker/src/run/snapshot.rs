//! Snapshots: pictures of one source, stored beside each other or packed into one file.

use std::path::Path;
use std::sync::Arc;

use reelgate_domain::job::kind::snapshot::SnapshotSpec;
use reelgate_domain::job::{Fault, FaultCode};
use reelgate_domain::media::{
    MediaFacts, OutputFile, OutputResult, StreamDetail, StreamFacts, VideoFacts,
};
use reelgate_media::{Limits, Picture as TakenPicture, Taken};

use super::{Alone, Made, Source};
use crate::workbench::Workbench;

impl Alone<'_, SnapshotSpec> {
    /// Takes the pictures. Dropping the future kills what runs.
    pub(crate) async fn make(&self) -> Result<Vec<Made>, Fault> {
        let (source, _bytes) = self.opening.open(self.job.clone()).await?;
        self.tools.holdups.clear(self.job.id);
        let pictures = Pictures {
            bench: &self.tools.bench,
            spec: self.spec,
            source: &source,
            dir: &self.scratch.join("pictures"),
            limits: &self.limits,
        };
        let mut on_progress = |percent: u8| (self.on_progress)(0, percent);
        Ok(vec![pictures.take(&mut on_progress).await?])
    }
}

/// One set of pictures of a source that is open.
pub(crate) struct Pictures<'a> {
    pub(crate) bench: &'a Arc<dyn Workbench>,
    pub(crate) spec: &'a SnapshotSpec,
    pub(crate) source: &'a Source,
    /// A directory that does not exist yet.
    pub(crate) dir: &'a Path,
    pub(crate) limits: &'a Limits,
}

impl Pictures<'_> {
    /// Takes them. The result's files are the pictures in their order, then the sheets, then what says which part of a
    /// sheet is of when; or the archive that holds all of these. Dropping the future kills what runs.
    pub(crate) async fn take(
        &self,
        on_progress: &mut (dyn FnMut(u8) + Send),
    ) -> Result<Made, Fault> {
        let Self {
            bench, spec, dir, ..
        } = *self;
        let mut limits = *self.limits;
        if spec.archive.is_some() {
            // What is packed lies there twice, the second time as one file.
            let half = limits.scratch_bytes.map(|most| most / 2);
            limits.scratch_bytes = half.into_iter().chain(limits.file_bytes).min();
        }
        let taken = bench.snapshots(spec, self.source, dir, &limits, on_progress);
        let Taken {
            pictures,
            sheets,
            cues,
            count,
        } = taken.await?;
        let facts = facts(sheets.first().or(pictures.first()), count);
        let pictures = pictures.into_iter().chain(sheets);
        let named = pictures.map(|picture| (picture.name, picture.bytes));
        let named = named.chain(cues.map(|cues| (cues.name, cues.bytes)));
        let named: Vec<(String, u64)> = named.collect();
        if let Some(archive) = &spec.archive {
            let names: Vec<String> = named.into_iter().map(|(name, _)| name).collect();
            let bytes = bench.pack(dir, &names, PACKED).await?;
            let (from, to) = (dir.join(PACKED), archive.clone());
            return self.made(vec![(to, bytes)], facts, |_name| from.clone());
        }
        self.made(named, facts, |name| dir.join(name))
    }

    fn made(
        &self,
        named: Vec<(String, u64)>,
        facts: MediaFacts,
        path: impl Fn(&str) -> std::path::PathBuf,
    ) -> Result<Made, Fault> {
        let (mut files, mut paths) = (Vec::new(), Vec::new());
        for (name, bytes) in named {
            let key = self.spec.output.key.sibling(&name);
            let unfit = |error: reelgate_domain::InvalidName| {
                Fault::new(FaultCode::SpecUnfit, error.to_string())
            };
            files.push(OutputFile::new(key.map_err(unfit)?, bytes));
            paths.push(path(&name));
        }
        Ok(Made {
            result: OutputResult::Done {
                object: self.spec.output.clone(),
                files,
                facts: Box::new(facts),
                source: None,
            },
            files: paths,
            dir: Some(self.dir.to_owned()),
        })
    }
}

/// How large a sheet or, without sheets, a picture is, and how many pictures were taken.
fn facts(shown: Option<&TakenPicture>, count: usize) -> MediaFacts {
    let stream = |shown: &TakenPicture| StreamFacts {
        frames: Some(count as u64),
        detail: StreamDetail::Video(VideoFacts {
            width: shown.width,
            height: shown.height,
            ..VideoFacts::default()
        }),
        ..StreamFacts::default()
    };
    MediaFacts {
        streams: shown.map(stream).into_iter().collect(),
        ..MediaFacts::default()
    }
}

/// What the archive is called in scratch: no picture has this name, for theirs have an extension.
const PACKED: &str = "packed";
