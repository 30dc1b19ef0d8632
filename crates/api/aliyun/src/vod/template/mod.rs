//! Transcode template groups: what an account has its videos made into.

pub(super) mod add_group;
pub(super) mod delete_group;
pub(super) mod get_group;
mod group;
mod item;
pub(super) mod list_groups;
pub(super) mod set_default_group;
pub(super) mod update_group;

pub(super) use group::{find, find_default};

use reelgate_service::{Caller, Rendition, Service};

use super::errors::{Code, Refusal};
use super::origin::{self, Trigger};
use crate::rpc::ApiError;

/// The group under which nothing is made.
pub(super) const NO_TRANSCODE: &str = "VOD_NO_TRANSCODE";

/// What is made of a video: by this group, or by the default one. With the group's id, if there is one to be told.
pub(super) async fn renditions(
    service: &Service,
    caller: &Caller,
    group: Option<&str>,
    trigger: Trigger,
    user_data: Option<&str>,
) -> Result<(Option<String>, Vec<Rendition>), ApiError> {
    let group = match group {
        Some(NO_TRANSCODE) => return Ok((Some(NO_TRANSCODE.to_owned()), Vec::new())),
        Some(id) => match find(service, caller, id).await? {
            Some(group) => group,
            None => return Err(Refusal::new(Code::GroupNotFound, id).into()),
        },
        None => match find_default(service, caller).await? {
            Some(group) => group,
            None => return Ok((None, Vec::new())),
        },
    };
    let mut renditions = Vec::with_capacity(group.templates.len());
    for template in &group.templates {
        let settings = template.settings().map_err(ApiError::from)?;
        let origin = origin::ours(&origin::Transcode {
            template_group_id: group.id.clone(),
            template_id: template.id.clone(),
            definition: template.definition().to_owned(),
            trigger,
            user_data: user_data.map(str::to_owned),
        });
        renditions.push(Rendition { settings, origin });
    }
    Ok((Some(group.id), renditions))
}

/// What each of these templates comes to, for the fuzz targets.
#[cfg(feature = "fuzzing")]
pub(super) fn read_all(
    templates: Vec<serde_json::Map<String, serde_json::Value>>,
) -> Result<Vec<reelgate_domain::job::kind::transcode::Settings>, Refusal> {
    let templates = templates.into_iter().enumerate();
    let read = templates.map(|(at, members)| {
        let template = item::Template::read("id".to_owned(), members, at)?;
        template.view();
        template.settings()
    });
    read.collect()
}
