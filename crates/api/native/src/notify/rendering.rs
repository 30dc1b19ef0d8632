//! What webhooks are sent.

use reelgate_domain::Pipeline;
use reelgate_domain::event::{EventName, JobEvent, TopicName};
use reelgate_domain::job::Job;
use reelgate_service::{EventRenderer, Rendered};

use super::view::EventView;
use crate::NativeApi;

/// Tells webhooks of every event.
#[derive(Clone, Copy, Debug, Default)]
pub struct NativeRenderer;

impl EventRenderer for NativeRenderer {
    fn dialect(&self) -> &'static str {
        NativeApi::NAME
    }

    fn tells(&self, _: EventName) -> bool {
        true
    }

    /// Native pipelines know no topics: a webhook hears of all of an account's.
    fn topics(&self, _: &Pipeline) -> Vec<TopicName> {
        Vec::new()
    }

    fn render(&self, event: &JobEvent, job: &Job) -> Option<Rendered> {
        let view = EventView::with_user_data(event, job.user_data.as_deref());
        Some(Rendered {
            content_type: "application/json",
            body: serde_json::to_vec(&view).ok()?,
        })
    }
}
