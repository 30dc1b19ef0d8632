//! `GET /api/v1/errors` and `GET /api/v1/errors/{code}`: every code that any API answers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use reelgate_api_kit::Catalogue;
use reelgate_api_kit::catalogue::CodeEntry;
use serde::Serialize;

use crate::NativeApi;
use crate::http::{Authorized, InPath, Problem, Query};

/// `{"errors": [ERROR, …]}`.
#[derive(Debug, Serialize)]
pub struct ErrorsView {
    pub errors: Vec<ErrorView>,
}

/// `{"code", "status", "dialect", "product", "meaning", "advice"}`; `product` is null where every
/// product of the dialect answers the code.
#[derive(Debug, Serialize)]
pub struct ErrorView {
    pub code: &'static str,
    pub status: u16,
    pub dialect: &'static str,
    pub product: Option<&'static str>,
    pub meaning: &'static str,
    pub advice: &'static str,
}

/// All errors, or those that a code as a caller saw it may mean.
pub fn errors_view(catalogue: &Catalogue, code: Option<&str>) -> ErrorsView {
    let entries = match code {
        None => catalogue.all_errors(),
        Some(code) => catalogue.errors(code),
    };
    ErrorsView {
        errors: entries.iter().map(ErrorView::of).collect(),
    }
}

pub(super) async fn list(
    State(api): State<Arc<NativeApi>>,
    _caller: Authorized,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    Ok(Json(errors_view(&api.catalogue, None)).into_response())
}

/// Answers 404 for a code that nothing here answers.
pub(super) async fn get(
    State(api): State<Arc<NativeApi>>,
    _caller: Authorized,
    InPath(code): InPath<String>,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    let found = errors_view(&api.catalogue, Some(&code));
    if found.errors.is_empty() {
        return Err(Problem::missing("error", &code));
    }
    Ok(Json(found).into_response())
}

impl ErrorView {
    fn of(entry: &CodeEntry) -> Self {
        Self {
            code: entry.error.code,
            status: entry.error.status,
            dialect: entry.dialect,
            product: entry.product,
            meaning: entry.error.meaning,
            advice: entry.error.advice,
        }
    }
}
