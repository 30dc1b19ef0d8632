//! `RegisterMedia`: files that are in buckets already become videos.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-registermedia>

use reelgate_domain::ObjectRef;
use reelgate_service::{Caller, RegisterFile, Registered, Registering, Service, parse_address};
use serde_json::{Map, Value, json};

use crate::rpc::{ApiError, Params};
use crate::vod::errors::{Code, Refusal, naming_error};
use crate::vod::origin::{self, Trigger};
use crate::vod::template::{self, NO_TRANSCODE};
use crate::vod::{category, details, request, user_data};

const NAME: &str = "RegisterMetadatas";
const MOST_FILES: usize = 10;
const MOST_URL_BYTES: usize = 1024;

/// A file that is not there is listed as failed, and the others are registered. Registered again, a file answers the id
/// that it has.
pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    request::unserved(params, &["WorkflowId"])?;
    let elements = request::list(NAME, request::required(params, NAME)?)?;
    if elements.is_empty() || elements.len() > MOST_FILES {
        return Err(Refusal::parameter(NAME).into());
    }
    let user_data = user_data::read(service, params)?;
    // Without a group nothing is made: the default group is for uploads.
    let group = request::optional(params, "TemplateGroupId").unwrap_or(NO_TRANSCODE);
    let (group, renditions) =
        template::renditions(service, caller, Some(group), Trigger::Auto, None).await?;
    let mut asked = Vec::with_capacity(elements.len());
    let mut files = Vec::with_capacity(elements.len());
    for (at, members) in elements.iter().enumerate() {
        let path = format!("{NAME}[{at}]");
        let (url, file) = file(members, &path)?;
        let details = details::read(members, &path)?;
        if details.title.is_empty() {
            return Err(Refusal::new(Code::MissingParameter, format!("{path}.Title")).into());
        }
        asked.push((url, file.is_some()));
        let Some(file) = file else { continue };
        let origin = origin::ours(&origin::Upload {
            source_url: String::new(),
            user_data: user_data.clone(),
            template_group_id: group.clone(),
        });
        files.push(RegisterFile {
            file,
            details,
            renditions: renditions.clone(),
            origin,
        });
    }
    let named = files.iter().filter_map(|file| file.details.category);
    let named: Vec<u64> = named.collect();
    category::check(service, caller, &named).await?;
    let outcomes = if files.is_empty() {
        Vec::new()
    } else {
        let registering = Registering { files };
        let done = service.register_files(caller, registering).await;
        done.map_err(naming_error)?
    };
    let mut outcomes = outcomes.into_iter();
    let (mut registered, mut failed) = (Vec::new(), Vec::new());
    for (url, is_address) in asked {
        let outcome = match is_address {
            true => outcomes.next(),
            false => None,
        };
        let (id, is_new) = match outcome {
            Some(Registered::New(id)) => (id, true),
            Some(Registered::Known(id)) => (id, false),
            Some(Registered::Missing) | None => {
                failed.push(url);
                continue;
            }
        };
        registered.push(json!({"MediaId": id.to_string(), "FileURL": url, "NewRegister": is_new}));
    }
    Ok(json!({"RegisteredMediaList": registered, "FailedFileURLs": failed}))
}

/// The address as it was given, and the object that it is of, if it is one of an object.
fn file(members: &Map<String, Value>, path: &str) -> Result<(String, Option<ObjectRef>), Refusal> {
    let url = request::text(members, path, "FileURL")?;
    let Some(url) = url else {
        return Err(Refusal::new(
            Code::MissingParameter,
            format!("{path}.FileURL"),
        ));
    };
    if url.len() > MOST_URL_BYTES {
        return Err(Refusal::member(format!("{path}.FileURL")));
    }
    let file = parse_address(&url).ok();
    Ok((url, file))
}
