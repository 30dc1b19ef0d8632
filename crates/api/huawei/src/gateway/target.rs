//! What a request is for, by its method and path.

use reelgate_api_kit::operation::{Product, Served};

use crate::iam::IAM;
use crate::mpc::{self, MPC};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Iam(IamCall),
    /// Below `/v1/{project_id}` or `/v1.0-ext/{project_id}`: an operation of MPC's, served or not, if there is one.
    Project {
        id: String,
        action: Option<&'static str>,
    },
    /// An operation of MPC's that is about no project.
    Bare(&'static str),
    Unknown,
}

/// What is served of IAM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IamCall {
    CreateToken,
    ValidateToken,
    RevokeToken,
    ListProjects,
    CreateTemporaryKey,
}

impl Target {
    /// A slash at the end says nothing: signatures put one there anyway.
    pub(crate) fn of(method: &str, path: &str) -> Self {
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut parts = path.splitn(4, '/').skip(1);
        let version = parts.next().unwrap_or_default();
        if version == "v1" || version == "v1.0-ext" {
            // In a route `{}` stands for the project; in a path it is none.
            if !path.contains("{}")
                && let Some(action) = mpc::find(method, path)
            {
                return Self::Bare(action);
            }
            let Some(project) = parts.next() else {
                return Self::Unknown;
            };
            let rest = parts.next().unwrap_or_default();
            return Self::Project {
                id: project.to_owned(),
                action: mpc::find(method, &format!("/{version}/{{}}/{rest}")),
            };
        }
        match (method, path) {
            ("POST", "/v3/auth/tokens") => Self::Iam(IamCall::CreateToken),
            ("GET", "/v3/auth/tokens") => Self::Iam(IamCall::ValidateToken),
            ("DELETE", "/v3/auth/tokens") => Self::Iam(IamCall::RevokeToken),
            ("GET", "/v3/projects") => Self::Iam(IamCall::ListProjects),
            ("POST", "/v3.0/OS-CREDENTIAL/securitytokens") => {
                Self::Iam(IamCall::CreateTemporaryKey)
            }
            _ => Self::Unknown,
        }
    }

    /// Its name in policies and records.
    pub(crate) fn policy_action(&self) -> String {
        match self {
            Self::Iam(call) => IAM.policy_action(call.operation()),
            Self::Project { action, .. } => MPC.policy_action(action.unwrap_or("Unserved")),
            Self::Bare(action) => MPC.policy_action(action),
            Self::Unknown => "iam:Unserved".to_owned(),
        }
    }

    /// The product it is of and its row there, if it is served.
    pub(crate) fn served(&self) -> Option<(&'static Product, &'static Served)> {
        let (product, action) = match self {
            Self::Iam(call) => (&IAM, call.operation()),
            Self::Project { action, .. } => (&MPC, (*action)?),
            Self::Bare(action) => (&MPC, *action),
            Self::Unknown => return None,
        };
        Some((product, product.find(action)?.served()?))
    }
}

impl IamCall {
    /// The name of its row in the product's table.
    pub(crate) const fn operation(self) -> &'static str {
        match self {
            Self::CreateToken => "KeystoneCreateUserTokenByPassword",
            Self::ValidateToken => "KeystoneValidateToken",
            Self::RevokeToken => "KeystoneRevokeToken",
            Self::ListProjects => "KeystoneListProjects",
            Self::CreateTemporaryKey => "CreateTemporaryAccessKeyByToken",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLS: [IamCall; 5] = [
        IamCall::CreateToken,
        IamCall::ValidateToken,
        IamCall::RevokeToken,
        IamCall::ListProjects,
        IamCall::CreateTemporaryKey,
    ];

    #[test]
    fn each_call_is_a_row_and_each_row_a_call() {
        let mut calls: Vec<_> = CALLS.iter().map(|call| call.operation()).collect();
        calls.sort_unstable();
        let rows: Vec<_> = IAM.served().map(|(action, _)| action).collect();
        assert_eq!(calls, rows);
    }

    #[test]
    fn paths_are_told_apart() {
        let below = |id: &str, action| Target::Project {
            id: id.to_owned(),
            action,
        };
        let project = |id| below(id, None);
        for (method, path, expected) in [
            ("POST", "/v3/auth/tokens", Target::Iam(IamCall::CreateToken)),
            (
                "POST",
                "/v3/auth/tokens/",
                Target::Iam(IamCall::CreateToken),
            ),
            ("PATCH", "/v3/auth/tokens", Target::Unknown),
            ("POST", "/v3/auth//tokens", Target::Unknown),
            ("POST", "/v3/auth/tokens//", Target::Unknown),
            ("GET", "/v3/projects", Target::Iam(IamCall::ListProjects)),
            ("GET", "/v3/projects/1", Target::Unknown),
            ("GET", "/v3", Target::Unknown),
            (
                "GET",
                "/v1/ab/transcodings",
                below("ab", Some("ListTranscodingTask")),
            ),
            (
                "GET",
                "/v1/ab/transcodings/",
                below("ab", Some("ListTranscodingTask")),
            ),
            ("GET", "/v1/ab/transcodings//", project("ab")),
            ("PATCH", "/v1/ab/transcodings", project("ab")),
            ("PUT", "/v1.0-ext/ab/objects", project("ab")),
            (
                "GET",
                "/v1.0-ext/ab/objects",
                below("ab", Some("ListAllObsObjList")),
            ),
            ("GET", "/v1/ab/objects", project("ab")),
            ("GET", "/v1/{}/{}", project("{}")),
            (
                "GET",
                "/v1/{}/transcodings",
                Target::Project {
                    id: "{}".to_owned(),
                    action: Some("ListTranscodingTask"),
                },
            ),
            (
                "PUT",
                "/v1/mediabox/tasks/report",
                Target::Bare("CreateMbTasksReport"),
            ),
            ("GET", "/v1/mediabox/tasks/report", project("mediabox")),
            (
                "GET",
                "/v1/{project_id}/transcodings",
                below("{project_id}", Some("ListTranscodingTask")),
            ),
            (
                "GET",
                "/v1//transcodings",
                below("", Some("ListTranscodingTask")),
            ),
            ("GET", "/v1/ab", project("ab")),
            ("GET", "/v1/", Target::Unknown),
            ("GET", "/v1", Target::Unknown),
            ("GET", "", Target::Unknown),
        ] {
            assert_eq!(Target::of(method, path), expected, "{method} {path}");
        }
    }
}
