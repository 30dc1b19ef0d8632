//! Following one stream over as many connections as it takes.

use std::time::Duration;

use reqwest::{Method, Response};
use serde::Serialize;
use serde_json::Value;

use super::{Stream, StreamHealth, StreamNote};
use crate::client::Client;
use crate::error::Error;
use crate::following::passes;

/// The pause before a connection that has ended is made again, and the longest: each failure doubles it.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// What is told of a stream that is followed.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub enum StreamSign {
    /// The stream as it is now: at the beginning, and when something was asked of it or it changed hands.
    Stream(Box<Stream>),
    /// What its worker sees.
    Health(StreamHealth),
    /// Something has happened to it.
    Note(StreamNote),
    /// It was deleted: nothing follows.
    Deleted,
}

/// Signs of one stream as they come: a connection that ends is made again.
pub struct StreamSigns {
    client: Client,
    id: String,
    response: Response,
    rest: Vec<u8>,
    /// Of the last note.
    place: Option<String>,
    pauses: (Duration, Duration),
}

impl Client {
    /// Follows a stream from now on, through breaks of the connection and restarts of the server. What stands
    /// against it at the very beginning is an error.
    pub async fn follow_stream(&self, id: &str) -> Result<StreamSigns, Error> {
        Ok(StreamSigns {
            client: self.clone(),
            id: id.to_owned(),
            response: connect(self, id, None).await?,
            rest: Vec::new(),
            place: None,
            pauses: PAUSES,
        })
    }
}

async fn connect(client: &Client, id: &str, place: Option<&str>) -> Result<Response, Error> {
    let call = client.call(Method::GET, &["streams", id, "events"]);
    let call = call.with(|request| request.header("accept", "text/event-stream"));
    let call = call.with(|request| match place {
        Some(place) => request.header("last-event-id", place),
        None => request,
    });
    call.send().await
}

impl StreamSigns {
    /// The same with other pauses: the first one, and the longest.
    #[must_use]
    pub fn with_pauses(self, first: Duration, longest: Duration) -> Self {
        let pauses = (first, longest);
        Self { pauses, ..self }
    }

    /// The next sign, however long that takes; the last one is that the stream was deleted. `told` hears of each try
    /// to connect that has failed, and after how long the next one follows. An error says what no waiting mends.
    pub async fn next(
        &mut self,
        mut told: impl FnMut(&Error, Duration),
    ) -> Result<StreamSign, Error> {
        loop {
            if let Some(sign) = self.next_here().await {
                return Ok(sign);
            }
            self.rest.clear();
            let (mut pause, longest) = self.pauses;
            self.response = loop {
                tokio::time::sleep(pause).await;
                match connect(&self.client, &self.id, self.place.as_deref()).await {
                    Ok(response) => break response,
                    // It went while nobody listened.
                    Err(error) if error.is_not_found() => return Ok(StreamSign::Deleted),
                    Err(error) if !passes(&error) => return Err(error),
                    Err(error) => {
                        pause = (pause * 2).min(longest);
                        told(&error, pause);
                    }
                }
            };
        }
    }

    /// The next sign of this connection; none at its end.
    async fn next_here(&mut self) -> Option<StreamSign> {
        loop {
            while let Some(end) = self.rest.windows(2).position(|two| two == b"\n\n") {
                let block: Vec<u8> = self.rest.drain(..end + 2).collect();
                let text = String::from_utf8_lossy(&block);
                if let Some(place) = text.lines().find_map(|line| line.strip_prefix("id: ")) {
                    self.place = Some(place.to_owned());
                }
                if let Some(sign) = sign(&text) {
                    return Some(sign);
                }
            }
            // A connection that breaks is one that ends.
            let chunk = self.response.chunk().await.ok()??;
            self.rest.extend_from_slice(&chunk);
        }
    }
}

/// What a block of the connection says, if this client knows it.
fn sign(block: &str) -> Option<StreamSign> {
    let part = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
    let data: Value = serde_json::from_str(part("data: ")?).ok()?;
    Some(match part("event: ")? {
        "stream" => StreamSign::Stream(serde_json::from_value(data).ok()?),
        "health" => StreamSign::Health(serde_json::from_value(data).ok()?),
        "note" => StreamSign::Note(serde_json::from_value(data).ok()?),
        "deleted" => StreamSign::Deleted,
        _ => return None,
    })
}
