//! `ListEdgeTranscodeTemplate`: the templates that the account may use.
//!
//! <https://www.alibabacloud.com/help/en/live/developer-reference/api-live-2016-11-01-listedgetranscodetemplate>

use std::cmp::Reverse;

use reelgate_domain::stream::{EdgeTemplate, LiveCodec};
use reelgate_service::Service;
use serde_json::{Value, json};

use super::errors::{About, Refusal, stream_error};
use super::request::{self, Page};
use super::template;
use crate::rpc::{ApiError, Call, Params};

/// Each cluster has the same templates.
pub(super) async fn call(service: &Service, call: &Call<'_>) -> Result<Value, ApiError> {
    let failed = |error| stream_error(About::Other, error);
    let cluster = request::cluster(call.params)?;
    let ask = Ask::read(call.params)?;
    service.require_edge(call.caller).await.map_err(failed)?;
    request::known(service, cluster).await?;
    let mut all = service.live_templates(call.caller).await.map_err(failed)?;
    all.retain(|template| ask.covers(template));
    match ask.oldest_first {
        true => all.sort_by_key(|template| template.created_at),
        false => all.sort_by_key(|template| Reverse(template.created_at)),
    }
    let page: Vec<_> = ask
        .page
        .of(all.iter())
        .into_iter()
        .map(template::shown)
        .collect();
    Ok(json!({"TotalCount": all.len(), "TemplateList": {"Template": page}}))
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ask<'a> {
    codec: Option<LiveCodec>,
    keyword: Option<&'a str>,
    oldest_first: bool,
    page: Page,
    /// Whether the type asked for is that of all templates here.
    ours: bool,
}

impl<'a> Ask<'a> {
    pub(super) fn read(params: &'a Params) -> Result<Self, Refusal> {
        let codecs = [LiveCodec::H264, LiveCodec::H265].map(|it| (template::codec_word(it), it));
        Ok(Self {
            codec: request::word(params, "VideoCodec", &codecs)?,
            keyword: request::optional(params, "Keyword"),
            oldest_first: request::oldest_first(params)?,
            page: Page::read(params)?,
            ours: request::lists_ours(params)?,
        })
    }

    fn covers(&self, template: &EdgeTemplate) -> bool {
        let named = |word: &str| template.name.contains(word) || template.id.to_string() == word;
        self.ours
            && self
                .codec
                .is_none_or(|codec| template.settings.codec == codec)
            && self.keyword.is_none_or(named)
    }
}
