//! Finding assets, listing, changing and deleting them.

use std::time::Duration;

use reelgate_domain::Timestamp;
use reelgate_domain::asset::{Asset, AssetChange, AssetDetails, AssetId};
use reelgate_testkit::{account, object};

use super::keyed::{keyed, made};
use super::{Home, World};
use crate::{AssetFilter, ChangeAsset, RegisterAsset, RegisterOutcome, StoreError};

async fn change(world: &World, id: AssetId, change: AssetChange) -> ChangeAsset {
    let changed = world
        .store
        .change_asset(world.account, id, change, world.now(), None)
        .await;
    changed.expect("change_asset")
}

fn reference(reference: &str) -> AssetChange {
    AssetChange {
        reference: Some(Some(reference.to_owned())),
        ..AssetChange::default()
    }
}

async fn referred(world: &World, references: &[&str]) -> Vec<AssetId> {
    let references: Vec<String> = references.iter().map(|it| (*it).to_owned()).collect();
    let found = world
        .store
        .assets_referred(world.account, &references)
        .await;
    let found = found.expect("assets_referred").into_iter();
    found.map(|asset| asset.id).collect()
}

pub async fn assets_are_found_by_their_ids_references_and_files(home: &dyn Home) {
    let world = World::new(home).await;
    let mut assets = ["a.mp4", "b.mp4", "c.mp4"].map(|key| world.new_asset(key));
    for (asset, name) in assets.iter_mut().zip(["one", "zw\u{0}ei", ""]) {
        asset.details.reference = Some(name.into());
    }
    world.register(&assets).await;
    // What not every engine can hold comes back as what says that it was there.
    assets[1].details.reference = Some("zw\u{fffd}ei".into());
    let [a, b, c] = assets.each_ref().map(|asset| asset.id);
    let stranger = AssetId::from_bytes([9; 16]);
    let found = world.assets(&[c, stranger, a, c, b]).await;
    assert_eq!(found, [2, 0, 1].map(|place| assets[place].clone()));
    let names = ["", "none", "zw\u{0}ei", "one", "zw\u{fffd}ei"];
    assert_eq!(referred(&world, &names).await, [c, b, a]);
    assert_eq!(world.assets(&[]).await, []);
    for asset in &assets {
        let found = world.store.asset_of_file(world.account, &asset.file).await;
        assert_eq!(found.expect("asset_of_file").as_ref(), Some(asset));
    }
    let none = world
        .store
        .asset_of_file(world.account, &object("A.mp4"))
        .await;
    assert_eq!(none.expect("asset_of_file"), None);
}

pub async fn assets_of_another_account_do_not_exist(home: &dyn Home) {
    let world = World::new(home).await;
    let mut asset = world.new_asset("a.mp4");
    asset.details.reference = Some("mine".into());
    world.register(std::slice::from_ref(&asset)).await;
    let (store, foreign, id) = (&world.store, account(2), asset.id);
    assert_eq!(store.assets(foreign, &[id]).await.expect("assets"), []);
    let found = store.assets_referred(foreign, &["mine".into()]).await;
    assert_eq!(found.expect("assets_referred"), []);
    let found = store.asset_of_file(foreign, &asset.file).await;
    assert_eq!(found.expect("asset_of_file"), None);
    let listed = store.list_assets(foreign, AssetFilter::default(), 9).await;
    assert_eq!(listed.expect("list_assets"), []);
    let changed = store
        .change_asset(foreign, id, reference("theirs"), world.now(), None)
        .await;
    assert_eq!(changed.expect("change_asset"), ChangeAsset::Missing);
    let deleted = store.delete_asset(foreign, id, None).await;
    assert!(!deleted.expect("delete_asset"));
    let jobs = store.asset_jobs(foreign, id, 9).await;
    assert_eq!(jobs.expect("asset_jobs"), []);
    let submission = world.job(asset.job).await.submission;
    let jobs = store.submission_jobs(foreign, submission).await;
    assert_eq!(jobs.expect("submission_jobs"), None);
    assert_eq!(world.asset(id).await, asset);
}

pub async fn every_listing_of_assets_agrees_with_a_plain_filter(home: &dyn Home) {
    let world = World::new(home).await;
    let start = world.now();
    let mut assets = Vec::new();
    for number in 0..24 {
        let mut asset = world.new_asset(&format!("{number}.mp4"));
        asset.details.category = [None, Some(0), Some(u64::MAX)][number % 3];
        world.register(std::slice::from_ref(&asset)).await;
        assets.push(asset);
        if number % 4 == 3 {
            world.clock.advance(Duration::from_millis(5));
        }
    }
    let times = |step: u64| Some(start.after(Duration::from_millis(step)));
    let (froms, tos) = (
        [None, times(0), times(6), times(99)],
        [None, times(0), times(15)],
    );
    for category in [None, Some(0), Some(u64::MAX), Some(7)] {
        for oldest_first in [false, true] {
            for (created_from, created_to) in pairs(&froms, &tos) {
                let filter = AssetFilter {
                    category,
                    created_from,
                    created_to,
                    after: None,
                    oldest_first,
                };
                let expected = plain(&assets, &filter);
                assert_eq!(pages(&world, &filter, 100).await, expected, "{filter:?}");
                assert_eq!(pages(&world, &filter, 5).await, expected, "{filter:?}");
            }
        }
    }
    let none = world
        .store
        .list_assets(world.account, AssetFilter::default(), 0)
        .await;
    assert_eq!(none.expect("list_assets"), []);
}

type Time = Option<Timestamp>;

fn pairs(froms: &[Time], tos: &[Time]) -> Vec<(Time, Time)> {
    let pairs = froms
        .iter()
        .flat_map(|from| tos.iter().map(move |to| (*from, *to)));
    pairs.collect()
}

/// What a listing shows, from first to last.
fn plain(assets: &[Asset], filter: &AssetFilter) -> Vec<AssetId> {
    let wanted = |asset: &&Asset| {
        let category = asset.details.category;
        filter
            .category
            .is_none_or(|wanted| category == Some(wanted))
            && filter
                .created_from
                .is_none_or(|from| asset.created_at >= from)
            && filter.created_to.is_none_or(|to| asset.created_at <= to)
    };
    let mut ids: Vec<AssetId> = assets.iter().filter(wanted).map(|it| it.id).collect();
    ids.sort_unstable();
    if !filter.oldest_first {
        ids.reverse();
    }
    ids
}

async fn pages(world: &World, filter: &AssetFilter, limit: u32) -> Vec<AssetId> {
    let (mut ids, mut filter) = (Vec::new(), filter.clone());
    loop {
        let page = world
            .store
            .list_assets(world.account, filter.clone(), limit);
        let page = page.await.expect("list_assets");
        ids.extend(page.iter().map(|asset| asset.id));
        if page.len() < limit as usize {
            return ids;
        }
        filter.after = ids.last().copied();
    }
}

pub async fn a_change_of_an_asset_leaves_what_it_does_not_name(home: &dyn Home) {
    let world = World::new(home).await;
    let asset = world.registered("a.mp4").await;
    let mut expected = asset.details.clone();
    let all = AssetChange {
        title: Some("A".into()),
        description: Some(Some("B".into())),
        tags: Some(vec!["c".into()]),
        category: Some(Some(4)),
        cover_url: Some(Some("https://example.com/e".into())),
        reference: Some(Some("f".into())),
    };
    let everything = AssetDetails {
        title: "A".into(),
        description: Some("B".into()),
        tags: vec!["c".into()],
        category: Some(4),
        cover_url: Some("https://example.com/e".into()),
        reference: Some("f".into()),
    };
    let some = AssetChange {
        description: Some(None),
        category: Some(None),
        reference: Some(None),
        ..AssetChange::default()
    };
    let steps = [
        (AssetChange::default(), expected.clone()),
        (all, everything.clone()),
        (AssetChange::default(), everything.clone()),
    ];
    for (step, details) in steps {
        world.clock.advance(Duration::from_secs(1));
        expected = details;
        let changed = Asset {
            details: expected.clone(),
            modified_at: world.now(),
            ..asset.clone()
        };
        let outcome = change(&world, asset.id, step).await;
        assert_eq!(outcome, ChangeAsset::Changed(Box::new(changed.clone())));
        assert_eq!(world.asset(asset.id).await, changed);
    }
    assert_eq!(referred(&world, &["f"]).await, [asset.id]);
    change(&world, asset.id, some).await;
    let left = world.asset(asset.id).await.details;
    expected = AssetDetails {
        description: None,
        category: None,
        reference: None,
        ..everything
    };
    assert_eq!(left, expected);
    assert_eq!(referred(&world, &["f"]).await, []);
    let of_category = AssetFilter {
        category: Some(4),
        ..AssetFilter::default()
    };
    assert_eq!(pages(&world, &of_category, 9).await, []);
    let missing = change(&world, AssetId::from_bytes([9; 16]), AssetChange::default()).await;
    assert_eq!(missing, ChangeAsset::Missing);
}

pub async fn a_reference_is_free_again_once_it_is_given_up(home: &dyn Home) {
    let world = World::new(home).await;
    let (first, second) = (
        world.registered("a.mp4").await,
        world.registered("b.mp4").await,
    );
    let changed = change(&world, first.id, reference("mine")).await;
    assert!(matches!(changed, ChangeAsset::Changed(_)));
    let taken = change(&world, second.id, reference("mine")).await;
    assert_eq!(taken, ChangeAsset::ReferenceTaken(first.id));
    assert_eq!(world.asset(second.id).await, second);
    // Its own is none of another's.
    let kept = change(&world, first.id, reference("mine")).await;
    assert!(matches!(kept, ChangeAsset::Changed(_)));
    let given_up = AssetChange {
        reference: Some(None),
        ..AssetChange::default()
    };
    change(&world, first.id, given_up).await;
    let changed = change(&world, second.id, reference("mine")).await;
    assert!(matches!(changed, ChangeAsset::Changed(_)));
    let deleted = world
        .store
        .delete_asset(world.account, second.id, None)
        .await;
    assert!(deleted.expect("delete_asset"));
    let changed = change(&world, first.id, reference("mine")).await;
    assert!(matches!(changed, ChangeAsset::Changed(_)));
    assert_eq!(referred(&world, &["mine"]).await, [first.id]);
}

pub async fn a_deleted_asset_is_gone_and_its_file_can_be_registered_again(home: &dyn Home) {
    let world = World::new(home).await;
    let asset = world.registered("a.mp4").await;
    let delete = async || {
        let deleted = world
            .store
            .delete_asset(world.account, asset.id, None)
            .await;
        deleted.expect("delete_asset")
    };
    assert!(delete().await);
    assert!(!delete().await);
    assert_eq!(world.assets(&[asset.id]).await, []);
    assert_eq!(pages(&world, &AssetFilter::default(), 9).await, []);
    assert_eq!(world.job(asset.job).await.id, asset.job, "its job stays");
    let again = world.new_asset("a.mp4");
    let outcome = world.register(std::slice::from_ref(&again)).await;
    assert_eq!(outcome, RegisterOutcome::Done(vec![RegisterAsset::Made]));
    assert_eq!(pages(&world, &AssetFilter::default(), 9).await, [again.id]);
}

pub async fn changes_and_deletions_of_assets_count_once(home: &dyn Home) {
    let world = World::new(home).await;
    let (store, owner) = (&world.store, world.account);
    let [first, second] = [
        world.registered("a.mp4").await,
        world.registered("b.mp4").await,
    ];
    let rename = async |id, name: &str, number| {
        let call = Some(keyed(number, id));
        store
            .change_asset(owner, id, reference(name), world.now(), call)
            .await
    };
    let changed = rename(first.id, "a", 1).await;
    assert!(
        matches!(changed, Ok(ChangeAsset::Changed(_))),
        "{changed:?}"
    );
    let again = rename(second.id, "b", 1).await;
    assert!(matches!(again, Err(StoreError::Replayed)), "{again:?}");
    assert_eq!(world.asset(second.id).await, second);
    let refused = rename(second.id, "a", 2).await.expect("change_asset");
    assert_eq!(refused, ChangeAsset::ReferenceTaken(first.id));
    assert_eq!(made(&world, keyed(2, "")).await, None);

    let delete = async |id, number| store.delete_asset(owner, id, Some(keyed(number, id))).await;
    let stranger = AssetId::from_bytes([9; 16]);
    assert!(!delete(stranger, 3).await.expect("delete_asset"));
    assert!(delete(first.id, 3).await.expect("delete_asset"));
    let again = delete(second.id, 3).await;
    assert!(matches!(again, Err(StoreError::Replayed)), "{again:?}");
    assert_eq!(world.assets(&[first.id, second.id]).await, [second]);
}
