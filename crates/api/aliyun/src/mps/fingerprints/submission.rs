//! The job that looks a file up in a library, stores it there, or both.

use reelgate_api_kit::RequestId;
use reelgate_domain::ObjectRef;
use reelgate_domain::dna::{LibraryId, PrimaryKey};
use reelgate_domain::job::Origin;
use reelgate_domain::job::kind::fingerprint::{DnaMedia, FingerprintSpec, SaveMode};
use reelgate_service::Service;
use serde_json::{Map, Value};

use super::origin;
use crate::dna::submit;
use crate::mps::errors::{Code, Refusal};
use crate::rpc::ApiError;

/// A file, and what is to be done with it.
pub(super) struct Wanted {
    pub(super) file: ObjectRef,
    /// `Bucket`, `Location` and `Object` as the caller wrote them.
    pub(super) echo: Map<String, Value>,
    pub(super) library: LibraryId,
    pub(super) key: PrimaryKey,
    pub(super) save: SaveMode,
    pub(super) media: DnaMedia,
    pub(super) min_similarity: f64,
}

impl Wanted {
    /// What the job does, and what it remembers of the request.
    pub(super) fn job(
        self,
        service: &Service,
        request_id: RequestId,
    ) -> Result<(FingerprintSpec, Origin), ApiError> {
        let result = submit::result(service, &self.file.bucket, self.save)?;
        let spec = FingerprintSpec {
            input: self.file,
            library: self.library,
            key: self.key,
            save: self.save,
            media: self.media,
            min_similarity: self.min_similarity,
            result,
        };
        let origin = origin::of_request(self.echo, request_id);
        // Only absurd names of locations get this long.
        if !origin.fits() {
            return Err(Refusal::new(Code::OutOfRange, "Input").into());
        }
        Ok((spec, origin))
    }
}
