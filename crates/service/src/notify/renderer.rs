//! The seam for the words in which an event is told.

use reelgate_domain::event::{EventName, JobEvent, TopicName};
use reelgate_domain::job::Job;
use reelgate_domain::{Pipeline, Timestamp};

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    pub content_type: &'static str,
    pub body: Vec<u8>,
}

/// Names of headers, in lower case, and their values.
pub type Headers = Vec<(&'static str, String)>;

/// How a dialect tells of events. Each dialect that does has one, which `app` hands to the
/// [`Notifier`](super::Notifier).
pub trait EventRenderer: Send + Sync + 'static {
    /// The dialect, as jobs that it made remember it.
    fn dialect(&self) -> &'static str;

    /// Whether it ever tells of such an event.
    fn tells(&self, name: EventName) -> bool;

    /// The topics that a pipeline wants its jobs' events sent to.
    fn topics(&self, pipeline: &Pipeline) -> Vec<TopicName>;

    /// Those of them that this event of this job goes to.
    fn topics_of(&self, _event: &JobEvent, _job: &Job, pipeline: &Pipeline) -> Vec<TopicName> {
        self.topics(pipeline)
    }

    /// The headers by which a receiver knows who sends, if they are not those of Standard Webhooks.
    fn signed(&self, _url: &str, _at: Timestamp, _secret: &str) -> Option<Headers> {
        None
    }

    /// The event in the dialect's words; the same whenever it is asked for. `None` if this one is not
    /// told after all.
    fn render(&self, event: &JobEvent, job: &Job) -> Option<Rendered>;
}
