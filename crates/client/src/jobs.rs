//! Jobs: submit, look up, list, cancel, retry, history, log.

use std::fmt;
use std::time::Duration;

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::client::{Call, Client};
use crate::error::Error;
use crate::repeating::{new_key, repeated};

/// Where a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    Queued,
    Running,
    Publishing,
    Stopping,
    Succeeded,
    Failed,
    Cancelled,
}

impl JobState {
    /// Whether nothing can happen to the job any more.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }

    /// The state's word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Publishing => "publishing",
            Self::Stopping => "stopping",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An object in an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    pub bucket: String,
    pub key: String,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.bucket, self.key)
    }
}

/// A job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    pub id: String,
    pub number: i64,
    pub kind: String,
    pub state: JobState,
    pub pipeline_id: String,
    pub priority: u8,
    pub progress: u8,
    pub attempt: u32,
    pub created_at: String,
    pub started_at: Option<String>,
    pub finished_at: Option<String>,
    pub submission_id: String,
    pub input: Address,
    pub outputs: Vec<Output>,
    pub fault: Option<Fault>,
    pub user_data: Option<String>,
    pub origin: Option<String>,
    /// What a queued job waits for; known only where one job was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
}

/// Why a queued job does not start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Stable from release to release.
    pub reason: String,
    pub detail: String,
}

/// One output of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Output {
    pub object: Address,
    pub state: JobState,
    pub files: Vec<File>,
    pub facts: Option<Facts>,
    pub fault: Option<Fault>,
}

/// A file of an output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    pub key: String,
    pub bytes: u64,
}

/// What a probe found in an output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    pub container: String,
    pub duration_s: Option<f64>,
    pub size_bytes: u64,
    pub bit_rate: Option<u64>,
    pub video: Option<VideoFacts>,
    pub audio: Option<AudioFacts>,
    /// Where it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complexity: Option<Complexity>,
}

/// How many bits the picture takes at a constant quality of H.264.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Complexity {
    /// The quality, 1 (best) to 51.
    pub crf: u32,
    /// How much of the picture was encoded.
    pub sampled_seconds: f64,
    /// The widest first.
    pub sizes: Vec<SizeComplexity>,
}

/// The same at one size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SizeComplexity {
    pub width: u32,
    pub height: u32,
    pub kbps: f64,
    pub bits_per_pixel: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VideoFacts {
    pub codec: Option<String>,
    pub profile: Option<String>,
    pub width: u32,
    pub height: u32,
    pub fps: Option<f64>,
    pub bit_rate: Option<u64>,
    pub frames: Option<u64>,
    pub pixel_format: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AudioFacts {
    pub codec: Option<String>,
    pub profile: Option<String>,
    pub sample_rate: Option<u32>,
    pub channels: Option<u32>,
    pub bit_rate: Option<u64>,
}

/// Why a job or an output failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    pub code: String,
    pub message: String,
}

/// A job to submit. Objects are addresses such as `oss://bucket/key`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NewJob {
    pub input: String,
    pub outputs: Vec<NewOutput>,
    /// Id or name; the pipeline `default` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// 1 to 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_data: Option<String>,
}

/// An output of a job to submit: a preset, settings, or settings that change a preset.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NewOutput {
    pub object: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip: Option<Value>,
}

/// Which jobs to list; what is absent filters nothing.
#[derive(Clone, Debug, Default, Serialize)]
pub struct JobQuery {
    /// States with commas between.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Id or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// RFC 3339, as is `created_to`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_to: Option<String>,
    /// The `next_cursor` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// 1 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A page of jobs, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Jobs {
    pub jobs: Vec<Job>,
    pub next_cursor: Option<String>,
}

/// What a cancel came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelDecision {
    pub id: String,
    pub outcome: CancelOutcome,
    /// The state that the cancel met.
    pub from: JobState,
    pub mode: StopMode,
    /// When what ran was gone, if something ran and the call waited for its end.
    pub processes_gone_at: Option<String>,
    /// Whether it had to be killed.
    pub killed: Option<bool>,
}

/// How what runs is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopMode {
    /// Asked first, killed if it does not end in time.
    Graceful,
    /// Killed at once.
    Now,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelOutcome {
    /// Nothing of it runs and nothing will.
    Cancelled,
    /// It runs and was asked to stop.
    Stopping,
}

#[derive(Serialize)]
struct Cancel {
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<StopMode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    only: Option<&'static str>,
}

/// What has happened to a job, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History {
    pub events: Vec<JobEvent>,
}

/// One thing that happened to a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobEvent {
    pub at: String,
    /// The newest attempt at that time, 0 before the first.
    pub attempt: u32,
    pub event: String,
    /// What else there is to say of such an event.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl Client {
    /// Submits a job. When the answer is lost the call is repeated with the same `Idempotency-Key`, which makes no
    /// second job.
    pub async fn submit(&self, job: &NewJob) -> Result<Job, Error> {
        let key = new_key()?;
        repeated(|| self.submission(job, &key).answer()).await
    }

    /// Submits a job by one call, which the caller may repeat with the same key for a day: 1 to 255 visible characters
    /// of ASCII.
    pub async fn submit_as(&self, job: &NewJob, key: &str) -> Result<Job, Error> {
        self.submission(job, key).answer().await
    }

    fn submission(&self, job: &NewJob, key: &str) -> Call {
        let call = self.call(Method::POST, &["jobs"]).json(job);
        call.with(|request| request.header("Idempotency-Key", key))
    }

    pub async fn job(&self, id: &str) -> Result<Job, Error> {
        self.call(Method::GET, &["jobs", id]).answer().await
    }

    /// The job when it has ended, or as it is after `patience`, of which at most 60 s count.
    pub async fn job_ended(&self, id: &str, patience: Duration) -> Result<Job, Error> {
        let wait = format!("{}s", patience.as_secs().min(60));
        let call = self.call(Method::GET, &["jobs", id]);
        call.query(&[("wait", wait)]).answer().await
    }

    pub async fn jobs(&self, query: &JobQuery) -> Result<Jobs, Error> {
        self.call(Method::GET, &["jobs"])
            .query(query)
            .answer()
            .await
    }

    /// Cancels a job. With `only_queued` a job that has started is refused.
    pub async fn cancel(&self, id: &str, only_queued: bool) -> Result<CancelDecision, Error> {
        let (mode, only) = (None, only_queued.then_some("queued"));
        let call = self.call(Method::POST, &["jobs", id, "cancel"]);
        call.json(&Cancel { mode, only }).answer().await
    }

    /// Cancels a job; what runs is killed at once.
    pub async fn cancel_now(&self, id: &str) -> Result<CancelDecision, Error> {
        let (mode, only) = (Some(StopMode::Now), None);
        let call = self.call(Method::POST, &["jobs", id, "cancel"]);
        call.json(&Cancel { mode, only }).answer().await
    }

    /// Queues a failed job again, as if it had never started.
    pub async fn retry(&self, id: &str) -> Result<Job, Error> {
        let call = self.call(Method::POST, &["jobs", id, "retry"]);
        call.answer().await
    }

    /// Takes away a job that has ended, with its history. Its outputs stay.
    pub async fn delete_job(&self, id: &str) -> Result<(), Error> {
        let call = self.call(Method::DELETE, &["jobs", id]);
        call.send().await.map(drop)
    }

    /// What has happened to a job.
    pub async fn history(&self, id: &str) -> Result<History, Error> {
        let call = self.call(Method::GET, &["jobs", id, "history"]);
        call.answer().await
    }

    /// What the engine last wrote about what failed; empty if there is nothing.
    pub async fn job_log(&self, id: &str) -> Result<String, Error> {
        let call = self.call(Method::GET, &["jobs", id, "log"]);
        let name = call.name().to_owned();
        let text = call.send().await?.text().await;
        text.map_err(|source| Error::Broken { call: name, source })
    }
}
