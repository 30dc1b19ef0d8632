//! Filters by state, and the word for an import that has not ended. The other words are those of both families.

use reelgate_domain::job::StateName;

use crate::dna::words::JobStatus;

/// The state of an import that has not ended.
pub(super) const IMPORT_PROCESSING: &str = "Processing";

const ALL: [JobStatus; 4] = [
    JobStatus::Queuing,
    JobStatus::Analysing,
    JobStatus::Success,
    JobStatus::Fail,
];

/// The states that show as this word, and which of their jobs: started ones, others, or all.
pub(super) fn covers(word: &str) -> Option<(Vec<StateName>, Option<bool>)> {
    let status = ALL.into_iter().find(|status| status.word() == word)?;
    Some(match status {
        JobStatus::Queuing => (vec![StateName::Queued], Some(false)),
        JobStatus::Analysing => {
            let states = vec![
                StateName::Queued,
                StateName::Running,
                StateName::Publishing,
                StateName::Stopping,
            ];
            (states, Some(true))
        }
        JobStatus::Success => (vec![StateName::Succeeded], None),
        JobStatus::Fail => (vec![StateName::Failed, StateName::Cancelled], None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_finds_exactly_the_jobs_that_show_its_state() {
        for status in ALL {
            let (states, only_started) = covers(status.word()).unwrap();
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
        assert_eq!(covers("queuing"), None);
    }
}
