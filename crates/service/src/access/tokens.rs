//! Tokens: what users get for their password, to show instead of signing.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reelgate_domain::access::{
    Account, AccountName, Owner, Project, ProjectId, ProjectName, Token, User, UserName,
};
use reelgate_domain::{AccountId, Timestamp};

use super::caller::Caller;
use super::credentials::sha256;
use super::places::Claimant;
use super::secret::Secret;
use super::session::MadeWith;
use super::throttle::Throttled;
use crate::{Service, ServiceError};

/// How long a token is good.
const TOKEN_HOLDS: Duration = Duration::from_secs(24 * 3600);

/// A user's wish for a token.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// Name of the account, or its id.
    pub domain: String,
    pub user: String,
    pub password: Secret,
    pub scope: TokenScope,
    pub source: Option<IpAddr>,
}

/// What a token is to be good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenScope {
    Account,
    /// Whose name or id has to be that of the user's account.
    Domain(String),
    ProjectId(String),
    /// If the account has one project, it answers to any name.
    ProjectName(String),
}

/// A user who has shown to know the password, and what a token is to be good for.
#[derive(Debug)]
pub struct ProvenUser {
    pub caller: Caller,
    user: User,
    domain: Account,
    project: Option<Project>,
    /// What the password was compared with.
    hash: Option<String>,
}

/// A token, shown once, and what it is good for.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    pub token: Secret,
    pub user: User,
    pub domain: Account,
    pub project: Option<Project>,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenRefusal {
    /// Which of the three it was is not told.
    #[error("there is no such account, no such user, or the password is another one")]
    WrongPassword,
    #[error("the account has no such project, or it is another account")]
    UnknownScope,
    #[error(transparent)]
    Throttled(Throttled),
    #[error(transparent)]
    Failed(#[from] ServiceError),
}

/// Who shows a token, and what for.
#[derive(Debug)]
pub struct TokenHolder {
    pub caller: Caller,
    pub project: Option<Project>,
    pub user: User,
    pub domain: Account,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}

/// Why a token proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// There is no such token: it was revoked, or its user is gone, or there never was one.
    #[error("there is no such token")]
    Unknown,
    #[error("the token has expired")]
    Expired { at: Timestamp },
    #[error(transparent)]
    Failed(#[from] ServiceError),
}

impl Service {
    /// Proves who asks for a token, by the password. Who does not know it is told nothing else, after
    /// the same time.
    pub async fn check_password(&self, ask: TokenRequest) -> Result<ProvenUser, TokenRefusal> {
        let TokenRequest {
            domain,
            user,
            password,
            scope,
            source,
        } = ask;
        let tried = format!("{domain}/{user}");
        self.access
            .may_try_password(&tried, source, self.clock.now())
            .map_err(TokenRefusal::Throttled)?;
        let account = self.account_called(&domain).await?;
        let name = UserName::new(user).ok();
        let hash = match (&account, &name) {
            (Some(account), Some(name)) => self.store.password_hash(account.id, name).await,
            _ => Ok(None),
        };
        let hash = hash.map_err(ServiceError::from)?;
        let claimant = Claimant::Address(source.into());
        let passwords = &self.access.passwords;
        let verified = passwords.verify(claimant, hash.clone(), password).await?;
        // Everybody who waits is served within seconds.
        let retry_after = Duration::from_secs(2);
        let is_right = verified.map_err(|_| TokenRefusal::Throttled(Throttled { retry_after }))?;
        let (Some(domain), Some(name), true) = (account, name, is_right) else {
            self.access
                .failed_password(&tried, source, self.clock.now());
            return Err(TokenRefusal::WrongPassword);
        };
        let project = self.scope_project(&domain, scope).await?;
        let begun = self.access.changes.begin();
        let user = self.store.user(domain.id, &name).await;
        let user = user.map_err(ServiceError::from)?;
        let owner = Owner::User(name);
        let principal = self.owner_principal(domain.id, &owner, "", false).await?;
        let (Some(user), Some(principal)) = (user, principal) else {
            return Err(TokenRefusal::WrongPassword);
        };
        self.learn_limits(domain.id, begun).await?;
        Ok(ProvenUser {
            caller: principal.into(),
            user,
            domain,
            project,
            hash,
        })
    }

    /// Makes a token for a user who knows the password.
    pub async fn issue_token(&self, proven: ProvenUser) -> Result<IssuedToken, TokenRefusal> {
        let ProvenUser {
            user,
            domain,
            project,
            hash,
            ..
        } = proven;
        let name = user.name.clone();
        let token = Secret::new(self.random_text(64));
        let issued_at = self.clock.now();
        let stored = Token {
            digest: sha256(token.expose().as_bytes()),
            account: domain.id,
            user: name.clone(),
            project: project.as_ref().map(|project| project.id),
            issued_at,
            expires_at: issued_at.after(TOKEN_HOLDS),
        };
        let (digest, expires_at) = (stored.digest, stored.expires_at);
        let store = &self.store;
        let is_stored = store
            .create_token(stored)
            .await
            .map_err(ServiceError::from)?;
        // A password that was changed meanwhile has ended the tokens that there were, but not this one.
        let now_hash = store
            .password_hash(domain.id, &name)
            .await
            .map_err(ServiceError::from)?;
        if !is_stored || now_hash != hash {
            store
                .revoke_token(&digest)
                .await
                .map_err(ServiceError::from)?;
            return Err(TokenRefusal::WrongPassword);
        }
        Ok(IssuedToken {
            token,
            user,
            domain,
            project,
            issued_at,
            expires_at,
        })
    }

    /// The account of this name, or of this id; no account is called like the id of another.
    async fn account_called(&self, domain: &str) -> Result<Option<Account>, ServiceError> {
        if let Ok(id) = domain.parse::<AccountId>() {
            return Ok(self.store.account(id).await?);
        }
        match AccountName::new(domain) {
            Ok(name) => Ok(self.store.account_named(&name).await?),
            Err(_) => Ok(None),
        }
    }

    async fn scope_project(
        &self,
        domain: &Account,
        scope: TokenScope,
    ) -> Result<Option<Project>, TokenRefusal> {
        let found = match scope {
            TokenScope::Account => return Ok(None),
            TokenScope::Domain(named) => {
                let is_own = named == domain.name.as_str() || named == domain.id.to_string();
                return if is_own {
                    Ok(None)
                } else {
                    Err(TokenRefusal::UnknownScope)
                };
            }
            TokenScope::ProjectId(id) => self.own_project(domain.id, &id).await?,
            TokenScope::ProjectName(name) => self.projects_called(domain.id, &name).await?.pop(),
        };
        found.map(Some).ok_or(TokenRefusal::UnknownScope)
    }

    /// The account's project with this id, as text.
    async fn own_project(
        &self,
        account: AccountId,
        id: &str,
    ) -> Result<Option<Project>, ServiceError> {
        let Ok(id) = id.parse::<ProjectId>() else {
            return Ok(None);
        };
        let project = self.store.project(id).await?;
        Ok(project.filter(|project| project.account == account))
    }

    /// The account's projects of this name: none or one. An account's only project answers to any name,
    /// because clients of some vendors ask by the name of a region.
    pub(super) async fn projects_called(
        &self,
        account: AccountId,
        name: &str,
    ) -> Result<Vec<Project>, ServiceError> {
        let mut projects = self.store.projects(account).await?;
        if projects.len() > 1 {
            let name = ProjectName::new(name).ok();
            projects.retain(|project| Some(&project.name) == name.as_ref());
        }
        Ok(projects)
    }

    /// Who shows this token.
    pub async fn token_caller(&self, token: &str) -> Result<Arc<TokenHolder>, TokenError> {
        let now = self.clock.now();
        let digest = sha256(token.as_bytes());
        let holder = match self.access.tokens.get(&digest, now) {
            Some(known) => known,
            None => {
                let found = self.find_token(digest, now).await?;
                found.ok_or(TokenError::Unknown)?
            }
        };
        if holder.expires_at <= now {
            let at = holder.expires_at;
            return Err(TokenError::Expired { at });
        }
        Ok(holder)
    }

    async fn find_token(
        &self,
        digest: [u8; 32],
        now: Timestamp,
    ) -> Result<Option<Arc<TokenHolder>>, ServiceError> {
        let begun = self.access.changes.begin();
        let Some(token) = self.store.token(&digest).await? else {
            return Ok(None);
        };
        let (account, owner) = (token.account, Owner::User(token.user.clone()));
        let user = self.store.user(account, &token.user).await?;
        let domain = self.store.account(account).await?;
        let principal = self.owner_principal(account, &owner, "", false).await?;
        let project = match token.project {
            Some(id) => self.store.project(id).await?,
            None => None,
        };
        let (Some(user), Some(domain), Some(mut principal)) = (user, domain, principal) else {
            return Ok(None);
        };
        if project.is_none() && token.project.is_some() {
            return Ok(None);
        }
        principal.shown = Some(MadeWith::Token(digest));
        let holder = Arc::new(TokenHolder {
            caller: principal.into(),
            project,
            user,
            domain,
            issued_at: token.issued_at,
            expires_at: token.expires_at,
        });
        self.learn_limits(account, begun).await?;
        let value = Arc::clone(&holder);
        self.access.tokens.put(digest, account, value, now, begun);
        Ok(Some(holder))
    }

    /// Ends a token; false if there is none.
    pub async fn revoke_token(&self, token: &str) -> Result<bool, ServiceError> {
        let digest = sha256(token.as_bytes());
        let Some(found) = self.store.token(&digest).await? else {
            return Ok(false);
        };
        let store = Arc::clone(&self.store);
        self.changing(
            found.account,
            async move { store.revoke_token(&digest).await },
        )
        .await
    }
}
