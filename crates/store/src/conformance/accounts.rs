//! Accounts, keys and buckets.

use reelgate_domain::BucketName;
use reelgate_testkit::{FixedClock, Ids, account};

use super::world::first_account;
use super::{Home, World};
use crate::{ApiKey, Bucket};

pub async fn the_first_account_is_made_once(home: &dyn Home) {
    let (store, clock, ids) = (home.open().await, FixedClock::default(), Ids::default());
    assert!(!store.has_accounts().await.expect("has_accounts"));
    let first = first_account(&ids, clock.now());
    assert!(
        store
            .create_first_account(first.clone())
            .await
            .expect("create")
    );
    assert!(store.has_accounts().await.expect("has_accounts"));
    let mut second = first_account(&ids, clock.now());
    second.account = account(2);
    second.access_key.id = "OTHER".into();
    assert!(!store.create_first_account(second).await.expect("create"));
    assert_eq!(store.access_key("OTHER").await.expect("access_key"), None);
    let named = store
        .pipeline_named(account(1), "default")
        .await
        .expect("named");
    assert_eq!(named.map(|pipeline| pipeline.id), Some(first.pipeline.id));
    let bucket = store
        .bucket(account(1), &first.bucket.name)
        .await
        .expect("bucket");
    assert_eq!(bucket, Some(first.bucket));
}

pub async fn keys_are_found_by_their_id_and_their_digest(home: &dyn Home) {
    let world = World::new(home).await;
    let first = first_account(&world.ids, world.now());
    let key = world.store.access_key("AKID").await.expect("access_key");
    assert_eq!(key, Some(first.access_key));
    assert_eq!(
        world.store.access_key("akid").await.expect("access_key"),
        None
    );
    let operator = ApiKey {
        account: world.account,
        operator: true,
    };
    assert_eq!(
        world.store.api_key(&[7; 32]).await.expect("api_key"),
        Some(operator)
    );
    assert_eq!(world.store.api_key(&[8; 32]).await.expect("api_key"), None);
}

pub async fn a_bucket_name_is_unique_inside_its_account(home: &dyn Home) {
    let world = World::new(home).await;
    let bucket = |owner, name: &str, path: &str| Bucket {
        account: owner,
        name: BucketName::new(name).expect("it is a valid name"),
        path: path.into(),
        created_at: world.now(),
    };
    let create = |bucket| async { world.store.create_bucket(bucket).await.expect("create") };
    assert!(create(bucket(world.account, "abc", "/one")).await);
    assert!(!create(bucket(world.account, "abc", "/two")).await);
    assert!(create(bucket(account(2), "abc", "/three")).await);
    let listed = world.store.buckets(world.account).await.expect("buckets");
    let listed: Vec<_> = listed
        .iter()
        .map(|it| (it.name.as_str(), it.path.to_str()))
        .collect();
    assert_eq!(
        listed,
        [("abc", Some("/one")), ("media", Some("/buckets/media"))]
    );
    let all = world.store.all_buckets().await.expect("all_buckets");
    let mut all: Vec<_> = all
        .iter()
        .map(|it| (it.account == world.account, it.name.as_str()))
        .collect();
    all.sort_unstable();
    assert_eq!(all, [(false, "abc"), (true, "abc"), (true, "media")]);
    let name = BucketName::new("media").expect("it is a valid name");
    assert_eq!(
        world.store.bucket(account(2), &name).await.expect("bucket"),
        None
    );
}
