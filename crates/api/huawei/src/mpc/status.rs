//! This product's words for states: each family of tasks has its own for two of them.

use reelgate_domain::job::{Job, StateName};

/// State of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TaskStatus {
    Waiting,
    Running,
    Succeeded,
    Failed,
    Canceled,
}

/// The words in which families differ.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    running: &'static str,
    succeeded: &'static str,
}

pub(super) const TRANSCODINGS: Words = Words {
    running: "TRANSCODING",
    succeeded: "SUCCEEDED",
};

pub(super) const THUMBNAILS: Words = Words {
    running: "PROCESSING",
    succeeded: "SUCCEEDED",
};

/// Of extract-metadata, remux and animated graphics.
pub(super) const NEWER: Words = Words {
    running: "PROCESSING",
    succeeded: "SUCCEED",
};

/// For an id that no task has.
pub(super) const NO_TASK: &str = "NO_TASK";

/// What a filter means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Tasks(TaskStatus),
    /// A state that no task is ever in here.
    Nothing,
}

impl TaskStatus {
    #[cfg(test)]
    const ALL: [Self; 5] = [
        Self::Waiting,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Canceled,
    ];

    /// A task that waits for another attempt is running: it cannot be canceled any more.
    const fn of(state: StateName, started: bool) -> Self {
        match (state, started) {
            (StateName::Queued, false) => Self::Waiting,
            (StateName::Queued, true)
            | (StateName::Running | StateName::Publishing | StateName::Stopping, _) => {
                Self::Running
            }
            (StateName::Succeeded, _) => Self::Succeeded,
            (StateName::Failed, _) => Self::Failed,
            (StateName::Cancelled, _) => Self::Canceled,
        }
    }

    pub(super) fn of_job(job: &Job) -> Self {
        Self::of(job.lifecycle.state.name(), job.lifecycle.has_started())
    }

    pub(super) const fn word(self, words: Words) -> &'static str {
        match self {
            Self::Waiting => "WAITING",
            Self::Running => words.running,
            Self::Succeeded => words.succeeded,
            Self::Failed => "FAILED",
            Self::Canceled => "CANCELED",
        }
    }

    /// The states that show as this one, and which of their jobs: started ones, others, or all.
    pub(super) fn covers(self) -> (Vec<StateName>, Option<bool>) {
        match self {
            Self::Waiting => (vec![StateName::Queued], Some(false)),
            Self::Running => {
                let states = vec![
                    StateName::Queued,
                    StateName::Running,
                    StateName::Publishing,
                    StateName::Stopping,
                ];
                (states, Some(true))
            }
            Self::Succeeded => (vec![StateName::Succeeded], None),
            Self::Failed => (vec![StateName::Failed], None),
            Self::Canceled => (vec![StateName::Cancelled], None),
        }
    }
}

impl Wanted {
    /// Reads a filter: the words of every family are understood in each, because the vendor's pages mix them.
    pub(super) fn parse(word: &str) -> Option<Self> {
        Some(Self::Tasks(match word {
            "WAITING" | "INIT" => TaskStatus::Waiting,
            "TRANSCODING" | "PROCESSING" | "PREPROCESSING" => TaskStatus::Running,
            "SUCCEEDED" | "SUCCEED" => TaskStatus::Succeeded,
            "FAILED" => TaskStatus::Failed,
            "CANCELED" => TaskStatus::Canceled,
            "NEED_TO_BE_AUDIT" => return Some(Self::Nothing),
            _ => return None,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_finds_exactly_the_tasks_that_show_its_state() {
        for status in TaskStatus::ALL {
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
                    let shown = TaskStatus::of(state, started) == status;
                    assert_eq!(found, shown, "{status:?} {state:?} started: {started}");
                }
            }
        }
    }

    #[test]
    fn words_read_back() {
        for status in TaskStatus::ALL {
            for words in [TRANSCODINGS, THUMBNAILS, NEWER] {
                let word = status.word(words);
                assert_eq!(Wanted::parse(word), Some(Wanted::Tasks(status)), "{word}");
            }
        }
        assert_eq!(Wanted::parse("NEED_TO_BE_AUDIT"), Some(Wanted::Nothing));
        for word in ["NO_TASK", "waiting", "CANCELLED", ""] {
            assert_eq!(Wanted::parse(word), None, "{word}");
        }
    }
}
