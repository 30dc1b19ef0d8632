//! `PUT /authority`: lets the service use a bucket, which it may anyway.

use reelgate_domain::BucketName;

use crate::answer::nothing;
use crate::errors::Outcome;
use crate::mpc::asked::Asked;
use crate::mpc::errors::{PATH_403, detailed, service_error};

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let mut body = asked.body()?;
    let name = body.needed_text("bucket")?;
    let operation = body.needed_text("operation")?;
    match operation.as_str() {
        "1" => {}
        "0" => {
            let why = "must be 1: every bucket of the account can be used by its tasks";
            return Err(body.refuse("operation", why));
        }
        _ => return Err(body.refuse("operation", "must be 1 or 0")),
    }
    body.finish()?;
    let missing = || detailed(PATH_403, "the account has no bucket of this name");
    let name = BucketName::new(name).map_err(|_invalid| missing())?;
    let exists = asked.service.bucket_exists(asked.caller, &name).await;
    match exists.map_err(service_error)? {
        true => Ok(nothing()),
        false => Err(missing()),
    }
}
