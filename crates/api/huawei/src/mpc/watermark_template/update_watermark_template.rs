//! `PUT /template/watermark`: what is given replaces what the template has.

use serde_json::{Value, json};

use super::body::checked;
use super::name_of;
use crate::answer::nothing;
use crate::errors::{ApiError, Outcome};
use crate::mpc::asked::Asked;
use crate::mpc::errors::{FAILED_403, TEMPLATE_NAME_TAKEN, plain};
use crate::mpc::kept::{self, MOST_TRIES, WATERMARK_NAMES, WATERMARKS};
use crate::mpc::query::MOST_ID;

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    update(asked).await.map_err(kept::as_template_refusal)?;
    Ok(nothing())
}

async fn update(asked: &Asked<'_>) -> Result<(), ApiError> {
    let mut body = asked.body()?;
    let id = body.integer("template_id", 0..=MOST_ID)?;
    let id = id.ok_or_else(|| body.refuse("template_id", "is missing"))?;
    let given = checked(body)?;
    for _ in 0..MOST_TRIES {
        let old = kept::read(asked, WATERMARKS, &kept::numbered(asked, id)).await?;
        let old = old.ok_or_else(|| plain(FAILED_403))?;
        let mut whole = old.body.as_object().cloned().unwrap_or_default();
        whole.extend(given.clone());
        let mut changes = Vec::new();
        let name = given.get("template_name").and_then(Value::as_str);
        if let Some(name) = name.filter(|name| name_of(&old) != Some(*name)) {
            if let Some(before) = name_of(&old) {
                changes.extend(kept::give_name_up(asked, WATERMARK_NAMES, before).await?);
            }
            let refusal = || plain(TEMPLATE_NAME_TAKEN);
            changes.push(kept::take_name(asked, WATERMARK_NAMES, name, json!(id), refusal).await?);
        }
        changes.push(kept::instead(WATERMARKS, &old, Value::Object(whole)));
        if kept::written(asked, changes).await? {
            return Ok(());
        }
    }
    Err(kept::outrun())
}
