//! The tasks that keep house for the service: they write the audit, take away what has been kept for long
//! enough and forget what other nodes have changed.

use std::sync::Arc;

use reelgate_service::Service;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The task, and how it is told to end.
pub(super) struct House {
    keeping: JoinHandle<()>,
    following: JoinHandle<()>,
    cleaning: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl House {
    pub(super) fn keep(service: &Arc<Service>) -> Self {
        let service = Arc::clone(service);
        let (stop, stopped) = watch::channel(false);
        let following = {
            let (service, stopped) = (Arc::clone(&service), stopped.clone());
            tokio::spawn(async move { service.follow_access(stopped).await })
        };
        let cleaning = {
            let (service, stopped) = (Arc::clone(&service), stopped.clone());
            tokio::spawn(async move { service.keep_clean(stopped).await })
        };
        let keeping = tokio::spawn(async move { service.keep_house(stopped).await });
        Self {
            keeping,
            following,
            cleaning,
            stop,
        }
    }

    /// Completes when a task has ended, which they do by a panic only.
    pub(super) async fn lost(&mut self) {
        tokio::select! {
            _ = &mut self.keeping => {}
            _ = &mut self.following => {}
            _ = &mut self.cleaning => {}
        }
    }

    /// Lets it write what still waits.
    pub(super) async fn leave(self) {
        self.stop.send_replace(true);
        let _ = self.following.await;
        let _ = self.cleaning.await;
        if let Err(error) = self.keeping.await {
            tracing::error!(%error, "keeping house ended by a panic");
        }
    }
}
