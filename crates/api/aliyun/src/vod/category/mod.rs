//! Categories: a tree of names for videos.

pub(super) mod add_category;
pub(super) mod delete_category;
pub(super) mod get_categories;
pub(super) mod update_category;

use std::collections::{BTreeMap, BTreeSet};

use reelgate_domain::document::{Document, DocumentKind};
use reelgate_service::{Caller, ErrorKind, KeepDocument, Service, ServiceError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::errors::{Code, Refusal, service_error};
use crate::rpc::ApiError;

const KIND: DocumentKind = "vod.category";
/// The parent of those at the top.
const TOP: i64 = -1;
/// Levels are counted from 0 on.
const MOST_LEVEL: u64 = 2;
const MOST: u32 = 1000;
/// Below one category.
const MOST_CHILDREN: usize = 100;
const MOST_NAME_BYTES: usize = 64;
/// What a category is for, unless a call says otherwise.
const DEFAULT_TYPE: &str = "default";
const TYPES: [&str; 2] = [DEFAULT_TYPE, "material"];

/// A category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Category {
    #[serde(skip)]
    id: u64,
    #[serde(skip)]
    revision: u64,
    name: String,
    parent: i64,
    level: u64,
    kind: String,
}

impl Category {
    fn view(&self) -> Value {
        json!({
            "CateId": self.id,
            "CateName": self.name,
            "ParentId": self.parent,
            "Level": self.level,
            "Type": self.kind,
        })
    }

    async fn keep(
        &self,
        service: &Service,
        caller: &Caller,
        replaces: Option<u64>,
    ) -> Result<(), ServiceError> {
        let kept = service.keep_document(
            caller,
            KeepDocument {
                kind: KIND,
                id: self.id.to_string(),
                body: serde_json::to_value(self).unwrap_or(Value::Null),
                replaces,
                most: MOST,
            },
        );
        kept.await.map(drop)
    }
}

/// All of the account's, by id.
async fn all(service: &Service, caller: &Caller) -> Result<Vec<Category>, ApiError> {
    let documents = service
        .documents(caller, KIND)
        .await
        .map_err(service_error)?;
    let all = documents.into_iter().map(read);
    let mut all = all.collect::<Result<Vec<_>, _>>()?;
    all.sort_by_key(|it| it.id);
    Ok(all)
}

fn read(document: Document) -> Result<Category, ApiError> {
    let (Ok(id), Ok(category)) = (document.id.parse(), Category::deserialize(&document.body))
    else {
        let what = format!("category {} cannot be read", document.id);
        return Err(ApiError::internal(what));
    };
    Ok(Category {
        id,
        revision: document.revision,
        ..category
    })
}

/// The names of these, by id, as far as they exist.
pub(super) async fn names(
    service: &Service,
    caller: &Caller,
    ids: &BTreeSet<u64>,
) -> Result<BTreeMap<u64, String>, ApiError> {
    let found = match ids.first() {
        None => Vec::new(),
        // The usual one is not looked for among all that there are.
        Some(id) if ids.len() == 1 => {
            let id = id.to_string();
            let document = service.document(caller, KIND, &id).await;
            document.map_err(service_error)?.into_iter().collect()
        }
        Some(_) => service
            .documents(caller, KIND)
            .await
            .map_err(service_error)?,
    };
    let found = found.into_iter().map(read);
    let found = found.collect::<Result<Vec<_>, _>>()?.into_iter();
    let found = found.filter(|it| ids.contains(&it.id));
    Ok(found.map(|it| (it.id, it.name)).collect())
}

/// Refuses a category that the account does not have. Costs nothing unless one is named.
pub(super) async fn check(
    service: &Service,
    caller: &Caller,
    named: &[u64],
) -> Result<(), ApiError> {
    let named = named.iter().copied().collect();
    let known = names(service, caller, &named).await?;
    match named.iter().find(|id| !known.contains_key(id)) {
        None => Ok(()),
        Some(id) => Err(Refusal::new(Code::CategoryNotFound, id.to_string()).into()),
    }
}

fn of(all: &[Category], id: &str) -> Result<Category, Refusal> {
    let found = all.iter().find(|it| it.id.to_string() == id);
    let found = found.cloned();
    found.ok_or_else(|| Refusal::new(Code::CategoryNotFound, id))
}

fn check_name(name: &str) -> Result<(), Refusal> {
    match name.len() <= MOST_NAME_BYTES && !name.contains('\0') {
        true => Ok(()),
        false => Err(Refusal::parameter("CateName")),
    }
}

fn refusal(error: ServiceError) -> ApiError {
    match error.kind {
        ErrorKind::TooLarge => {
            Refusal::new(Code::CategoryExceeded, format!("{MOST} in all")).into()
        }
        _ => service_error(error),
    }
}
