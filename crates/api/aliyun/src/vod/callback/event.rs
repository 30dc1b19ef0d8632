//! The events that callbacks can be switched on for.

use reelgate_domain::event::EventName;
use reelgate_domain::job::{Job, JobSpec};

use crate::vod::errors::{Code, Refusal};

/// An event that is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    UploadByUrl,
    FileUpload,
    VideoAnalysis,
    StreamTranscode,
    /// All transcodes of a task.
    Transcode,
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
    pub(super) const ALL: [Self; 6] = [
        Self::UploadByUrl,
        Self::FileUpload,
        Self::VideoAnalysis,
        Self::StreamTranscode,
        Self::Transcode,
        Self::Snapshot,
    ];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::UploadByUrl => "UploadByURLComplete",
            Self::FileUpload => "FileUploadComplete",
            Self::VideoAnalysis => "VideoAnalysisComplete",
            Self::StreamTranscode => "StreamTranscodeComplete",
            Self::Transcode => "TranscodeComplete",
            Self::Snapshot => "SnapshotComplete",
        }
    }

    pub(super) fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.word() == word)
    }

    /// What there may be to tell when a job has ended so, in this order.
    pub(super) fn of(name: EventName, job: &Job) -> &'static [Self] {
        let has_ended_well = match name {
            EventName::Succeeded => true,
            EventName::Failed => false,
            // The others of its task may have waited for nothing else.
            EventName::Cancelled if job.spec.transcode().is_some() => return &[Self::Transcode],
            EventName::Queued
            | EventName::Started
            | EventName::Requeued
            | EventName::Retried
            | EventName::Stopping
            | EventName::Cancelled => return &[],
        };
        match &job.spec {
            // What is not media is not stored, and no video is made of it.
            JobSpec::Ingest(_) if job.spec.source_url().is_some() => match has_ended_well {
                true => &[Self::UploadByUrl, Self::FileUpload, Self::VideoAnalysis],
                false => &[Self::UploadByUrl],
            },
            JobSpec::Ingest(_) => &[Self::VideoAnalysis],
            JobSpec::Transcode(_) => &[Self::StreamTranscode, Self::Transcode],
            JobSpec::Snapshot(_) => &[Self::Snapshot],
            JobSpec::MediaInfo(_) | JobSpec::Remux(_) | JobSpec::Fingerprint(_) => &[],
        }
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
        match Told::named(name) {
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
        for missed in ["DeleteMediaComplete", "MediaBaseChangeComplete", "Nonsense"] {
            let refused = list(missed).unwrap_err().message();
            assert_eq!(
                refused,
                format!("The event {missed} of EventTypeList is not served.")
            );
        }
        let all = Told::ALL.map(Told::word).join(",");
        assert_eq!(list(&all), Ok(Told::ALL.to_vec()));
    }
}
