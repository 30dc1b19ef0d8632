//! `/api/v1/clusters`: groups of workers, such as those of a data centre.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri};
use reelgate_domain::node::{Cluster, ClusterName};
use serde::{Deserialize, Serialize};

use crate::NativeApi;
use crate::http::{
    Again, Answering, Authorized, InPath, JsonBody, Problem, Query, created, format_time,
};

/// The body: `{"name"}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBody {
    name: String,
}

/// `{"clusters": [CLUSTER, …]}`.
#[derive(Serialize)]
struct ClustersJson {
    clusters: Vec<ClusterJson>,
}

/// `{"name", "created_at"}`.
#[derive(Serialize)]
struct ClusterJson {
    name: String,
    created_at: String,
}

/// Answers 201 with the cluster, 409 if there is one of this name.
pub(super) async fn create(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    uri: Uri,
    JsonBody(body): JsonBody<CreateBody>,
) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    let name = ClusterName::new(body.name);
    let name = name.map_err(|error| Problem::invalid_field("name", error.to_string()))?;
    let cluster = api.service.create_cluster(&caller, name).await?;
    let view = ClusterJson::of(&cluster);
    Ok(created("/api/v1/clusters", view))
}

/// Answers a repeat with the cluster as it is now.
pub(super) fn created_again(again: Again) -> Answering {
    Box::pin(async move {
        let found = again.api.service.clusters(&again.caller).await?;
        let made = |cluster: &&Cluster| cluster.name.as_str() == again.made;
        let cluster = found.iter().find(made);
        let cluster = cluster.ok_or_else(|| Problem::missing("cluster", &again.made))?;
        Ok(created("/api/v1/clusters", ClusterJson::of(cluster)))
    })
}

pub(super) async fn list(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::of(&uri, &[])?;
    let found = api.service.clusters(&caller).await?;
    let clusters = found.iter().map(ClusterJson::of).collect();
    Ok(Json(ClustersJson { clusters }).into_response())
}

/// Answers 204.
pub(super) async fn delete(
    State(api): State<Arc<NativeApi>>,
    Authorized(caller): Authorized,
    InPath(name): InPath<String>,
    uri: Uri,
) -> Result<StatusCode, Problem> {
    Query::of(&uri, &[])?;
    let name = ClusterName::new(&*name).map_err(|_| Problem::missing("cluster", &name))?;
    api.service.delete_cluster(&caller, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl ClusterJson {
    fn of(cluster: &Cluster) -> Self {
        Self {
            name: cluster.name.to_string(),
            created_at: format_time(cluster.created_at),
        }
    }
}
