//! Accounts with their features, limits, projects and buckets.

use std::path::Path;

use reelgate_domain::access::{Feature, Grantee, LimitRule, Project, ProjectId, User};
use reelgate_domain::{BucketName, Place, S3Place, S3Style};
use reelgate_testkit::{FixedClock, Ids, account};

use super::tenants::{first_account, pipeline, project, tenant};
use super::{Home, World};
use crate::{Bucket, Create, CreateAccount, NewAccount, Resealed};

pub async fn the_first_account_is_made_once(home: &dyn Home) {
    let (store, clock, ids) = (home.open().await, FixedClock::default(), Ids::default());
    assert!(!store.has_accounts().await.expect("has_accounts"));
    let first = first_account(&ids, clock.now());
    let created = store
        .create_account(first.clone(), None)
        .await
        .expect("create");
    assert_eq!(created, CreateAccount::Created);
    assert!(store.has_accounts().await.expect("has_accounts"));
    let mut second = tenant(2, "second", &ids, clock.now());
    second.only_first = true;
    let created = store.create_account(second, None).await.expect("create");
    assert_eq!(created, CreateAccount::NotFirst);
    assert_eq!(store.access_key("AKID2").await.expect("access_key"), None);
    let named = store
        .pipeline_named(account(1), "default")
        .await
        .expect("named");
    let id = first.pipelines[0].id;
    assert_eq!(named.map(|pipeline| pipeline.id), Some(id));
    let media = first.bucket.expect("it comes with one");
    let bucket = store.bucket(account(1), &media.name).await.expect("bucket");
    assert_eq!(bucket, Some(media));
}

pub async fn an_account_comes_with_all_that_it_was_made_with(home: &dyn Home) {
    let (store, clock, ids) = (home.open().await, FixedClock::default(), Ids::default());
    let new = first_account(&ids, clock.now());
    let made = new.clone();
    let id = made.account.id;
    store.create_account(new, None).await.expect("create");
    let account = store.account(id).await.expect("account");
    assert_eq!(account.as_ref(), Some(&made.account));
    let named = store.account_named(&made.account.name).await;
    assert_eq!(named.expect("account_named"), account);
    let projects = store.projects(id).await.expect("projects");
    assert_eq!(projects, [made.project]);
    let keys = store.access_keys(id).await.expect("access_keys");
    assert_eq!(keys, [made.access_key]);
    let keys = store.api_keys(id).await.expect("api_keys");
    assert_eq!(keys, [made.api_key]);
    let admin = User {
        has_password: true,
        ..made.user
    };
    let users = store.users(id).await.expect("users");
    assert_eq!(users, std::slice::from_ref(&admin));
    let hash = store.password_hash(id, &admin.name).await;
    assert_eq!(hash.expect("password_hash"), made.password_hash);
    let grants = store.grants(id, &Grantee::User(admin.name)).await;
    let grants = grants.expect("grants").expect("the user exists");
    let granted: Vec<_> = grants.into_iter().map(|grant| grant.policy).collect();
    assert_eq!(granted, made.policies);
    let page = store.list_pipelines(id, None, 0, 9).await;
    let pipelines = page.expect("list_pipelines").pipelines;
    let found: Vec<_> = pipelines.iter().map(|it| (it.id, &it.name)).collect();
    let expected: Vec<_> = made.pipelines.iter().map(|it| (it.id, &it.name)).collect();
    assert_eq!(found, expected);
    let buckets = store.buckets(id).await.expect("buckets");
    assert_eq!(buckets, made.bucket.as_slice());
}

pub async fn an_account_may_come_without_a_bucket(home: &dyn Home) {
    let (store, clock, ids) = (home.open().await, FixedClock::default(), Ids::default());
    let new = NewAccount {
        bucket: None,
        ..first_account(&ids, clock.now())
    };
    let id = new.account.id;
    let created = store.create_account(new, None).await.expect("create");
    assert_eq!(created, CreateAccount::Created);
    assert_eq!(store.buckets(id).await.expect("buckets"), []);
}

pub async fn two_accounts_of_one_name_cannot_be(home: &dyn Home) {
    let world = World::new(home).await;
    let store = &world.store;
    let again = tenant(2, "main", &world.ids, world.now());
    let (id, key) = (again.account.id, again.access_key.id.clone());
    let created = store.create_account(again, None).await.expect("create");
    assert_eq!(created, CreateAccount::NameTaken);
    assert_eq!(store.account(id).await.expect("account"), None);
    assert_eq!(store.access_key(&key).await.expect("access_key"), None);
    assert_eq!(store.users(id).await.expect("users"), []);
    // In another case it is another name.
    let other = tenant(2, "Main", &world.ids, world.now());
    let created = store.create_account(other, None).await.expect("create");
    assert_eq!(created, CreateAccount::Created);
}

/// Something that belongs to another account is in the way: nothing of the new account stays.
pub async fn an_account_is_made_wholly_or_not_at_all(home: &dyn Home) {
    let world = World::new(home).await;
    let store = &world.store;
    let mut new = tenant(2, "second", &world.ids, world.now());
    new.pipelines[1].id = world.pipeline;
    let id = new.account.id;
    store
        .create_account(new, None)
        .await
        .expect_err("a pipeline's id is taken");
    assert_eq!(store.account(id).await.expect("account"), None);
    assert_eq!(store.projects(id).await.expect("projects"), []);
    assert_eq!(store.access_keys(id).await.expect("access_keys"), []);
    assert_eq!(store.users(id).await.expect("users"), []);
    let page = store.list_pipelines(id, None, 0, 9).await;
    assert_eq!(page.expect("list_pipelines").total, 0);
    world.add_tenant(2).await;
    let mut clash = tenant(3, "third", &world.ids, world.now());
    clash.access_key.id = "AKID".into();
    store
        .create_account(clash, None)
        .await
        .expect_err("a key's id is taken");
    assert_eq!(store.account(account(3)).await.expect("account"), None);
    let key = store.access_key("AKID").await.expect("access_key");
    assert_eq!(key.map(|key| key.account), Some(world.account));
}

pub async fn accounts_are_listed_in_pages(home: &dyn Home) {
    let world = World::new(home).await;
    for number in [4, 2, 5, 3] {
        world.add_tenant(number).await;
    }
    let mut ids = Vec::new();
    let mut after = None;
    loop {
        let page = world.store.accounts(after, 2).await.expect("accounts");
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        ids.extend(page.into_iter().map(|it| it.id));
    }
    assert_eq!(ids, [1, 2, 3, 4, 5].map(account));
}

pub async fn features_are_switched_per_account(home: &dyn Home) {
    let world = World::new(home).await;
    let other = world.add_tenant(2).await;
    let edge = async |id| {
        let account = world.store.account(id).await.expect("account");
        account
            .expect("it exists")
            .features
            .contains(&Feature::Edge)
    };
    let set = async |id, on| {
        let set = world.store.set_feature(id, Feature::Edge, on).await;
        set.expect("set_feature")
    };
    assert_eq!(
        (edge(world.account).await, edge(other).await),
        (true, false)
    );
    // Twice is as good as once.
    for _ in 0..2 {
        assert!(set(other, true).await);
        assert!(set(world.account, false).await);
        assert_eq!(
            (edge(world.account).await, edge(other).await),
            (false, true)
        );
    }
    assert!(!set(account(9), true).await);
    assert_eq!(
        world.store.account(account(9)).await.expect("account"),
        None
    );
}

pub async fn limits_are_set_per_account_and_action(home: &dyn Home) {
    let world = World::new(home).await;
    let (store, other) = (&world.store, world.add_tenant(2).await);
    let rule = |text: &str| Some(text.parse::<LimitRule>().expect("it is a limit"));
    let set =
        async |id, action: &str, rule| store.set_limit(id, action, rule).await.expect("set_limit");
    let limits = async |id| {
        let limits = store.limits(id).await.expect("limits");
        let text = |(action, rule): (String, LimitRule)| format!("{action} {rule}");
        limits.into_iter().map(text).collect::<Vec<_>>()
    };
    assert_eq!(limits(world.account).await, Vec::<String>::new());
    assert!(set(world.account, "mts:CancelJob", rule("5/s")).await);
    assert!(set(world.account, "mts:CancelJob", rule("6000/min")).await);
    assert!(set(world.account, "mts:AddPipeline", rule("unlimited")).await);
    assert!(set(other, "mts:CancelJob", rule("1/h")).await);
    let expected = ["mts:AddPipeline unlimited", "mts:CancelJob 6000/min"];
    assert_eq!(limits(world.account).await, expected);
    // Back to the default, also where there was nothing else.
    for action in ["mts:AddPipeline", "mts:ListJob"] {
        assert!(set(world.account, action, None).await);
    }
    assert_eq!(limits(world.account).await, ["mts:CancelJob 6000/min"]);
    assert_eq!(limits(other).await, ["mts:CancelJob 1/h"]);
    assert!(!set(account(9), "mts:CancelJob", rule("1/s")).await);
    assert_eq!(limits(account(9)).await, Vec::<String>::new());
}

pub async fn a_project_comes_with_its_pipeline(home: &dyn Home) {
    let world = World::new(home).await;
    let (store, other) = (&world.store, world.add_tenant(2).await);
    let create = async |owner, number: u8, name: &str| {
        let id = ProjectId::from_bytes([number; 16]);
        let pipeline = pipeline(owner, &format!("mpc-{id}"), &world.ids, world.now());
        let project = project(owner, id, name, world.now());
        let created = store.create_project(project.clone(), pipeline, None).await;
        (created.expect("create_project"), project)
    };
    let (created, films) = create(world.account, 10, "films").await;
    assert_eq!(created, Create::Created);
    let found = store.project(films.id).await.expect("project");
    assert_eq!(found.as_ref(), Some(&films));
    let name = format!("mpc-{}", films.id);
    let pipeline = store.pipeline_named(world.account, &name).await;
    assert!(pipeline.expect("pipeline_named").is_some());
    // By its name and by its id; the same name in another account is another project.
    assert_eq!(create(world.account, 11, "films").await.0, Create::Taken);
    assert_eq!(create(other, 10, "elsewhere").await.0, Create::Taken);
    assert_eq!(
        create(account(9), 12, "films").await.0,
        Create::OwnerMissing
    );
    for refused in [11, 12] {
        let id = ProjectId::from_bytes([refused; 16]);
        assert_eq!(store.project(id).await.expect("project"), None);
        let name = format!("mpc-{id}");
        for owner in [world.account, other, account(9)] {
            let pipeline = store.pipeline_named(owner, &name).await;
            assert_eq!(pipeline.expect("pipeline_named"), None);
        }
    }
    assert_eq!(create(other, 13, "films").await.0, Create::Created);
    let names = |projects: Vec<Project>| -> Vec<String> {
        projects.into_iter().map(|it| it.name.to_string()).collect()
    };
    let projects = store.projects(world.account).await.expect("projects");
    assert_eq!(names(projects), ["default", "films"]);
    for number in 20..20 + u8::try_from(Project::MOST).expect("it is small") - 2 {
        let name = format!("project-{number}");
        assert_eq!(
            create(world.account, number, &name).await.0,
            Create::Created
        );
    }
    assert_eq!(create(world.account, 200, "more").await.0, Create::TooMany);
    assert_eq!(create(other, 200, "more").await.0, Create::Created);
}

pub async fn a_bucket_name_is_unique_inside_its_account(home: &dyn Home) {
    let world = World::new(home).await;
    let bucket = |owner, name: &str, path: &str| Bucket {
        account: owner,
        name: BucketName::new(name).expect("it is a valid name"),
        place: Place::Directory(path.into()),
        created_at: world.now(),
    };
    let create = |bucket| async {
        world
            .store
            .create_bucket(bucket, None)
            .await
            .expect("create")
    };
    assert!(create(bucket(world.account, "abc", "/one")).await);
    assert!(!create(bucket(world.account, "abc", "/two")).await);
    assert!(create(bucket(account(2), "abc", "/three")).await);
    let listed = world.store.buckets(world.account).await.expect("buckets");
    let listed: Vec<_> = listed
        .iter()
        .map(|it| {
            (
                it.name.as_str(),
                it.place.directory().and_then(Path::to_str),
            )
        })
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

pub async fn a_bucket_on_s3_keeps_its_place_and_its_secret_in_whatever_seal(home: &dyn Home) {
    let world = World::new(home).await;
    let bucket = |name: &str, sealed: &[u8]| Bucket {
        account: world.account,
        name: BucketName::new(name).expect("it is a valid name"),
        place: Place::S3(S3Place {
            endpoint: "https://s3.example.com".into(),
            bucket: "films".into(),
            prefix: "a/".into(),
            region: "eu-1".into(),
            style: S3Style::Virtual,
            access_key_id: "AKID".into(),
            secret_id: format!("~bucket:{name}"),
            sealed: sealed.to_vec(),
        }),
        created_at: world.now(),
    };
    let create = |bucket| async {
        world
            .store
            .create_bucket(bucket, None)
            .await
            .expect("create")
    };
    assert!(create(bucket("far", b"\x01one")).await);
    assert!(!create(bucket("far", b"\x01other")).await);
    let far = BucketName::new("far").expect("it is a valid name");
    let stored = || async { world.store.bucket(world.account, &far).await };
    let found = stored().await.expect("bucket");
    assert_eq!(found, Some(bucket("far", b"\x01one")));

    let page = world.store.sealed_secrets(Some("AKID"), 2).await;
    let page = page.expect("sealed_secrets");
    let ids: Vec<_> = page.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, ["~bucket:far"]);
    let resealed = Resealed {
        id: "~bucket:far".into(),
        old: page[0].sealed.clone(),
        new: b"\x01two".to_vec(),
    };
    assert_eq!(world.store.reseal(vec![resealed]).await.expect("reseal"), 1);
    let found = stored().await.expect("bucket");
    assert_eq!(found, Some(bucket("far", b"\x01two")));
    let listed = world.store.buckets(world.account).await.expect("buckets");
    assert_eq!(listed[0], bucket("far", b"\x01two"));
}
