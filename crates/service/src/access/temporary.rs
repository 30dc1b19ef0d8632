//! Temporary keys of users: made with a token or another key, and good for what their user may do.

use std::time::Duration;

use reelgate_domain::Timestamp;
use reelgate_domain::access::{ProjectId, Token};

use super::caller::{Caller, PrincipalKind};
use super::session::{self, MadeWith, Session, TemporaryKey, Who};
use crate::{ErrorKind, Service, ServiceError};

/// How long a temporary key may be good, in seconds.
const TEMPORARY_SECONDS: std::ops::RangeInclusive<u64> = 900..=86_400;

impl Service {
    /// Makes a key pair that ends by itself and may do what the caller may. It ends before its time when
    /// the caller's user is deleted, the key that signed is switched off, replaced or deleted, or the token
    /// that was shown is revoked, as it is by a new password.
    pub async fn temporary_key(
        &self,
        caller: &Caller,
        duration: Duration,
    ) -> Result<TemporaryKey, ServiceError> {
        if !TEMPORARY_SECONDS.contains(&duration.as_secs()) {
            let (least, most) = (TEMPORARY_SECONDS.start(), TEMPORARY_SECONDS.end());
            let message = format!("a temporary key is good for {least} to {most} seconds");
            return Err(ServiceError::invalid("duration_seconds", message));
        }
        let denied = |message| ServiceError::new(ErrorKind::Denied, "key", message);
        // They would never have to end.
        if session::is_temporary(&caller.principal.key_id) {
            return Err(denied("temporary keys are not made with temporary keys"));
        }
        let who = match &caller.principal.kind {
            PrincipalKind::Root => Who::Root,
            PrincipalKind::User(name) => {
                let user = self.store.user(caller.account, name).await?;
                let user = user.ok_or_else(|| ServiceError::missing("user", name))?;
                let (name, id) = (user.name, user.id);
                Who::User { name, id }
            }
            PrincipalKind::Session { .. } => {
                return Err(denied("temporary keys are not made for sessions"));
            }
        };
        let made = Session {
            key_id: format!("{}{}", session::OF_USER, self.random_text(17)),
            secret: self.random_text(40),
            account: caller.account,
            who,
            policy: None,
            expires_at: self.clock.now().after(duration),
            made_with: caller.principal.shown.clone(),
        };
        Ok(made.key(&self.access.keyring, &*self.ids))
    }

    /// What holds of a temporary key because of what it was made with; `None` if that has been taken away.
    /// With a replaced key it ends when that does, with an expired token it goes on, in the project that the
    /// token was for.
    pub(super) async fn bounds_of(
        &self,
        session: &Session,
    ) -> Result<Option<Bounds>, ServiceError> {
        let own = Bounds {
            end: session.expires_at,
            project: None,
        };
        Ok(match &session.made_with {
            None => Some(own),
            Some(MadeWith::Key(id)) => {
                let key = self.store.access_key(id).await?;
                let good = key.filter(|key| key.active && key.account == session.account);
                good.map(|key| Bounds {
                    end: key.expires_at.map_or(own.end, |end| end.min(own.end)),
                    ..own
                })
            }
            Some(MadeWith::Token(digest)) => {
                let token = self.store.token(digest).await?;
                token.map(|Token { project, .. }| Bounds { project, ..own })
            }
        })
    }
}

/// What a temporary key is confined to.
pub(super) struct Bounds {
    pub(super) end: Timestamp,
    /// The only project that it is for.
    pub(super) project: Option<ProjectId>,
}
