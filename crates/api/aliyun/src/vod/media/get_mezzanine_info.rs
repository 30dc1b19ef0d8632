//! `GetMezzanineInfo`: a video's own file.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-getmezzanineinfo>

use reelgate_api_kit::time::format_utc;
use reelgate_domain::asset::AssetState;
use reelgate_domain::media::{AudioFacts, StreamDetail, StreamFacts, VideoFacts};
use reelgate_service::{Caller, ErrorKind, Service};
use serde_json::{Map, Value, json};

use super::get_play_info::{auth_seconds, output_type};
use super::video;
use crate::rpc::{ApiError, Params};
use crate::vod::errors::{Code, Refusal, service_error};
use crate::vod::request;
use crate::vod::status::mezzanine_word;

/// Streams are listed only if `AdditionType` asks for them.
pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    let additions = request::optional(params, "AdditionType").unwrap_or_default();
    let additions: Vec<_> = additions.split(',').map(str::trim).collect();
    if !additions
        .iter()
        .all(|it| ["", "video", "audio"].contains(it))
    {
        return Err(Refusal::parameter("AdditionType").into());
    }
    let seconds = auth_seconds(params)?;
    let output_type = output_type(params)?;
    let video = super::one(service, caller, params).await?;
    let mut view = json!({
        "VideoId": video.id.to_string(),
        "FileName": video.file.key.as_str(),
        "Status": mezzanine_word(&video.state),
        "OutputType": output_type,
        "StorageClass": "Standard",
        "CreationTime": format_utc(video.created_at.as_millis()),
    });
    match &video.state {
        AssetState::Registered => {}
        AssetState::Unusable { .. } => return Err(Refusal::new(Code::FileNotFound, "").into()),
        AssetState::Ready { facts, .. } => {
            let url = service
                .share_object(caller, &video.file, seconds.into())
                .await;
            view["FileURL"] = match url {
                Ok(url) => url.into(),
                Err(error) if error.kind == ErrorKind::NotFound => {
                    return Err(Refusal::new(Code::FileNotFound, "").into());
                }
                Err(error) => return Err(service_error(error)),
            };
            view["Size"] = facts.format.size_bytes.into();
            view["Duration"] = video::seconds_text(facts).into();
            view["Bitrate"] = video::kilobits_text(facts).into();
            if let Some(rate) = video::rate_text(facts) {
                view["Fps"] = rate.into();
            }
            if let Some((width, height)) = video::size(facts) {
                view["Width"] = width.into();
                view["Height"] = height.into();
            }
            if additions.contains(&"video") {
                let streams = facts.streams.iter().filter_map(video_stream);
                view["VideoStreamList"] = streams.collect::<Vec<_>>().into();
            }
            if additions.contains(&"audio") {
                let streams = facts.streams.iter().filter_map(audio_stream);
                view["AudioStreamList"] = streams.collect::<Vec<_>>().into();
            }
        }
    }
    Ok(json!({"Mezzanine": view}))
}

fn video_stream(stream: &StreamFacts) -> Option<Value> {
    let StreamDetail::Video(video) = &stream.detail else {
        return None;
    };
    let mut view = common(stream);
    let VideoFacts {
        width,
        height,
        has_b_frames,
        sar,
        dar,
        pixel_format,
        level,
        base_rate,
        average_rate,
        rotation,
        ..
    } = video;
    put(&mut view, "Width", Some(width));
    put(&mut view, "Height", Some(height));
    put(&mut view, "HasBFrames", Some(has_b_frames));
    put(&mut view, "Sar", sar.as_ref());
    put(&mut view, "Dar", dar.as_ref());
    put(&mut view, "PixFmt", pixel_format.as_ref());
    put(&mut view, "Level", level.as_ref());
    put(&mut view, "Fps", base_rate.as_ref());
    put(&mut view, "AvgFPS", average_rate.as_ref());
    put(&mut view, "Profile", stream.profile.as_ref());
    put(&mut view, "Rotate", Some(rotation));
    Some(Value::Object(view))
}

fn audio_stream(stream: &StreamFacts) -> Option<Value> {
    let StreamDetail::Audio(audio) = &stream.detail else {
        return None;
    };
    let mut view = common(stream);
    let AudioFacts {
        sample_format,
        sample_rate,
        channels,
        channel_layout,
    } = audio;
    put(&mut view, "SampleFmt", sample_format.as_ref());
    put(&mut view, "SampleRate", sample_rate.as_ref());
    put(&mut view, "Channels", channels.as_ref());
    put(&mut view, "ChannelLayout", channel_layout.as_ref());
    Some(Value::Object(view))
}

fn common(stream: &StreamFacts) -> Map<String, Value> {
    let mut view = Map::new();
    put(&mut view, "Index", Some(&stream.index));
    put(&mut view, "CodecName", stream.codec_name.as_ref());
    put(&mut view, "CodecLongName", stream.codec_long_name.as_ref());
    put(&mut view, "CodecTag", stream.codec_tag.as_ref());
    put(
        &mut view,
        "CodecTagString",
        stream.codec_tag_string.as_ref(),
    );
    put(&mut view, "Timebase", stream.time_base.as_ref());
    put(&mut view, "StartTime", stream.start_seconds.as_ref());
    put(&mut view, "Duration", stream.duration_seconds.as_ref());
    put(&mut view, "Bitrate", stream.bit_rate.as_ref());
    put(&mut view, "NumFrames", stream.frames.as_ref());
    put(&mut view, "Lang", stream.language.as_ref());
    view
}

/// All members are texts, numbers too.
fn put(view: &mut Map<String, Value>, name: &str, value: Option<&impl ToString>) {
    if let Some(value) = value {
        view.insert(name.to_owned(), value.to_string().into());
    }
}
