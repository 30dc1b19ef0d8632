//! `GET /tenant/access`: the service is open to every project.

use http::StatusCode;
use serde_json::json as value;

use super::ACCESS;
use crate::answer::json;
use crate::errors::Outcome;
use crate::mpc::asked::Asked;
use crate::mpc::errors::service_error;

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    asked.query(&[])?;
    let project = asked.project.to_string();
    let found = asked.service.document(asked.caller, ACCESS, &project).await;
    let found = found.map_err(service_error)?;
    let version = found.and_then(|found| found.body["agreement_version"].as_i64());
    let view = value!({"is_open": true, "agreement_version": version.unwrap_or(0)});
    Ok(json(StatusCode::OK, &view))
}
