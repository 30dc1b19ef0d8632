//! What has happened to a job.

use reelgate_domain::JobId;
use reelgate_domain::job::HistoryEntry;

use crate::{Caller, Service, ServiceError};

impl Service {
    /// Everything that happened to a job, oldest first.
    pub async fn history(
        &self,
        caller: &Caller,
        id: JobId,
    ) -> Result<Vec<HistoryEntry>, ServiceError> {
        let found = self.store.history(caller.account, id).await?;
        found.ok_or_else(|| ServiceError::missing("job", id))
    }
}
