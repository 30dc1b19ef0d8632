//! `PUT /notification`: which topics are told of which events.

use reelgate_service::{DocumentChange, KeepDocument};

use super::event::{Event, NEVER};
use super::{KIND, MOST, Setting, find, topic_name};
use crate::answer::nothing;
use crate::errors::{ApiError, Outcome};
use crate::mpc::asked::Asked;
use crate::mpc::errors::{invalid, service_error};
use crate::mpc::fields::Fields;
use crate::mpc::kept::{self, MOST_TRIES};

/// The longest name of a topic, in characters.
const MOST_TOPIC_CHARS: usize = 512;
/// The message as JSON, and beside it as a text that a template makes: what is sent is the JSON either way.
const JSON: i64 = 2;
const BOTH: i64 = 3;

/// Events that are not named stay as they are.
pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let mut body = asked.body()?;
    let elements = body.objects("notifications")?;
    let Some(elements) = elements else {
        return Err(body.refuse("notifications", "is missing"));
    };
    body.finish()?;
    let mut wanted: Vec<Setting> = Vec::new();
    for element in elements {
        let path = element.path("event_name");
        let Some(setting) = read(element)? else {
            continue;
        };
        if wanted.iter().any(|it| it.event == setting.event) {
            return Err(invalid(&format!("{path} comes twice")));
        }
        wanted.push(setting);
    }
    for _ in 0..MOST_TRIES {
        let found = find(asked.service, asked.caller, asked.project).await;
        let (mut settings, document) = found.map_err(service_error)?;
        settings
            .notifications
            .retain(|it| !wanted.iter().any(|wanted| wanted.event == it.event));
        settings.notifications.extend(wanted.iter().cloned());
        let change = DocumentChange::Keep(KeepDocument {
            kind: KIND,
            id: asked.project.to_string(),
            body: serde_json::to_value(&settings).map_err(ApiError::internal)?,
            replaces: document.map(|document| document.revision),
            most: MOST,
        });
        if kept::written(asked, vec![change]).await? {
            return Ok(nothing());
        }
    }
    Err(invalid(
        "the notifications were changed in this very moment",
    ))
}

/// One event's; none for one that never happens here and is to be off.
fn read(mut element: Fields) -> Result<Option<Setting>, ApiError> {
    let name = element.needed_text("event_name")?;
    let is_on = match element.needed_text("status")?.as_str() {
        "on" => true,
        "off" => false,
        _ => return Err(element.refuse("status", "must be on or off")),
    };
    let topic = element.text("topic")?.filter(|topic| !topic.is_empty());
    let message_kind = element.integer("msg_type", 0..=4)?;
    let event = match Event::named(&name) {
        Some(event) => event,
        None if !NEVER.contains(&name.as_str()) => {
            return Err(element.refuse("event_name", "is no event"));
        }
        None if is_on => {
            let why = "can only be off: there are no tasks of that kind here";
            return Err(element.refuse("event_name", &format!("{name} {why}")));
        }
        None => return Ok(None),
    };
    match &topic {
        None if is_on => return Err(element.refuse("topic", "is missing")),
        None => {}
        Some(urn) => {
            let fits = urn.chars().count() <= MOST_TOPIC_CHARS && topic_name(urn).is_some();
            if !fits {
                let why = "must be urn:smn:<region>:<project>:<name>";
                return Err(element.refuse("topic", why));
            }
        }
    }
    let message_kind = message_kind.unwrap_or(BOTH);
    if is_on && message_kind != JSON && message_kind != BOTH {
        let why = format!("must be {JSON} or {BOTH}: messages are sent as JSON");
        return Err(element.refuse("msg_type", &why));
    }
    element.finish()?;
    Ok(Some(Setting {
        event,
        is_on,
        topic,
        message_kind,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: &str = "urn:smn:cn-north-4:p:done";

    fn check(text: &str) -> Result<Option<Setting>, String> {
        let text = text.replace("TOPIC", TOPIC);
        let read = Fields::body(text.as_bytes()).and_then(read);
        read.map_err(|refused| refused.message().to_owned())
    }

    #[test]
    fn an_event_is_switched_on_for_a_topic() {
        let setting = check(
            r#"{"event_name":"TranscodeStart","status":"on","topic":"TOPIC","msg_type":2.0}"#,
        );
        let expected = Setting {
            event: Event::TranscodeStart,
            is_on: true,
            topic: Some(TOPIC.to_owned()),
            message_kind: JSON,
        };
        assert_eq!(setting, Ok(Some(expected)));
        let off = check(r#"{"event_name":"ParseComplete","status":"off"}"#).unwrap();
        assert!(off.is_some_and(|it| !it.is_on && it.message_kind == BOTH));
        let never = check(r#"{"event_name":"EditingComplete","status":"off","topic":""}"#);
        assert_eq!(never, Ok(None));
    }

    #[test]
    fn what_would_not_come_is_refused_by_name() {
        for (text, about) in [
            (
                r#"{"status":"on","topic":"TOPIC"}"#,
                "event_name is missing",
            ),
            (
                r#"{"event_name":"Other","status":"on","topic":"TOPIC"}"#,
                "event_name is no event",
            ),
            (
                r#"{"event_name":"EditingComplete","status":"on","topic":"TOPIC"}"#,
                "event_name EditingComplete can only be off",
            ),
            (
                r#"{"event_name":"TranscodeStart","topic":"TOPIC"}"#,
                "status is missing",
            ),
            (
                r#"{"event_name":"TranscodeStart","status":"ON"}"#,
                "status must be on or off",
            ),
            (
                r#"{"event_name":"TranscodeStart","status":"on"}"#,
                "topic is missing",
            ),
            (
                r#"{"event_name":"TranscodeStart","status":"on","topic":"done"}"#,
                "topic must be",
            ),
            (
                r#"{"event_name":"TranscodeStart","status":"on","topic":"TOPIC","msg_type":1}"#,
                "msg_type must be 2 or 3",
            ),
            (
                r#"{"event_name":"TranscodeStart","status":"on","topic":"TOPIC","msg_type":"3"}"#,
                "msg_type must be an integer",
            ),
            (
                r#"{"event_name":"TranscodeStart","status":"on","topic":"TOPIC","url":"x"}"#,
                "url is no parameter",
            ),
        ] {
            let refused = check(text).unwrap_err();
            assert!(refused.contains(about), "{refused}");
        }
    }
}
