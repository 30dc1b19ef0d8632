//! One try to send a delivery.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use reelgate_domain::Timestamp;
use reelgate_domain::event::{Delivery, DeliveryState, Destination};
use reelgate_domain::job::{Job, StateName};
use reelgate_fetch::Answer;
use reelgate_store::{ClaimedDelivery, DestinationChange, Settled};
use tokio::time::Instant;

use super::carrier::Carrier;
use super::notifier::{Notifier, NotifySettings};
use super::renderer::{About, EventRenderer, Rendered, Tries};
use super::{backoff, sign};
use crate::{Service, ServiceError};

/// How long after its claim a try may still begin to send: later, it might end when somebody else has the
/// delivery, or has sent what comes after it.
const LATEST: Duration = Duration::from_secs(5);

/// What a try needs, on its own task.
pub(super) struct Try {
    pub(super) claimed_at: Instant,
    service: Arc<Service>,
    native: Arc<dyn EventRenderer>,
    dialects: Vec<Arc<dyn EventRenderer>>,
    carrier: Arc<dyn Carrier>,
    settings: NotifySettings,
}

/// How a try has ended, before it is known whether another one follows.
enum Outcome {
    Delivered(StatusCode),
    /// The receiver wants nothing more, ever.
    Gone(StatusCode),
    Withdrawn(&'static str),
    Failed {
        status: Option<StatusCode>,
        why: String,
        wait: Option<Duration>,
        /// Whether the receiver had its chance.
        sent: bool,
    },
}

impl Notifier {
    pub(super) fn trying(&self) -> Try {
        Try {
            claimed_at: Instant::now(),
            service: Arc::clone(&self.service),
            native: Arc::clone(&self.native),
            dialects: self.dialects.clone(),
            carrier: Arc::clone(&self.carrier),
            settings: self.settings,
        }
    }
}

impl Try {
    pub(super) async fn send(self, claimed: ClaimedDelivery) -> Settled {
        let delivery = &claimed.delivery;
        let outcome = if claimed.deleted {
            Outcome::Withdrawn("its receiver has been deleted")
        } else {
            match self.prepare(delivery).await {
                Ok(Ok(_)) if self.claimed_at.elapsed() > LATEST => {
                    Outcome::failed("this node took too long to read the job".to_owned())
                }
                Ok(Ok(rendered)) => self.post(&claimed, rendered).await,
                Ok(Err(why)) => Outcome::Withdrawn(why),
                Err(error) => Outcome::failed(format!("it cannot be told: {error}")),
            }
        };
        self.log(&claimed, &outcome);
        if matches!(outcome, Outcome::Gone(_)) {
            self.disable(&claimed.destination).await;
        }
        self.settled(delivery, outcome)
    }

    /// What is to be sent, or why nothing is.
    async fn prepare(
        &self,
        delivery: &Delivery,
    ) -> Result<Result<Rendered, &'static str>, ServiceError> {
        let event = &delivery.event;
        let found = self.service.store.jobs(event.account, &[event.job]).await?;
        let Some(job) = found.first() else {
            return Ok(Err("the job has been deleted"));
        };
        // Nothing of a job goes out after its cancel was accepted but the cancel itself.
        if is_cancelled(job) && !event.name.is_of_a_cancel() {
            return Ok(Err("the job was cancelled before this was sent"));
        }
        let Some(renderer) = self.renderer(delivery) else {
            return Ok(Err("no part of this release knows the words for it"));
        };
        let about = About {
            service: &self.service,
            event,
            job,
            earlier: &[],
        };
        // Uncaught, it would come again as soon as its lease is over, for ever.
        let rendered = AssertUnwindSafe(async { renderer.render(about, delivery).await });
        let rendered = rendered.catch_unwind().await;
        let rendered = rendered.map_err(|_| ServiceError::internal("the renderer panicked"))??;
        Ok(rendered.ok_or("there is nothing to tell of it"))
    }

    fn renderer(&self, delivery: &Delivery) -> Option<&Arc<dyn EventRenderer>> {
        match &delivery.dialect {
            None => Some(&self.native),
            Some(name) => self.dialects.iter().find(|it| it.dialect() == name),
        }
    }

    /// The rules that a dialect has of its own.
    fn tries(&self, delivery: &Delivery) -> Option<Tries> {
        self.renderer(delivery)?.tries()
    }

    async fn post(&self, claimed: &ClaimedDelivery, rendered: Rendered) -> Outcome {
        let ClaimedDelivery {
            delivery,
            destination,
            ..
        } = claimed;
        let headers = match self.headers(delivery, destination, &rendered) {
            Ok(headers) => headers,
            Err(why) => return Outcome::failed(why),
        };
        let url = rendered.url.as_deref().unwrap_or(&destination.url);
        let body = Bytes::from(rendered.body);
        let tries = self.tries(delivery);
        let patience = tries.map_or(self.settings.patience, |it| it.patience);
        let posted = self.carrier.post(url, headers, body);
        let answer = match tokio::time::timeout(patience, posted).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Outcome::not_taken(error.to_string()),
            Err(_) => {
                let why = format!("the receiver took longer than {} s", patience.as_secs());
                return Outcome::not_taken(why);
            }
        };
        match tries {
            Some(tries) => Outcome::by(tries, &answer),
            None => Outcome::of(&answer, self.service.clock.now()),
        }
    }

    /// As the Standard Webhooks specification has them, unless the dialect signs in a way of its own.
    fn headers(
        &self,
        delivery: &Delivery,
        destination: &Destination,
        rendered: &Rendered,
    ) -> Result<HeaderMap, String> {
        let now = self.service.clock.now();
        let url = rendered.url.as_deref().unwrap_or(&destination.url);
        let mut headers = match self.own_headers(delivery, destination, url, now)? {
            Some(own) => own,
            None => self.standard_headers(delivery, destination, rendered, now)?,
        };
        let content_type = HeaderValue::from_static(rendered.content_type);
        headers.insert(CONTENT_TYPE, content_type);
        for (name, value) in &rendered.headers {
            let value = HeaderValue::try_from(value).map_err(|error| error.to_string())?;
            headers.insert(*name, value);
        }
        Ok(headers)
    }

    fn standard_headers(
        &self,
        delivery: &Delivery,
        destination: &Destination,
        rendered: &Rendered,
        now: Timestamp,
    ) -> Result<HeaderMap, String> {
        let (id, seconds) = (delivery.id.to_string(), now.as_millis().div_euclid(1000));
        let old = destination.old_secret.as_ref();
        let old = old.filter(|(_, until)| *until > now).map(|(old, _)| old);
        let mut signatures = Vec::new();
        for secret in [Some(&destination.secret), old].into_iter().flatten() {
            let opened = self.service.open_secret(&secret.id, &secret.bytes);
            let opened = opened.map_err(|_| "the secret cannot be opened".to_owned())?;
            let signature = sign::signature(&opened, &id, seconds, &rendered.body);
            signatures.push(signature.ok_or("the secret is not one that signs")?);
        }
        let text = |text: String| HeaderValue::try_from(text).map_err(|error| error.to_string());
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", text(id)?);
        headers.insert("webhook-timestamp", seconds.into());
        headers.insert("webhook-signature", text(signatures.join(" "))?);
        Ok(headers)
    }

    fn own_headers(
        &self,
        delivery: &Delivery,
        destination: &Destination,
        url: &str,
        now: Timestamp,
    ) -> Result<Option<HeaderMap>, String> {
        let Some(dialect) = &delivery.dialect else {
            return Ok(None);
        };
        let Some(renderer) = self.dialects.iter().find(|it| it.dialect() == dialect) else {
            return Ok(None);
        };
        let secret = &destination.secret;
        let opened = self.service.open_secret(&secret.id, &secret.bytes);
        let opened = opened.map_err(|_| "the secret cannot be opened".to_owned())?;
        let Some(signed) = renderer.signed(url, now, opened.expose()) else {
            return Ok(None);
        };
        let mut headers = HeaderMap::new();
        for (name, value) in signed {
            let value = HeaderValue::try_from(value).map_err(|error| error.to_string())?;
            headers.insert(name, value);
        }
        Ok(Some(headers))
    }

    fn settled(&self, delivery: &Delivery, outcome: Outcome) -> Settled {
        let now = self.service.clock.now();
        let (next, status, error) = match outcome {
            Outcome::Delivered(status) => (Err(DeliveryState::Delivered), Some(status), None),
            Outcome::Gone(status) => {
                let why = "the receiver is gone for good and was disabled".to_owned();
                (Err(DeliveryState::Dead), Some(status), Some(why))
            }
            Outcome::Withdrawn(why) => (Err(DeliveryState::Withdrawn), None, Some(why.to_owned())),
            Outcome::Failed {
                status,
                why,
                wait,
                sent,
            } => {
                let made = delivery.tries - delivery.base;
                let next = match self.tries(delivery) {
                    Some(tries) if sent => (made < tries.most).then(|| now.after(tries.apart)),
                    _ => {
                        let mut dice = [0];
                        self.service.ids.secret(&mut dice);
                        let pause = backoff::wait(made, dice[0]);
                        let give_up_after = self.settings.give_up_after;
                        backoff::next(delivery.began_at, now, pause, wait, give_up_after)
                    }
                };
                (next.ok_or(DeliveryState::Dead), status, Some(why))
            }
        };
        Settled {
            id: delivery.id,
            tries: delivery.tries,
            next,
            at: now,
            status: status.map(|status| status.as_u16()),
            error,
        }
    }

    /// Best effort: if it fails, the next delivery is answered the same. What has another address by now has not
    /// said that it is gone.
    async fn disable(&self, destination: &Destination) {
        let (account, id) = (destination.account, destination.id);
        let known = self.service.store.destination(account, id).await;
        if let Ok(Some(known)) = known
            && known.url != destination.url
        {
            return;
        }
        let change = DestinationChange {
            enabled: Some(false),
            ..DestinationChange::default()
        };
        let changed = self
            .service
            .store
            .change_destination(account, id, change, None);
        if let Err(error) = changed.await {
            tracing::warn!(%error, webhook.id = %id, "webhook {id} is gone and stays enabled");
        }
    }

    fn log(&self, claimed: &ClaimedDelivery, outcome: &Outcome) {
        let (id, tries) = (claimed.delivery.id, claimed.delivery.tries);
        let webhook = claimed.destination.id;
        match outcome {
            Outcome::Delivered(_) | Outcome::Withdrawn(_) => {
                tracing::debug!(delivery.id = %id, webhook.id = %webhook, tries, "delivery {id} ended");
            }
            Outcome::Gone(status) => {
                tracing::warn!(delivery.id = %id, webhook.id = %webhook,
                    "the receiver of webhook {webhook} answered {status} and was disabled");
            }
            Outcome::Failed { why, .. } => {
                tracing::info!(delivery.id = %id, webhook.id = %webhook, tries, why,
                    "delivery {id} was not taken");
            }
        }
    }
}

impl Outcome {
    /// Before anything was sent.
    fn failed(why: String) -> Self {
        Self::Failed {
            status: None,
            why,
            wait: None,
            sent: false,
        }
    }

    /// Without an answer.
    fn not_taken(why: String) -> Self {
        Self::Failed {
            status: None,
            why,
            wait: None,
            sent: true,
        }
    }

    /// By a dialect's own rules.
    fn by(tries: Tries, answer: &Answer) -> Self {
        let status = answer.status;
        if (tries.is_taken)(status) {
            return Self::Delivered(status);
        }
        Self::Failed {
            status: Some(status),
            why: not_taken(status),
            wait: None,
            sent: true,
        }
    }

    fn of(answer: &Answer, now: Timestamp) -> Self {
        let status = answer.status;
        if status.is_success() {
            return Self::Delivered(status);
        }
        if status == StatusCode::GONE {
            return Self::Gone(status);
        }
        let wait = answer.headers.get(RETRY_AFTER);
        let wait = wait.and_then(|value| asked_wait(value.to_str().ok()?.trim(), now));
        Self::Failed {
            status: Some(status),
            why: not_taken(status),
            wait,
            sent: true,
        }
    }
}

fn not_taken(status: StatusCode) -> String {
    match status.is_redirection() {
        true => format!("the receiver answered {status}, and redirects are not followed"),
        false => format!("the receiver answered {status}"),
    }
}

/// The wait that `Retry-After` asks for: seconds, or a date.
fn asked_wait(text: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    let at = at.duration_since(std::time::UNIX_EPOCH).ok()?;
    let now = Duration::from_millis(u64::try_from(now.as_millis()).ok()?);
    Some(at.saturating_sub(now))
}

fn is_cancelled(job: &Job) -> bool {
    matches!(
        job.lifecycle.state.name(),
        StateName::Stopping | StateName::Cancelled
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_asked_for_in_seconds_or_by_a_date() {
        let now = Timestamp::from_millis(784_111_777_000);
        let wait = |text: &str| asked_wait(text, now).map(|wait| wait.as_secs());
        assert_eq!(wait("120"), Some(120));
        assert_eq!(wait("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:00 GMT"), Some(0));
        for strange in ["", "-1", "soon", "1.5"] {
            assert_eq!(wait(strange), None, "{strange}");
        }
    }
}
