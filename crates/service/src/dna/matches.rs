//! What the search of a fingerprint job found.

use reelgate_domain::ObjectRef;
use reelgate_domain::dna::{LibraryId, Matches};
use reelgate_domain::job::{Job, JobSpec};

use crate::jobs::check_succeeded;
use crate::{Caller, Service, WrittenError};

/// The longest document that is read, in bytes: some 100,000 matched parts.
const MOST_BYTES: u64 = 32 << 20;

impl Service {
    /// What a job that has succeeded found, from the document that it wrote.
    pub async fn matches(&self, caller: &Caller, job: &Job) -> Result<Matches, WrittenError> {
        let (library, object) = document(job)?;
        let matches: Matches = self.written(caller, (job, object), MOST_BYTES).await?;
        match matches.library == library {
            true => Ok(matches),
            false => {
                let why = format!("it is of a search in library {}", matches.library);
                Err(WrittenError::altered(job, object, why))
            }
        }
    }
}

/// Which library a job has searched, and where it has written what it found.
fn document(job: &Job) -> Result<(LibraryId, &ObjectRef), WrittenError> {
    let JobSpec::Fingerprint(spec) = &job.spec else {
        let kind = job.spec.kind().word();
        let why = format!("is of kind {kind}, which searches no library");
        return Err(WrittenError::absent(job, why));
    };
    let Some(object) = &spec.result else {
        let why = "stores its input without a search";
        return Err(WrittenError::absent(job, why));
    };
    check_succeeded(job)?;
    Ok((spec.library, object))
}
