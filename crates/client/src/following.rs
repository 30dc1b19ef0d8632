//! Following events over as many connections as it takes.

use std::time::Duration;

use crate::client::Client;
use crate::error::Error;
use crate::notify::{Event, EventQuery, EventStream};

/// The pause before a stream that has ended is begun again, and the longest: each failure doubles it.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Events as they come, for ever: a stream that ends is gone on with where it was, so that nothing is missed.
pub struct Following {
    client: Client,
    query: EventQuery,
    stream: EventStream,
    pauses: (Duration, Duration),
}

impl Client {
    /// Follows events from `query.after` on, else from now on, through breaks of the connection and restarts of
    /// the server. What stands against it at the very beginning is an error.
    pub async fn follow_events_on(&self, query: EventQuery) -> Result<Following, Error> {
        let stream = self.follow_events(&query).await?;
        Ok(Following {
            client: self.clone(),
            query,
            stream,
            pauses: PAUSES,
        })
    }
}

impl Following {
    /// The same with other pauses: the first one, and the longest.
    #[must_use]
    pub fn with_pauses(self, first: Duration, longest: Duration) -> Self {
        let pauses = (first, longest);
        Self { pauses, ..self }
    }

    /// The next event, however long that takes. `told` hears of each try that has failed, and after how long
    /// the next one follows. An error says what no waiting mends: such as a key that counts no more, or that
    /// what follows has been removed.
    pub async fn next(&mut self, mut told: impl FnMut(&Error, Duration)) -> Result<Event, Error> {
        loop {
            if let Some(event) = self.stream.next().await {
                return Ok(event);
            }
            self.query.after = self.stream.place().map(str::to_owned);
            let (mut pause, longest) = self.pauses;
            self.stream = loop {
                tokio::time::sleep(pause).await;
                match self.client.follow_events(&self.query).await {
                    Ok(stream) => break stream,
                    Err(error) if !passes(&error) => return Err(error),
                    Err(error) => {
                        pause = (pause * 2).min(longest);
                        told(&error, pause);
                    }
                }
            };
        }
    }
}

/// Whether what has failed may go well later although nobody changes the call.
pub(crate) fn passes(error: &Error) -> bool {
    match error {
        Error::Unreachable { .. } | Error::Broken { .. } => true,
        Error::Refused(problem) => problem.status >= 500 || matches!(problem.status, 408 | 429),
        // This side's, or what only a person mends.
        _ => false,
    }
}
