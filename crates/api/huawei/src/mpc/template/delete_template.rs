//! `DELETE /template/transcodings`: forgets a template. Tasks that name it keep what they have read of it.

use super::name_of;
use crate::answer::nothing;
use crate::errors::{ApiError, Outcome};
use crate::mpc::asked::Asked;
use crate::mpc::errors::{FAILED_403, plain};
use crate::mpc::kept::{self, MOST_TRIES, TEMPLATE_NAMES, TEMPLATES};

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    delete(asked).await.map_err(kept::as_template_refusal)?;
    Ok(nothing())
}

async fn delete(asked: &Asked<'_>) -> Result<(), ApiError> {
    let id = asked.query(&["template_id"])?.id("template_id")?;
    for _ in 0..MOST_TRIES {
        let old = kept::read(asked, TEMPLATES, &kept::numbered(asked, id)).await?;
        let old = old.ok_or_else(|| plain(FAILED_403))?;
        let mut changes = vec![kept::without(TEMPLATES, &old)];
        changes.extend(kept::give_name_up(asked, TEMPLATE_NAMES, name_of(&old)).await?);
        if kept::written(asked, changes).await? {
            return Ok(());
        }
    }
    Err(kept::outrun())
}
