//! `PUT /template/transcodings`: puts a whole template in the stead of another.

use serde_json::{Value, json};

use super::{checked, name_of};
use crate::answer::nothing;
use crate::errors::{ApiError, Outcome};
use crate::mpc::asked::Asked;
use crate::mpc::errors::{FAILED_403, TEMPLATE_NAME_TAKEN, plain};
use crate::mpc::kept::{self, MOST_TRIES, TEMPLATE_NAMES, TEMPLATES};
use crate::mpc::query::MOST_ID;

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    update(asked).await.map_err(kept::as_template_refusal)?;
    Ok(nothing())
}

async fn update(asked: &Asked<'_>) -> Result<(), ApiError> {
    let mut body = asked.body()?;
    let id = body.integer("template_id", 0..=MOST_ID)?;
    let id = id.ok_or_else(|| body.refuse("template_id", "is missing"))?;
    let (name, body) = checked(body)?;
    for _ in 0..MOST_TRIES {
        let old = kept::read(asked, TEMPLATES, &kept::numbered(asked, id)).await?;
        let old = old.ok_or_else(|| plain(FAILED_403))?;
        let mut changes = vec![kept::instead(TEMPLATES, &old, Value::Object(body.clone()))];
        if name_of(&old) != name {
            changes.extend(kept::give_name_up(asked, TEMPLATE_NAMES, name_of(&old)).await?);
            let refusal = || plain(TEMPLATE_NAME_TAKEN);
            let taken = kept::take_name(asked, TEMPLATE_NAMES, &name, json!(id), refusal).await?;
            changes.push(taken);
        }
        if kept::written(asked, changes).await? {
            return Ok(());
        }
    }
    Err(kept::outrun())
}
