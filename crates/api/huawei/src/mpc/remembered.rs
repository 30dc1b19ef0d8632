//! What is remembered of the request of a task that is no transcoding task: what answers repeat.

use reelgate_domain::ObjectRef;
use reelgate_domain::job::{Job, JobSpec, Origin};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::address::Address;
use super::errors::invalid;
use crate::errors::ApiError;

const DIALECT: &str = "mpc";
const VERSION: u16 = 1;

/// Addresses and parameters as they were sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    pub(super) input: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) output: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) output_param: Option<Value>,
    /// The moment of a picture that was wanted at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thumbnail_time: Option<String>,
}

impl Kept {
    pub(super) fn of(job: &Job) -> Self {
        let origin = job.origin.as_ref();
        let own = origin.filter(|it| it.dialect == DIALECT && it.version == VERSION);
        let kept = own.and_then(|origin| Self::deserialize(&origin.request).ok());
        // Of a task that another dialect made there is what its job says.
        kept.unwrap_or_else(|| Self {
            input: job.spec.input().map(place).unwrap_or_default(),
            output: match &job.spec {
                JobSpec::MediaInfo(spec) => spec.output.as_ref().map(place),
                spec => spec.targets().first().map(|target| place(target)),
            },
            ..Self::default()
        })
    }

    pub(super) fn into_origin(self) -> Result<Origin, ApiError> {
        let origin = Origin {
            dialect: DIALECT.to_owned(),
            version: VERSION,
            request: serde_json::to_value(self).unwrap_or(Value::Null),
        };
        match origin.fits() {
            true => Ok(origin),
            false => Err(invalid("the body is longer than can be kept with a task")),
        }
    }
}

/// An address as it was given, with another object.
pub(super) fn at(address: &Address, object: &str) -> Map<String, Value> {
    let mut echo = address.echo.clone();
    echo.insert("object".to_owned(), object.into());
    echo
}

/// An address of which only the object is known.
fn place(object: &ObjectRef) -> Map<String, Value> {
    let members = [
        ("bucket", object.bucket.as_str()),
        ("object", object.key.as_str()),
    ];
    let members = members.map(|(name, text)| (name.to_owned(), Value::from(text)));
    members.into_iter().collect()
}
