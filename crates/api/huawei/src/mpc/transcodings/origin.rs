//! What this product remembers of the request with the task that it made.

use reelgate_domain::job::{Job, Origin};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::pictures::KeptSet;

const DIALECT: &str = "mpc";
const VERSION: u16 = 1;

/// What answers repeat of a request, as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Remembered {
    pub(super) input: Map<String, Value>,
    pub(super) output: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trans_template_id: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) av_parameters: Option<Value>,
    /// The template of each output; none of one that has parameters of its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) templates: Vec<Option<i64>>,
    /// The sets of pictures, whose results come after those of the outputs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) pictures: Vec<KeptSet>,
}

impl Remembered {
    pub(super) fn into_origin(self) -> Origin {
        Origin {
            dialect: DIALECT.to_owned(),
            version: VERSION,
            request: serde_json::to_value(self).unwrap_or(Value::Null),
        }
    }

    /// `None` of a task that another dialect made.
    pub(super) fn of(job: &Job) -> Option<Self> {
        let origin = job.origin.as_ref()?;
        if origin.dialect != DIALECT || origin.version != VERSION {
            return None;
        }
        Self::deserialize(&origin.request).ok()
    }
}
