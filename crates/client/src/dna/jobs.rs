//! Fingerprint jobs: a file is looked for in a library, stored in it, or both.

use reqwest::Method;
use serde::Serialize;

use crate::client::Client;
use crate::error::Error;
use crate::jobs::Job;
use crate::repeating::{new_key, repeated};

/// What a job does with its library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SaveMode {
    /// Searches.
    Never,
    /// Searches, and stores what has no duplicate.
    #[default]
    IfNew,
    /// Searches and stores.
    Always,
    /// Stores without a search.
    Only,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DnaMedia {
    Video,
    Audio,
    Image,
    Text,
    /// What speech recognition has made of a recording.
    Asr,
}

/// A fingerprint job to submit. Objects are addresses such as `oss://bucket/key`.
#[derive(Clone, Debug, Serialize)]
pub struct NewFingerprint {
    pub input: String,
    /// By id.
    pub library: String,
    /// What the file is called in the library: 1 to 256 bytes without commas.
    pub key: String,
    pub media: DnaMedia,
    pub save: SaveMode,
    /// What counts as a duplicate and is told of, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_similarity: Option<f64>,
    /// Where what was found goes as JSON; absent with [`SaveMode::Only`] and only there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// Id or name; the pipeline `default` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// 1 to 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_data: Option<String>,
}

#[derive(Serialize)]
struct Body<'a> {
    kind: &'static str,
    #[serde(flatten)]
    job: &'a NewFingerprint,
}

impl Client {
    /// Submits a fingerprint job. When the answer is lost the call is repeated with the same `Idempotency-Key`, which
    /// makes no second job.
    pub async fn submit_fingerprint(&self, job: &NewFingerprint) -> Result<Job, Error> {
        let key = new_key()?;
        let kind = "fingerprint";
        let call = || {
            let call = self.call(Method::POST, &["jobs"]).json(&Body { kind, job });
            call.with(|request| request.header("Idempotency-Key", &key))
        };
        repeated(|| call().answer()).await
    }
}
