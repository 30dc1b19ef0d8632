//! What this product remembers of a request with the fingerprint job that it made.

use reelgate_domain::job::{Job, Origin};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::DIALECT;
use super::input::Input;

const VERSION: u16 = 1;

/// What a job's answers repeat of its request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Request {
    pub(super) input: Input,
    /// As received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) config: Option<String>,
}

impl Request {
    pub(super) fn into_origin(self) -> Origin {
        Origin {
            dialect: DIALECT.to_owned(),
            version: VERSION,
            request: serde_json::to_value(self).unwrap_or(Value::Null),
        }
    }

    /// The request of a job that this product made; none of any other.
    pub(super) fn of(job: &Job) -> Option<Self> {
        let origin = job.origin.as_ref()?;
        let is_ours = origin.dialect == DIALECT && origin.version == VERSION;
        is_ours.then(|| Self::deserialize(&origin.request).ok())?
    }
}
