//! How long an account keeps what is over.

use std::collections::BTreeMap;
use std::time::Duration;

use reelgate_domain::{AccountId, Kept, Retention, Timestamp};
use reelgate_store::Cutoffs;

use crate::access::require_operator;
use crate::{Caller, Service, ServiceError};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// How long something is kept for, and what holds where nothing was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptFor {
    pub what: Kept,
    pub days: u32,
    pub default: u32,
    pub is_set: bool,
}

impl Service {
    /// How long an account keeps what.
    pub async fn retention(
        &self,
        caller: &Caller,
        account: AccountId,
    ) -> Result<Vec<KeptFor>, ServiceError> {
        let account = self.account(caller, account).await?;
        let set = self.store.retention(account.id).await?;
        let kept = Kept::ALL.into_iter();
        Ok(kept.map(|what| self.kept_for(what, &set)).collect())
    }

    /// Sets for how many days an account keeps something, or goes back to the default. Only operators
    /// may. Holds from the cleaner's next round on.
    pub async fn set_retention(
        &self,
        caller: &Caller,
        account: AccountId,
        what: Kept,
        days: Option<u32>,
    ) -> Result<KeptFor, ServiceError> {
        require_operator(caller)?;
        if let Some(days) = days
            && !(what.fewest_days()..=Kept::MOST_DAYS).contains(&days)
        {
            let (fewest, most) = (what.fewest_days(), Kept::MOST_DAYS);
            let message = format!("{what} can be kept for {fewest} to {most} days");
            return Err(ServiceError::invalid("days", message));
        }
        if !self.store.set_retention(account, what, days).await? {
            return Err(ServiceError::missing("account", account));
        }
        let set = days.map(|days| (what, days));
        Ok(self.kept_for(what, &set.into_iter().collect()))
    }

    fn kept_for(&self, what: Kept, set: &BTreeMap<Kept, u32>) -> KeptFor {
        let default = self.retention_defaults().days(what);
        let own = set.get(&what).copied();
        KeptFor {
            what,
            days: own.unwrap_or(default),
            default,
            is_set: own.is_some(),
        }
    }

    /// What holds for accounts of which nothing else was said.
    fn retention_defaults(&self) -> Retention {
        let audit = self.access.audit_keep().as_secs() / DAY.as_secs();
        Retention::new([(Kept::Audit, u32::try_from(audit).unwrap_or(Kept::MOST_DAYS))])
    }

    /// Since when each kind is kept, by account.
    pub(crate) async fn cutoffs(
        &self,
        now: Timestamp,
    ) -> Result<impl Fn(Kept) -> Cutoffs + Send + use<>, ServiceError> {
        let (defaults, of) = (self.retention_defaults(), self.store.retentions().await?);
        Ok(move |what| {
            let own = of.iter().filter(|(_, set)| set.contains_key(&what));
            let own =
                own.map(|(account, set)| (*account, defaults.with(set).kept_since(what, now)));
            Cutoffs {
                default: defaults.kept_since(what, now),
                of: own.collect(),
            }
        })
    }
}
