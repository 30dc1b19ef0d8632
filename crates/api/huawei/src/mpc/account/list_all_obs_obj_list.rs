//! `GET /v1.0-ext/{project_id}/objects`: what lies in a bucket, by name.
//!
//! The vendor has no pages for it, so that there is a most; a prefix narrows the list.

use http::StatusCode;
use reelgate_domain::BucketName;
use reelgate_service::ObjectMeta;
use serde_json::{Value, json as value};

use crate::answer::json;
use crate::errors::Outcome;
use crate::mpc::asked::Asked;
use crate::mpc::errors::{PATH_403, detailed, service_error};
use crate::mpc::times;

/// The most objects of one answer.
const MOST: usize = 1000;

/// So many parts of the bucket are looked through for objects of a type, each of [`MOST`].
const MOST_PARTS: usize = 10;

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let query = asked.query(&["bucket", "prefix", "type"])?;
    let name = query.needed("bucket")?;
    let prefix = query.one("prefix")?.unwrap_or_default();
    let kind = query.one("type")?.filter(|kind| !kind.is_empty());
    let missing = || detailed(PATH_403, "the account has no bucket of this name");
    let bucket = BucketName::new(name).map_err(|_invalid| missing())?;
    let exists = asked.service.bucket_exists(asked.caller, &bucket).await;
    if !exists.map_err(service_error)? {
        return Err(missing());
    }
    let mut found: Vec<ObjectMeta> = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..MOST_PARTS {
        let page = asked.service.list_objects(
            asked.caller,
            &bucket,
            prefix,
            after.as_deref(),
            MOST as u32,
        );
        let page = page.await.map_err(service_error)?;
        after = page.objects.last().map(|last| last.key.to_string());
        let objects = page.objects.into_iter();
        found.extend(objects.filter(|object| is_of(object.key.as_str(), kind)));
        if !page.truncated || found.len() >= MOST {
            break;
        }
    }
    let objects: Vec<Value> = found
        .iter()
        .take(MOST)
        .map(|object| {
            value!({
                "file_name": object.key.as_str(),
                "size": object.bytes,
                "last_modified": times::format(object.modified),
            })
        })
        .collect();
    Ok(json(StatusCode::OK, &value!({"objects": objects})))
}

/// The vendor does not say what types there are: it is taken for what a name ends with.
fn is_of(key: &str, kind: Option<&str>) -> bool {
    let Some(kind) = kind else { return true };
    let kind = kind.trim_start_matches('.');
    let ending = key.rsplit_once('.').map_or("", |(_, ending)| ending);
    ending.eq_ignore_ascii_case(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_what_names_end_with() {
        assert!(is_of("a/b.MP4", Some("mp4")));
        assert!(is_of("a/b.mp4", Some(".mp4")));
        assert!(is_of("a/b.mp4", None));
        assert!(!is_of("a/bmp4", Some("mp4")));
    }
}
