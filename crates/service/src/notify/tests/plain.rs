//! A renderer that says as little as a test needs.

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use reelgate_domain::Pipeline;
use reelgate_domain::event::{Delivery, EventName, TopicName};
use serde_json::json;

use crate::ServiceError;
use crate::notify::{About, EventRenderer, Message, Rendered};

/// Tells everything in JSON, as a dialect of this name.
pub(super) struct Plain(pub(super) &'static str);

impl EventRenderer for Plain {
    fn dialect(&self) -> &'static str {
        self.0
    }

    fn tells(&self, name: EventName) -> bool {
        self.0 == "native" || matches!(name, EventName::Succeeded | EventName::Failed)
    }

    fn listens(&self, pipeline: &Pipeline) -> bool {
        self.topic(pipeline).is_some()
    }

    fn messages<'a>(
        &'a self,
        _: About<'a>,
        pipeline: &'a Pipeline,
    ) -> BoxFuture<'a, Result<Vec<Message>, ServiceError>> {
        let topic = self.topic(pipeline).into_iter();
        ready(Ok(topic.map(Message::to).collect())).boxed()
    }

    fn render<'a>(
        &'a self,
        About { event, .. }: About<'a>,
        _: &'a Delivery,
    ) -> BoxFuture<'a, Result<Option<Rendered>, ServiceError>> {
        let view = json!({"type": event.name.as_str(), "job": event.job, "by": self.0});
        let rendered = Rendered::json(view.to_string().into_bytes());
        ready(Ok(Some(rendered))).boxed()
    }
}

impl Plain {
    /// The one that a pipeline's origin names.
    fn topic(&self, pipeline: &Pipeline) -> Option<TopicName> {
        let origin = pipeline.origin.as_ref()?;
        let is_ours = origin.dialect == self.0;
        is_ours.then(|| origin.request.get("Topic")?.as_str()?.parse().ok())?
    }
}
