//! The path of a request through the protocol: the order of checks, the call, and the answer.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::any;
use http::HeaderMap;
use reelgate_api_kit::{Dialect, RequestId};
use serde_json::{Map, Value};

use super::admission::admit;
use super::envelope::Envelope;
use super::errors::{ApiError, CommonError};
use super::nonces::Nonces;
use super::params::Params;
use super::product::{Caller, Credential, Credentials, Operation, Product};
use super::received::Received;
use super::signature::{Claims, Scheme, Signed};
use super::timestamp;

/// Milliseconds since the epoch, from whatever clock the program runs on.
pub type NowMs = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The one endpoint of all RPC-style products. `Version` alone chooses the product; the host name chooses nothing.
pub struct Gateway {
    products: Vec<Arc<dyn Product>>,
    credentials: Arc<dyn Credentials>,
    now_ms: NowMs,
    nonces: Nonces,
}

/// What a call was found to be, for the answer and the log.
#[derive(Default)]
struct Call {
    product: &'static str,
    action: String,
    account: Option<u64>,
}

impl Gateway {
    /// Puts products behind one endpoint.
    pub fn new(
        products: Vec<Arc<dyn Product>>,
        credentials: Arc<dyn Credentials>,
        now_ms: NowMs,
    ) -> Self {
        Self {
            products,
            credentials,
            now_ms,
            nonces: Nonces::default(),
        }
    }

    async fn handle(&self, request: Request) -> Response {
        let started = Instant::now();
        let request_id = RequestId::random();
        let received = Received::read(request).await;
        let envelope = Envelope {
            format: received.format(),
            request_id,
        };
        let mut call = Call::default();
        let outcome = self.answer(&received, request_id, &mut call).await;
        log(&call, request_id, started, outcome.as_ref().err());
        match outcome {
            Ok(members) => envelope.success(&call.action, members),
            Err(error) => envelope.error(&error, &received.host_name()),
        }
    }

    /// The order of checks; the first failure wins. Parameters of the operation come last, inside the call.
    async fn answer(
        &self,
        received: &Received,
        request_id: RequestId,
        call: &mut Call,
    ) -> Result<Map<String, Value>, ApiError> {
        let params = received.parse()?;
        let scheme = Scheme::of(&received.headers);
        let product = self.product(named(scheme, &params, &received.headers, "Version")?)?;
        call.product = product.name();
        let action = named(scheme, &params, &received.headers, "Action")?;
        check_served(product, action)?;
        action.clone_into(&mut call.action);

        let signed = Signed {
            method: received.method.as_str(),
            params: &params,
            headers: &received.headers,
            body: &received.body,
        };
        let claims = Claims::read(scheme, &signed)?;
        let credential = self.credential(&claims).await?;
        let now_ms = (self.now_ms)();
        let signed_at_ms = timestamp::check(claims.timestamp, now_ms)?;
        claims.verify(&signed, &credential.secret)?;
        call.account = Some(credential.account);

        let caller = Caller {
            account: credential.account,
            key_id: claims.key_id.to_owned(),
            nonce: claims.nonce.to_owned(),
            signed_at_ms,
            request_id,
            source: received.source,
        };
        admit(&self.nonces, now_ms, &caller, product, action).await?;
        match product.call(&caller, action, &params).await? {
            Value::Object(members) => Ok(members),
            _ => Err(ApiError::internal(format!(
                "{action} answered something else than an object"
            ))),
        }
    }

    fn product(&self, version: &str) -> Result<&dyn Product, ApiError> {
        let product = self
            .products
            .iter()
            .find(|product| product.version() == version);
        Ok(product.ok_or(CommonError::Invalid("Version"))?.as_ref())
    }

    async fn credential(&self, claims: &Claims<'_>) -> Result<Credential, ApiError> {
        let found = self
            .credentials
            .find(claims.key_id, claims.security_token)
            .await?;
        let credential = found.ok_or(CommonError::AccessKeyNotFound)?;
        if !credential.active {
            return Err(CommonError::AccessKeyInactive.into());
        }
        Ok(credential)
    }
}

/// `Version` or `Action`, from where the scheme signs it: a V1 request carries the headers too, but unsigned.
fn named<'a>(
    scheme: Scheme,
    params: &'a Params,
    headers: &'a HeaderMap,
    name: &'static str,
) -> Result<&'a str, ApiError> {
    let value = match scheme {
        Scheme::V1 => params.get(name),
        Scheme::V3 => {
            let header = headers.get(format!("x-acs-{}", name.to_ascii_lowercase()));
            header.and_then(|value| value.to_str().ok())
        }
    };
    value.ok_or_else(|| CommonError::Missing(name).into())
}

fn check_served(product: &dyn Product, action: &str) -> Result<(), ApiError> {
    match product.operation(action) {
        Operation::Served => Ok(()),
        Operation::Refused(reason) => Err(CommonError::UnsupportedOperation(reason).into()),
        Operation::Unknown => Err(CommonError::ActionNotFound.into()),
    }
}

/// Logs each request once. Failures of ours are errors with their cause; what clients do wrong is everyday business.
fn log(call: &Call, request_id: RequestId, started: Instant, error: Option<&ApiError>) {
    let Call {
        product,
        action,
        account,
    } = call;
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let status = error.map_or(200, |error| error.status.as_u16());
    let code = error.map(|error| error.code.as_ref());
    let cause = error
        .and_then(std::error::Error::source)
        .map(tracing::field::display);
    if status >= 500 {
        tracing::error!(
            request.id = %request_id, product, action, account.id = account, status, code, cause,
            duration_ms, "request {request_id} ({product} {action}) failed"
        );
    } else {
        tracing::debug!(
            request.id = %request_id, product, action, account.id = account, status, code,
            duration_ms, "request {request_id} ({product} {action}) answered {status}"
        );
    }
}

impl Dialect for Gateway {
    fn name(&self) -> &'static str {
        "aliyun"
    }

    fn routes(self: Arc<Self>) -> Router {
        let handler = move |request: Request| {
            let gateway = Arc::clone(&self);
            async move { gateway.handle(request).await }
        };
        Router::new().route("/", any(handler))
    }
}

#[cfg(test)]
mod tests;
