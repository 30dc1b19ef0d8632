//! `POST /agencies`: notes that the service may use the project's buckets, or may not any more. It may in either case:
//! there is no other service whose buckets these are.

use reelgate_service::{ErrorKind, KeepDocument};
use serde_json::json as value;

use super::{AGENCY, MOST};
use crate::answer::nothing;
use crate::errors::Outcome;
use crate::mpc::asked::Asked;
use crate::mpc::errors::{AGENCY_CREATED, AGENCY_DELETED, plain, service_error};

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let mut body = asked.body()?;
    let project = asked.project.to_string();
    if body.text("project_id")?.is_some_and(|sent| sent != project) {
        return Err(body.refuse("project_id", "is not the project of the path"));
    }
    let operation = body.needed_text("operate_type")?;
    let refusal = body.refuse("operate_type", "must be CREATED or CANCELED");
    body.finish()?;
    match operation.as_str() {
        "CREATED" => {
            let document = KeepDocument {
                kind: AGENCY,
                id: project,
                body: value!({}),
                replaces: None,
                most: MOST,
            };
            match asked.service.keep_document(asked.caller, document).await {
                Ok(_) => Ok(nothing()),
                Err(error) if error.kind == ErrorKind::Conflict => Err(plain(AGENCY_CREATED)),
                Err(error) => Err(service_error(error)),
            }
        }
        "CANCELED" => {
            let forgotten = asked
                .service
                .forget_document(asked.caller, AGENCY, &project);
            match forgotten.await.map_err(service_error)? {
                true => Ok(nothing()),
                false => Err(plain(AGENCY_DELETED)),
            }
        }
        _ => Err(refusal),
    }
}
