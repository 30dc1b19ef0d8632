//! Streams: create, list, look up, change, start, stop, delete.

use std::fmt;
use std::time::Duration;

use reqwest::Method;
use serde::{Deserialize, Serialize};

use super::{LiveSettings, StreamHealth, StreamNotes, StreamSamples};
use crate::client::{Call, Client};
use crate::error::Error;
use crate::repeating::{new_key, repeated};

/// What a stream is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamState {
    /// It was never started.
    Idle,
    /// It is to run, and no worker has it yet.
    Waiting,
    /// A worker has it, and nothing has come out yet.
    Connecting,
    Live,
    /// Something was lost and is tried again.
    Interrupted,
    /// It is not to run any more, and its processes may still be there.
    Stopping,
    Stopped,
    /// It was given up; `ended` says why.
    Ended,
}

impl StreamState {
    /// Whether it is to run.
    pub const fn is_wanted(self) -> bool {
        matches!(
            self,
            Self::Waiting | Self::Connecting | Self::Live | Self::Interrupted
        )
    }

    /// The state's word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Waiting => "waiting",
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::Interrupted => "interrupted",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Ended => "ended",
        }
    }
}

impl fmt::Display for StreamState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stream {
    pub id: String,
    pub name: String,
    pub cluster: String,
    pub state: StreamState,
    /// The number of the newest start, 0 before the first.
    pub run: u32,
    /// The number of the newest attempt of a worker, 0 before the first.
    pub attempt: u32,
    /// Who may have processes of it.
    pub worker: Option<String>,
    pub created_at: String,
    /// When something was last asked of it.
    pub touched_at: String,
    pub last_start_at: Option<String>,
    pub last_stop_at: Option<String>,
    /// No worker takes it before.
    pub ready_at: Option<String>,
    /// Why the newest start was given up.
    pub ended: Option<RunEnd>,
    pub input: StreamInput,
    pub outputs: Vec<StreamOutput>,
    pub on_source_lost: OnSourceLost,
    pub latency: Latency,
    /// What the newest start runs.
    pub plan: Option<StreamPlan>,
    /// What was last seen of the newest start.
    pub health: Option<StreamHealth>,
}

/// Why a start was given up that nobody stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEnd {
    pub at: String,
    pub reason: String,
    pub message: String,
}

/// Where a stream comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamInput {
    pub address: SourceAddress,
    /// A source that sends nothing for this long counts as lost; 1,000 to 600,000 ms. The server's default is sent
    /// as nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen_after_ms: Option<u32>,
}

/// An address that may give access to what is there, and is printed without its path and query.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceAddress(String);

impl SourceAddress {
    pub fn new(address: impl Into<String>) -> Self {
        Self(address.into())
    }

    /// As it was given.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match reelgate_domain::stream::StreamAddress::new(&*self.0) {
            Ok(address) => address.fmt(f),
            Err(_) => f.write_str("…"),
        }
    }
}

impl fmt::Debug for SourceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceAddress({self})")
    }
}

/// One thing that is made of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamOutput {
    pub target: StreamTarget,
    /// A template's id, or its name in what is sent.
    pub template: String,
}

/// Where it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum StreamTarget {
    Push {
        address: SourceAddress,
    },
    Hls {
        bucket: String,
        /// The playlist's key, which ends in `.m3u8`.
        playlist: String,
        segment_seconds: u32,
        /// How many of the newest segments it names; 0: all.
        window: u32,
    },
    Recording {
        bucket: String,
        folder: String,
    },
}

impl fmt::Display for StreamTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Push { address } => address.fmt(f),
            Self::Hls {
                bucket, playlist, ..
            } => write!(f, "{bucket}/{playlist}"),
            Self::Recording { bucket, folder } => write!(f, "{bucket}/{folder}/"),
        }
    }
}

/// What is done when the source is gone and does not come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnSourceLost {
    #[default]
    KeepTrying,
    StopAfterMinutes(u32),
}

/// What comes first: little delay, or a smooth stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Latency {
    #[default]
    Low,
    Normal,
}

impl Latency {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
        }
    }
}

/// What a start runs: the stream as it was then, with what its templates said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StreamPlan {
    pub revision: u32,
    pub outputs: Vec<PlannedOutput>,
}

/// One output of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlannedOutput {
    pub target: StreamTarget,
    pub settings: LiveSettings,
}

/// A page of streams, newest first, and how many there are in all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Streams {
    pub streams: Vec<Stream>,
    pub total: u64,
    pub next_cursor: Option<String>,
}

/// Which streams to list.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StreamQuery {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Only those that are to run, or are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running: Option<bool>,
    /// This id, or a name that has this in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keyword: Option<String>,
    /// The `next_cursor` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// 1 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A stream to create.
#[derive(Clone, Debug, Serialize)]
pub struct NewStream {
    pub name: String,
    /// Absent: `default`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    pub input: StreamInput,
    pub outputs: Vec<StreamOutput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_source_lost: Option<OnSourceLost>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
}

/// A change of a stream; what is absent stays. One that runs goes on with what the change says.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StreamChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<StreamInput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Vec<StreamOutput>>,
    /// For every output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_source_lost: Option<OnSourceLost>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
}

impl StreamChange {
    /// Whether nothing is to change.
    pub fn is_empty(&self) -> bool {
        let Self {
            name,
            input,
            outputs,
            template,
            on_source_lost,
            latency,
        } = self;
        name.is_none()
            && input.is_none()
            && outputs.is_none()
            && template.is_none()
            && on_source_lost.is_none()
            && latency.is_none()
    }
}

/// A stream is named by its id.
impl Client {
    /// Creates a stream, which does not run. When the answer is lost the call is repeated with the same
    /// `Idempotency-Key`, which makes no second one.
    pub async fn create_stream(&self, stream: &NewStream) -> Result<Stream, Error> {
        let key = new_key()?;
        let call = || self.call(Method::POST, &["streams"]).json(stream);
        repeated(|| keyed(call(), &key).answer()).await
    }

    pub async fn streams(&self, query: &StreamQuery) -> Result<Streams, Error> {
        self.call(Method::GET, &["streams"])
            .query(query)
            .answer()
            .await
    }

    pub async fn stream(&self, id: &str) -> Result<Stream, Error> {
        self.call(Method::GET, &["streams", id]).answer().await
    }

    /// The stream when it is live, or is not to run and its processes are gone; or as it is after `patience`, of which
    /// at most 60 s count.
    pub async fn stream_settled(&self, id: &str, patience: Duration) -> Result<Stream, Error> {
        let wait = format!("{}s", patience.as_secs().min(60));
        let call = self.call(Method::GET, &["streams", id]);
        call.query(&[("wait", wait)]).answer().await
    }

    pub async fn change_stream(&self, id: &str, change: &StreamChange) -> Result<Stream, Error> {
        self.call(Method::PATCH, &["streams", id])
            .json(change)
            .answer()
            .await
    }

    /// Starts a stream; answers when that is decided, or with a `patience`, of which at most 60 s count, when it is
    /// live or was given up.
    pub async fn start_stream(
        &self,
        id: &str,
        patience: Option<Duration>,
    ) -> Result<Stream, Error> {
        self.ask_of_stream(id, "start", patience).await
    }

    /// Stops a stream; answers when that is decided, or with a `patience`, of which at most 60 s count, when its
    /// processes are gone.
    pub async fn stop_stream(&self, id: &str, patience: Option<Duration>) -> Result<Stream, Error> {
        self.ask_of_stream(id, "stop", patience).await
    }

    async fn ask_of_stream(
        &self,
        id: &str,
        what: &str,
        patience: Option<Duration>,
    ) -> Result<Stream, Error> {
        let key = new_key()?;
        let wait = patience.map(|patience| ("wait", format!("{}s", patience.as_secs().min(60))));
        let wait: Vec<_> = wait.into_iter().collect();
        let call = || self.call(Method::POST, &["streams", id, what]).query(&wait);
        repeated(|| keyed(call(), &key).answer()).await
    }

    /// Deletes a stream that does not run, with all that was noted of it.
    pub async fn delete_stream(&self, id: &str) -> Result<(), Error> {
        let call = self.call(Method::DELETE, &["streams", id]);
        call.send().await.map(drop)
    }

    /// What has happened to a stream, the newest first, at most `limit`.
    pub async fn stream_notes(
        &self,
        id: &str,
        before: Option<&str>,
        limit: u32,
    ) -> Result<StreamNotes, Error> {
        let call = self.call(Method::GET, &["streams", id, "notes"]);
        let call = call.query(&[("limit", limit)]);
        let before: Vec<_> = before.map(|time| ("before", time)).into_iter().collect();
        let call = call.query(&before);
        call.answer().await
    }

    /// What was seen of a stream after a time, else of what is kept, oldest first, at most `limit`.
    pub async fn stream_health(
        &self,
        id: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<StreamSamples, Error> {
        let call = self.call(Method::GET, &["streams", id, "health"]);
        let call = call.query(&[("limit", limit)]);
        let after: Vec<_> = after.map(|time| ("after", time)).into_iter().collect();
        let call = call.query(&after);
        call.answer().await
    }

    /// The newest thumbnail, as JPEG.
    pub async fn stream_thumbnail(&self, id: &str) -> Result<bytes::Bytes, Error> {
        let call = self.call(Method::GET, &["streams", id, "thumbnail"]);
        let name = call.name().to_owned();
        let bytes = call.send().await?.bytes().await;
        bytes.map_err(|source| Error::Broken { call: name, source })
    }
}

fn keyed(call: Call, key: &str) -> Call {
    call.with(|request| request.header("Idempotency-Key", key))
}
