//! The seam for the words in which an event is told.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use http::StatusCode;
use reelgate_domain::event::{Delivery, EventName, JobEvent, LaneId, TopicName};
use reelgate_domain::job::Job;
use reelgate_domain::{Pipeline, Timestamp};

use crate::{Caller, Service, ServiceError};

/// Names of headers, in lower case, and their values.
pub type Headers = Vec<(&'static str, String)>;

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    pub content_type: &'static str,
    /// Beside those that sign.
    pub headers: Headers,
    pub body: Vec<u8>,
    /// Where it goes, if not to its destination's address.
    pub url: Option<String>,
}

impl Rendered {
    pub const fn json(body: Vec<u8>) -> Self {
        Self {
            content_type: "application/json",
            headers: Vec::new(),
            body,
            url: None,
        }
    }
}

/// An event, the job that it happened to, and where else to look.
#[derive(Clone, Copy)]
pub struct About<'a> {
    pub service: &'a Service,
    pub event: &'a JobEvent,
    pub job: &'a Job,
    /// While messages are made: the account's events before this one whose messages are not stored yet.
    pub earlier: &'a [&'a JobEvent],
}

impl About<'_> {
    /// Who looks: the account itself.
    pub fn caller(&self) -> Caller {
        Caller::root(self.event.account)
    }
}

/// A message that tells a topic of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub topic: TopicName,
    /// Which of the dialect's, where an event has several. They are sent in their order.
    pub name: Option<&'static str>,
    /// What it waits for others of. Absent: the job.
    pub lane: Option<LaneId>,
    /// Of a message that several events may bring, such as that the last of some jobs has ended: what is the same for
    /// all of these. It is sent once.
    pub once: Option<String>,
}

impl Message {
    pub const fn to(topic: TopicName) -> Self {
        Self {
            topic,
            name: None,
            lane: None,
            once: None,
        }
    }
}

/// How often a message is tried and what counts as taken, where a dialect has rules of its own.
#[derive(Clone, Copy, Debug)]
pub struct Tries {
    /// Of those that were sent.
    pub most: u32,
    pub apart: Duration,
    /// For one.
    pub patience: Duration,
    pub is_taken: fn(StatusCode) -> bool,
}

/// How a dialect tells of events. Each dialect that does has one, which `app` hands to the
/// [`Notifier`](super::Notifier).
pub trait EventRenderer: Send + Sync + 'static {
    /// The dialect, as jobs that it made remember it.
    fn dialect(&self) -> &'static str;

    /// Whether a job is one that it tells of: one that it made, unless it says otherwise.
    fn is_about(&self, job: &Job) -> bool {
        let origin = job.origin.as_ref();
        origin.is_some_and(|origin| origin.dialect == self.dialect())
    }

    /// Whether it ever tells of such an event.
    fn tells(&self, name: EventName) -> bool;

    /// Whether anybody may want to be told of a pipeline's jobs, as far as the pipeline says.
    fn listens(&self, _pipeline: &Pipeline) -> bool {
        false
    }

    /// The messages that tell topics of an event.
    fn messages<'a>(
        &'a self,
        _about: About<'a>,
        _pipeline: &'a Pipeline,
    ) -> BoxFuture<'a, Result<Vec<Message>, ServiceError>> {
        ready(Ok(Vec::new())).boxed()
    }

    /// The headers by which a receiver knows who sends, if they are not those of Standard Webhooks.
    fn signed(&self, _url: &str, _at: Timestamp, _secret: &str) -> Option<Headers> {
        None
    }

    /// Absent: for three days, until any success is answered.
    fn tries(&self) -> Option<Tries> {
        None
    }

    /// The event in the dialect's words; the same whenever it is asked for, but for addresses that expire. `None` if
    /// this one is not told after all.
    fn render<'a>(
        &'a self,
        about: About<'a>,
        delivery: &'a Delivery,
    ) -> BoxFuture<'a, Result<Option<Rendered>, ServiceError>>;
}
