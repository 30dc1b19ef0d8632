//! What the search of a fingerprint job found.

use reelgate_domain::dna::{LibraryId, Matches};
use reelgate_domain::job::{Job, JobKind, JobSpec, StateName};
use reelgate_domain::{JobId, ObjectRef};

use crate::{Caller, ErrorKind, Service, ServiceError};

/// The longest document that is read, in bytes: some 100,000 matched parts.
const MOST_BYTES: u64 = 32 << 20;

/// Why there are no matches to tell of.
#[derive(Debug, thiserror::Error)]
pub enum MatchesError {
    #[error("job {job} is of kind {}, which searches no library", kind.word())]
    OtherKind { job: JobId, kind: JobKind },
    #[error("job {job} stores its input without a search")]
    NothingSearched { job: JobId },
    /// It has not ended, failed or was cancelled.
    #[error("job {job} is {}, not succeeded", state.as_str())]
    NotSucceeded { job: JobId, state: StateName },
    #[error("{object}, where job {job} wrote what it found, does not exist any more")]
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
    /// What a job that has succeeded found, from the document that it wrote.
    pub async fn matches(&self, caller: &Caller, job: &Job) -> Result<Matches, MatchesError> {
        let id = job.id;
        let (library, object) = document(job)?;
        let altered = |why: String| MatchesError::Altered {
            job: id,
            object: object.clone(),
            why,
        };
        let read = self.read_object(caller, object, MOST_BYTES).await;
        let text = read.map_err(|error| match error.kind {
            ErrorKind::NotFound => MatchesError::Gone {
                job: id,
                object: object.clone(),
            },
            ErrorKind::TooLarge => altered(error.message),
            _ => error.into(),
        })?;
        let matches: Matches =
            serde_json::from_slice(&text).map_err(|error| altered(error.to_string()))?;
        if matches.library != library {
            let other = matches.library;
            return Err(altered(format!("it is of a search in library {other}")));
        }
        Ok(matches)
    }
}

/// Which library a job has searched, and where it has written what it found.
fn document(job: &Job) -> Result<(LibraryId, &ObjectRef), MatchesError> {
    let JobSpec::Fingerprint(spec) = &job.spec else {
        let kind = job.spec.kind();
        return Err(MatchesError::OtherKind { job: job.id, kind });
    };
    let Some(object) = &spec.result else {
        return Err(MatchesError::NothingSearched { job: job.id });
    };
    match job.lifecycle.state.name() {
        StateName::Succeeded => Ok((spec.library, object)),
        state => Err(MatchesError::NotSucceeded { job: job.id, state }),
    }
}
