//! Users, their passwords and their tokens.

use std::time::Duration;

use reelgate_domain::access::{Grantee, PolicyRef, ProjectId, Token, User, UserId, UserName};
use reelgate_domain::{AccountId, Timestamp};
use reelgate_testkit::account;

use super::granting::a_few_at_once;
use super::tenants::{user, user_name};
use super::{Home, World};
use crate::{Attach, Create};

pub async fn a_user_reads_back_as_it_was_made(home: &dyn Home) {
    let world = World::new(home).await;
    let store = &world.store;
    let ada = user(world.account, "ada@example.org", world.now());
    let created = store.create_user(ada.clone(), None, None).await;
    assert_eq!(created.expect("create"), Create::Created);
    let found = store.user(world.account, &ada.name).await.expect("user");
    assert_eq!(found.as_ref(), Some(&ada));
    let bob = user(world.account, "bob", world.now());
    let created = store
        .create_user(bob.clone(), Some("hash".into()), None)
        .await;
    assert_eq!(created.expect("create"), Create::Created);
    let bob = User {
        has_password: true,
        ..bob
    };
    let found = store.user(world.account, &bob.name).await.expect("user");
    assert_eq!(found.as_ref(), Some(&bob));
    let users = store.users(world.account).await.expect("users");
    let names: Vec<_> = users.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["ada@example.org", "admin", "bob"]);
}

pub async fn a_user_name_is_unique_inside_its_account(home: &dyn Home) {
    let world = World::new(home).await;
    let (store, other) = (&world.store, world.add_tenant(2).await);
    let create = async |user, hash: Option<&str>| {
        let created = store.create_user(user, hash.map(str::to_owned), None).await;
        created.expect("create")
    };
    let ada = user(world.account, "ada", world.now());
    assert_eq!(create(ada.clone(), Some("first")).await, Create::Created);
    let again = User {
        id: UserId::from_bytes([9; 16]),
        ..ada.clone()
    };
    assert_eq!(create(again, Some("second")).await, Create::Taken);
    let found = store.user(world.account, &ada.name).await.expect("user");
    assert_eq!(found.map(|it| it.id), Some(ada.id));
    assert_eq!(
        hash(&world, world.account, "ada").await.as_deref(),
        Some("first")
    );
    // Another case is another name; in another account it is free.
    for (owner, name) in [(world.account, "Ada"), (other, "ada")] {
        let created = create(user(owner, name, world.now()), None).await;
        assert_eq!(created, Create::Created);
    }
    let created = create(user(account(9), "ada", world.now()), None).await;
    assert_eq!(created, Create::OwnerMissing);
    assert_eq!(store.users(account(9)).await.expect("users"), []);
    let found = store.user(account(9), &ada.name).await.expect("user");
    assert_eq!(found, None);
}

async fn hash(world: &World, owner: AccountId, name: &str) -> Option<String> {
    let hash = world.store.password_hash(owner, &user_name(name)).await;
    hash.expect("password_hash")
}

pub async fn a_password_is_set_and_removed(home: &dyn Home) {
    let world = World::new(home).await;
    let other = world.add_tenant(2).await;
    let ada = world.add_user(world.account, "ada").await;
    let set = async |owner, name: &UserName, hash: Option<&str>| {
        let set = world
            .store
            .set_password(owner, name, hash.map(str::to_owned));
        set.await.expect("set_password")
    };
    let has = async || {
        let found = world.store.user(world.account, &ada).await.expect("user");
        found.expect("it exists").has_password
    };
    assert_eq!(
        (hash(&world, world.account, "ada").await, has().await),
        (None, false)
    );
    assert!(set(world.account, &ada, Some("one")).await);
    assert!(set(world.account, &ada, Some("two")).await);
    assert_eq!(
        hash(&world, world.account, "ada").await.as_deref(),
        Some("two")
    );
    assert!(has().await);
    assert!(!set(other, &ada, Some("three")).await);
    assert_eq!(hash(&world, other, "ada").await, None);
    assert!(set(world.account, &ada, None).await);
    assert_eq!(
        (hash(&world, world.account, "ada").await, has().await),
        (None, false)
    );
    assert!(!set(world.account, &user_name("nobody"), Some("x")).await);
}

fn token(owner: AccountId, name: &UserName, number: u8, now: Timestamp) -> Token {
    Token {
        digest: [number; 32],
        account: owner,
        user: name.clone(),
        project: None,
        issued_at: now,
        expires_at: now.after(Duration::from_secs(3600)),
    }
}

async fn issue(world: &World, token: Token) -> bool {
    world.store.create_token(token).await.expect("create_token")
}

async fn is_valid(world: &World, number: u8) -> bool {
    let found = world.store.token(&[number; 32]).await.expect("token");
    found.is_some()
}

pub async fn a_token_is_found_by_its_digest_until_it_is_revoked(home: &dyn Home) {
    let world = World::new(home).await;
    let ada = world.add_user(world.account, "ada").await;
    let whole = token(world.account, &ada, 1, world.now());
    let of_project = Token {
        project: Some(ProjectId::from_bytes([1; 16])),
        ..token(world.account, &ada, 2, world.now())
    };
    for token in [&whole, &of_project] {
        assert!(issue(&world, token.clone()).await);
        let found = world.store.token(&token.digest).await.expect("token");
        assert_eq!(found.as_ref(), Some(token));
    }
    assert!(!is_valid(&world, 3).await);
    let revoke = async || world.store.revoke_token(&[1; 32]).await.expect("revoke");
    assert!(revoke().await);
    assert!(!revoke().await);
    assert_eq!(
        (is_valid(&world, 1).await, is_valid(&world, 2).await),
        (false, true)
    );
    // For nobody, and for a user of another account.
    let other = world.add_tenant(2).await;
    assert!(!issue(&world, token(other, &ada, 3, world.now())).await);
    assert!(!is_valid(&world, 3).await);
}

pub async fn a_new_password_ends_the_tokens_of_the_old_one(home: &dyn Home) {
    let world = World::new(home).await;
    let other = world.add_tenant(2).await;
    let ada = world.add_user(world.account, "ada").await;
    let bob = world.add_user(world.account, "bob").await;
    world.add_user(other, "ada").await;
    for token in [
        token(world.account, &ada, 1, world.now()),
        token(world.account, &ada, 2, world.now()),
        token(world.account, &bob, 3, world.now()),
        token(other, &ada, 4, world.now()),
    ] {
        assert!(issue(&world, token).await);
    }
    let set = world
        .store
        .set_password(world.account, &ada, Some("new".into()));
    assert!(set.await.expect("set_password"));
    for (number, valid) in [(1, false), (2, false), (3, true), (4, true)] {
        assert_eq!(is_valid(&world, number).await, valid, "{number}");
    }
}

pub async fn a_user_takes_its_tokens_and_attachments_along(home: &dyn Home) {
    let world = World::new(home).await;
    let (store, other) = (&world.store, world.add_tenant(2).await);
    let policy = PolicyRef::System("ReadOnlyAccess".into());
    let ada = user_name("ada");
    for (owner, number) in [(world.account, 1), (other, 2)] {
        world.add_user(owner, "ada").await;
        assert!(issue(&world, token(owner, &ada, number, world.now())).await);
        let grantee = Grantee::User(ada.clone());
        let attached = store.attach(owner, &grantee, &policy).await;
        assert_eq!(attached.expect("attach"), Attach::Attached);
    }
    assert!(
        store
            .delete_user(world.account, &ada)
            .await
            .expect("delete")
    );
    assert!(
        !store
            .delete_user(world.account, &ada)
            .await
            .expect("delete")
    );
    assert_eq!(store.user(world.account, &ada).await.expect("user"), None);
    assert_eq!(
        (is_valid(&world, 1).await, is_valid(&world, 2).await),
        (false, true)
    );
    let grants = async |owner| {
        let grants = store.grants(owner, &Grantee::User(ada.clone())).await;
        grants.expect("grants").map(|it| it.len())
    };
    assert_eq!(
        (grants(world.account).await, grants(other).await),
        (None, Some(1))
    );
    // Whoever has the name next starts with nothing.
    world.add_user(world.account, "ada").await;
    assert_eq!(grants(world.account).await, Some(0));
}

pub async fn an_account_has_a_thousand_users_at_most(home: &dyn Home) {
    let world = World::new(home).await;
    let other = world.add_tenant(2).await;
    let create = async |owner, name: &str| {
        let created = world
            .store
            .create_user(user(owner, name, world.now()), None, None);
        created.await.expect("create")
    };
    // The admin is one of them.
    let names: Vec<_> = (1..User::MOST).map(|number| format!("u{number}")).collect();
    let creations = names.iter().map(|name| create(world.account, name));
    for created in a_few_at_once(creations).await {
        assert_eq!(created, Create::Created);
    }
    assert_eq!(create(world.account, "one-more").await, Create::TooMany);
    assert_eq!(create(other, "one-more").await, Create::Created);
}
