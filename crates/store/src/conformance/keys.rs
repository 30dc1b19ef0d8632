//! Key pairs and bearer keys.

use std::time::Duration;

use reelgate_domain::Timestamp;
use reelgate_domain::access::{AccessKey, ApiKey, Owner};
use reelgate_testkit::account;

use super::tenants::{access_key, api_key, user_name};
use super::{Home, World};
use crate::{Create, Rotate};

pub async fn keys_are_found_by_their_id_and_their_digest(home: &dyn Home) {
    let world = World::new(home).await;
    let ada = Owner::User(world.add_user(world.account, "ada").await);
    let pair = AccessKey {
        expires_at: Some(world.now()),
        ..access_key(world.account, "AK2", ada.clone(), world.now())
    };
    let bearer = ApiKey {
        expires_at: Some(world.now()),
        ..api_key(world.account, 2, ada, world.now())
    };
    let created = world.store.create_access_key(pair.clone(), None).await;
    assert_eq!(created.expect("create"), Create::Created);
    let created = world.store.create_api_key(bearer.clone(), None).await;
    assert_eq!(created.expect("create"), Create::Created);
    // Also those that have expired: who asks decides what that means.
    assert_eq!(pair_of(&world, "AK2").await, Some(pair));
    assert_eq!(pair_of(&world, "ak2").await, None);
    let found = world.store.api_key(&[2; 32]).await.expect("api_key");
    assert_eq!(found, Some(bearer));
    assert_eq!(world.store.api_key(&[3; 32]).await.expect("api_key"), None);
}

async fn pair_of(world: &World, id: &str) -> Option<AccessKey> {
    world.store.access_key(id).await.expect("access_key")
}

async fn bearer_of(world: &World, number: u8) -> Option<ApiKey> {
    world.store.api_key(&[number; 32]).await.expect("api_key")
}

pub async fn a_key_needs_an_owner_and_an_id_of_its_own(home: &dyn Home) {
    let world = World::new(home).await;
    let other = world.add_tenant(2).await;
    let ada = Owner::User(world.add_user(other, "ada").await);
    let create = async |key| {
        world
            .store
            .create_access_key(key, None)
            .await
            .expect("create")
    };
    let now = world.now();
    // Ada is a user of the other account.
    for (owner, whose) in [
        (world.account, ada.clone()),
        (account(9), Owner::Account),
        (account(9), ada.clone()),
    ] {
        let created = create(access_key(owner, "AK2", whose.clone(), now)).await;
        assert_eq!(created, Create::OwnerMissing);
        let created = world
            .store
            .create_api_key(api_key(owner, 3, whose, now), None)
            .await;
        assert_eq!(created.expect("create"), Create::OwnerMissing);
    }
    let taken = create(access_key(other, "AKID", Owner::Account, now)).await;
    assert_eq!(taken, Create::Taken);
    assert_eq!(
        pair_of(&world, "AKID").await.map(|it| it.account),
        Some(world.account)
    );
    let mut again = api_key(other, 3, ada.clone(), now);
    again.digest = [7; 32];
    let taken = world
        .store
        .create_api_key(again, None)
        .await
        .expect("create");
    assert_eq!(taken, Create::Taken);
    let mut again = api_key(other, 3, ada.clone(), now);
    again.id = bearer_of(&world, 7).await.expect("the first account's").id;
    let taken = world
        .store
        .create_api_key(again, None)
        .await
        .expect("create");
    assert_eq!(taken, Create::Taken);
    assert_eq!(bearer_of(&world, 3).await, None);
    assert_eq!(
        create(access_key(other, "AK2", ada, now)).await,
        Create::Created
    );
}

pub async fn an_account_has_a_hundred_keys_at_most(home: &dyn Home) {
    let world = World::new(home).await;
    let (store, other) = (&world.store, world.add_tenant(2).await);
    for number in 0..AccessKey::MOST {
        let id = format!("AK{number}");
        let key = access_key(world.account, &id, Owner::Account, world.now());
        let created = store.create_access_key(key, None).await.expect("create");
        // One is there from the start.
        let last = number == AccessKey::MOST - 1;
        assert_eq!(
            created,
            if last {
                Create::TooMany
            } else {
                Create::Created
            }
        );
    }
    for number in 0..u8::try_from(ApiKey::MOST).expect("it is small") {
        let key = api_key(world.account, 100 + number, Owner::Account, world.now());
        let created = store.create_api_key(key, None).await.expect("create");
        let last = u32::from(number) == ApiKey::MOST - 1;
        assert_eq!(
            created,
            if last {
                Create::TooMany
            } else {
                Create::Created
            }
        );
    }
    let keys = store.access_keys(world.account).await.expect("access_keys");
    assert_eq!(keys.len(), AccessKey::MOST as usize);
    // A rotation would leave more.
    let new = access_key(world.account, "NEW", Owner::Account, world.now());
    let rotated = store.rotate_access_key(world.account, "AKID", new, world.now(), None);
    assert_eq!(rotated.await.expect("rotate"), Rotate::TooMany);
    assert_eq!(
        pair_of(&world, "AKID").await.and_then(|it| it.expires_at),
        None
    );
    let new = access_key(other, "NEW", Owner::Account, world.now());
    let created = store.create_access_key(new, None).await.expect("create");
    assert_eq!(created, Create::Created);
    let deleted = store.delete_access_key(world.account, "AK1").await;
    assert!(deleted.expect("delete"));
    let key = access_key(world.account, "AK1", Owner::Account, world.now());
    let created = store.create_access_key(key, None).await.expect("create");
    assert_eq!(created, Create::Created);
}

pub async fn keys_are_listed_oldest_first(home: &dyn Home) {
    let world = World::new(home).await;
    let other = world.add_tenant(2).await;
    let later = |seconds| world.now().after(Duration::from_secs(seconds));
    for (id, number, seconds) in [("C", 30, 1), ("A", 31, 3), ("B", 32, 2)] {
        let pair = access_key(world.account, id, Owner::Account, later(seconds));
        world
            .store
            .create_access_key(pair, None)
            .await
            .expect("create");
        let bearer = api_key(world.account, number, Owner::Account, later(seconds));
        world
            .store
            .create_api_key(bearer, None)
            .await
            .expect("create");
    }
    let pairs = async |owner| {
        let pairs = world.store.access_keys(owner).await.expect("access_keys");
        pairs.into_iter().map(|it| it.id).collect::<Vec<_>>()
    };
    let bearers = async |owner| {
        let bearers = world.store.api_keys(owner).await.expect("api_keys");
        bearers
            .into_iter()
            .map(|it| it.digest[0])
            .collect::<Vec<_>>()
    };
    assert_eq!(pairs(world.account).await, ["AKID", "C", "B", "A"]);
    assert_eq!(bearers(world.account).await, [7, 30, 32, 31]);
    assert_eq!(
        (pairs(other).await, bearers(other).await),
        (vec!["AKID2".into()], vec![2])
    );
}

pub async fn a_key_is_switched_off_and_on(home: &dyn Home) {
    let world = World::new(home).await;
    let other = world.add_tenant(2).await;
    let bearer = bearer_of(&world, 7).await.expect("the first account's").id;
    let switch = async |owner, active| {
        let pair = world
            .store
            .set_access_key_active(owner, "AKID", active)
            .await;
        let bearer = world.store.set_api_key_active(owner, &bearer, active).await;
        (pair.expect("set active"), bearer.expect("set active"))
    };
    let active = async || {
        let pair = pair_of(&world, "AKID").await.expect("it exists").active;
        (pair, bearer_of(&world, 7).await.expect("it exists").active)
    };
    assert_eq!(switch(world.account, false).await, (true, true));
    assert_eq!(active().await, (false, false));
    assert_eq!(switch(other, true).await, (false, false));
    assert_eq!(active().await, (false, false));
    assert_eq!(switch(world.account, true).await, (true, true));
    assert_eq!(active().await, (true, true));
    let unknown = world
        .store
        .set_access_key_active(world.account, "NONE", false);
    assert!(!unknown.await.expect("set active"));
    let unknown = world.store.set_api_key_active(world.account, "none", false);
    assert!(!unknown.await.expect("set active"));
}

pub async fn a_deleted_key_is_gone(home: &dyn Home) {
    let world = World::new(home).await;
    let other = world.add_tenant(2).await;
    let bearer = bearer_of(&world, 7).await.expect("the first account's").id;
    let delete = async |owner| {
        let pair = world.store.delete_access_key(owner, "AKID").await;
        let bearer = world.store.delete_api_key(owner, &bearer).await;
        (pair.expect("delete"), bearer.expect("delete"))
    };
    assert_eq!(delete(other).await, (false, false));
    assert!(pair_of(&world, "AKID").await.is_some() && bearer_of(&world, 7).await.is_some());
    assert_eq!(delete(world.account).await, (true, true));
    assert_eq!(pair_of(&world, "AKID").await, None);
    assert_eq!(bearer_of(&world, 7).await, None);
    assert_eq!(delete(world.account).await, (false, false));
}

pub async fn a_rotation_brings_a_new_key_and_ends_the_old_one(home: &dyn Home) {
    let world = World::new(home).await;
    let later = |seconds| world.now().after(Duration::from_secs(seconds));
    let rotate = async |old: &str, new: &str, until| {
        let new = access_key(world.account, new, Owner::Account, world.now());
        let rotated = world
            .store
            .rotate_access_key(world.account, old, new, until, None);
        rotated.await.expect("rotate")
    };
    let until = async |id: &str| pair_of(&world, id).await.expect("it exists").expires_at;
    assert_eq!(rotate("AKID", "AK2", later(60)).await, Rotate::Rotated);
    assert_eq!(
        (until("AKID").await, until("AK2").await),
        (Some(later(60)), None)
    );
    // No rotation lets a key live longer than it would have.
    assert_eq!(rotate("AKID", "AK3", later(90)).await, Rotate::Rotated);
    assert_eq!(until("AKID").await, Some(later(60)));
    assert_eq!(rotate("AKID", "AK4", later(30)).await, Rotate::Rotated);
    assert_eq!(until("AKID").await, Some(later(30)));
    assert_eq!(rotate("AK2", "AK3", later(60)).await, Rotate::Taken);
    assert_eq!(until("AK2").await, None);

    let old = bearer_of(&world, 7).await.expect("the first account's").id;
    let rotate = async |old: &str, number, operator, until| {
        let new = ApiKey {
            operator,
            ..api_key(world.account, number, Owner::Account, world.now())
        };
        let rotated = world
            .store
            .rotate_api_key(world.account, old, new, until, None);
        rotated.await.expect("rotate")
    };
    let state = async |number| {
        let key = bearer_of(&world, number).await.expect("it exists");
        (key.operator, key.expires_at)
    };
    assert_eq!(rotate(&old, 20, true, later(60)).await, Rotate::Rotated);
    assert_eq!(state(7).await, (true, Some(later(60))));
    assert_eq!(state(20).await, (true, None));
    assert_eq!(
        rotate("rgk-00000020", 21, false, later(60)).await,
        Rotate::Rotated
    );
    // Nobody becomes an operator by a rotation.
    assert_eq!(
        rotate("rgk-00000021", 22, true, later(60)).await,
        Rotate::Rotated
    );
    assert_eq!(state(22).await, (false, None));
    assert_eq!(
        rotate("rgk-00000022", 20, false, later(60)).await,
        Rotate::Taken
    );
    assert_eq!(state(22).await, (false, None));
}

pub async fn a_rotation_keeps_to_its_owner(home: &dyn Home) {
    let world = World::new(home).await;
    let other = world.add_tenant(2).await;
    let ada = Owner::User(world.add_user(world.account, "ada").await);
    let now = world.now();
    let bearer = bearer_of(&world, 7).await.expect("the first account's").id;
    // By another account, for another account, for a user, of a key that is not there.
    for (caller, old, of, owner) in [
        (other, "AKID", other, Owner::Account),
        (world.account, "AKID", other, Owner::Account),
        (world.account, "AKID2", world.account, Owner::Account),
        (world.account, "AKID", world.account, ada),
        (world.account, "NONE", world.account, Owner::Account),
    ] {
        let pair = access_key(of, "NEW", owner.clone(), now);
        let rotated = world
            .store
            .rotate_access_key(caller, old, pair, now, None)
            .await;
        assert_eq!(rotated.expect("rotate"), Rotate::Missing);
        let old = match old {
            "AKID" => bearer.as_str(),
            "AKID2" => "rgk-00000002",
            _ => "none",
        };
        let rotated =
            world
                .store
                .rotate_api_key(caller, old, api_key(of, 40, owner, now), now, None);
        assert_eq!(rotated.await.expect("rotate"), Rotate::Missing);
    }
    assert_eq!(pair_of(&world, "NEW").await, None);
    assert_eq!(bearer_of(&world, 40).await, None);
    for id in ["AKID", "AKID2"] {
        assert_eq!(pair_of(&world, id).await.and_then(|it| it.expires_at), None);
    }
    for number in [7, 2] {
        assert_eq!(
            bearer_of(&world, number).await.and_then(|it| it.expires_at),
            None
        );
    }
}

pub async fn a_user_takes_its_keys_along_and_no_others(home: &dyn Home) {
    let world = World::new(home).await;
    let other = world.add_tenant(2).await;
    let now: Timestamp = world.now();
    for (owner, name, id, number) in [
        (world.account, "ada", "ADA", 50),
        (world.account, "bob", "BOB", 51),
        (other, "ada", "ADA2", 52),
    ] {
        let whose = Owner::User(world.add_user(owner, name).await);
        let pair = access_key(owner, id, whose.clone(), now);
        world
            .store
            .create_access_key(pair, None)
            .await
            .expect("create");
        let bearer = api_key(owner, number, whose, now);
        world
            .store
            .create_api_key(bearer, None)
            .await
            .expect("create");
    }
    let ada = user_name("ada");
    assert!(
        world
            .store
            .delete_user(world.account, &ada)
            .await
            .expect("delete")
    );
    assert!(pair_of(&world, "ADA").await.is_none() && bearer_of(&world, 50).await.is_none());
    for id in ["BOB", "ADA2", "AKID", "AKID2"] {
        assert!(pair_of(&world, id).await.is_some(), "{id}");
    }
    for number in [51, 52, 7, 2] {
        assert!(bearer_of(&world, number).await.is_some(), "{number}");
    }
}
