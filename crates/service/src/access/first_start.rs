//! The first start of a store: one account with everything it needs to be used at once.

use std::collections::BTreeSet;

use reelgate_domain::access::{AccountName, Feature, User};
use reelgate_domain::{AccountId, PipelineId};
use reelgate_store::CreateAccount;
use serde::{Deserialize, Serialize};

use crate::{Service, ServiceError};

/// The first account of a store.
const FIRST: &str = "main";

/// A new account's names and secrets, as handed to whoever it is made for. Shown once.
#[derive(Clone, Serialize, Deserialize)]
pub struct Credentials {
    /// 16 decimal digits.
    pub account_id: String,
    pub access_key_id: String,
    pub access_key_secret: String,
    /// 32 hex digits.
    pub project_id: String,
    /// The pipeline `default`, 32 hex digits.
    pub pipeline_id: String,
    /// The bucket `media`, which is yet to be made where nodes share a store and no directory.
    pub bucket: String,
    pub iam_user: String,
    pub iam_password: String,
    /// The bearer key of the native API; of the first account an operator key.
    pub api_key: String,
}

impl Service {
    /// Whether accounts come with a bucket: not where a further node would not find its directory.
    pub fn makes_buckets(&self) -> bool {
        self.company.sees_all_directories()
    }

    /// Whether the store is new.
    pub async fn is_first_start(&self) -> Result<bool, ServiceError> {
        Ok(!self.store.has_accounts().await?)
    }

    /// Makes up an account. Nothing is stored yet. At the first start: write the credentials where the
    /// operator finds them, then call [`Service::create_first_account`]. A crash in between leaves a
    /// file that the next start replaces, never an account without its secrets.
    pub fn invent_credentials(&self) -> Credentials {
        let mut bits = [0; 8];
        self.ids.secret(&mut bits);
        Credentials {
            account_id: AccountId::from_random(u64::from_le_bytes(bits)).to_string(),
            access_key_id: self.new_access_key_id(),
            access_key_secret: self.random_text(30),
            project_id: self.random_hex(),
            pipeline_id: PipelineId::from_bytes(self.ids.uuid(self.clock.now())).to_string(),
            bucket: "media".to_owned(),
            iam_user: User::ADMIN.to_owned(),
            iam_password: self.random_text(24),
            api_key: format!("rgk_{}", self.random_text(43)),
        }
    }

    /// Stores the first account; false if another process was faster.
    pub async fn create_first_account(&self, made: &Credentials) -> Result<bool, ServiceError> {
        let name = AccountName::new(FIRST).map_err(ServiceError::internal)?;
        let features = BTreeSet::from(Feature::ALL);
        let new = self.new_account(made, name, features, true).await?;
        let outcome = self.store.create_account(new, None).await?;
        Ok(outcome == CreateAccount::Created)
    }

    fn random_hex(&self) -> String {
        let mut bytes = [0; 16];
        self.ids.secret(&mut bytes);
        hex::encode(bytes)
    }

    /// Letters and digits only, so that keys survive shells, URLs and double clicks. The modulo
    /// makes the first eight of the 62 characters more likely by a quarter, which costs next to nothing.
    pub(super) fn random_text(&self, length: usize) -> String {
        const ALPHABET: &[u8; 62] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut bytes = zeroize::Zeroizing::new(vec![0; length]);
        self.ids.secret(&mut bytes);
        bytes
            .iter()
            .map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]))
            .collect()
    }
}
