//! What a request is for, by its method and path.

use crate::iam::IAM;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Iam(IamCall),
    /// Below `/v1/{project_id}` or `/v1.0-ext/{project_id}`, where nothing is served yet.
    Project(String),
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
        let mut segments = path.split('/').skip(1);
        let version = segments.next().unwrap_or_default();
        if version == "v1" || version == "v1.0-ext" {
            return match segments.next() {
                Some(project) => Self::Project(project.to_owned()),
                None => Self::Unknown,
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
            Self::Project(_) => "mpc:Unserved".to_owned(),
            Self::Unknown => "iam:Unserved".to_owned(),
        }
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
        let project = |id: &str| Target::Project(id.to_owned());
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
            ("GET", "/v1/ab/transcodings", project("ab")),
            ("PUT", "/v1.0-ext/ab/objects", project("ab")),
            (
                "GET",
                "/v1/{project_id}/transcodings",
                project("{project_id}"),
            ),
            ("GET", "/v1//transcodings", project("")),
            ("GET", "/v1/ab", project("ab")),
            ("GET", "/v1/", Target::Unknown),
            ("GET", "/v1", Target::Unknown),
            ("GET", "", Target::Unknown),
        ] {
            assert_eq!(Target::of(method, path), expected, "{method} {path}");
        }
    }
}
