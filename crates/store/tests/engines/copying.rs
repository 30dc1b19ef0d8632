//! Backups of a SQLite store and what is made of them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reelgate_domain::access::Once;
use reelgate_domain::job::kind::ingest::SourceUrl;
use reelgate_domain::job::{CancelPolicy, NewJob, StateName};
use reelgate_domain::stream::{Activity, Health};
use reelgate_domain::{JobId, Timestamp};
use reelgate_store::conformance::{Shape, World};
use reelgate_store::{
    AccessStore, AssetFilter, CopyError, JobFilter, Progress, PutDocument, PutOutcome, Restored,
    SqliteStore, Store, StoreError, StreamAnswer, StreamBeat, StreamFilter, Sums,
};
use reelgate_testkit::{FixedClock, fetching};
use rusqlite::Connection;

use crate::damaged_libraries::{add_libraries, libraries_of};
use crate::damaged_streams::{add_stream, take_streams};
use crate::sqlite::Directory;

const NOW: Timestamp = FixedClock::START;

fn quiet() -> impl FnMut(Progress) + Send {
    |_| {}
}

async fn backup(dir: &Path, file: &Path) -> Sums {
    let backup = SqliteStore::backup(dir, file, NOW, &mut quiet()).await;
    let backup = backup.unwrap();
    assert_eq!(backup.bytes, file.metadata().unwrap().len());
    backup.sums
}

async fn restore(file: &Path, dir: &Path) -> Result<Restored, CopyError> {
    SqliteStore::restore(file, dir, NOW, &mut quiet()).await
}

/// A store with a job in every shape, an asset, a document, and a signed call.
async fn filled(home: &Directory) -> (World, Vec<JobId>) {
    let world = World::new(home).await;
    let mut jobs = Vec::new();
    for shape in Shape::ALL {
        jobs.push(world.shaped(shape).await.id);
    }
    jobs.extend(add_asset(&world).await);
    add_streams(&world).await;
    jobs.extend(add_libraries(&world).await);
    world.store.use_once(once(1, world.now())).await.unwrap();
    (world, jobs)
}

pub(crate) const SOURCE: &str = "https://source.example/film.mp4";

/// Adds an asset with two jobs that have ended, one of which fetched an address, and a document.
pub(crate) async fn add_asset(world: &World) -> [JobId; 2] {
    let asset = world.registered("film.mp4").await;
    let fetch = NewJob {
        asset: Some(asset.id),
        ..world.new_job().spec(fetching(SOURCE, "film.mp4")).build()
    };
    let jobs = [asset.job, fetch.id];
    world.submit(vec![fetch]).await;
    for job in jobs {
        world.cancel(job, CancelPolicy::Any).await;
    }
    let document = PutDocument {
        account: world.account,
        kind: "vod.category",
        id: "1".to_owned(),
        body: serde_json::json!({"name": "Films\u{0}"}),
        replaces: None,
        most: 1,
        now: world.now(),
    };
    let put = world.store.put_document(document, None).await.unwrap();
    assert!(matches!(put, PutOutcome::Stored(_)), "{put:?}");
    jobs
}

/// What a store says of assets and documents.
pub(crate) async fn assets_of(store: &dyn Store, world: &World) -> String {
    let owner = world.account;
    let assets = store.list_assets(owner, AssetFilter::default(), 9).await;
    let assets = assets.unwrap();
    let jobs = store.asset_jobs(owner, assets[0].id, 9).await.unwrap();
    let url = SourceUrl::new(SOURCE).unwrap();
    let fetching = store.jobs_fetching(owner, &url, 9).await.unwrap();
    let documents = store.documents(owner, "vod.category").await.unwrap();
    assert_eq!((jobs.len(), fetching.len(), documents.len()), (2, 1, 1));
    format!("{assets:#?} {jobs:#?} {fetching:#?} {documents:#?}")
}

/// Adds a live stream that is held and one that waits.
pub(crate) async fn add_streams(world: &World) {
    let held = add_stream(world, "a").await;
    assert_eq!(take_streams(world).await.len(), 1);
    add_stream(world, "b").await;
    let health = Health {
        at: world.now(),
        activity: Activity::Live,
        since: world.now(),
        first_output_at: None,
        in_kbps: 1500.5,
        out_kbps: 0.25,
        fps: 25.0,
        speed: 1.0,
        dropped_frames: 0,
        duplicated_frames: 0,
        lag_ms: 0,
        reconnects: 0,
        keyframe_interval_ms: None,
        last_error: None,
        thumbnail_at: None,
    };
    let beat = StreamBeat {
        stream: held,
        attempt: 1,
        revision: 1,
        health: Some(health),
        sample: true,
        notes: Vec::new(),
    };
    let until = world.now().after(Duration::from_secs(30));
    let told = world.store.renew_streams(vec![beat], until, world.now());
    assert_eq!(told.await.unwrap(), [StreamAnswer::Held { revision: 1 }]);
}

/// What a store says of live streams.
pub(crate) async fn streams_of(store: &dyn Store, world: &World) -> String {
    let owner = world.account;
    let page = store.list_streams(owner, StreamFilter::default(), 9).await;
    let page = page.unwrap();
    let held = page.streams[1].id;
    let notes = store.stream_notes(owner, held, None, 9).await.unwrap();
    let before = Timestamp::from_millis(0);
    let health = store.stream_health(owner, held, before, 9).await.unwrap();
    assert_eq!((page.total, notes.len(), health.len()), (2, 2, 1));
    format!("{page:#?} {notes:#?} {health:#?}")
}

fn once(number: u8, signed_at: Timestamp) -> Once {
    Once {
        hash: [number; 16],
        until: signed_at.after(Once::KEPT),
        note: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_store_holds_what_there_was_and_works() {
    let home = Directory::new();
    let (world, jobs) = filled(&home).await;
    let place = tempfile::tempdir().unwrap();
    let (file, dir) = (place.path().join("b"), place.path().join("restored"));
    let sums = backup(home.path(), &file).await;
    assert_eq!(sums.of("jobs").rows, jobs.len() as u64);
    for (table, rows) in [
        ("assets", 1),
        ("asset_jobs", 2),
        ("asset_arrivals", 1),
        ("job_sources", 1),
        ("documents", 1),
        ("streams", 2),
        ("stream_counts", 1),
        ("stream_places", 2),
        ("stream_notes", 3),
        ("stream_health", 1),
        ("dna_libraries", 3),
        ("dna_entries", 5),
        ("dna_fingerprints", 8),
        ("dna_removals", 1),
    ] {
        assert_eq!(sums.of(table).rows, rows, "{table}");
    }
    let restored = restore(&file, &dir).await.unwrap();
    assert_eq!(restored.sums, sums);

    let copy = SqliteStore::open(&dir).unwrap();
    for id in &jobs {
        let (here, there) = (
            world.store.jobs(world.account, &[*id]).await.unwrap(),
            copy.jobs(world.account, &[*id]).await.unwrap(),
        );
        assert_eq!(here, there);
        let here = world.store.history(world.account, *id).await.unwrap();
        assert_eq!(copy.history(world.account, *id).await.unwrap(), here);
    }
    assert_eq!(
        assets_of(&copy, &world).await,
        assets_of(&*world.store, &world).await
    );
    assert_eq!(
        streams_of(&copy, &world).await,
        streams_of(&*world.store, &world).await
    );
    assert_eq!(
        libraries_of(&copy, &world).await,
        libraries_of(&*world.store, &world).await
    );
    let all = copy
        .list_jobs(world.account, JobFilter::default(), 100)
        .await;
    assert_eq!(all.unwrap().len(), jobs.len());
    let pipelines = |store: Arc<dyn Store>| async move {
        store
            .list_pipelines(world.account, None, 0, 100)
            .await
            .unwrap()
    };
    let copy: Arc<dyn Store> = Arc::new(copy);
    assert_eq!(
        pipelines(Arc::clone(&copy)).await,
        pipelines(Arc::clone(&world.store)).await
    );
    // Calls in the backup are known; those after it are too old.
    let again = copy.use_once(once(1, world.now())).await;
    assert!(matches!(again, Err(StoreError::Replayed)));
    assert_eq!(copy.signed_after().await.unwrap(), Some(NOW));
    assert_eq!(restored.signed_after, NOW);
    // Leases have ended with whoever held them.
    assert!(copy.sweep(true, world.now()).await.unwrap() > 0);
    copy.check().await.unwrap();
}

/// A client whose clock is ahead has signed for a time that is still to come.
#[tokio::test(flavor = "multi_thread")]
async fn signatures_of_clocks_that_were_ahead_are_refused_for_longer() {
    let home = Directory::new();
    let store = SqliteStore::open(home.path()).unwrap();
    let ahead = Duration::from_secs(40);
    store.use_once(once(1, NOW.after(ahead))).await.unwrap();
    let place = tempfile::tempdir().unwrap();
    let (file, dir) = (place.path().join("b"), place.path().join("restored"));
    backup(home.path(), &file).await;
    let later = NOW.after(Duration::from_secs(3600));
    let restored = SqliteStore::restore(&file, &dir, later, &mut quiet()).await;
    assert_eq!(restored.unwrap().signed_after, later.after(ahead));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_of_one_moment_while_others_write() {
    let home = Directory::new();
    let (world, _) = filled(&home).await;
    let world = Arc::new(world);
    let stop = Arc::new(AtomicBool::new(false));
    let mut writers = Vec::new();
    for _ in 0..4 {
        let (world, stop) = (Arc::clone(&world), Arc::clone(&stop));
        writers.push(tokio::spawn(async move {
            let mut submitted = 0_u64;
            while !stop.load(Ordering::Relaxed) {
                world.siblings(world.pipeline, 2).await;
                submitted += 2;
            }
            submitted
        }));
    }
    let place = tempfile::tempdir().unwrap();
    for round in 0..5 {
        let file = place.path().join(format!("b{round}"));
        let dir = place.path().join(format!("restored{round}"));
        let sums = backup(home.path(), &file).await;
        // A job is never without its payload, nor are siblings without each other.
        assert_eq!(sums.of("jobs").rows, sums.of("job_payloads").rows);
        assert_eq!(sums.of("jobs").rows % 2, Shape::ALL.len() as u64 % 2);
        restore(&file, &dir).await.unwrap();
        let copy = Connection::open(dir.join("reelgate.db")).unwrap();
        let one = |query: &str| {
            copy.query_row(query, [], |row| row.get::<_, i64>(0))
                .unwrap()
        };
        let queued = one("SELECT count(*) FROM jobs WHERE state = 0");
        assert_eq!(one("SELECT sum(queued) FROM queues"), queued);
    }
    stop.store(true, Ordering::Relaxed);
    let mut submitted = 0;
    for writer in writers {
        submitted += writer.await.unwrap();
    }
    assert!(submitted > 20, "{submitted} jobs while it was backed up");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_replaces_nothing_and_a_failed_one_leaves_nothing() {
    let home = Directory::new();
    drop(SqliteStore::open(home.path()).unwrap());
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("b");
    std::fs::write(&file, "mine").unwrap();
    let refused = SqliteStore::backup(home.path(), &file, NOW, &mut quiet()).await;
    assert!(matches!(refused, Err(CopyError::Refused(_))), "{refused:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    let nowhere = place.path().join("none");
    let refused = SqliteStore::backup(&nowhere, &place.path().join("c"), NOW, &mut quiet()).await;
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("there is no store")
    );
    assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_empty_directory_is_restored_into() {
    let home = Directory::new();
    drop(filled(&home).await);
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("b");
    backup(home.path(), &file).await;

    let used = place.path().join("used");
    std::fs::create_dir(&used).unwrap();
    std::fs::write(used.join("reelgate.db"), "x").unwrap();
    let refused = restore(&file, &used).await.unwrap_err().to_string();
    assert!(
        refused.contains("is not empty: it has reelgate.db"),
        "{refused}"
    );
    assert_eq!(std::fs::read(used.join("reelgate.db")).unwrap(), b"x");

    // What an interrupted restore has left is no obstacle.
    let begun = place.path().join("begun");
    std::fs::create_dir(&begun).unwrap();
    for name in [
        "reelgate.db.restoring",
        "reelgate.db.restoring-journal",
        "reelgate.lock",
    ] {
        std::fs::write(begun.join(name), "half").unwrap();
    }
    restore(&file, &begun).await.unwrap();
    let mut names: Vec<_> = std::fs::read_dir(&begun)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["reelgate.db", "reelgate.lock"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_or_foreign_file_restores_nothing() {
    let home = Directory::new();
    drop(filled(&home).await);
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("b");
    backup(home.path(), &file).await;
    let whole = std::fs::read(&file).unwrap();
    let dir = place.path().join("restored");
    let check = async |bytes: &[u8], wanted: &str| {
        let damaged = place.path().join("damaged");
        std::fs::write(&damaged, bytes).unwrap();
        let refused = restore(&damaged, &dir).await.unwrap_err().to_string();
        assert!(refused.contains(wanted), "{refused}");
        let left = std::fs::read_dir(&dir).map(|entries| {
            entries
                .filter(|entry| entry.as_ref().unwrap().file_name() != "reelgate.lock")
                .count()
        });
        assert_eq!(left.unwrap_or(0), 0, "nothing that looks like a store");
    };
    let mut flipped = whole.clone();
    let middle = whole.len() / 2;
    flipped[middle] ^= 4;
    check(&flipped, "is damaged at byte").await;
    check(&whole[..whole.len() - 1], "it ends too early").await;
    check(b"SQLite format 3\0 and more", "is no backup").await;
    check(b"", "is no backup").await;
    restore(&file, &dir).await.unwrap();
}

/// A column or a table that a copy left out would be lost without a word.
#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_stored_is_copied() {
    let home = Directory::new();
    drop(filled(&home).await);
    let place = tempfile::tempdir().unwrap();
    let (file, dir) = (place.path().join("b"), place.path().join("restored"));
    backup(home.path(), &file).await;
    restore(&file, &dir).await.unwrap();
    let dump = |dir: &Path| {
        let sql = Connection::open(dir.join("reelgate.db")).unwrap();
        let mut schema = sql
            .prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2")
            .unwrap();
        let schema: Vec<(String, String, Option<String>)> = schema
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let tables = schema.iter().filter(|(kind, name, _)| {
            kind == "table" && !name.starts_with("sqlite_") && name != "restored" && name != "pulse"
        });
        let mut rows = Vec::new();
        for (_, name, _) in tables {
            let mut all = sql.prepare(&format!("SELECT * FROM {name}")).unwrap();
            let columns = all.column_count();
            let mut found: Vec<String> = all
                .query_map([], |row| {
                    let cells =
                        (0..columns).map(|index| row.get_ref(index).map(|it| format!("{it:?}")));
                    Ok(format!(
                        "{name}: {}",
                        cells.collect::<Result<Vec<_>, _>>()?.join(",")
                    ))
                })
                .unwrap()
                .map(Result::unwrap)
                .collect();
            found.sort_unstable();
            rows.extend(found);
        }
        (schema, rows)
    };
    let (here, there) = (dump(home.path()), dump(&dir));
    assert_eq!(here.0, there.0);
    assert_eq!(here.1, there.1);
    assert!(here.1.len() > 60, "{} rows", here.1.len());
}

/// A restored database must take part in what the later releases do to its rows.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_an_older_schema_is_brought_to_this_one() {
    let home = tempfile::tempdir().unwrap();
    crate::upgrade_2::write_schema_2(home.path(), 3);
    let place = tempfile::tempdir().unwrap();
    let (file, dir) = (place.path().join("b"), place.path().join("restored"));
    backup(home.path(), &file).await;
    restore(&file, &dir).await.unwrap();
    let (here, there) = (
        SqliteStore::open(home.path()).unwrap(),
        SqliteStore::open(&dir).unwrap(),
    );
    let secrets = async |store: &SqliteStore| {
        let secrets = store.sealed_secrets(None, 100).await.unwrap();
        secrets
            .into_iter()
            .map(|it| (it.id, it.sealed))
            .collect::<Vec<_>>()
    };
    assert_eq!(secrets(&there).await, secrets(&here).await);
    assert_eq!(
        there.accounts(None, 10).await.unwrap(),
        here.accounts(None, 10).await.unwrap()
    );
    let account = here.accounts(None, 1).await.unwrap()[0].id;
    let queued = JobFilter {
        states: vec![StateName::Queued],
        ..JobFilter::default()
    };
    assert_eq!(
        there.list_jobs(account, queued.clone(), 10).await.unwrap(),
        here.list_jobs(account, queued, 10).await.unwrap()
    );
}

/// Another program that reads the database kept the server from starting.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_opens_while_somebody_reads_it() {
    let home = Directory::new();
    let store = SqliteStore::open(home.path()).unwrap();
    store.check().await.unwrap();
    let reader = Connection::open(home.path().join("reelgate.db")).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM jobs;")
        .unwrap();
    store.check().await.unwrap();
    drop(store);
    let store = tokio::task::spawn_blocking({
        let dir = home.path().to_owned();
        move || SqliteStore::open(&dir)
    });
    let store = store.await.unwrap().expect("it opens");
    store.check().await.unwrap();
}
