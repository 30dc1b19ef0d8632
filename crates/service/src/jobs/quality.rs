//! How much the outputs of a job look like their source.

use reelgate_domain::job::{Job, StateName};
use reelgate_domain::media::OutputResult;
use reelgate_domain::quality::{DOCUMENT_SUFFIX, Quality};
use reelgate_domain::{JobId, ObjectRef};

use crate::{Caller, ErrorKind, Service, ServiceError};

/// The longest document that is read, in bytes: one has some 100,000.
const MOST_BYTES: u64 = 1 << 20;

/// What was measured of one output.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputQuality {
    pub object: ObjectRef,
    pub quality: Quality,
}

/// Why there is nothing to tell of.
#[derive(Debug, thiserror::Error)]
pub enum QualityError {
    #[error("job {job} has no output whose quality was measured")]
    NothingMeasured { job: JobId },
    /// It has not ended, failed or was cancelled.
    #[error("job {job} is {}, not succeeded", state.as_str())]
    NotSucceeded { job: JobId, state: StateName },
    #[error("{object}, where job {job} wrote what it measured, does not exist any more")]
    Gone { job: JobId, object: ObjectRef },
    /// Somebody has put something else in its place.
    #[error("{object} is no longer what job {job} wrote: {why}")]
    Altered {
        job: JobId,
        object: ObjectRef,
        why: String,
    },
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl Service {
    /// What was measured of the outputs of a job that has succeeded, from the documents beside them.
    pub async fn quality(
        &self,
        caller: &Caller,
        job: &Job,
    ) -> Result<Vec<OutputQuality>, QualityError> {
        let state = job.lifecycle.state.name();
        if state != StateName::Succeeded {
            return Err(QualityError::NotSucceeded { job: job.id, state });
        }
        let mut found = Vec::new();
        for (object, document) in job.results.iter().filter_map(document) {
            let quality = self.measured(caller, job.id, document).await?;
            let object = object.clone();
            found.push(OutputQuality { object, quality });
        }
        match found.is_empty() {
            true => Err(QualityError::NothingMeasured { job: job.id }),
            false => Ok(found),
        }
    }

    async fn measured(
        &self,
        caller: &Caller,
        job: JobId,
        object: ObjectRef,
    ) -> Result<Quality, QualityError> {
        let altered = |object: &ObjectRef, why: String| QualityError::Altered {
            job,
            object: object.clone(),
            why,
        };
        let read = self.read_object(caller, &object, MOST_BYTES).await;
        let text = read.map_err(|error| match error.kind {
            ErrorKind::NotFound => QualityError::Gone {
                job,
                object: object.clone(),
            },
            ErrorKind::TooLarge => altered(&object, error.message),
            _ => error.into(),
        })?;
        serde_json::from_slice(&text).map_err(|error| altered(&object, error.to_string()))
    }
}

/// An output, and where what was measured of it lies.
fn document(result: &OutputResult) -> Option<(&ObjectRef, ObjectRef)> {
    let OutputResult::Done { object, files, .. } = result else {
        return None;
    };
    let name = format!("{}{DOCUMENT_SUFFIX}", object.key);
    let file = files.iter().find(|file| file.key.as_str() == name)?;
    let document = ObjectRef {
        bucket: object.bucket.clone(),
        key: file.key.clone(),
    };
    Some((object, document))
}
