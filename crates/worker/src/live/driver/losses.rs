//! What the end of a process says: what was lost with it, and whether trying again can help.

use reelgate_media::live::{LiveCause, LiveEnd, LiveEnded, Side};

use crate::live::course::Loss;
use crate::live::watchdog::Alarm;

/// A process that nobody asked to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lost {
    pub(super) loss: Loss,
    /// For people.
    pub(super) why: String,
    /// Why it is not to be tried again.
    pub(super) unfit: Option<String>,
    /// Whether the source and an output did not go together.
    pub(super) is_misfit: bool,
    /// Whether watchers have been told of it already.
    pub(super) is_told: bool,
}

impl Lost {
    pub(super) fn of(loss: Loss, why: String) -> Self {
        Self {
            loss,
            why,
            unfit: None,
            is_misfit: false,
            is_told: false,
        }
    }

    pub(super) fn unfit(why: String) -> Self {
        Self {
            unfit: Some(why.clone()),
            ..Self::of(Loss::Process, why)
        }
    }

    /// By a watchdog's alarm, whatever the process said when it was ended.
    pub(super) fn by(alarm: Alarm) -> Self {
        let loss = match alarm {
            Alarm::Silent(_) | Alarm::Still(_) => Loss::Source,
            Alarm::Behind(_) => Loss::Pace,
        };
        Self::of(loss, alarm.to_string())
    }

    /// By its own end.
    pub(super) fn with(ended: &LiveEnded) -> Self {
        let loss = loss(ended);
        let cause = ended.cause.map(|cause| cause.to_string());
        let why = match (cause, ended.text.as_str()) {
            (Some(cause), "") => cause,
            // What connects for FFmpeg says it in the same words.
            (Some(cause), text) if text.starts_with(&cause) => text.to_owned(),
            (Some(cause), text) => format!("{cause}: {text}"),
            (None, "") if loss == Loss::Source => LiveCause::Closed(Side::Source).to_string(),
            (None, "") => "FFmpeg ended".to_owned(),
            (None, text) => text.to_owned(),
        };
        let lost = Self {
            is_misfit: ended.cause == Some(LiveCause::Codec),
            ..Self::of(loss, why)
        };
        match ended.cause {
            Some(LiveCause::Lacks) => Self::unfit(lost.why),
            _ => lost,
        }
    }
}

fn loss(ended: &LiveEnded) -> Loss {
    if ended.how == LiveEnd::Deadline {
        return Loss::Process;
    }
    match ended.cause {
        Some(cause) if cause.is_of_source() => Loss::Source,
        Some(
            LiveCause::Refused(_)
            | LiveCause::Denied(_)
            | LiveCause::Unknown(_)
            | LiveCause::Untrusted(_)
            | LiveCause::Closed(_)
            | LiveCause::Frozen(_),
        ) => Loss::Output,
        Some(_) => Loss::Process,
        None if ended.how == LiveEnd::Exited(0) => Loss::Source,
        None => Loss::Process,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(how: LiveEnd, cause: Option<LiveCause>) -> LiveEnded {
        LiveEnded {
            how,
            cause,
            text: String::new(),
            peak_bytes: 0,
        }
    }

    #[test]
    fn what_was_lost_is_told_by_the_cause_and_without_one_by_the_exit_code() {
        let of = |how, cause| Lost::with(&ended(how, cause));
        for (how, cause, loss) in [
            (LiveEnd::Exited(0), None, Loss::Source),
            (LiveEnd::Exited(1), None, Loss::Process),
            (LiveEnd::Signalled(11), None, Loss::Process),
            (LiveEnd::TooMuchMemory, None, Loss::Process),
            (
                LiveEnd::Exited(1),
                Some(LiveCause::Frozen(Side::Source)),
                Loss::Source,
            ),
            (LiveEnd::Exited(1), Some(LiveCause::Garbage), Loss::Source),
            (
                LiveEnd::Exited(1),
                Some(LiveCause::Denied(Side::Output)),
                Loss::Output,
            ),
            (LiveEnd::Exited(1), Some(LiveCause::Other), Loss::Process),
            // The source was well until then.
            (
                LiveEnd::Deadline,
                Some(LiveCause::Closed(Side::Source)),
                Loss::Process,
            ),
        ] {
            let lost = of(how, cause);
            assert_eq!((lost.loss, lost.unfit), (loss, None), "{how:?} {cause:?}");
            assert!(!lost.why.is_empty());
        }
    }

    /// It said "the source cannot be connected to: the source cannot be connected to: …".
    #[test]
    fn nothing_is_said_twice() {
        let of = |text: &str| {
            let cause = Some(LiveCause::Refused(Side::Source));
            let text = text.to_owned();
            Lost::with(&LiveEnded {
                text,
                ..ended(LiveEnd::Exited(1), cause)
            })
        };
        let words = "the source cannot be connected to: rtmp://h:1935/…";
        assert_eq!(of(words).why, words);
        assert_eq!(
            of("Connection refused").why,
            "the source cannot be connected to: Connection refused"
        );
    }

    #[test]
    fn what_this_ffmpeg_lacks_is_not_tried_again() {
        let lost = Lost::with(&ended(LiveEnd::Exited(8), Some(LiveCause::Lacks)));
        assert!(lost.unfit.is_some());
        let lost = Lost::with(&ended(LiveEnd::Exited(1), Some(LiveCause::Codec)));
        assert!(lost.is_misfit && lost.unfit.is_none());
    }
}
