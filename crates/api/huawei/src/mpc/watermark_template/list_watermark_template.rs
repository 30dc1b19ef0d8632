//! `GET /template/watermark`: templates by id, or page by page.

use http::StatusCode;
use reelgate_domain::document::Document;
use serde_json::{Value, json};

use crate::answer;
use crate::errors::{ApiError, Outcome};
use crate::mpc::asked::Asked;
use crate::mpc::kept::{self, WATERMARKS};
use crate::mpc::template::list_template::number_of;

const MOST_SIZE: u32 = 100;

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let body = list(asked).await.map_err(kept::as_template_refusal)?;
    Ok(answer::json(StatusCode::OK, &body))
}

async fn list(asked: &Asked<'_>) -> Result<Value, ApiError> {
    let query = asked.query(&["template_id", "page", "size"])?;
    let ids = query.ids("template_id")?;
    let (documents, total) = if ids.is_empty() {
        kept::listed(asked, WATERMARKS, query.page(MOST_SIZE)?).await?
    } else {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.extend(kept::read(asked, WATERMARKS, &kept::numbered(asked, id)).await?);
        }
        let total = found.len() as u64;
        (found, total)
    };
    let templates: Vec<Value> = documents.into_iter().map(shown).collect();
    Ok(json!({"total": total, "templates": templates}))
}

fn shown(document: Document) -> Value {
    let id = number_of(&document);
    let mut shown = document.body;
    shown["template_id"] = json!(id);
    shown
}
