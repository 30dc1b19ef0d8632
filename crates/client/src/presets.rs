//! Presets: list.

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::client::Client;
use crate::error::Error;

/// A named set of settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preset {
    pub name: String,
    pub summary: String,
    pub settings: Value,
}

/// Every preset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Presets {
    pub presets: Vec<Preset>,
}

impl Client {
    pub async fn presets(&self) -> Result<Presets, Error> {
        self.call(Method::GET, &["presets"]).answer().await
    }
}
