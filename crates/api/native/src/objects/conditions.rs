//! Conditional requests (RFC 9110 §13): has the object changed since the client saw it?

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use http::header::{HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE};
use reelgate_service::ObjectMeta;

/// When the object was last changed, in whole seconds as HTTP dates are.
pub(super) fn modified(meta: &ObjectMeta) -> SystemTime {
    let millis = u64::try_from(meta.modified.as_millis()).unwrap_or(0);
    UNIX_EPOCH + Duration::from_secs(millis / 1000)
}

/// Whether the client has this very object already: answer 304.
pub(super) fn unchanged(headers: &HeaderMap, meta: &ObjectMeta) -> bool {
    if headers.contains_key(IF_NONE_MATCH) {
        return headers
            .get_all(IF_NONE_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|tags| tags.split(','))
            .map(str::trim)
            .any(|tag| tag == "*" || tag.trim_start_matches("W/") == meta.etag);
    }
    date(headers, &IF_MODIFIED_SINCE).is_some_and(|seen| modified(meta) <= seen)
}

/// Whether a range may be answered: without `If-Range`, or when that names this very object.
pub(super) fn range_applies(headers: &HeaderMap, meta: &ObjectMeta) -> bool {
    let Some(condition) = headers.get(IF_RANGE) else {
        return true;
    };
    condition.as_bytes() == meta.etag.as_bytes()
        || date(headers, &IF_RANGE).is_some_and(|seen| modified(meta) == seen)
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()
}
