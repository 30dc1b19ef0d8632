//! `SubmitTranscodeJobs`: a task that makes of a video what a template group says.
//!
//! <https://www.alibabacloud.com/help/en/vod/developer-reference/api-vod-2017-03-21-submittranscodejobs>

use reelgate_domain::asset::AssetState;
use reelgate_domain::job::Priority;
use reelgate_service::{Caller, ErrorKind, Renditions, Service};
use serde_json::{Value, json};

use crate::rpc::{ApiError, Params};
use crate::vod::errors::{Code, Refusal, service_error};
use crate::vod::origin::Trigger;
use crate::vod::status::mezzanine_word;
use crate::vod::template::{self, NO_TRANSCODE};
use crate::vod::{media, request, session, user_data};

pub(in crate::vod) async fn call(
    service: &Service,
    caller: &Caller,
    params: &Params,
) -> Result<Value, ApiError> {
    for name in ["OverrideParams", "EncryptConfig"] {
        let given = request::optional(params, name);
        if given.is_some_and(|text| text.trim() != "{}") {
            return Err(Refusal::parameter(name).into());
        }
    }
    let group = request::required(params, "TemplateGroupId")?;
    if group == NO_TRANSCODE {
        return Err(Refusal::parameter("TemplateGroupId").into());
    }
    let priority = request::number(params, "Priority", 1..=10, 6)?;
    let priority = u8::try_from(priority).ok().and_then(Priority::new);
    let pipeline = match request::optional(params, "PipelineId") {
        None => None,
        Some(text) => Some(request::id("PipelineId", text)?),
    };
    let user_data = user_data::read_of_work(service, params)?;
    let video = media::one(service, caller, params).await?;
    if !matches!(video.state, AssetState::Ready { .. }) {
        let word = mezzanine_word(&video.state);
        return Err(Refusal::new(Code::IllegalStatusOfSource, word).into());
    }
    let (_, renditions) =
        template::renditions(service, caller, Some(group), Trigger::Manual, user_data).await?;
    if renditions.is_empty() {
        let text = "The transcode template group has no template.";
        return Err(Refusal::saying(Code::GroupNotFound, text).into());
    }
    let caller = &session::in_session(service, caller, params, session::TRANSCODE)?;
    let wish = Renditions {
        pipeline,
        priority: priority.unwrap_or_default(),
        renditions,
    };
    let jobs = service.transcode_asset(caller, &video, wish).await;
    let jobs = jobs.map_err(|error| {
        session::refusal(error, params, |error| match error.kind {
            ErrorKind::Replayed => error.into(),
            _ => service_error(error),
        })
    })?;
    let task = jobs.first().map(|job| job.submission.to_string());
    let jobs: Vec<_> = jobs
        .iter()
        .map(|job| json!({"JobId": job.id.to_string()}))
        .collect();
    Ok(json!({"TranscodeTaskId": task, "TranscodeJobs": {"TranscodeJob": jobs}}))
}
