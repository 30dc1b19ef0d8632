//! What tasks that failed are shown with: the vendor's processing codes.

use reelgate_domain::job::{Fault, FaultCode};

/// The code that finished tasks are listed with, and its words.
pub(super) const COMPLETED: (&str, &str) = ("MPC.10218", "The task has completed.");

/// The vendor has published the texts of few of its codes: what fits none of those is a system error.
pub(super) const fn code(fault: &Fault) -> &'static str {
    match fault.code {
        FaultCode::SourceMissing => "MPC.10053",
        FaultCode::SourceRefused
        | FaultCode::SourceUnreachable
        | FaultCode::SourceMismatch
        | FaultCode::SourceTooLarge => "MPC.10052",
        FaultCode::SourceUnreadable => "MPC.10125",
        FaultCode::NoVideoStream => "MPC.10067",
        FaultCode::NoAudioStream => "MPC.10068",
        FaultCode::SpecUnfit | FaultCode::PartIncomplete => "MPC.10087",
        FaultCode::TargetUnfit => "MPC.10209",
        FaultCode::EngineLacks => "MPC.10065",
        FaultCode::EngineFailed
        | FaultCode::StorageFailed
        | FaultCode::TimedOut
        | FaultCode::Stalled
        | FaultCode::OverBudget
        | FaultCode::KeyTaken
        | FaultCode::LibraryGone
        | FaultCode::WorkerLost => "MPC.10050",
    }
}

/// What the vendor says of the code, and what exactly it was.
pub(super) fn text(fault: &Fault) -> String {
    let words = match code(fault) {
        "MPC.10052" => "The input file cannot be obtained.",
        "MPC.10053" => "The input file does not exist.",
        "MPC.10065" => "The output cannot be made here.",
        "MPC.10067" => "The input file has no video.",
        "MPC.10068" => "The input file has no audio.",
        "MPC.10087" => "Invalid task parameters.",
        "MPC.10125" => "Input data error.",
        "MPC.10209" => "Invalid input or output OBS path.",
        _ => "System error.",
    };
    format!("{words} ({})", fault.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_exactly_it_was() {
        let fault = Fault::new(FaultCode::SourceMissing, "object a.mp4 does not exist");
        assert_eq!(code(&fault), "MPC.10053");
        let expected = "The input file does not exist. (object a.mp4 does not exist)";
        assert_eq!(text(&fault), expected);
        let fault = Fault::new(FaultCode::Stalled, "no progress for 120 s");
        assert_eq!(code(&fault), "MPC.10050");
        assert!(text(&fault).starts_with("System error."));
    }
}
