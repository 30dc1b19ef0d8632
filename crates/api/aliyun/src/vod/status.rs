//! This product's words for states.

use reelgate_domain::asset::AssetState;
use reelgate_domain::job::{Fault, FaultCode, Job, StateName};

/// State of an upload. The vendor has four more, between which and these nothing lies here: what is fetched is stored by
/// the same step, and there is no state in which only a callback is outstanding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UploadStatus {
    Pending,
    Processing,
    Downloading,
    DownloadFail,
    Uploading,
    UploadFail,
    Success,
}

impl UploadStatus {
    pub(crate) fn of(job: &Job) -> Self {
        let (state, started) = (job.lifecycle.state.name(), job.lifecycle.has_started());
        match (state, started) {
            (StateName::Queued, false) => Self::Pending,
            (StateName::Queued, true) => Self::Processing,
            (StateName::Running, _) if job.progress == 0 => Self::Processing,
            (StateName::Running | StateName::Stopping, _) => Self::Downloading,
            (StateName::Publishing, _) => Self::Uploading,
            (StateName::Succeeded, _) => Self::Success,
            (StateName::Failed, _) => job.fault().map_or(Self::UploadFail, Self::of_fault),
            // No word of the vendor's says that a job was cancelled.
            (StateName::Cancelled, _) => Self::UploadFail,
        }
    }

    const fn of_fault(fault: &Fault) -> Self {
        match fault.code {
            FaultCode::SourceMissing
            | FaultCode::SourceRefused
            | FaultCode::SourceUnreachable
            | FaultCode::SourceMismatch
            | FaultCode::SourceTooLarge
            | FaultCode::SourceUnreadable => Self::DownloadFail,
            FaultCode::NoVideoStream
            | FaultCode::NoAudioStream
            | FaultCode::SpecUnfit
            | FaultCode::PartIncomplete
            | FaultCode::TargetUnfit
            | FaultCode::EngineLacks
            | FaultCode::EngineFailed
            | FaultCode::StorageFailed
            | FaultCode::TimedOut
            | FaultCode::Stalled
            | FaultCode::OverBudget
            | FaultCode::KeyTaken
            | FaultCode::LibraryGone
            | FaultCode::WorkerLost => Self::UploadFail,
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Processing => "PROCESSING",
            Self::Downloading => "DOWNLOADING",
            Self::DownloadFail => "DOWNLOAD_FAIL",
            Self::Uploading => "UPLOADING",
            Self::UploadFail => "UPLOAD_FAIL",
            Self::Success => "SUCCESS",
        }
    }
}

/// State of a transcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TranscodeStatus {
    Transcoding,
    Success,
    Fail,
}

impl TranscodeStatus {
    pub(crate) const fn of(job: &Job) -> Self {
        Self::of_state(job.lifecycle.state.name())
    }

    const fn of_state(state: StateName) -> Self {
        match state {
            StateName::Queued
            | StateName::Running
            | StateName::Publishing
            | StateName::Stopping => Self::Transcoding,
            StateName::Succeeded => Self::Success,
            StateName::Failed | StateName::Cancelled => Self::Fail,
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Transcoding => "Transcoding",
            Self::Success => "TranscodeSuccess",
            Self::Fail => "TranscodeFail",
        }
    }
}

/// State of a task: all transcodes of one call.
pub(crate) fn task_word(jobs: &[Job]) -> &'static str {
    let count = |status| {
        jobs.iter()
            .filter(|job| TranscodeStatus::of(job) == status)
            .count()
    };
    let (running, done) = (
        count(TranscodeStatus::Transcoding),
        count(TranscodeStatus::Success),
    );
    match (running, done) {
        (0, 0) => "CompleteAllFail",
        (0, done) if done == jobs.len() => "CompleteAllSucc",
        (0, _) => "CompletePartialSucc",
        (running, _) if running == jobs.len() => "Processing",
        _ => "Partial",
    }
}

/// State of a video.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VideoStatus {
    UploadSucc,
    UploadFail,
    Transcoding,
    TranscodeFail,
    Normal,
}

impl VideoStatus {
    /// `transcodes` are the states of those that were made of it.
    pub(crate) fn of(state: &AssetState, transcodes: &[StateName]) -> Self {
        match state {
            AssetState::Registered => Self::UploadSucc,
            AssetState::Unusable { .. } => Self::UploadFail,
            AssetState::Ready { .. } => {
                let all = transcodes.iter().map(|it| TranscodeStatus::of_state(*it));
                let any = |status| all.clone().any(|it| it == status);
                if transcodes.is_empty() || any(TranscodeStatus::Success) {
                    Self::Normal
                } else if any(TranscodeStatus::Transcoding) {
                    Self::Transcoding
                } else {
                    Self::TranscodeFail
                }
            }
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::UploadSucc => "UploadSucc",
            Self::UploadFail => "UploadFail",
            Self::Transcoding => "Transcoding",
            Self::TranscodeFail => "TranscodeFail",
            Self::Normal => "Normal",
        }
    }

    /// What listings may ask for, also those that no video is in here.
    pub(crate) fn is_word(word: &str) -> bool {
        const WORDS: [&str; 9] = [
            "Uploading",
            "UploadFail",
            "UploadSucc",
            "Transcoding",
            "TranscodeFail",
            "Checking",
            "Blocked",
            "Normal",
            "ProduceFail",
        ];
        WORDS.contains(&word)
    }
}

/// State of a video's own file.
pub(crate) const fn mezzanine_word(state: &AssetState) -> &'static str {
    match state {
        AssetState::Registered => "Uploading",
        AssetState::Ready { .. } => "Normal",
        AssetState::Unusable { .. } => "UploadFail",
    }
}

/// A stream that can be played.
pub(crate) const STREAM_NORMAL: &str = "Normal";
