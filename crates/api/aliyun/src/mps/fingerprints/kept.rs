//! What this family keeps as documents of the account: removals that were asked for as jobs, and imports.

use reelgate_domain::document::{Document, DocumentKind};
use reelgate_service::{Caller, ErrorKind, KeepDocument, Service};
use serde_json::Value;

use super::errors::service_error;
use crate::mps::documents::forget_oldest;
use crate::mps::errors::{Code, Refusal};
use crate::mps::request;
use crate::rpc::{ApiError, Params};

pub(super) const FILE_DELETIONS: DocumentKind = "mps.fp_file_deletion";
pub(super) const LIBRARY_DELETIONS: DocumentKind = "mps.fp_library_deletion";
pub(super) const IMPORTS: DocumentKind = "mps.fp_import";

/// What ids of documents begin with, so that the store can count and page them.
const FOLDER: &str = "job/";
/// How many there are of a kind, at most; the oldest make room for more.
const MOST: u32 = 1000;
/// How many are told of unless some are asked for by id.
const NEWEST: u32 = 20;
/// How often a write is tried that others make impossible.
const TRIES: usize = 3;

/// Keeps something and returns its id. Ids sort by time; when there are as many as there may be, the oldest go.
pub(super) async fn keep(
    service: &Service,
    caller: &Caller,
    kind: DocumentKind,
    body: Value,
) -> Result<String, ApiError> {
    let id = service.new_document_id();
    let document = KeepDocument {
        kind,
        id: format!("{FOLDER}{id}"),
        body,
        replaces: None,
        most: MOST,
    };
    for _ in 0..TRIES {
        match service.keep_document(caller, document.clone()).await {
            Ok(_) => return Ok(id),
            Err(error) if error.kind == ErrorKind::TooLarge => {
                forget_oldest(service, caller, kind, FOLDER).await?;
            }
            Err(error) => return Err(service_error(error)),
        }
    }
    Err(ApiError::internal(format!(
        "no room was made for {}",
        document.id
    )))
}

/// What was asked for: by id, or the newest. The newest comes first; with the ids of which there is nothing.
pub(super) async fn asked(
    service: &Service,
    caller: &Caller,
    kind: DocumentKind,
    params: &Params,
) -> Result<(Vec<(String, Document)>, Vec<String>), ApiError> {
    match request::optional(params, "JobIds") {
        Some(text) => {
            let ids = ids("JobIds", text)?;
            named(service, caller, kind, &ids).await
        }
        None => Ok((newest(service, caller, kind).await?, Vec::new())),
    }
}

/// Ids of what is kept, each once.
pub(super) fn ids(name: &str, text: &str) -> Result<Vec<String>, Refusal> {
    let items = request::items(name, text)?;
    let is_id = |item: &str| {
        let is_digit = |it: u8| it.is_ascii_digit() || (b'a'..=b'f').contains(&it);
        item.len() == 32 && item.bytes().all(is_digit)
    };
    if items.iter().all(|item| is_id(item)) {
        Ok(items.into_iter().map(str::to_owned).collect())
    } else {
        Err(Refusal::new(Code::UuidFormat, name))
    }
}

/// Those that there are of these, the newest first, and the ids of the others.
pub(super) async fn named(
    service: &Service,
    caller: &Caller,
    kind: DocumentKind,
    ids: &[String],
) -> Result<(Vec<(String, Document)>, Vec<String>), ApiError> {
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    for id in ids {
        let kept_as = format!("{FOLDER}{id}");
        let document = service.document(caller, kind, &kept_as).await;
        match document.map_err(service_error)? {
            Some(document) => found.push((id.clone(), document)),
            None => unknown.push(id.clone()),
        }
    }
    found.sort_unstable_by(|(a, _), (b, _)| b.cmp(a));
    Ok((found, unknown))
}

async fn newest(
    service: &Service,
    caller: &Caller,
    kind: DocumentKind,
) -> Result<Vec<(String, Document)>, ApiError> {
    let below = |page| service.documents_below(caller, kind, FOLDER.to_owned(), page);
    let (_, total) = below((0, 1)).await.map_err(service_error)?;
    let skip = total.saturating_sub(u64::from(NEWEST));
    let skip = u32::try_from(skip).unwrap_or(u32::MAX);
    let (documents, _) = below((skip, NEWEST)).await.map_err(service_error)?;
    let named = documents.into_iter().rev().filter_map(|document| {
        let id = document.id.strip_prefix(FOLDER)?.to_owned();
        Some((id, document))
    });
    Ok(named.collect())
}
