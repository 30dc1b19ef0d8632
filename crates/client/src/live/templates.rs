//! Templates of live streams: list, look up, create, change, delete.

use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error::Error;

/// A template: how a stream is encoded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StreamTemplate {
    pub id: String,
    pub name: String,
    /// Whether it ships with the program and cannot be changed.
    pub builtin: bool,
    pub settings: LiveSettings,
    pub created_at: Option<String>,
}

/// The built-in ones first, then the account's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StreamTemplates {
    pub templates: Vec<StreamTemplate>,
}

/// How a stream is encoded; what is absent is as the source has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveSettings {
    /// `h264`, `h265` or `copy`.
    pub codec: String,
    #[serde(default)]
    pub width: Option<LiveSide>,
    #[serde(default)]
    pub height: Option<LiveSide>,
    #[serde(default)]
    pub video_kbps: Option<u32>,
    #[serde(default)]
    pub fps: Option<f64>,
    #[serde(default)]
    pub gop: Option<LiveGop>,
    /// Absent: the audio is passed through where the target takes it.
    #[serde(default)]
    pub audio_kbps: Option<u32>,
}

/// One side of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum LiveSide {
    Pixels(u32),
    Word(LiveSideWord),
}

/// A side that is not told in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveSideWord {
    /// As the other side and the source's shape say.
    Ratio,
}

impl LiveSide {
    pub const RATIO: Self = Self::Word(LiveSideWord::Ratio);
}

/// How far apart keyframes are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LiveGop {
    Frames(u32),
    Seconds(f64),
}

/// A template to create.
#[derive(Clone, Debug, Serialize)]
pub struct NewStreamTemplate {
    pub name: String,
    pub settings: LiveSettings,
}

/// A change of a template; what is absent stays. Streams that run go on as they were started.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StreamTemplateChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<LiveSettings>,
}

/// A template is named by its id or its name.
impl Client {
    pub async fn stream_templates(&self) -> Result<StreamTemplates, Error> {
        self.call(Method::GET, &["stream-templates"]).answer().await
    }

    pub async fn stream_template(&self, template: &str) -> Result<StreamTemplate, Error> {
        let call = self.call(Method::GET, &["stream-templates", template]);
        call.answer().await
    }

    pub async fn create_stream_template(
        &self,
        template: &NewStreamTemplate,
    ) -> Result<StreamTemplate, Error> {
        let call = self.call(Method::POST, &["stream-templates"]);
        call.json(template).answer().await
    }

    pub async fn change_stream_template(
        &self,
        template: &str,
        change: &StreamTemplateChange,
    ) -> Result<StreamTemplate, Error> {
        let call = self.call(Method::PATCH, &["stream-templates", template]);
        call.json(change).answer().await
    }

    pub async fn delete_stream_template(&self, template: &str) -> Result<(), Error> {
        let call = self.call(Method::DELETE, &["stream-templates", template]);
        call.send().await.map(drop)
    }
}
