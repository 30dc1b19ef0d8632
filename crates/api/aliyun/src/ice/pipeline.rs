//! What the operations on pipelines share: reading their parameters, and pipelines as answers show them.
//!
//! They are the pipelines of the account, whatever made them. What this product alone knows of one, its priority, is in a
//! document beside it; see [`crate::dna::pipeline`].

use reelgate_api_kit::time::format_utc;
use reelgate_domain::document::Document;
use reelgate_domain::job::Priority;
use reelgate_domain::{Pipeline, PipelineId};
use reelgate_service::{Caller, ErrorKind, KeepDocument, Service, ServiceError};
use serde_json::{Value, json};

use super::codes::Code;
use super::errors::Refusal;
use crate::dna::pipeline::{KIND, Kept};
use crate::mps::{PIPELINE_SPEED, pipeline_word};

/// Types of queues that the vendor has beside the one that there is here.
const OTHER_SPEEDS: [&str; 2] = ["Boost", "NarrowBandHDV2"];
/// The most pipelines of which something is kept.
const MOST: u32 = 10_000;
/// How often a document that somebody else changes in the same moment is read again.
const TRIES: usize = 5;

/// Whether pipelines of this type are what there is here.
pub(super) fn is_ours(speed: &str) -> Result<bool, Refusal> {
    match speed {
        PIPELINE_SPEED => Ok(true),
        other if OTHER_SPEEDS.contains(&other) => Ok(false),
        _ => {
            let why = "it is one of Standard, Boost, NarrowBandHDV2";
            Err(Refusal::invalid("Speed", why))
        }
    }
}

/// Fails unless a new pipeline can be of this type.
pub(super) fn check_speed(speed: &str) -> Result<(), Refusal> {
    match is_ours(speed)? {
        true => Ok(()),
        false => Err(Refusal::new(Code::NotSupported, "Speed")),
    }
}

pub(super) fn render(pipeline: &Pipeline, kept: Option<&Document>) -> Value {
    let priority = kept.map(Kept::read).unwrap_or_default().priority;
    let modified = kept.map_or(pipeline.created_at, |it| it.modified_at);
    json!({
        "PipelineId": pipeline.id.to_string(),
        "Name": pipeline.name,
        "Speed": PIPELINE_SPEED,
        "Priority": priority.level(),
        "Status": pipeline_word(pipeline.state),
        "CreateTime": format_utc(pipeline.created_at.as_millis()),
        "ModifiedTime": format_utc(modified.as_millis()),
    })
}

/// Notes that a pipeline was changed, and its priority if it is a new one. The pipeline's own write has used the call's
/// identity up, so that a replay does not get here.
pub(super) async fn note(
    service: &Service,
    caller: &Caller,
    id: PipelineId,
    priority: Option<Priority>,
) -> Result<Document, ServiceError> {
    let caller = Caller {
        once: None,
        ..caller.clone()
    };
    let id = id.to_string();
    let mut tries = 0;
    loop {
        let before = service.document(&caller, KIND, &id).await?;
        let known = before.as_ref().map(Kept::read).unwrap_or_default();
        let kept = Kept {
            priority: priority.unwrap_or(known.priority),
        };
        let keep = KeepDocument {
            kind: KIND,
            id: id.clone(),
            body: serde_json::to_value(kept).unwrap_or(Value::Null),
            replaces: before.map(|it| it.revision),
            most: MOST,
        };
        tries += 1;
        match service.keep_document(&caller, keep).await {
            Err(error) if error.kind == ErrorKind::Conflict && tries < TRIES => {}
            outcome => return outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_type_of_pipeline() {
        assert_eq!(check_speed("Standard"), Ok(()));
        for other in OTHER_SPEEDS {
            let refused = Refusal::new(Code::NotSupported, "Speed");
            assert_eq!(check_speed(other), Err(refused));
            assert_eq!(is_ours(other), Ok(false));
        }
        assert!(is_ours("standard").is_err());
    }
}
