//! `GET /notification/event`: the events that there are here.

use http::StatusCode;
use serde_json::json as value;

use super::event::Event;
use crate::answer::json;
use crate::errors::Outcome;
use crate::mpc::asked::Asked;

/// Without those that are refused when somebody switches them on.
pub(in crate::mpc) fn call(asked: &Asked<'_>) -> Outcome {
    asked.query(&[])?;
    let names = Event::ALL.map(Event::word);
    let view = value!({"total": names.len(), "event_name": names});
    Ok(json(StatusCode::OK, &view))
}
