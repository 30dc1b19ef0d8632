//! The store: what is recorded, and the atomic intentions by which it changes.
//!
//! [`Store`] is the contract. Engines live in a module each and pass one conformance suite.

#[cfg(feature = "conformance")]
pub mod conformance;
mod contract;
mod family;
mod happened;
mod held;
mod hints;
mod lanes;
mod postgres;
mod sqlite;
mod stored;

pub use contract::{
    AccessStore, Attach, AuditFilter, Beat, BeatAnswer, Bucket, Claim, Create, CreateAccount,
    DeleteCluster, DeletePipeline, DeletePolicy, Ending, Fenced, Gone, Hints, JobFilter, Join,
    NewAccount, NewPipeline, NodeStore, PipelinePage, Put, Resealed, Result, RetryOutcome, Rotate,
    SealedSecret, Sign, Store, StoreError, SubmitOutcome, Told, Work,
};
pub use postgres::{PostgresOptions, PostgresStore};
pub use sqlite::SqliteStore;
