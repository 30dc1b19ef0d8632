//! Words that requests of both families have for what a job does, and for what a library is.

use reelgate_domain::dna::{DnaModel, LibraryStatus};
use reelgate_domain::job::kind::fingerprint::{DnaMedia, SaveMode};
use reelgate_domain::job::{Job, JobSpec, StateName};

/// `SaveType`.
pub(crate) fn parse_save(word: &str) -> Option<SaveMode> {
    [
        SaveMode::Never,
        SaveMode::IfNew,
        SaveMode::Always,
        SaveMode::Only,
    ]
    .into_iter()
    .find(|mode| save_word(*mode) == word)
}

pub(crate) const fn save_word(mode: SaveMode) -> &'static str {
    match mode {
        SaveMode::Never => "nosave",
        SaveMode::IfNew => "save",
        SaveMode::Always => "forcesave",
        SaveMode::Only => "onlysave",
    }
}

/// What a file is, if a request does not say it: what the library is made of.
pub(crate) const fn media_of(model: DnaModel) -> DnaMedia {
    match model {
        DnaModel::Video => DnaMedia::Video,
        DnaModel::Audio => DnaMedia::Audio,
        DnaModel::Image => DnaMedia::Image,
        DnaModel::Text => DnaMedia::Text,
    }
}

/// What the answer says of a library that it has just made. It can be used at once; the vendor's cannot, and callers
/// wait for the other word.
pub(crate) const LIBRARY_NEW: &str = "offline";

pub(crate) const fn library_word(status: LibraryStatus) -> &'static str {
    match status {
        LibraryStatus::Active => "active",
        LibraryStatus::Deleted => "deleted",
    }
}

/// State of a fingerprint job as both families name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobStatus {
    Queuing,
    Analysing,
    Success,
    Fail,
}

impl JobStatus {
    /// `started` tells whether an attempt has ever started: a job that waits for another attempt is running for the
    /// vendor, which knows no way back. A cancelled one has failed: there is no other word.
    pub(crate) const fn of(state: StateName, started: bool) -> Self {
        match (state, started) {
            (StateName::Queued, false) => Self::Queuing,
            (StateName::Queued, true)
            | (StateName::Running | StateName::Publishing | StateName::Stopping, _) => {
                Self::Analysing
            }
            (StateName::Succeeded, _) => Self::Success,
            (StateName::Failed | StateName::Cancelled, _) => Self::Fail,
        }
    }

    pub(crate) fn of_job(job: &Job) -> Self {
        Self::of(job.lifecycle.state.name(), job.lifecycle.has_started())
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Queuing => "Queuing",
            Self::Analysing => "Analysing",
            Self::Success => "Success",
            Self::Fail => "Fail",
        }
    }
}

/// Whether it is a job of the kind that these operations show, from whatever dialect.
pub(crate) const fn is_fingerprint(job: &Job) -> bool {
    matches!(job.spec, JobSpec::Fingerprint(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back() {
        for word in ["nosave", "save", "forcesave", "onlysave"] {
            assert_eq!(parse_save(word).map(save_word), Some(word));
        }
        assert_eq!(parse_save("Save"), None);
    }

    #[test]
    fn each_state_has_one_of_the_four_words() {
        let word = |state, started| JobStatus::of(state, started).word();
        assert_eq!(word(StateName::Queued, false), "Queuing");
        assert_eq!(word(StateName::Queued, true), "Analysing");
        for state in [
            StateName::Running,
            StateName::Publishing,
            StateName::Stopping,
        ] {
            assert_eq!(word(state, true), "Analysing");
        }
        assert_eq!(word(StateName::Succeeded, true), "Success");
        assert_eq!(word(StateName::Failed, true), "Fail");
        assert_eq!(word(StateName::Cancelled, false), "Fail");
    }
}
