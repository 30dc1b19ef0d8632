//! `/api/v1/libraries/{id}/entries`: what a library holds.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use reelgate_domain::dna::{DnaEntry, PrimaryKey};
use serde::Serialize;

use super::library_id;
use super::view::EntryView;
use crate::NativeApi;
use crate::http::{Authorized, InPath, Problem, Query};

/// The most keys that one call may name.
const MOST_KEYS: usize = 50;

/// The most entries of a page.
const MOST_IN_PAGE: u32 = 500;

/// `{"entries": [ENTRY, …], "next_after"}`: null when this page is the last.
#[derive(Serialize)]
struct EntriesView<'a> {
    entries: Vec<EntryView<'a>>,
    next_after: Option<&'a str>,
}

/// `{"deleted"}`: how many there were.
#[derive(Serialize)]
struct DeletedView {
    deleted: u64,
}

/// Parameters: `after` (a key) and `limit` (1 to 500, by default 100), or `key`, 1 to 50 of them, for those entries.
pub(super) async fn list(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(id): InPath<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::of(&uri, &["key", "after", "limit"])?;
    let library = library_id(&id)?;
    let service = &api.service;
    let named = keys(&query)?;
    if !named.is_empty() {
        if query.one("after")?.is_some() || query.one("limit")?.is_some() {
            let detail = "key names the entries: leave after and limit out";
            return Err(Problem::invalid_field("key", detail));
        }
        let found = service.find_library_entries(&caller, library, &named, &[]);
        return Ok(page(&found.await?, false));
    }
    let after = query.one("after")?.map(|text| key("after", text));
    let limit = query.limit(100, MOST_IN_PAGE)?;
    // One more than asked for tells whether there are more.
    let mut found = service
        .library_entries(&caller, library, after.transpose()?, limit + 1)
        .await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    Ok(page(&found, more))
}

fn page(entries: &[DnaEntry], more: bool) -> Response {
    let last = entries.last().map(|entry| entry.key.as_str());
    let view = EntriesView {
        entries: entries.iter().map(EntryView::of).collect(),
        next_after: last.filter(|_| more),
    };
    Json(view).into_response()
}

/// Parameter: `key`, 1 to 50 of them. Answers 200 with how many there were; searches that start afterwards do not find
/// them.
pub(super) async fn delete(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(id): InPath<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::of(&uri, &["key"])?;
    let library = library_id(&id)?;
    let named = keys(&query)?;
    if named.is_empty() {
        let detail = "name the entries by key, 1 to 50 of them; purge the library to remove all";
        return Err(Problem::invalid_field("key", detail));
    }
    let service = &api.service;
    let removed = service.delete_library_entries(&caller, library, &named);
    let deleted = removed.await?;
    Ok(Json(DeletedView { deleted }).into_response())
}

/// The keys in a query, each once.
fn keys(query: &Query) -> Result<Vec<PrimaryKey>, Problem> {
    let mut keys = Vec::new();
    for text in query.all("key") {
        let key = key("key", text)?;
        if !keys.contains(&key) {
            keys.push(key);
        }
        if keys.len() > MOST_KEYS {
            let detail = format!("a call names at most {MOST_KEYS} keys");
            return Err(Problem::invalid_field("key", detail));
        }
    }
    Ok(keys)
}

fn key(name: &str, text: &str) -> Result<PrimaryKey, Problem> {
    PrimaryKey::new(text).map_err(|wrong| Problem::invalid_field(name, wrong.to_string()))
}
