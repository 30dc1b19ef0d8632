//! Waiting for what becomes of a stream.

use std::time::Duration;

use reelgate_domain::stream::{Stream, StreamId};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

use super::StreamError;
use crate::{Caller, Service};

/// What is seen although nobody rang a bell for it, such as what another node has written.
const POLL: Duration = Duration::from_secs(1);

/// How far apart the looks of one caller that waits are. The bell is about all streams and jobs: without a pause
/// each that moves would have everybody who waits for any read their own.
const LOOKS_APART: Duration = Duration::from_millis(50);

impl Service {
    /// The stream when it is as it should be, or as it is after `patience` or when the process is about to end.
    pub async fn stream_when(
        &self,
        caller: &Caller,
        id: StreamId,
        patience: Duration,
        is_as_wanted: impl Fn(&Stream) -> bool,
    ) -> Result<Stream, StreamError> {
        let until = Instant::now() + patience;
        let mut bell = self.stream_bell();
        let mut looks = tokio::time::interval(LOOKS_APART);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            bell.mark_unchanged();
            let stream = self.stream(caller, id).await?;
            let left = until.saturating_duration_since(Instant::now());
            if is_as_wanted(&stream) || left.is_zero() || !self.await_stream(&mut bell, left).await
            {
                return Ok(stream);
            }
        }
    }

    /// What changes when a look at a stream may be worth it.
    pub fn stream_bell(&self) -> watch::Receiver<u64> {
        self.store.hints().changes
    }

    /// Waits until there may be something new of a stream, `patience` is over or nobody may wait any longer; false in
    /// the last case.
    pub async fn await_stream(&self, bell: &mut watch::Receiver<u64>, patience: Duration) -> bool {
        let mut leaving = self.leaving.subscribe();
        tokio::select! {
            _ = leaving.wait_for(|leaving| *leaving) => return false,
            _ = bell.changed() => {}
            () = tokio::time::sleep(patience.min(POLL)) => {}
        }
        !*self.leaving.borrow()
    }
}
