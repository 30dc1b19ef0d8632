//! Code and message of fingerprint jobs that have ended without success.

use reelgate_domain::job::{Fault, FaultCode, Job, JobSpec, JobState};

use super::codes;

/// Code and message of a job that failed or was cancelled; of any other, nothing.
pub(crate) fn of(job: &Job) -> Option<(&'static str, String)> {
    match &job.lifecycle.state {
        JobState::Failed { fault, .. } => Some(failed(job, fault)),
        JobState::Cancelled { .. } => {
            let message = match job.lifecycle.has_started() {
                false => "The job was cancelled before it started.",
                true => "The job was cancelled while it was running.",
            };
            Some((codes::CANCELLED.code, message.to_owned()))
        }
        JobState::Queued { .. }
        | JobState::Running { .. }
        | JobState::Publishing { .. }
        | JobState::Stopping { .. }
        | JobState::Succeeded { .. } => None,
    }
}

/// Code and message of a failure of a job.
pub(crate) fn failed(job: &Job, fault: &Fault) -> (&'static str, String) {
    let JobSpec::Fingerprint(spec) = &job.spec else {
        return failure(fault, "", "", "");
    };
    let library = spec.library.to_string();
    failure(fault, spec.input.key.as_str(), spec.key.as_str(), &library)
}

/// The vendor's code and text, and what exactly it was.
fn failure(fault: &Fault, object: &str, key: &str, library: &str) -> (&'static str, String) {
    let resource = |what: &str| format!("The resource operated \"{object}\" {what}.");
    let (code, text) = match fault.code {
        FaultCode::SourceMissing => (
            codes::SOURCE_NOT_FOUND.code,
            resource("cannot be found"),
        ),
        FaultCode::SourceUnreadable | FaultCode::NoVideoStream => {
            (codes::SOURCE_BAD.code, resource("is bad"))
        }
        FaultCode::NoAudioStream => (
            codes::NO_AUDIO.code,
            "The resource has no audio stream.".to_owned(),
        ),
        FaultCode::SpecUnfit | FaultCode::PartIncomplete | FaultCode::EngineLacks | FaultCode::SourceTooLarge => {
            (codes::NOT_SUPPORTED.code, resource("is not supported"))
        }
        FaultCode::KeyTaken => (
            codes::KEY_TAKEN.code,
            format!("The specified parameter \"PrimaryKey\" \"{key}\" already exists."),
        ),
        FaultCode::LibraryGone => (
            codes::LIBRARY_NOT_FOUND.code,
            codes::library_not_found(library),
        ),
        FaultCode::TargetUnfit
        | FaultCode::EngineFailed
        | FaultCode::StorageFailed
        | FaultCode::TimedOut
        | FaultCode::Stalled
        | FaultCode::OverBudget
        | FaultCode::WorkerLost
        // Of jobs that fetch their source.
        | FaultCode::SourceRefused
        | FaultCode::SourceUnreachable
        | FaultCode::SourceMismatch => (
            "InternalError",
            "The operation has failed due to some unknown error, exception or failure.".to_owned(),
        ),
    };
    (code, format!("{text} ({})", fault.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_has_the_siblings_code_and_says_what_it_was() {
        let check = |code, expected: (&str, &str)| {
            let fault = Fault::new(code, "why");
            let (code, message) = failure(&fault, "a.mp4", "film-1", "0f");
            assert_eq!((code, message.as_str()), expected);
        };
        check(
            FaultCode::SourceMissing,
            (
                "InvalidParameter.ResourceNotFound",
                "The resource operated \"a.mp4\" cannot be found. (why)",
            ),
        );
        check(
            FaultCode::KeyTaken,
            (
                "InvalidParameter.PrimaryKeyExist",
                "The specified parameter \"PrimaryKey\" \"film-1\" already exists. (why)",
            ),
        );
        check(
            FaultCode::LibraryGone,
            (
                "InvalidParameter.DBNotExist",
                "The DB operated \"0f\" does not exist. (why)",
            ),
        );
        let fault = Fault::new(FaultCode::WorkerLost, "worker w1 was lost");
        assert_eq!(failure(&fault, "", "", "").0, "InternalError");
    }
}
