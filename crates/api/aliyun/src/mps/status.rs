//! This product's words for states.

use reelgate_domain::PipelineState;
use reelgate_domain::job::{Job, StateName};

use super::errors::{Code, Refusal};

/// State of a transcoding job as this product names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JobStatus {
    Submitted,
    Transcoding,
    TranscodeSuccess,
    TranscodeFail,
    TranscodeCancelled,
}

impl JobStatus {
    const ALL: [Self; 5] = [
        Self::Submitted,
        Self::Transcoding,
        Self::TranscodeSuccess,
        Self::TranscodeFail,
        Self::TranscodeCancelled,
    ];

    /// The vendor's state of a job in this state. `started` tells whether an attempt has ever started: a job that
    /// waits for another attempt is running for the vendor, which knows no way back.
    pub(super) const fn of(state: StateName, started: bool) -> Self {
        match (state, started) {
            (StateName::Queued, false) => Self::Submitted,
            (StateName::Queued, true)
            | (StateName::Running | StateName::Publishing | StateName::Stopping, _) => {
                Self::Transcoding
            }
            (StateName::Succeeded, _) => Self::TranscodeSuccess,
            (StateName::Failed, _) => Self::TranscodeFail,
            (StateName::Cancelled, _) => Self::TranscodeCancelled,
        }
    }

    pub(super) fn of_job(job: &Job) -> Self {
        Self::of(job.lifecycle.state.name(), job.lifecycle.has_started())
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Submitted => "Submitted",
            Self::Transcoding => "Transcoding",
            Self::TranscodeSuccess => "TranscodeSuccess",
            Self::TranscodeFail => "TranscodeFail",
            Self::TranscodeCancelled => "TranscodeCancelled",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }

    /// The states that show as this one, and which of their jobs: started ones, others, or all.
    pub(super) fn covers(self) -> (Vec<StateName>, Option<bool>) {
        match self {
            Self::Submitted => (vec![StateName::Queued], Some(false)),
            Self::Transcoding => {
                let states = vec![
                    StateName::Queued,
                    StateName::Running,
                    StateName::Publishing,
                    StateName::Stopping,
                ];
                (states, Some(true))
            }
            Self::TranscodeSuccess => (vec![StateName::Succeeded], None),
            Self::TranscodeFail => (vec![StateName::Failed], None),
            Self::TranscodeCancelled => (vec![StateName::Cancelled], None),
        }
    }
}

/// Whether a template can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TemplateState {
    Normal,
    Deleted,
}

impl TemplateState {
    const ALL: [Self; 2] = [Self::Normal, Self::Deleted];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Deleted => "Deleted",
        }
    }

    /// The states that a search is for; all of them without a word.
    pub(super) fn filter(word: Option<&str>) -> Result<Vec<Self>, Refusal> {
        let wanted = |state: &Self| word.is_none_or(|word| word == "All" || word == state.word());
        let states: Vec<Self> = Self::ALL.into_iter().filter(wanted).collect();
        if states.is_empty() {
            return Err(Refusal::new(Code::InvalidState, "State"));
        }
        Ok(states)
    }
}

/// What older pages let pipelines be searched by, beside the states they have.
pub(super) const PIPELINE_DELETED: &str = "Deleted";

/// The vendor's word for a pipeline's state.
pub(crate) const fn pipeline_word(state: PipelineState) -> &'static str {
    match state {
        PipelineState::Active => "Active",
        PipelineState::Paused => "Paused",
    }
}

pub(crate) fn parse_pipeline(word: &str) -> Option<PipelineState> {
    [PipelineState::Active, PipelineState::Paused]
        .into_iter()
        .find(|state| pipeline_word(*state) == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_finds_exactly_the_jobs_that_show_its_state() {
        for status in JobStatus::ALL {
            let (states, only_started) = status.covers();
            for state in StateName::ALL {
                for started in [false, true] {
                    // No job is in one of these without a start.
                    let runs = matches!(
                        state,
                        StateName::Running | StateName::Publishing | StateName::Stopping
                    );
                    if runs && !started {
                        continue;
                    }
                    let found =
                        states.contains(&state) && only_started.is_none_or(|want| want == started);
                    let shown = JobStatus::of(state, started) == status;
                    assert_eq!(found, shown, "{status:?} {state:?} started: {started}");
                }
            }
        }
    }

    #[test]
    fn a_job_that_waits_for_another_attempt_is_transcoding() {
        let shown = JobStatus::of(StateName::Queued, true);
        assert_eq!(shown.word(), "Transcoding");
        let shown = JobStatus::of(StateName::Queued, false);
        assert_eq!(shown.word(), "Submitted");
    }

    #[test]
    fn words_read_back() {
        for status in JobStatus::ALL {
            assert_eq!(JobStatus::parse(status.word()), Some(status));
        }
        assert_eq!(JobStatus::parse("submitted"), None);
        assert_eq!(parse_pipeline("Paused"), Some(PipelineState::Paused));
        assert_eq!(parse_pipeline("Deleted"), None);
    }
}
