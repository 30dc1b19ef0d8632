//! The part of the contract that is for whoever cleans up.

use std::collections::BTreeMap;

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::{AccountId, JobId, Kept, Timestamp};
use reelgate_store::{DeleteJob, KeepStore, Outlived, Result, Slice};

use super::{ELSEWHERE, Faulty};

#[async_trait]
impl KeepStore for Faulty {
    async fn set_retention(&self, _: AccountId, _: Kept, _: Option<u32>) -> Result<bool> {
        unreachable!("{ELSEWHERE}")
    }

    async fn retention(&self, account: AccountId) -> Result<BTreeMap<Kept, u32>> {
        self.inner.retention(account).await
    }

    async fn retentions(&self) -> Result<BTreeMap<AccountId, BTreeMap<Kept, u32>>> {
        self.inner.retentions().await
    }

    async fn delete_job(&self, _: AccountId, _: JobId, _: Option<Once>) -> Result<DeleteJob> {
        unreachable!("{ELSEWHERE}")
    }

    async fn outlived(&self, _: Slice) -> Result<Outlived> {
        unreachable!("{ELSEWHERE}")
    }

    async fn clear(&self, _: Slice) -> Result<Outlived> {
        unreachable!("{ELSEWHERE}")
    }

    async fn signed_after(&self) -> Result<Option<Timestamp>> {
        unreachable!("{ELSEWHERE}")
    }
}
