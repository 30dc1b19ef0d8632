//! `GET /template_group/transcodings`: groups by id and name, or page by page.

use http::StatusCode;
use reelgate_domain::document::Document;
use serde_json::{Value, json};

use super::{Group, is_id};
use crate::answer;
use crate::errors::{ApiError, Outcome};
use crate::mpc::asked::Asked;
use crate::mpc::errors::invalid;
use crate::mpc::kept::{self, GROUP_NAMES, GROUPS};
use crate::mpc::template::list_template::MOST_SIZE;

/// The most ids, and the most names.
const MOST_NAMED: usize = 10;

pub(in crate::mpc) async fn call(asked: &Asked<'_>) -> Outcome {
    let query = asked.query(&["group_id", "group_name", "page", "size"])?;
    let ids = query.all("group_id").map(str::to_owned);
    let mut ids: Vec<String> = ids.collect();
    let names: Vec<&str> = query.all("group_name").collect();
    for (name, count) in [("group_id", ids.len()), ("group_name", names.len())] {
        if count > MOST_NAMED {
            return Err(invalid(&format!(
                "{name} comes more than {MOST_NAMED} times"
            )));
        }
    }
    let (groups, total) = if ids.is_empty() && names.is_empty() {
        kept::listed(asked, GROUPS, query.page(MOST_SIZE)?).await?
    } else {
        for name in names {
            let owner = kept::read(asked, GROUP_NAMES, &kept::name_id(asked, name)).await?;
            let owner = owner.and_then(|owner| owner.body.as_str().map(str::to_owned));
            ids.extend(owner);
        }
        let found = each(asked, &ids).await?;
        let total = found.len() as u64;
        (found, total)
    };
    let groups: Vec<Value> = groups.iter().map(shown).collect();
    let body = json!({"template_group_list": groups, "total": total});
    Ok(answer::json(StatusCode::OK, &body))
}

/// Those that there are, each once.
async fn each(asked: &Asked<'_>, ids: &[String]) -> Result<Vec<Document>, ApiError> {
    let mut found: Vec<Document> = Vec::with_capacity(ids.len());
    for id in ids.iter().filter(|id| is_id(id)) {
        let id = kept::named(asked, id);
        if found.iter().all(|document| document.id != id) {
            found.extend(kept::read(asked, GROUPS, &id).await?);
        }
    }
    Ok(found)
}

fn shown(document: &Document) -> Value {
    let (_, id) = document.id.split_once('/').unwrap_or_default();
    Group::of(document).shown(id)
}
