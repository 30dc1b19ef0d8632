//! What makes a server ready: its store takes writes and its claim loop turns.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reelgate_api_native::Check;
use reelgate_domain::Timestamp;
use reelgate_service::Clock;
use reelgate_store::Store;
use reelgate_worker::live::LiveWorker;
use reelgate_worker::{Turned, Worker};
use tokio::sync::Mutex;

/// How long the claim loop may take for a turn before the server counts as not ready.
const TURN_LIMIT: Duration = Duration::from_secs(10);

/// How long an answer of the store holds. Asking it writes to the disk, and anybody may ask.
const STORE_ANSWER_HOLDS: Duration = Duration::from_secs(1);

/// What of a node has to go round.
pub(super) struct Watched {
    jobs: Option<Arc<Turned>>,
    streams: Option<Arc<Turned>>,
    ffmpeg: PathBuf,
}

impl Watched {
    pub(super) fn of(
        worker: Option<&Worker>,
        streams: Option<&LiveWorker>,
        ffmpeg: PathBuf,
    ) -> Self {
        Self {
            jobs: worker.map(Worker::turned),
            streams: streams.map(LiveWorker::turned),
            ffmpeg,
        }
    }
}

/// The checks of `/readyz`. A server that runs nothing has no claim loop to look at, and needs no
/// FFmpeg.
pub(super) fn checks(store: Arc<dyn Store>, clock: Arc<dyn Clock>, watched: Watched) -> Vec<Check> {
    let mut checks = vec![store_check(store, Arc::clone(&clock))];
    let Watched {
        jobs,
        streams,
        ffmpeg,
    } = watched;
    let runs_anything = jobs.is_some() || streams.is_some();
    for (name, turned) in [("claim_loop", jobs), ("live_claim_loop", streams)] {
        checks.extend(turned.map(|turned| turn_check(name, turned, Arc::clone(&clock))));
    }
    if runs_anything {
        checks.push(Check::new("ffmpeg", move || {
            let is_there = ffmpeg.is_file();
            let outcome = is_there
                .then_some(())
                .ok_or_else(|| "the program is gone".to_owned());
            async move { outcome }
        }));
    }
    checks
}

fn turn_check(name: &'static str, turned: Arc<Turned>, clock: Arc<dyn Clock>) -> Check {
    Check::new(name, move || {
        let idle = clock.now().since(turned.at());
        let seconds = idle.as_secs();
        let healthy = idle < TURN_LIMIT;
        let outcome = healthy
            .then_some(())
            .ok_or_else(|| format!("no turn for {seconds} s"));
        async move { outcome }
    })
}

/// When the store was asked and what it answered.
struct Asked {
    at: Timestamp,
    outcome: Result<(), String>,
}

fn store_check(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Check {
    let last: Arc<Mutex<Option<Asked>>> = Arc::default();
    Check::new("store", move || {
        let (store, clock, last) = (Arc::clone(&store), Arc::clone(&clock), Arc::clone(&last));
        async move {
            let mut last = last.lock().await;
            match &*last {
                Some(asked) if clock.now().since(asked.at) < STORE_ANSWER_HOLDS => {
                    asked.outcome.clone()
                }
                _ => {
                    let outcome = store.check().await.map_err(|error| error.to_string());
                    *last = Some(Asked {
                        at: clock.now(),
                        outcome: outcome.clone(),
                    });
                    outcome
                }
            }
        }
    })
}
