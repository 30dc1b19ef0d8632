//! Removals of files and libraries, kept and shown as jobs that have succeeded.

use reelgate_api_kit::time::format_utc;
use reelgate_domain::PipelineId;
use reelgate_domain::dna::LibraryId;
use reelgate_domain::document::{Document, DocumentKind};
use reelgate_service::{Caller, Service};
use serde_json::{Map, Value, json};

use super::{kept, request as own};
use crate::dna::words::JobStatus;
use crate::rpc::{ApiError, Params};

/// What was removed.
pub(super) struct Deletion {
    pub(super) library: LibraryId,
    /// The member that is told of one kind of removal only, and what it says.
    pub(super) told: (&'static str, String),
    pub(super) pipeline: Option<PipelineId>,
    pub(super) user_data: Option<String>,
}

impl Deletion {
    /// Keeps a removal that has taken effect, and returns its id. The call's identity went with the effect. If the
    /// process dies in between there is no job to ask for, which is why the caller got no id.
    pub(super) async fn keep(
        self,
        service: &Service,
        caller: &Caller,
        kind: DocumentKind,
    ) -> Result<Value, ApiError> {
        let (name, told) = self.told;
        let mut body = Map::new();
        body.insert("FpDBId".to_owned(), self.library.to_string().into());
        body.insert(name.to_owned(), told.into());
        if let Some(pipeline) = self.pipeline {
            body.insert("PipelineId".to_owned(), pipeline.to_string().into());
        }
        if let Some(data) = self.user_data {
            body.insert("UserData".to_owned(), data.into());
        }
        let mut own = caller.clone();
        own.once = None;
        let id = kept::keep(service, &own, kind, Value::Object(body)).await?;
        Ok(json!({"JobId": id}))
    }
}

/// The answer of a query: removals by id or the newest, in the list and under the name that the action has for them.
pub(super) async fn query(
    service: &Service,
    caller: &Caller,
    params: &Params,
    (kind, list, item): (DocumentKind, &str, &str),
) -> Result<Value, ApiError> {
    let (found, unknown) = kept::asked(service, caller, kind, params).await?;
    let jobs: Vec<Value> = found.iter().map(|(id, kept)| shown(id, kept)).collect();
    let mut answer = json!({list: {item: jobs}});
    own::put_unknown(&mut answer, &unknown);
    Ok(answer)
}

fn shown(id: &str, kept: &Document) -> Value {
    let mut job = kept.body.clone();
    let at = format_utc(kept.created_at.as_millis());
    job["Id"] = id.into();
    job["Status"] = JobStatus::Success.word().into();
    job["CreationTime"] = at.as_str().into();
    job["FinishTime"] = at.into();
    job
}
