//! Which hosts an account's streams may come from and go to.

use reelgate_domain::AccountId;
use reelgate_domain::document::DocumentKind;
use reelgate_domain::stream::HostRules;
use reelgate_store::{PutDocument, PutOutcome};

use super::{StreamError, TRIES, again};
use crate::access::require_operator;
use crate::{Caller, ErrorKind, Service, ServiceError};

const KIND: DocumentKind = "live.rules";
/// There is one for an account.
const ID: &str = "hosts";

impl Service {
    /// The rules of the caller's account, or of another one that an operator names.
    pub async fn host_rules(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
    ) -> Result<HostRules, StreamError> {
        let account = self.account_for(caller, account).await?;
        self.rules_of(account).await
    }

    /// Replaces them. What runs goes on. Only operators may.
    pub async fn set_host_rules(
        &self,
        caller: &Caller,
        account: Option<AccountId>,
        rules: HostRules,
    ) -> Result<HostRules, StreamError> {
        require_operator(caller)?;
        let account = self.account_for(caller, account).await?;
        for (name, patterns) in [("pull", &rules.pull), ("push", &rules.push)] {
            if patterns.len() > HostRules::MOST {
                let message = format!("a list has at most {} patterns", HostRules::MOST);
                return Err(ServiceError::invalid(name, message).into());
            }
        }
        let body = serde_json::to_value(&rules).map_err(ServiceError::internal)?;
        let mut once = caller.once;
        for _ in 0..TRIES {
            let known = self.store.document(account, KIND, ID).await?;
            let put = PutDocument {
                account,
                kind: KIND,
                id: ID.to_owned(),
                body: body.clone(),
                replaces: known.map(|known| known.revision),
                most: 1,
                now: self.clock.now(),
            };
            match self.store.put_document(put, once).await? {
                PutOutcome::Stored(_) => return Ok(rules),
                PutOutcome::Changed(_) => once = again(once),
                PutOutcome::Full | PutOutcome::Unfit => {
                    let message = "the patterns are too long to be kept";
                    return Err(ServiceError::invalid("pull", message).into());
                }
            }
        }
        let message = "the rules were changed in this very moment";
        Err(ServiceError::new(ErrorKind::Conflict, account, message).into())
    }

    pub(super) async fn rules_of(&self, account: AccountId) -> Result<HostRules, StreamError> {
        match self.store.document(account, KIND, ID).await? {
            // Rules that cannot be read allow nothing.
            Some(known) => Ok(serde_json::from_value(known.body).map_err(ServiceError::internal)?),
            None => Ok(HostRules::default()),
        }
    }
}
