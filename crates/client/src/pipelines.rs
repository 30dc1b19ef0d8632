//! Pipelines: list, create, look up, change, delete.

use std::fmt;

use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error::Error;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PipelineState {
    Active,
    Paused,
}

impl fmt::Display for PipelineState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Active => "active",
            Self::Paused => "paused",
        })
    }
}

/// A pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pipeline {
    pub id: String,
    pub name: String,
    pub state: PipelineState,
    pub concurrency: Option<u32>,
    pub queued: u64,
    pub running: u64,
    pub created_at: String,
}

/// A page of pipelines, oldest first, and how many there are in all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pipelines {
    pub pipelines: Vec<Pipeline>,
    pub total: u64,
    pub next_cursor: Option<String>,
}

/// Which pipelines to list.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PipelineQuery {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<PipelineState>,
    /// The `next_cursor` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// 1 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// A pipeline to create.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NewPipeline {
    pub name: String,
    /// How many of its jobs may run at once; absent: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u32>,
}

/// A change to a pipeline; what is absent stays.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PipelineChange {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<PipelineState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `Some(None)` lifts the limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Option<u32>>,
}

/// A pipeline is named by its id or its name.
impl Client {
    pub async fn pipelines(&self, query: &PipelineQuery) -> Result<Pipelines, Error> {
        self.call(Method::GET, &["pipelines"])
            .query(query)
            .answer()
            .await
    }

    pub async fn create_pipeline(&self, pipeline: &NewPipeline) -> Result<Pipeline, Error> {
        self.call(Method::POST, &["pipelines"])
            .json(pipeline)
            .answer()
            .await
    }

    pub async fn pipeline(&self, name: &str) -> Result<Pipeline, Error> {
        self.call(Method::GET, &["pipelines", name]).answer().await
    }

    pub async fn change_pipeline(
        &self,
        name: &str,
        change: &PipelineChange,
    ) -> Result<Pipeline, Error> {
        self.call(Method::PATCH, &["pipelines", name])
            .json(change)
            .answer()
            .await
    }

    pub async fn delete_pipeline(&self, name: &str) -> Result<(), Error> {
        self.call(Method::DELETE, &["pipelines", name])
            .send()
            .await
            .map(drop)
    }
}
