//! `/api/v1/stream-rules`: the hosts that an account's streams may come from and go to.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use reelgate_domain::stream::{HostPattern, HostRules};
use serde::{Deserialize, Serialize};

use super::problem;
use crate::NativeApi;
use crate::http::{InAccount, JsonBody, Problem, Query};

/// `{"pull": [PATTERN, …], "push": [PATTERN, …]}`: `example.com`, `*.example.com`, or either with `:port`; an empty
/// list stands for every public host.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RulesJson {
    pull: Vec<String>,
    push: Vec<String>,
}

pub(super) async fn get(
    State(api): State<Arc<NativeApi>>,
    InAccount { caller, account }: InAccount,
    uri: Uri,
) -> Result<Response, Problem> {
    Query::of(&uri, &["account"])?;
    let rules = api.service.host_rules(&caller, account).await;
    Ok(Json(RulesJson::of(&rules.map_err(problem)?)).into_response())
}

/// Answers the rules as they are now. What runs goes on.
pub(super) async fn set(
    State(api): State<Arc<NativeApi>>,
    InAccount { caller, account }: InAccount,
    uri: Uri,
    JsonBody(body): JsonBody<RulesJson>,
) -> Result<Response, Problem> {
    Query::of(&uri, &["account"])?;
    let rules = api.service.set_host_rules(&caller, account, body.rules()?);
    Ok(Json(RulesJson::of(&rules.await.map_err(problem)?)).into_response())
}

impl RulesJson {
    fn of(rules: &HostRules) -> Self {
        let texts = |patterns: &[HostPattern]| patterns.iter().map(ToString::to_string).collect();
        Self {
            pull: texts(&rules.pull),
            push: texts(&rules.push),
        }
    }

    pub(super) fn rules(self) -> Result<HostRules, Problem> {
        Ok(HostRules {
            pull: patterns("pull", &self.pull)?,
            push: patterns("push", &self.push)?,
        })
    }
}

fn patterns(field: &str, texts: &[String]) -> Result<Vec<HostPattern>, Problem> {
    let patterns = texts.iter().enumerate().map(|(at, text)| {
        HostPattern::new(text)
            .map_err(|wrong| Problem::invalid_field(format!("{field}[{at}]"), wrong.to_string()))
    });
    patterns.collect()
}
