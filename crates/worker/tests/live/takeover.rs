//! Workers of their own process on one PostgreSQL, of which one is killed and another stopped: the next goes on in
//! time, and never while what the last one started is still there.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use reelgate_domain::WorkerId;
use reelgate_domain::node::ClusterName;
use reelgate_domain::stream::{Activity, Happening, Stream, StreamId};
use reelgate_service::{RandomIds, Service, SystemClock};
use reelgate_store::{PostgresOptions, PostgresStore, Store};
use reelgate_testkit::{Postgres, PostgresSetup, Process};
use reelgate_worker::live::{LiveConfig, LiveWorker};
use rustix::process::{Pid, Signal, kill_process};

use crate::house::{House, PATIENCE, is, recording, tools};
use crate::source::Source;

/// Tells a process that it is a worker, on which store and in which folder.
const STORE: &str = "LIVE_TEST_STORE";
const FOLDER: &str = "LIVE_TEST_FOLDER";

/// The usual is 8 s; a slow machine may take as long as ten such.
const TAKEN_WITHIN: Duration = Duration::from_secs(80);

/// A worker in a process of its own.
struct Neighbour {
    child: Child,
    folder: PathBuf,
}

impl Neighbour {
    fn start(url: &str, folder: PathBuf) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "takeover::a_worker_of_its_own", "--ignored"])
            .env(STORE, url)
            .env(FOLDER, &folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, folder }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// What it has started of FFmpeg's.
    fn processes(&self) -> Vec<Process> {
        let all = Process::living().into_iter();
        all.filter(|it| it.name.starts_with("ffmpeg") && it.works_in(&self.folder))
            .collect()
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs until its input ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it is the worker that other tests start, each in a process of its own"]
async fn a_worker_of_its_own() {
    let url = std::env::var(STORE).unwrap();
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let store: Arc<dyn Store> = Arc::new(
        PostgresStore::open(PostgresOptions::new(url))
            .await
            .unwrap(),
    );
    let settings = reelgate_service::Settings {
        data_dir: folder.clone(),
        max_object_bytes: 1 << 30,
        free_space_floor: 0,
    };
    let ids = Arc::new(RandomIds::default());
    let service = Service::new(Arc::clone(&store), Arc::new(SystemClock), ids, settings);
    let tools = tools(store, &service).await;
    let name = WorkerId(name(&folder));
    let worker = LiveWorker::start(LiveConfig::new(name, ClusterName::default(), folder), tools);
    let worker = worker.unwrap();
    let ended = || std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    tokio::task::spawn_blocking(ended).await.unwrap().unwrap();
    worker.shut_down().await;
}

fn name(folder: &Path) -> String {
    folder.file_name().unwrap().to_str().unwrap().to_owned()
}

fn holder(stream: &Stream) -> Option<String> {
    let held = stream.standing.held.as_ref();
    held.map(|held| held.lease.worker.0.clone())
}

/// Waits until another attempt has taken the stream; what `last` had started is gone by then.
async fn taken(house: &House, id: StreamId, attempt: u32, last: &Neighbour) -> Duration {
    let began = Instant::now();
    loop {
        if house.stream(id).await.standing.attempt > attempt {
            let left = last.processes();
            assert!(left.is_empty(), "two at once: {left:?}");
            return began.elapsed();
        }
        assert!(began.elapsed() < PATIENCE, "nobody has taken it");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_killed_or_stopped_is_followed_by_another_and_never_joined() {
    let server = Postgres::shared();
    let url = server.database();
    let (house, source) = (House::shared(&url).await, Source::start());
    let start = |name: &str| Neighbour::start(&url, house.folder(name));
    let id = house.started(&source.address(), &[recording()]).await;
    let first = start("first");
    house.live_after(id, 0).await;
    assert_eq!(first.processes().len(), 1);

    let second = start("second");
    first.signal(Signal::KILL);
    let after_kill = taken(&house, id, 1, &first).await;
    let live = house.live_after(id, 1).await;
    assert!(holder(&live).unwrap().ends_with("second"), "{live:?}");

    let third = start("third");
    second.signal(Signal::STOP);
    let after_stop = taken(&house, id, 2, &second).await;
    let live = house.live_after(id, 2).await;
    assert!(holder(&live).unwrap().ends_with("third"), "{live:?}");
    // It wakes up, and finds that the stream is another's.
    second.signal(Signal::CONT);
    let notes = house
        .store
        .stream_notes(house.account(), id, None, 100)
        .await
        .unwrap();
    let lost = notes.iter().filter(|it| it.what == Happening::WorkerLost);
    assert_eq!(lost.count(), 2, "{notes:?}");
    house.stop(id).await;
    let gone = house.let_go(id).await;
    assert_eq!(gone.standing.attempt, 3);
    assert!(second.processes().is_empty() && third.processes().is_empty());
    println!("taken over {after_kill:?} after a kill, {after_stop:?} after a stop");
    assert!(after_kill < TAKEN_WITHIN && after_stop < TAKEN_WITHIN);
}

/// What cannot be renewed is ended in time, and gone on with when the store is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_away_ends_the_processes_before_the_lease_and_brings_them_back_later() {
    let server = Postgres::start(PostgresSetup::default());
    let (house, source) = (House::shared(&server.database()).await, Source::start());
    let worker = house.worker_with("one", |config| config.lease = Duration::from_secs(6));
    let id = house.started(&source.address(), &[recording()]).await;
    let live = house.live_after(id, 0).await;
    let folder = house.folder("one");
    let processes = || {
        let all = Process::living().into_iter();
        all.filter(|it| it.name.starts_with("ffmpeg") && it.works_in(&folder))
            .count()
    };
    assert_eq!(processes(), 1);
    server.crash();
    house
        .comes("its process is ended", || processes() == 0)
        .await;
    server.revive();
    let began = Instant::now();
    let again = loop {
        // The database may still be starting.
        match house.store.stream(house.account(), id).await {
            Ok(Some(stream)) if is(&stream, Activity::Live) && processes() == 1 => break stream,
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
        assert!(began.elapsed() < PATIENCE, "it does not come back");
    };
    assert!(again.standing.attempt >= live.standing.attempt);
    house.stop(id).await;
    house.let_go(id).await;
    assert_eq!(processes(), 0);
    worker.shut_down().await;
}
