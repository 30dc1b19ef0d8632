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

pub(super) use self::jobs::{Ties, set_open, tie, untie};
use super::inbox::Lane;
use super::submit::NewRow;
use super::{SqliteStore, access, documents};
use crate::assets::AssetRow;
use crate::contract::{
    AssetFilter, AssetJobFilter, AssetStanding, AssetStore, ChangeAsset, DocumentWrite,
    DocumentsBelow, Fenced, PutDocument, PutOutcome, RegisterOutcome, Result, WriteOutcome,
};

#[async_trait]
impl AssetStore for SqliteStore {
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
        self.write(Lane::Normal, move |tx| {
            access::counted(tx, once, || arriving::register(tx, &new))
        })
        .await
    }

    async fn asset_arrived(
        &self,
        job: JobId,
        attempt: u32,
        asset: Asset,
        jobs: Vec<NewJob>,
    ) -> Result<Fenced> {
        let jobs = NewRow::encode_all(&jobs)?;
        // A worker's report: the file is in place, and its job would fail for want of room for a few rows.
        self.write(Lane::Urgent, move |tx| {
            arriving::arrived(tx, (job, attempt), &asset, &jobs)
        })
        .await
    }

    async fn assets(&self, account: AccountId, ids: &[AssetId]) -> Result<Vec<Asset>> {
        let ids = ids.to_vec();
        self.readers
            .read(move |connection| catalogue::get_many(connection, account, &ids))
            .await
    }

    async fn assets_referred(
        &self,
        account: AccountId,
        references: &[String],
    ) -> Result<Vec<Asset>> {
        let references = references.to_vec();
        self.readers
            .read(move |connection| catalogue::referred(connection, account, &references))
            .await
    }

    async fn asset_of_file(&self, account: AccountId, file: &ObjectRef) -> Result<Option<Asset>> {
        let file = file.clone();
        self.readers
            .look_up(move |connection| catalogue::of_file(connection, account, &file))
            .await
    }

    async fn list_assets(
        &self,
        account: AccountId,
        filter: AssetFilter,
        limit: u32,
    ) -> Result<Vec<Asset>> {
        self.readers
            .read(move |connection| catalogue::list(connection, account, &filter, limit))
            .await
    }

    async fn change_asset(
        &self,
        account: AccountId,
        id: AssetId,
        change: AssetChange,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<ChangeAsset> {
        self.write(Lane::Normal, move |tx| {
            access::counted(tx, once, || {
                catalogue::change(tx, account, id, &change, now)
            })
        })
        .await
    }

    async fn delete_asset(
        &self,
        account: AccountId,
        id: AssetId,
        once: Option<Once>,
    ) -> Result<bool> {
        self.write(Lane::Urgent, move |tx| {
            access::counted(tx, once, || catalogue::delete(tx, account, id))
        })
        .await
    }

    async fn list_asset_jobs(
        &self,
        account: AccountId,
        asset: AssetId,
        filter: AssetJobFilter,
        limit: u32,
    ) -> Result<Vec<AssetJob>> {
        self.readers
            .read(move |connection| jobs::of_asset(connection, account, asset, filter, limit))
            .await
    }

    async fn asset_standings(
        &self,
        account: AccountId,
        assets: &[AssetId],
    ) -> Result<Vec<AssetStanding>> {
        let assets = assets.to_vec();
        self.readers
            .read(move |connection| jobs::standings(connection, account, &assets))
            .await
    }

    async fn submission_jobs(
        &self,
        account: AccountId,
        submission: SubmissionId,
    ) -> Result<Option<(AssetId, Vec<JobId>)>> {
        self.readers
            .look_up(move |connection| jobs::of_submission(connection, account, submission))
            .await
    }

    async fn jobs_fetching(
        &self,
        account: AccountId,
        url: &SourceUrl,
        limit: u32,
    ) -> Result<Vec<JobId>> {
        let url = url.clone();
        self.readers
            .read(move |connection| jobs::fetching(connection, account, &url, limit))
            .await
    }

    async fn put_document(&self, document: PutDocument, once: Option<Once>) -> Result<PutOutcome> {
        self.write(Lane::Normal, move |tx| {
            access::counted(tx, once, || documents::put(tx, &document))
        })
        .await
    }

    async fn document(
        &self,
        account: AccountId,
        kind: DocumentKind,
        id: &str,
    ) -> Result<Option<Document>> {
        let id = id.to_owned();
        self.readers
            .look_up(move |connection| documents::get(connection, account, kind, &id))
            .await
    }

    async fn documents(&self, account: AccountId, kind: DocumentKind) -> Result<Vec<Document>> {
        self.readers
            .read(move |connection| documents::list(connection, account, kind))
            .await
    }

    async fn documents_below(&self, below: DocumentsBelow) -> Result<(Vec<Document>, u64)> {
        self.readers
            .read(move |connection| documents::list_below(connection, &below))
            .await
    }

    async fn write_documents(
        &self,
        account: AccountId,
        writes: Vec<DocumentWrite>,
        once: Option<Once>,
    ) -> Result<WriteOutcome> {
        self.write(Lane::Normal, move |tx| {
            access::counted(tx, once, || documents::write_all(tx, account, &writes))
        })
        .await
    }

    async fn delete_document(
        &self,
        account: AccountId,
        kind: DocumentKind,
        id: &str,
        once: Option<Once>,
    ) -> Result<bool> {
        let id = id.to_owned();
        self.write(Lane::Urgent, move |tx| {
            access::counted(tx, once, || documents::delete(tx, account, kind, &id))
        })
        .await
    }
}
