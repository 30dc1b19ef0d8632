//! Events, webhooks, topics and deliveries.

use reqwest::{Method, Response};
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error::Error;
use crate::jobs::Fault;

/// Something that happened to a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its place, from which a later reader can go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Such as `job.succeeded`.
    #[serde(rename = "type")]
    pub name: String,
    pub timestamp: String,
    pub data: EventData,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventData {
    pub job_id: String,
    pub pipeline_id: String,
    pub attempt: u32,
    pub fault: Option<Fault>,
}

/// A page of events, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Events {
    pub events: Vec<Event>,
    /// What `after` is for the next page.
    pub next: String,
    pub more: bool,
}

/// Which events.
#[derive(Clone, Debug, Default, Serialize)]
pub struct EventQuery {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// With commas between.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// By id or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
}

/// A webhook, or with `topic` what receives the messages of that.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Destination {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    pub url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<String>>,
    pub enabled: bool,
    pub old_secret_until: Option<String>,
    pub created_at: String,
    /// Only when it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Webhooks {
    pub webhooks: Vec<Destination>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Topics {
    pub topics: Vec<Destination>,
}

/// A webhook to create.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NewWebhook {
    pub url: String,
    /// Absent: all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<String>>,
}

/// A change to a webhook; what is absent stays.
#[derive(Clone, Debug, Default, Serialize)]
pub struct WebhookChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// An event on its way to a destination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    pub id: String,
    pub destination_id: String,
    pub dialect: String,
    pub event: Event,
    pub state: String,
    pub tries: u32,
    pub next_try_at: Option<String>,
    pub last_try_at: Option<String>,
    pub last_status: Option<u16>,
    pub last_error: Option<String>,
    pub created_at: String,
}

/// A page of deliveries, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deliveries {
    pub deliveries: Vec<Delivery>,
    pub next_cursor: Option<String>,
}

/// Which deliveries to list.
#[derive(Clone, Debug, Default, Serialize)]
pub struct DeliveryQuery {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Events as they come.
pub struct EventStream {
    response: Response,
    rest: Vec<u8>,
    place: Option<String>,
}

impl EventStream {
    /// How far this has come: what `after` is for a stream that goes on from here. The server tells it at the
    /// beginning too, and while nothing happens.
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    /// The next event; none when the server has ended the stream, after which it can be begun again.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some(end) = self.rest.windows(2).position(|two| two == b"\n\n") {
                let block: Vec<u8> = self.rest.drain(..end + 2).collect();
                let text = String::from_utf8_lossy(&block);
                if let Some(place) = text.lines().find_map(|line| line.strip_prefix("id: ")) {
                    self.place = Some(place.to_owned());
                }
                let data = text.lines().find_map(|line| line.strip_prefix("data: "));
                if let Some(event) = data.and_then(|data| serde_json::from_str(data).ok()) {
                    return Some(event);
                }
            }
            // A connection that breaks is a stream that ends.
            let chunk = self.response.chunk().await.ok()??;
            self.rest.extend_from_slice(&chunk);
        }
    }
}

impl Client {
    pub async fn events(&self, query: &EventQuery) -> Result<Events, Error> {
        let call = self.call(Method::GET, &["events"]).query(query);
        let call = call.with(|request| request.header("accept", "application/json"));
        call.answer().await
    }

    /// Follows events from `query.after` on, else from now on.
    pub async fn follow_events(&self, query: &EventQuery) -> Result<EventStream, Error> {
        let call = self.call(Method::GET, &["events"]).query(query);
        let call = call.with(|request| request.header("accept", "text/event-stream"));
        let response = call.send().await?;
        Ok(EventStream {
            response,
            rest: Vec::new(),
            place: query.after.clone(),
        })
    }

    pub async fn create_webhook(&self, webhook: &NewWebhook) -> Result<Destination, Error> {
        let call = self.call(Method::POST, &["webhooks"]);
        call.json(webhook).answer().await
    }

    pub async fn webhooks(&self) -> Result<Webhooks, Error> {
        self.call(Method::GET, &["webhooks"]).answer().await
    }

    pub async fn change_webhook(
        &self,
        id: &str,
        change: &WebhookChange,
    ) -> Result<Destination, Error> {
        let call = self.call(Method::PATCH, &["webhooks", id]);
        call.json(change).answer().await
    }

    pub async fn rotate_webhook(&self, id: &str) -> Result<Destination, Error> {
        let call = self.call(Method::POST, &["webhooks", id, "rotate"]);
        call.answer().await
    }

    pub async fn delete_webhook(&self, id: &str) -> Result<(), Error> {
        let call = self.call(Method::DELETE, &["webhooks", id]);
        call.send().await.map(drop)
    }

    /// Says where a topic's messages go.
    pub async fn put_topic(&self, name: &str, url: &str) -> Result<Destination, Error> {
        let call = self.call(Method::PUT, &["topics", name]);
        call.json(&serde_json::json!({ "url": url })).answer().await
    }

    pub async fn topics(&self) -> Result<Topics, Error> {
        self.call(Method::GET, &["topics"]).answer().await
    }

    pub async fn delete_topic(&self, name: &str) -> Result<(), Error> {
        let call = self.call(Method::DELETE, &["topics", name]);
        call.send().await.map(drop)
    }

    pub async fn deliveries(&self, query: &DeliveryQuery) -> Result<Deliveries, Error> {
        let call = self.call(Method::GET, &["deliveries"]);
        call.query(query).answer().await
    }

    pub async fn delivery(&self, id: &str) -> Result<Delivery, Error> {
        self.call(Method::GET, &["deliveries", id]).answer().await
    }

    pub async fn replay_delivery(&self, id: &str) -> Result<Delivery, Error> {
        let call = self.call(Method::POST, &["deliveries", id, "replay"]);
        call.answer().await
    }
}
