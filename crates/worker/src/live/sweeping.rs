//! Letting go of streams on a node that runs none: their workers may all be gone.

use std::sync::Arc;

use reelgate_service::Clock;
use reelgate_store::Store;
use tokio::sync::watch;

use super::LiveConfig;
use crate::overview::Troubles;
use crate::supervise::keep_going;
use crate::sweeper::{Sweeper, Swept};

/// Lets go of streams whose leases have run out, so that they read as they are. Ends when it is dropped.
pub struct LiveSweeper {
    _stop: watch::Sender<bool>,
}

impl LiveSweeper {
    /// Starts the loop on the current runtime.
    pub fn start(config: &LiveConfig, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let (cluster, pace) = (config.cluster.clone(), config.pace());
        let sweep = {
            let stopped = stopped.clone();
            move || {
                let swept = Swept::Streams(cluster.clone());
                let sweeper = Sweeper::new(swept, Arc::clone(&store), Arc::clone(&clock), pace);
                run(sweeper, stopped.clone())
            }
        };
        tokio::spawn(keep_going("sweeping of streams", stopped, sweep));
        Self { _stop: stop }
    }
}

async fn run(mut sweeper: Sweeper, mut stopped: watch::Receiver<bool>) {
    // Nobody asks this node what troubles it about streams; its log says so.
    let troubles = Troubles::default();
    loop {
        let idle = sweeper.if_due(&troubles).await;
        tokio::select! {
            _ = stopped.changed() => return,
            () = tokio::time::sleep(idle) => {}
        }
    }
}
