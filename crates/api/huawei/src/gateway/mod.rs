//! The front door: the path of a request through limits, authentication, project, throttle and policies, and the answer.

mod authenticate;
mod received;
mod record;
mod target;
mod unread;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::any;
use http::header::{CACHE_CONTROL, HeaderValue};
use reelgate_api_kit::Dialect;
use reelgate_api_kit::operation::Permission;
use reelgate_domain::access::{Project, ProjectId};
use reelgate_domain::policy::Decision;
use reelgate_service::{Caller, Clock, ErrorKind, Service};

use crate::errors::{
    ApiError, BAD_REQUEST, NOT_AUTHORISED, NOT_FOUND, Outcome, REQUEST_ID, WRONG_PROJECT,
};
use crate::iam;
use crate::mpc::{self, Asked};
use crate::request_id::RequestId;
pub(crate) use authenticate::Authenticated;
pub(crate) use received::Received;
pub(crate) use record::Call;
use record::UnderWay;
pub(crate) use target::{IamCall, Target};
pub use unread::{is_asked, refuse_head};

/// The one endpoint of IAM and MPC.
pub struct Gateway {
    service: Arc<Service>,
    clock: Arc<dyn Clock>,
}

impl Gateway {
    pub fn new(service: Arc<Service>, clock: Arc<dyn Clock>) -> Self {
        Self { service, clock }
    }

    async fn handle(&self, request: Request) -> Response {
        let mut under_way = UnderWay::begin(self, RequestId::random());
        let outcome = self.answer(request, &mut under_way.call).await;
        let call = under_way.over();
        let outcome = self.conclude(call, outcome).await;
        let mut response = outcome.unwrap_or_else(|error| error.to_response(call.request_id));
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, call.request_id.header());
        // Answers belong to one caller, and some are credentials.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    /// The order of checks; the first failure wins. What the body says comes last, inside the call.
    async fn answer(&self, request: Request, call: &mut Call) -> Outcome {
        let received = Received::read(request).await?;
        call.context = received.context();
        let target = Target::of(received.method(), &received.path);
        call.is_for(&target, &received);
        if target == Target::Iam(IamCall::CreateToken) {
            return self.create_token(&received, &target, call).await;
        }
        let caller = self.authenticate(&received, &target, call).await?;
        call.caller = Some(caller.caller.clone());
        let project = match &target {
            Target::Project { id, action } => {
                let project = self.check_project(&received, id, &caller).await;
                Some(project.map_err(|refusal| mpc::wrong_project(*action, refusal))?)
            }
            Target::Iam(_) | Target::Bare(_) | Target::Unknown => None,
        };
        self.admit(&target, &caller.caller, call)?;
        match (target, project) {
            (Target::Iam(wanted), _) => {
                iam::call(&self.service, wanted, &received, &caller, call).await
            }
            (
                Target::Project {
                    action: Some(action),
                    ..
                },
                Some(project),
            ) => {
                let asked = Asked {
                    service: &self.service,
                    caller: &caller.caller,
                    project,
                    received: &received,
                };
                mpc::call(action, &asked).await
            }
            (Target::Bare(action), _) => Err(mpc::refused(action)),
            (Target::Project { .. } | Target::Unknown, _) => Err(NOT_FOUND.into()),
        }
    }

    /// Who asks for a token shows a password. The token is made when limits and policies have let the call pass.
    async fn create_token(&self, received: &Received, target: &Target, call: &mut Call) -> Outcome {
        let proven = iam::create_token::prove(&self.service, received, call).await?;
        let caller = proven.user.caller.clone();
        call.caller = Some(caller.clone());
        self.admit(target, &caller, call)?;
        proven.issue(&self.service, received).await
    }

    /// The project in the path has to be the caller's, and the one that a token is for.
    async fn check_project(
        &self,
        received: &Received,
        id: &str,
        caller: &Authenticated,
    ) -> Result<ProjectId, ApiError> {
        // SDKs send it like this when they have been given an endpoint, but neither a project nor a region.
        if id.is_empty() || id.contains(['{', '}']) {
            let detail = "The path has no project id: give the client a project id or a region.";
            return Err(ApiError::detailed(BAD_REQUEST, detail));
        }
        for name in ["x-project-id", "x-project_id"] {
            if received.header(name)?.is_some_and(|sent| sent != id) {
                return Err(WRONG_PROJECT.into());
            }
        }
        let wrong = || ApiError::from(WRONG_PROJECT);
        let id: ProjectId = id.parse().map_err(|_invalid| wrong())?;
        match &caller.token {
            Some(holder) => match &holder.project {
                Some(Project { id: own, .. }) if *own == id => Ok(id),
                _ => Err(wrong()),
            },
            // A temporary key reaches no further than the token that it was made with.
            None if caller.caller.principal.project.is_some_and(|own| own != id) => Err(wrong()),
            None => match self.service.project(&caller.caller, id).await {
                Ok(_own) => Ok(id),
                Err(error) if error.kind == ErrorKind::NotFound => Err(wrong()),
                Err(error) => Err(error.into()),
            },
        }
    }

    /// Limits first, then what policies allow.
    fn admit(&self, target: &Target, caller: &Caller, call: &mut Call) -> Result<(), ApiError> {
        let Some((product, row)) = target.served() else {
            call.allowed = true;
            return Ok(());
        };
        let action = target.policy_action();
        let is_needed = row.permission == Permission::Needed;
        let limit = row.limit;
        let account = caller.account;
        self.service
            .throttle(account, &action, limit)
            .map_err(|throttled| ApiError::throttled(throttled.retry_after))?;
        let everything = product.all_resources(account);
        let principal = &caller.principal;
        let denial = self
            .service
            .authorise(principal, &action, &everything, &call.context)
            .err()
            .filter(|denial| {
                // A session's policy lists what is left: what it does not name is gone.
                let is_denied = matches!(denial.decision, Decision::Denied(_));
                is_denied || denial.by_session || is_needed
            });
        if let Some(denial) = denial {
            let reason = denial.to_string();
            let error = ApiError::detailed(NOT_AUTHORISED, &format!("{reason}."));
            call.reason = Some(reason);
            return Err(error);
        }
        call.allowed = true;
        Ok(())
    }
}

impl Dialect for Gateway {
    fn name(&self) -> &'static str {
        crate::DIALECT
    }

    fn routes(self: Arc<Self>) -> Router {
        let handler = any(move |request: Request| {
            let gateway = Arc::clone(&self);
            async move { gateway.handle(request).await }
        });
        ["/v1", "/v1.0-ext", "/v3", "/v3.0"]
            .into_iter()
            .fold(Router::new(), |routes, version| {
                routes
                    .route(&format!("{version}/"), handler.clone())
                    .route(&format!("{version}/{{*rest}}"), handler.clone())
            })
    }
}

#[cfg(test)]
mod tests;
