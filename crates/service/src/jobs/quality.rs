//! How much the outputs of a job look like their source.

use reelgate_domain::ObjectRef;
use reelgate_domain::job::Job;
use reelgate_domain::media::OutputResult;
use reelgate_domain::quality::{DOCUMENT_SUFFIX, Quality};

use super::written::{WrittenError, check_succeeded};
use crate::{Caller, Service};

/// The longest document that is read, in bytes: one has some 100,000.
const MOST_BYTES: u64 = 1 << 20;

/// What was measured of one output.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputQuality {
    pub object: ObjectRef,
    pub quality: Quality,
}

impl Service {
    /// What was measured of the outputs of a job that has succeeded, from the documents beside them.
    pub async fn quality(
        &self,
        caller: &Caller,
        job: &Job,
    ) -> Result<Vec<OutputQuality>, WrittenError> {
        check_succeeded(job)?;
        let mut found = Vec::new();
        for (object, document) in job.results.iter().filter_map(document) {
            let quality = self.written(caller, (job, &document), MOST_BYTES).await?;
            let object = object.clone();
            found.push(OutputQuality { object, quality });
        }
        match found.is_empty() {
            true => {
                let why = "has no output whose quality was measured";
                Err(WrittenError::absent(job, why))
            }
            false => Ok(found),
        }
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
