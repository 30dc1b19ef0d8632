//! Words and rules of the field: jobs, pipelines, leases, cancel policies, media settings and facts.
//!
//! Everything here is pure: no input or output, no clock, no randomness, no async. Time and ids are
//! passed in, so every rule can be tested by calling it.

pub mod access;
pub mod asset;
pub mod dna;
pub mod document;
pub mod event;
pub mod ids;
pub mod job;
pub mod keeping;
pub mod media;
pub mod names;
pub mod node;
pub mod pipeline;
pub mod place;
pub mod policy;
pub mod preset;
pub mod quality;
pub mod stream;
pub mod time;

pub use access::{AccessKey, AccountId};
pub use asset::{Asset, AssetId};
pub use document::Document;
pub use ids::{JobId, JobNumber, PipelineId, SubmissionId, WorkerId};
pub use keeping::{Kept, Retention};
pub use names::{BucketName, InvalidName, ObjectKey, ObjectRef};
pub use pipeline::{Pipeline, PipelineState};
pub use place::{Place, S3Place, S3Style};
pub use stream::{Stream, StreamId};
pub use time::Timestamp;
