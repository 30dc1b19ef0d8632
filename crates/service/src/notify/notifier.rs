//! The task that makes deliveries of events and sends them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use reelgate_domain::event::DestinationId;
use reelgate_fetch::{Client, FetchError, Limits};
use reelgate_store::{ClaimedDelivery, DeliveryClaim, Settled};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::carrier::Carrier;
use super::fan_out::Progress;
use super::renderer::EventRenderer;
use crate::Service;

/// What is seen although nobody rang a bell for it: due tries, and what other nodes have written.
const POLL: Duration = Duration::from_secs(1);

/// What a try may take beside its patience, before it counts as failed: reading the job, and noting the end.
const BESIDE: Duration = Duration::from_secs(10);

/// How deliveries are sent.
#[derive(Clone, Copy, Debug)]
pub struct NotifySettings {
    /// Tries at once of this process.
    pub at_once: u32,
    /// Tries at once to one destination: a slow one holds up no other. When many are slow, each of them has
    /// one.
    pub each: u32,
    /// For one try.
    pub patience: Duration,
    /// From when on a delivery is dead.
    pub give_up_after: Duration,
}

impl Default for NotifySettings {
    fn default() -> Self {
        Self {
            at_once: 512,
            each: 8,
            patience: Duration::from_secs(20),
            give_up_after: Duration::from_secs(3 * 24 * 3600),
        }
    }
}

/// Makes deliveries of events and sends them.
pub struct Notifier {
    pub(super) service: Arc<Service>,
    /// How webhooks are told.
    pub(super) native: Arc<dyn EventRenderer>,
    /// How topics are told.
    pub(super) dialects: Vec<Arc<dyn EventRenderer>>,
    pub(super) carrier: Arc<dyn Carrier>,
    pub(super) settings: NotifySettings,
}

impl Notifier {
    /// `native` tells webhooks, the `dialects` their topics.
    pub fn new(
        service: Arc<Service>,
        native: Arc<dyn EventRenderer>,
        dialects: Vec<Arc<dyn EventRenderer>>,
        settings: NotifySettings,
    ) -> Result<Self, FetchError> {
        let limits = Limits {
            total: settings.patience,
            connect: settings.patience.min(Limits::default().connect),
            ..Limits::default()
        };
        let client = Client::new(service.guard.clone(), limits)?;
        let carrier = Arc::new(client);
        Ok(Self::with_carrier(
            carrier, service, native, dialects, settings,
        ))
    }

    /// The same with another carrier, which has to keep to the patience itself.
    pub fn with_carrier(
        carrier: Arc<dyn Carrier>,
        service: Arc<Service>,
        native: Arc<dyn EventRenderer>,
        dialects: Vec<Arc<dyn EventRenderer>>,
        settings: NotifySettings,
    ) -> Self {
        Self {
            service,
            native,
            dialects,
            carrier,
            settings,
        }
    }

    /// Works until `stop` turns true or its sender is gone. Tries that are being made then end first,
    /// which takes no longer than the patience for one.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) {
        let mut bell = self.service.store.hints().events;
        let mut progress = Progress::default();
        let mut sending = Sending::default();
        // A backlog may be claimed as fast as it is sent, for hours.
        while !is_told(&stop) {
            bell.mark_unchanged();
            self.make_deliveries(&mut progress).await;
            let claimed = self.claim(&mut sending).await;
            if claimed {
                // There may be more that can be tried at once.
                tokio::task::yield_now().await;
                if let Some(ended) = sending.ended_by_now() {
                    self.settle(&mut sending, ended).await;
                }
                continue;
            }
            let ended = tokio::select! {
                biased;
                () = told_to(&mut stop) => break,
                ended = sending.next() => Some(ended),
                _ = bell.changed() => None,
                () = tokio::time::sleep(POLL) => None,
            };
            if let Some(ended) = ended {
                self.settle(&mut sending, ended).await;
            }
        }
        while !sending.tries.is_empty() {
            let ended = sending.next().await;
            self.settle(&mut sending, ended).await;
        }
    }

    async fn make_deliveries(&self, progress: &mut Progress) {
        // A backlog of events must not keep what is due from being sent.
        for _ in 0..10 {
            match self.fan_out(progress).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::warn!(%error, cause, "no deliveries could be made of new events");
                    return;
                }
            }
        }
    }

    /// Begins what can be tried; whether that was as much as was asked for.
    async fn claim(&self, sending: &mut Sending) -> bool {
        let busy = u32::try_from(sending.tries.len()).unwrap_or(u32::MAX);
        let most = self.settings.at_once.saturating_sub(busy).min(64);
        if most == 0 {
            return false;
        }
        let now = self.service.clock.now();
        let wanted = DeliveryClaim {
            most,
            each: self.settings.each,
            busy: sending.busy(&self.settings),
            lease_until: now.after(self.settings.patience + BESIDE),
            now,
        };
        match self.service.store.claim_deliveries(wanted).await {
            Ok(claimed) => {
                let all = claimed.len() == most as usize;
                for claimed in claimed {
                    sending.begin(self, claimed);
                }
                all
            }
            Err(error) => {
                tracing::warn!(%error, "what is due could not be read and is sent later");
                false
            }
        }
    }

    async fn settle(&self, sending: &mut Sending, first: Ended) {
        let mut settled = Vec::new();
        let mut next = Some(first);
        while let Some((id, took, ended)) = next {
            sending.left(id);
            sending.note(id, took, &self.settings);
            settled.extend(ended);
            next = sending.ended_by_now();
        }
        if settled.is_empty() {
            return;
        }
        // What is not noted is tried again when its lease is over.
        if let Err(error) = self.service.store.settle_deliveries(settled).await {
            tracing::warn!(%error, "how deliveries have ended could not be noted: they come again");
        }
    }
}

/// Whether a node is told to stop, or nobody is left to do so.
fn is_told(stop: &watch::Receiver<bool>) -> bool {
    *stop.borrow() || stop.has_changed().is_err()
}

/// Completes when [`is_told`].
async fn told_to(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Where a try went, how long it took, and how it ended; none if it panicked.
type Ended = (DestinationId, Duration, Option<Settled>);

/// The tries that are being made.
#[derive(Default)]
struct Sending {
    tries: JoinSet<Settled>,
    ids: HashMap<tokio::task::Id, (DestinationId, Instant)>,
    to: HashMap<DestinationId, u32>,
    /// Those whose last try took long.
    slow: HashSet<DestinationId>,
}

impl Sending {
    fn begin(&mut self, notifier: &Notifier, claimed: ClaimedDelivery) {
        let id = claimed.destination.id;
        *self.to.entry(id).or_default() += 1;
        let trying = notifier.trying();
        let handle = self.tries.spawn(async move { trying.send(claimed).await });
        self.ids.insert(handle.id(), (id, Instant::now()));
    }

    /// How many tries fewer than its share each destination may have now. While less than half of all tries are
    /// free, slow destinations have one each, or a few dozen of them would take everybody's.
    fn busy(&self, settings: &NotifySettings) -> Vec<(DestinationId, u32)> {
        let mut busy = self.to.clone();
        if self.tries.len() > settings.at_once as usize / 2 {
            for id in &self.slow {
                *busy.entry(*id).or_default() += settings.each.saturating_sub(1);
            }
        }
        busy.into_iter().collect()
    }

    fn note(&mut self, id: DestinationId, took: Duration, settings: &NotifySettings) {
        match took > settings.patience / 4 {
            true => self.slow.insert(id),
            false => self.slow.remove(&id),
        };
    }

    /// Waits for ever if nothing is being tried.
    async fn next(&mut self) -> Ended {
        match self.tries.join_next_with_id().await {
            Some(ended) => self.ended(ended),
            None => std::future::pending().await,
        }
    }

    fn ended_by_now(&mut self) -> Option<Ended> {
        let ended = self.tries.try_join_next_with_id()?;
        Some(self.ended(ended))
    }

    fn ended(
        &mut self,
        ended: Result<(tokio::task::Id, Settled), tokio::task::JoinError>,
    ) -> Ended {
        let (task, settled) = match ended {
            Ok((task, settled)) => (task, Some(settled)),
            Err(error) => {
                tracing::error!(%error, "a delivery was not sent: it comes again");
                (error.id(), None)
            }
        };
        let known = self.ids.remove(&task);
        let (id, began) = known.expect("every try is known by its task");
        (id, began.elapsed(), settled)
    }

    fn left(&mut self, id: DestinationId) {
        if let Some(tries) = self.to.get_mut(&id) {
            *tries -= 1;
            if *tries == 0 {
                self.to.remove(&id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(number: u8) -> DestinationId {
        DestinationId::from_bytes([number; 16])
    }

    /// Sixty-four receivers that say nothing took all 512 tries, and everybody else waited for them.
    #[tokio::test]
    async fn slow_receivers_have_one_try_each_when_tries_are_few() {
        let settings = NotifySettings {
            at_once: 4,
            each: 3,
            ..NotifySettings::default()
        };
        let (silent, quick) = (destination(1), destination(2));
        let mut sending = Sending::default();
        sending.note(silent, settings.patience, &settings);
        sending.note(quick, Duration::from_millis(100), &settings);
        sending.to = HashMap::from([(silent, 2), (quick, 1)]);
        let busy = |sending: &Sending| HashMap::from_iter(sending.busy(&settings));
        assert_eq!(busy(&sending), HashMap::from([(silent, 2), (quick, 1)]));
        for _ in 0..3 {
            sending.tries.spawn(std::future::pending());
        }
        assert_eq!(busy(&sending), HashMap::from([(silent, 4), (quick, 1)]));
        // One that has become quick again has its share again.
        sending.note(silent, Duration::ZERO, &settings);
        assert_eq!(busy(&sending), HashMap::from([(silent, 2), (quick, 1)]));
    }
}
