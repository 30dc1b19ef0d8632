//! The messages: what is said of a task, in the envelope of the vendor's message service.
//!
//! The vendor signs its envelopes with a certificate that nobody else has. Here `signature` and what belongs to it are
//! empty, and headers sign the whole body with the topic's own secret, as those of webhooks do.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use reelgate_api_kit::time::format_utc;
use reelgate_domain::Pipeline;
use reelgate_domain::event::{Delivery, EventName};
use reelgate_domain::job::Job;
use reelgate_service::{About, EventRenderer, Message, Rendered, ServiceError};
use serde_json::{Map, Value, json};

use super::event::Event;
use super::{find, task, topic_name};
use crate::mpc::pipeline::project_of;

/// Tells the topics of projects how their tasks go.
#[derive(Clone, Copy, Debug, Default)]
pub struct Notifications;

impl EventRenderer for Notifications {
    fn dialect(&self) -> &'static str {
        crate::DIALECT
    }

    /// Whatever is in a project's pipeline is a task of it.
    fn is_about(&self, _job: &Job) -> bool {
        true
    }

    /// A cancelled task has no event.
    fn tells(&self, name: EventName) -> bool {
        matches!(
            name,
            EventName::Started | EventName::Succeeded | EventName::Failed
        )
    }

    fn listens(&self, pipeline: &Pipeline) -> bool {
        project_of(pipeline).is_some()
    }

    fn messages<'a>(
        &'a self,
        about: About<'a>,
        pipeline: &'a Pipeline,
    ) -> BoxFuture<'a, Result<Vec<Message>, ServiceError>> {
        async move {
            let Some((project, lane)) = project_of(pipeline) else {
                return Ok(Vec::new());
            };
            let Some(event) = Event::of(about.event, about.job.spec.kind(), lane) else {
                return Ok(Vec::new());
            };
            let (settings, _) = find(about.service, &about.caller(), project).await?;
            let topic = settings.topic_of(event).and_then(topic_name);
            let message = topic.map(|topic| Message {
                name: Some(event.word()),
                ..Message::to(topic)
            });
            Ok(message.into_iter().collect())
        }
        .boxed()
    }

    fn render<'a>(
        &'a self,
        about: About<'a>,
        delivery: &'a Delivery,
    ) -> BoxFuture<'a, Result<Option<Rendered>, ServiceError>> {
        render(about, delivery).boxed()
    }
}

async fn render(about: About<'_>, delivery: &Delivery) -> Result<Option<Rendered>, ServiceError> {
    let caller = about.caller();
    let Some(event) = delivery.message.as_deref().and_then(Event::named) else {
        return Ok(None);
    };
    let found = about
        .service
        .pipelines(&caller, &[about.event.pipeline])
        .await?;
    let Some((project, _)) = found.first().and_then(project_of) else {
        return Ok(None);
    };
    let (settings, _) = find(about.service, &caller, project).await?;
    // Somebody has switched it off.
    let Some(topic) = settings.topic_of(event) else {
        return Ok(None);
    };
    let id = delivery.id.to_string();
    let message = message(event, about);
    let envelope = json!({
        "type": "Notification",
        "topic_urn": topic,
        "message_id": id,
        "message": message.to_string(),
        "timestamp": format_utc(about.event.at.as_millis()),
        "signature": "",
        "signature_version": "v1",
        "signing_cert_url": "",
        "unsubscribe_url": "",
    });
    let body = envelope.to_string().into_bytes();
    Ok(Some(Rendered {
        headers: vec![
            ("x-smn-message-type", "Notification".to_owned()),
            ("x-smn-message-id", id),
            ("x-smn-topic-urn", topic.to_owned()),
            (
                "x-smn-subscription-urn",
                format!("{topic}:{}", delivery.destination),
            ),
        ],
        ..Rendered::json(body)
    }))
}

fn message(
    event: Event,
    About {
        event: happened,
        job,
        ..
    }: About<'_>,
) -> Value {
    let mut message = Map::new();
    message.insert("event_type".to_owned(), event.word().into());
    let info = match happened.name {
        EventName::Started => task::started(job, happened.at),
        _ => task::ended(job, happened, event),
    };
    message.insert(event.member().to_owned(), info);
    Value::Object(message)
}
