//! The tasks that keep house for the service: they write the audit, take away what has been kept for long
//! enough, forget what other nodes have changed and tell others of events.

use std::sync::Arc;

use anyhow::{Context, Result};
use reelgate_service::{Notifier, NotifySettings, Service};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What tells others of events: webhooks in our own words, topics in those of the API that made the job.
fn notifier(service: &Arc<Service>) -> Result<Notifier> {
    let native = Arc::new(reelgate_api_native::NativeRenderer);
    let mps = Arc::new(reelgate_api_aliyun::mps::notify::EndMessages);
    let settings = NotifySettings::default();
    let vod = Arc::new(reelgate_api_aliyun::vod::Callbacks);
    let mpc = Arc::new(reelgate_api_huawei::Notifications);
    let notifier = Notifier::new(Arc::clone(service), native, vec![mps, vod, mpc], settings);
    notifier.context("what sends events cannot speak TLS")
}

/// The tasks, and how they are told to end.
pub(super) struct House {
    keeping: JoinHandle<()>,
    following: JoinHandle<()>,
    cleaning: JoinHandle<()>,
    notifying: JoinHandle<()>,
    /// For all but the audit.
    wind_up: watch::Sender<bool>,
    stop: watch::Sender<bool>,
}

impl House {
    pub(super) fn keep(service: &Arc<Service>) -> Result<Self> {
        let notifier = notifier(service)?;
        let service = Arc::clone(service);
        let (wind_up, wound_up) = watch::channel(false);
        let (stop, stopped) = watch::channel(false);
        let notifying = {
            let stopped = wound_up.clone();
            tokio::spawn(async move { notifier.run(stopped).await })
        };
        let following = {
            let (service, stopped) = (Arc::clone(&service), wound_up.clone());
            tokio::spawn(async move { service.follow_access(stopped).await })
        };
        let cleaning = {
            let (service, stopped) = (Arc::clone(&service), wound_up);
            tokio::spawn(async move { service.keep_clean(stopped).await })
        };
        let keeping = tokio::spawn(async move { service.keep_house(stopped).await });
        Ok(Self {
            keeping,
            following,
            cleaning,
            notifying,
            wind_up,
            stop,
        })
    }

    /// Completes when a task has ended, which they do by a panic only.
    pub(super) async fn lost(&mut self) {
        tokio::select! {
            _ = &mut self.keeping => {}
            _ = &mut self.following => {}
            _ = &mut self.cleaning => {}
            _ = &mut self.notifying => {}
        }
    }

    /// Begins nothing more, while calls in flight are still answered and written down. Deliveries that are
    /// being tried may take as long as running jobs.
    pub(super) fn wind_up(&self) {
        self.wind_up.send_replace(true);
    }

    /// Lets it write what still waits.
    pub(super) async fn leave(self) {
        self.wind_up();
        self.stop.send_replace(true);
        let _ = self.following.await;
        let _ = self.cleaning.await;
        let _ = self.notifying.await;
        if let Err(error) = self.keeping.await {
            tracing::error!(%error, "keeping house ended by a panic");
        }
    }
}
