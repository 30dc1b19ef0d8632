//! `GET /template/transcodings`: templates by id, presets among them, or the project's own page by page.

use http::StatusCode;
use reelgate_domain::document::Document;
use serde_json::{Value, json};

use crate::answer;
use crate::errors::{ApiError, Outcome};
use crate::mpc::asked::Asked;
use crate::mpc::kept::{self, TEMPLATES};
use crate::mpc::presets;

/// As the vendor's schema has it; its text says 100.
pub(in crate::mpc) const MOST_SIZE: u32 = 1000;

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let body = list(asked).await.map_err(kept::as_template_refusal)?;
    Ok(answer::json(StatusCode::OK, &body))
}

async fn list(asked: &Asked<'_>) -> Result<Value, ApiError> {
    let query = asked.query(&["template_id", "page", "size"])?;
    let ids = query.ids("template_id")?;
    if ids.is_empty() {
        let page = query.page(MOST_SIZE)?;
        let (documents, total) = kept::listed(asked, TEMPLATES, page).await?;
        let templates: Vec<Value> = documents.into_iter().map(shown).collect();
        return Ok(json!({"template_array": templates, "total": total}));
    }
    let mut templates: Vec<Value> = Vec::with_capacity(ids.len());
    for id in ids {
        if let Some(preset) = presets::find(id) {
            templates.push(json!({"template_id": id, "template": preset.template}));
            continue;
        }
        let found = kept::read(asked, TEMPLATES, &kept::numbered(asked, id)).await?;
        templates.extend(found.map(shown));
    }
    let total = templates.len();
    Ok(json!({"template_array": templates, "total": total}))
}

fn shown(document: Document) -> Value {
    json!({"template_id": number_of(&document), "template": document.body})
}

/// The number in the id of a document.
pub(in crate::mpc) fn number_of(document: &Document) -> i64 {
    let (_, number) = document.id.split_once('/').unwrap_or_default();
    number.parse().unwrap_or_default()
}
