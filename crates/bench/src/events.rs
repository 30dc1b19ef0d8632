//! What telling others of events costs the queue: with the notifier at work and nobody to tell, and with
//! a webhook that gets every event.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use reelgate_api_aliyun::mps::notify::EndMessages;
use reelgate_api_native::NativeRenderer;
use reelgate_domain::event::NameSet;
use reelgate_service::{Notifier, NotifySettings};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::figure::{Figure, Goal};
use crate::house::{CALLERS, House};
use crate::rounds::{in_turns, median, rate, together};

const ROUNDS: usize = 9;
const SUBMITS: usize = 4000;
/// Jobs of a round that are claimed and ended.
const JOBS: usize = 2000;
/// With a webhook: each of them makes a few deliveries, which one receiver gets eight at a time.
const FEWER: usize = 500;

/// Longer than the deliveries of a round take.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn figures(runtime: &Runtime, dir: &Path, tell: &mut dyn FnMut(Figure)) -> Result<()> {
    let receiver = runtime.block_on(Receiver::start())?;
    let build = |name| runtime.block_on(House::build(&dir.join(name)));
    let alone = Side::of(runtime, build("alone")?);
    let unheard = Side::of(runtime, build("unheard")?);
    let told = Side::of(runtime, build("told")?);
    let webhook = async {
        let (caller, url) = (&told.house.caller, receiver.url());
        let service = &told.house.service;
        service.create_webhook(caller, url, NameSet::ALL).await
    };
    runtime.block_on(webhook)?;
    unheard.notify()?;
    told.notify()?;

    let pair = in_turns(
        ROUNDS,
        || unheard.submits(SUBMITS),
        || alone.submits(SUBMITS),
    )?;
    let name = format!("submit, {CALLERS} callers: events and nobody to tell / no notifier");
    tell(Figure::beside(name, "1/s", pair, Goal::Least(0.9)));
    let pair = in_turns(ROUNDS, || unheard.work(JOBS), || alone.work(JOBS))?;
    let name = format!("claim and finish, {CALLERS} workers: the same");
    tell(Figure::beside(name, "1/s", pair, Goal::Least(0.9)));

    let mut rates = Vec::with_capacity(ROUNDS);
    let mut heard = |expected, round: &dyn Fn() -> Result<f64>| {
        let (before, begun) = (receiver.count(), Instant::now());
        let figure = round()?;
        runtime.block_on(receiver.wait_for(before + expected))?;
        rates.push(rate(expected, begun.elapsed()));
        Ok(figure)
    };
    let pair = in_turns(
        ROUNDS,
        || heard(FEWER, &|| told.submits(FEWER)),
        || unheard.submits(FEWER),
    )?;
    let name = format!("  submit, {CALLERS} callers: a webhook gets all events / nobody to tell");
    tell(Figure::beside(name, "1/s", pair, Goal::Shown));
    // Its start and its end.
    let pair = in_turns(
        ROUNDS,
        || heard(2 * FEWER, &|| told.work(FEWER)),
        || unheard.work(FEWER),
    )?;
    let name = format!("  claim and finish, {CALLERS} workers: the same");
    tell(Figure::beside(name, "1/s", pair, Goal::Shown));
    let name = "  messages that one webhook gets";
    tell(Figure::alone(name, "1/s", median(&mut rates), Goal::Shown));
    Ok(())
}

/// A service over a store of its own.
struct Side<'r> {
    runtime: &'r Runtime,
    house: Arc<House>,
}

impl<'r> Side<'r> {
    fn of(runtime: &'r Runtime, house: House) -> Self {
        Self {
            runtime,
            house: Arc::new(house),
        }
    }

    /// Tells of events from now on, as long as the runtime lives.
    fn notify(&self) -> Result<()> {
        let _in_runtime = self.runtime.enter();
        let service = Arc::clone(&self.house.service);
        let (native, mps) = (Arc::new(NativeRenderer), Arc::new(EndMessages));
        let settings = NotifySettings::default();
        let notifier = Notifier::new(service, native, vec![mps], settings)?;
        tokio::spawn(async move {
            let (_open, stop) = watch::channel(false);
            notifier.run(stop).await;
        });
        Ok(())
    }

    fn submits(&self, calls: usize) -> Result<f64> {
        let house = Arc::clone(&self.house);
        let call = move |_| {
            let house = Arc::clone(&house);
            async move { house.submit().await.map(drop) }
        };
        let took = self.runtime.block_on(together(CALLERS, calls, call))?;
        Ok(rate(calls, took))
    }

    /// Jobs that the submits have queued.
    fn work(&self, jobs: usize) -> Result<f64> {
        let house = Arc::clone(&self.house);
        let call = move |_| {
            let house = Arc::clone(&house);
            async move { house.work().await }
        };
        let took = self.runtime.block_on(together(CALLERS, jobs, call))?;
        Ok(rate(jobs, took))
    }
}

/// Counts what it gets.
struct Receiver {
    address: SocketAddr,
    got: Arc<AtomicUsize>,
}

impl Receiver {
    async fn start() -> Result<Self> {
        let got = Arc::new(AtomicUsize::new(0));
        let count = async |State(got): State<Arc<AtomicUsize>>| {
            got.fetch_add(1, Ordering::Relaxed);
        };
        let routes = Router::new().route("/", post(count));
        let routes = routes.with_state(Arc::clone(&got));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(Self { address, got })
    }

    fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    fn count(&self) -> usize {
        self.got.load(Ordering::Relaxed)
    }

    async fn wait_for(&self, count: usize) -> Result<()> {
        let begun = Instant::now();
        while self.count() < count {
            ensure!(
                begun.elapsed() < PATIENCE,
                "the webhook does not get its messages"
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }
}
