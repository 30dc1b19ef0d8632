//! Accounts for the cases, and what is in them.

use std::collections::BTreeSet;

use reelgate_domain::access::{
    AccessKey, Account, AccountName, ApiKey, Feature, Owner, PolicyRef, Project, ProjectId,
    ProjectName, User, UserId, UserName,
};
use reelgate_domain::{AccountId, BucketName, PipelineState, Place, Timestamp};
use reelgate_testkit::{Ids, account};

use super::World;
use crate::{Bucket, Create, CreateAccount, NewAccount, NewPipeline};

/// The first account of a store: `main`, with the key pair `AKID`, the bearer key of the digest
/// `[7; 32]`, the pipeline `default` and the bucket `media`.
pub fn first_account(ids: &Ids, now: Timestamp) -> NewAccount {
    let mut first = tenant(1, "main", ids, now);
    first.pipelines.truncate(1);
    NewAccount {
        account: Account {
            features: BTreeSet::from([Feature::Edge]),
            ..first.account
        },
        access_key: AccessKey {
            id: "AKID".into(),
            ..first.access_key
        },
        api_key: ApiKey {
            digest: [7; 32],
            operator: true,
            ..first.api_key
        },
        only_first: true,
        ..first
    }
}

impl World {
    /// Another account, called `tenant-<number>`.
    pub(super) async fn add_tenant(&self, number: u8) -> AccountId {
        let new = tenant(number, &format!("tenant-{number}"), &self.ids, self.now());
        let id = new.account.id;
        let created = self.store.create_account(new, None).await;
        assert_eq!(created.expect("create_account"), CreateAccount::Created);
        id
    }

    pub(super) async fn add_user(&self, account: AccountId, name: &str) -> UserName {
        let user = user(account, name, self.now());
        let name = user.name.clone();
        let created = self.store.create_user(user, None, None).await;
        assert_eq!(created.expect("create_user"), Create::Created);
        name
    }
}

/// Another account: each number makes one of its own.
pub(super) fn tenant(number: u8, name: &str, ids: &Ids, now: Timestamp) -> NewAccount {
    let owner = account(u64::from(number));
    let new_pipeline = |name: String| pipeline(owner, &name, ids, now);
    let id = ProjectId::from_bytes([number; 16]);
    NewAccount {
        account: Account {
            id: owner,
            name: AccountName::new(name).expect("it is a valid name"),
            created_at: now,
            features: BTreeSet::new(),
        },
        project: project(owner, id, "default", now),
        access_key: access_key(owner, &format!("AKID{number}"), Owner::Account, now),
        api_key: api_key(owner, number, Owner::Account, now),
        user: user(owner, User::ADMIN, now),
        password_hash: Some("a hash".into()),
        policies: vec![PolicyRef::System("AdministratorAccess".into())],
        pipelines: vec![
            new_pipeline("default".into()),
            new_pipeline(format!("mpc-{id}")),
        ],
        bucket: Some(Bucket {
            account: owner,
            name: BucketName::new("media").expect("it is a valid name"),
            place: Place::Directory("/buckets/media".into()),
            created_at: now,
        }),
        only_first: false,
    }
}

pub(super) fn pipeline(account: AccountId, name: &str, ids: &Ids, now: Timestamp) -> NewPipeline {
    NewPipeline {
        id: ids.pipeline(now),
        account,
        name: name.into(),
        state: PipelineState::Active,
        concurrency: None,
        origin: None,
        created_at: now,
    }
}

pub(super) fn project(account: AccountId, id: ProjectId, name: &str, now: Timestamp) -> Project {
    Project {
        id,
        account,
        name: ProjectName::new(name).expect("it is a valid name"),
        created_at: now,
    }
}

pub(super) fn access_key(account: AccountId, id: &str, owner: Owner, now: Timestamp) -> AccessKey {
    AccessKey {
        id: id.into(),
        account,
        owner,
        sealed: format!("the secret of {id}").into_bytes(),
        active: true,
        expires_at: None,
        created_at: now,
    }
}

/// Its id and its digest are made of the number.
pub(super) fn api_key(account: AccountId, number: u8, owner: Owner, now: Timestamp) -> ApiKey {
    ApiKey {
        id: format!("rgk-{number:08}"),
        digest: [number; 32],
        account,
        owner,
        operator: false,
        active: true,
        expires_at: None,
        created_at: now,
    }
}

/// Its id is made of its name, so that one of another name has another.
pub(super) fn user(account: AccountId, name: &str, now: Timestamp) -> User {
    let mut id = [0; 16];
    for (byte, letter) in id.iter_mut().zip(name.bytes()) {
        *byte = letter;
    }
    User {
        account,
        name: user_name(name),
        id: UserId::from_bytes(id),
        has_password: false,
        created_at: now,
    }
}

pub(super) fn user_name(name: &str) -> UserName {
    UserName::new(name).expect("it is a valid name")
}
