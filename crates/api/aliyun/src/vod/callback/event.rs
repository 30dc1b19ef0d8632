//! The events that callbacks can be switched on for.

use reelgate_domain::event::TopicName;
use reelgate_domain::job::{Job, JobSpec};

use crate::vod::errors::{Code, Refusal};

/// An event that is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    UploadByUrl,
    StreamTranscode,
    Snapshot,
}

/// Documented events of things that never happen here: they may be asked for, and are never sent.
const NEVER: [&str; 15] = [
    "AIComplete",
    "AddLiveRecordVideoComplete",
    "AttachedMediaUploadComplete",
    "CreateAuditComplete",
    "DigitalWatermarkEmbedComplete",
    "DynamicImageComplete",
    "ImageUploadComplete",
    "LiveRecordVideoComposeStart",
    "MediaRefreshComplete",
    "ProduceMediaComplete",
    "RestoreMediaComplete",
    "StreamUploadComplete",
    "UploadImageComplete",
    "VideoSummaryComplete",
    "WorkflowComplete",
];

impl Told {
    pub(super) const ALL: [Self; 3] = [Self::UploadByUrl, Self::StreamTranscode, Self::Snapshot];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::UploadByUrl => "UploadByURLComplete",
            Self::StreamTranscode => "StreamTranscodeComplete",
            Self::Snapshot => "SnapshotComplete",
        }
    }

    /// The one that the end of a job is.
    pub(super) fn of(job: &Job) -> Option<Self> {
        match &job.spec {
            JobSpec::Ingest(_) => job.spec.source_url().map(|_| Self::UploadByUrl),
            JobSpec::Transcode(_) => Some(Self::StreamTranscode),
            JobSpec::Snapshot(_) => Some(Self::Snapshot),
            JobSpec::MediaInfo(_) | JobSpec::Remux(_) => None,
        }
    }

    /// The topic that it goes to.
    pub(super) fn topic(self) -> Option<TopicName> {
        format!("vod:{}", self.word()).parse().ok()
    }
}

/// Reads a list of names; `ALL` means all that there are here.
pub(super) fn list(text: &str) -> Result<Vec<Told>, Refusal> {
    let mut told = Vec::new();
    for name in text
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
    {
        if name == "ALL" {
            return Ok(Told::ALL.to_vec());
        }
        match Told::ALL.into_iter().find(|event| event.word() == name) {
            Some(event) if told.contains(&event) => {}
            Some(event) => told.push(event),
            None if NEVER.contains(&name) => {}
            None => {
                let name: String = name.chars().take(64).collect();
                let text = format!("The event {name} of EventTypeList is not served.");
                return Err(Refusal::saying(Code::Invalid, text));
            }
        }
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_what_is_told_and_refuses_what_would_be_missed() {
        assert_eq!(list(""), Ok(Vec::new()));
        assert_eq!(list("ALL"), Ok(Told::ALL.to_vec()));
        let some = list("SnapshotComplete, AIComplete,SnapshotComplete,UploadByURLComplete");
        assert_eq!(some, Ok(vec![Told::Snapshot, Told::UploadByUrl]));
        for missed in ["FileUploadComplete", "TranscodeComplete", "Nonsense"] {
            let refused = list(missed).unwrap_err().message();
            assert_eq!(
                refused,
                format!("The event {missed} of EventTypeList is not served.")
            );
        }
        assert!(Told::ALL.into_iter().all(|event| event.topic().is_some()));
    }
}
