//! The frame around every action: the request id, the rendering and logging of problems, unknown routes.

use std::borrow::Cow;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{ALLOW, HeaderName};
use http::{HeaderValue, Method, Uri};
use reelgate_api_kit::RequestId;

use super::{Code, Problem};
use crate::routes;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives the exchange its id and renders what was refused.
pub(crate) async fn exchange(mut request: Request, next: Next) -> Response {
    let id = RequestId::random();
    request.extensions_mut().insert(id);
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        log(id, &method, &uri, &problem);
        problem.render(id, &mut response);
    }
    if let Ok(value) = HeaderValue::try_from(id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

fn log(id: RequestId, method: &Method, uri: &Uri, problem: &Problem) {
    let status = problem.status().as_u16();
    let path = &*loggable(uri.path());
    if let Some(cause) = problem.cause() {
        tracing::error!(request.id = %id, %method, path, status, cause,
            "request {id} failed: {method} {path} answers {status}: {cause}");
    } else {
        tracing::debug!(request.id = %id, %method, path, status,
            "request {id} refused: {method} {path} answers {status}");
    }
}

/// A path without what follows `/shared/`: it opens an object to whoever reads the log.
fn loggable(path: &str) -> Cow<'_, str> {
    match path.split_once("/shared/") {
        Some((before, _)) => Cow::Owned(format!("{before}/shared/…")),
        None => Cow::Borrowed(path),
    }
}

pub(crate) async fn no_such_route() -> Problem {
    let detail = "this path is none of this API's";
    Problem::new(Code::NoSuchRoute, detail)
}

pub(crate) async fn wrong_method(method: Method, path: Option<MatchedPath>) -> Problem {
    let detail = format!("{method} is not a method of this path; the header Allow lists them");
    let problem = Problem::new(Code::MethodNotAllowed, detail);
    let path = path.as_ref().map(MatchedPath::as_str);
    // For paths that are not in the table the router says it.
    match routes::methods_of(path.unwrap_or_default()).map(HeaderValue::try_from) {
        Some(Ok(methods)) => problem.header(ALLOW, methods),
        _ => problem,
    }
}
