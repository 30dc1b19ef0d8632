//! Documents that a job has written, read back for whoever asks what is in them.

use reelgate_domain::job::{Job, StateName};
use reelgate_domain::{JobId, ObjectRef};
use serde::de::DeserializeOwned;

use crate::{Caller, ErrorKind, Service, ServiceError};

/// Why there is nothing to tell of.
#[derive(Debug, thiserror::Error)]
pub enum WrittenError {
    /// It has written nothing of the kind, or has not succeeded.
    #[error("job {job} {why}")]
    Absent { job: JobId, why: String },
    #[error("{object}, which job {job} wrote, does not exist any more")]
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

impl WrittenError {
    pub(crate) fn absent(job: &Job, why: impl Into<String>) -> Self {
        let (job, why) = (job.id, why.into());
        Self::Absent { job, why }
    }

    pub(crate) fn altered(job: &Job, object: &ObjectRef, why: impl Into<String>) -> Self {
        Self::Altered {
            job: job.id,
            object: object.clone(),
            why: why.into(),
        }
    }
}

/// Whoever has not succeeded has nothing to tell of.
pub(crate) fn check_succeeded(job: &Job) -> Result<(), WrittenError> {
    match job.lifecycle.state.name() {
        StateName::Succeeded => Ok(()),
        state => {
            let why = format!("is {}, not succeeded", state.as_str());
            Err(WrittenError::absent(job, why))
        }
    }
}

impl Service {
    /// A document of JSON with at most so many bytes.
    pub(crate) async fn written<T: DeserializeOwned>(
        &self,
        caller: &Caller,
        (job, object): (&Job, &ObjectRef),
        most_bytes: u64,
    ) -> Result<T, WrittenError> {
        let read = self.read_object(caller, object, most_bytes).await;
        let text = read.map_err(|error| match error.kind {
            ErrorKind::NotFound => WrittenError::Gone {
                job: job.id,
                object: object.clone(),
            },
            ErrorKind::TooLarge => WrittenError::altered(job, object, error.message),
            _ => error.into(),
        })?;
        serde_json::from_slice(&text)
            .map_err(|error| WrittenError::altered(job, object, error.to_string()))
    }
}
