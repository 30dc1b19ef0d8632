//! Making deliveries of events.

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use reelgate_domain::event::{
    DeliveryId, Destination, DestinationId, EventCursor, EventName, JobEvent, StoredEvent,
    TopicName,
};
use reelgate_domain::job::Job;
use reelgate_domain::{AccountId, JobId, Pipeline, PipelineId, Timestamp};
use reelgate_store::NewDelivery;
use ring::digest::{SHA256, digest};

use super::notifier::Notifier;
use super::renderer::{About, EventRenderer, Message};
use crate::{ErrorKind, ServiceError};

/// Events that are looked at in one write.
const AT_ONCE: u32 = 500;

/// Deliveries that are made in one write, but for those of one event: a long write holds up all others, and
/// an account has up to a hundred destinations for each event.
const MOST_DELIVERIES: usize = 1_000;

/// Moves of the cursor without a delivery that are not worth a write of their own.
const UNNOTED: u32 = 5_000;

/// After so long without events such moves are noted all the same.
const QUIET: Duration = Duration::from_secs(10);

/// How far this process has come, which it does not write down each time.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// What is stored, and what was looked at since.
    noted: EventCursor,
    reached: EventCursor,
    unnoted: u32,
    /// When something was looked at last.
    looked_at: Option<Timestamp>,
}

impl Notifier {
    /// Makes deliveries of a page of events; whether there may be more.
    ///
    /// Whoever moves the stored cursor on makes the deliveries of what it passes, so two nodes never
    /// do so both. Events that concern nobody are passed without a write until there are many of them:
    /// whoever begins there again finds again that they concern nobody, because a destination has a
    /// place of its own from which on it listens.
    pub(super) async fn fan_out(&self, progress: &mut Progress) -> Result<bool, ServiceError> {
        let store = &self.service.store;
        let noted = store.fanned_out().await?;
        if noted != progress.noted {
            // Another node has moved on.
            *progress = Progress {
                noted,
                reached: noted.max(progress.reached),
                ..Progress::default()
            };
        }
        let page = store.events(None, progress.reached, AT_ONCE).await?;
        let now = self.service.clock.now();
        if page.reached == progress.reached {
            // Events that are not passed are kept however old they are, so a quiet time is used to tell.
            let quiet = progress
                .looked_at
                .is_some_and(|then| then.after(QUIET) <= now);
            if progress.unnoted > 0 && quiet {
                store.fan_out(noted, page.reached, Vec::new()).await?;
                *progress = Progress::default();
            }
            return Ok(false);
        }
        progress.looked_at = Some(now);
        let mut deliveries = self.deliveries_of(&page.events).await?;
        progress.unnoted += AT_ONCE;
        if deliveries.is_empty() && progress.unnoted < UNNOTED {
            progress.reached = page.reached;
            return Ok(page.more);
        }
        let cut = cut(&mut deliveries, MOST_DELIVERIES);
        let reached = cut.unwrap_or(page.reached);
        if store.fan_out(noted, reached, deliveries).await? {
            *progress = Progress {
                noted: reached,
                reached,
                ..Progress::default()
            };
            return Ok(page.more || cut.is_some());
        }
        // Another node was faster: from where it has come to.
        *progress = Progress::default();
        Ok(true)
    }

    async fn deliveries_of(
        &self,
        events: &[StoredEvent],
    ) -> Result<Vec<NewDelivery>, ServiceError> {
        let accounts: HashSet<AccountId> = events.iter().map(|it| it.event.account).collect();
        let accounts = accounts.into_iter().collect();
        let listening = self.service.store.listening(accounts).await?;
        if listening.is_empty() {
            return Ok(Vec::new());
        }
        let words = self.topics_of(events, &listening).await?;
        let now = self.service.clock.now();
        let mut made = Vec::new();
        for stored in events {
            let event = &stored.event;
            let heard = listening.iter().filter(|(destination, since)| {
                destination.account == event.account && *since < stored.cursor
            });
            for (destination, _) in heard {
                let new = || NewDelivery {
                    id: DeliveryId::from_bytes(self.service.ids.uuid(now)),
                    destination: destination.id,
                    dialect: None,
                    message: None,
                    lane: None,
                    event: stored.clone(),
                    created_at: now,
                };
                match &destination.topic {
                    None if destination.names.has(event.name) => made.push(new()),
                    None => {}
                    Some(topic) => {
                        let told = words.told(event, topic);
                        made.extend(told.map(|told| told.delivery(new())));
                    }
                }
            }
        }
        Ok(made)
    }

    /// What a dialect wants to have told of these events.
    async fn topics_of(
        &self,
        events: &[StoredEvent],
        listening: &[(Destination, EventCursor)],
    ) -> Result<Words, ServiceError> {
        let mut words = Words::default();
        let with_topics: HashSet<AccountId> = listening
            .iter()
            .filter(|(destination, _)| destination.topic.is_some())
            .map(|(destination, _)| destination.account)
            .collect();
        for account in with_topics {
            let told = |name| self.dialects.iter().any(|dialect| dialect.tells(name));
            let of_account: Vec<&JobEvent> = events
                .iter()
                .map(|it| &it.event)
                .filter(|event| event.account == account && told(event.name))
                .collect();
            if of_account.is_empty() {
                continue;
            }
            let pipelines = self.pipelines_of(account, &of_account).await?;
            let wanted: Vec<JobId> = of_account
                .iter()
                .filter(|event| pipelines.contains_key(&event.pipeline))
                .map(|event| event.job)
                .collect();
            let jobs = self.jobs_of(account, &wanted).await?;
            for (at, event) in of_account.iter().copied().enumerate() {
                let (Some(pipeline), Some(job)) =
                    (pipelines.get(&event.pipeline), jobs.get(&event.job))
                else {
                    continue;
                };
                let about = About {
                    service: &self.service,
                    event,
                    job,
                    earlier: &of_account[..at],
                };
                words.add(self, about, pipeline).await?;
            }
        }
        Ok(words)
    }

    /// Those of the events' pipelines that want anything told.
    async fn pipelines_of(
        &self,
        account: AccountId,
        events: &[&JobEvent],
    ) -> Result<HashMap<PipelineId, Pipeline>, ServiceError> {
        let ids: HashSet<PipelineId> = events.iter().map(|event| event.pipeline).collect();
        let ids: Vec<_> = ids.into_iter().collect();
        let found = self.service.store.pipelines(account, &ids).await?;
        let wants = |pipeline: &Pipeline| {
            let mut dialects = self.dialects.iter();
            dialects.any(|dialect| dialect.listens(pipeline))
        };
        let wanting = found.into_iter().filter(wants);
        Ok(wanting.map(|pipeline| (pipeline.id, pipeline)).collect())
    }

    async fn jobs_of(
        &self,
        account: AccountId,
        ids: &[JobId],
    ) -> Result<HashMap<JobId, Job>, ServiceError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let found = self.service.store.jobs(account, ids).await?;
        Ok(found.into_iter().map(|job| (job.id, job)).collect())
    }
}

/// Leaves those of the first events, about `most`; the event that is then the last one, if it is not all of them.
fn cut(deliveries: &mut Vec<NewDelivery>, most: usize) -> Option<EventCursor> {
    let first_beyond = deliveries.get(most)?.event.cursor;
    let first = deliveries.first()?.event.cursor;
    // Those of one event stay together.
    let kept = match first_beyond == first {
        true => deliveries.partition_point(|it| it.event.cursor <= first),
        false => deliveries.partition_point(|it| it.event.cursor < first_beyond),
    };
    if kept == deliveries.len() {
        return None;
    }
    deliveries.truncate(kept);
    Some(deliveries.last()?.event.cursor)
}

/// What tells an event of a job from its others.
type Which = (JobId, EventName, u32);

/// A message, and the dialect whose it is.
struct Told {
    dialect: &'static str,
    message: Message,
}

impl Told {
    fn delivery(&self, new: NewDelivery) -> NewDelivery {
        let Message {
            name, lane, once, ..
        } = &self.message;
        let id = match once {
            Some(once) => id_of(new.destination, self.dialect, *name, once),
            None => new.id,
        };
        NewDelivery {
            id,
            dialect: Some(self.dialect.to_owned()),
            message: name.map(str::to_owned),
            lane: *lane,
            ..new
        }
    }
}

/// The same for all events that bring one message, so that the store takes it once.
fn id_of(to: DestinationId, dialect: &str, name: Option<&str>, once: &str) -> DeliveryId {
    let text = format!("{to}\n{dialect}\n{}\n{once}", name.unwrap_or_default());
    let digest = digest(&SHA256, text.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.as_ref()[..16]);
    DeliveryId::from_bytes(
        uuid::Builder::from_custom_bytes(bytes)
            .into_uuid()
            .into_bytes(),
    )
}

/// By event, what is told of it.
#[derive(Default)]
struct Words(HashMap<Which, Vec<Told>>);

impl Words {
    async fn add(
        &mut self,
        notifier: &Notifier,
        about: About<'_>,
        pipeline: &Pipeline,
    ) -> Result<(), ServiceError> {
        let About { event, job, .. } = about;
        let dialects = notifier.dialects.iter();
        let tells = |dialect: &&Arc<dyn EventRenderer>| {
            dialect.is_about(job) && dialect.tells(event.name) && dialect.listens(pipeline)
        };
        for dialect in dialects.filter(tells) {
            let messages = async { dialect.messages(about, pipeline).await };
            let messages = match AssertUnwindSafe(messages).catch_unwind().await {
                Ok(Ok(messages)) => messages,
                Ok(Err(error)) if error.kind == ErrorKind::Unavailable => return Err(error),
                // Everybody else's must not wait for it.
                Ok(Err(error)) => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string);
                    tracing::error!(%error, cause, job.id = %event.job, "job {} is not told of", event.job);
                    continue;
                }
                Err(_) => {
                    tracing::error!(job.id = %event.job, "job {} is not told of: it panicked", event.job);
                    continue;
                }
            };
            let told = messages.into_iter().map(|message| Told {
                dialect: dialect.dialect(),
                message,
            });
            let which = (event.job, event.name, event.attempt);
            self.0.entry(which).or_default().extend(told);
        }
        Ok(())
    }

    fn told(&self, event: &JobEvent, topic: &TopicName) -> impl Iterator<Item = &Told> {
        let which = (event.job, event.name, event.attempt);
        let told = self.0.get(&which).into_iter().flatten();
        told.filter(move |told| told.message.topic == *topic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(cursor: u64) -> NewDelivery {
        let at = Timestamp::from_millis(0);
        let event = JobEvent {
            account: reelgate_testkit::account(1),
            job: JobId::from_bytes([1; 16]),
            pipeline: PipelineId::from_bytes([2; 16]),
            name: EventName::Queued,
            attempt: 0,
            at,
            fault: None,
        };
        let cursor = EventCursor::at(cursor);
        NewDelivery {
            id: DeliveryId::from_bytes([3; 16]),
            destination: DestinationId::from_bytes([4; 16]),
            dialect: None,
            message: None,
            lane: None,
            event: StoredEvent { cursor, event },
            created_at: at,
        }
    }

    #[track_caller]
    fn check(cursors: &[u64], most: usize, left: usize, last: Option<u64>) {
        let mut deliveries: Vec<_> = cursors.iter().map(|it| delivery(*it)).collect();
        let cut = cut(&mut deliveries, most);
        assert_eq!((deliveries.len(), cut), (left, last.map(EventCursor::at)));
    }

    #[test]
    fn a_write_holds_no_more_deliveries_than_those_of_whole_events() {
        check(&[1, 1, 2, 2], 4, 4, None);
        check(&[1, 1, 2, 2, 5, 5], 4, 4, Some(2));
        check(&[1, 1, 2, 2, 2, 5], 4, 2, Some(1));
        check(&[1, 1, 1, 2], 2, 3, Some(1));
        check(&[1, 1, 1], 2, 3, None);
        check(&[], 2, 0, None);
    }
}
