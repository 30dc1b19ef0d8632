//! What a start does about access: the master keys, the system policies, the first account.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use reelgate_domain::policy::Policy;
use reelgate_service::{AccessSettings, Ids, Keyring, Service};
use reelgate_store::Store;
use serde::Deserialize;

use super::files::write_private;
use crate::catalogue::catalogue;
use crate::config::{self, AccessArgs};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// What the service is told about access.
pub(super) async fn settings(
    args: &AccessArgs,
    data: &Path,
    store: &dyn Store,
    ids: &dyn Ids,
) -> Result<AccessSettings> {
    let defaults = AccessSettings::new(keyring(args, data, store, ids).await?);
    Ok(AccessSettings {
        system_policies: system_policies()?,
        max_failed_signatures: args.max_failed_signatures,
        audit_keep: DAY * args.audit_days,
        ..defaults
    })
}

/// The master keys. A key is made only where nothing stored needs another one.
async fn keyring(
    args: &AccessArgs,
    data: &Path,
    store: &dyn Store,
    ids: &dyn Ids,
) -> Result<Keyring> {
    let given = config::master_key();
    if given.is_some() && args.master_key_file.is_some() {
        bail!("REELGATE_MASTER_KEY and a master key file are both given: leave one of them out");
    }
    if let Some(text) = given {
        return Keyring::from_text(&text).context("reading REELGATE_MASTER_KEY");
    }
    let file = config::master_key_file(args, data);
    if let Some(found) = Keyring::read_file(&file)? {
        return Ok(found);
    }
    if Service::needs_master_key(store).await? {
        bail!(
            "the master key file {} is missing, and the secrets in {} cannot be read without it: bring the \
             file back from a copy, name it with --master-key-file, or give the key in REELGATE_MASTER_KEY",
            file.display(),
            data.display()
        );
    }
    let made = Keyring::create_file(&file, ids)?;
    tracing::info!(
        "a new master key is in {}: keep a copy of it",
        file.display()
    );
    Ok(made)
}

/// The policies that every account can attach. They are made from what is served, so they may be longer than documents
/// that somebody sends.
fn system_policies() -> Result<Vec<(String, Policy)>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Document {
        statement: [Statement; 1],
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Statement {
        action: Vec<String>,
    }
    let policies = catalogue().system_policies().into_iter();
    let policies = policies.map(|system| {
        let Document {
            statement: [Statement { action }],
        } = serde_json::from_str(&system.document)?;
        Ok((system.name, Policy::allowing(action)?))
    });
    policies.collect()
}

/// Makes the first account of a new store. Writes the credentials before the account exists: see
/// [`Service::invent_credentials`].
pub(super) async fn first_start(service: &Service, file: &Path) -> Result<()> {
    if !service.is_first_start().await? {
        return Ok(());
    }
    let credentials = service.invent_credentials();
    write_private(file, &serde_json::to_string_pretty(&credentials)?)
        .with_context(|| format!("writing the credentials to {}", file.display()))?;
    service.create_first_account(&credentials).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use reelgate_service::{ADMINISTRATOR, RandomIds};
    use reelgate_store::SqliteStore;

    use super::*;

    #[test]
    fn there_are_system_policies_for_everything_and_for_reading() {
        let policies = system_policies().unwrap();
        let names: Vec<_> = policies.iter().map(|(name, _)| name.as_str()).collect();
        for name in [ADMINISTRATOR, "ReadOnlyAccess", "AliyunMTSFullAccess"] {
            assert!(names.contains(&name), "{names:?}");
        }
    }

    #[tokio::test]
    async fn a_key_is_made_once_and_missed_when_it_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let (ids, args) = (RandomIds::default(), AccessArgs::default());
        let file = dir.path().join("master.key");
        let store: std::sync::Arc<dyn Store> =
            std::sync::Arc::new(SqliteStore::open(dir.path()).unwrap());
        let made = keyring(&args, dir.path(), &*store, &ids).await.unwrap();
        let text = std::fs::read_to_string(&file).unwrap();

        let settings = reelgate_service::Settings {
            data_dir: dir.path().canonicalize().unwrap(),
            max_object_bytes: 1 << 20,
            free_space_floor: 0,
        };
        let clock = std::sync::Arc::new(reelgate_service::SystemClock);
        let ids = std::sync::Arc::new(ids);
        let service = Service::new(store.clone(), clock, ids.clone(), settings);
        let service = service.with_access(AccessSettings::new(made));
        first_start(&service, &dir.path().join("credentials.json"))
            .await
            .unwrap();

        keyring(&args, dir.path(), &*store, &*ids).await.unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        std::fs::remove_file(&file).unwrap();
        let missed = keyring(&args, dir.path(), &*store, &*ids)
            .await
            .unwrap_err();
        assert!(missed.to_string().contains("--master-key-file"), "{missed}");
        assert!(!file.exists());
    }
}
