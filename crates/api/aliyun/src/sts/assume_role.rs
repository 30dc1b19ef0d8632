//! `AssumeRole`: temporary keys of a role, for a caller whom the role trusts.
//!
//! <https://www.alibabacloud.com/help/en/ram/developer-reference/api-sts-2015-04-01-assumerole>

use std::time::Duration;

use reelgate_api_kit::time;
use reelgate_domain::policy::MAX_SESSION_POLICY_CHARS;
use reelgate_service::{AssumeRefusal, AssumeRole, Service};
use serde_json::{Value, json};

use super::codes::StsError;
use crate::rpc::{ApiError, Call, Params, denied};

/// The longest session that a role has unless it says otherwise, in seconds.
const USUALLY_MOST: u64 = 3600;

/// The most characters of an ARN that answers and records repeat.
const MOST_ARN_CHARS: usize = 128;

/// The keys are answered once: a replay of the call is refused, also after a restart.
pub(super) async fn call(service: &Service, call: &Call<'_>) -> Result<Value, ApiError> {
    let ask = read(call.params)?;
    let assumed = service.assume_role(call.caller, ask, call.context).await;
    let session = assumed.map_err(|refusal| refused(refusal, call))?;
    Ok(json!({
        "AssumedRoleUser": {
            "Arn": session.assumed_arn,
            "AssumedRoleId": format!("{}:{}", session.role_id, session.session_name),
        },
        "Credentials": {
            "AccessKeyId": session.key.access,
            "AccessKeySecret": session.key.secret.expose(),
            "SecurityToken": session.key.security_token.expose(),
            "Expiration": time::format_utc(session.key.expires_at.as_millis()),
        },
    }))
}

/// The parameters. What is not served is refused: a caller who relies on it would get a key that is less safe than it
/// believes.
fn read(params: &Params) -> Result<AssumeRole, ApiError> {
    let given = |name| params.get(name).filter(|text| !text.is_empty());
    let role_arn = params.required("RoleArn")?;
    let session_name = params.required("RoleSessionName")?;
    if given("ExternalId").is_some() {
        return Err(StsError::ExternalId.into());
    }
    if given("SourceIdentity").is_some() {
        return Err(StsError::SourceIdentity.into());
    }
    let seconds = match given("DurationSeconds").map(str::parse::<u32>) {
        None => None,
        Some(Ok(seconds)) => Some(seconds),
        Some(Err(_)) => return Err(StsError::Duration(USUALLY_MOST).into()),
    };
    Ok(AssumeRole {
        role_arn: role_arn.to_owned(),
        session_name: session_name.to_owned(),
        duration: seconds.map(|seconds| Duration::from_secs(seconds.into())),
        policy: given("Policy").map(str::to_owned),
    })
}

fn refused(refusal: AssumeRefusal, call: &Call<'_>) -> ApiError {
    match refusal {
        AssumeRefusal::InvalidRoleArn => StsError::RoleArn.into(),
        AssumeRefusal::InvalidSessionName => StsError::SessionName.into(),
        AssumeRefusal::InvalidDuration { most, .. } => StsError::Duration(most.as_secs()).into(),
        AssumeRefusal::InvalidPolicy(error) => {
            let policy = call.params.get("Policy").unwrap_or_default();
            if policy.chars().count() > MAX_SESSION_POLICY_CHARS {
                StsError::PolicySize(MAX_SESSION_POLICY_CHARS).into()
            } else {
                StsError::PolicyGrammar(&error.to_string()).into()
            }
        }
        AssumeRefusal::RoleMissing(arn) => StsError::RoleNotFound(&arn).into(),
        AssumeRefusal::Denied(denial) => {
            let error = ApiError::from(StsError::RoleRefused).refusing(denial.to_string());
            error.denied(denied::detail(&call.caller.principal, &denial))
        }
        AssumeRefusal::NotTrusted(..) => {
            let why = refusal.to_string();
            ApiError::from(StsError::RoleRefused).refusing(why)
        }
        AssumeRefusal::Failed(error) => error.into(),
    }
}

/// The role, as the audit names it.
pub(super) fn subject(params: &Params) -> Option<String> {
    let arn = params.get("RoleArn").filter(|arn| !arn.is_empty())?;
    Some(arn.chars().take(MOST_ARN_CHARS).collect())
}
