//! Transcoding templates, and finding those that tasks name.

pub(super) mod create_trans_template;
pub(super) mod delete_template;
pub(super) mod list_template;
pub(super) mod update_trans_template;

use reelgate_domain::document::Document;
use serde_json::{Map, Value};

use super::asked::Asked;
use super::errors::{TEMPLATE_MISSING, plain};
use super::fields::Fields;
use super::kept::{self, GROUPS, MEMBERS, TEMPLATES};
use super::presets;
use super::settings::{AvParameters, Place};
use super::template_group;
use crate::errors::ApiError;

/// The longest name, in characters.
const MOST_NAME_CHARS: usize = 128;

/// How the templates of these ids make an output, in the order given: presets, the project's own, members of its groups.
pub(in crate::mpc) async fn find(
    asked: &Asked<'_>,
    ids: &[i64],
) -> Result<Vec<AvParameters>, ApiError> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        found.push(match presets::find(*id) {
            Some(preset) => preset.parameters()?,
            None => kept(asked, *id).await?,
        });
    }
    Ok(found)
}

async fn kept(asked: &Asked<'_>, id: i64) -> Result<AvParameters, ApiError> {
    let document_id = kept::numbered(asked, id);
    if let Some(document) = kept::read(asked, TEMPLATES, &document_id).await? {
        return AvParameters::take(&mut fields(document), Place::Template);
    }
    let missing = || plain(TEMPLATE_MISSING);
    let member = kept::read(asked, MEMBERS, &document_id).await?;
    let member = member.ok_or_else(missing)?;
    let group = kept::named(asked, member.body.as_str().unwrap_or_default());
    let group = kept::read(asked, GROUPS, &group).await?;
    template_group::member(group.ok_or_else(missing)?, id)?.ok_or_else(missing)
}

fn fields(document: Document) -> Fields {
    match document.body {
        Value::Object(members) => Fields::new("", members),
        _ => Fields::new("", Map::new()),
    }
}

/// A template as callers send it, checked; `template_id` has been taken out.
fn checked(mut body: Fields) -> Result<(String, Map<String, Value>), ApiError> {
    let kept = body.sent();
    let name = body.needed_text("template_name")?;
    let is_fit = |character: char| character.is_alphanumeric() || character == '_';
    if name.chars().count() > MOST_NAME_CHARS || !name.chars().all(is_fit) {
        let why = "must be at most 128 letters, digits and underscores";
        return Err(body.refuse("template_name", why));
    }
    AvParameters::take(&mut body, Place::Template)?;
    body.finish()?;
    Ok((name, kept))
}

/// The name that a stored template has.
fn name_of(document: &Document) -> &str {
    document.body["template_name"].as_str().unwrap_or_default()
}
