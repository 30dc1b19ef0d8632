//! Documents: what dialects keep for accounts, replaced only as it was read.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use reelgate_domain::document::{Document, DocumentKind};
use reelgate_testkit::account;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::keyed::{keyed, made};
use super::{Home, World};
use crate::{DocumentWrite, DocumentsBelow, PutDocument, PutOutcome, StoreError, WriteOutcome};

const KIND: DocumentKind = "vod.category";

impl World {
    fn new_document(&self, id: &str, body: Value) -> PutDocument {
        PutDocument {
            account: self.account,
            kind: KIND,
            id: id.to_owned(),
            body,
            replaces: None,
            most: 100,
            now: self.now(),
        }
    }

    async fn put(&self, document: PutDocument) -> PutOutcome {
        let outcome = self.store.put_document(document, None).await;
        outcome.expect("put_document")
    }

    async fn stored(&self, document: PutDocument) -> Document {
        match self.put(document).await {
            PutOutcome::Stored(document) => document,
            other => panic!("{other:?}"),
        }
    }

    async fn document(&self, id: &str) -> Option<Document> {
        let found = self.store.document(self.account, KIND, id).await;
        found.expect("document")
    }

    async fn document_ids(&self) -> Vec<String> {
        let found = self.store.documents(self.account, KIND).await;
        let found = found.expect("documents").into_iter();
        found.map(|document| document.id).collect()
    }
}

pub async fn a_document_reads_back_and_counts_its_changes(home: &dyn Home) {
    let world = World::new(home).await;
    let odd = json!({"a": [1, -2.5, null, true], "ü\u{0}": "\u{0}\"'%\u{1f680}", "n": u64::MAX});
    let created_at = world.now();
    let first = world.stored(world.new_document("a", odd.clone())).await;
    let expected = Document {
        account: world.account,
        kind: KIND.to_owned(),
        id: "a".to_owned(),
        revision: 1,
        body: odd,
        created_at,
        modified_at: created_at,
    };
    assert_eq!(first, expected);
    assert_eq!(world.document("a").await, Some(expected.clone()));
    for (revision, body) in [(1, json!(null)), (2, json!([])), (3, json!("x"))] {
        world.clock.advance(Duration::from_secs(1));
        let changed = world
            .stored(PutDocument {
                replaces: Some(revision),
                ..world.new_document("a", body.clone())
            })
            .await;
        let expected = Document {
            revision: revision + 1,
            body,
            modified_at: world.now(),
            ..expected.clone()
        };
        assert_eq!(changed, expected);
        assert_eq!(world.document("a").await, Some(expected));
    }
    assert_eq!(world.document("A").await, None);
}

pub async fn a_document_is_replaced_only_as_it_was_read(home: &dyn Home) {
    let world = World::new(home).await;
    let put = async |replaces, body| {
        let new = world.new_document("a", json!(body));
        world.put(PutDocument { replaces, ..new }).await
    };
    assert_eq!(put(Some(1), 0).await, PutOutcome::Changed(None));
    let first = world.stored(world.new_document("a", json!(1))).await;
    let there = PutOutcome::Changed(Some(first.clone()));
    for replaces in [None, Some(0), Some(2)] {
        assert_eq!(put(replaces, 2).await, there, "{replaces:?}");
    }
    assert_eq!(world.document("a").await, Some(first));
    assert!(matches!(put(Some(1), 3).await, PutOutcome::Stored(_)));
    let again = put(Some(1), 4).await;
    let PutOutcome::Changed(Some(there)) = again else {
        panic!("{again:?}");
    };
    assert_eq!((there.revision, there.body), (2, json!(3)));
    let deleted = world.store.delete_document(world.account, KIND, "a", None);
    assert!(deleted.await.expect("delete_document"));
    assert_eq!(put(Some(2), 5).await, PutOutcome::Changed(None));
    let PutOutcome::Stored(anew) = put(None, 6).await else {
        panic!("it is gone");
    };
    assert_eq!(anew.revision, 1);
}

pub async fn documents_have_a_most_per_account_and_kind(home: &dyn Home) {
    let world = World::new(home).await;
    let put = async |id: &str, replaces| {
        let new = PutDocument {
            replaces,
            most: 2,
            ..world.new_document(id, json!({}))
        };
        world.put(new).await
    };
    let other_kind = PutDocument {
        kind: "vod.group",
        ..world.new_document("x", json!({}))
    };
    world.stored(other_kind).await;
    for id in ["a", "b"] {
        assert!(matches!(put(id, None).await, PutOutcome::Stored(_)));
    }
    assert_eq!(put("c", None).await, PutOutcome::Full);
    assert_eq!(world.document("c").await, None);
    // What is there can be changed all the same, and makes room when it goes.
    assert!(matches!(put("a", Some(1)).await, PutOutcome::Stored(_)));
    assert!(matches!(put("a", None).await, PutOutcome::Changed(Some(_))));
    let deleted = world.store.delete_document(world.account, KIND, "b", None);
    assert!(deleted.await.expect("delete_document"));
    assert!(matches!(put("c", None).await, PutOutcome::Stored(_)));
}

pub async fn of_many_that_store_documents_at_once_no_more_than_the_most_do(home: &dyn Home) {
    let world = World::new(home).await;
    let nodes = [
        Arc::clone(&world.store),
        home.open_beside(&world.store).await,
    ];
    let mut calls = JoinSet::new();
    for caller in 0..24 {
        let new = PutDocument {
            most: 5,
            ..world.new_document(&format!("{caller}"), json!(caller))
        };
        let store = Arc::clone(&nodes[caller % 2]);
        calls.spawn(async move { store.put_document(new, None).await.expect("put_document") });
    }
    let outcomes = calls.join_all().await;
    let stored = |it: &&PutOutcome| matches!(it, PutOutcome::Stored(_));
    assert_eq!(outcomes.iter().filter(stored).count(), 5, "{outcomes:?}");
    let full = outcomes.iter().filter(|it| **it == PutOutcome::Full);
    assert_eq!(full.count(), 19, "{outcomes:?}");
    assert_eq!(world.document_ids().await.len(), 5);
}

pub async fn of_many_that_replace_a_document_at_once_one_does(home: &dyn Home) {
    let world = World::new(home).await;
    let nodes = [
        Arc::clone(&world.store),
        home.open_beside(&world.store).await,
    ];
    for round in 0..5 {
        let mut calls = JoinSet::new();
        for caller in 0..8 {
            let new = PutDocument {
                replaces: (round > 0).then_some(round),
                ..world.new_document("a", json!(caller))
            };
            let store = Arc::clone(&nodes[caller % 2]);
            calls.spawn(async move { store.put_document(new, None).await.expect("put_document") });
        }
        let (mut winners, mut seen) = (Vec::new(), Vec::new());
        for outcome in calls.join_all().await {
            match outcome {
                PutOutcome::Stored(document) => winners.push(document),
                PutOutcome::Changed(Some(document)) => seen.push(document),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((winners.len(), seen.len()), (1, 7));
        assert!(seen.iter().all(|document| *document == winners[0]));
        assert_eq!(world.document("a").await, winners.pop());
    }
}

pub async fn documents_are_listed_by_their_ids(home: &dyn Home) {
    let world = World::new(home).await;
    let ids = ["b", "a-b", "ä", "B", "aa", "a\u{0}", "a b", "10", "9"];
    for id in ids {
        world.stored(world.new_document(id, json!(id))).await;
    }
    // By their bytes, whatever an engine knows of languages.
    let in_order: BTreeSet<String> = ids.iter().map(|id| id.replace('\0', "\u{fffd}")).collect();
    let in_order: Vec<String> = in_order.into_iter().collect();
    assert_eq!(world.document_ids().await, in_order);
    let odd = world.document("a\u{0}").await.expect("it is there");
    assert_eq!((odd.id.as_str(), odd.body), ("a\u{fffd}", json!("a\u{0}")));
    let deleted = world
        .store
        .delete_document(world.account, KIND, "a\u{0}", None);
    assert!(deleted.await.expect("delete_document"));
    assert_eq!(world.document_ids().await.len(), ids.len() - 1);
}

pub async fn documents_below_a_prefix_are_listed_page_by_page(home: &dyn Home) {
    let world = World::new(home).await;
    for id in ["p/1", "p/3", "p/2", "p", "p0", "o/9", "p/", "p-1", "q/1"] {
        world.stored(world.new_document(id, json!(id))).await;
    }
    let below = async |prefix: &str, skip, limit| {
        let below = DocumentsBelow {
            account: world.account,
            kind: KIND,
            prefix: prefix.to_owned(),
            skip,
            limit,
        };
        let found = world.store.documents_below(below).await;
        let (documents, total) = found.expect("documents_below");
        let ids = documents.into_iter().map(|document| document.id);
        (ids.collect::<Vec<_>>().join(" "), total)
    };
    assert_eq!(below("p/", 0, 9).await, ("p/ p/1 p/2 p/3".to_owned(), 4));
    assert_eq!(below("p/", 1, 2).await, ("p/1 p/2".to_owned(), 4));
    assert_eq!(below("p/", 4, 2).await, (String::new(), 4));
    assert_eq!(below("n/", 0, 2).await, (String::new(), 0));
}

pub async fn several_documents_change_together_or_not_at_all(home: &dyn Home) {
    let world = World::new(home).await;
    let put = |id: &str, replaces| {
        DocumentWrite::Put(PutDocument {
            replaces,
            most: 3,
            ..world.new_document(id, json!({"is": id}))
        })
    };
    let forget = |id: &str, revision| DocumentWrite::Forget {
        kind: KIND,
        id: id.to_owned(),
        revision,
    };
    let write = async |writes: Vec<DocumentWrite>| {
        let outcome = world.store.write_documents(world.account, writes, None);
        outcome.await.expect("write_documents")
    };
    let ids = async || world.document_ids().await.join(" ");
    let both = vec![put("a", None), put("b", None)];
    assert_eq!(write(both.clone()).await, WriteOutcome::Written);
    assert_eq!(ids().await, "a b");
    // What is there is not new.
    let again = vec![put("c", None), put("a", None)];
    assert_eq!(write(again).await, WriteOutcome::Changed { at: 1 });
    let stale = vec![put("a", Some(1)), forget("b", 2)];
    assert_eq!(write(stale).await, WriteOutcome::Changed { at: 1 });
    let gone = vec![put("c", None), forget("x", 1)];
    assert_eq!(write(gone).await, WriteOutcome::Changed { at: 1 });
    let many = vec![put("c", None), put("d", None)];
    assert_eq!(write(many).await, WriteOutcome::Full { at: 1 });
    let unfit = vec![put("c", None), put("", None)];
    assert_eq!(write(unfit).await, WriteOutcome::Unfit { at: 1 });
    assert_eq!(ids().await, "a b");
    assert_eq!(world.document("a").await.expect("a").revision, 1);
    // What goes makes room for what comes.
    let moved = vec![
        put("a", Some(1)),
        forget("b", 1),
        put("c", None),
        put("d", None),
    ];
    assert_eq!(write(moved).await, WriteOutcome::Written);
    assert_eq!(ids().await, "a c d");
    assert_eq!(world.document("a").await.expect("a").revision, 2);
    let foreign = world
        .store
        .write_documents(account(5), vec![forget("a", 2)], None);
    assert_eq!(
        foreign.await.expect("write_documents"),
        WriteOutcome::Changed { at: 0 }
    );
}

pub async fn of_many_that_change_documents_together_one_does(home: &dyn Home) {
    let world = World::new(home).await;
    let nodes = [
        Arc::clone(&world.store),
        home.open_beside(&world.store).await,
    ];
    world.stored(world.new_document("count", json!(0))).await;
    let mut calls = JoinSet::new();
    for caller in 0..8 {
        let count = PutDocument {
            replaces: Some(1),
            ..world.new_document("count", json!(caller))
        };
        let own = world.new_document(&format!("own/{caller}"), json!(caller));
        let writes = vec![DocumentWrite::Put(own), DocumentWrite::Put(count)];
        let store = Arc::clone(&nodes[caller % 2]);
        let account = world.account;
        calls.spawn(async move {
            let outcome = store.write_documents(account, writes, None).await;
            outcome.expect("write_documents")
        });
    }
    let outcomes = calls.join_all().await;
    let of = |outcome| outcomes.iter().filter(|it| **it == outcome).count();
    assert_eq!(of(WriteOutcome::Written), 1, "{outcomes:?}");
    assert_eq!(of(WriteOutcome::Changed { at: 1 }), 7, "{outcomes:?}");
    let count = world.document("count").await.expect("it is there");
    let ids = world.document_ids().await;
    assert_eq!(ids, ["count".to_owned(), format!("own/{}", count.body)]);
}

pub async fn a_document_that_is_too_long_is_unfit(home: &dyn Home) {
    let world = World::new(home).await;
    let longest = "x".repeat(128);
    let body = |bytes: usize| json!("y".repeat(bytes - 2));
    let most = Document::MAX_BYTES;
    world.stored(world.new_document(&longest, body(most))).await;
    for (id, body) in [
        ("", json!(1)),
        (&*format!("{longest}x"), json!(1)),
        ("a", body(most + 1)),
    ] {
        let new = world.new_document(id, body);
        assert_eq!(world.put(new).await, PutOutcome::Unfit);
    }
    assert_eq!(world.document_ids().await, [longest]);
}

pub async fn documents_of_another_account_do_not_exist(home: &dyn Home) {
    let world = World::new(home).await;
    world.stored(world.new_document("a", json!(1))).await;
    let (store, foreign) = (&world.store, account(2));
    let found = store.document(foreign, KIND, "a").await;
    assert_eq!(found.expect("document"), None);
    let found = store.documents(foreign, KIND).await;
    assert_eq!(found.expect("documents"), []);
    let deleted = store.delete_document(foreign, KIND, "a", None).await;
    assert!(!deleted.expect("delete_document"));
    let other = world.add_tenant(2).await;
    let theirs = PutDocument {
        account: other,
        most: 1,
        ..world.new_document("a", json!(2))
    };
    world.stored(theirs).await;
    assert_eq!(world.document("a").await.map(|it| it.body), Some(json!(1)));
}

pub async fn documents_are_stored_and_deleted_once(home: &dyn Home) {
    let world = World::new(home).await;
    let put = async |id: &str, call| {
        let new = world.new_document(id, json!(1));
        world.store.put_document(new, Some(keyed(call, id))).await
    };
    assert!(matches!(put("a", 1).await, Ok(PutOutcome::Stored(_))));
    let again = put("b", 1).await;
    assert!(matches!(again, Err(StoreError::Replayed)), "{again:?}");
    // Nothing was stored, so the call is left.
    assert!(matches!(put("a", 2).await, Ok(PutOutcome::Changed(_))));
    assert_eq!(made(&world, keyed(2, "")).await, None);
    assert!(matches!(put("b", 2).await, Ok(PutOutcome::Stored(_))));
    let delete = async |id: &str, call| {
        let call = Some(keyed(call, id));
        world
            .store
            .delete_document(world.account, KIND, id, call)
            .await
    };
    assert!(delete("a", 3).await.expect("delete_document"));
    let again = delete("b", 3).await;
    assert!(matches!(again, Err(StoreError::Replayed)), "{again:?}");
    assert_eq!(world.document_ids().await, ["b"]);
    // A signed call is used up by any answer.
    let signed = || reelgate_domain::access::Once {
        note: None,
        ..keyed(4, "")
    };
    let missing = world
        .store
        .delete_document(world.account, KIND, "none", Some(signed()));
    assert!(!missing.await.expect("delete_document"));
    let used = world.store.use_once(signed()).await;
    assert!(matches!(used, Err(StoreError::Replayed)), "{used:?}");
}
