//! `UploadMediaByURL`: one job for each address, which brings its file in and registers it.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-uploadmediabyurl>

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use reelgate_domain::BucketName;
use reelgate_domain::asset::{AssetDetails, AssetId};
use reelgate_domain::job::Job;
use reelgate_domain::job::kind::ingest::SourceUrl;
use reelgate_service::{Caller, FetchFile, Fetching, Service};
use serde_json::{Map, Value, json};

use super::errors::{Code, Refusal, naming_error, service_error};
use super::origin::{self, Trigger};
use super::{category, details, request, session, template, user_data};
use crate::rpc::{ApiError, Params, encoding};

const MOST_URLS: usize = 20;
/// Where files lie unless a call says otherwise.
const DEFAULT_BUCKET: &str = "media";
const MOST_EXTENSION_BYTES: usize = 10;

/// All of the call's jobs are queued by one write, or none is.
pub(super) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    request::app_id(params)?;
    request::unserved(params, &["WorkflowId"])?;
    let location = request::optional(params, "StorageLocation");
    let request = Request {
        addresses: request::required(params, "UploadURLs")?,
        metadatas: request::optional(params, "UploadMetadatas"),
        metadatas_name: "UploadMetadatas",
        location: location.map(str::to_owned),
        group: request::optional(params, "TemplateGroupId"),
        session: session::UPLOAD,
        params,
    };
    let jobs = submit(service, caller, &request).await?.into_iter();
    let jobs =
        jobs.map(|(job, _, address)| json!({"JobId": job.id.to_string(), "SourceURL": address}));
    Ok(json!({"UploadJobs": jobs.collect::<Vec<_>>()}))
}

/// What either product's call asks for.
pub(crate) struct Request<'a> {
    /// As received: a list of addresses.
    pub(crate) addresses: &'a str,
    /// As received: a JSON list of what is said of single files.
    pub(crate) metadatas: Option<&'a str>,
    pub(crate) metadatas_name: &'static str,
    pub(crate) location: Option<String>,
    /// For files that name none of their own.
    pub(crate) group: Option<&'a str>,
    /// Sessions are those of a product.
    pub(crate) session: session::Kind,
    /// For what both have in the same parameters.
    pub(crate) params: &'a Params,
}

/// Queues the jobs, and answers each with its media and its address, in the order given.
pub(crate) async fn submit(
    service: &Service,
    caller: &Caller,
    request: &Request<'_>,
) -> Result<Vec<(Job, AssetId, String)>, ApiError> {
    let params = request.params;
    let addresses = request::addresses(request.addresses, MOST_URLS, "UploadURLs")?;
    let metadatas = metadatas(request.metadatas_name, request.metadatas)?;
    let bucket = bucket(service, caller, request.location.as_deref()).await?;
    let user_data = user_data::read(service, params)?;
    let caller = &session::in_session(service, caller, params, request.session)?;
    let mut files = Vec::with_capacity(addresses.len());
    // What is made by each group that was looked up.
    let mut known = HashMap::new();
    for address in &addresses {
        let metadata = metadatas.iter().find(|(source, _)| source == address);
        let metadata = metadata.map(|(_, members)| members);
        let wanted = Wanted::read(address, request.metadatas_name, metadata)?;
        let group = wanted.group.or_else(|| request.group.map(str::to_owned));
        let (group, renditions) = match known.entry(group) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let group = new.key().as_deref();
                let found =
                    template::renditions(service, caller, group, Trigger::Auto, None).await?;
                new.insert(found)
            }
        };
        let origin = origin::ours(&origin::Upload {
            source_url: address.clone(),
            user_data: user_data.clone(),
            template_group_id: group.clone(),
        });
        files.push(FetchFile {
            url: wanted.url,
            bytes: wanted.bytes,
            extension: wanted.extension,
            details: wanted.details,
            renditions: renditions.clone(),
            origin,
        });
    }
    let named = files.iter().filter_map(|file| file.details.category);
    let named: Vec<u64> = named.collect();
    category::check(service, caller, &named).await?;
    let fetching = Fetching {
        pipeline: None,
        bucket,
        files,
    };
    let jobs = service.fetch_files(caller, fetching).await;
    let jobs = jobs.map_err(|error| session::refusal(error, params, naming_error))?;
    let jobs = jobs.into_iter().zip(addresses);
    Ok(jobs
        .map(|((job, asset), address)| (job, asset, address))
        .collect())
}

/// What the files of a call are to be, for the fuzz targets.
#[cfg(feature = "fuzzing")]
pub(super) fn read(
    addresses: &str,
    name: &'static str,
    metadatas: Option<&str>,
) -> Result<Vec<AssetDetails>, Refusal> {
    let addresses = request::addresses(addresses, MOST_URLS, "UploadURLs")?;
    let metadatas = self::metadatas(name, metadatas)?;
    let read = addresses.iter().map(|address| {
        let metadata = metadatas.iter().find(|(source, _)| source == address);
        let wanted = Wanted::read(address, name, metadata.map(|(_, members)| members))?;
        Ok(wanted.details)
    });
    read.collect()
}

/// One file, understood.
struct Wanted {
    url: SourceUrl,
    bytes: Option<u64>,
    extension: String,
    details: AssetDetails,
    group: Option<String>,
}

impl Wanted {
    fn read(
        address: &str,
        path: &str,
        metadata: Option<&Map<String, Value>>,
    ) -> Result<Self, Refusal> {
        let none = Map::new();
        let members = metadata.unwrap_or(&none);
        let text = |name: &str| request::text(members, path, name);
        let bad = |name: &str| Refusal::member(format!("{path}.{name}"));
        let url = SourceUrl::new(address).map_err(|_invalid| Refusal::parameter("UploadURLs"))?;
        if text("WorkflowId")?.is_some() {
            return Err(bad("WorkflowId"));
        }
        let bytes = match text("FileSize")? {
            Some(text) => Some(text.parse().map_err(|_invalid| bad("FileSize"))?),
            None => None,
        };
        let name = encoding::decode(url.file_name().as_bytes());
        let name = name.map_err(|_malformed| Refusal::parameter("UploadURLs"))?;
        let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
        let extension = match text("FileExtension")? {
            Some(text) if is_extension(&text) => text,
            Some(_) => return Err(bad("FileExtension")),
            None if is_extension(extension) => extension.to_owned(),
            None => return Err(Refusal::parameter("UploadURLs")),
        };
        let mut details = details::read(members, path)?;
        if details.title.is_empty() {
            details.title = title(stem);
        }
        Ok(Self {
            url,
            bytes,
            extension: extension.to_ascii_lowercase(),
            details,
            group: text("TemplateGroupId")?,
        })
    }
}

/// A file's name as a title, as much of it as one may have.
fn title(name: &str) -> String {
    let fits = |end: &usize| details::is_title(&name[..*end]);
    let ends = name.char_indices().map(|(at, it)| at + it.len_utf8());
    let end = ends.take_while(fits).last().unwrap_or(0);
    name[..end].to_owned()
}

fn is_extension(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric();
    (1..=MOST_EXTENSION_BYTES).contains(&text.len()) && text.bytes().all(fits)
}

/// An address, and what is said of its file.
type Metadata = (String, Map<String, Value>);

/// What is said of single files, by their addresses. What is said of others counts for nothing, as for the vendor.
fn metadatas(name: &str, text: Option<&str>) -> Result<Vec<Metadata>, Refusal> {
    let Some(text) = text else {
        return Ok(Vec::new());
    };
    let elements = request::list(name, text)?.into_iter();
    let elements = elements.map(|members| {
        let source = request::text(&members, name, "SourceURL")?;
        let source = source.ok_or_else(|| Refusal::member(format!("{name}.SourceURL")))?;
        // It is written as in `UploadURLs`, or plain.
        Ok((request::address(&source, name)?, members))
    });
    elements.collect()
}

/// The bucket that a location names: by itself, or as the first label of a host.
async fn bucket(
    service: &Service,
    caller: &Caller,
    location: Option<&str>,
) -> Result<BucketName, ApiError> {
    let name = location.unwrap_or(DEFAULT_BUCKET);
    let name = name.split('.').next().unwrap_or_default();
    let unknown = || Refusal::new(Code::StorageNotFound, name);
    let name = BucketName::new(name).map_err(|_invalid| unknown())?;
    let exists = service.bucket_exists(caller, &name).await;
    match exists.map_err(service_error)? {
        true => Ok(name),
        false => Err(Refusal::new(Code::StorageNotFound, name.as_str()).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(address: &str, metadata: Value) -> Result<Wanted, String> {
        Wanted::read(address, "UploadMetadatas", metadata.as_object())
            .map_err(|refusal| refusal.message())
    }

    #[test]
    fn the_extension_is_what_the_metadata_say_or_the_addresss() {
        let extension =
            |address: &str, metadata| read(address, metadata).map(|wanted| wanted.extension);
        let of = |extension: &str| Ok(extension.to_owned());
        assert_eq!(extension("http://h/a.MP4?x=y.mov", json!({})), of("mp4"));
        assert_eq!(
            extension("http://h/a", json!({"FileExtension": "mov"})),
            of("mov")
        );
        assert_eq!(
            extension("http://h/a.mp4", json!({"FileExtension": "mov"})),
            of("mov")
        );
        let refused = Err("The specified parameter UploadURLs is not valid.".to_owned());
        for address in [
            "http://h/a",
            "http://h/",
            "http://h/a.",
            "http://h/a.%2e%2e",
            "ftp://h/a.mp4",
        ] {
            assert_eq!(extension(address, json!({})), refused, "{address}");
        }
        let refused = extension("http://h/a.mp4", json!({"FileExtension": "../x"}));
        assert!(
            refused
                .unwrap_err()
                .contains("UploadMetadatas.FileExtension")
        );
    }

    #[test]
    fn a_file_without_a_title_is_called_as_its_address_calls_it() {
        let title = |address: &str, metadata| read(address, metadata).map(|it| it.details.title);
        assert_eq!(title("http://h/a%20b.c.mp4", json!({})).unwrap(), "a b.c");
        assert_eq!(
            title("http://h/a.mp4", json!({"Title": "A film"})).unwrap(),
            "A film"
        );
        let long = format!("http://h/{}.mp4", "%C3%A9".repeat(100));
        assert_eq!(title(&long, json!({})).unwrap(), "é".repeat(64));
    }
}
