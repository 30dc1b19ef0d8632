//! Which messages an event has, where they go, and how they are signed.
//!
//! <https://www.alibabacloud.com/help/en/vod/user-guide/event-notifications>

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::StatusCode;
use md5::{Digest as _, Md5};
use reelgate_domain::asset::{Asset, AssetId};
use reelgate_domain::event::{Delivery, EventName, JobEvent, LaneId};
use reelgate_domain::job::{Job, JobSpec};
use reelgate_domain::{Pipeline, Timestamp};
use reelgate_service::{
    About, AssetTask, DeliveryFilter, EventRenderer, Headers, Message, Rendered, ServiceError,
    Tries,
};

use super::event::{self, Told};
use super::{body, find, topic};
use crate::vod::media::video::is_transcode;
use crate::vod::origin::{self, Upload};
use crate::vod::user_data;

/// Tells an account's callback how jobs of this product have ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct Callbacks;

impl EventRenderer for Callbacks {
    fn dialect(&self) -> &'static str {
        origin::DIALECT
    }

    /// Of a cancelled job nothing is told, because the vendor knows no such end; but it may be the last of its task.
    fn tells(&self, name: EventName) -> bool {
        matches!(
            name,
            EventName::Succeeded | EventName::Failed | EventName::Cancelled
        )
    }

    /// It is the account that asks for them, whatever the pipeline.
    fn listens(&self, _pipeline: &Pipeline) -> bool {
        true
    }

    fn messages<'a>(
        &'a self,
        about: About<'a>,
        _pipeline: &'a Pipeline,
    ) -> BoxFuture<'a, Result<Vec<Message>, ServiceError>> {
        messages(about).boxed()
    }

    /// As the vendor signs; nothing without a key.
    fn signed(&self, url: &str, at: Timestamp, secret: &str) -> Option<Headers> {
        if secret.is_empty() {
            return Some(Vec::new());
        }
        let seconds = at.as_millis().div_euclid(1000);
        let digest = Md5::digest(format!("{url}|{seconds}|{secret}"));
        Some(vec![
            ("x-vod-timestamp", seconds.to_string()),
            ("x-vod-signature", hex::encode(digest)),
        ])
    }

    /// As often as the vendor documents.
    fn tries(&self) -> Option<Tries> {
        Some(Tries {
            most: 3,
            apart: Duration::from_secs(1),
            patience: Duration::from_secs(5),
            is_taken: |status| status == StatusCode::OK,
        })
    }

    fn render<'a>(
        &'a self,
        about: About<'a>,
        delivery: &'a Delivery,
    ) -> BoxFuture<'a, Result<Option<Rendered>, ServiceError>> {
        render(about, delivery).boxed()
    }
}

async fn messages(about: About<'_>) -> Result<Vec<Message>, ServiceError> {
    let About {
        service,
        event,
        job,
        ..
    } = about;
    let candidates = Told::of(event.name, job);
    let Some(video) = video_of(job).filter(|_| !candidates.is_empty()) else {
        return Ok(Vec::new());
    };
    let Some(callback) = find(service, &about.caller()).await? else {
        return Ok(Vec::new());
    };
    // It was read when it was set.
    let wanted = event::list(&callback.events).unwrap_or_default();
    let mut messages = Vec::new();
    for told in candidates.iter().filter(|told| wanted.contains(told)) {
        let once = match told {
            Told::Transcode => match ended_task(about).await? {
                Some(task) if !wanted.contains(&Told::StreamTranscode) => Some(attempts(&task)),
                Some(task) if !is_another_to_come(about, &task).await? => Some(attempts(&task)),
                Some(_) | None => continue,
            },
            Told::UploadByUrl
            | Told::FileUpload
            | Told::VideoAnalysis
            | Told::StreamTranscode
            | Told::Snapshot => None,
        };
        messages.push(Message {
            name: Some(told.word()),
            // All that is told of a video comes in its order.
            lane: Some(LaneId::from_bytes(*video.as_bytes())),
            once,
            ..Message::to(topic())
        });
    }
    Ok(messages)
}

async fn render(about: About<'_>, delivery: &Delivery) -> Result<Option<Rendered>, ServiceError> {
    let About {
        service,
        event,
        job,
        ..
    } = about;
    let told = delivery.message.as_deref().and_then(Told::named);
    let (Some(told), Some(id)) = (told, video_of(job)) else {
        return Ok(None);
    };
    let asset = service.assets(&about.caller(), &[id]).await?.pop();
    let said = Said::of(job, asset.as_ref());
    let mut body = body::begin(event, told, id);
    match told {
        Told::UploadByUrl => body::upload_by_url(&mut body, event, job),
        Told::FileUpload => body::file_upload(&mut body, about).await?,
        Told::VideoAnalysis => body::video_analysis(&mut body, event, job),
        Told::StreamTranscode => body::stream_transcode(&mut body, about).await?,
        Told::Transcode => match ended_task(about).await? {
            Some(task) => body::transcode(&mut body, about, &task).await?,
            // Somebody has queued one of its jobs again, whose end tells of all.
            None => return Ok(None),
        },
        Told::Snapshot => body::snapshot(&mut body, about, asset.as_ref()).await?,
    }
    if let Some(extend) = said.extend() {
        body.insert("Extend".to_owned(), extend.into());
    }
    let body = serde_json::to_vec(&body);
    Ok(body.ok().map(|body| Rendered {
        url: said.callback_url(),
        ..Rendered::json(body)
    }))
}

/// The video that a job was made for, which its outputs lie below.
fn video_of(job: &Job) -> Option<AssetId> {
    let output = match &job.spec {
        JobSpec::Transcode(spec) => &spec.outputs.first()?.object,
        JobSpec::Snapshot(spec) => &spec.output,
        JobSpec::Ingest(spec) => return spec.asset.as_ref().map(|plan| plan.id),
        JobSpec::MediaInfo(_) | JobSpec::Remux(_) | JobSpec::Fingerprint(_) => return None,
    };
    output.key.as_str().split('/').nth(1)?.parse().ok()
}

/// The task of a transcode once all of it has ended, if there is anything to tell of it and the video is still there.
async fn ended_task(about: About<'_>) -> Result<Option<AssetTask>, ServiceError> {
    let (service, caller) = (about.service, about.caller());
    let task = service.asset_task(&caller, about.job.submission).await?;
    let Some(mut task) = task else {
        return Ok(None);
    };
    task.jobs.retain(is_transcode);
    let has_ended = |job: &Job| job.lifecycle.state.name().is_final();
    if !task.jobs.iter().all(has_ended) || !task.jobs.iter().any(body::is_told) {
        return Ok(None);
    }
    let video = service.assets(&caller, &[task.asset]).await?;
    Ok((!video.is_empty()).then_some(task))
}

/// Whether a transcode that did not end before this one is still to be told of: what tells of all comes behind that, and
/// with it.
async fn is_another_to_come(about: About<'_>, task: &AssetTask) -> Result<bool, ServiceError> {
    let caller = about.caller();
    let others = task.jobs.iter().filter(|job| body::is_told(job));
    let others = others.filter(|job| job.id != about.job.id);
    for other in others.filter(|job| job.finished_at() >= Some(about.event.at)) {
        let is_end = |event: &JobEvent| {
            let has_ended = matches!(event.name, EventName::Succeeded | EventName::Failed);
            has_ended && event.job == other.id && event.attempt == other.lifecycle.attempt
        };
        if about.earlier.iter().any(|event| is_end(event)) {
            continue;
        }
        let filter = DeliveryFilter {
            job: Some(other.id),
            ..DeliveryFilter::default()
        };
        let page = about.service.deliveries(&caller, filter, 1000).await?;
        let is_ours = |made: &Delivery| made.dialect.as_deref() == Some(origin::DIALECT);
        let mut made = page.deliveries.iter().filter(|made| is_ours(made));
        if !made.any(|made| is_end(&made.event)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What tells an end of a task from its earlier ends: a failed transcode may be queued again.
fn attempts(task: &AssetTask) -> String {
    let mut text = task.id.to_string();
    for job in &task.jobs {
        text.push_str(&format!(" {}:{}", job.id, job.lifecycle.attempt));
    }
    text
}

/// What was said to be told again and to be called: with the call that made the job, and with the upload.
struct Said {
    own: Option<String>,
    upload: Option<String>,
    /// Registering files takes no callback.
    was_uploaded: bool,
}

impl Said {
    fn of(job: &Job, asset: Option<&Asset>) -> Self {
        let upload: Upload = match &job.spec {
            JobSpec::Ingest(_) => origin::upload(job),
            JobSpec::Transcode(_)
            | JobSpec::Snapshot(_)
            | JobSpec::MediaInfo(_)
            | JobSpec::Remux(_)
            | JobSpec::Fingerprint(_) => {
                origin::read(asset.and_then(|asset| asset.origin.as_ref()))
            }
        };
        let own = match &job.spec {
            JobSpec::Ingest(_)
            | JobSpec::MediaInfo(_)
            | JobSpec::Remux(_)
            | JobSpec::Fingerprint(_) => None,
            JobSpec::Transcode(_) => origin::transcode(job).user_data,
            JobSpec::Snapshot(_) => origin::read::<origin::Snapshot>(job.origin.as_ref()).user_data,
        };
        Self {
            own,
            was_uploaded: !upload.source_url.is_empty(),
            upload: upload.user_data,
        }
    }

    fn callback_url(&self) -> Option<String> {
        let upload = self.upload.as_ref().filter(|_| self.was_uploaded);
        let mut said = [self.own.as_ref(), upload].into_iter().flatten();
        said.find_map(|text| user_data::callback_url(text))
    }

    fn extend(&self) -> Option<String> {
        let mut said = [&self.own, &self.upload].into_iter().flatten();
        said.find_map(|text| user_data::extend(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_signed_by_address_time_and_key() {
        let at = Timestamp::from_millis(1_519_375_990_123);
        let signed = Callbacks.signed("https://www.example.com/your/callback", at, "Test123");
        let signature = "c587b80d2d0ede300e8967937da7219b";
        let expected = [
            ("x-vod-timestamp", "1519375990"),
            ("x-vod-signature", signature),
        ];
        let expected = expected.map(|(name, value)| (name, value.to_owned()));
        assert_eq!(signed, Some(expected.to_vec()));
        assert_eq!(
            Callbacks.signed("https://www.example.com/", at, ""),
            Some(Vec::new())
        );
    }

    #[test]
    fn the_call_that_made_a_job_goes_before_the_upload_of_its_video() {
        let said = |own: Option<&str>, upload: Option<&str>, was_uploaded| Said {
            own: own.map(str::to_owned),
            upload: upload.map(str::to_owned),
            was_uploaded,
        };
        let callback =
            |host: &str| format!(r#"{{"MessageCallback":{{"CallbackURL":"http://{host}/"}}}}"#);
        let (a, b) = (callback("a"), callback("b"));
        let extend = r#"{"Extend":"mine"}"#;
        let of = |said: Said| (said.callback_url(), said.extend());
        let url = |host: &str| Some(format!("http://{host}/"));
        assert_eq!(of(said(Some(&a), Some(&b), true)), (url("a"), None));
        assert_eq!(
            of(said(Some(extend), Some(&b), true)),
            (url("b"), Some("mine".to_owned()))
        );
        assert_eq!(of(said(None, Some(&b), false)), (None, None));
        assert_eq!(
            of(said(None, Some(extend), false)),
            (None, Some("mine".to_owned()))
        );
    }
}
