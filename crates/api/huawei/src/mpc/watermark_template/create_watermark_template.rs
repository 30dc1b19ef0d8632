//! `POST /template/watermark`: keeps a template under a new id.

use http::StatusCode;
use serde_json::{Value, json};

use super::body::checked;
use crate::answer;
use crate::errors::{ApiError, Outcome};
use crate::mpc::asked::Asked;
use crate::mpc::errors::{TEMPLATE_NAME_TAKEN, plain};
use crate::mpc::kept::{self, MOST_TRIES, WATERMARK_NAMES, WATERMARKS};

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let id = create(asked).await.map_err(kept::as_template_refusal)?;
    let body = json!({ "template_id": id });
    Ok(answer::json(StatusCode::CREATED, &body))
}

async fn create(asked: &Asked<'_>) -> Result<i64, ApiError> {
    let body = checked(asked.body()?)?;
    let name = body.get("template_name").and_then(Value::as_str);
    for _ in 0..MOST_TRIES {
        let (ids, taken) = kept::next_ids(asked, 1).await?;
        let id = ids[0];
        let document = kept::numbered(asked, id);
        let template = kept::new(WATERMARKS, document, Value::Object(body.clone()));
        let mut changes = vec![template, taken];
        if let Some(name) = name {
            let refusal = || plain(TEMPLATE_NAME_TAKEN);
            changes.push(kept::take_name(asked, WATERMARK_NAMES, name, json!(id), refusal).await?);
        }
        if kept::written(asked, changes).await? {
            return Ok(id);
        }
    }
    Err(kept::outrun())
}
