//! `GetPlayInfo`: addresses by which a video's streams can be played for a while.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-getplayinfo>

use reelgate_api_kit::time::format_utc;
use reelgate_domain::asset::{Asset, AssetState};
use reelgate_domain::job::Job;
use reelgate_domain::media::{MediaFacts, OutputResult};
use reelgate_domain::{ObjectRef, Timestamp};
use reelgate_service::{AssetTask, Caller, ErrorKind, Service};
use serde_json::{Value, json};

use super::video;
use crate::rpc::{ApiError, Params};
use crate::vod::errors::{Code, Refusal, service_error};
use crate::vod::origin::{self, Upload};
use crate::vod::request;
use crate::vod::status::{STREAM_NORMAL, VideoStatus};

/// The longest time for which an address is good, in seconds.
pub(super) const MOST_SECONDS: u32 = 30 * 24 * 3600;
const DEFAULT_SECONDS: u32 = 3600;
/// The formats that a source is played in as it is.
const PLAYABLE: [&str; 5] = ["mp4", "flv", "mp3", "m3u8", "webm"];

pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let wanted = Wanted::read(params)?;
    let video = super::one(service, caller, params).await?;
    let tasks = video::tasks(service, caller, &video).await?;
    let status = video::status(&video, &tasks);
    let AssetState::Ready { facts, .. } = &video.state else {
        return Err(Refusal::new(Code::IllegalStatus, status.word()).into());
    };
    if status != VideoStatus::Normal {
        return Err(Refusal::new(Code::IllegalStatus, status.word()).into());
    }
    let mut streams = streams(&video, facts, &tasks);
    streams.retain(|stream| wanted.takes(stream));
    if wanted.newest {
        let mut seen = Vec::new();
        streams.retain(|stream| {
            let kind = (stream.definition.clone(), stream.format.clone());
            let is_first = !seen.contains(&kind);
            seen.push(kind);
            is_first
        });
    }
    let mut list = Vec::with_capacity(streams.len());
    for stream in &streams {
        match service
            .share_object(caller, &stream.object, wanted.seconds.into())
            .await
        {
            Ok(url) => list.push(stream.view(url)),
            // What somebody has deleted cannot be played.
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => return Err(service_error(error)),
        }
    }
    if list.is_empty() {
        return Err(Refusal::new(Code::NoneStream, "").into());
    }
    let mut base = json!({
        "VideoId": video.id.to_string(),
        "Title": video.details.title,
        "Status": status.word(),
        "MediaType": if facts.video().is_some() { "video" } else { "audio" },
        "Duration": video::seconds_text(facts),
        "CreationTime": format_utc(video.created_at.as_millis()),
        "StorageClass": "Standard",
    });
    if let Some(cover) = video::cover(service, caller, &video).await? {
        base["CoverURL"] = cover.into();
    }
    Ok(json!({"VideoBase": base, "PlayInfoList": {"PlayInfo": list}}))
}

/// Which streams a call wants, and for how long.
#[derive(Debug)]
struct Wanted {
    formats: Vec<String>,
    definitions: Vec<String>,
    types: Vec<String>,
    codec: Option<String>,
    newest: bool,
    seconds: u32,
}

impl Wanted {
    fn read(params: &Params) -> Result<Self, Refusal> {
        for name in ["PlayConfig", "ReAuthInfo", "Trace", "DigitalWatermarkType"] {
            let given = request::optional(params, name);
            if given.is_some_and(|text| text.trim() != "{}") {
                return Err(Refusal::parameter(name));
            }
        }
        let list = |name: &str| -> Vec<String> {
            let text = request::optional(params, name).unwrap_or_default();
            let items = text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty());
            items.map(str::to_ascii_lowercase).collect()
        };
        let newest = match request::optional(params, "ResultType") {
            None | Some("Single") => true,
            Some("Multiple") => false,
            Some(_) => return Err(Refusal::parameter("ResultType")),
        };
        output_type(params)?;
        Ok(Self {
            formats: list("Formats"),
            definitions: list("Definition"),
            types: list("StreamType"),
            codec: request::optional(params, "CodecName").map(str::to_ascii_lowercase),
            newest,
            seconds: auth_seconds(params)?,
        })
    }

    fn takes(&self, stream: &Stream<'_>) -> bool {
        let has = |wanted: &[String], text: &str| {
            wanted.is_empty() || wanted.contains(&text.to_ascii_lowercase())
        };
        let codec = stream.codec().to_ascii_lowercase();
        has(&self.formats, &stream.format)
            && has(&self.definitions, &stream.definition)
            && has(&self.types, stream.kind())
            && self.codec.as_ref().is_none_or(|wanted| *wanted == codec)
    }
}

/// For how long addresses are to be good.
pub(super) fn auth_seconds(params: &Params) -> Result<u32, Refusal> {
    request::number(params, "AuthTimeout", 1..=MOST_SECONDS, DEFAULT_SECONDS)
}

/// There is one way to a file here, whichever is asked for.
pub(super) fn output_type(params: &Params) -> Result<&str, Refusal> {
    match request::optional(params, "OutputType") {
        None => Ok("cdn"),
        Some(known @ ("cdn" | "oss")) => Ok(known),
        Some(_) => Err(Refusal::parameter("OutputType")),
    }
}

/// Something that can be played.
struct Stream<'a> {
    object: ObjectRef,
    format: String,
    definition: String,
    job: Option<String>,
    bytes: u64,
    facts: &'a MediaFacts,
    made_at: Timestamp,
}

/// What was transcoded, the newest first, and then the source, if players take it.
fn streams<'a>(video: &Asset, facts: &'a MediaFacts, tasks: &'a [AssetTask]) -> Vec<Stream<'a>> {
    let jobs = tasks.iter().flat_map(|task| &task.jobs);
    let mut streams: Vec<_> = jobs.flat_map(made_by).collect();
    let format = extension(&video.file);
    if PLAYABLE.contains(&format.as_str()) {
        let remembered: Upload = origin::read(video.origin.as_ref());
        let was_uploaded = !remembered.source_url.is_empty();
        streams.push(Stream {
            object: video.file.clone(),
            format,
            definition: "OD".to_owned(),
            // The page of CancelUrlUploadJobs says that jobs are found here.
            job: was_uploaded.then(|| video.job.to_string()),
            bytes: facts.format.size_bytes,
            facts,
            made_at: video.created_at,
        });
    }
    streams
}

fn made_by(job: &Job) -> impl Iterator<Item = Stream<'_>> {
    let done = job.results.iter().filter_map(|result| match result {
        OutputResult::Done {
            object,
            files,
            facts,
            ..
        } => Some((object, files, facts)),
        OutputResult::Failed { .. } => None,
    });
    done.map(|(object, files, facts)| {
        let definition = origin::transcode(job).definition;
        Stream {
            format: extension(object),
            definition: if definition.is_empty() {
                by_size(facts).to_owned()
            } else {
                definition
            },
            object: object.clone(),
            job: Some(job.id.to_string()),
            bytes: files.iter().map(|file| file.bytes).sum(),
            facts,
            made_at: job.finished_at().unwrap_or(job.created_at),
        }
    })
}

/// What was made under no template's name is called after its picture.
fn by_size(facts: &MediaFacts) -> &'static str {
    match video::size(facts).map(|(width, height)| width.max(height)) {
        None | Some(0..=640) => "LD",
        Some(641..=960) => "SD",
        Some(961..=1280) => "HD",
        Some(1281..=1920) => "FHD",
        Some(1921..=2560) => "2K",
        Some(_) => "4K",
    }
}

fn extension(object: &ObjectRef) -> String {
    let name = object.key.file_name();
    let (_, extension) = name.rsplit_once('.').unwrap_or_default();
    extension.to_ascii_lowercase()
}

impl Stream<'_> {
    fn kind(&self) -> &'static str {
        match self.facts.video() {
            Some(_) => "video",
            None => "audio",
        }
    }

    /// As the vendor writes it, such as H264.
    fn codec(&self) -> String {
        let video = self.facts.video().map(|(stream, _)| stream);
        let stream = video.or_else(|| self.facts.audio().map(|(stream, _)| stream));
        let name = stream.and_then(|stream| stream.codec_name.as_deref());
        match name.unwrap_or_default() {
            "hevc" => "H265".to_owned(),
            name => name.to_ascii_uppercase(),
        }
    }

    fn view(&self, url: String) -> Value {
        let at = format_utc(self.made_at.as_millis());
        let mut view = json!({
            "PlayURL": url,
            "Format": self.format,
            "Definition": self.definition,
            "StreamType": self.kind(),
            "Size": self.bytes,
            "Bitrate": video::kilobits_text(self.facts),
            "Duration": video::seconds_text(self.facts),
            "Encrypt": 0,
            "Status": STREAM_NORMAL,
            "NarrowBandType": "0",
            "CodecName": self.codec(),
            "CreationTime": at,
            "ModificationTime": at,
        });
        if let Some(job) = &self.job {
            view["JobId"] = job.as_str().into();
        }
        if let Some((width, height)) = video::size(self.facts) {
            view["Width"] = width.into();
            view["Height"] = height.into();
        }
        if let Some(rate) = video::rate_text(self.facts) {
            view["Fps"] = rate.into();
        }
        view
    }
}
