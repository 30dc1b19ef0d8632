//! `UploadMediaByURL`: one job for each address; the ids of the media are told at once.
//!
//! <https://www.alibabacloud.com/help/en/ims/developer-reference/api-ice-2020-11-09-uploadmediabyurl>

use reelgate_service::{Caller, Service};
use serde_json::{Map, Value, json};

use crate::rpc::{ApiError, Params};
use crate::vod::errors::Refusal;
use crate::vod::upload_media_by_url::{Request, submit};
use crate::vod::{request, session};

/// The same as the other product's, with what that has in parameters of its own in three that are JSON.
pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    request::app_id(params)?;
    request::unserved(params, &["EntityId"])?;
    let target = object(params, "UploadTargetConfig")?;
    only(
        &target,
        "UploadTargetConfig",
        &["StorageType", "StorageLocation"],
    )?;
    let kind = request::text(&target, "UploadTargetConfig", "StorageType")?;
    if kind.is_some_and(|kind| kind != "oss") {
        return Err(Refusal::member("UploadTargetConfig.StorageType").into());
    }
    let process = object(params, "PostProcessConfig")?;
    only(&process, "PostProcessConfig", &["ProcessType", "ProcessID"])?;
    // What there is to be processed by is a template group; workflows are not served.
    for name in ["ProcessType", "ProcessID"] {
        if request::text(&process, "PostProcessConfig", name)?.is_some() {
            return Err(Refusal::member(format!("PostProcessConfig.{name}")).into());
        }
    }
    let request = Request {
        addresses: request::required(params, "UploadURLs")?,
        metadatas: request::optional(params, "MediaMetaData"),
        metadatas_name: "MediaMetaData",
        location: request::text(&target, "UploadTargetConfig", "StorageLocation")?,
        group: None,
        session: session::UPLOAD_OF_ICE,
        params,
    };
    let jobs = submit(service, caller, &request).await?.into_iter().map(|(job, media, address)| {
        json!({"JobId": job.id.to_string(), "MediaId": media.to_string(), "SourceURL": address})
    });
    Ok(json!({"UploadJobs": jobs.collect::<Vec<_>>()}))
}

fn object(params: &Params, name: &str) -> Result<Map<String, Value>, Refusal> {
    match request::optional(params, name) {
        Some(text) => request::object(name, text),
        None => Ok(Map::new()),
    }
}

fn only(members: &Map<String, Value>, parameter: &str, known: &[&str]) -> Result<(), Refusal> {
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(Refusal::member(format!("{parameter}.{name}"))),
    }
}
