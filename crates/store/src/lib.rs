//! The store: what is recorded, and the atomic intentions by which it changes.
//!
//! [`Store`] is the contract. Engines live in a module each and pass one conformance suite.

mod assets;
#[cfg(feature = "conformance")]
pub mod conformance;
mod contract;
mod copying;
mod dna;
mod family;
mod happened;
mod held;
mod hints;
mod lanes;
mod outcome;
mod postgres;
mod sqlite;
mod stored;
mod streams;
mod walk;

pub use contract::{
    AccessStore, AssetFilter, AssetJobFilter, AssetStanding, AssetStore, Attach, AuditFilter, Beat,
    BeatAnswer, Bucket, ChangeAsset, Claim, ClaimedDelivery, Create, CreateAccount, CreateLibrary,
    Cutoffs, DeleteCluster, DeleteJob, DeletePipeline, DeletePolicy, DeliveryClaim, DeliveryFilter,
    DestinationChange, DnaEffect, DnaStore, DocumentWrite, DocumentsBelow, Ending, EventPage,
    EventStore, Fenced, Gone, Hints, JobFilter, Join, KeepStore, LibraryChange, LibraryChanges,
    NewAccount, NewDelivery, NewEntry, NewPipeline, NewStream, NodeStore, Outlived, PipelinePage,
    PublishDna, Put, PutDocument, PutOutcome, RegisterAsset, RegisterOutcome, Replay, Resealed,
    Result, RetryOutcome, Rotate, SealedSecret, Settled, Sign, Slice, SliceCursor, Store,
    StoreError, StreamAnswer, StreamBeat, StreamChange, StreamCounts, StreamEnding, StreamFilter,
    StreamOutcome, StreamPage, StreamStore, SubmitOutcome, Tally, Told, Work, WriteOutcome,
};
pub use copying::{Backup, CopyError, Migration, Progress, Restored, Sum, Sums, Tell};
pub use postgres::{PostgresOptions, PostgresStore};
pub use sqlite::SqliteStore;
#[cfg(feature = "simulation")]
pub use sqlite::twin;
