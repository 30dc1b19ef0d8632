//! The part of the contract that is about assets: a worker tells what it has found.

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::asset::{Asset, AssetChange, AssetId, AssetJob};
use reelgate_domain::document::{Document, DocumentKind};
use reelgate_domain::job::NewJob;
use reelgate_domain::job::kind::ingest::SourceUrl;
use reelgate_domain::{AccountId, JobId, ObjectRef, SubmissionId, Timestamp};
use reelgate_store::{
    AssetFilter, AssetJobFilter, AssetStanding, AssetStore, ChangeAsset, DocumentWrite,
    DocumentsBelow, Fenced, PutDocument, PutOutcome, RegisterOutcome, Result, WriteOutcome,
};

use super::{ELSEWHERE, Faulty};

#[async_trait]
impl AssetStore for Faulty {
    async fn register_assets(
        &self,
        _: Vec<(Asset, NewJob)>,
        _: Option<Once>,
    ) -> Result<RegisterOutcome> {
        unreachable!("{ELSEWHERE}")
    }

    async fn asset_arrived(
        &self,
        job: JobId,
        attempt: u32,
        asset: Asset,
        jobs: Vec<NewJob>,
    ) -> Result<Fenced> {
        self.inner.asset_arrived(job, attempt, asset, jobs).await
    }

    async fn assets(&self, account: AccountId, ids: &[AssetId]) -> Result<Vec<Asset>> {
        self.inner.assets(account, ids).await
    }

    async fn assets_referred(&self, _: AccountId, _: &[String]) -> Result<Vec<Asset>> {
        unreachable!("{ELSEWHERE}")
    }

    async fn asset_of_file(&self, account: AccountId, file: &ObjectRef) -> Result<Option<Asset>> {
        self.inner.asset_of_file(account, file).await
    }

    async fn list_assets(&self, _: AccountId, _: AssetFilter, _: u32) -> Result<Vec<Asset>> {
        unreachable!("{ELSEWHERE}")
    }

    async fn change_asset(
        &self,
        _: AccountId,
        _: AssetId,
        _: AssetChange,
        _: Timestamp,
        _: Option<Once>,
    ) -> Result<ChangeAsset> {
        unreachable!("{ELSEWHERE}")
    }

    async fn delete_asset(&self, _: AccountId, _: AssetId, _: Option<Once>) -> Result<bool> {
        unreachable!("{ELSEWHERE}")
    }

    async fn list_asset_jobs(
        &self,
        _: AccountId,
        _: AssetId,
        _: AssetJobFilter,
        _: u32,
    ) -> Result<Vec<AssetJob>> {
        unreachable!("{ELSEWHERE}")
    }

    async fn asset_standings(&self, _: AccountId, _: &[AssetId]) -> Result<Vec<AssetStanding>> {
        unreachable!("{ELSEWHERE}")
    }

    async fn submission_jobs(
        &self,
        _: AccountId,
        _: SubmissionId,
    ) -> Result<Option<(AssetId, Vec<JobId>)>> {
        unreachable!("{ELSEWHERE}")
    }

    async fn jobs_fetching(&self, _: AccountId, _: &SourceUrl, _: u32) -> Result<Vec<JobId>> {
        unreachable!("{ELSEWHERE}")
    }

    async fn put_document(&self, _: PutDocument, _: Option<Once>) -> Result<PutOutcome> {
        unreachable!("{ELSEWHERE}")
    }

    async fn document(&self, _: AccountId, _: DocumentKind, _: &str) -> Result<Option<Document>> {
        unreachable!("{ELSEWHERE}")
    }

    async fn documents(&self, _: AccountId, _: DocumentKind) -> Result<Vec<Document>> {
        unreachable!("{ELSEWHERE}")
    }

    async fn documents_below(&self, _: DocumentsBelow) -> Result<(Vec<Document>, u64)> {
        unreachable!("{ELSEWHERE}")
    }

    async fn write_documents(
        &self,
        _: AccountId,
        _: Vec<DocumentWrite>,
        _: Option<Once>,
    ) -> Result<WriteOutcome> {
        unreachable!("{ELSEWHERE}")
    }

    async fn delete_document(
        &self,
        _: AccountId,
        _: DocumentKind,
        _: &str,
        _: Option<Once>,
    ) -> Result<bool> {
        unreachable!("{ELSEWHERE}")
    }
}
