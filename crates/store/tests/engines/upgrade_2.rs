//! A database of schema 2, row by row as its release wrote it, gets accounts with names and secrets
//! that can be sealed.

use std::collections::BTreeSet;
use std::path::Path;

use reelgate_domain::access::{
    AccessKey, AccountName, ApiKey, Feature, Grantee, Owner, PolicyRef, ProjectId, unsealed,
};
use reelgate_domain::{AccountId, PipelineState, Place, Timestamp};
use reelgate_store::{
    AccessStore, Attach, Create, NewPipeline, Resealed, SqliteStore, Store, SubmitOutcome,
};
use reelgate_testkit::{Ids, JobBuilder, account};
use rusqlite::{Connection, params};

const SCHEMA: [&str; 2] = [
    include_str!("../../src/sqlite/migrations/0001_first.sql"),
    include_str!("../../src/sqlite/migrations/0002_groups_retries_history.sql"),
];

/// What the release with schema 2 noted of its steps. Others would not be its database.
const CHECKSUMS: [&str; 2] = ["6392901ab36378fe", "f7edf3994fd655b0"];

const T: i64 = 1_767_225_600_000;

/// The digest of a bearer key and the id of a project, as they were stored.
const DIGEST: [u8; 32] = [0xd1; 32];
const PROJECT: &str = "0123456789abcdef0123456789abcdef";

fn owner() -> AccountId {
    account(1)
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(T + millis)
}

/// A secret of 30 letters and digits, as they were made.
fn secret(number: usize) -> String {
    format!("Secret{number:04}PlainToBeGone{number:07}")
}

pub(crate) fn write_schema_2(dir: &Path, keys: usize) {
    let sql = Connection::open(dir.join("reelgate.db")).unwrap();
    sql.pragma_update(None, "application_id", 0x5265_656c)
        .unwrap();
    sql.pragma_update(None, "journal_mode", "wal").unwrap();
    sql.execute_batch(
        "CREATE TABLE migrations (version INTEGER PRIMARY KEY, checksum TEXT NOT NULL) STRICT",
    )
    .unwrap();
    for (version, (step, checksum)) in (1..).zip(SCHEMA.into_iter().zip(CHECKSUMS)) {
        sql.execute_batch(step).unwrap();
        let applied = "INSERT INTO migrations VALUES (?1, ?2)";
        sql.execute(applied, params![version, checksum]).unwrap();
    }
    let number = owner().number().cast_signed();
    let insert = |statement: &str, row: &[&dyn rusqlite::ToSql]| {
        assert_eq!(sql.execute(statement, row).unwrap(), 1);
    };
    insert("INSERT INTO accounts VALUES (?1, ?2)", &[&number, &T]);
    insert(
        "INSERT INTO projects VALUES (?1, ?2, ?3)",
        &[&PROJECT, &number, &T],
    );
    for key in 0..keys {
        let (id, active) = (format!("RGAK{key:016}"), key != 1);
        insert(
            "INSERT INTO access_keys VALUES (?1, ?2, ?3, ?4)",
            &[&id, &number, &secret(key), &active],
        );
    }
    insert(
        "INSERT INTO api_keys VALUES (?1, ?2, 1)",
        &[&DIGEST, &number],
    );
    insert(
        "INSERT INTO buckets VALUES (?1, 'media', CAST('buckets/media' AS BLOB), ?2)",
        &[&number, &T],
    );
    for (key, name, deleted) in [(1, "default", 0), (2, "old", 1)] {
        insert(
            "INSERT INTO pipelines (key, id, account, name, created_at, deleted) \
             VALUES (?1, randomblob(16), ?2, ?3, ?4, ?5)",
            &[&key, &number, &name, &T, &deleted],
        );
        insert(
            "INSERT INTO queues (pipeline, paused, concurrency) VALUES (?1, 1, 3)",
            &[&key],
        );
    }
}

fn upgraded(dir: &Path, keys: usize) -> SqliteStore {
    write_schema_2(dir, keys);
    SqliteStore::open(dir).unwrap()
}

#[tokio::test]
async fn the_first_account_of_schema_2_has_a_name_and_its_feature() {
    let dir = tempfile::tempdir().unwrap();
    let store = upgraded(dir.path(), 1);
    assert!(store.has_accounts().await.unwrap());
    let name = AccountName::new("main").unwrap();
    let found = store.account_named(&name).await.unwrap().unwrap();
    assert_eq!((found.id, found.created_at), (owner(), at(0)));
    assert_eq!(found.features, BTreeSet::from([Feature::Edge]));
    assert_eq!(store.account(owner()).await.unwrap(), Some(found));
    assert!(store.limits(owner()).await.unwrap().is_empty());
    assert_eq!(store.users(owner()).await.unwrap(), []);
    let buckets = store.buckets(owner()).await.unwrap();
    let path = dir.path().canonicalize().unwrap().join("buckets/media");
    assert_eq!(buckets.len(), 1);
    assert_eq!(buckets[0].place, Place::Directory(path));
}

#[tokio::test]
async fn the_project_of_schema_2_has_a_name_and_a_pipeline() {
    let dir = tempfile::tempdir().unwrap();
    let store = upgraded(dir.path(), 1);
    let projects = store.projects(owner()).await.unwrap();
    let id: ProjectId = PROJECT.parse().unwrap();
    let found: Vec<_> = projects
        .iter()
        .map(|it| (it.id, it.name.as_str(), it.account, it.created_at))
        .collect();
    assert_eq!(found, [(id, "default", owner(), at(0))]);
    let page = store.list_pipelines(owner(), None, 0, 9).await.unwrap();
    let found: Vec<_> = page
        .pipelines
        .iter()
        .map(|it| (it.name.clone(), it.state, it.concurrency))
        .collect();
    let expected = [
        ("default".to_owned(), PipelineState::Paused, Some(3)),
        (format!("mpc-{PROJECT}"), PipelineState::Active, None),
    ];
    assert_eq!(found, expected);
    // It takes jobs and gives them to workers.
    let pipeline = page.pipelines[1].id;
    let job = JobBuilder::new(owner(), pipeline, Ids::seeded(1).job(at(1)), at(1)).build();
    let outcome = store.submit(vec![job], None).await.unwrap();
    assert!(matches!(outcome, SubmitOutcome::Accepted(_)));
    let claims = store
        .claim(&reelgate_testkit::worker("w"), 1, at(9), at(2))
        .await;
    assert_eq!(claims.unwrap().len(), 1);
}

#[tokio::test]
async fn the_keys_of_schema_2_still_open_their_account() {
    let dir = tempfile::tempdir().unwrap();
    let store = upgraded(dir.path(), 2);
    for (number, active) in [(0, true), (1, false)] {
        let id = format!("RGAK{number:016}");
        let found = store.access_key(&id).await.unwrap().unwrap();
        assert_eq!(unsealed(&found.sealed), Some(secret(number).as_bytes()));
        let expected = AccessKey {
            id,
            account: owner(),
            owner: Owner::Account,
            sealed: found.sealed.clone(),
            active,
            expires_at: None,
            created_at: at(0),
        };
        assert_eq!(found, expected);
    }
    assert_eq!(store.access_keys(owner()).await.unwrap().len(), 2);
    let found = store.api_key(&DIGEST).await.unwrap().unwrap();
    let letters = found.id.strip_prefix("rgk-").unwrap();
    assert!(letters.len() == 8 && letters.bytes().all(|it| it.is_ascii_alphanumeric()));
    let expected = ApiKey {
        id: found.id.clone(),
        digest: DIGEST,
        account: owner(),
        owner: Owner::Account,
        operator: true,
        active: true,
        expires_at: None,
        created_at: at(0),
    };
    assert_eq!(found, expected);
    let listed = store.api_keys(owner()).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&expected));
    // By the id that it was given it can be told apart from others.
    assert!(store.delete_api_key(owner(), &expected.id).await.unwrap());
    assert_eq!(store.api_key(&DIGEST).await.unwrap(), None);
}

#[tokio::test]
async fn an_upgraded_database_takes_all_that_is_new_and_opens_again() {
    let dir = tempfile::tempdir().unwrap();
    let ids = Ids::seeded(1);
    let store = upgraded(dir.path(), 1);
    let admin = reelgate_domain::access::UserName::new("admin").unwrap();
    let user = reelgate_domain::access::User {
        account: owner(),
        name: admin.clone(),
        id: reelgate_domain::access::UserId::from_bytes([1; 16]),
        has_password: true,
        created_at: at(1),
    };
    let created = store
        .create_user(user.clone(), Some("hash".into()), None)
        .await;
    assert_eq!(created.unwrap(), Create::Created);
    let everything = PolicyRef::System("AdministratorAccess".into());
    let grantee = Grantee::User(admin.clone());
    let attached = store.attach(owner(), &grantee, &everything).await;
    assert_eq!(attached.unwrap(), Attach::Attached);
    let pipeline = NewPipeline {
        id: ids.pipeline(at(1)),
        account: owner(),
        name: "films".into(),
        state: PipelineState::Active,
        concurrency: None,
        origin: None,
        created_at: at(1),
    };
    store.create_pipeline(pipeline, None).await.unwrap();
    drop(store);
    let store = SqliteStore::open(dir.path()).unwrap();
    let found = store.user(owner(), &admin).await.unwrap();
    assert_eq!(found, Some(user));
    assert_eq!(
        store
            .grants(owner(), &grantee)
            .await
            .unwrap()
            .unwrap()
            .len(),
        1
    );
    let page = store.list_pipelines(owner(), None, 0, 9).await.unwrap();
    assert_eq!(page.total, 3);
    assert_eq!(store.projects(owner()).await.unwrap().len(), 1);
}

/// Enough of them for a table of several levels.
const KEYS: usize = 400;

/// How many of the secrets are in some file of the store, as they are.
fn readable(dir: &Path) -> usize {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let file = std::fs::read(entry.unwrap().path()).unwrap();
        // All secrets begin alike.
        let starts = file
            .windows(6)
            .enumerate()
            .filter(|(_, it)| it == b"Secret");
        let length = secret(0).len();
        found.extend(starts.filter_map(|(at, _)| {
            let text = std::str::from_utf8(file.get(at..at + length)?).ok()?;
            let number = text.get(6..10)?.parse().ok()?;
            (text == secret(number)).then_some(number)
        }));
    }
    found.len()
}

async fn seal_all(store: &SqliteStore) -> u64 {
    let mut after: Option<String> = None;
    let mut sealed = 0;
    loop {
        let page = store.sealed_secrets(after.as_deref(), 64).await.unwrap();
        let Some(last) = page.last() else {
            return sealed;
        };
        after = Some(last.id.clone());
        let page = page.into_iter().map(|secret| {
            // As long as what seals is: longer than what it seals.
            let mut new = vec![1; 60];
            let plain = unsealed(&secret.sealed).unwrap();
            new.extend(plain.iter().map(|byte| byte ^ 0x55));
            Resealed {
                id: secret.id,
                old: secret.sealed,
                new,
            }
        });
        sealed += store.reseal(page.collect()).await.unwrap();
    }
}

#[tokio::test]
async fn no_secret_of_schema_2_is_left_in_any_file_once_it_is_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let store = upgraded(dir.path(), KEYS);
    assert_eq!(readable(dir.path()), KEYS, "they are found where they are");
    assert_eq!(seal_all(&store).await, KEYS as u64);
    // Neither while the program runs nor after it has ended.
    assert_eq!(readable(dir.path()), 0);
    drop(store);
    assert_eq!(readable(dir.path()), 0);
    let store = SqliteStore::open(dir.path()).unwrap();
    let keys = store.access_keys(owner()).await.unwrap();
    assert!(keys.len() == KEYS && keys.iter().all(|it| it.sealed[0] == 1));
}
