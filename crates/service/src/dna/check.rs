//! What is looked up before a fingerprint job is queued.

use reelgate_domain::job::kind::fingerprint::FingerprintSpec;

use crate::{Caller, Service, ServiceError};

impl Service {
    /// Fails with `NotFound` for a library that is not there, and with `Invalid` if the file cannot be looked for or
    /// stored in a library of its model. Whether the key is free is found out when the job ends.
    pub(crate) async fn check_fingerprint(
        &self,
        caller: &Caller,
        spec: &FingerprintSpec,
    ) -> Result<(), ServiceError> {
        let library = self.library(caller, spec.library).await?;
        let (media, model) = (spec.media, library.model);
        let fits = (!spec.save.searches() || media.can_be_searched_in(model))
            && (!spec.save.may_store() || media.can_be_stored_in(model));
        if fits {
            return Ok(());
        }
        let what = if spec.save.may_store() {
            "stored"
        } else {
            "looked for"
        };
        let message = format!(
            "{} cannot be {what} in library {}, which is one of {}",
            media.word(),
            library.id,
            model.word(),
        );
        Err(ServiceError::invalid("media", message))
    }
}
