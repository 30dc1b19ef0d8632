//! `GetCallerIdentity`: whose key signed the call.
//!
//! <https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-getcalleridentity>

use reelgate_service::{Caller, ErrorKind, PrincipalKind, Service};
use serde_json::{Value, json};

use crate::rpc::{ApiError, CommonError};

pub(super) async fn call(service: &Service, caller: &Caller) -> Result<Value, ApiError> {
    let account = caller.account.to_string();
    let arn = caller.principal.arn();
    Ok(match &caller.principal.kind {
        PrincipalKind::Root => json!({
            "IdentityType": "Account",
            "AccountId": account,
            "PrincipalId": account,
            "UserId": account,
            "Arn": arn,
        }),
        PrincipalKind::User(name) => {
            let user = service.user(caller, None, name).await;
            let user = user.map_err(|error| match error.kind {
                // Deleted since the key was looked up, and the key with it.
                ErrorKind::NotFound => ApiError::from(CommonError::AccessKeyNotFound),
                _ => error.into(),
            })?;
            let id = user.id.to_string();
            json!({
                "IdentityType": "RAMUser",
                "AccountId": account,
                "PrincipalId": id,
                "UserId": id,
                "Arn": arn,
            })
        }
        PrincipalKind::Session {
            role_id, session, ..
        } => json!({
            "IdentityType": "AssumedRoleUser",
            "AccountId": account,
            "PrincipalId": format!("{role_id}:{session}"),
            "RoleId": role_id.to_string(),
            "Arn": arn,
        }),
    })
}
