//! Assets and documents that cannot be read, damaged here by SQL, stop nothing but themselves, on either
//! engine.

use reelgate_domain::asset::{Asset, AssetId};
use reelgate_domain::document::DocumentKind;
use reelgate_domain::job::kind::ingest::SourceUrl;
use reelgate_domain::job::{
    CancelOutcome, CancelPolicy, Fault, FaultCode, Named, NewJob, Selector, StateName, StopMode,
};
use reelgate_store::{
    AssetFilter, Ending, Fenced, Gone, PutDocument, PutOutcome, RetryOutcome, StoreError,
};
use reelgate_testkit::fetching;

use crate::damage::{Damaged, Engine, NEWER_SPEC, on_both};

/// Ways to make an asset unreadable.
const DAMAGES: &[&str] = &[
    "UPDATE assets SET body = 'no JSON' WHERE key = '?1'",
    "UPDATE assets SET body = '{\"v\":99,\"data\":{}}' WHERE key = '?1'",
    "UPDATE assets SET bucket = '??' WHERE key = '?1'",
];

impl Damaged {
    async fn register(&self, count: usize) -> Vec<Asset> {
        let mut assets = Vec::new();
        for number in 0..count {
            assets.push(self.world.registered(&format!("{number}.mp4")).await);
        }
        assets
    }

    fn damage_asset(&self, asset: &Asset, damage: &str) {
        let damage = damage.replace("?1", asset.file.key.as_str());
        assert_eq!(self.run(&damage).0, 1, "{damage}");
    }
}

on_both!(a_listing_of_assets_passes_over_those_that_cannot_be_read);

async fn a_listing_of_assets_passes_over_those_that_cannot_be_read(engine: Engine) {
    let it = Damaged::new(engine).await;
    let assets = it.register(12).await;
    // The first, the last, and several in a row.
    for (number, index) in [0, 3, 4, 5, 6, 9, 11].into_iter().enumerate() {
        it.damage_asset(&assets[index], DAMAGES[number % DAMAGES.len()]);
    }
    let good = [1, 2, 7, 8, 10].map(|index: usize| assets[index].id);
    for oldest_first in [true, false] {
        let mut expected = good.to_vec();
        if !oldest_first {
            expected.reverse();
        }
        for size in 1..=6 {
            assert_eq!(pages(&it, oldest_first, size).await, expected, "{size}");
        }
    }
}

async fn pages(it: &Damaged, oldest_first: bool, size: u32) -> Vec<AssetId> {
    let mut filter = AssetFilter {
        oldest_first,
        ..AssetFilter::default()
    };
    let mut seen: Vec<AssetId> = Vec::new();
    loop {
        let (store, owner) = (&it.world.store, it.world.account);
        let page = store
            .list_assets(owner, filter.clone(), size)
            .await
            .unwrap();
        seen.extend(page.iter().map(|asset| asset.id));
        // A page that is not full says that there is none after it.
        if page.len() < size as usize {
            return seen;
        }
        filter.after = seen.last().copied();
    }
}

on_both!(an_asset_that_cannot_be_read_is_an_error_only_where_it_is_all_there_is);

async fn an_asset_that_cannot_be_read_is_an_error_only_where_it_is_all_there_is(engine: Engine) {
    let it = Damaged::new(engine).await;
    let (store, owner) = (&it.world.store, it.world.account);
    let [bad, good]: [Asset; 2] = it.register(2).await.try_into().unwrap();
    it.damage_asset(&bad, DAMAGES[0]);
    let found = store.assets(owner, &[bad.id, good.id]).await.unwrap();
    assert_eq!(found, [good]);
    let alone = store.assets(owner, &[bad.id]).await.unwrap_err();
    let by_file = store.asset_of_file(owner, &bad.file).await.unwrap_err();
    for error in [alone, by_file] {
        let named = format!("assets.body of row {} cannot be read", bad.id);
        assert!(error.to_string().starts_with(&named), "{error}");
        assert!(matches!(error, StoreError::Corrupt { .. }));
    }
    // Whoever wants to be rid of it can be.
    assert!(store.delete_asset(owner, bad.id, None).await.unwrap());
}

on_both!(an_asset_that_cannot_be_read_does_not_hold_its_job_up);

/// Whether its job was registered with it or brings another file under its name.
async fn an_asset_that_cannot_be_read_does_not_hold_its_job_up(engine: Engine) {
    let it = Damaged::new(engine).await;
    let world = &it.world;
    let store = &world.store;
    let [bad]: [Asset; 1] = it.register(1).await.try_into().unwrap();
    assert_eq!(world.claim_ids(1).await, [bad.job]);
    it.damage_asset(&bad, DAMAGES[0]);
    let file = bad.file.clone();
    let fetched = Asset {
        file,
        ..world.new_asset("unused.mp4")
    };
    let fetching = NewJob {
        id: fetched.job,
        ..world
            .new_job()
            .spec(fetching("http://h/a", "0.mp4"))
            .build()
    };
    world.submit(vec![fetching]).await;
    assert_eq!(world.claim_ids(1).await, [fetched.job]);
    for told in [&bad, &fetched] {
        let (job, follow_up) = (told.job, world.new_job().build());
        let queued = [follow_up.id];
        assert_eq!(world.publish(job, 1).await, Fenced::Done);
        let arrived = store.asset_arrived(job, 1, told.clone(), vec![follow_up]);
        assert_eq!(arrived.await.unwrap(), Fenced::Done);
        assert_eq!(store.jobs(world.account, &queued).await.unwrap(), []);
        let ended = world.finish(job, 1, Ending::Succeeded).await;
        assert_eq!(ended, Fenced::Done);
    }
    let unread = store.assets(world.account, &[bad.id]).await;
    assert!(matches!(unread, Err(StoreError::Corrupt { .. })));
}

on_both!(a_document_that_cannot_be_read_hides_no_others);

async fn a_document_that_cannot_be_read_hides_no_others(engine: Engine) {
    const KIND: DocumentKind = "vod.category";
    let it = Damaged::new(engine).await;
    let (store, owner) = (&it.world.store, it.world.account);
    let put = |id: &str| PutDocument {
        account: owner,
        kind: KIND,
        id: id.to_owned(),
        body: serde_json::json!(id),
        replaces: None,
        most: 9,
        now: it.world.now(),
    };
    for id in ["a", "b", "c"] {
        let stored = store.put_document(put(id), None).await.unwrap();
        assert!(matches!(stored, PutOutcome::Stored(_)), "{stored:?}");
    }
    let damage = "UPDATE documents SET body = 'no JSON' WHERE id = 'b'";
    assert_eq!(it.run(damage).0, 1);
    let found = store.documents(owner, KIND).await.unwrap();
    let found: Vec<_> = found.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(found, ["a", "c"]);
    let named = "documents.body of row vod.category b cannot be read";
    let alone = store.document(owner, KIND, "b").await.unwrap_err();
    assert!(alone.to_string().starts_with(named), "{alone}");
    let over_it = store.put_document(put("b"), None).await.unwrap_err();
    assert!(over_it.to_string().starts_with(named), "{over_it}");
    let deleted = store.delete_document(owner, KIND, "b", None).await;
    assert!(deleted.unwrap());
}

on_both!(addresses_of_one_hash_are_told_apart);

/// Half a hash is all that is stored of an address.
async fn addresses_of_one_hash_are_told_apart(engine: Engine) {
    let it = Damaged::new(engine).await;
    let (mut of_a, mut of_b) = (Vec::new(), Vec::new());
    let mut first = None;
    for address in [
        "http://h/a",
        "http://h/b",
        "http://h/a",
        "http://h/b",
        "http://h/b",
    ] {
        let new = it.world.new_job().spec(fetching(address, "a.mp4")).build();
        let id = it.world.submit(vec![new]).await[0].id;
        if address == "http://h/a" {
            of_a.insert(0, id);
            continue;
        }
        of_b.push(id);
        let hash = format!(
            "UPDATE job_sources SET hash = (SELECT hash FROM job_sources WHERE number = {}) \
             WHERE number = ?1",
            it.number(*first.get_or_insert(of_a[0])),
        );
        it.damage(id, &hash);
    }
    let url = SourceUrl::new("http://h/a").unwrap();
    let (store, owner) = (&it.world.store, it.world.account);
    for limit in [1, 2, 9] {
        let found = store.jobs_fetching(owner, &url, limit).await.unwrap();
        assert_eq!(found, of_a[..of_a.len().min(limit as usize)]);
    }
    // One that cannot be read is none of which it is known.
    it.damage(of_a[0], NEWER_SPEC);
    let found = store.jobs_fetching(owner, &url, 9).await.unwrap();
    assert_eq!(found, of_a[1..]);
    let cancel = async || {
        let selector = Selector::all(Named::SourceUrls(vec![url.clone()]));
        let (policy, mode) = (CancelPolicy::QueuedOnly, StopMode::Graceful);
        let outcomes = store.cancel(owner, selector, policy, mode, it.world.now(), None);
        outcomes.await.unwrap()
    };
    let id = of_a[1];
    let from = StateName::Queued;
    assert_eq!(cancel().await, [CancelOutcome::Cancelled { id, from }]);
    // Also when only what has ended is left of it, beside newer ones of the other.
    let state = StateName::Cancelled;
    let started = false;
    let told = CancelOutcome::Refused { id, state, started };
    assert_eq!(cancel().await, [told]);
    for other in of_b {
        assert_eq!(it.world.state(other).await, StateName::Queued);
    }
}

on_both!(a_cancel_by_address_walks_over_no_jobs_that_have_ended);

/// What it walks over is what is open.
async fn a_cancel_by_address_walks_over_no_jobs_that_have_ended(engine: Engine) {
    let it = Damaged::new(engine).await;
    let world = &it.world;
    let submit = async || {
        let new = world.new_job().spec(fetching("http://h/a", "a.mp4"));
        world.submit(vec![new.build()]).await[0].id
    };
    let claimed = async || {
        let id = submit().await;
        assert_eq!(world.claim_ids(1).await, [id]);
        id
    };
    let failed = |code| Ending::Failed {
        fault: Fault::new(code, "it did not work"),
        results: Vec::new(),
    };
    let succeeded = claimed().await;
    world.publish(succeeded, 1).await;
    world.finish(succeeded, 1, Ending::Succeeded).await;
    let broken = claimed().await;
    let fault = failed(FaultCode::SourceUnreadable);
    world.finish(broken, 1, fault.clone()).await;
    world.cancel(submit().await, CancelPolicy::Any).await;
    let stopped = claimed().await;
    world.cancel(stopped, CancelPolicy::Any).await;
    let (at, killed) = (world.now(), false);
    let gone = Ending::Stopped(Gone { at, killed });
    world.finish(stopped, 1, gone).await;
    for damage in [
        NEWER_SPEC,
        "UPDATE jobs SET attempt = 4294967295 WHERE number = ?1",
    ] {
        it.damage(submit().await, damage);
        assert_eq!(world.claim_ids(1).await, []);
    }
    let retried = claimed().await;
    world.finish(retried, 1, fault).await;
    assert_eq!(world.retry(retried).await, RetryOutcome::Queued);
    assert_eq!(world.claim_ids(1).await, [retried]);
    let delayed = claimed().await;
    let passing = failed(FaultCode::EngineFailed);
    world.finish(delayed, 1, passing).await;
    let queued = submit().await;
    let open = it.run("SELECT number FROM job_sources WHERE open ORDER BY number");
    let open: Vec<String> = open.1.into_iter().flatten().flatten().collect();
    let expected = [retried, delayed, queued].map(|id| it.number(id).to_string());
    assert_eq!(open, expected);
}
