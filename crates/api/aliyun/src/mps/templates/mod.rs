//! Templates of the account: transcoding templates, which outputs name, and those of watermarks.
//!
//! What the vendor does not document is decided where it is done; the decisions that concern several actions are these:
//!
//! * A template is checked when it is kept as an output is when it is submitted, with the same errors.
//! * A deleted template is still shown, as `Deleted`, but takes part in nothing. The newest 1000 or so are.
//! * Jobs keep what they have read of a template: a change or a deletion concerns later ones.

mod add_template;
mod add_water_mark_template;
mod delete_template;
mod delete_water_mark_template;
mod form;
mod kept;
mod query_template_list;
mod query_water_mark_template_list;
mod search_template;
mod search_water_mark_template;
#[cfg(test)]
mod tests;
mod update_template;
mod update_water_mark_template;
mod used;
mod watermark;

pub(super) use used::Used;

use reelgate_service::Service;
use serde_json::Value;

use crate::rpc::{ApiError, Call};

/// Runs an action of this family; `None` for any other.
pub(super) async fn call(service: &Service, call: &Call<'_>) -> Option<Result<Value, ApiError>> {
    let Call { caller, params, .. } = *call;
    Some(match call.action {
        "AddTemplate" => add_template::call(service, caller, params).await,
        "AddWaterMarkTemplate" => add_water_mark_template::call(service, caller, params).await,
        "DeleteTemplate" => delete_template::call(service, caller, params).await,
        "DeleteWaterMarkTemplate" => {
            delete_water_mark_template::call(service, caller, params).await
        }
        "QueryTemplateList" => query_template_list::call(service, caller, params).await,
        "QueryWaterMarkTemplateList" => {
            query_water_mark_template_list::call(service, caller, params).await
        }
        "SearchTemplate" => search_template::call(service, caller, params).await,
        "SearchWaterMarkTemplate" => {
            search_water_mark_template::call(service, caller, params).await
        }
        "UpdateTemplate" => update_template::call(service, caller, params).await,
        "UpdateWaterMarkTemplate" => {
            update_water_mark_template::call(service, caller, params).await
        }
        _ => return None,
    })
}
