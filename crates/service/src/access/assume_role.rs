//! Assuming a role: a temporary key that may do what the role may, and no more than its own policy says.
//!
//! Two have to agree: the role's trust policy has to trust the caller, and the caller's own policies have
//! to allow `sts:AssumeRole` on the role. An account itself needs no policy, for it may do everything its
//! users may; the role has to trust it all the same. (The vendor lets no account itself assume a role.)

use std::time::Duration;

use reelgate_domain::access::{Role, RoleId, RoleName};
use reelgate_domain::policy::{Fault, Policy, PolicyError, TrustPolicy};
use reelgate_domain::{AccountId, Timestamp};

use super::authorise::Denial;
use super::caller::{CallContext, Caller};
use super::policies::KNOWN_KEYS;
use super::session::{self, Session as Sealed, TemporaryKey, Who};
use crate::{Service, ServiceError};

/// The action that policies allow or deny.
pub const ASSUME_ROLE: &str = "sts:AssumeRole";

/// The shortest session.
const LEAST: Duration = Duration::from_secs(900);
const DEFAULT: Duration = Duration::from_secs(3600);

/// Whom to become.
#[derive(Clone, Debug)]
pub struct AssumeRole {
    /// `acs:ram::<account>:role/<name>`
    pub role_arn: String,
    /// What records call the session.
    pub session_name: String,
    /// An hour, or the role's longest session if that is shorter, when absent.
    pub duration: Option<Duration>,
    /// What is left of the role's policies in this session; all of it when absent.
    pub policy: Option<String>,
}

/// A session of a role.
#[derive(Clone, Debug)]
pub struct Session {
    pub key: TemporaryKey,
    pub role_arn: String,
    pub role_id: RoleId,
    /// `acs:ram::<account>:role/<name>/<session>`
    pub assumed_arn: String,
    pub session_name: String,
}

/// Why a role was not assumed.
#[derive(Debug, thiserror::Error)]
pub enum AssumeRefusal {
    #[error("a role is written acs:ram::<account>:role/<name>")]
    InvalidRoleArn,
    #[error("a session name is 2 to 64 letters (A-Z, a-z), digits, '.', '@', '_' and '-'")]
    InvalidSessionName,
    #[error("a session of this role lasts {} to {} seconds", least.as_secs(), most.as_secs())]
    InvalidDuration { least: Duration, most: Duration },
    #[error("the session policy is refused: {0}")]
    InvalidPolicy(PolicyError),
    /// Of the caller's own account.
    #[error("there is no role {0}")]
    RoleMissing(String),
    /// The caller's own policies do not allow it.
    #[error(transparent)]
    Denied(Denial),
    /// The role's trust policy does not trust the caller, or another account has no such role.
    #[error("{0} trusts nobody like {1}")]
    NotTrusted(String, String),
    #[error(transparent)]
    Failed(#[from] ServiceError),
}

impl Service {
    /// Makes a session of a role.
    pub async fn assume_role(
        &self,
        caller: &Caller,
        ask: AssumeRole,
        context: &CallContext,
    ) -> Result<Session, AssumeRefusal> {
        let (account, name) = parse_role(&ask.role_arn).ok_or(AssumeRefusal::InvalidRoleArn)?;
        if !is_session_name(&ask.session_name) {
            return Err(AssumeRefusal::InvalidSessionName);
        }
        if let Some(policy) = &ask.policy {
            check_session_policy(policy).map_err(AssumeRefusal::InvalidPolicy)?;
        }
        let role_arn = format!("acs:ram::{account}:role/{name}");
        let principal = &caller.principal;
        // Before the role is looked up: who may not assume it is not told whether there is one.
        self.authorise(principal, ASSUME_ROLE, &role_arn, context)
            .map_err(AssumeRefusal::Denied)?;
        let role = self
            .store
            .role(account, &name)
            .await
            .map_err(ServiceError::from)?;
        let role = match role {
            Some(role) if self.trusts(&role, caller, context)? => role,
            None if account == caller.account => return Err(AssumeRefusal::RoleMissing(role_arn)),
            _ => return Err(AssumeRefusal::NotTrusted(role_arn, principal.arn())),
        };
        let expires_at = self.session_end(&role, ask.duration)?;
        self.use_once(caller).await?;
        let made = Sealed {
            key_id: format!("{}{}", session::ASSUMED, self.random_text(24)),
            secret: self.random_text(44),
            account,
            who: Who::Role {
                name,
                id: role.id,
                session: ask.session_name.clone(),
            },
            policy: ask.policy,
            expires_at,
            made_with: None,
        };
        Ok(Session {
            key: made.key(&self.access.keyring, &*self.ids),
            assumed_arn: format!("{role_arn}/{}", ask.session_name),
            role_arn,
            role_id: role.id,
            session_name: ask.session_name,
        })
    }

    fn trusts(
        &self,
        role: &Role,
        caller: &Caller,
        context: &CallContext,
    ) -> Result<bool, ServiceError> {
        let trust = TrustPolicy::parse(&role.trust).map_err(ServiceError::internal)?;
        let context = self.policy_context(context);
        let decision = trust.decides(&caller.principal.trusted_as(), &context);
        Ok(decision.is_allowed())
    }

    fn session_end(
        &self,
        role: &Role,
        wanted: Option<Duration>,
    ) -> Result<Timestamp, AssumeRefusal> {
        let most = Duration::from_secs(u64::from(role.max_session));
        let least = LEAST;
        let duration = wanted.unwrap_or(DEFAULT.min(most));
        if duration < least || duration > most {
            return Err(AssumeRefusal::InvalidDuration { least, most });
        }
        Ok(self.clock.now().after(duration))
    }
}

/// Read as strictly as a policy that is stored: a denial on what no call carries would never apply.
fn check_session_policy(document: &str) -> Result<(), PolicyError> {
    let policy = Policy::parse_session(document)?;
    let unknown = policy.condition_keys().next().map(|key| Fault::Unknown {
        kind: "condition key",
        name: key.to_owned(),
        expected: KNOWN_KEYS,
    });
    unknown.map_or(Ok(()), |fault| Err(fault.into()))
}

fn parse_role(arn: &str) -> Option<(AccountId, RoleName)> {
    let (account, role) = arn.strip_prefix("acs:ram::")?.split_once(":role/")?;
    // Reading a number would also take a sign.
    let is_number = account.bytes().all(|byte| byte.is_ascii_digit());
    let account = account.parse().ok().filter(|_| is_number)?;
    Some((account, RoleName::new(role).ok()?))
}

fn is_session_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".@_-".contains(&byte);
    (2..=64).contains(&name.len()) && name.bytes().all(allowed)
}
