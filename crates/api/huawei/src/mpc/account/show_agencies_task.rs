//! `GET /agencies`: whether the project's agency has been created.

use http::StatusCode;
use serde_json::json as value;

use super::AGENCY;
use crate::answer::json;
use crate::errors::Outcome;
use crate::mpc::asked::Asked;
use crate::mpc::errors::service_error;

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    asked.query(&[])?;
    let project = asked.project.to_string();
    let found = asked.service.document(asked.caller, AGENCY, &project).await;
    let word = match found.map_err(service_error)? {
        Some(_) => "CREATED",
        None => "CANCELED",
    };
    Ok(json(StatusCode::OK, &value!({"operate_type": word})))
}
