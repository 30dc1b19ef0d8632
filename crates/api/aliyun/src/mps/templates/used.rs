//! The account's templates that a submission names, read before its outputs are.

use std::collections::HashMap;

use reelgate_service::{Caller, Service};
use serde_json::{Map, Value};

use super::form;
use super::kept::{self, Kept, TRANSCODING};
use crate::mps::errors::{Code, Refusal};
use crate::mps::status::TemplateState;
use crate::rpc::ApiError;

/// What was found of them.
#[derive(Debug, Default)]
pub(in crate::mps) struct Used {
    templates: HashMap<String, Kept>,
}

impl Used {
    pub(in crate::mps) async fn find(
        service: &Service,
        caller: &Caller,
        outputs: &[Value],
    ) -> Result<Self, ApiError> {
        let mut used = Self::default();
        for output in outputs {
            // Whatever has another form is refused with the output.
            let Some(id) = output.get("TemplateId").and_then(Value::as_str) else {
                continue;
            };
            if !kept::is_id(id) || used.templates.contains_key(id) {
                continue;
            }
            if let Some(kept) = kept::find(service, caller, &TRANSCODING, id).await? {
                used.templates.insert(id.to_owned(), kept);
            }
        }
        Ok(used)
    }

    /// The parts of a template that can be used.
    pub(in crate::mps) fn template(&self, id: &str) -> Result<Map<String, Value>, Refusal> {
        match self.templates.get(id) {
            Some(kept) if kept.state == TemplateState::Normal => Ok(form::parts(kept)),
            Some(_) => Err(Refusal::new(Code::ResourceDeleted, id)),
            None => Err(Refusal::new(Code::TemplateNotFound, id)),
        }
    }
}
