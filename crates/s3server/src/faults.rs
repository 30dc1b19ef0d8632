//! Misbehaviour on demand: which requests are not answered as they should be, and how.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use futures_util::{StreamExt, TryStreamExt};
use http::{Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use s3s::service::S3Service;
use serde::Deserialize;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Body = BoxBody<Bytes, Error>;

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// It is refused with this status, and nothing is done.
    Status(u16),
    /// It is done, and the connection ends without an answer.
    LostAnswer,
    /// It is done, and the answer breaks off after so many bytes of its content.
    CutAfter(usize),
    /// It is done, and the content comes in pieces of so many bytes, each after a while.
    Trickle { bytes: usize, every_ms: u64 },
    /// It is done, and the answer never comes.
    Hang,
    /// It is done, and the answer says that all is well and holds this.
    Says(String),
    /// Nothing is done, and the answer says that all is well and holds this.
    Pretends(String),
}

/// Which requests meet a fault.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Rule {
    /// Empty for any.
    #[serde(default)]
    pub method: String,
    /// What is in path and query; empty for any.
    #[serde(default)]
    pub part: String,
    pub fault: Fault,
    /// How many requests, after which it is over.
    #[serde(default = "always")]
    pub times: u64,
}

const fn always() -> u64 {
    u64::MAX
}

impl Rule {
    /// For as many requests as come.
    pub fn always(method: &str, part: &str, fault: Fault) -> Self {
        Self {
            method: method.to_owned(),
            part: part.to_owned(),
            fault,
            times: always(),
        }
    }

    /// For the next requests only.
    pub fn times(method: &str, part: &str, fault: Fault, times: u64) -> Self {
        let rule = Self::always(method, part, fault);
        Self { times, ..rule }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    rules: Vec<Rule>,
    seen: Vec<String>,
}

impl Faults {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, rule: Rule) {
        self.state().rules.push(rule);
    }

    pub(crate) fn clear(&self) {
        self.state().rules.clear();
    }

    pub(crate) fn seen(&self) -> Vec<String> {
        self.state().seen.clone()
    }

    /// What this request meets.
    fn of(&self, method: &str, target: &str) -> Option<Fault> {
        let mut state = self.state();
        state.seen.push(format!("{method} {target}"));
        let rule = state.rules.iter_mut().find(|rule| {
            rule.times > 0
                && (rule.method.is_empty() || rule.method == method)
                && target.contains(&rule.part)
        })?;
        rule.times -= 1;
        Some(rule.fault.clone())
    }

    pub(crate) async fn answer(
        &self,
        service: &S3Service,
        request: Request<Incoming>,
    ) -> Result<Response<Body>, Error> {
        let target = request.uri().path_and_query().map_or("", |it| it.as_str());
        if target.starts_with("/_control/") {
            return self.control(request).await;
        }
        let fault = self.of(request.method().as_str(), target);
        if let Some(Fault::Status(status)) = fault {
            let status = StatusCode::from_u16(status)?;
            // What was sent is read, as stores do that are in trouble.
            request.into_body().collect().await?;
            let code = match status.as_u16() {
                403 => "AccessDenied",
                429 | 503 => "SlowDown",
                _ => "InternalError",
            };
            let text = format!("<Error><Code>{code}</Code><Message>on demand</Message></Error>");
            let mut response = Response::new(full(text));
            *response.status_mut() = status;
            return Ok(response);
        }
        if let Some(Fault::Pretends(text)) = fault {
            request.into_body().collect().await?;
            return Ok(Response::new(full(text)));
        }
        let answered = service.call(request.map(s3s::Body::from)).await;
        let response = answered.map_err(|error| format!("{error:?}"))?;
        let (mut parts, body) = response.into_parts();
        let body = BodyExt::boxed(body);
        let body = match fault {
            None | Some(Fault::Status(_) | Fault::Pretends(_)) => body,
            Some(Fault::LostAnswer) => {
                // The whole of it is done before the connection ends.
                BodyExt::collect(body).await?;
                return Err("the answer is lost on demand".into());
            }
            Some(Fault::Hang) => {
                BodyExt::collect(body).await?;
                std::future::pending().await
            }
            Some(Fault::Says(text)) => {
                BodyExt::collect(body).await?;
                parts.headers.remove(http::header::CONTENT_LENGTH);
                parts.status = StatusCode::OK;
                full(text)
            }
            Some(Fault::CutAfter(bytes)) => {
                let content = BodyExt::collect(body).await?;
                let kept = content.to_bytes();
                let kept = kept.slice(..bytes.min(kept.len()));
                let cut: Error = "the answer breaks off on demand".into();
                let cut = stream::once(async {
                    // What came before has left by then.
                    tokio::time::sleep(Duration::from_millis(30)).await;
                    Err(cut)
                });
                pieces(stream::iter([Ok(kept)]).chain(cut))
            }
            Some(Fault::Trickle { bytes, every_ms }) => {
                let content = BodyExt::collect(body).await?;
                let content = content.to_bytes();
                let starts: Vec<_> = (0..content.len()).step_by(bytes.max(1)).collect();
                let slow = stream::iter(starts).then(move |start| {
                    let piece = content.slice(start..content.len().min(start + bytes.max(1)));
                    async move {
                        tokio::time::sleep(Duration::from_millis(every_ms)).await;
                        Ok(piece)
                    }
                });
                pieces(slow)
            }
        };
        Ok(Response::from_parts(parts, body))
    }

    /// For tests in other processes: `POST /_control/rules` with a rule, `DELETE /_control/rules`,
    /// `GET /_control/requests`.
    async fn control(&self, request: Request<Incoming>) -> Result<Response<Body>, Error> {
        match (request.method().as_str(), request.uri().path()) {
            ("POST", "/_control/rules") => {
                let body = request.into_body().collect().await?.to_bytes();
                self.add(serde_json::from_slice(&body)?);
                Ok(Response::new(full("")))
            }
            ("DELETE", "/_control/rules") => {
                self.clear();
                Ok(Response::new(full("")))
            }
            _ => Ok(Response::new(full(serde_json::to_string(&self.seen())?))),
        }
    }
}

fn full(text: impl Into<Bytes>) -> Body {
    BodyExt::boxed(Full::new(text.into()).map_err(|never| match never {}))
}

fn pieces(
    pieces: impl futures_util::Stream<Item = Result<Bytes, Error>> + Send + Sync + 'static,
) -> Body {
    BodyExt::boxed(StreamBody::new(pieces.map_ok(Frame::data)))
}
