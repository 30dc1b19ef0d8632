//! `GET /buckets`: the account's buckets. Each is authorised: there is no other service that would have to be let in.

use http::StatusCode;
use serde_json::{Value, json as value};

use crate::answer::json;
use crate::errors::Outcome;
use crate::mpc::asked::Asked;
use crate::mpc::errors::service_error;
use crate::mpc::times;

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    asked.query(&[])?;
    let buckets = asked.service.list_buckets(asked.caller).await;
    let buckets = buckets.map_err(service_error)?;
    let buckets: Vec<Value> = buckets
        .iter()
        .map(|bucket| {
            value!({
                "bucket": bucket.name.as_str(),
                "creation_date": times::format(bucket.created_at),
                "is_authorized": 1,
            })
        })
        .collect();
    Ok(json(StatusCode::OK, &value!({"buckets": buckets})))
}
