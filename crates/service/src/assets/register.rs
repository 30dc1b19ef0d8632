//! Registering files that are in buckets already.

use reelgate_domain::asset::{Asset, AssetDetails, AssetId, AssetState};
use reelgate_domain::job::kind::ingest::{AssetPlan, IngestSource, IngestSpec};
use reelgate_domain::job::{JobSpec, NewJob, Origin, Priority};
use reelgate_domain::{JobId, ObjectRef, SubmissionId};
use reelgate_store::{RegisterAsset, RegisterOutcome};

use super::Rendition;
use super::settle::{object, taken};
use crate::{Caller, ErrorKind, Service, ServiceError};

/// Files that one call wants to have registered.
#[derive(Clone, Debug)]
pub struct Registering {
    pub files: Vec<RegisterFile>,
}

/// One of these files.
#[derive(Clone, Debug)]
pub struct RegisterFile {
    pub file: ObjectRef,
    pub details: AssetDetails,
    pub renditions: Vec<Rendition>,
    pub origin: Origin,
}

/// What became of one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    New(AssetId),
    /// It had been registered before, under this id.
    Known(AssetId),
    /// There is no such file.
    Missing,
}

impl Service {
    /// Registers files, each with a job that looks at it; one entry per file, in order. Files that are not
    /// there are passed over. Fails with `Conflict` about a reference that another asset has, or of two of
    /// these files.
    pub async fn register_files(
        &self,
        caller: &Caller,
        registering: Registering,
    ) -> Result<Vec<Registered>, ServiceError> {
        let pipeline = self.default_pipeline(caller).await?;
        let now = self.clock.now();
        let submission = SubmissionId::from_bytes(self.ids.uuid(now));
        let mut found = Vec::with_capacity(registering.files.len());
        let mut assets = Vec::with_capacity(registering.files.len());
        for file in registering.files {
            match self.head_object(caller, &file.file).await {
                Ok(_) => {}
                Err(error) if error.kind == ErrorKind::NotFound => {
                    found.push(None);
                    continue;
                }
                Err(error) => return Err(error),
            }
            let id = AssetId::from_bytes(self.ids.uuid(now));
            let job = JobId::from_bytes(self.ids.uuid(now));
            let input = &file.file;
            let then = self.follow_up(id, input, file.renditions, Priority::default(), now)?;
            let spec = IngestSpec {
                source: IngestSource::Object,
                cover: Some(object(&input.bucket, id, "cover.jpg")?),
                output: input.clone(),
                asset: Some(AssetPlan {
                    id,
                    details: file.details.clone(),
                    then,
                }),
            };
            spec.validate()
                .map_err(|error| ServiceError::invalid(error.field, error.to_string()))?;
            let asset = Asset {
                id,
                account: caller.account,
                file: file.file,
                state: AssetState::Registered,
                details: file.details,
                cover: None,
                job,
                origin: Some(file.origin.clone()),
                created_at: now,
                modified_at: now,
            };
            let new = NewJob {
                id: job,
                submission,
                account: caller.account,
                pipeline,
                priority: Priority::default(),
                spec: JobSpec::Ingest(spec),
                origin: Some(file.origin),
                user_data: None,
                // With it the job is kept as long as the asset's state follows from it.
                asset: Some(id),
                created_at: now,
            };
            found.push(Some(id));
            assets.push((asset, new));
        }
        if assets.is_empty() {
            return Ok(vec![Registered::Missing; found.len()]);
        }
        let outcome = self.store.register_assets(assets, caller.once).await?;
        let made = match outcome {
            RegisterOutcome::Done(made) => made,
            RegisterOutcome::ReferenceTaken(reference) => return Err(taken(reference)),
            RegisterOutcome::PipelineMissing(id) => {
                return Err(ServiceError::missing("pipeline", id));
            }
        };
        let mut made = made.into_iter();
        let outcomes = found.into_iter().map(|id| match id {
            None => Registered::Missing,
            Some(id) => match made.next() {
                Some(RegisterAsset::Known(known)) => Registered::Known(known),
                Some(RegisterAsset::Made) | None => Registered::New(id),
            },
        });
        Ok(outcomes.collect())
    }
}
