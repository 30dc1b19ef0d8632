//! The account's templates that a submission names, read before its outputs are.

use std::borrow::Cow;
use std::collections::HashMap;

use reelgate_api_kit::json;
use reelgate_service::{Caller, Service};
use serde_json::{Map, Value};

use super::form;
use super::kept::{self, Family, Kept, TRANSCODING, WATERMARKS};
use crate::mps::errors::{Code, Refusal};
use crate::mps::status::TemplateState;
use crate::rpc::ApiError;

/// What was found of them.
#[derive(Debug, Default)]
pub(in crate::mps) struct Used {
    templates: HashMap<String, Kept>,
    watermarks: HashMap<String, Kept>,
}

impl Used {
    /// Whatever has another form than ids have is refused with the output.
    pub(in crate::mps) async fn find(
        service: &Service,
        caller: &Caller,
        outputs: &[Value],
    ) -> Result<Self, ApiError> {
        let mut used = Self::default();
        for output in outputs {
            let id = member(output, TRANSCODING.id);
            take(service, caller, &TRANSCODING, id, &mut used.templates).await?;
            for mark in marks(output).iter() {
                let id = member(mark, WATERMARKS.id);
                take(service, caller, &WATERMARKS, id, &mut used.watermarks).await?;
            }
        }
        Ok(used)
    }

    /// The parts of a template that can be used.
    pub(in crate::mps) fn template(&self, id: &str) -> Result<Map<String, Value>, Refusal> {
        parts(&self.templates, id, Code::TemplateNotFound)
    }

    /// The configuration of a watermark template that can be used.
    pub(in crate::mps) fn watermark(&self, id: &str) -> Result<Map<String, Value>, Refusal> {
        parts(&self.watermarks, id, Code::ResourceNotFound)
    }

    /// With one template, as tests have it.
    #[cfg(test)]
    pub(in crate::mps) fn with_template(id: &str, members: Map<String, Value>) -> Self {
        Self {
            templates: only(id, members),
            ..Self::default()
        }
    }

    /// With one watermark template, as tests have it.
    #[cfg(test)]
    pub(in crate::mps) fn with_watermark(id: &str, members: Map<String, Value>) -> Self {
        Self {
            watermarks: only(id, members),
            ..Self::default()
        }
    }
}

#[cfg(test)]
fn only(id: &str, members: Map<String, Value>) -> HashMap<String, Kept> {
    let kept = Kept {
        id: id.to_owned(),
        state: TemplateState::Normal,
        created_ms: 0,
        members,
    };
    HashMap::from([(id.to_owned(), kept)])
}

fn member<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

/// The watermarks of an output, which old clients send as a text.
fn marks(output: &Value) -> Cow<'_, [Value]> {
    match output.get("WaterMarks") {
        Some(Value::Array(marks)) => marks.into(),
        Some(Value::String(text)) => match json::parse(text) {
            Ok(Value::Array(marks)) => marks.into(),
            _ => Cow::default(),
        },
        _ => Cow::default(),
    }
}

async fn take(
    service: &Service,
    caller: &Caller,
    family: &Family,
    id: Option<&str>,
    found: &mut HashMap<String, Kept>,
) -> Result<(), ApiError> {
    let Some(id) = id.filter(|id| kept::is_id(id) && !found.contains_key(*id)) else {
        return Ok(());
    };
    if let Some(kept) = kept::find(service, caller, family, id).await? {
        found.insert(id.to_owned(), kept);
    }
    Ok(())
}

fn parts(
    found: &HashMap<String, Kept>,
    id: &str,
    missing: Code,
) -> Result<Map<String, Value>, Refusal> {
    match found.get(id) {
        Some(kept) if kept.state == TemplateState::Normal => Ok(form::parts(kept)),
        Some(_) => Err(Refusal::new(Code::ResourceDeleted, id)),
        None => Err(Refusal::new(missing, id)),
    }
}
