//! `PUT /tenant/access`: notes that the project uses the service, and which version of an agreement it has seen.

use reelgate_service::KeepDocument;
use serde_json::json as value;

use super::{ACCESS, MOST};
use crate::answer::nothing;
use crate::errors::Outcome;
use crate::mpc::asked::Asked;
use crate::mpc::errors::service_error;

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let mut body = asked.body()?;
    let is_open = body.flag("is_open")?;
    let version = body.integer("agreement_version", 0..=i64::from(i32::MAX))?;
    if is_open == Some(false) {
        let why = "must be true: the service cannot be closed to one project";
        return Err(body.refuse("is_open", why));
    }
    body.finish()?;
    let id = asked.project.to_string();
    let held = asked.service.document(asked.caller, ACCESS, &id).await;
    let held = held.map_err(service_error)?;
    let known = held
        .as_ref()
        .and_then(|held| held.body["agreement_version"].as_i64());
    let document = KeepDocument {
        kind: ACCESS,
        id,
        body: value!({"agreement_version": version.or(known).unwrap_or(0)}),
        replaces: held.map(|held| held.revision),
        most: MOST,
    };
    let kept = asked.service.keep_document(asked.caller, document).await;
    kept.map_err(service_error)?;
    Ok(nothing())
}
