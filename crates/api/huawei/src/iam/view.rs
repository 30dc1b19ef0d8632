//! Tokens and projects as answers show them.

use axum::response::Response;
use http::header::{HeaderName, HeaderValue};
use reelgate_domain::Timestamp;
use reelgate_domain::access::{Account, Project, User};
use serde_json::{Value, json as value};

use crate::errors::{ApiError, Outcome};
use crate::gateway::Received;
use crate::time;

const SUBJECT_TOKEN: HeaderName = HeaderName::from_static("x-subject-token");

/// Adds the token to an answer.
pub(super) fn with_token(mut response: Response, token: &str) -> Outcome {
    let mut token = HeaderValue::from_str(token).map_err(ApiError::internal)?;
    token.set_sensitive(true);
    response.headers_mut().insert(SUBJECT_TOKEN, token);
    Ok(response)
}

pub(super) struct TokenView<'a> {
    pub(super) user: &'a User,
    pub(super) domain: &'a Account,
    pub(super) project: Option<&'a Project>,
    pub(super) issued_at: Timestamp,
    pub(super) expires_at: Timestamp,
}

impl TokenView<'_> {
    /// Roles are none: what a user may do is said by policies, which have no names in this API.
    pub(super) fn to_value(&self, received: &Received, has_catalog: bool) -> Value {
        let domain = value!({"id": self.domain.id.to_string(), "name": self.domain.name.as_str()});
        let mut token = value!({
            "catalog": if has_catalog { self.catalog(&received.base()) } else { value!([]) },
            "expires_at": time::format(self.expires_at),
            "issued_at": time::format(self.issued_at),
            "methods": ["password"],
        });
        match self.project {
            Some(project) => {
                token["project"] = value!({
                    "domain": &domain,
                    "id": project.id.to_string(),
                    "name": project.name.as_str(),
                });
            }
            None => token["domain"] = domain.clone(),
        }
        token["roles"] = value!([]);
        token["user"] = value!({
            "domain": domain,
            "id": self.user.id.to_string(),
            "name": self.user.name.as_str(),
            "password_expires_at": "",
        });
        value!({"token": token})
    }

    /// Where the token can be used: both services are at this address, media processing only with a project.
    fn catalog(&self, base: &str) -> Value {
        let entry = |name: &str, id: &str, region: &str, url: String| {
            value!({
                "endpoints": [{
                    "id": id,
                    "interface": "public",
                    "region": region,
                    "region_id": region,
                    "url": url,
                }],
                "id": id,
                "name": name,
                "type": name,
            })
        };
        let mut entries = vec![entry("iam", IAM_ID, "*", format!("{base}/v3"))];
        entries.extend(self.project.map(|project| {
            let url = format!("{base}/v1/{}", project.id);
            entry("mpc", MPC_ID, project.name.as_str(), url)
        }));
        entries.into()
    }
}

/// What the two services are called in catalogues; they have to stay the same, nothing more.
const IAM_ID: &str = "69616d00000000000000000000000000";
const MPC_ID: &str = "6d706300000000000000000000000000";

pub(super) fn project_value(project: &Project, base: &str) -> Value {
    let account = project.account.to_string();
    let id = project.id.to_string();
    let itself = format!("{base}/v3/projects/{id}");
    value!({
        "id": id,
        "name": project.name.as_str(),
        "domain_id": &account,
        "is_domain": false,
        "parent_id": &account,
        "description": "",
        "enabled": true,
        "links": {"self": itself},
    })
}
