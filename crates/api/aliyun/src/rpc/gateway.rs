//! The path of a request through the protocol: the order of checks, the call, and the answer.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::any;
use http::{HeaderMap, HeaderValue, header};
use reelgate_api_kit::operation::{Handling, Product as Table, Served};
use reelgate_api_kit::{Dialect, RequestId};
use reelgate_domain::{AccountId, Timestamp};
use reelgate_service::{Clock, Principal, Service};
use serde_json::{Map, Value};

use super::admission::{Proven, admit, authenticate};
use super::audited::{Entry, Subject};
use super::envelope::Envelope;
use super::errors::{ApiError, CommonError};
use super::params::Params;
use super::product::{Call, Product};
use super::received::Received;
use super::signature::{Claims, Scheme, Signed};

/// The one endpoint of all RPC-style products. `Version` alone chooses the product; the host name chooses nothing.
pub struct Gateway {
    products: Vec<Arc<dyn Product>>,
    service: Arc<Service>,
    clock: Arc<dyn Clock>,
}

/// What a call was found to be, for the answer, the log and the audit.
#[derive(Default)]
struct Found<'a> {
    product: Option<&'a dyn Product>,
    action: &'a str,
    account: Option<AccountId>,
    entry: Option<Entry>,
}

impl Gateway {
    /// Puts products behind one endpoint.
    pub fn new(
        products: Vec<Arc<dyn Product>>,
        service: Arc<Service>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            products,
            service,
            clock,
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
        let answer = match received.parse() {
            Ok(params) => {
                let mut found = Found::default();
                let now = self.clock.now();
                let when = (request_id, now);
                let outcome = self.answer(&received, &params, when, &mut found).await;
                let error = outcome.as_ref().err();
                if let Some(entry) = &mut found.entry {
                    entry.answered(error).await;
                }
                log(&found, request_id, started, error);
                outcome.map(|members| envelope.success(found.action, members))
            }
            Err(error) => {
                log(&Found::default(), request_id, started, Some(&error));
                Err(error)
            }
        };
        let mut response =
            answer.unwrap_or_else(|error| envelope.error(&error, &received.host_name()));
        // Answers belong to one signed call, and those of STS are credentials.
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    /// The order of checks; the first failure wins. Parameters of the operation come last, inside the call.
    async fn answer<'a>(
        &'a self,
        received: &'a Received,
        params: &'a Params,
        (request_id, now): (RequestId, Timestamp),
        found: &mut Found<'a>,
    ) -> Result<Map<String, Value>, ApiError> {
        let scheme = Scheme::of(&received.headers);
        let product = self.product(named(scheme, params, &received.headers, "Version")?)?;
        found.product = Some(product);
        let action = named(scheme, params, &received.headers, "Action")?;
        let served = served(product.table(), action)?;
        found.action = action;

        let signed = Signed {
            method: received.method.as_str(),
            params,
            headers: &received.headers,
            body: &received.body,
        };
        let claims = Claims::read(scheme, &signed)?;
        let (service, context) = (&*self.service, &received.context);
        let open = |principal: &Principal| {
            let table = product.table();
            let everything = table.all_resources(principal.account);
            let subject = Subject {
                table,
                action,
                resource: match product.subject(params) {
                    None => everything,
                    Some(resource) if resource.starts_with("acs:") => resource,
                    Some(name) => everything.trim_end_matches('*').to_owned() + &name,
                },
                changes_access: product.changes_access(action),
                context,
                request_id,
                at: now,
            };
            Entry::new(&self.service, principal, subject)
        };
        let entry = &mut found.entry;
        let (credential, signed_at) =
            authenticate(service, &claims, &signed, context, now, entry, open).await?;
        found.account = Some(credential.principal.account);
        let proven = Proven {
            credential: &credential,
            claims: &claims,
            signed_at,
            context,
        };
        let caller = admit(service, product, (action, served), &proven, entry)?;
        let call = Call {
            caller: &caller,
            action,
            params,
            request_id,
            context,
        };
        match product.call(&call).await? {
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
            .find(|product| product.table().version == version);
        Ok(product.ok_or(CommonError::Invalid("Version"))?.as_ref())
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

/// The row of an action that is served.
fn served(table: &'static Table, action: &str) -> Result<&'static Served, ApiError> {
    match table.find(action).map(|operation| &operation.handling) {
        Some(Handling::Served(served)) => Ok(served),
        Some(Handling::Refused(reason)) => Err(CommonError::UnsupportedOperation(reason).into()),
        None => Err(CommonError::ActionNotFound.into()),
    }
}

/// Logs each request once. Failures of ours are errors with their cause; what clients do wrong is everyday business.
fn log(found: &Found<'_>, request_id: RequestId, started: Instant, error: Option<&ApiError>) {
    let action = found.action;
    let product = found.product.map_or("", |product| product.table().name);
    let account = found.account.map(AccountId::number);
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
        crate::DIALECT
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
