//! `GET /notification`: what was set, by event.

use http::StatusCode;
use serde_json::{Value, json as value};

use super::find;
use crate::answer::json;
use crate::errors::Outcome;
use crate::mpc::asked::Asked;
use crate::mpc::errors::service_error;

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    asked.query(&[])?;
    let found = find(asked.service, asked.caller, asked.project).await;
    let (settings, _) = found.map_err(service_error)?;
    let views = settings.notifications.into_iter().map(|setting| {
        let mut view = value!({
            "event_name": setting.event.word(),
            "status": if setting.is_on { "on" } else { "off" },
            "msg_type": setting.message_kind,
        });
        if let Some(topic) = setting.topic {
            view["topic"] = topic.into();
        }
        view
    });
    let views: Vec<Value> = views.collect();
    let view = value!({"total": views.len(), "notifications": views});
    Ok(json(StatusCode::OK, &view))
}
