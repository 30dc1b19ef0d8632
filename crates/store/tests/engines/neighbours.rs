//! Two nodes on one PostgreSQL that change access at the same moment: limits hold, calls count once,
//! records are all kept.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use reelgate_domain::AccountId;
use reelgate_domain::access::{
    AccessKey, AuditRecord, Grantee, Once, Owner, PolicyRef, User, UserId, UserName,
};
use reelgate_store::conformance::first_account;
use reelgate_store::{
    AccessStore, Attach, AuditFilter, Create, CreateAccount, PostgresOptions, PostgresStore, Store,
    StoreError,
};
use reelgate_testkit::{FixedClock, Ids, Postgres, account};
use tokio::task::JoinSet;

type Nodes = [Arc<PostgresStore>; 2];

async fn open(url: &str) -> Arc<PostgresStore> {
    let store = PostgresStore::open(PostgresOptions::new(url)).await;
    Arc::new(store.expect("it opens"))
}

/// Two nodes and the first account.
async fn nodes() -> (Nodes, AccountId) {
    let url = Postgres::shared().database();
    let nodes = [open(&url).await, open(&url).await];
    let new = first_account(&Ids::seeded(1), FixedClock::START);
    let account = new.account.id;
    let created = nodes[0].create_account(new, None).await.unwrap();
    assert_eq!(created, CreateAccount::Created);
    (nodes, account)
}

/// What comes of so many calls that are made at once, every other one on the other node.
async fn at_once<T, F>(
    nodes: &Nodes,
    count: usize,
    call: impl Fn(Arc<PostgresStore>, usize) -> F,
) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut calls = JoinSet::new();
    for number in 0..count {
        calls.spawn(call(Arc::clone(&nodes[number % 2]), number));
    }
    calls.join_all().await
}

fn key(account: AccountId, owner: Owner, number: usize) -> AccessKey {
    AccessKey {
        id: format!("K{number}"),
        account,
        owner,
        sealed: vec![1],
        active: true,
        expires_at: None,
        created_at: FixedClock::START,
    }
}

fn count<T: PartialEq>(outcomes: &[T], wanted: &T) -> usize {
    outcomes.iter().filter(|it| *it == wanted).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_has_no_more_keys_than_it_may_have() {
    let (nodes, account) = nodes().await;
    let outcomes = at_once(&nodes, 130, move |node, number| async move {
        node.create_access_key(key(account, Owner::Account, number), None)
            .await
            .unwrap()
    });
    let outcomes = outcomes.await;
    // The account was made with one.
    assert_eq!(
        count(&outcomes, &Create::Created),
        AccessKey::MOST as usize - 1
    );
    assert_eq!(count(&outcomes, &Create::TooMany), 31);
    let keys = nodes[0].access_keys(account).await.unwrap();
    assert_eq!(keys.len(), AccessKey::MOST as usize);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_has_no_more_policies_than_it_may_have() {
    let (nodes, account) = nodes().await;
    let outcomes = at_once(&nodes, 40, move |node, number| async move {
        let user = Grantee::User(UserName::new(User::ADMIN).unwrap());
        let policy = PolicyRef::System(format!("Policy{number}"));
        node.attach(account, &user, &policy).await.unwrap()
    });
    let outcomes = outcomes.await;
    // The user was made with one.
    let most = Grantee::MOST_POLICIES as usize;
    assert_eq!(count(&outcomes, &Attach::Attached), most - 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_user_leaves_no_key_behind() {
    let (nodes, account) = nodes().await;
    for round in 0..30 {
        let name = UserName::new(format!("user{round}").as_str()).unwrap();
        let user = User {
            account,
            name: name.clone(),
            id: UserId::from_bytes([round; 16]),
            has_password: false,
            created_at: FixedClock::START,
        };
        assert_eq!(
            nodes[0].create_user(user, None, None).await.unwrap(),
            Create::Created
        );
        let new = key(account, Owner::User(name.clone()), round.into());
        let (made, deleted) = tokio::join!(
            nodes[0].create_access_key(new.clone(), None),
            nodes[1].delete_user(account, &name)
        );
        assert!(deleted.unwrap());
        assert!(matches!(
            made.unwrap(),
            Create::Created | Create::OwnerMissing
        ));
        let left = nodes[0].access_key(&new.id).await.unwrap();
        assert_eq!(left, None, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_counts_on_one_node_only() {
    let (nodes, _) = nodes().await;
    let outcomes = at_once(&nodes, 200, move |node, number| async move {
        let mut hash = [7; 16];
        // The same call on both.
        hash[..8].copy_from_slice(&(number as u64 / 2).to_be_bytes());
        let until = FixedClock::START.after(Duration::from_secs(900));
        match node
            .use_once(Once {
                hash,
                until,
                note: None,
            })
            .await
        {
            Ok(()) => true,
            Err(StoreError::Replayed) => false,
            Err(error) => panic!("{error}"),
        }
    });
    assert_eq!(count(&outcomes.await, &true), 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_of_one_moment_are_all_kept() {
    let (nodes, account) = nodes().await;
    let record = move |number: usize| AuditRecord {
        at: FixedClock::START,
        account: Some(account),
        principal: "p\0".into(),
        key_id: None,
        dialect: "mts".into(),
        action: "mts:SubmitJobs".into(),
        resource: None,
        source: None,
        allowed: true,
        reason: None,
        status: 200,
        code: None,
        request_id: format!("R{number}"),
    };
    at_once(&nodes, 40, move |node, number| async move {
        let records = (number * 100..number * 100 + 100).map(record).collect();
        node.record(records).await.unwrap();
    })
    .await;
    let filter = AuditFilter {
        // As it was called by whoever wrote it, which PostgreSQL cannot hold.
        principal: Some("p\0".into()),
        account: Some(account),
        ..AuditFilter::default()
    };
    let kept = nodes[1].audit(filter, 5000).await.unwrap();
    assert_eq!(kept.len(), 4000);
    assert!(kept.is_sorted_by(|a, b| a.number > b.number));
    assert_eq!(kept[0].record.principal, "p\u{fffd}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_together_find_one_schema_and_make_one_first_account() {
    let url = Postgres::shared().database();
    let mut starts = JoinSet::new();
    for _ in 0..6 {
        let url = url.clone();
        starts.spawn(async move {
            let node = open(&url).await;
            let new = first_account(&Ids::seeded(1), FixedClock::START);
            let made = node.create_account(new, None).await.unwrap();
            node.check().await.unwrap();
            made
        });
    }
    let made = starts.join_all().await;
    assert_eq!(count(&made, &CreateAccount::Created), 1);
    assert_eq!(count(&made, &CreateAccount::NotFirst), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_access_rings_on_the_other_node() {
    let (nodes, account) = nodes().await;
    // Listening begins soon after the start; until then nothing is heard.
    let mut bell = nodes[1].hints().access;
    let heard = tokio::time::timeout(Duration::from_secs(60), async {
        loop {
            nodes[0]
                .set_access_key_active(account, "AKID", true)
                .await
                .unwrap();
            if let Ok(rung) = tokio::time::timeout(Duration::from_millis(200), bell.changed()).await
            {
                return rung.unwrap();
            }
        }
    });
    heard.await.expect("it rings");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_an_id_is_none() {
    let (nodes, account_) = nodes().await;
    assert_eq!(nodes[0].access_key("AKID\0").await.unwrap(), None);
    assert!(
        !nodes[0]
            .delete_access_key(account_, "AKID\0")
            .await
            .unwrap()
    );
    assert!(nodes[0].account(account(77)).await.unwrap().is_none());
}

/// A caller can make a call be about what it likes; the records beside it must not be lost for that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_about_something_endless_is_recorded() {
    let (nodes, account) = nodes().await;
    // Nothing that could be compressed.
    let endless: String = std::iter::repeat_with(|| fastrand::char(..))
        .take(9000)
        .collect();
    let record = AuditRecord {
        at: FixedClock::START,
        account: Some(account),
        principal: endless.clone(),
        key_id: Some(endless.clone()),
        dialect: "mts".into(),
        action: endless.clone(),
        resource: Some(endless.clone()),
        source: None,
        allowed: false,
        reason: Some(endless.clone()),
        status: 403,
        code: None,
        request_id: endless.clone(),
    };
    nodes[0].record(vec![record]).await.unwrap();
    let filter = AuditFilter {
        account: Some(account),
        resource: Some(endless),
        ..AuditFilter::default()
    };
    assert_eq!(nodes[1].audit(filter, 9).await.unwrap().len(), 1);
}
