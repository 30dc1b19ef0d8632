//! The messages of callbacks.
//!
//! <https://www.alibabacloud.com/help/en/vod/user-guide/event-notifications>

use md5::{Digest as _, Md5};
use reelgate_api_kit::time::format_utc;
use reelgate_domain::event::{EventName, JobEvent, TopicName};
use reelgate_domain::job::{Job, JobSpec};
use reelgate_domain::media::OutputResult;
use reelgate_domain::{Pipeline, Timestamp};
use reelgate_service::{EventRenderer, Headers, Rendered};
use serde_json::{Map, Value};

use super::event::Told;
use crate::vod::errors;
use crate::vod::origin;
use crate::vod::upload;

/// Tells an account's callback how jobs of this product have ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct Callbacks;

impl EventRenderer for Callbacks {
    fn dialect(&self) -> &'static str {
        origin::DIALECT
    }

    /// Of a cancelled job nothing is told: the vendor knows no such end.
    fn tells(&self, name: EventName) -> bool {
        matches!(name, EventName::Succeeded | EventName::Failed)
    }

    /// It is the account that asks for them, whatever the pipeline.
    fn topics(&self, _pipeline: &Pipeline) -> Vec<TopicName> {
        Told::ALL.into_iter().filter_map(Told::topic).collect()
    }

    fn topics_of(&self, _event: &JobEvent, job: &Job, _pipeline: &Pipeline) -> Vec<TopicName> {
        Told::of(job).and_then(Told::topic).into_iter().collect()
    }

    /// As the vendor signs; nothing without a key.
    fn signed(&self, url: &str, at: Timestamp, secret: &str) -> Option<Headers> {
        if secret.is_empty() {
            return Some(Vec::new());
        }
        let seconds = at.as_millis().div_euclid(1000);
        let digest = Md5::digest(format!("{url}|{seconds}|{secret}"));
        Some(vec![
            ("x-vod-timestamp", seconds.to_string()),
            ("x-vod-signature", hex::encode(digest)),
        ])
    }

    fn render(&self, event: &JobEvent, job: &Job) -> Option<Rendered> {
        let message = message(event, job)?;
        Some(Rendered {
            content_type: "application/json",
            body: serde_json::to_vec(&message).ok()?,
        })
    }
}

fn message(event: &JobEvent, job: &Job) -> Option<Map<String, Value>> {
    let told = Told::of(job)?;
    let status = match event.name {
        EventName::Succeeded => "success",
        EventName::Failed => "fail",
        EventName::Queued
        | EventName::Started
        | EventName::Requeued
        | EventName::Retried
        | EventName::Stopping
        | EventName::Cancelled => return None,
    };
    let mut message = Map::new();
    let mut put = |name: &str, value: Value| message.insert(name.to_owned(), value);
    put("EventTime", format_utc(event.at.as_millis()).into());
    put("EventType", told.word().into());
    put("JobId", event.job.to_string().into());
    put("Status", status.into());
    if let Some(fault) = &event.fault {
        let (code, text) = errors::job_failure(fault);
        put("ErrorCode", code.into());
        put("ErrorMessage", text.into());
    }
    let bytes = match job.results.first() {
        Some(OutputResult::Done { files, .. }) => Some(files.iter().map(|file| file.bytes).sum()),
        Some(OutputResult::Failed { .. }) | None => None,
    };
    let bytes: Option<u64> = bytes.filter(|_| event.name == EventName::Succeeded);
    let user_data = match told {
        Told::UploadByUrl => {
            let remembered = origin::upload(job);
            put("SourceURL", remembered.source_url.into());
            if event.name == EventName::Succeeded
                && let Some(media) = upload::media_id(job)
            {
                put("VideoId", media.into());
            }
            if let Some(bytes) = bytes {
                put("Size", bytes.to_string().into());
            }
            remembered.user_data
        }
        Told::StreamTranscode => {
            let remembered = origin::transcode(job);
            put("VideoId", video_of(job)?.into());
            put("Definition", remembered.definition.into());
            put("Encrypt", false.into());
            if let Some(bytes) = bytes {
                put("Size", bytes.into());
            }
            remembered.user_data
        }
        Told::Snapshot => {
            let remembered: origin::Snapshot = origin::read(job.origin.as_ref());
            put("VideoId", video_of(job)?.into());
            remembered.user_data
        }
    };
    if let Some(extend) = user_data.as_deref().and_then(extend) {
        put("Extend", extend.into());
    }
    Some(message)
}

/// The video that a job was made for, which its outputs lie below.
fn video_of(job: &Job) -> Option<String> {
    let output = match &job.spec {
        JobSpec::Transcode(spec) => &spec.outputs.first()?.object,
        JobSpec::Snapshot(spec) => &spec.output,
        JobSpec::Ingest(_) | JobSpec::MediaInfo(_) | JobSpec::Remux(_) => return None,
    };
    output.key.as_str().split('/').nth(1).map(str::to_owned)
}

/// What a caller has given to be told again, as text.
fn extend(user_data: &str) -> Option<String> {
    let members: Map<String, Value> = serde_json::from_str(user_data).ok()?;
    Some(match members.get("Extend")? {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_signed_by_address_time_and_key() {
        let at = Timestamp::from_millis(1_519_375_990_123);
        let signed = Callbacks.signed("https://www.example.com/your/callback", at, "Test123");
        let signature = "c587b80d2d0ede300e8967937da7219b";
        let expected = [
            ("x-vod-timestamp", "1519375990"),
            ("x-vod-signature", signature),
        ];
        let expected = expected.map(|(name, value)| (name, value.to_owned()));
        assert_eq!(signed, Some(expected.to_vec()));
        assert_eq!(
            Callbacks.signed("https://www.example.com/", at, ""),
            Some(Vec::new())
        );
    }

    #[test]
    fn what_is_to_be_told_again_is_text() {
        assert_eq!(
            extend(r#"{"Extend":{"a":1}}"#).as_deref(),
            Some(r#"{"a":1}"#)
        );
        assert_eq!(extend(r#"{"Extend":"x"}"#).as_deref(), Some("x"));
        assert_eq!(extend(r#"{"Other":1}"#), None);
    }
}
