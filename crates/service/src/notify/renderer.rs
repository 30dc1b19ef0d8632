//! The seam for the words in which an event is told.

use reelgate_domain::Pipeline;
use reelgate_domain::event::{EventName, JobEvent, TopicName};
use reelgate_domain::job::Job;

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    pub content_type: &'static str,
    pub body: Vec<u8>,
}

/// How a dialect tells of events. Each dialect that does has one, which `app` hands to the
/// [`Notifier`](super::Notifier).
pub trait EventRenderer: Send + Sync + 'static {
    /// The dialect, as jobs that it made remember it.
    fn dialect(&self) -> &'static str;

    /// Whether it ever tells of such an event.
    fn tells(&self, name: EventName) -> bool;

    /// The topics that a pipeline wants its jobs' events sent to.
    fn topics(&self, pipeline: &Pipeline) -> Vec<TopicName>;

    /// The event in the dialect's words; the same whenever it is asked for. `None` if this one is not
    /// told after all.
    fn render(&self, event: &JobEvent, job: &Job) -> Option<Rendered>;
}
