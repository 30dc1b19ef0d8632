//! Live streams: what they are made of, how they are doing, and the calls about them.

mod following;
mod health;
mod rules;
mod streams;
mod templates;

pub use following::{StreamSign, StreamSigns};
pub use health::{Activity, StreamHealth, StreamNote, StreamNotes, StreamSamples};
pub use rules::StreamRules;
pub use streams::{
    Latency, NewStream, OnSourceLost, PlannedOutput, RunEnd, SourceAddress, Stream, StreamChange,
    StreamInput, StreamOutput, StreamPlan, StreamQuery, StreamState, StreamTarget, Streams,
};
pub use templates::{
    LiveGop, LiveSettings, LiveSide, NewStreamTemplate, StreamTemplate, StreamTemplateChange,
    StreamTemplates,
};
