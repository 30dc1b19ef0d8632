//! What a start does about access: the master keys, the system policies, the first account.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use reelgate_domain::policy::Policy;
use reelgate_service::{AccessSettings, Credentials, Ids, Keyring, Service};
use reelgate_store::Store;
use serde::Deserialize;

use super::files::{remove_if_there, write_private};
use crate::catalogue::catalogue;
use crate::config::{self, AccessArgs};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// What the service of a server is told about access.
pub(super) fn settings(args: &AccessArgs, defaults: AccessSettings) -> Result<AccessSettings> {
    Ok(AccessSettings {
        system_policies: system_policies()?,
        max_failed_signatures: args.max_failed_signatures,
        audit_keep: DAY * args.audit_days,
        ..defaults
    })
}

/// The master keys, and whether they were made just now.
pub(super) struct MasterKeys {
    pub(super) keyring: Keyring,
    made: Option<PathBuf>,
}

impl MasterKeys {
    /// The master keys that are configured. One is made only where nothing stored needs another one, and
    /// not for a node that has the servers' secrets to open.
    pub(super) async fn find(
        given_file: Option<&Path>,
        data: &Path,
        store: &dyn Store,
        ids: &dyn Ids,
        may_make: bool,
    ) -> Result<Self> {
        let given = config::master_key();
        if given.is_some() && given_file.is_some() {
            bail!(
                "REELGATE_MASTER_KEY and a master key file are both given: leave one of them out"
            );
        }
        if let Some(text) = given {
            let keyring = Keyring::from_text(&text).context("reading REELGATE_MASTER_KEY")?;
            let made = None;
            return Ok(Self { keyring, made });
        }
        let file = config::master_key_file(given_file, data);
        if let Some(keyring) = Keyring::read_file(&file)? {
            let made = None;
            return Ok(Self { keyring, made });
        }
        if !may_make || Service::needs_master_key(store).await? {
            bail!(
                "the master key file {} is missing, and stored secrets cannot be read without it: bring the file \
                 back from a copy, on a further node from a node that works, name it with --master-key-file, or \
                 give the key in REELGATE_MASTER_KEY",
                file.display(),
            );
        }
        let keyring = Keyring::create_file(&file, ids)?;
        tracing::info!(
            "a new master key is in {}: keep a copy of it, and give it to every further node",
            file.display()
        );
        let made = Some(file);
        Ok(Self { keyring, made })
    }

    /// Takes back what was made for a store that has turned out to have a key of another node.
    pub(super) fn unmake(&self, is_shared: bool) {
        if let Some(file) = self.made.as_ref().filter(|_| is_shared) {
            let _ = std::fs::remove_file(file);
        }
    }
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

/// What became of a first start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FirstStart {
    /// There is an account: it was there, or was made just now.
    Done,
    /// Another node has made it meanwhile, and its secrets have yet to be found readable here.
    ByAnother,
}

/// Makes the first account of a new store. Writes the credentials before the account exists: see
/// [`Service::invent_credentials`]. Of several nodes that do so at once, one makes the account and keeps the file.
pub(super) async fn first_start(
    service: &Service,
    store: &dyn Store,
    file: &Path,
) -> Result<FirstStart> {
    if !service.is_first_start().await? {
        drop_stale(store, file).await?;
        return Ok(FirstStart::Done);
    }
    let credentials = service.invent_credentials();
    write_private(file, &serde_json::to_string_pretty(&credentials)?)
        .with_context(|| format!("writing the credentials to {}", file.display()))?;
    if !service.create_first_account(&credentials).await? {
        tracing::info!(
            "another node was faster in making the first account, and has its credentials"
        );
        remove_if_there(file)?;
        return Ok(FirstStart::ByAnother);
    }
    if !service.makes_buckets() {
        tracing::info!(
            "the first account has no bucket, because other nodes would not find a directory of this machine: make \
             one by `reelgate bucket create {bucket} --s3 …`, or start every node with --shared-buckets and make one \
             by `reelgate bucket create {bucket}`",
            bucket = credentials.bucket
        );
    }
    Ok(FirstStart::Done)
}

/// Removes the credentials of an account that was never made: this process died before it knew that another
/// node was faster.
async fn drop_stale(store: &dyn Store, file: &Path) -> Result<()> {
    let Ok(text) = std::fs::read_to_string(file) else {
        return Ok(());
    };
    let known = serde_json::from_str::<Credentials>(&text).ok();
    let Some(account) = known.and_then(|it| it.account_id.parse().ok()) else {
        return Ok(());
    };
    if store.account(account).await?.is_none() {
        tracing::warn!(
            "{} is about an account that does not exist: it is removed",
            file.display()
        );
        remove_if_there(file)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use clap::Parser;
    use reelgate_domain::Kept;
    use reelgate_service::{ADMINISTRATOR, Caller, RandomIds};
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
    async fn the_audit_is_kept_for_as_many_days_as_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir.path()).unwrap());
        let keyring = Keyring::create_file(&dir.path().join("key"), &RandomIds::default()).unwrap();
        let line = Line::try_parse_from(["serve", "--audit-days", "7"]).unwrap();
        let settings = settings(&line.access, AccessSettings::new(keyring.clone())).unwrap();
        let service = service(&dir, &store, keyring).with_access(settings);
        let made = service.invent_credentials();
        assert!(service.create_first_account(&made).await.unwrap());
        let account = made.account_id.parse().unwrap();
        let kept = service.retention(&Caller::root(account), account).await;
        let kept = kept.unwrap().into_iter().find(|it| it.what == Kept::Audit);
        assert_eq!(kept.map(|it| (it.days, it.is_set)), Some((7, false)));
    }

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        access: AccessArgs,
    }

    #[tokio::test]
    async fn a_key_is_made_once_and_missed_when_it_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let ids = RandomIds::default();
        let file = dir.path().join("master.key");
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir.path()).unwrap());
        let find = |may_make| MasterKeys::find(None, dir.path(), &*store, &ids, may_make);
        // A worker has to be given the servers' key.
        let refused = find(false).await.err().unwrap().to_string();
        assert!(refused.contains("REELGATE_MASTER_KEY"), "{refused}");
        let made = find(true).await.unwrap();
        let text = std::fs::read_to_string(&file).unwrap();

        let service = service(&dir, &store, made.keyring);
        let credentials = dir.path().join("credentials.json");
        first_start(&service, &*store, &credentials).await.unwrap();
        assert!(credentials.exists());

        find(true).await.unwrap().unmake(true);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        std::fs::remove_file(&file).unwrap();
        let missed = find(true).await.err().unwrap().to_string();
        assert!(missed.contains("--master-key-file"), "{missed}");
        assert!(!file.exists());
    }

    #[tokio::test]
    async fn of_nodes_that_start_at_once_one_makes_the_account_and_keeps_its_credentials() {
        let dir = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(dir.path()).unwrap());
        let keyring = Keyring::create_file(&dir.path().join("key"), &RandomIds::default()).unwrap();
        let service = service(&dir, &store, keyring);
        let files = ["a", "b", "c"].map(|name| dir.path().join(name));
        let starts = files
            .iter()
            .map(|file| first_start(&service, &*store, file));
        for outcome in futures_util::future::join_all(starts).await {
            outcome.unwrap();
        }
        let kept: Vec<_> = files.iter().filter(|file| file.exists()).collect();
        assert_eq!(kept.len(), 1);
        // One that died before it knew keeps nothing that leads astray.
        let stale = dir.path().join("stale");
        let invented = serde_json::to_string(&service.invent_credentials()).unwrap();
        std::fs::write(&stale, invented).unwrap();
        first_start(&service, &*store, &stale).await.unwrap();
        first_start(&service, &*store, kept[0]).await.unwrap();
        assert!(!stale.exists() && kept[0].exists());
    }

    fn service(dir: &tempfile::TempDir, store: &Arc<dyn Store>, keyring: Keyring) -> Service {
        let settings = reelgate_service::Settings {
            data_dir: dir.path().canonicalize().unwrap(),
            max_object_bytes: 1 << 20,
            free_space_floor: 0,
        };
        let clock = Arc::new(reelgate_service::SystemClock);
        let ids = Arc::new(RandomIds::default());
        let service = Service::new(Arc::clone(store), clock, ids, settings);
        service.with_access(AccessSettings::new(keyring))
    }
}
