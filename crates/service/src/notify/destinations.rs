//! Webhooks, and the receivers of topics.

use std::time::Duration;

use reelgate_domain::Timestamp;
use reelgate_domain::event::{Destination, DestinationId, NameSet, Sealed, TopicName};
use reelgate_store::{Create, DestinationChange};

use super::sign::new_secret;
use crate::{Caller, ErrorKind, Secret, Service, ServiceError};

/// The longest time for which a secret that was replaced signs beside the new one.
const LONGEST_OVERLAP: Duration = Duration::from_secs(30 * 24 * 3600);
const MOST_URL_BYTES: usize = 2048;

/// A destination without its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestinationView {
    pub id: DestinationId,
    pub topic: Option<TopicName>,
    pub url: String,
    pub names: NameSet,
    pub enabled: bool,
    /// Until when the secret before the newest one signs too.
    pub old_secret_until: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// A destination and, this once, its secret.
#[derive(Debug)]
pub struct OpenedDestination {
    pub view: DestinationView,
    pub secret: Secret,
}

impl Service {
    /// Makes a webhook: events of these names are sent to the URL from now on.
    pub async fn create_webhook(
        &self,
        caller: &Caller,
        url: String,
        names: NameSet,
    ) -> Result<OpenedDestination, ServiceError> {
        self.create_destination(caller, None, url, names).await
    }

    /// Gives a topic's messages a receiver. One that it has keeps its secret, and `None` is answered
    /// in its place.
    pub async fn put_topic(
        &self,
        caller: &Caller,
        name: TopicName,
        url: String,
    ) -> Result<(DestinationView, Option<Secret>), ServiceError> {
        self.check_url(&url)?;
        if let Some(known) = self.store.topic(caller.account, &name).await? {
            let change = DestinationChange {
                url: Some(url),
                ..DestinationChange::default()
            };
            let changed = self.change(caller, known.id, "topic", change).await?;
            return Ok((changed, None));
        }
        let made = self
            .create_destination(caller, Some(name), url, NameSet::ALL)
            .await?;
        Ok((made.view, Some(made.secret)))
    }

    /// Gives a topic's messages a receiver with a secret that the caller chose; without one a receiver that there is
    /// keeps its own. One that was switched off is on again.
    pub async fn set_receiver(
        &self,
        caller: &Caller,
        name: TopicName,
        url: String,
        secret: Option<Secret>,
    ) -> Result<(), ServiceError> {
        self.check_url(&url)?;
        let Some(known) = self.store.topic(caller.account, &name).await? else {
            let secret = secret.unwrap_or_else(|| Secret::new(""));
            let made = self.make_destination(caller, Some(name), url, NameSet::ALL, secret);
            return made.await.map(drop);
        };
        let now = self.clock.now();
        let change = DestinationChange {
            url: Some(url),
            // The one before signs nothing any more.
            secret: secret.map(|secret| (self.seal_webhook_secret(known.id, now, &secret), now)),
            enabled: Some(true),
            ..DestinationChange::default()
        };
        self.change(caller, known.id, "topic", change)
            .await
            .map(drop)
    }

    /// The secret that a topic's receiver has.
    pub async fn receiver_secret(
        &self,
        caller: &Caller,
        name: &TopicName,
    ) -> Result<Option<Secret>, ServiceError> {
        let known = self.store.topic(caller.account, name).await?;
        let secret = known.map(|known| known.secret);
        secret
            .map(|it| self.open_secret(&it.id, &it.bytes))
            .transpose()
    }

    /// Takes a topic's receiver away, if it has one.
    pub async fn remove_receiver(
        &self,
        caller: &Caller,
        name: &TopicName,
    ) -> Result<(), ServiceError> {
        if let Some(known) = self.store.topic(caller.account, name).await? {
            self.store
                .delete_destination(caller.account, known.id)
                .await?;
        }
        Ok(())
    }

    async fn create_destination(
        &self,
        caller: &Caller,
        topic: Option<TopicName>,
        url: String,
        names: NameSet,
    ) -> Result<OpenedDestination, ServiceError> {
        self.check_url(&url)?;
        let secret = new_secret(&*self.ids);
        self.make_destination(caller, topic, url, names, secret)
            .await
    }

    async fn make_destination(
        &self,
        caller: &Caller,
        topic: Option<TopicName>,
        url: String,
        names: NameSet,
        secret: Secret,
    ) -> Result<OpenedDestination, ServiceError> {
        let now = self.clock.now();
        let id = DestinationId::from_bytes(self.ids.uuid(now));
        let sealed = self.seal_webhook_secret(id, now, &secret);
        let new = Destination {
            id,
            account: caller.account,
            topic,
            url,
            names,
            secret: sealed,
            old_secret: None,
            enabled: true,
            created_at: now,
        };
        let view = DestinationView::from(&new);
        match self
            .store
            .create_destination(new, caller.making(id))
            .await?
        {
            Create::Created => Ok(OpenedDestination { view, secret }),
            Create::TooMany => {
                let most = Destination::MOST;
                let message = format!(
                    "the account has {most} webhooks and topics, as many as it may have: delete one \
                     first"
                );
                Err(ServiceError::new(ErrorKind::Conflict, id, message))
            }
            Create::Taken => {
                let message = "the topic was given a receiver in this very moment";
                Err(ServiceError::new(ErrorKind::Conflict, "topic", message))
            }
            Create::OwnerMissing => Err(ServiceError::missing("account", caller.account)),
        }
    }

    /// The caller's webhooks, oldest first.
    pub async fn webhooks(&self, caller: &Caller) -> Result<Vec<DestinationView>, ServiceError> {
        let found = self.store.destinations(caller.account).await?;
        let webhooks = found.iter().filter(|it| it.topic.is_none());
        Ok(webhooks.map(DestinationView::from).collect())
    }

    /// The caller's topics, by name, without what dialects keep for themselves.
    pub async fn topics(&self, caller: &Caller) -> Result<Vec<DestinationView>, ServiceError> {
        let found = self.store.destinations(caller.account).await?;
        let is_named = |topic: &TopicName| !topic.is_of_dialect();
        let topics = found
            .iter()
            .filter(|it| it.topic.as_ref().is_some_and(is_named));
        let mut topics: Vec<_> = topics.map(DestinationView::from).collect();
        topics.sort_by(|a, b| a.topic.cmp(&b.topic));
        Ok(topics)
    }

    pub async fn webhook(
        &self,
        caller: &Caller,
        id: DestinationId,
    ) -> Result<DestinationView, ServiceError> {
        let found = self.store.destination(caller.account, id).await?;
        let found = found.filter(|it| it.topic.is_none());
        let found = found.ok_or_else(|| ServiceError::missing("webhook", id))?;
        Ok(DestinationView::from(&found))
    }

    pub async fn topic(
        &self,
        caller: &Caller,
        name: &TopicName,
    ) -> Result<DestinationView, ServiceError> {
        let found = self.store.topic(caller.account, name).await?;
        let found = found.ok_or_else(|| ServiceError::missing("topic", name))?;
        Ok(DestinationView::from(&found))
    }

    /// Changes a webhook. One that is disabled gets nothing new, and what is unsent waits.
    pub async fn change_webhook(
        &self,
        caller: &Caller,
        id: DestinationId,
        url: Option<String>,
        names: Option<NameSet>,
        enabled: Option<bool>,
    ) -> Result<DestinationView, ServiceError> {
        self.webhook(caller, id).await?;
        if let Some(url) = &url {
            self.check_url(url)?;
        }
        let change = DestinationChange {
            url,
            names,
            enabled,
            secret: None,
        };
        self.change(caller, id, "webhook", change).await
    }

    /// Switches a topic's receiver on or off.
    pub async fn enable_topic(
        &self,
        caller: &Caller,
        name: &TopicName,
        enabled: bool,
    ) -> Result<DestinationView, ServiceError> {
        let id = self.topic(caller, name).await?.id;
        let change = DestinationChange {
            enabled: Some(enabled),
            ..DestinationChange::default()
        };
        self.change(caller, id, "topic", change).await
    }

    async fn change(
        &self,
        caller: &Caller,
        id: DestinationId,
        what: &str,
        change: DestinationChange,
    ) -> Result<DestinationView, ServiceError> {
        let once = caller.making(id);
        let changed = self
            .store
            .change_destination(caller.account, id, change, once);
        let changed = changed.await?;
        let changed = changed.ok_or_else(|| ServiceError::missing(what, id))?;
        Ok(DestinationView::from(&changed))
    }

    /// Gives a webhook or topic a new secret. The old one signs beside it for a while, so that the
    /// receiver has time to learn the new one.
    pub async fn rotate_webhook_secret(
        &self,
        caller: &Caller,
        id: DestinationId,
        overlap: Duration,
    ) -> Result<OpenedDestination, ServiceError> {
        if overlap > LONGEST_OVERLAP {
            let days = LONGEST_OVERLAP.as_secs() / (24 * 3600);
            let message = format!("a replaced secret signs for at most {days} days");
            return Err(ServiceError::invalid("overlap_seconds", message));
        }
        let now = self.clock.now();
        let (secret, sealed) = self.new_webhook_secret(id, now);
        let change = DestinationChange {
            secret: Some((sealed, now.after(overlap))),
            ..DestinationChange::default()
        };
        let view = self.change(caller, id, "webhook", change).await?;
        Ok(OpenedDestination { view, secret })
    }

    /// Deletes a webhook or topic; nothing more is sent to it.
    pub async fn delete_destination(
        &self,
        caller: &Caller,
        id: DestinationId,
    ) -> Result<(), ServiceError> {
        let deleted = self.store.delete_destination(caller.account, id).await?;
        let missing = || ServiceError::missing("webhook", id);
        deleted.then_some(()).ok_or_else(missing)
    }

    /// Whether events may be sent to an address: what leads inside the operator's network is told at once, as far as it
    /// can be seen.
    pub fn check_url(&self, url: &str) -> Result<(), ServiceError> {
        if url.len() > MOST_URL_BYTES {
            let message = format!("the URL is longer than {MOST_URL_BYTES} bytes");
            return Err(ServiceError::invalid("url", message));
        }
        let read = self.guard.read(url);
        read.map(drop)
            .map_err(|refused| ServiceError::invalid("url", refused.to_string()))
    }

    fn new_webhook_secret(&self, id: DestinationId, now: Timestamp) -> (Secret, Sealed) {
        let secret = new_secret(&*self.ids);
        let sealed = self.seal_webhook_secret(id, now, &secret);
        (secret, sealed)
    }

    fn seal_webhook_secret(&self, id: DestinationId, now: Timestamp, secret: &Secret) -> Sealed {
        // Each secret has an id of its own, also of two that replace each other in one moment.
        let number = hex::encode(self.ids.uuid(now));
        let id = format!("~webhook-{id}-{number}");
        let bytes = self.seal_secret(&id, secret);
        Sealed { id, bytes }
    }
}

impl From<&Destination> for DestinationView {
    fn from(destination: &Destination) -> Self {
        let old = destination.old_secret.as_ref();
        Self {
            id: destination.id,
            topic: destination.topic.clone(),
            url: destination.url.clone(),
            names: destination.names,
            enabled: destination.enabled,
            old_secret_until: old.map(|(_, until)| *until),
            created_at: destination.created_at,
        }
    }
}
