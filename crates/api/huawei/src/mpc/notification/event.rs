//! The events that tasks have.

use reelgate_domain::event::{EventName, JobEvent};
use reelgate_domain::job::JobKind;
use serde::{Deserialize, Serialize};

use crate::mpc::pipeline::Lane;

/// An event that is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Event {
    TranscodeComplete,
    TranscodeStart,
    ThumbnailComplete,
    RemuxComplete,
    AnimatedGraphicsComplete,
    ParseComplete,
}

/// The vendor's events of tasks that there are none of here.
pub(super) const NEVER: [&str; 1] = ["EditingComplete"];

impl Event {
    pub(super) const ALL: [Self; 6] = [
        Self::TranscodeComplete,
        Self::TranscodeStart,
        Self::ThumbnailComplete,
        Self::RemuxComplete,
        Self::AnimatedGraphicsComplete,
        Self::ParseComplete,
    ];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::TranscodeComplete => "TranscodeComplete",
            Self::TranscodeStart => "TranscodeStart",
            Self::ThumbnailComplete => "ThumbnailComplete",
            Self::RemuxComplete => "RemuxComplete",
            Self::AnimatedGraphicsComplete => "AnimatedGraphicsComplete",
            Self::ParseComplete => "ParseComplete",
        }
    }

    /// The member of the message that tells of the task.
    pub(super) const fn member(self) -> &'static str {
        match self {
            Self::TranscodeComplete | Self::TranscodeStart => "transcode_info",
            Self::ThumbnailComplete => "thumbnail_info",
            Self::RemuxComplete => "remux_info",
            Self::AnimatedGraphicsComplete => "animated_graphics_info",
            Self::ParseComplete => "parse_info",
        }
    }

    pub(super) fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.word() == word)
    }

    /// The one that something that happened to a job is. A further attempt is not told, and a cancel has no event.
    pub(super) fn of(event: &JobEvent, kind: JobKind, lane: Lane) -> Option<Self> {
        let has_ended = matches!(event.name, EventName::Succeeded | EventName::Failed);
        if lane == Lane::Animations {
            let is_told = has_ended && kind == JobKind::Transcode;
            return is_told.then_some(Self::AnimatedGraphicsComplete);
        }
        match kind {
            JobKind::Transcode if has_ended => Some(Self::TranscodeComplete),
            JobKind::Transcode if event.name == EventName::Started && event.attempt == 1 => {
                Some(Self::TranscodeStart)
            }
            JobKind::Snapshot if has_ended => Some(Self::ThumbnailComplete),
            JobKind::Remux if has_ended => Some(Self::RemuxComplete),
            JobKind::MediaInfo if has_ended => Some(Self::ParseComplete),
            JobKind::Transcode
            | JobKind::Snapshot
            | JobKind::Remux
            | JobKind::MediaInfo
            | JobKind::Fingerprint
            | JobKind::Ingest => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use reelgate_domain::{AccountId, JobId, PipelineId, Timestamp};

    use super::*;

    #[test]
    fn each_end_of_a_task_has_an_event_and_a_cancel_has_none() {
        let of = |name, attempt, kind| {
            let event = JobEvent {
                account: "1234567890123456".parse::<AccountId>().unwrap(),
                job: JobId::from_bytes([1; 16]),
                pipeline: PipelineId::from_bytes([2; 16]),
                name,
                attempt,
                at: Timestamp::from_millis(0),
                fault: None,
            };
            let told = |lane| Event::of(&event, kind, lane).map(Event::word);
            (told(Lane::Common), told(Lane::Animations))
        };
        let started = |attempt| of(EventName::Started, attempt, JobKind::Transcode);
        let first = (Some("TranscodeStart"), None);
        assert_eq!((started(1), started(2)), (first, (None, None)));
        for (kind, expected) in [
            (JobKind::Transcode, Some("TranscodeComplete")),
            (JobKind::Snapshot, Some("ThumbnailComplete")),
            (JobKind::Remux, Some("RemuxComplete")),
            (JobKind::MediaInfo, Some("ParseComplete")),
            (JobKind::Ingest, None),
        ] {
            for name in EventName::ALL {
                let told = of(name, 2, kind);
                match name {
                    EventName::Succeeded | EventName::Failed => {
                        let animated = expected.filter(|_| kind == JobKind::Transcode);
                        let animated = animated.map(|_| "AnimatedGraphicsComplete");
                        assert_eq!(told, (expected, animated));
                    }
                    _ => assert_eq!(told, (None, None), "{name}"),
                }
            }
        }
        assert!(
            Event::ALL
                .into_iter()
                .all(|it| Event::named(it.word()) == Some(it))
        );
    }
}
