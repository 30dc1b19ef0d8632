//! How templates are kept: as documents of the account, the deleted ones under a kind of their own.

use reelgate_domain::document::{Document, DocumentKind};
use reelgate_service::{Caller, DocumentChange, ErrorKind, KeepDocument, Service, ServiceError};
use serde_json::{Map, Value, json};

use crate::mps::documents::forget_oldest;
use crate::mps::errors::{Code, Refusal, service_error};
use crate::mps::presets;
use crate::mps::request::{self, Page};
use crate::mps::status::TemplateState;
use crate::rpc::{ApiError, Params};

/// One sort of templates.
#[derive(Debug)]
pub(super) struct Family {
    normal: DocumentKind,
    deleted: DocumentKind,
    /// The parameter that names one.
    pub(super) id: &'static str,
    /// What refusals of one more call it.
    resource: &'static str,
    missing: Code,
}

pub(super) const TRANSCODING: Family = Family {
    normal: "mps.template",
    deleted: "mps.deleted_template",
    id: "TemplateId",
    resource: "Template",
    missing: Code::TemplateNotFound,
};

pub(super) const WATERMARKS: Family = Family {
    normal: "mps.watermark_template",
    deleted: "mps.deleted_watermark_template",
    id: "WaterMarkTemplateId",
    resource: "WaterMarkTemplate",
    missing: Code::ResourceNotFound,
};

/// What ids of documents begin with, so that the store can count and page them.
const FOLDER: &str = "template/";
/// How many templates of a family an account may have. The vendor's quota is 10, and raised on request.
const MOST: u32 = 1000;
/// How many deleted ones are shown, at most.
const MOST_DELETED: u32 = 1000;
/// How often a write is tried that others make impossible.
const TRIES: usize = 3;

/// A template of the account.
#[derive(Clone, Debug)]
pub(in crate::mps) struct Kept {
    pub(super) id: String,
    pub(super) state: TemplateState,
    pub(super) created_ms: i64,
    /// Its name and its parts.
    pub(super) members: Map<String, Value>,
}

impl Kept {
    pub(super) fn name(&self) -> &str {
        let name = self.members.get("Name").and_then(Value::as_str);
        name.unwrap_or_default()
    }

    fn normal(document: Document) -> Self {
        Self {
            id: id_of(&document),
            state: TemplateState::Normal,
            created_ms: document.created_at.as_millis(),
            members: members(document.body),
        }
    }

    fn deleted(mut document: Document) -> Self {
        let created_ms = document.body["created_ms"].as_i64();
        Self {
            id: id_of(&document),
            state: TemplateState::Deleted,
            created_ms: created_ms.unwrap_or(document.created_at.as_millis()),
            members: members(document.body["template"].take()),
        }
    }
}

fn id_of(document: &Document) -> String {
    let id = document.id.strip_prefix(FOLDER);
    id.unwrap_or(&document.id).to_owned()
}

fn members(body: Value) -> Map<String, Value> {
    match body {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// The mandatory id of a template of the account.
pub(super) fn id<'a>(family: &Family, params: &'a Params) -> Result<&'a str, ApiError> {
    let text = request::required(params, family.id)?;
    if presets::find(text).is_some() {
        // Presets are the same for everyone.
        return Err(Refusal::new(Code::TemplateNotSupported, text).into());
    }
    if !is_id(text) {
        return Err(Refusal::new(Code::UuidFormat, family.id).into());
    }
    Ok(text)
}

/// Whether a text has the form of ids that this keeps.
pub(super) fn is_id(text: &str) -> bool {
    let is_digit = |it: u8| it.is_ascii_digit() || (b'a'..=b'f').contains(&it);
    text.len() == 32 && text.bytes().all(is_digit)
}

pub(super) async fn add(
    service: &Service,
    caller: &Caller,
    family: &Family,
    members: Map<String, Value>,
) -> Result<Kept, ApiError> {
    let document = KeepDocument {
        kind: family.normal,
        id: format!("{FOLDER}{}", service.new_document_id()),
        body: Value::Object(members),
        replaces: None,
        most: MOST,
    };
    let kept = service.keep_document(caller, document).await;
    Ok(Kept::normal(kept.map_err(|error| refused(family, error))?))
}

/// Puts other parts in the stead of a template's.
pub(super) async fn replace(
    service: &Service,
    caller: &Caller,
    family: &Family,
    (id, members): (&str, Map<String, Value>),
) -> Result<Kept, ApiError> {
    for _ in 0..TRIES {
        let old = normal(service, caller, family, id).await?;
        let document = KeepDocument {
            kind: family.normal,
            id: old.id,
            body: Value::Object(members.clone()),
            replaces: Some(old.revision),
            most: MOST,
        };
        match service.keep_document(caller, document).await {
            Ok(kept) => return Ok(Kept::normal(kept)),
            Err(error) if error.kind == ErrorKind::Conflict => {}
            Err(error) => return Err(refused(family, error)),
        }
    }
    Err(outrun(id))
}

/// Takes a template out of use; it is shown as deleted from now on.
pub(super) async fn delete(
    service: &Service,
    caller: &Caller,
    family: &Family,
    id: &str,
) -> Result<(), ApiError> {
    for _ in 0..TRIES {
        let old = normal(service, caller, family, id).await?;
        let deleted = KeepDocument {
            kind: family.deleted,
            id: old.id.clone(),
            body: json!({"created_ms": old.created_at.as_millis(), "template": old.body}),
            replaces: None,
            most: MOST_DELETED,
        };
        let forget = DocumentChange::Forget {
            kind: family.normal,
            id: old.id,
            revision: old.revision,
        };
        let changes = vec![forget, DocumentChange::Keep(deleted)];
        match service.change_documents(caller, changes).await {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(error) if error.kind == ErrorKind::TooLarge => {
                forget_oldest(service, caller, family.deleted, FOLDER).await?;
            }
            Err(error) => return Err(refused(family, error)),
        }
    }
    Err(outrun(id))
}

/// One that is in use, as it is stored.
async fn normal(
    service: &Service,
    caller: &Caller,
    family: &Family,
    id: &str,
) -> Result<Document, ApiError> {
    let kept_as = format!("{FOLDER}{id}");
    let found = service.document(caller, family.normal, &kept_as).await;
    if let Some(document) = found.map_err(service_error)? {
        return Ok(document);
    }
    let deleted = service.document(caller, family.deleted, &kept_as).await;
    let code = match deleted.map_err(service_error)? {
        Some(_) => Code::ResourceDeleted,
        None => family.missing,
    };
    Err(Refusal::new(code, id).into())
}

/// One of this id, in use or deleted.
pub(super) async fn find(
    service: &Service,
    caller: &Caller,
    family: &Family,
    id: &str,
) -> Result<Option<Kept>, ApiError> {
    let kept_as = format!("{FOLDER}{id}");
    let found = service.document(caller, family.normal, &kept_as).await;
    if let Some(document) = found.map_err(service_error)? {
        return Ok(Some(Kept::normal(document)));
    }
    let deleted = service.document(caller, family.deleted, &kept_as).await;
    Ok(deleted.map_err(service_error)?.map(Kept::deleted))
}

/// A page of those in a state whose names begin so, the newest first, and how many these are.
pub(super) async fn search(
    service: &Service,
    caller: &Caller,
    family: &Family,
    params: &Params,
) -> Result<(Vec<Kept>, Page, usize), ApiError> {
    let page = Page::read(params)?;
    let wanted = TemplateState::filter(request::optional(params, "State"))?;
    let prefix = request::optional(params, "NamePrefix").unwrap_or_default();
    let mut found = Vec::new();
    for state in wanted {
        let (kind, read): (_, fn(Document) -> Kept) = match state {
            TemplateState::Normal => (family.normal, Kept::normal),
            TemplateState::Deleted => (family.deleted, Kept::deleted),
        };
        let documents = service.documents(caller, kind).await;
        let documents = documents.map_err(service_error)?;
        found.extend(documents.into_iter().map(read));
    }
    found.retain(|kept| kept.name().starts_with(prefix));
    // Ids sort by time.
    found.sort_unstable_by(|a, b| b.id.cmp(&a.id));
    let total = found.len();
    let skip = usize::try_from(page.offset()).unwrap_or(usize::MAX);
    let shown = found.into_iter().skip(skip).take(page.size as usize);
    Ok((shown.collect(), page, total))
}

fn refused(family: &Family, error: ServiceError) -> ApiError {
    match error.kind {
        ErrorKind::TooLarge => Refusal::new(Code::ResourceQuotaExceed, family.resource).into(),
        _ => service_error(error),
    }
}

fn outrun(id: &str) -> ApiError {
    ApiError::internal(format!("other calls were quicker to change template {id}"))
}
