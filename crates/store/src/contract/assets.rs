//! Assets, and the documents that dialects keep.

use async_trait::async_trait;
use reelgate_domain::access::Once;
use reelgate_domain::asset::{Asset, AssetChange, AssetId, AssetJob};
use reelgate_domain::document::{Document, DocumentKind};
use reelgate_domain::job::kind::ingest::SourceUrl;
use reelgate_domain::job::{JobKind, NewJob, StateName};
use reelgate_domain::{AccountId, JobId, ObjectRef, PipelineId, SubmissionId, Timestamp};

use super::{Fenced, Result};

/// What became of a wish to register a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterAsset {
    /// It is an asset now, and its job is queued.
    Made,
    /// The account has this asset of the file already: nothing was written of this one.
    Known(AssetId),
}

/// What became of a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegisterOutcome {
    /// One entry per asset, in the order given. Of two of one file the second is known by the first.
    Done(Vec<RegisterAsset>),
    /// Another asset of the account has this reference, or another one of this call was to have it; nothing
    /// was written.
    ReferenceTaken(String),
    /// The pipeline of a job that was to be queued does not exist; nothing was written.
    PipelineMissing(PipelineId),
}

/// What became of a change of an asset.
#[derive(Clone, Debug, PartialEq)]
pub enum ChangeAsset {
    /// As it is now.
    Changed(Box<Asset>),
    Missing,
    /// The account has another asset of the reference that it was to have; nothing was written.
    ReferenceTaken(AssetId),
}

/// Which assets a listing shows. Absent fields filter nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssetFilter {
    pub category: Option<u64>,
    /// Created at this time or later, and at this time or earlier.
    pub created_from: Option<Timestamp>,
    pub created_to: Option<Timestamp>,
    /// Only what comes after this one, in the listing's order: the last of the page before.
    pub after: Option<AssetId>,
    pub oldest_first: bool,
}

/// How far a job of an asset has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssetStanding {
    pub asset: AssetId,
    pub kind: JobKind,
    pub state: StateName,
}

/// Which jobs of an asset are listed. Absent fields filter nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AssetJobFilter {
    pub kind: Option<JobKind>,
    /// Only what comes after this one: the last of the page before.
    pub after: Option<AssetJob>,
}

impl AssetJobFilter {
    /// What comes before all that is listed, as submission and job.
    pub(crate) fn bound(&self) -> ([u8; 16], [u8; 16]) {
        let after = self.after.as_ref();
        after.map_or(([0xff; 16], [0xff; 16]), |after| {
            (*after.submission.as_bytes(), *after.job.as_bytes())
        })
    }
}

/// A document that is about to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutDocument {
    pub account: AccountId,
    pub kind: DocumentKind,
    pub id: String,
    pub body: serde_json::Value,
    /// Absent: there is none of this id yet. Else the revision that it replaces.
    pub replaces: Option<u64>,
    /// The most documents of this kind that the account may have; as many as a number can say are not
    /// counted.
    pub most: u32,
    pub now: Timestamp,
}

impl PutDocument {
    /// Whether its id and its body have the lengths that they may have.
    pub(crate) fn fits(&self) -> bool {
        const MOST_ID_BYTES: usize = 128;
        let has_id = (1..=MOST_ID_BYTES).contains(&self.id.len());
        has_id && self.body.to_string().len() <= Document::MAX_BYTES
    }
}

/// What became of a wish to store a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutOutcome {
    Stored(Document),
    /// There is one of this id, or it has another revision by now, or it is gone: this is what there is.
    Changed(Option<Document>),
    /// It would be one more than the account may have of this kind.
    Full,
    /// Its id or its body has not a length that [`Document`] allows.
    Unfit,
}

/// One of several changes of documents that are made together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentWrite {
    Put(PutDocument),
    Forget {
        kind: DocumentKind,
        id: String,
        /// The one that was read.
        revision: u64,
    },
}

/// What became of changes that were to be made together. Each names the first that stood in the way by its
/// place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteOutcome {
    Written,
    /// What was read has another revision by now, or is gone, or what was to be new is there.
    Changed {
        at: usize,
    },
    /// There would be more of its kind than the account may have.
    Full {
        at: usize,
    },
    Unfit {
        at: usize,
    },
}

/// Documents of one kind whose ids begin alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentsBelow {
    pub account: AccountId,
    pub kind: DocumentKind,
    /// Ends in a slash.
    pub prefix: String,
    /// How many are passed over.
    pub skip: u32,
    pub limit: u32,
}

impl WriteOutcome {
    pub(crate) fn refused(at: usize, refusal: &PutOutcome) -> Self {
        match refusal {
            PutOutcome::Full => Self::Full { at },
            PutOutcome::Unfit => Self::Unfit { at },
            PutOutcome::Stored(_) | PutOutcome::Changed(_) => Self::Changed { at },
        }
    }
}

impl DocumentsBelow {
    /// Where the ids begin, and what they are all before.
    pub(crate) fn ids(&self) -> (String, String) {
        // What comes after the slash.
        let end = format!("{}0", self.prefix.trim_end_matches('/'));
        (self.prefix.clone(), end)
    }
}

/// The part of the contract that is about assets and documents.
///
/// Assets and documents that cannot be read are logged and left out where several are asked for; where
/// nothing else is found of what was asked for by name, one of them is the error.
#[async_trait]
pub trait AssetStore: Send + Sync {
    /// Registers files, each with the job that looks at it, in one write. Ids are new and carry the time
    /// of `created_at`, by which listings select. Of an asset that is known already the job is not queued,
    /// and its reference is not looked at.
    async fn register_assets(
        &self,
        assets: Vec<(Asset, NewJob)>,
        once: Option<Once>,
    ) -> Result<RegisterOutcome>;

    /// Notes what an ingest job has found about its asset, which is made if there is none of this id, and
    /// queues the jobs that follow, in one write. Only for an attempt that is publishing: the asset and
    /// the jobs are there before the job has succeeded.
    ///
    /// Can be repeated, also by another attempt of the job: jobs are queued the first time only, and after it
    /// nothing is written but what an attempt has found that differs, as long as no other job has told of the
    /// asset since. An asset that is there keeps its file, its origin and its details, whatever was changed
    /// meanwhile; it becomes what was found, of this job, and keeps its picture unless there is a new one.
    /// One that was registered with this job and is gone stays away, and nothing is queued for it.
    ///
    /// What stands against it must not keep the job from its end. If another asset has the file, then that
    /// one becomes what was found and the jobs are its. A reference that another asset has is left out.
    /// If a job's pipeline is gone, no job is queued. An asset that cannot be read stays as it is, and no job
    /// is queued. The last three are logged.
    async fn asset_arrived(
        &self,
        job: JobId,
        attempt: u32,
        asset: Asset,
        jobs: Vec<NewJob>,
    ) -> Result<Fenced>;

    /// Those of the assets that exist, in the order asked for, each once.
    async fn assets(&self, account: AccountId, ids: &[AssetId]) -> Result<Vec<Asset>>;

    /// The same by the references that the account gave them.
    async fn assets_referred(
        &self,
        account: AccountId,
        references: &[String],
    ) -> Result<Vec<Asset>>;

    /// The asset of a file.
    async fn asset_of_file(&self, account: AccountId, file: &ObjectRef) -> Result<Option<Asset>>;

    /// A page of at most `limit`, newest first unless said otherwise: fewer only if there are no more of
    /// them.
    async fn list_assets(
        &self,
        account: AccountId,
        filter: AssetFilter,
        limit: u32,
    ) -> Result<Vec<Asset>>;

    async fn change_asset(
        &self,
        account: AccountId,
        id: AssetId,
        change: AssetChange,
        now: Timestamp,
        once: Option<Once>,
    ) -> Result<ChangeAsset>;

    /// Forgets an asset: whoever removes its files has done that before. Whether there was one. Its jobs
    /// stay.
    async fn delete_asset(
        &self,
        account: AccountId,
        id: AssetId,
        once: Option<Once>,
    ) -> Result<bool>;

    /// The jobs that were made for an asset and are still stored, which as long as there is the asset they are
    /// unless somebody deletes one; of a registered asset also the job that looks at it, until it has told. Newest submission first
    /// and in it the oldest job first; at most `limit`. Also of an asset that is not there yet, or not any more.
    async fn asset_jobs(
        &self,
        account: AccountId,
        asset: AssetId,
        limit: u32,
    ) -> Result<Vec<AssetJob>> {
        let all = AssetJobFilter::default();
        self.list_asset_jobs(account, asset, all, limit).await
    }

    /// As [`AssetStore::asset_jobs`], a page of those that the filter takes.
    async fn list_asset_jobs(
        &self,
        account: AccountId,
        asset: AssetId,
        filter: AssetJobFilter,
        limit: u32,
    ) -> Result<Vec<AssetJob>>;

    /// The kind and the state of each job that [`AssetStore::asset_jobs`] would tell of, of several assets at
    /// once, in no order.
    async fn asset_standings(
        &self,
        account: AccountId,
        assets: &[AssetId],
    ) -> Result<Vec<AssetStanding>>;

    /// The asset that a submission's jobs were made for, and these, oldest first. Of several assets that
    /// of the oldest job. Jobs that are not stored any more are left out; `None` if none is left.
    async fn submission_jobs(
        &self,
        account: AccountId,
        submission: SubmissionId,
    ) -> Result<Option<(AssetId, Vec<JobId>)>>;

    /// The jobs that fetch or have fetched an address, the one submitted last first; at most `limit`.
    async fn jobs_fetching(
        &self,
        account: AccountId,
        url: &SourceUrl,
        limit: u32,
    ) -> Result<Vec<JobId>>;

    /// Stores a document, or one in its stead. Only what is new counts against the most there may be.
    async fn put_document(&self, document: PutDocument, once: Option<Once>) -> Result<PutOutcome>;

    async fn document(
        &self,
        account: AccountId,
        kind: DocumentKind,
        id: &str,
    ) -> Result<Option<Document>>;

    /// All of a kind, by id.
    async fn documents(&self, account: AccountId, kind: DocumentKind) -> Result<Vec<Document>>;

    /// A page of them, by id, and how many there are in all. What cannot be read is left out and counted.
    async fn documents_below(&self, below: DocumentsBelow) -> Result<(Vec<Document>, u64)>;

    /// Changes several documents of one account in one write, or none. No document is named twice; what is
    /// forgotten makes room for what comes after it.
    async fn write_documents(
        &self,
        account: AccountId,
        writes: Vec<DocumentWrite>,
        once: Option<Once>,
    ) -> Result<WriteOutcome>;

    /// Whether there was one.
    async fn delete_document(
        &self,
        account: AccountId,
        kind: DocumentKind,
        id: &str,
        once: Option<Once>,
    ) -> Result<bool>;
}
