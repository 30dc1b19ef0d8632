//! Who calls: the bearer key of a request, and what a handler learns of the caller.

use axum::extract::FromRequestParts;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use reelgate_domain::AccountId;
use reelgate_service::{CallContext, Caller, Secret, Service};

use super::permission::Ruling;
use super::{Code, Problem};
use crate::routes::{Route, product};

/// A caller who may make this call. Put among the request's extensions by [`admit`](super::admit), without
/// which no handler is reached.
#[derive(Clone, Debug)]
pub(super) struct Admitted {
    pub(super) caller: Caller,
    /// The other account that an operator has named.
    pub(super) account: Option<AccountId>,
    pub(super) context: CallContext,
    pub(super) route: &'static Route,
    pub(super) ruling: Ruling,
}

/// The caller of a request.
pub(crate) struct Authorized(pub(crate) Caller);

impl<S: Send + Sync> FromRequestParts<S> for Authorized {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        admitted(parts).map(|admitted| Self(admitted.caller))
    }
}

/// The caller of a request that is about an account: the caller's own, or the one that an operator names.
pub(crate) struct InAccount {
    pub(crate) caller: Caller,
    /// As the service takes it: none for the caller's own.
    pub(crate) account: Option<AccountId>,
}

impl<S: Send + Sync> FromRequestParts<S> for InAccount {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let Admitted {
            caller, account, ..
        } = admitted(parts)?;
        Ok(Self { caller, account })
    }
}

/// For answers that go on for long: whether the call would still be let in.
pub(crate) struct Admission {
    key: Secret,
    admitted: Admitted,
}

impl<S: Send + Sync> FromRequestParts<S> for Admission {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Ok(Self {
            key: Secret::new(bearer(&parts.headers)?),
            admitted: admitted(parts)?,
        })
    }
}

impl Admission {
    /// Whether the key still counts and its policies still allow the action on everything. False too if that
    /// cannot be found out.
    pub(crate) async fn lasts(&self, service: &Service) -> bool {
        let Ok(Some(caller)) = service.api_key_caller(self.key.expose()).await else {
            return false;
        };
        let Admitted { context, route, .. } = &self.admitted;
        let everything = product().all_resources(caller.account);
        let (principal, action) = (&caller.principal, route.policy_action());
        let asked = service.authorise(principal, &action, &everything, context);
        asked.is_ok()
    }
}

/// What conditions of policies ask about the call itself.
pub(crate) struct Circumstances(pub(crate) CallContext);

impl<S: Send + Sync> FromRequestParts<S> for Circumstances {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        admitted(parts).map(|admitted| Self(admitted.context))
    }
}

pub(super) fn admitted(parts: &Parts) -> Result<Admitted, Problem> {
    let admitted = parts.extensions.get().cloned();
    admitted.ok_or_else(|| Problem::internal("a handler was reached without admission".to_owned()))
}

/// The key that a request carries.
pub(super) fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let first = given.next();
    if given.next().is_some() {
        let detail = "the header Authorization is given more than once";
        return Err(refused(
            detail,
            r#"Bearer realm="reelgate", error="invalid_request""#,
        ));
    }
    let key = first.and_then(|value| {
        let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    key.ok_or_else(|| {
        let detail = "the header Authorization: Bearer <api_key> is missing";
        refused(detail, r#"Bearer realm="reelgate""#)
    })
}

/// The key is nobody's, or does not count.
pub(super) fn not_valid() -> Problem {
    refused(
        "the API key is not valid",
        r#"Bearer realm="reelgate", error="invalid_token""#,
    )
}

fn refused(detail: &str, challenge: &'static str) -> Problem {
    Problem::new(Code::Unauthenticated, detail)
        .header(WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
}
