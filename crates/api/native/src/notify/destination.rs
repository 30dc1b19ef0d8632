//! How this API shows webhooks and topics.

use std::time::Duration;

use axum::response::Response;
use http::HeaderValue;
use http::header::CACHE_CONTROL;
use reelgate_domain::event::{DestinationId, TopicName};
use reelgate_service::{DestinationView, Secret};
use serde::{Deserialize, Serialize};

use crate::http::format_time;

/// For how long a replaced secret signs beside the new one, unless a call says otherwise: a day.
const OVERLAP_SECONDS: u64 = 24 * 3600;

/// `{"id", "url", "events", "enabled", "old_secret_until", "created_at"}`, with `topic` in place of
/// `events` where it is a topic's. `secret` is there only when it is new.
#[derive(Serialize)]
pub(super) struct DestinationJson<'a> {
    id: DestinationId,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<&'a TopicName>,
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Vec<&'static str>>,
    enabled: bool,
    old_secret_until: Option<String>,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

/// The body, which may be left out: `{"overlap_seconds"}`, for which the old secret signs too.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateBody {
    #[serde(default = "overlap")]
    overlap_seconds: u64,
}

const fn overlap() -> u64 {
    OVERLAP_SECONDS
}

impl Default for RotateBody {
    fn default() -> Self {
        Self {
            overlap_seconds: OVERLAP_SECONDS,
        }
    }
}

impl RotateBody {
    pub(super) fn overlap(&self) -> Duration {
        Duration::from_secs(self.overlap_seconds)
    }
}

/// The answer that shows a secret: for nobody to keep but the caller.
pub(super) fn unkept(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl<'a> DestinationJson<'a> {
    pub(super) fn of(view: &'a DestinationView) -> Self {
        let names = view.names.iter().map(|name| name.as_str());
        Self {
            id: view.id,
            topic: view.topic.as_ref(),
            url: &view.url,
            events: view.topic.is_none().then(|| names.collect()),
            enabled: view.enabled,
            old_secret_until: view.old_secret_until.map(format_time),
            created_at: format_time(view.created_at),
            secret: None,
        }
    }

    pub(super) fn with(self, secret: Option<&'a Secret>) -> Self {
        Self {
            secret: secret.map(Secret::expose),
            ..self
        }
    }
}
