//! A PostgreSQL that is neither there nor gone: whoever waits for it is told so in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reelgate_domain::access::AccountName;
use reelgate_store::{AccessStore, PostgresOptions, PostgresStore, Store};
use reelgate_testkit::Postgres;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long the store waits for an answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Far more than anything here takes.
const FOR_EVER: Duration = Duration::from_secs(60);

/// A way to a server on which everything may come to a halt, as in a network that is broken somewhere in
/// its middle: what was sent is taken, and nothing comes back.
struct Way {
    url: String,
    /// How many bytes of each connection get through to the server.
    room: watch::Sender<usize>,
    connections: Arc<AtomicUsize>,
}

impl Way {
    async fn to(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (room, passes) = watch::channel(usize::MAX);
        let connections = Arc::new(AtomicUsize::new(0));
        let (head, database) = url.rsplit_once('/').unwrap();
        let server: u16 = head.rsplit_once(':').unwrap().1.parse().unwrap();
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                let server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(pass(from_client, to_server, passes.clone()));
                let mut open = passes.clone();
                open.mark_changed();
                tokio::spawn(pass(from_server, to_client, open));
            }
        });
        Self {
            url: format!("postgres://reelgate@127.0.0.1:{port}/{database}"),
            room,
            connections,
        }
    }

    async fn store(&self) -> PostgresStore {
        let options = PostgresOptions {
            patience: PATIENCE,
            ..PostgresOptions::new(&self.url)
        };
        PostgresStore::open(options).await.unwrap()
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Until the room is used up; the rest is taken and goes nowhere.
async fn pass(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    room: watch::Receiver<usize>,
) {
    let (mut buffer, mut passed) = ([0; 8192], 0);
    loop {
        let count = from.read(&mut buffer).await.unwrap_or(0);
        if count == 0 {
            return;
        }
        passed += count;
        if passed <= *room.borrow() && to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

/// The symptom: of many who waited for the writer, each batch found out for itself, after the one before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_who_wait_are_told_at_once_that_the_database_is_silent() {
    let way = Way::to(&Postgres::shared().database()).await;
    let store = Arc::new(way.store().await);
    store.check().await.unwrap();
    way.room.send_replace(0);
    let before = way.connections();
    let mut calls = JoinSet::new();
    for _ in 0..2000 {
        let store = Arc::clone(&store);
        calls.spawn(async move { store.check().await });
    }
    let told = tokio::time::timeout(FOR_EVER, calls.join_all()).await;
    let told = told.expect("everybody is told");
    assert!(told.iter().all(Result::is_err));
    // Nobody tried for the others, but perhaps for some that came late; the listener does by itself.
    let tries = way.connections() - before;
    assert!(tries <= 2, "{tries} further connections were tried");
    way.room.send_replace(usize::MAX);
    store.check().await.unwrap();
}

/// The symptom: the writer waited for as long as the kernel did, and everybody else for the writer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_goes_silent_before_it_is_ready_holds_nobody_up() {
    let way = Way::to(&Postgres::shared().database()).await;
    let store = way.store().await;
    // Enough to be let in, and not for all statements that a writer prepares.
    way.room.send_replace(3000);
    let told = tokio::time::timeout(FOR_EVER, store.check()).await;
    told.expect("it is answered").expect_err("it is away");
    way.room.send_replace(usize::MAX);
    store.check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_is_given_up_once_the_database_has_been_silent_for_long_enough() {
    let way = Way::to(&Postgres::shared().database()).await;
    let store = way.store().await;
    let name = AccountName::new("main").unwrap();
    assert_eq!(store.account_named(&name).await.unwrap(), None);
    way.room.send_replace(0);
    let before = way.connections();
    let told = tokio::time::timeout(FOR_EVER, store.account_named(&name)).await;
    told.expect("it is answered").expect_err("it is away");
    // The silence was as long as the call may take: no second connection is waited for. The listener does
    // look for one by itself.
    let tries = way.connections() - before;
    assert!(tries <= 1, "{tries} further connections were tried");
}
