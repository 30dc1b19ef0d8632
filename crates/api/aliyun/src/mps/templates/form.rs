//! Transcoding templates: read from parameters, and as answers show them.

use reelgate_api_kit::json;
use reelgate_api_kit::time::format_utc;
use serde_json::{Map, Value};

use super::kept::Kept;
use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::{self, asks_for_nothing, scalar};
use crate::mps::output::settings;
use crate::mps::request;
use crate::rpc::{ApiError, Params};

/// The most bytes of a name.
const MOST_NAME_BYTES: usize = 128;

/// Which operations show a template: they differ in a few fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    AddOrUpdate,
    Query,
    Search,
}

/// The mandatory name of a template of any sort.
pub(super) fn name(params: &Params) -> Result<&str, ApiError> {
    let name = request::required(params, "Name")?;
    if name.len() > MOST_NAME_BYTES {
        return Err(Refusal::new(Code::OutOfRange, "Name").into());
    }
    if name.chars().any(char::is_control) {
        return Err(Refusal::new(Code::Invalid, "Name").into());
    }
    Ok(name)
}

/// A parameter that is a JSON object, without what asks for nothing; absent ones and those that ask for nothing at all
/// are none.
pub(super) fn object(
    params: &Params,
    name: &'static str,
) -> Result<Option<Map<String, Value>>, Refusal> {
    let Some(text) = request::optional(params, name) else {
        return Ok(None);
    };
    match json::parse(text) {
        Ok(value) if asks_for_nothing(&value) => Ok(None),
        Ok(Value::Object(members)) => Ok(Some(members)),
        Ok(_) => Err(Refusal::new(Code::JsonObjectFormat, name)),
        Err(_) => Err(Refusal::new(Code::JsonFormat, name)),
    }
}

/// Takes out what asks for nothing, at any depth.
pub(super) fn prune(members: &mut Map<String, Value>) {
    members.retain(|_, value| !asks_for_nothing(value));
    for value in members.values_mut() {
        if let Value::Object(members) = value {
            prune(members);
        }
    }
}

/// Name and parts of a template, checked as those of an output are.
pub(super) fn read(params: &Params) -> Result<Map<String, Value>, ApiError> {
    let name = name(params)?;
    let mut parts = Map::new();
    for part in settings::PARTS {
        if let Some(members) = object(params, part)? {
            parts.insert(part.to_owned(), Value::Object(members));
        }
    }
    fields::expand(&mut parts, "")?;
    prune(&mut parts);
    settings::read(&parts)?;
    parts.insert("Name".to_owned(), name.into());
    Ok(parts)
}

/// The parts of a kept template, in the form in which an output overrides them.
pub(super) fn parts(kept: &Kept) -> Map<String, Value> {
    let mut parts = kept.members.clone();
    parts.remove("Name");
    parts
}

pub(super) fn shown(kept: &Kept, view: View) -> Value {
    let mut template = texts(&kept.members);
    // These the answers have no place for.
    without(&mut template, "MuxConfig", "Segment", "ForceSegTime");
    if view == View::Search {
        for (part, field) in [("Audio", "Volume"), ("MuxConfig", "Webp")] {
            if let Some(Value::Object(part)) = template.get_mut(part) {
                part.remove(field);
            }
        }
    }
    head(&mut template, kept, view != View::AddOrUpdate);
    Value::Object(template)
}

/// Puts in what every template has beside what it is made of.
pub(super) fn head(template: &mut Map<String, Value>, kept: &Kept, with_time: bool) {
    template.insert("Id".to_owned(), kept.id.as_str().into());
    template.insert("State".to_owned(), kept.state.word().into());
    if with_time {
        let created = format_utc(kept.created_ms);
        template.insert("CreationTime".to_owned(), created.into());
    }
}

fn without(template: &mut Map<String, Value>, part: &str, inner: &str, field: &str) {
    let inner = template.get_mut(part).and_then(|part| part.get_mut(inner));
    if let Some(Value::Object(members)) = inner {
        members.remove(field);
    }
}

/// Every scalar as a text, as answers have almost all of them.
pub(super) fn texts(members: &Map<String, Value>) -> Map<String, Value> {
    let text = |(name, value): (&String, &Value)| {
        let value = match value {
            // Its members are numbers in answers as well.
            value if name == "NarrowBand" => value.clone(),
            Value::Object(members) => Value::Object(texts(members)),
            value => scalar(value)?.into(),
        };
        Some((name.clone(), value))
    };
    members.iter().filter_map(text).collect()
}
