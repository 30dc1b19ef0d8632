//! The header `Idempotency-Key`: a call that makes something is made once, and a repeat of it is answered as the first.
//!
//! The key is written in the transaction of the effect, with what it takes to answer again. Two calls with one key are
//! ordered by the store: the later one waits for the earlier, and is then a repeat of it.

use std::pin::Pin;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::HeaderName;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};
use reelgate_domain::AccountId;
use reelgate_domain::access::Once;
use reelgate_service::{Caller, Earlier, KeyedCall, ServiceError};

use super::caller::{Admitted, bearer};
use super::{Code, Problem, read_body};
use crate::NativeApi;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const MOST_CHARS: usize = 255;

/// What a repeat of a call does.
#[derive(Clone, Copy, Debug)]
pub enum Repeats {
    /// Nothing that the first has not done, so that a key is not needed: it reads, sets, removes, or writes the same
    /// once more.
    Harmless,
    /// It would act a second time, unless it has the key of the first: then it is answered by this.
    Kept(Answer),
    /// It would act a second time, and its effect is where no key can be written with it.
    Unsafe,
}

/// How a repeat is answered.
#[derive(Clone, Copy, Debug)]
pub struct Answer(pub(crate) fn(Again) -> Answering);

/// A repeat of a call that was made.
#[derive(Clone)]
pub(crate) struct Again {
    pub(crate) api: Arc<NativeApi>,
    pub(crate) caller: Caller,
    /// The other account that an operator has named.
    pub(crate) account: Option<AccountId>,
    /// The id or name of what the call has made.
    pub(crate) made: String,
}

/// The answer to a repeat.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send>>;

impl Again {
    /// Answers that the call was made, where what was answered then cannot be answered a second time. `path` is
    /// where its thing is, below the API's.
    pub(crate) fn done(&self, path: &str, why: &str) -> Problem {
        let made = format!("/api/v1/{path}");
        let detail =
            format!("the call with this Idempotency-Key was made and has made {made}; {why}");
        Problem::new(Code::IdempotencyKeyDone, detail).member("made", made)
    }

    /// Answers a repeat of what has shown a secret.
    pub(crate) fn secret(&self, path: &str) -> Answering {
        let problem = self.done(path, "its secret was shown in the first answer only");
        Box::pin(async { Err(problem) })
    }
}

/// A call that came with a key, if that says anything about it.
pub(super) struct Keyed {
    once: Once,
    again: Again,
    answer: Answer,
}

/// Reads the header of a call and, if a repeat of it has to be known, its body, which the call gets back.
pub(super) async fn keyed(
    api: &Arc<NativeApi>,
    admitted: &mut Admitted,
    parts: &Parts,
    body: Body,
) -> Result<(Option<Keyed>, Body), Problem> {
    let Some(key) = key(&parts.headers)? else {
        return Ok((None, body));
    };
    let answer = match admitted.route.repeats {
        Repeats::Harmless => return Ok((None, body)),
        Repeats::Kept(answer) => answer,
        Repeats::Unsafe => {
            let detail = "the header Idempotency-Key is not supported for this call, whose effect is not in the \
                          store: leave it out, and look at what the call would change before repeating it";
            return Err(Problem::new(Code::IdempotencyKeyNotSupported, detail));
        }
    };
    let mut whole = Request::new(body);
    *whole.extensions_mut() = parts.extensions.clone();
    let body = read_body(whole).await?;
    let target = parts.uri.path_and_query();
    let target = target.map_or(parts.uri.path(), |target| target.as_str());
    let call = KeyedCall {
        key_id: &admitted.caller.principal.key_id,
        secret: bearer(&parts.headers)?,
        key: &key,
        request: [parts.method.as_str().as_bytes(), target.as_bytes(), &body],
    };
    let once = call.once(api.service.now());
    let keyed = Keyed {
        once,
        again: Again {
            api: Arc::clone(api),
            caller: admitted.caller.clone(),
            account: admitted.account,
            made: String::new(),
        },
        answer,
    };
    admitted.caller.once = Some(once);
    Ok((Some(keyed), Body::from(body)))
}

/// The key in a request: as it is, or as a string of structured fields (RFC 9651), which is quoted.
fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut given = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = given.next() else {
        return Ok(None);
    };
    if given.next().is_some() {
        let detail = "the header Idempotency-Key is given more than once";
        return Err(Problem::invalid(detail));
    }
    let key = value.to_str().ok().and_then(|text| unquoted(text.trim()));
    let is_sound = |key: &String| {
        (1..=MOST_CHARS).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let detail = "the header Idempotency-Key is 1 to 255 visible characters of ASCII, with or without quotes";
    let key = key
        .filter(is_sound)
        .ok_or_else(|| Problem::invalid(detail))?;
    Ok(Some(key))
}

fn unquoted(text: &str) -> Option<String> {
    let Some(rest) = text.strip_prefix('"') else {
        return Some(text.to_owned());
    };
    let inner = rest.strip_suffix('"')?;
    let mut key = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        key.push(match character {
            '\\' => characters
                .next()
                .filter(|next| matches!(next, '"' | '\\'))?,
            '"' => return None,
            other => other,
        });
    }
    Some(key)
}

impl Keyed {
    /// The answer to the call: that of the first one, if this one was refused and is a repeat. Whatever stands
    /// against making the thing by now, it was made then.
    pub(super) async fn answer(self, response: Response) -> Response {
        let is_about_the_caller = matches!(
            response.status(),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS
        );
        if response.extensions().get::<Problem>().is_none() || is_about_the_caller {
            return response;
        }
        match self.again.api.service.earlier(&self.once).await {
            Ok(Earlier::None) => response,
            Err(error) => unknown(response, error),
            Ok(Earlier::Other) => {
                let detail = "the Idempotency-Key came with another request before";
                Problem::new(Code::IdempotencyKeyReused, detail).into_response()
            }
            Ok(Earlier::Same(made)) => self.repeated(made).await,
        }
    }

    async fn repeated(self, made: String) -> Response {
        let again = Again { made, ..self.again };
        let Answer(answer) = self.answer;
        let mut response = match answer(again.clone()).await {
            Ok(response) => response,
            Err(problem) if problem.status() == StatusCode::NOT_FOUND => {
                let detail = format!(
                    "the call with this Idempotency-Key was made, and {}, which it made, does not exist any more",
                    again.made
                );
                let problem = Problem::new(Code::IdempotencyKeyDone, detail);
                problem.member("made", again.made).into_response()
            }
            Err(problem) => problem.into_response(),
        };
        let replayed = HeaderValue::from_static("true");
        response.headers_mut().insert(REPLAYED, replayed);
        response
    }
}

/// The answer to a call that was refused, where nobody can say whether it had been made before: no refusal, or the
/// caller would take it that nothing was made.
fn unknown(response: Response, error: ServiceError) -> Response {
    match response.status().is_server_error() {
        true => response,
        false => Problem::from(error).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use reelgate_service::ErrorKind;

    use super::*;

    /// A repeat was told that the name is taken: by the very thing that its first call had made.
    #[test]
    fn a_refusal_stands_only_if_it_is_known_that_nothing_was_made() {
        let away = || {
            ServiceError::new(
                ErrorKind::Unavailable,
                "store",
                "the store is not available",
            )
        };
        let refused = || Problem::new(Code::Conflict, "the name is taken").into_response();
        assert_eq!(
            unknown(refused(), away()).status(),
            StatusCode::SERVICE_UNAVAILABLE
        );
        let full = Problem::new(Code::StorageFull, "no room").into_response();
        assert_eq!(
            unknown(full, away()).status(),
            StatusCode::INSUFFICIENT_STORAGE
        );
    }

    #[test]
    fn a_key_may_be_quoted_and_is_visible_ascii() {
        let read = |value: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(IDEMPOTENCY_KEY, HeaderValue::from_bytes(value).unwrap());
            key(&headers).map_err(|problem| problem.code())
        };
        let longest = "x".repeat(255);
        for (value, expected) in [
            ("8e03978e-40d5", "8e03978e-40d5"),
            ("\"8e03978e-40d5\"", "8e03978e-40d5"),
            (" a ", "a"),
            (r#""a\"b\\c""#, r#"a"b\c"#),
            (r"a\b", r"a\b"),
            (longest.as_str(), longest.as_str()),
        ] {
            let found = read(value.as_bytes());
            assert_eq!(found, Ok(Some(expected.to_owned())), "{value}");
        }
        let too_long = "x".repeat(256);
        for value in [
            "",
            "\"\"",
            "\"a",
            "\"a\"b\"",
            "\"a\";p=1",
            "a b",
            "\"a b\"",
            "a\tb",
            "ä",
            "\"",
            r#""\a""#,
            &too_long,
        ] {
            assert_eq!(read(value.as_bytes()), Err("invalid_request"), "{value}");
        }
        assert_eq!(key(&HeaderMap::new()).unwrap(), None);
        let mut twice = HeaderMap::new();
        twice.append(IDEMPOTENCY_KEY, HeaderValue::from_static("a"));
        twice.append(IDEMPOTENCY_KEY, HeaderValue::from_static("a"));
        assert!(key(&twice).is_err());
    }
}
