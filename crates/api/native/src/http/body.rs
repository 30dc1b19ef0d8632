//! JSON bodies: read whole within limits, refused with the path of the field that is wrong.

use std::time::Duration;

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::HeaderValue;
use http::header::RETRY_AFTER;
use reelgate_api_kit::body::{BodyError, read_body};
use reelgate_api_kit::serve::Transport;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny};

use super::{Code, Problem};

/// A job with the most outputs and all settings spelled out takes about 20 KiB.
const MAX_BODY_BYTES: usize = 1024 * 1024;
const BODY_PATIENCE: Duration = Duration::from_secs(30);

/// A body that must be JSON, whatever its content type says.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        parse(&read(request).await?).map(Self)
    }
}

/// A body that may be left out.
pub(crate) struct OptionalJsonBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalJsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let bytes = read(request).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        parse(&bytes).map(Self)
    }
}

/// The whole of a body, whatever it is.
pub(crate) async fn read(request: Request) -> Result<Bytes, Problem> {
    let transport = request.extensions().get::<Transport>();
    let from = transport.map(|transport| transport.peer.ip());
    read_body(request.into_body(), from, MAX_BODY_BYTES, BODY_PATIENCE)
        .await
        .map_err(|error| unread(&error))
}

fn unread(error: &BodyError) -> Problem {
    let code = match error {
        BodyError::TooLarge { .. } => Code::TooLarge,
        BodyError::TooSlow { .. } => Code::TooSlow,
        BodyError::Busy { .. } => {
            let problem = Problem::new(Code::Unavailable, error.to_string());
            return problem.header(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        BodyError::Broken(_) => Code::InvalidRequest,
    };
    Problem::new(code, error.to_string())
}

pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // The library would read a list as a structure too, member by member without their names.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        let detail = "the body is a list and has to be an object";
        // Unless it is not even that.
        return match serde_json::from_slice::<IgnoredAny>(bytes) {
            Ok(_list) => Err(Problem::invalid(detail)),
            Err(error) => Err(not_json(&error)),
        };
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() {
            field_problem("", &path, &inner)
        } else {
            not_json(&inner)
        }
    })?;
    json.end().map_err(|error| not_json(&error))?;
    Ok(value)
}

/// Reads a part of a body that was kept as a value; `at` is its path in the body.
pub(crate) fn read_value<'de, T, D>(value: D, at: &str) -> Result<T, Problem>
where
    T: Deserialize<'de>,
    D: Deserializer<'de, Error = serde_json::Error>,
{
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        field_problem(at, &path, error.inner())
    })
}

fn not_json(error: &serde_json::Error) -> Problem {
    let detail = format!("the body is not JSON: {error}");
    Problem::new(Code::InvalidJson, detail)
}

fn field_problem(base: &str, path: &str, error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    let reason = text
        .rsplit_once(" at line ")
        .map_or(&*text, |(said, _)| said);
    let mut field = join(base, path);
    let unknown = quoted(reason, "unknown field `");
    // Inside tagged objects the path ends at the object, and a missing field has no path at all.
    let named = unknown.or_else(|| quoted(reason, "missing field `"));
    if let Some(name) = named
        && !(field == name || field.ends_with(&format!(".{name}")))
    {
        field = join(&field, name);
    }
    let code = match unknown {
        Some(_) => Code::UnknownField,
        None => Code::InvalidRequest,
    };
    let problem = Problem::new(code, reason);
    if field.is_empty() {
        problem
    } else {
        problem.field(field)
    }
}

fn quoted<'a>(text: &'a str, lead: &str) -> Option<&'a str> {
    text.strip_prefix(lead)?.split('`').next()
}

fn join(base: &str, path: &str) -> String {
    match (base, path) {
        // How the root of a body is spelled.
        (_, "" | ".") => base.to_owned(),
        ("", _) => path.to_owned(),
        (_, _) => format!("{base}.{path}"),
    }
}

/// Tells `null` from absence: `Some(None)` is null.
pub(crate) fn nullable<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use reelgate_api_kit::RequestId;

    use super::*;

    #[test]
    fn a_body_that_found_no_room_is_told_when_to_come_back() {
        let limit = BODY_PATIENCE;
        let problem = unread(&BodyError::Busy { limit });
        let mut answer = problem.clone().into_response();
        problem.render(RequestId::random(), &mut answer);
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.headers()["retry-after"], "1");
    }
}
