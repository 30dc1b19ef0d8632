//! Copies of PostgreSQL databases, and moves from SQLite to one.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use reelgate_domain::Timestamp;
use reelgate_domain::access::Once;
use reelgate_store::conformance::{Shape, World};
use reelgate_store::{
    AccessStore, CopyError, JobFilter, Migration, PostgresOptions, PostgresStore, Progress,
    SqliteStore, Store, StoreError,
};
use reelgate_testkit::{FixedClock, Postgres};

use crate::copying::{add_asset, add_streams, assets_of, streams_of};
use crate::damaged_libraries::{add_libraries, libraries_of};
use crate::sqlite::Directory;

const NOW: Timestamp = FixedClock::START;

fn quiet() -> impl FnMut(Progress) + Send {
    |_| {}
}

fn database() -> PostgresOptions {
    PostgresOptions::new(Postgres::shared().database())
}

async fn migrate(dir: &Path, options: &PostgresOptions) -> Result<Migration, CopyError> {
    PostgresStore::migrate_from(dir, options, NOW, &mut quiet()).await
}

/// How many jobs [`filled`] makes.
const JOBS: u64 = Shape::ALL.len() as u64 + 2 + 6;

/// A store with a job in every shape, an asset and a document.
async fn filled(home: &dyn reelgate_store::conformance::Home) -> World {
    let world = World::new(home).await;
    for shape in Shape::ALL {
        world.shaped(shape).await;
    }
    add_asset(&world).await;
    add_streams(&world).await;
    add_libraries(&world).await;
    world
}

async fn everything(store: &dyn Store, world: &World) -> String {
    let jobs = store
        .list_jobs(world.account, JobFilter::default(), 1000)
        .await
        .unwrap();
    let mut histories = Vec::new();
    for job in &jobs {
        histories.push(store.history(world.account, job.id).await.unwrap());
    }
    let pipelines = store.list_pipelines(world.account, None, 0, 100).await;
    let users = store.users(world.account).await.unwrap();
    let buckets = store.all_buckets().await.unwrap();
    let assets = assets_of(store, world).await;
    let streams = streams_of(store, world).await;
    let libraries = libraries_of(store, world).await;
    format!(
        "{jobs:#?} {histories:#?} {pipelines:#?} {users:#?} {buckets:#?} {assets} {streams} {libraries}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_moves_to_postgres_and_goes_on() {
    let home = Directory::new();
    let world = filled(&home).await;
    let newest = world.shaped(Shape::CancelledNew).await;
    let deleted = world.store.delete_job(world.account, newest.id, None).await;
    deleted.unwrap();
    let before = everything(&*world.store, &world).await;
    let World {
        store,
        clock,
        ids,
        account,
        pipeline,
    } = world;
    drop(store);
    let options = database();
    let moved = migrate(home.path(), &options).await.unwrap();
    assert_eq!(moved.resumed, 0);
    assert_eq!(moved.sums.of("accounts").rows, 1);

    let store = PostgresStore::open(options.clone()).await.unwrap();
    let world = World {
        store: std::sync::Arc::new(store),
        clock,
        ids,
        account,
        pipeline,
    };
    assert_eq!(everything(&*world.store, &world).await, before);
    // Numbers go on behind those that were given.
    let next = world.submit_one().await;
    assert!(world.job(next).await.number > newest.number);
    assert_eq!(world.claim(1).await[0].job.id, next);
    assert!(world.store.signed_after().await.unwrap() >= Some(NOW));
    // What ran is as after a crash.
    assert!(world.store.sweep(true, world.now()).await.unwrap() > 0);
    let again = migrate(home.path(), &options)
        .await
        .unwrap_err()
        .to_string();
    assert!(again.contains("not empty"), "{again}");
}

/// Stops at any moment, as `kill -9` does: what it was about to do does not happen.
#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_was_cut_off_goes_on_where_it_was() {
    let home = Directory::new();
    let world = filled(&home).await;
    for _ in 0..30 {
        world.fill(world.pipeline, 100).await;
    }
    let before = everything(&*world.store, &world).await;
    let World {
        store,
        clock,
        ids,
        account,
        pipeline,
    } = world;
    drop(store);
    let options = database();
    for stop_after in [1, 4, 5, 6] {
        let seen = AtomicU64::new(0);
        let (cut, mut cutting) = tokio::sync::watch::channel(false);
        let mut tell = |_: Progress| {
            if seen.fetch_add(1, Ordering::Relaxed) + 1 == stop_after {
                cut.send_replace(true);
            }
        };
        tokio::select! {
            biased;
            _ = cutting.wait_for(|cut| *cut) => {}
            done = PostgresStore::migrate_from(home.path(), &options, NOW, &mut tell) => {
                panic!("it came to its end: {done:?}");
            }
        }
        let refused = PostgresStore::open(options.clone()).await.map(drop);
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("is being moved"), "{refused}");
    }
    let other = Directory::new();
    let store = SqliteStore::open(other.path()).unwrap();
    store.create_account(late_account(), None).await.unwrap();
    drop(store);
    let refused = migrate(other.path(), &options)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("another store is being moved"),
        "{refused}"
    );

    let moved = migrate(home.path(), &options).await.unwrap();
    assert!(moved.resumed > 100, "{} rows", moved.resumed);
    let store = PostgresStore::open(options).await.unwrap();
    let world = World {
        store: std::sync::Arc::new(store),
        clock,
        ids,
        account,
        pipeline,
    };
    assert_eq!(everything(&*world.store, &world).await, before);
    assert_eq!(world.load(world.pipeline).await.0, 3000);
}

/// Begins a move and cuts it off after its first page.
async fn begin(dir: &Path, options: &PostgresOptions) {
    let (cut, mut cutting) = tokio::sync::watch::channel(false);
    let mut tell = |_: Progress| {
        cut.send_replace(true);
    };
    tokio::select! {
        biased;
        _ = cutting.wait_for(|cut| *cut) => {}
        done = PostgresStore::migrate_from(dir, options, NOW, &mut tell) => panic!("it came to its end: {done:?}"),
    }
}

async fn connected(options: &PostgresOptions) -> tokio_postgres::Client {
    let connected = tokio_postgres::connect(&options.url, tokio_postgres::NoTls).await;
    let (client, connection) = connected.unwrap();
    tokio::spawn(connection);
    client
}

/// It had compared everything, removed what only keeps a number, and then found a row less than it had moved.
#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_was_cut_off_at_its_very_end_goes_on() {
    let home = Directory::new();
    let world = filled(&home).await;
    let newest = world.shaped(Shape::CancelledNew).await;
    let deleted = world.store.delete_job(world.account, newest.id, None).await;
    deleted.unwrap();
    world.submit_one().await;
    drop(world);
    let options = database();
    begin(home.path(), &options).await;
    let sql = connected(&options).await;
    let lost = "CREATE FUNCTION lost() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'lost'; END $$; \
        CREATE TRIGGER lost BEFORE DELETE ON arriving FOR EACH ROW EXECUTE FUNCTION lost()";
    sql.batch_execute(lost).await.unwrap();
    let cut_off = migrate(home.path(), &options).await.unwrap_err();
    assert!(cut_off.to_string().contains("lost"), "{cut_off}");
    let found = "DROP TRIGGER lost ON arriving; DROP FUNCTION lost";
    sql.batch_execute(found).await.unwrap();

    migrate(home.path(), &options).await.unwrap();
    let store = PostgresStore::open(options).await.unwrap();
    assert!(store.has_accounts().await.unwrap());
}

/// A backup of the half of a store looked like one of a whole.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_to_which_a_store_is_being_moved_is_neither_backed_up_nor_restored_to() {
    let home = Directory::new();
    drop(filled(&home).await);
    let (options, place) = (database(), tempfile::tempdir().unwrap());
    let whole = place.path().join("whole");
    let elsewhere = crate::postgres::Database::new();
    drop(filled(&elsewhere).await);
    let backup = PostgresStore::backup(&elsewhere.options(), &whole, NOW, &mut quiet()).await;
    backup.unwrap();

    begin(home.path(), &options).await;
    let half = place.path().join("half");
    let refused = PostgresStore::backup(&options, &half, NOW, &mut quiet()).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("is being moved"), "{refused}");
    assert!(!half.exists());
    let refused = PostgresStore::restore(&whole, &options, NOW, &mut quiet()).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("is being moved"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_in_use_is_not_moved() {
    let home = Directory::new();
    let _world = filled(&home).await;
    let refused = migrate(home.path(), &database()).await.unwrap_err();
    assert!(refused.to_string().contains("already serves"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_used_is_no_target() {
    let (home, options) = (Directory::new(), database());
    drop(filled(&home).await);
    let store = PostgresStore::open(options.clone()).await.unwrap();
    store.create_account(late_account(), None).await.unwrap();
    let refused = migrate(home.path(), &options)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("not empty: its table access_keys"),
        "{refused}"
    );
    assert!(store.has_accounts().await.unwrap());
    store.check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_database_in_use_is_restored() {
    let home = crate::postgres::Database::new();
    let world = filled(&home).await;
    let once = Once {
        hash: [7; 16],
        until: NOW.after(Once::KEPT),
        note: None,
    };
    world.store.use_once(once).await.unwrap();
    let before = everything(&*world.store, &world).await;
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("b");
    let writing = world.fill(world.pipeline, 300);
    let (options, mut tell) = (home.options(), quiet());
    let backup = PostgresStore::backup(&options, &file, NOW, &mut tell);
    let (_, backup) = tokio::join!(writing, backup);
    let backup = backup.unwrap();
    let rows = backup.sums.of("jobs").rows;
    assert!(rows == JOBS || rows == JOBS + 300, "{rows}");

    let options = database();
    let restored = PostgresStore::restore(&file, &options, NOW, &mut quiet()).await;
    assert_eq!(restored.unwrap().sums, backup.sums);
    let again = PostgresStore::restore(&file, &options, NOW, &mut quiet()).await;
    assert!(again.unwrap_err().to_string().contains("not empty"));
    let copy = PostgresStore::open(options).await.unwrap();
    assert!(matches!(
        copy.use_once(once).await,
        Err(StoreError::Replayed)
    ));
    if rows == JOBS {
        assert_eq!(everything(&copy, &world).await, before);
    }
    let mut damaged = std::fs::read(&file).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    std::fs::write(&file, damaged).unwrap();
    let options = database();
    let refused = PostgresStore::restore(&file, &options, NOW, &mut quiet()).await;
    assert!(
        matches!(refused, Err(CopyError::Damaged { .. })),
        "{refused:?}"
    );
    let store = PostgresStore::open(options).await.unwrap();
    assert!(!store.has_accounts().await.unwrap(), "all or nothing");
}

fn late_account() -> reelgate_store::NewAccount {
    let ids = reelgate_testkit::Ids::seeded(9);
    let mut new = reelgate_store::conformance::first_account(&ids, NOW);
    new.only_first = false;
    new.account.name = "late".parse().unwrap();
    new
}
