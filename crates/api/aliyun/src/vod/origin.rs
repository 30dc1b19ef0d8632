//! What this product remembers of a request with the jobs it made.

use reelgate_domain::job::{Job, Origin};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) const DIALECT: &str = "vod";
const VERSION: u16 = 1;

/// What an upload's answers repeat of its request; of a registration what they need of that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Upload {
    /// As received, decoded; empty for a registration.
    #[serde(rename = "SourceURL", skip_serializing_if = "String::is_empty")]
    pub(crate) source_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_data: Option<String>,
    /// Absent: nothing is made of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) template_group_id: Option<String>,
}

/// Which template a transcode follows, and who asked for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Transcode {
    pub(crate) template_group_id: String,
    pub(crate) template_id: String,
    pub(crate) definition: String,
    pub(crate) trigger: Trigger,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_data: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Trigger {
    #[default]
    Auto,
    Manual,
}

impl Trigger {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Auto => "Auto",
            Self::Manual => "Manual",
        }
    }
}

/// What a snapshot job is listed as.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Snapshot {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_data: Option<String>,
}

pub(crate) fn ours(request: &impl Serialize) -> Origin {
    Origin {
        dialect: DIALECT.to_owned(),
        version: VERSION,
        request: serde_json::to_value(request).unwrap_or(Value::Null),
    }
}

/// The request of a job that this product made; what is not known of any other.
pub(crate) fn read<T: Default + for<'a> Deserialize<'a>>(origin: Option<&Origin>) -> T {
    let own = origin.filter(|origin| origin.dialect == DIALECT && origin.version == VERSION);
    let read = own.map(|origin| T::deserialize(&origin.request));
    read.and_then(Result::ok).unwrap_or_default()
}

pub(crate) fn upload(job: &Job) -> Upload {
    read(job.origin.as_ref())
}

pub(crate) fn transcode(job: &Job) -> Transcode {
    read(job.origin.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_reads_back_and_others_notes_are_not_read() {
        let upload = Upload {
            source_url: "http://h/a.mp4".to_owned(),
            user_data: Some("{}".to_owned()),
            template_group_id: None,
        };
        let origin = ours(&upload);
        let written = serde_json::json!({"SourceURL": "http://h/a.mp4", "UserData": "{}"});
        assert_eq!(origin.request, written);
        assert_eq!(read::<Upload>(Some(&origin)), upload);
        let theirs = Origin {
            dialect: "mps".to_owned(),
            ..origin
        };
        assert_eq!(read::<Upload>(Some(&theirs)), Upload::default());
    }
}
