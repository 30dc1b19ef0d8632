//! The task that keeps house for the service: it writes the audit and removes what is outdated.

use std::sync::Arc;

use reelgate_service::Service;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The task, and how it is told to end.
pub(super) struct House {
    keeping: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl House {
    pub(super) fn keep(service: &Arc<Service>) -> Self {
        let service = Arc::clone(service);
        let (stop, stopped) = watch::channel(false);
        let keeping = tokio::spawn(async move { service.keep_house(stopped).await });
        Self { keeping, stop }
    }

    /// Completes when the task has ended, which it does by a panic only.
    pub(super) async fn lost(&mut self) {
        let _ = (&mut self.keeping).await;
    }

    /// Lets it write what still waits.
    pub(super) async fn leave(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.keeping.await {
            tracing::error!(%error, "keeping house ended by a panic");
        }
    }
}
