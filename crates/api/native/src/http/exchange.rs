//! The frame around every action: the request id, the rendering and logging of problems, unknown routes.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::HeaderName;
use http::{HeaderValue, Method, StatusCode, Uri};
use reelgate_api_kit::RequestId;

use super::Problem;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Gives the exchange its id and renders what was refused.
pub(crate) async fn exchange(request: Request, next: Next) -> Response {
    let id = RequestId::random();
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
    let path = uri.path();
    if let Some(cause) = problem.cause() {
        tracing::error!(request.id = %id, %method, path, status, cause,
            "request {id} failed: {method} {path} answers {status}: {cause}");
    } else {
        tracing::debug!(request.id = %id, %method, path, status,
            "request {id} refused: {method} {path} answers {status}");
    }
}

/// Idempotency keys are not built yet. A client that sends one relies on it when it repeats a
/// call, so ignoring it would make two jobs where the client expects one: refuse it instead.
pub(crate) async fn refuse_idempotency_key(request: Request, next: Next) -> Response {
    if request.headers().contains_key(IDEMPOTENCY_KEY) {
        let detail = "the header Idempotency-Key is not supported yet: leave it out and do not \
                      repeat the call blindly";
        let code = "idempotency_key_not_supported";
        return Problem::new(StatusCode::NOT_IMPLEMENTED, code, detail).into_response();
    }
    next.run(request).await
}

pub(crate) async fn no_such_route() -> Problem {
    let detail = "this path is none of this API's";
    Problem::new(StatusCode::NOT_FOUND, "no_such_route", detail)
}

pub(crate) async fn wrong_method(method: Method) -> Problem {
    let detail = format!("{method} is not a method of this path; the header Allow lists them");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}
