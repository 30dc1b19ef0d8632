//! The store: what is recorded, and the atomic intentions by which it changes.
//!
//! [`Store`] is the contract. Engines live in a module each and pass one conformance suite.

#[cfg(feature = "conformance")]
pub mod conformance;
mod contract;
mod sqlite;

pub use contract::{
    AccessStore, Attach, AuditFilter, Beat, BeatAnswer, Bucket, Claim, Create, CreateAccount,
    DeletePipeline, DeletePolicy, Ending, Fenced, Gone, Hints, JobFilter, NewAccount, NewPipeline,
    PipelinePage, Put, Resealed, Result, RetryOutcome, Rotate, SealedSecret, Store, StoreError,
    SubmitOutcome, Work,
};
pub use sqlite::SqliteStore;
