//! Fingerprint libraries and entries that cannot be read, damaged here by SQL, stop nothing but themselves, on
//! either engine.

use reelgate_domain::JobId;
use reelgate_domain::dna::{DnaModel, Library, LibraryId, LibraryName, LibraryStatus, PrimaryKey};
use reelgate_domain::job::JobKind;
use reelgate_store::conformance::World;
use reelgate_store::{
    CreateLibrary, DnaEffect, Ending, Fenced, LibraryChange, NewEntry, PublishDna, Store,
    StoreError,
};
use reelgate_testkit::{object, of_kind, staged};

use crate::damage::{Damaged, Engine, on_both};

fn key(text: &str) -> PrimaryKey {
    PrimaryKey::new(text).unwrap()
}

pub(crate) async fn add_library(world: &World, name: &str) -> LibraryId {
    let at = world.now();
    let library = Library {
        id: LibraryId::from_bytes(*world.ids.job(at).as_bytes()),
        account: world.account,
        name: LibraryName::new(name).unwrap(),
        model: DnaModel::Audio,
        description: "größer\n".to_owned(),
        status: LibraryStatus::Active,
        version: 0,
        added_at: 0,
        entries: 0,
        created_at: at,
    };
    let id = library.id;
    let made = world.store.create_library(library, 100, None).await;
    assert_eq!(made.unwrap(), CreateLibrary::Created);
    id
}

/// Has a job store an entry with so many bytes.
pub(crate) async fn add_entry(
    world: &World,
    library: LibraryId,
    name: &str,
    bytes: usize,
) -> JobId {
    let job = world.new_job().spec(of_kind(JobKind::Fingerprint)).build();
    let id = world.submit(vec![job]).await[0].id;
    assert_eq!(world.claim_ids(1).await, [id]);
    let effect = DnaEffect {
        library,
        entry: Some(NewEntry {
            key: key(name),
            source: object(name),
            duration_ms: Some(7),
            fingerprint: (0..bytes).map(|at| at as u8).collect(),
        }),
        unless_added_since: None,
    };
    let (store, now) = (&world.store, world.now());
    let told = store.publish_fingerprint(id, staged(1), effect, now).await;
    assert_eq!(told.unwrap(), PublishDna::Fenced(Fenced::Done));
    assert_eq!(world.finish(id, 1, Ending::Succeeded).await, Fenced::Done);
    id
}

/// A library with entries of many sizes, of which some were removed, one that was emptied and one that was
/// deleted; how many jobs that took.
pub(crate) async fn add_libraries(world: &World) -> Vec<JobId> {
    let (store, owner, now) = (&world.store, world.account, world.now());
    let mut jobs = Vec::new();
    let library = add_library(world, "films").await;
    for (name, bytes) in [("a", 0), ("b", 3_000_000), ("c", 10), ("d", 2000)] {
        jobs.push(add_entry(world, library, name, bytes).await);
    }
    let keys = [key("c")];
    let removed = store.delete_entries(owner, library, &keys, now, None);
    assert_eq!(removed.await.unwrap(), Some(1));
    for forget in [false, true] {
        let gone = add_library(world, "gone").await;
        jobs.push(add_entry(world, gone, "a", 20).await);
        let emptied = store.delete_library(owner, gone, forget, now, None).await;
        assert!(emptied.unwrap());
    }
    jobs
}

/// What a store says of libraries.
pub(crate) async fn libraries_of(store: &dyn Store, world: &World) -> String {
    let owner = world.account;
    let mut all = store.all_libraries(owner).await.unwrap();
    assert_eq!(all.len(), 2);
    let films = all.remove(0).id;
    let entries = store.entries(owner, films, None, 9).await.unwrap();
    let fresh = store.library_changes(films, 0, u64::MAX).await.unwrap();
    assert_eq!(fresh.changes.len(), 3);
    let late = store.library_changes(films, 3, u64::MAX).await.unwrap();
    assert_eq!(late.changes.len(), 2);
    let emptied = store.library_changes(all[0].id, 1, 9).await.unwrap();
    assert_eq!(emptied.changes, [LibraryChange::Removed { number: 1 }]);
    // Their fingerprints are megabytes.
    let sums = fresh.changes.iter().map(|change| match change {
        LibraryChange::Added { fingerprint, .. } => {
            let sum: u64 = fingerprint.iter().map(|byte| u64::from(*byte)).sum();
            (fingerprint.len(), sum)
        }
        LibraryChange::Removed { .. } => (0, 0),
    });
    let sums: Vec<_> = sums.collect();
    format!("{all:#?} {entries:#?} {sums:?} {}", late.reached)
}

on_both!(a_library_that_cannot_be_read_hides_no_other);

async fn a_library_that_cannot_be_read_hides_no_other(engine: Engine) {
    let it = Damaged::new(engine).await;
    let (world, store) = (&it.world, &it.world.store);
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        ids.push(add_library(world, name).await);
    }
    for damage in ["model = 9", "name = ''", "entries = -1"] {
        let damaged = format!("UPDATE dna_libraries SET {damage} WHERE name = 'b'");
        let mended = match damage {
            "name = ''" => "UPDATE dna_libraries SET name = 'b' WHERE name = ''",
            _ => "UPDATE dna_libraries SET model = 1, entries = 0 WHERE name = 'b'",
        };
        assert_eq!(it.run(&damaged).0, 1, "{damage}");
        let listed = store.all_libraries(world.account).await.unwrap();
        let listed: Vec<_> = listed.iter().map(|library| library.id).collect();
        assert_eq!(listed, [ids[0], ids[2]], "{damage}");
        let some = store.libraries(world.account, &ids).await.unwrap();
        assert_eq!(some.len(), 2, "{damage}");
        let alone = store.libraries(world.account, &ids[1..2]).await;
        assert!(
            matches!(alone, Err(StoreError::Corrupt { .. })),
            "{alone:?}"
        );
        assert_eq!(it.run(mended).0, 1, "{damage}");
    }
    assert_eq!(store.all_libraries(world.account).await.unwrap().len(), 3);
}

on_both!(an_entry_that_cannot_be_read_hides_no_other);

async fn an_entry_that_cannot_be_read_hides_no_other(engine: Engine) {
    let it = Damaged::new(engine).await;
    let (world, store) = (&it.world, &it.world.store);
    let id = add_library(world, "a").await;
    for name in ["a", "b", "c", "d", "e"] {
        add_entry(world, id, name, 10).await;
    }
    let damage = "UPDATE dna_entries SET bucket = 'NO BUCKET' WHERE key = 'b'";
    assert_eq!(it.run(damage).0, 1);
    let damage = "DELETE FROM dna_fingerprints WHERE number = 3";
    assert_eq!(it.run(damage).0, 1);
    let page = store.entries(world.account, id, None, 2).await.unwrap();
    let page = page.unwrap().into_iter().map(|it| it.key.to_string());
    // A short page would say that it is the last.
    assert_eq!(page.collect::<Vec<_>>(), ["a", "c"]);
    let keys = ["b", "e"].map(key);
    let found = store.find_entries(world.account, id, &keys, &[]).await;
    assert_eq!(found.unwrap().unwrap().len(), 1);
    let alone = store.find_entries(world.account, id, &keys[..1], &[]).await;
    assert!(
        matches!(alone, Err(StoreError::Corrupt { .. })),
        "{alone:?}"
    );
    let told = store.library_changes(id, 0, u64::MAX).await.unwrap();
    let numbers = told.changes.iter().map(|change| match change {
        LibraryChange::Added { number, .. } | LibraryChange::Removed { number } => *number,
    });
    assert_eq!(numbers.collect::<Vec<_>>(), [1, 2, 4, 5]);
    assert_eq!((told.reached, told.more), (5, false));
    // It can be removed all the same.
    let removed = store.delete_entries(world.account, id, &keys, world.now(), None);
    assert_eq!(removed.await.unwrap(), Some(2));
    while store.prune_libraries(world.now()).await.unwrap() {}
    let fingerprints = it
        .run("SELECT number FROM dna_fingerprints ORDER BY number")
        .1;
    assert_eq!(fingerprints.len(), 2);
}
