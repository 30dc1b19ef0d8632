//! Assets: the files that accounts have registered, and the jobs that belong to them.

mod arriving;
mod catalogue;
mod jobs;
mod rows;

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::asset::{Asset, AssetChange, AssetId, AssetJob};
use reelgate_domain::document::{Document, DocumentKind};
use reelgate_domain::job::NewJob;
use reelgate_domain::job::kind::ingest::SourceUrl;
use reelgate_domain::{AccountId, JobId, ObjectRef, SubmissionId, Timestamp};

pub(super) use self::jobs::{Ties, set_open, tie};
use super::once::counted;
use super::submit::NewRow;
use super::transaction::{look_up, transact};
use super::{PostgresStore, documents};
use crate::assets::AssetRow;
use crate::contract::{
    AssetFilter, AssetJobFilter, AssetStanding, AssetStore, ChangeAsset, DocumentWrite,
    DocumentsBelow, Fenced, PutDocument, PutOutcome, RegisterOutcome, Result, WriteOutcome,
};
use crate::hints::Wakes;
use crate::outcome::Outcome;

impl PostgresStore {
    /// Rings what a submission rings.
    fn queued_jobs(&self) {
        let wakes = Wakes::WORK.and(Wakes::CHANGES).and(Wakes::EVENTS);
        self.hinter.ring(wakes);
    }
}

#[async_trait]
impl AssetStore for PostgresStore {
    async fn register_assets(
        &self,
        assets: Vec<(Asset, NewJob)>,
        once: Option<Once>,
    ) -> Result<RegisterOutcome> {
        let (assets, jobs): (Vec<Asset>, Vec<NewJob>) = assets.into_iter().unzip();
        let assets = assets.iter().map(AssetRow::encode);
        let assets = assets.collect::<Result<Vec<_>>>()?;
        let new = assets.into_iter().zip(NewRow::encode_all(&jobs)?);
        let new: Vec<arriving::NewAsset> = new.collect();
        let outcome = transact!(self.pool, s => {
            counted(s, once, arriving::register(s, &new)).await
        })?;
        if outcome.is_done() {
            self.queued_jobs();
        }
        Ok(outcome)
    }

    async fn asset_arrived(
        &self,
        job: JobId,
        attempt: u32,
        asset: Asset,
        jobs: Vec<NewJob>,
    ) -> Result<Fenced> {
        let jobs = NewRow::encode_all(&jobs)?;
        let outcome = transact!(self.pool, s => {
            arriving::arrived(s, (job, attempt), &asset, &jobs).await
        })?;
        if outcome == Fenced::Done && !jobs.is_empty() {
            self.queued_jobs();
        }
        Ok(outcome)
    }

    async fn assets(&self, account: AccountId, ids: &[AssetId]) -> Result<Vec<Asset>> {
        look_up!(self.pool.for_walks(), s => catalogue::get_many(s, account, ids).await)
    }

    async fn assets_referred(
        &self,
        account: AccountId,
        references: &[String],
    ) -> Result<Vec<Asset>> {
        look_up!(self.pool.for_walks(), s => catalogue::referred(s, account, references).await)
    }

    async fn asset_of_file(&self, account: AccountId, file: &ObjectRef) -> Result<Option<Asset>> {
        look_up!(self.pool, s => catalogue::of_file(s, account, file).await)
    }

    async fn list_assets(
        &self,
        account: AccountId,
        filter: AssetFilter,
        limit: u32,
    ) -> Result<Vec<Asset>> {
        look_up!(self.pool.for_walks(), s => catalogue::list(s, account, &filter, limit).await)
    }

    async fn change_asset(
        &self,
        account: AccountId,
        id: AssetId,
        change: AssetChange,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<ChangeAsset> {
        transact!(self.pool, s => {
            counted(s, once, catalogue::change(s, account, id, &change, now)).await
        })
    }

    async fn delete_asset(
        &self,
        account: AccountId,
        id: AssetId,
        once: Option<Once>,
    ) -> Result<bool> {
        transact!(self.pool, s => counted(s, once, catalogue::delete(s, account, id)).await)
    }

    async fn list_asset_jobs(
        &self,
        account: AccountId,
        asset: AssetId,
        filter: AssetJobFilter,
        limit: u32,
    ) -> Result<Vec<AssetJob>> {
        look_up!(self.pool.for_walks(), s => jobs::of_asset(s, account, asset, filter, limit).await)
    }

    async fn asset_standings(
        &self,
        account: AccountId,
        assets: &[AssetId],
    ) -> Result<Vec<AssetStanding>> {
        look_up!(self.pool.for_walks(), s => jobs::standings(s, account, assets).await)
    }

    async fn submission_jobs(
        &self,
        account: AccountId,
        submission: SubmissionId,
    ) -> Result<Option<(AssetId, Vec<JobId>)>> {
        look_up!(self.pool, s => jobs::of_submission(s, account, submission).await)
    }

    async fn jobs_fetching(
        &self,
        account: AccountId,
        url: &SourceUrl,
        limit: u32,
    ) -> Result<Vec<JobId>> {
        look_up!(self.pool.for_walks(), s => jobs::fetching(s, account, url, limit).await)
    }

    async fn put_document(&self, document: PutDocument, once: Option<Once>) -> Result<PutOutcome> {
        transact!(self.pool, s => counted(s, once, documents::put(s, &document)).await)
    }

    async fn document(
        &self,
        account: AccountId,
        kind: DocumentKind,
        id: &str,
    ) -> Result<Option<Document>> {
        look_up!(self.pool, s => documents::get(s, account, kind, id).await)
    }

    async fn documents(&self, account: AccountId, kind: DocumentKind) -> Result<Vec<Document>> {
        look_up!(self.pool.for_walks(), s => documents::list(s, account, kind).await)
    }

    async fn documents_below(&self, below: DocumentsBelow) -> Result<(Vec<Document>, u64)> {
        look_up!(self.pool.for_walks(), s => documents::list_below(s, &below).await)
    }

    async fn write_documents(
        &self,
        account: AccountId,
        writes: Vec<DocumentWrite>,
        once: Option<Once>,
    ) -> Result<WriteOutcome> {
        transact!(self.pool, s => {
            counted(s, once, documents::write_all(s, account, &writes)).await
        })
    }

    async fn delete_document(
        &self,
        account: AccountId,
        kind: DocumentKind,
        id: &str,
        once: Option<Once>,
    ) -> Result<bool> {
        transact!(self.pool, s => {
            counted(s, once, documents::delete(s, account, kind, id)).await
        })
    }
}
