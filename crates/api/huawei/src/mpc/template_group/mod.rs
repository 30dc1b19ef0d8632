//! Template groups: templates that differ in their measures only, which become the renditions of one source.

pub(super) mod create_template_group;
pub(super) mod delete_template_group;
pub(super) mod list_template_group;
pub(super) mod update_template_group;

use reelgate_domain::document::Document;
use serde_json::{Map, Value, json};

use super::fields::Fields;
use super::settings::{Audio, AvParameters, Common, Measures, Place, VideoCommon};
use crate::errors::ApiError;

/// The longest name, in characters.
const MOST_NAME_CHARS: usize = 128;
/// The most members.
const MOST_VIDEOS: usize = 6;

/// A group as it is kept: what the caller has sent, and with each of `videos` its template's id.
#[derive(Clone, Debug, PartialEq)]
struct Group(Map<String, Value>);

impl Group {
    /// Takes what the caller sends over what there is; `group_id` has been taken out. Members keep their ids by their
    /// places.
    fn changed(before: Option<&Self>, mut body: Fields) -> Result<Self, ApiError> {
        let mut sent = body.sent();
        if let Some(before) = before {
            let mut whole = before.0.clone();
            for video in whole["videos"].as_array_mut().into_iter().flatten() {
                if let Value::Object(video) = video {
                    video.remove("template_id");
                }
            }
            whole.extend(sent);
            body = Fields::new("", whole.clone());
            sent = whole;
        }
        let name = body.needed_text("name")?;
        let length = name.chars().count();
        if length > MOST_NAME_CHARS || name.chars().any(char::is_control) {
            let why = "must be at most 128 characters, and none of control";
            return Err(body.refuse("name", why));
        }
        members(&mut body)?;
        body.finish()?;
        Ok(Self(sent))
    }

    fn name(&self) -> &str {
        self.0["name"].as_str().unwrap_or_default()
    }

    fn videos(&self) -> &[Value] {
        self.0["videos"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The ids of the members, in their order.
    fn ids(&self) -> Vec<i64> {
        let videos = self.videos().iter();
        videos
            .filter_map(|video| video["template_id"].as_i64())
            .collect()
    }

    /// Gives each member an id.
    fn number(&mut self, ids: &[i64]) {
        let videos = self.0["videos"].as_array_mut().into_iter().flatten();
        for (video, id) in videos.zip(ids) {
            video["template_id"] = json!(id);
        }
    }

    fn of(document: &Document) -> Self {
        match &document.body {
            Value::Object(members) => Self(members.clone()),
            _ => Self(Map::new()),
        }
    }

    /// As answers have it.
    fn shown(&self, id: &str) -> Value {
        let mut shown = self.0.clone();
        shown.insert("group_id".to_owned(), json!(id));
        shown.insert("template_ids".to_owned(), json!(self.ids()));
        Value::Object(shown)
    }
}

/// The settings of each member, in their order.
fn members(fields: &mut Fields) -> Result<Vec<AvParameters>, ApiError> {
    let common = Common::take(fields.needed_object("common")?)?;
    let audio = Audio::take(fields.object("audio")?, &common)?;
    let shared = match fields.object("video_common")? {
        None => VideoCommon::default(),
        Some(mut shared) => {
            let taken = VideoCommon::take(&mut shared, Place::Group)?;
            shared.finish()?;
            taken
        }
    };
    let Some(videos) = fields.objects("videos")? else {
        return Err(fields.refuse("videos", "is missing"));
    };
    if !(1..=MOST_VIDEOS).contains(&videos.len()) {
        return Err(fields.refuse("videos", "must be a list of 1 to 6"));
    }
    let members = videos.into_iter().map(|mut video| {
        let given = video.members().get("bitrate");
        if given.is_none_or(Value::is_null) {
            return Err(video.refuse("bitrate", "is missing"));
        }
        let measures = Measures::take(&mut video, &shared, Place::Group)?;
        common.check_video(&shared, &video)?;
        video.finish()?;
        AvParameters::made(&shared, measures, &audio, &common)
    });
    members.collect()
}

/// The member of this id of a group that is kept.
pub(super) fn member(document: Document, id: i64) -> Result<Option<AvParameters>, ApiError> {
    let mut group = Group::of(&document);
    let at = group.ids().iter().position(|its| *its == id);
    for video in group.0["videos"].as_array_mut().into_iter().flatten() {
        if let Value::Object(video) = video {
            video.remove("template_id");
        }
    }
    let Some(at) = at else { return Ok(None) };
    let mut members = members(&mut Fields::new("", group.0))?;
    Ok((at < members.len()).then(|| members.swap_remove(at)))
}

/// An id of a group as callers send it: what is none names no group.
fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
