//! Secrets as they are stored, and putting them in another seal.

use reelgate_domain::access::Owner;

use super::tenants::access_key;
use super::{Home, World};
use crate::{Resealed, SealedSecret};

async fn sealed(world: &World, id: &str) -> Option<Vec<u8>> {
    let key = world.store.access_key(id).await.expect("access_key");
    key.map(|key| key.sealed)
}

async fn add_key(world: &World, id: &str) {
    let key = access_key(world.account, id, Owner::Account, world.now());
    world
        .store
        .create_access_key(key, None)
        .await
        .expect("create");
}

fn resealed(id: &str, old: &[u8], new: &[u8]) -> Resealed {
    Resealed {
        id: id.into(),
        old: old.to_vec(),
        new: new.to_vec(),
    }
}

pub async fn the_secrets_of_all_accounts_are_listed_in_pages(home: &dyn Home) {
    let world = World::new(home).await;
    world.add_tenant(2).await;
    add_key(&world, "B").await;
    add_key(&world, "C").await;
    let mut found = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = world.store.sealed_secrets(after.as_deref(), 2).await;
        let page = page.expect("sealed_secrets");
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        found.extend(page);
    }
    let ids: Vec<_> = found.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, ["AKID", "AKID2", "B", "C"]);
    for secret in &found {
        assert_eq!(
            sealed(&world, &secret.id).await.as_ref(),
            Some(&secret.sealed)
        );
    }
}

pub async fn only_a_secret_that_is_as_it_was_read_is_resealed(home: &dyn Home) {
    let world = World::new(home).await;
    add_key(&world, "B").await;
    let old = sealed(&world, "AKID").await.expect("it exists");
    let unchanged = sealed(&world, "B").await.expect("it exists");
    let replaced = world.store.reseal(vec![
        resealed("AKID", &old, b"\x01new"),
        resealed("B", b"something else", b"\x01new"),
        resealed("NONE", b"", b"\x01new"),
    ]);
    assert_eq!(replaced.await.expect("reseal"), 1);
    assert_eq!(
        sealed(&world, "AKID").await.as_deref(),
        Some(&b"\x01new"[..])
    );
    assert_eq!(sealed(&world, "B").await, Some(unchanged));
    assert_eq!(sealed(&world, "NONE").await, None);
    let again = world
        .store
        .reseal(vec![resealed("AKID", &old, b"\x02")])
        .await;
    assert_eq!(again.expect("reseal"), 0);
    assert_eq!(world.store.reseal(vec![]).await.expect("reseal"), 0);
}

pub async fn a_secret_that_was_added_stays_and_is_resealed_with_the_others(home: &dyn Home) {
    let world = World::new(home).await;
    let store = &world.store;
    let secret = |sealed: &[u8]| SealedSecret {
        id: "~of-its-own".to_owned(),
        sealed: sealed.to_vec(),
    };
    assert_eq!(store.secret("~of-its-own").await.expect("secret"), None);
    assert!(store.add_secret(secret(b"\x01first")).await.expect("add"));
    assert!(!store.add_secret(secret(b"\x01second")).await.expect("add"));
    let found = store.secret("~of-its-own").await.expect("secret");
    assert_eq!(found, Some(secret(b"\x01first")));
    let listed = store.sealed_secrets(Some("~"), 5).await;
    assert_eq!(listed.expect("sealed_secrets"), [secret(b"\x01first")]);
    let resealed = resealed("~of-its-own", b"\x01first", b"\x01new");
    assert_eq!(store.reseal(vec![resealed]).await.expect("reseal"), 1);
    let found = store.secret("~of-its-own").await.expect("secret");
    assert_eq!(found, Some(secret(b"\x01new")));
}
