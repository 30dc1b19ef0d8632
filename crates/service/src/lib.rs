//! The service: one use case per file, shared by every dialect.
//!
//! A dialect parses its vendor's request into a command, calls one of these and renders the
//! outcome. Nothing here knows of HTTP or of any vendor.

mod access;
mod assets;
mod buckets;
mod clock;
mod dna;
mod documents;
mod error;
mod holdups;
mod ids;
mod jobs;
mod keeping;
mod nodes;
mod notify;
mod objects;
mod pipelines;
mod playlists;
mod private_file;
mod progress;
mod slots;
mod streams;
mod thumbnails;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use reelgate_domain::Timestamp;
use reelgate_fetch::Guard;
use reelgate_store::Store;
use tokio::sync::watch;

pub use access::{
    ADMINISTRATOR, ASSUME_ROLE, AccessSettings, AssumeRefusal, AssumeRole, CallContext, Caller,
    ContentKeys, Credential, CredentialError, Credentials, Denial, Earlier, IssuedToken, KeyKind,
    KeyView, KeyedCall, Keyring, MasterKeyError, MasterKeyRotated, NewKey, PolicyVerdict,
    PolicyView, Principal, PrincipalKind, ProvenUser, SIGNATURE_HOLDS, Secret, Session,
    TemporaryKey, Throttled, TokenError, TokenHolder, TokenRefusal, TokenRequest, TokenScope,
    Written, session_call, signed_call,
};
pub use assets::{
    AssetPage, AssetQuery, AssetTask, Deletion, FetchFile, Fetching, Pictures, RegisterFile,
    Registered, Registering, Rendition, Renditions,
};
pub use buckets::{BucketOpener, BucketView, NewS3Bucket, OpenBucketError};
pub use clock::{Clock, SystemClock};
pub use dna::NewLibrary;
pub use documents::{DocumentChange, KeepDocument};
pub use error::{ErrorKind, ServiceError};
pub use holdups::Holdups;
pub use ids::{Ids, RandomIds};
pub use jobs::{
    CancelDecision, CountedJobs, DeleteDecision, JobPage, JobQuery, OutputQuality, RetryDecision,
    Submission, SubmitJob, Waiting, WrittenError,
};
pub use keeping::{KeptFor, PruneCursor, PruneStep, Pruned};
pub use notify::{
    About, Carrier, DeliveryPage, DestinationView, EventQuery, EventRenderer, Headers, Message,
    Notifier, NotifySettings, OpenedDestination, Rendered, Tries,
};
pub use objects::{ObjectPage, SharedAddress};
pub use pipelines::{CreatePipeline, PipelineQuery};
pub use playlists::{CreateAudioTrack, CreatePlaylist, Playlist};
pub use private_file::write_private;
pub use progress::{Fetched, LiveProgress};
pub use reelgate_objects::s3::PlaceWish;
pub use reelgate_objects::{AddressError, ByteRange, Content, Object, ObjectMeta, parse_address};
pub use reelgate_store::{
    AuditFilter, DeliveryFilter, EventPage, Gone, PipelinePage, StreamCounts, StreamFilter,
    StreamPage,
};
pub use slots::Slots;
pub use streams::{
    ChangeLiveTemplate, ChangeStream, CreateStream, NewLiveTemplate, StreamError, WhileRunning,
    built_in_templates,
};
pub use thumbnails::thumbnail_bucket;

/// What an operator may set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the program keeps its own files, absolute.
    pub data_dir: PathBuf,
    /// The largest object a caller may store.
    pub max_object_bytes: u64,
    /// Uploads leave this many bytes free on a bucket's file system.
    pub free_space_floor: u64,
}

/// Every use case, over one store.
pub struct Service {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    settings: Settings,
    progress: LiveProgress,
    holdups: Holdups,
    slots: Slots,
    /// Turns true when nobody may wait any longer.
    leaving: watch::Sender<bool>,
    access: Arc<access::Access>,
    buckets: buckets::BucketCache,
    s3: buckets::Connections,
    company: nodes::Company,
    guard: Guard,
    /// Whether streams may wait for others to connect to this machine by SRT.
    srt_listeners: bool,
    /// What addresses of this server begin with, once it listens.
    public_url: OnceLock<String>,
}

impl Service {
    /// A service whose master key ends with the process, for tests and figures; see
    /// [`Service::with_access`].
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        settings: Settings,
    ) -> Self {
        let access = AccessSettings::passing(&*ids);
        Self {
            store,
            clock,
            ids,
            settings,
            progress: LiveProgress::default(),
            holdups: Holdups::default(),
            slots: Slots::default(),
            leaving: watch::Sender::new(false),
            access: Arc::new(access::Access::new(access)),
            buckets: buckets::BucketCache::default(),
            s3: buckets::Connections::default(),
            company: nodes::Company::default(),
            guard: Guard::default(),
            srt_listeners: false,
            public_url: OnceLock::new(),
        }
    }

    /// The same service, which sends events also to these networks inside the operator's own.
    #[must_use]
    pub fn with_guard(mut self, guard: Guard) -> Self {
        self.guard = guard;
        self
    }

    /// The same service, which lets streams wait for others to connect to this machine by SRT, or not.
    #[must_use]
    pub fn with_srt_listeners(mut self, allowed: bool) -> Self {
        self.srt_listeners = allowed;
        self
    }

    /// Says what addresses of this server begin with, such as `https://media.example.org`. The first one counts.
    pub fn set_public_url(&self, url: &str) {
        let _ = self.public_url.set(url.trim_end_matches('/').to_owned());
    }

    /// Where a worker of this process reports progress.
    pub fn progress(&self) -> LiveProgress {
        self.progress.clone()
    }

    /// Where a worker of this process says what it waits for.
    pub fn holdups(&self) -> Holdups {
        self.holdups.clone()
    }
    /// Where a worker of this process says how many jobs it can start.
    pub fn slots(&self) -> Slots {
        self.slots.clone()
    }

    /// What opens buckets for a worker of this process.
    pub fn bucket_opener(&self) -> BucketOpener {
        BucketOpener::new(
            self.access.keyring(),
            Arc::clone(&self.clock),
            Arc::clone(&self.s3),
        )
    }

    /// The time by the service's clock, as records of calls have it.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// From now on calls that wait for something answer at once with what is: the process ends.
    pub fn stop_waiting(&self) {
        self.leaving.send_replace(true);
    }

    /// Whether the process ends, so that what goes on for long has to end too.
    pub fn is_leaving(&self) -> bool {
        *self.leaving.borrow()
    }
}
