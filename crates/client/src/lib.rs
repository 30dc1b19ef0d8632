//! A client of the native API: typed calls, streamed uploads and downloads, errors that say what the server said.
//!
//! It reads no environment and no files but those it is told to send or to write, and the root certificates of the
//! machine when a server speaks TLS.

mod access;
mod buckets;
mod client;
mod dna;
mod error;
mod following;
mod health;
mod jobs;
mod keeping;
mod live;
mod nodes;
mod notify;
mod objects;
mod pipelines;
mod playlists;
mod presets;
mod quality;
mod repeating;
mod trust;

pub use access::{
    Account, AccountQuery, Accounts, Audit, AuditEntry, AuditQuery, Credentials, GrantedPolicy,
    InAccount, Key, KeyKind, KeyQuery, Keys, Limit, Limits, NewAccount, NewKey, NewProject,
    NewRole, NewUser, OpenedAccount, OpenedKey, Policies, Policy, PolicyKind, PolicyQuestion,
    PolicySummary, Project, Projects, Role, Roles, RotatedKey, RotatedMasterKey, Secret, User,
    Users, Verdict,
};
pub use buckets::{Bucket, Buckets, Link, NewBucket, NewS3Place, S3Place};
pub use client::Client;
pub use dna::{
    DnaMedia, DnaModel, EntryMatch, EntryQuery, Libraries, Library, LibraryEntries, LibraryEntry,
    MatchedSegment, MatchedText, Matches, NewFingerprint, NewLibrary, SaveMode, Span,
};
pub use error::{Error, Problem};
pub use following::Following;
pub use health::{Readiness, ReadinessCheck};
pub use jobs::{
    Address, AudioFacts, CancelDecision, CancelOutcome, Complexity, Facts, Fault, File, History,
    Job, JobEvent, JobQuery, JobState, Jobs, NewJob, NewOutput, Output, SizeComplexity, StopMode,
    VideoFacts, Waiting,
};
pub use keeping::{KeptFor, PruneStep, Pruned, Retention};
pub use live::{
    Activity, Latency, LiveGop, LiveSettings, LiveSide, NewStream, NewStreamTemplate, OnSourceLost,
    PlannedOutput, RunEnd, SourceAddress, Stream, StreamChange, StreamHealth, StreamInput,
    StreamNote, StreamNotes, StreamOutput, StreamPlan, StreamQuery, StreamRules, StreamSamples,
    StreamSign, StreamSigns, StreamState, StreamTarget, StreamTemplate, StreamTemplateChange,
    StreamTemplates, Streams,
};
pub use nodes::{Cluster, Clusters, Worker, WorkerError, Workers};
pub use notify::{
    Deliveries, Delivery, DeliveryQuery, Destination, Event, EventData, EventQuery, EventStream,
    Events, NewWebhook, Topics, WebhookChange, Webhooks,
};
pub use objects::{ObjectEntry, ObjectQuery, Objects, StoredObject};
pub use pipelines::{
    NewPipeline, Pipeline, PipelineChange, PipelineQuery, PipelineState, Pipelines,
};
pub use playlists::{AudioTrack, NewAudioTrack, NewPlaylist, Playlist, Rendition};
pub use presets::{Preset, Presets};
pub use quality::{JobQuality, OutputQuality, Quality, QualityPoint, WorstMoment};
pub use trust::Trust;
