//! `GET /api/v1/operations`: what every API offers, as policies, limits and the audit log name it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Uri;
use reelgate_api_kit::Catalogue;
use reelgate_api_kit::operation::{Change, Product, ResourceType, Served};
use serde::Serialize;

use crate::NativeApi;
use crate::http::{Authorized, Problem, Query};

/// `{"products": [PRODUCT, …]}`.
#[derive(Debug, Serialize)]
pub struct OperationsView {
    pub products: Vec<ProductView>,
}

/// `{"name", "title", "version", "dialect", "operations": [OPERATION, …]}`.
#[derive(Debug, Serialize)]
pub struct ProductView {
    pub name: &'static str,
    pub title: &'static str,
    pub version: &'static str,
    pub dialect: &'static str,
    pub operations: Vec<OperationView>,
}

/// An operation that is served. Without `resources` a policy allows it on all resources or not at all.
#[derive(Debug, Serialize)]
pub struct OperationView {
    pub action: String,
    pub access: &'static str,
    /// `needed`, `unless_denied`, or `never_asked` of what everybody may call.
    pub permission: &'static str,
    pub resources: Vec<ResourceView>,
    /// Beside those that every policy may ask for.
    pub condition_keys: &'static [&'static str],
    pub associated: Vec<String>,
    /// The documented limit, such as `100/s`.
    pub limit: Option<String>,
    /// Beside those that every operation of the dialect may answer.
    pub errors: &'static [&'static str],
    pub documentation: &'static str,
    pub history: Vec<ChangeView>,
}

#[derive(Debug, Serialize)]
pub struct ResourceView {
    pub name: &'static str,
    pub arn: &'static str,
    pub required: bool,
}

#[derive(Debug, Serialize)]
pub struct ChangeView {
    pub date: &'static str,
    pub what: &'static str,
}

/// The operations of all products, or of those that go by a name: `Mts`, or `mts` as in policies.
pub fn operations_view(catalogue: &Catalogue, product: Option<&str>) -> OperationsView {
    let wanted = |candidate: &Product| {
        product.is_none_or(|name| {
            name.eq_ignore_ascii_case(candidate.name) || name == candidate.ram_code
        })
    };
    let products = catalogue.0.iter().filter(|product| wanted(product));
    OperationsView {
        products: products.map(|product| ProductView::of(product)).collect(),
    }
}

/// Answers 404 for a product that is not served here.
pub(super) async fn list(
    State(api): State<Arc<NativeApi>>,
    _caller: Authorized,
    uri: Uri,
) -> Result<Response, Problem> {
    let query = Query::of(&uri, &["product"])?;
    let product = query.one("product")?;
    let found = operations_view(&api.catalogue, product);
    match product {
        Some(name) if found.products.is_empty() => Err(Problem::missing("product", name)),
        _ => Ok(Json(found).into_response()),
    }
}

impl ProductView {
    fn of(product: &Product) -> Self {
        let operations = product
            .served()
            .map(|(action, served)| OperationView::of(product, action, served));
        Self {
            name: product.name,
            title: product.title,
            version: product.version,
            dialect: product.dialect,
            operations: operations.collect(),
        }
    }
}

impl OperationView {
    fn of(product: &Product, action: &str, served: &Served) -> Self {
        let associated = served.associated.iter();
        Self {
            action: product.policy_action(action),
            access: served.access.word(),
            permission: served.permission.word(),
            resources: served.resources.iter().map(ResourceView::of).collect(),
            condition_keys: served.condition_keys,
            associated: associated
                .map(|action| product.policy_action(action))
                .collect(),
            limit: served.limit.map(|limit| limit.to_string()),
            errors: served.errors,
            documentation: served.documentation,
            history: served.history.iter().map(ChangeView::of).collect(),
        }
    }
}

impl ResourceView {
    fn of(resource: &ResourceType) -> Self {
        Self {
            name: resource.name,
            arn: resource.arn,
            required: resource.required,
        }
    }
}

impl ChangeView {
    fn of(change: &Change) -> Self {
        Self {
            date: change.date,
            what: change.what,
        }
    }
}
