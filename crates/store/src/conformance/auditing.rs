//! The audit: what was called, found again by any part of it.

use std::net::IpAddr;
use std::time::Duration;

use reelgate_domain::access::{AuditEntry, AuditRecord};
use reelgate_domain::{AccountId, Timestamp};
use reelgate_testkit::account;

use super::{Home, World};
use crate::AuditFilter;

fn record(owner: Option<AccountId>, at: Timestamp, number: usize) -> AuditRecord {
    AuditRecord {
        at,
        account: owner,
        principal: format!("acs:ram::1000000000000001:user/u{}", number % 3),
        key_id: (!number.is_multiple_of(5)).then(|| "AKID".to_owned()),
        dialect: "mts".into(),
        action: format!("mts:Action{}", number % 4),
        resource: (!number.is_multiple_of(3)).then(|| format!("acs:mts:*:1:job/{}", number % 2)),
        source: (!number.is_multiple_of(7)).then(|| source(number)),
        allowed: !number.is_multiple_of(6),
        reason: number
            .is_multiple_of(6)
            .then(|| "no statement allows it".to_owned()),
        status: if number.is_multiple_of(6) { 403 } else { 200 },
        code: number.is_multiple_of(6).then(|| "Forbidden.RAM".to_owned()),
        request_id: format!("R{number}"),
    }
}

fn source(number: usize) -> IpAddr {
    let text = if number.is_multiple_of(2) {
        "2001:db8::1"
    } else {
        "192.0.2.1"
    };
    text.parse().expect("it is an address")
}

/// Sixty calls, two a second, of two accounts and of nobody known.
async fn calls(world: &World) -> Vec<AuditRecord> {
    let owners = [Some(account(1)), Some(account(1)), Some(account(2)), None];
    let records: Vec<_> = (0..60)
        .map(|number| {
            let at = world.now().after(Duration::from_secs(number as u64 / 2));
            record(owners[number % 4], at, number)
        })
        .collect();
    for batch in records.chunks(25) {
        world.store.record(batch.to_vec()).await.expect("record");
    }
    records
}

async fn list(world: &World, filter: AuditFilter, limit: u32) -> Vec<AuditEntry> {
    world.store.audit(filter, limit).await.expect("audit")
}

fn records(entries: Vec<AuditEntry>) -> Vec<AuditRecord> {
    entries.into_iter().map(|it| it.record).collect()
}

pub async fn calls_read_back_newest_first(home: &dyn Home) {
    let world = World::new(home).await;
    world.store.record(vec![]).await.expect("record");
    assert_eq!(list(&world, AuditFilter::default(), 9).await, []);
    let mut expected = calls(&world).await;
    expected.reverse();
    let found = list(&world, AuditFilter::default(), 100).await;
    assert!(found.is_sorted_by(|a, b| a.number > b.number));
    assert_eq!(records(found), expected);
}

/// The flushes of several callers may meet, and a clock may be set back.
pub async fn calls_are_in_the_order_of_their_times_however_they_came(home: &dyn Home) {
    let world = World::new(home).await;
    let at = |second: usize| world.now().after(Duration::from_secs(second as u64));
    let seconds = [3, 1, 2, 1, 3, 0];
    for (number, second) in seconds.into_iter().enumerate() {
        let call = record(None, at(second), number);
        world.store.record(vec![call]).await.expect("record");
    }
    let found = records(list(&world, AuditFilter::default(), 9).await);
    let found: Vec<_> = found.iter().map(|it| it.request_id.as_str()).collect();
    assert_eq!(found, ["R4", "R0", "R2", "R3", "R1", "R5"]);
}

/// More calls than a millisecond has room for.
pub async fn very_many_calls_at_one_time_are_all_kept(home: &dyn Home) {
    let world = World::new(home).await;
    let calls: Vec<_> = (0..5000).map(|it| record(None, world.now(), it)).collect();
    for batch in calls.chunks(1700) {
        world.store.record(batch.to_vec()).await.expect("record");
    }
    let mut found = records(list(&world, AuditFilter::default(), 6000).await);
    found.reverse();
    assert_eq!(found, calls);
}

pub async fn pages_of_calls_follow_each_other_without_gaps(home: &dyn Home) {
    let world = World::new(home).await;
    let mut expected = calls(&world).await;
    expected.retain(|it| it.account == Some(world.account));
    expected.reverse();
    let mut found = Vec::new();
    let mut before = None;
    loop {
        let filter = AuditFilter {
            account: Some(world.account),
            before,
            ..AuditFilter::default()
        };
        let page = list(&world, filter, 7).await;
        let Some(last) = page.last() else { break };
        before = Some(last.number);
        found.extend(records(page));
    }
    assert_eq!(found, expected);
}

pub async fn every_combination_of_audit_filters_agrees_with_a_plain_filter(home: &dyn Home) {
    let world = World::new(home).await;
    let calls = calls(&world).await;
    let principal = Some("acs:ram::1000000000000001:user/u1".to_owned());
    let resource = Some("acs:mts:*:1:job/1".to_owned());
    let second = |number| Some(world.now().after(Duration::from_secs(number)));
    let mut combinations = vec![AuditFilter::default()];
    let mut with = |set: &dyn Fn(&mut AuditFilter)| {
        let more = combinations.clone().into_iter().map(|mut filter| {
            set(&mut filter);
            filter
        });
        combinations = combinations.clone().into_iter().chain(more).collect();
    };
    with(&|it| it.account = Some(account(1)));
    with(&|it| it.principal = principal.clone());
    with(&|it| it.action = Some("mts:Action1".into()));
    with(&|it| it.resource = resource.clone());
    with(&|it| it.request_id = Some("R13".into()));
    with(&|it| it.allowed = Some(true));
    with(&|it| it.from = second(5));
    with(&|it| it.to = second(20));
    let refused = combinations
        .clone()
        .into_iter()
        .filter(|it| it.allowed.is_some());
    let refused = refused.map(|filter| AuditFilter {
        allowed: Some(false),
        ..filter
    });
    let combinations: Vec<_> = combinations.iter().cloned().chain(refused).collect();
    assert_eq!(combinations.len(), 384);
    let mut hits = 0;
    for filter in combinations {
        let mut expected: Vec<_> = calls
            .iter()
            .filter(|it| fits(it, &filter))
            .cloned()
            .collect();
        expected.reverse();
        hits += expected.len();
        let found = list(&world, filter.clone(), 100).await;
        assert_eq!(records(found), expected, "{filter:?}");
    }
    assert!(hits > 384, "the filters find something");
}

fn fits(it: &AuditRecord, filter: &AuditFilter) -> bool {
    fn same<T: PartialEq>(wanted: Option<&T>, is: Option<&T>) -> bool {
        wanted.is_none_or(|wanted| is == Some(wanted))
    }
    same(filter.account.as_ref(), it.account.as_ref())
        && same(filter.principal.as_ref(), Some(&it.principal))
        && same(filter.action.as_ref(), Some(&it.action))
        && same(filter.resource.as_ref(), it.resource.as_ref())
        && same(filter.request_id.as_ref(), Some(&it.request_id))
        && same(filter.allowed.as_ref(), Some(&it.allowed))
        && filter.from.is_none_or(|from| it.at >= from)
        && filter.to.is_none_or(|to| it.at <= to)
}

pub async fn old_calls_leave_the_audit_step_by_step(home: &dyn Home) {
    let world = World::new(home).await;
    let calls = calls(&world).await;
    let before = world.now().after(Duration::from_secs(20));
    let left = async || list(&world, AuditFilter::default(), 100).await.len();
    // Forty of them are older.
    for expected in [45, 30] {
        assert!(
            world
                .store
                .prune(world.now(), before, 15)
                .await
                .expect("prune")
        );
        assert_eq!(left().await, expected);
    }
    assert!(
        !world
            .store
            .prune(world.now(), before, 15)
            .await
            .expect("prune")
    );
    let mut found = records(list(&world, AuditFilter::default(), 100).await);
    found.reverse();
    assert_eq!(found, calls[40..]);
}

/// One engine cut them, the other did not.
pub async fn long_texts_are_kept_and_found_by_their_beginnings(home: &dyn Home) {
    let world = World::new(home).await;
    // The bytes of a character stay together.
    let text = |begin: &str| format!("{begin}{}", "\u{e9}".repeat(5000));
    let record = AuditRecord {
        principal: text("p"),
        action: text("a"),
        resource: Some(text("r")),
        request_id: text("q"),
        ..record(Some(account(1)), world.now(), 1)
    };
    world.store.record(vec![record]).await.expect("record");
    let filters = [
        AuditFilter {
            principal: Some(text("p")),
            action: Some(text("a")),
            resource: Some(text("r")),
            ..AuditFilter::default()
        },
        AuditFilter {
            request_id: Some(text("q")),
            ..AuditFilter::default()
        },
    ];
    for filter in filters {
        let found = list(&world, filter, 10).await;
        assert_eq!(found.len(), 1);
        let kept = &found[0].record;
        let lengths = [&kept.principal, &kept.action, &kept.request_id].map(String::len);
        assert_eq!(lengths, [1999; 3]);
        assert_eq!(kept.resource.as_ref().map(String::len), Some(1999));
    }
}

pub async fn the_audit_is_there_after_a_reopen(home: &dyn Home) {
    let world = World::new(home).await;
    calls(&world).await;
    let found = list(&world, AuditFilter::default(), 100).await;
    let World { store, .. } = world;
    drop(store);
    let store = home.open().await;
    let again = store.audit(AuditFilter::default(), 100).await;
    assert_eq!(again.expect("audit"), found);
}
