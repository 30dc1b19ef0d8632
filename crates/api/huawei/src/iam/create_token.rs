//! `POST /v3/auth/tokens`: a token for a password.

use http::StatusCode;
use reelgate_service::{ProvenUser, Secret, Service, TokenRefusal, TokenRequest, TokenScope};
use serde::Deserialize;

use super::body::{self, invalid};
use super::operations::{FORBIDDEN, UNAUTHORIZED};
use super::view::{TokenView, with_token};
use crate::answer::json;
use crate::errors::{ApiError, Outcome};
use crate::gateway::{Call, Received};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    auth: Auth,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Auth {
    identity: Identity,
    scope: Option<Scope>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Identity {
    methods: Vec<String>,
    password: Password,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Password {
    user: User,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct User {
    name: String,
    password: String,
    domain: Named,
}

/// By name or by id; both only if they name the same.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    id: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scope {
    project: Option<ProjectScope>,
    domain: Option<Named>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProjectScope {
    id: Option<String>,
    name: Option<String>,
    /// Other clients of the protocol say whose project it is; here it is the user's account's in any case.
    domain: Option<Named>,
}

/// A user who has shown to know the password.
pub(crate) struct Proven {
    pub(crate) user: ProvenUser,
    has_catalog: bool,
}

/// Proves who asks for a token.
pub(crate) async fn prove(
    service: &Service,
    received: &Received,
    call: &mut Call,
) -> Result<Proven, ApiError> {
    let [nocatalog] = body::query(received.query(), ["nocatalog"])?;
    let request = TokenRequest {
        source: call.source(),
        ..read(&received.body)?
    };
    call.tries_password(&request.domain, &request.user);
    let user = service.check_password(request).await.map_err(refused)?;
    Ok(Proven {
        user,
        has_catalog: nocatalog.is_none_or(|value| value.is_empty()),
    })
}

impl Proven {
    /// Makes the token.
    pub(crate) async fn issue(self, service: &Service, received: &Received) -> Outcome {
        let issued = service.issue_token(self.user).await.map_err(refused)?;
        let view = TokenView {
            user: &issued.user,
            domain: &issued.domain,
            project: issued.project.as_ref(),
            issued_at: issued.issued_at,
            expires_at: issued.expires_at,
        };
        let body = view.to_value(received, self.has_catalog);
        with_token(json(StatusCode::CREATED, &body), issued.token.expose())
    }
}

/// What the body asks for.
pub(crate) fn read(body: &[u8]) -> Result<TokenRequest, ApiError> {
    let Input { auth } = body::read(body)?;
    let Identity { methods, password } = auth.identity;
    if methods != ["password"] {
        return Err(invalid("auth.identity.methods is not [\"password\"]"));
    }
    let user = password.user;
    let domain = one_name(user.domain, "auth.identity.password.user.domain")?;
    Ok(TokenRequest {
        scope: scope(auth.scope, &domain)?,
        domain,
        user: user.name,
        password: Secret::new(user.password),
        source: None,
    })
}

fn one_name(named: Named, what: &str) -> Result<String, ApiError> {
    match (named.id, named.name) {
        (Some(one), None) | (None, Some(one)) => Ok(one),
        (Some(id), Some(name)) if id == name => Ok(id),
        _ => Err(invalid(&format!("{what} has not one of id and name"))),
    }
}

/// If both are given, the project wins.
fn scope(scope: Option<Scope>, domain: &str) -> Result<TokenScope, ApiError> {
    let Some(Scope {
        project,
        domain: account,
    }) = scope
    else {
        return Ok(TokenScope::Account);
    };
    let Some(project) = project else {
        return match account {
            Some(named) => Ok(TokenScope::Domain(one_name(named, "auth.scope.domain")?)),
            None => Err(invalid("auth.scope has neither project nor domain")),
        };
    };
    if let Some(named) = project.domain {
        // Whether two different words mean one account only the service could tell.
        if one_name(named, "auth.scope.project.domain")? != domain {
            return Err(invalid(
                "auth.scope.project.domain is not spelled as auth.identity.password.user.domain",
            ));
        }
    }
    match (project.id, project.name) {
        (Some(id), None) => Ok(TokenScope::ProjectId(id)),
        (None, Some(name)) => Ok(TokenScope::ProjectName(name)),
        _ => Err(invalid("auth.scope.project has not one of id and name")),
    }
}

fn refused(refusal: TokenRefusal) -> ApiError {
    match refusal {
        TokenRefusal::WrongPassword => {
            ApiError::iam(UNAUTHORIZED, "The username or password is wrong.")
        }
        TokenRefusal::UnknownScope => {
            ApiError::iam(FORBIDDEN, "The scope is no project of the user's account.")
        }
        TokenRefusal::Throttled(throttled) => ApiError::throttled(throttled.retry_after),
        TokenRefusal::Failed(error) => error.into(),
    }
}
