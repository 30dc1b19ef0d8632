//! The store: what is recorded, and the atomic intentions by which it changes.
//!
//! [`Store`] is the contract. Engines live in a module each and pass one conformance suite.

#[cfg(feature = "conformance")]
pub mod conformance;
mod contract;
mod sqlite;

pub use contract::{
    ApiKey, Beat, BeatAnswer, Bucket, Claim, DeletePipeline, Ending, Fenced, FirstAccount, Gone,
    Hints, JobFilter, NewPipeline, PipelinePage, Result, RetryOutcome, Store, StoreError,
    SubmitOutcome, Work,
};
pub use sqlite::SqliteStore;
