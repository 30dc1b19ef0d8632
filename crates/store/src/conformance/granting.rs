//! Policies, roles, and who has which.

use futures_util::{StreamExt as _, stream};
use reelgate_domain::access::{
    Grant, Grantee, NamedPolicy, PolicyName, PolicyRef, Role, RoleId, RoleName,
};
use reelgate_domain::{AccountId, Timestamp};
use reelgate_testkit::account;

use super::tenants::user_name;
use super::{Home, World};
use crate::{Attach, DeletePolicy, Put};

fn policy_name(name: &str) -> PolicyName {
    PolicyName::new(name).expect("it is a valid name")
}

fn role_name(name: &str) -> RoleName {
    RoleName::new(name).expect("it is a valid name")
}

fn policy(account: AccountId, name: &str, document: &str, now: Timestamp) -> NamedPolicy {
    NamedPolicy {
        account,
        name: policy_name(name),
        document: document.into(),
        created_at: now,
        updated_at: now,
    }
}

fn role(account: AccountId, name: &str, id: u8, now: Timestamp) -> Role {
    Role {
        account,
        name: role_name(name),
        id: RoleId::from_bytes([id; 16]),
        trust: format!("trust of {id}"),
        max_session: 900 + u32::from(id),
        created_at: now,
    }
}

async fn put(world: &World, owner: AccountId, name: &str, document: &str) -> Put {
    let policy = policy(owner, name, document, world.now());
    world.store.put_policy(policy).await.expect("put_policy")
}

async fn put_role(world: &World, owner: AccountId, name: &str, id: u8) -> Put {
    let role = role(owner, name, id, world.now());
    world.store.put_role(role).await.expect("put_role")
}

fn custom(name: &str) -> PolicyRef {
    PolicyRef::Custom(policy_name(name))
}

fn system(name: &str) -> PolicyRef {
    PolicyRef::System(name.into())
}

pub async fn a_policy_is_stored_and_replaced(home: &dyn Home) {
    let world = World::new(home).await;
    let (store, other) = (&world.store, world.add_tenant(2).await);
    let get = async |owner| {
        let found = store.policy(owner, &policy_name("films")).await;
        found.expect("policy")
    };
    assert_eq!(get(world.account).await, None);
    let first = policy(world.account, "films", "one", world.now());
    assert_eq!(
        put(&world, world.account, "films", "one").await,
        Put::Created
    );
    assert_eq!(get(world.account).await, Some(first.clone()));
    world.clock.advance(std::time::Duration::from_secs(5));
    assert_eq!(
        put(&world, world.account, "films", "two").await,
        Put::Replaced
    );
    let second = NamedPolicy {
        document: "two".into(),
        updated_at: world.now(),
        ..first
    };
    assert_eq!(get(world.account).await, Some(second));
    // Another account's policy of the name is another one.
    assert_eq!(get(other).await, None);
    assert_eq!(put(&world, other, "films", "three").await, Put::Created);
    assert_eq!(
        get(world.account).await.map(|it| it.document),
        Some("two".into())
    );
    assert_eq!(
        put(&world, world.account, "clips", "four").await,
        Put::Created
    );
    assert_eq!(
        put(&world, account(9), "films", "five").await,
        Put::OwnerMissing
    );
    assert_eq!(get(account(9)).await, None);
    let listed = store.policies(world.account).await.expect("policies");
    let listed: Vec<_> = listed.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(listed, ["clips", "films"]);
}

pub async fn an_attached_policy_is_not_deleted(home: &dyn Home) {
    let world = World::new(home).await;
    let (store, other) = (&world.store, world.add_tenant(2).await);
    put(&world, world.account, "films", "one").await;
    let ada = Grantee::User(world.add_user(world.account, "ada").await);
    put_role(&world, world.account, "ada", 1).await;
    let role = Grantee::Role(role_name("ada"));
    let delete = async |owner| {
        let deleted = store.delete_policy(owner, &policy_name("films")).await;
        deleted.expect("delete_policy")
    };
    for grantee in [&ada, &role] {
        let attached = store.attach(world.account, grantee, &custom("films")).await;
        assert_eq!(attached.expect("attach"), Attach::Attached);
    }
    // A system policy of the same name is another policy.
    let attached = store.attach(world.account, &ada, &system("films")).await;
    assert_eq!(attached.expect("attach"), Attach::Attached);
    let both = vec![ada.clone(), role.clone()];
    assert_eq!(delete(world.account).await, DeletePolicy::Attached(both));
    assert_eq!(delete(other).await, DeletePolicy::Missing);
    for grantee in [&ada, &role] {
        let detached = store.detach(world.account, grantee, &custom("films")).await;
        assert!(detached.expect("detach"));
    }
    assert_eq!(delete(world.account).await, DeletePolicy::Deleted);
    assert_eq!(delete(world.account).await, DeletePolicy::Missing);
    let found = store.policy(world.account, &policy_name("films")).await;
    assert_eq!(found.expect("policy"), None);
}

pub async fn a_role_is_stored_and_replaced(home: &dyn Home) {
    let world = World::new(home).await;
    let (store, other) = (&world.store, world.add_tenant(2).await);
    let get = async |owner| {
        let found = store.role(owner, &role_name("cutter")).await;
        found.expect("role")
    };
    assert_eq!(get(world.account).await, None);
    let first = role(world.account, "cutter", 1, world.now());
    assert_eq!(
        put_role(&world, world.account, "cutter", 1).await,
        Put::Created
    );
    assert_eq!(get(world.account).await, Some(first.clone()));
    world.clock.advance(std::time::Duration::from_secs(5));
    assert_eq!(
        put_role(&world, world.account, "cutter", 2).await,
        Put::Replaced
    );
    let second = Role {
        trust: "trust of 2".into(),
        max_session: 902,
        ..first
    };
    assert_eq!(get(world.account).await, Some(second));
    assert_eq!(get(other).await, None);
    assert_eq!(
        put_role(&world, account(9), "cutter", 3).await,
        Put::OwnerMissing
    );
    assert_eq!(put_role(&world, world.account, "a", 4).await, Put::Created);
    let listed = store.roles(world.account).await.expect("roles");
    let listed: Vec<_> = listed.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(listed, ["a", "cutter"]);
}

pub async fn a_role_takes_its_attachments_along(home: &dyn Home) {
    let world = World::new(home).await;
    let (store, other) = (&world.store, world.add_tenant(2).await);
    let cutter = Grantee::Role(role_name("cutter"));
    for owner in [world.account, other] {
        put_role(&world, owner, "cutter", 1).await;
        let attached = store
            .attach(owner, &cutter, &system("ReadOnlyAccess"))
            .await;
        assert_eq!(attached.expect("attach"), Attach::Attached);
    }
    let delete = async || {
        let deleted = store.delete_role(world.account, &role_name("cutter")).await;
        deleted.expect("delete_role")
    };
    assert!(delete().await);
    assert!(!delete().await);
    assert_eq!(grants(&world, world.account, &cutter).await, None);
    assert_eq!(
        grants(&world, other, &cutter).await.map(|it| it.len()),
        Some(1)
    );
    put_role(&world, world.account, "cutter", 2).await;
    assert_eq!(grants(&world, world.account, &cutter).await, Some(vec![]));
}

async fn grants(world: &World, owner: AccountId, grantee: &Grantee) -> Option<Vec<Grant>> {
    world.store.grants(owner, grantee).await.expect("grants")
}

pub async fn what_is_attached_is_granted(home: &dyn Home) {
    let world = World::new(home).await;
    let store = &world.store;
    let ada = Grantee::User(world.add_user(world.account, "ada").await);
    // A role of the name is somebody else.
    put_role(&world, world.account, "ada", 1).await;
    let role = Grantee::Role(role_name("ada"));
    put(&world, world.account, "films", "one").await;
    for policy in [custom("films"), system("ReadOnlyAccess")] {
        // Twice is as good as once.
        for _ in 0..2 {
            let attached = store.attach(world.account, &ada, &policy).await;
            assert_eq!(attached.expect("attach"), Attach::Attached);
        }
    }
    assert_eq!(grants(&world, world.account, &role).await, Some(vec![]));
    // As the policy is now, not as it was when it was attached.
    put(&world, world.account, "films", "two").await;
    let read_only = Grant {
        policy: system("ReadOnlyAccess"),
        document: None,
    };
    let films = Grant {
        policy: custom("films"),
        document: Some("two".into()),
    };
    let both = Some(vec![read_only.clone(), films]);
    assert_eq!(grants(&world, world.account, &ada).await, both);
    let detach = async |policy| {
        let detached = store.detach(world.account, &ada, &policy).await;
        detached.expect("detach")
    };
    assert!(!detach(system("films")).await);
    assert!(detach(custom("films")).await);
    assert!(!detach(custom("films")).await);
    assert_eq!(
        grants(&world, world.account, &ada).await,
        Some(vec![read_only])
    );
}

pub async fn only_what_exists_is_attached(home: &dyn Home) {
    let world = World::new(home).await;
    let (store, other) = (&world.store, world.add_tenant(2).await);
    let ada = Grantee::User(world.add_user(world.account, "ada").await);
    put(&world, other, "theirs", "one").await;
    let attach = async |owner, grantee: &Grantee, policy| {
        let attached = store.attach(owner, grantee, &policy).await;
        attached.expect("attach")
    };
    let missing = attach(world.account, &ada, custom("theirs")).await;
    assert_eq!(missing, Attach::PolicyMissing);
    let nobody = Grantee::User(user_name("nobody"));
    let no_role = Grantee::Role(role_name("ada"));
    for (owner, grantee) in [
        (world.account, &nobody),
        (world.account, &no_role),
        (other, &ada),
        (account(9), &ada),
    ] {
        let missing = attach(owner, grantee, system("ReadOnlyAccess")).await;
        assert_eq!(missing, Attach::GranteeMissing);
        assert_eq!(grants(&world, owner, grantee).await, None);
        let detached = store
            .detach(owner, grantee, &system("ReadOnlyAccess"))
            .await;
        assert!(!detached.expect("detach"));
    }
    assert_eq!(grants(&world, world.account, &ada).await, Some(vec![]));
}

pub async fn twenty_policies_can_be_attached_to_one(home: &dyn Home) {
    let world = World::new(home).await;
    let ada = Grantee::User(world.add_user(world.account, "ada").await);
    let bob = Grantee::User(world.add_user(world.account, "bob").await);
    let attach = async |grantee: &Grantee, number: u32| {
        let policy = system(&format!("P{number}"));
        let attached = world.store.attach(world.account, grantee, &policy).await;
        attached.expect("attach")
    };
    for number in 0..Grantee::MOST_POLICIES {
        assert_eq!(attach(&ada, number).await, Attach::Attached);
    }
    assert_eq!(attach(&ada, 20).await, Attach::TooMany);
    // One of them again is none more.
    assert_eq!(attach(&ada, 0).await, Attach::Attached);
    assert_eq!(attach(&bob, 20).await, Attach::Attached);
    let granted = grants(&world, world.account, &ada).await;
    assert_eq!(granted.map(|it| it.len()), Some(20));
}

/// An engine has so many connections, and gives up waiting for one after a while.
pub(super) async fn a_few_at_once<F: Future>(calls: impl Iterator<Item = F>) -> Vec<F::Output> {
    stream::iter(calls).buffered(8).collect().await
}

pub async fn an_account_has_a_thousand_policies_and_roles_at_most(home: &dyn Home) {
    let world = World::new(home).await;
    let names: Vec<_> = (0..NamedPolicy::MOST).map(|it| format!("p{it}")).collect();
    let puts = names
        .iter()
        .map(|name| put(&world, world.account, name, "one"));
    for outcome in a_few_at_once(puts).await {
        assert_eq!(outcome, Put::Created);
    }
    assert_eq!(
        put(&world, world.account, "more", "one").await,
        Put::TooMany
    );
    assert_eq!(put(&world, world.account, "p7", "two").await, Put::Replaced);
    let puts = names
        .iter()
        .map(|name| put_role(&world, world.account, name, 1));
    for outcome in a_few_at_once(puts).await {
        assert_eq!(outcome, Put::Created);
    }
    assert_eq!(
        put_role(&world, world.account, "more", 1).await,
        Put::TooMany
    );
    assert_eq!(
        put_role(&world, world.account, "p7", 2).await,
        Put::Replaced
    );
}
