//! `POST /template/transcodings`: keeps a template under a new id.

use http::StatusCode;
use serde_json::{Value, json};

use super::checked;
use crate::answer;
use crate::errors::{ApiError, Outcome};
use crate::mpc::asked::Asked;
use crate::mpc::errors::{TEMPLATE_NAME_TAKEN, plain};
use crate::mpc::kept::{self, MOST_TRIES, TEMPLATE_NAMES, TEMPLATES};

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let id = create(asked).await.map_err(kept::as_template_refusal)?;
    let body = json!({ "template_id": id });
    Ok(answer::json(StatusCode::CREATED, &body))
}

async fn create(asked: &Asked<'_>) -> Result<i64, ApiError> {
    let (name, body) = checked(asked.body()?)?;
    for _ in 0..MOST_TRIES {
        let (ids, taken) = kept::next_ids(asked, 1).await?;
        let id = ids[0];
        let refusal = || plain(TEMPLATE_NAME_TAKEN);
        let name = kept::take_name(asked, TEMPLATE_NAMES, &name, json!(id), refusal).await?;
        let document = kept::numbered(asked, id);
        let template = kept::new(TEMPLATES, document, Value::Object(body.clone()));
        if kept::written(asked, vec![template, name, taken]).await? {
            return Ok(id);
        }
    }
    Err(kept::outrun())
}
