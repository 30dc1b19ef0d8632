//! Notifications: which topics a project has told of its tasks, and in which words.
//!
//! A topic is named as the vendor's message service names one. The last part of that name is looked for among the
//! account's topics, which say where messages go.

mod event;
pub(super) mod list_notify_event;
pub(super) mod list_notify_smn_topic_config;
mod message;
pub(super) mod notify_smn_topic_config;
mod task;

pub use message::Notifications;

use reelgate_domain::access::ProjectId;
use reelgate_domain::document::{Document, DocumentKind};
use reelgate_domain::event::TopicName;
use reelgate_service::{Caller, ErrorKind, Service, ServiceError};
use serde::{Deserialize, Serialize};

use self::event::Event;

/// One for each project; its id is the project's.
const KIND: DocumentKind = "mpc.notification";

/// Far more than an account has projects.
const MOST: u32 = 100_000;

/// What a project has set, one element for each event that was named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Settings {
    notifications: Vec<Setting>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Setting {
    event: Event,
    is_on: bool,
    /// As it was given.
    topic: Option<String>,
    message_kind: i64,
}

impl Settings {
    /// The topic that is told of an event, if one is.
    fn topic_of(&self, event: Event) -> Option<&str> {
        let mut settings = self.notifications.iter();
        let setting = settings.find(|setting| setting.event == event && setting.is_on)?;
        setting.topic.as_deref()
    }
}

/// What is set, and the document that it stands in.
async fn find(
    service: &Service,
    caller: &Caller,
    project: ProjectId,
) -> Result<(Settings, Option<Document>), ServiceError> {
    let id = project.to_string();
    let Some(document) = service.document(caller, KIND, &id).await? else {
        return Ok((Settings::default(), None));
    };
    let settings = Settings::deserialize(&document.body).map_err(|error| {
        let message = format!("the notifications of {project} cannot be read: {error}");
        ServiceError::new(ErrorKind::Internal, project, message)
    })?;
    Ok((settings, Some(document)))
}

/// The account's name for a topic: the last part of `urn:smn:<region>:<project>:<name>`.
fn topic_name(urn: &str) -> Option<TopicName> {
    let parts: Vec<&str> = urn.split(':').collect();
    match parts.as_slice() {
        ["urn", "smn", region, project, name] if !region.is_empty() && !project.is_empty() => {
            name.parse().ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_of_a_topics_name_is_the_accounts_name_for_it() {
        let name = topic_name("urn:smn:cn-north-4:0123456789abcdef0123456789abcdef:done");
        assert_eq!(name, "done".parse().ok());
        for other in [
            "done",
            "urn:smn:cn-north-4:p",
            "urn:smn:cn-north-4:p:",
            "urn:smn::p:done",
            "urn:obs:cn-north-4:p:done",
            "urn:smn:cn-north-4:p:done:more",
            "urn:smn:cn-north-4:p:a b",
            "urn:smn:cn-north-4:p:~vod",
        ] {
            assert_eq!(topic_name(other), None, "{other}");
        }
    }

    #[test]
    fn an_event_that_is_switched_off_has_no_topic() {
        let setting = |event, is_on| Setting {
            event,
            is_on,
            topic: Some("urn".to_owned()),
            message_kind: 3,
        };
        let settings = Settings {
            notifications: vec![
                setting(Event::TranscodeStart, true),
                setting(Event::TranscodeComplete, false),
            ],
        };
        assert_eq!(settings.topic_of(Event::TranscodeStart), Some("urn"));
        assert_eq!(settings.topic_of(Event::TranscodeComplete), None);
        assert_eq!(settings.topic_of(Event::ParseComplete), None);
        let written = serde_json::to_value(&settings).unwrap();
        assert_eq!(Settings::deserialize(&written).unwrap(), settings);
    }
}
