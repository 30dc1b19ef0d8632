//! What this product remembers of a request with the job or pipeline it made.

use reelgate_domain::job::{Job, Origin};
use serde_json::{Map, Value};

use super::notify::NotifyConfig;

pub(super) const DIALECT: &str = "mps";
const VERSION: u16 = 1;

/// What a job's answers repeat of its request.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct JobRequest {
    /// `Bucket`, `Location` and `Object` of the source, as received.
    pub(super) input: Map<String, Value>,
    /// The same of the output's file.
    pub(super) output_file: Map<String, Value>,
    /// The element of `Outputs`, as received.
    pub(super) output: Map<String, Value>,
}

impl JobRequest {
    pub(super) fn into_origin(self) -> Origin {
        let Self {
            input,
            output_file,
            output,
        } = self;
        let members = [
            ("Input", input),
            ("OutputFile", output_file),
            ("Output", output),
        ];
        let request = members
            .into_iter()
            .map(|(name, members)| (name.to_owned(), Value::Object(members)));
        ours(Value::Object(request.collect()))
    }
}

/// The same of a stored job, where it lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Remembered<'a> {
    pub(super) input: &'a Map<String, Value>,
    pub(super) output_file: &'a Map<String, Value>,
    pub(super) output: &'a Map<String, Value>,
}

impl<'a> Remembered<'a> {
    /// The request of a job that this product made; `None` for any other.
    pub(super) fn of(job: &'a Job) -> Option<Self> {
        let request = read(job.origin.as_ref())?;
        let members = |name: &str| request.get(name)?.as_object();
        Some(Self {
            input: members("Input")?,
            output_file: members("OutputFile")?,
            output: members("Output")?,
        })
    }
}

/// What a pipeline's answers repeat of its request.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PipelineRequest {
    pub(super) role: Option<String>,
    pub(super) notify: NotifyConfig,
}

impl PipelineRequest {
    pub(super) fn into_origin(self) -> Origin {
        let mut request = Map::new();
        if let Some(role) = self.role {
            request.insert("Role".to_owned(), role.into());
        }
        let notify = self.notify.members();
        if !notify.is_empty() {
            request.insert("NotifyConfig".to_owned(), Value::Object(notify));
        }
        ours(Value::Object(request))
    }

    pub(super) fn of(origin: Option<&Origin>) -> Self {
        let Some(request) = read(origin) else {
            return Self::default();
        };
        let role = request.get("Role").and_then(Value::as_str);
        let notify = request.get("NotifyConfig").and_then(Value::as_object);
        Self {
            role: role.map(str::to_owned),
            notify: notify.map(NotifyConfig::of).unwrap_or_default(),
        }
    }
}

/// Notes which call made a job, for messages about it.
pub(super) fn note_request(origin: &mut Option<Origin>, request_id: &str) {
    let request = origin.as_mut().and_then(|it| it.request.as_object_mut());
    if let Some(request) = request {
        request.insert("RequestId".to_owned(), request_id.into());
    }
}

/// The id of the call that made a job, if it was noted.
pub(super) fn request_id(job: &Job) -> Option<&str> {
    read(job.origin.as_ref())?.get("RequestId")?.as_str()
}

/// Whether this product may write the origin: it belongs to the dialect that made the thing.
pub(super) fn is_writable(origin: Option<&Origin>) -> bool {
    origin.is_none_or(|origin| origin.dialect == DIALECT)
}

/// The origin of what this product makes.
pub(super) fn ours(request: Value) -> Origin {
    Origin {
        dialect: DIALECT.to_owned(),
        version: VERSION,
        request,
    }
}

/// What was remembered with something that this product made.
pub(super) fn read(origin: Option<&Origin>) -> Option<&Value> {
    let origin = origin.filter(|origin| origin.dialect == DIALECT && origin.version == VERSION)?;
    Some(&origin.request)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_written_reads_back() {
        let request = PipelineRequest {
            role: Some("AliyunMTSDefaultRole".to_owned()),
            notify: NotifyConfig {
                topic: "done".parse().ok(),
                queue: None,
            },
        };
        let origin = request.clone().into_origin();
        let written = json!({"Role": "AliyunMTSDefaultRole", "NotifyConfig": {"Topic": "done"}});
        assert_eq!(origin.request, written);
        assert_eq!(PipelineRequest::of(Some(&origin)), request);
        assert_eq!(PipelineRequest::default().into_origin().request, json!({}));
    }

    #[test]
    fn the_notes_of_other_dialects_are_neither_read_nor_overwritten() {
        let theirs = Origin {
            dialect: "mpc".to_owned(),
            version: 1,
            request: json!({"Role": "x"}),
        };
        assert_eq!(
            PipelineRequest::of(Some(&theirs)),
            PipelineRequest::default()
        );
        assert!(!is_writable(Some(&theirs)));
        assert!(is_writable(None));
    }
}
