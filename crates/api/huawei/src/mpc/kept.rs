//! What a project keeps: documents of the account whose ids begin with the project's, and what makes them unique.
//!
//! Each thing is a document of its own, and so is each name that is taken and the next free id of the project: a call
//! changes all that it has to in one write, which fails if anything of it has changed since it was read, and reads anew.

use reelgate_domain::document::{Document, DocumentKind};
use reelgate_service::{DocumentChange, KeepDocument};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::asked::Asked;
use super::errors::{FAILED_403, INVALID, INVALID_403, plain, service_error};
use super::query::{MOST_ID, Page};
use crate::errors::ApiError;

pub(super) const TEMPLATES: DocumentKind = "mpc.template";
/// Templates that are members of groups: each names its group, which has all the rest.
pub(super) const MEMBERS: DocumentKind = "mpc.member";
pub(super) const GROUPS: DocumentKind = "mpc.group";
pub(super) const WATERMARKS: DocumentKind = "mpc.watermark";
pub(super) const TEMPLATE_NAMES: DocumentKind = "mpc.template_name";
pub(super) const GROUP_NAMES: DocumentKind = "mpc.group_name";
pub(super) const WATERMARK_NAMES: DocumentKind = "mpc.watermark_name";
const NEXT_ID: DocumentKind = "mpc.next_id";

/// How many of a kind an account may have; of watermark templates that is the vendor's number.
pub(super) const MOST: u32 = 100_000;
/// What belongs to something that is counted is not counted itself.
const UNCOUNTED: u32 = u32::MAX;
/// Each time somebody else was faster.
pub(super) const MOST_TRIES: u32 = 64;

const FIRST_ID: i64 = 2_000_001;
/// Ids of presets, ours and the vendor's.
const PRESET_IDS: std::ops::RangeInclusive<i64> = 7_000_000..=7_999_999;

/// The id of the document of a thing that has a number; in their order the documents are listed.
pub(super) fn numbered(asked: &Asked<'_>, id: i64) -> String {
    format!("{}/{id:010}", asked.project)
}

pub(super) fn named(asked: &Asked<'_>, id: &str) -> String {
    format!("{}/{id}", asked.project)
}

/// The id of the document that says who has this name, which may be longer than ids are.
pub(super) fn name_id(asked: &Asked<'_>, name: &str) -> String {
    let digest = digest(&SHA256, name.as_bytes());
    format!("{}/{}", asked.project, hex::encode(digest))
}

pub(super) async fn read(
    asked: &Asked<'_>,
    kind: DocumentKind,
    id: &str,
) -> Result<Option<Document>, ApiError> {
    let found = asked.service.document(asked.caller, kind, id).await;
    found.map_err(service_error)
}

/// A page of the project's, and how many there are.
pub(super) async fn listed(
    asked: &Asked<'_>,
    kind: DocumentKind,
    page: Page,
) -> Result<(Vec<Document>, u64), ApiError> {
    // At most 50,000 pages of 1,000.
    let skip = u32::try_from(page.offset()).unwrap_or(u32::MAX);
    let below = asked.service.documents_below(
        asked.caller,
        kind,
        format!("{}/", asked.project),
        (skip, page.size),
    );
    below.await.map_err(service_error)
}

/// False if somebody else was faster.
pub(super) async fn written(
    asked: &Asked<'_>,
    changes: Vec<DocumentChange>,
) -> Result<bool, ApiError> {
    let written = asked.service.change_documents(asked.caller, changes).await;
    written.map_err(service_error)
}

/// Somebody else was faster each time.
pub(super) fn outrun() -> ApiError {
    plain(FAILED_403)
}

pub(super) fn new(kind: DocumentKind, id: String, body: Value) -> DocumentChange {
    DocumentChange::Keep(KeepDocument {
        kind,
        id,
        body,
        replaces: None,
        most: match kind {
            TEMPLATES | GROUPS | WATERMARKS => MOST,
            _ => UNCOUNTED,
        },
    })
}

pub(super) fn instead(kind: DocumentKind, old: &Document, body: Value) -> DocumentChange {
    DocumentChange::Keep(KeepDocument {
        kind,
        id: old.id.clone(),
        body,
        replaces: Some(old.revision),
        most: UNCOUNTED,
    })
}

pub(super) fn without(kind: DocumentKind, old: &Document) -> DocumentChange {
    DocumentChange::Forget {
        kind,
        id: old.id.clone(),
        revision: old.revision,
    }
}

/// Takes this many ids of the project, and the change that makes them taken.
pub(super) async fn next_ids(
    asked: &Asked<'_>,
    count: usize,
) -> Result<(Vec<i64>, DocumentChange), ApiError> {
    let id = asked.project.to_string();
    let found = read(asked, NEXT_ID, &id).await?;
    let first = found.as_ref().and_then(|document| document.body.as_i64());
    let mut next = first.unwrap_or(FIRST_ID);
    let mut ids = Vec::with_capacity(count);
    while ids.len() < count {
        if PRESET_IDS.contains(&next) {
            next = PRESET_IDS.end() + 1;
        }
        if next > MOST_ID {
            return Err(plain(FAILED_403));
        }
        ids.push(next);
        next += 1;
    }
    let change = match &found {
        None => new(NEXT_ID, id, json!(next)),
        Some(document) => instead(NEXT_ID, document, json!(next)),
    };
    Ok((ids, change))
}

/// The change that takes a name for what `owner` identifies. `taken` if it has it already.
pub(super) async fn take_name(
    asked: &Asked<'_>,
    kind: DocumentKind,
    name: &str,
    owner: Value,
    taken: impl FnOnce() -> ApiError,
) -> Result<DocumentChange, ApiError> {
    let id = name_id(asked, name);
    match read(asked, kind, &id).await? {
        Some(_) => Err(taken()),
        None => Ok(new(kind, id, owner)),
    }
}

/// The change that gives a name up.
pub(super) async fn give_name_up(
    asked: &Asked<'_>,
    kind: DocumentKind,
    name: &str,
) -> Result<Option<DocumentChange>, ApiError> {
    let found = read(asked, kind, &name_id(asked, name)).await?;
    Ok(found.map(|document| without(kind, &document)))
}

/// Templates of their own are refused with another status.
pub(super) fn as_template_refusal(error: ApiError) -> ApiError {
    match error.code() == INVALID.code && error.status().as_u16() == INVALID.status {
        true => ApiError::mpc(INVALID_403, error.message().to_owned()),
        false => error,
    }
}
