//! Accounts, keys and buckets.

use reelgate_domain::BucketName;
use reelgate_testkit::{FixedClock, Ids, account};

use super::tenants::{first_account, tenant};
use super::{Home, World};
use crate::{Bucket, CreateAccount};

pub async fn the_first_account_is_made_once(home: &dyn Home) {
    let (store, clock, ids) = (home.open().await, FixedClock::default(), Ids::default());
    assert!(!store.has_accounts().await.expect("has_accounts"));
    let first = first_account(&ids, clock.now());
    let created = store.create_account(first.clone()).await.expect("create");
    assert_eq!(created, CreateAccount::Created);
    assert!(store.has_accounts().await.expect("has_accounts"));
    let mut second = tenant(2, "second", &ids, clock.now());
    second.only_first = true;
    let created = store.create_account(second).await.expect("create");
    assert_eq!(created, CreateAccount::NotFirst);
    assert_eq!(store.access_key("AKID2").await.expect("access_key"), None);
    let named = store
        .pipeline_named(account(1), "default")
        .await
        .expect("named");
    let id = first.pipelines[0].id;
    assert_eq!(named.map(|pipeline| pipeline.id), Some(id));
    let bucket = store
        .bucket(account(1), &first.bucket.name)
        .await
        .expect("bucket");
    assert_eq!(bucket, Some(first.bucket));
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
