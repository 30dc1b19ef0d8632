//! A group as it is kept, found and shown.

use reelgate_api_kit::time::format_utc;
use reelgate_domain::document::{Document, DocumentKind};
use reelgate_service::{Caller, ErrorKind, KeepDocument, Service};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::NO_TRANSCODE;
use super::item::Template;
use crate::rpc::ApiError;
use crate::vod::errors::{Code, Refusal, service_error};
use crate::vod::new_id;
use crate::vod::request::{self, APP_ID};

const KIND: DocumentKind = "vod.template_group";
/// The one document that names the default group.
const DEFAULT: DocumentKind = "vod.default_template_group";
const DEFAULT_ID: &str = "default";
const MOST_GROUPS: u32 = 20;
const MOST_TEMPLATES: usize = 20;
const MOST_NAME_BYTES: usize = 128;

/// A group of templates.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::vod) struct Group {
    pub(in crate::vod) id: String,
    pub(super) name: String,
    pub(super) locked: bool,
    pub(super) templates: Vec<Template>,
    /// The document's; none of a group that is not kept yet.
    revision: Option<u64>,
    created: String,
    modified: String,
}

#[derive(Serialize, Deserialize)]
struct Body {
    name: String,
    #[serde(default)]
    locked: bool,
    templates: Vec<Template>,
}

impl Group {
    pub(super) fn new(id: String, name: String) -> Self {
        Self {
            id,
            name,
            locked: false,
            templates: Vec::new(),
            revision: None,
            created: String::new(),
            modified: String::new(),
        }
    }

    fn of(document: &Document) -> Result<Self, ApiError> {
        let body = Body::deserialize(&document.body);
        let body = body.map_err(|error| {
            let id = &document.id;
            ApiError::internal(format!("template group {id} cannot be read: {error}"))
        })?;
        Ok(Self {
            id: document.id.clone(),
            name: body.name,
            locked: body.locked,
            templates: body.templates,
            revision: Some(document.revision),
            created: format_utc(document.created_at.as_millis()),
            modified: format_utc(document.modified_at.as_millis()),
        })
    }

    pub(super) async fn keep(self, service: &Service, caller: &Caller) -> Result<(), ApiError> {
        let body = Body {
            name: self.name,
            locked: self.locked,
            templates: self.templates,
        };
        let kept = service.keep_document(
            caller,
            KeepDocument {
                kind: KIND,
                id: self.id,
                body: serde_json::to_value(body).map_err(ApiError::internal)?,
                replaces: self.revision,
                most: MOST_GROUPS,
            },
        );
        match kept.await {
            Ok(_) => Ok(()),
            Err(error) if error.kind == ErrorKind::TooLarge => {
                Err(Refusal::new(Code::GroupsExceeded, "").into())
            }
            Err(error) => Err(service_error(error)),
        }
    }

    /// Lets these templates join, or take the place of those that they name.
    pub(super) fn take(
        &mut self,
        service: &Service,
        templates: Vec<Map<String, Value>>,
    ) -> Result<(), Refusal> {
        for (at, members) in templates.into_iter().enumerate() {
            let known = members.get("TranscodeTemplateId").and_then(Value::as_str);
            let known = known.filter(|id| !id.is_empty()).map(str::to_owned);
            match known {
                Some(id) => {
                    let Some(place) = self.templates.iter().position(|it| it.id == id) else {
                        let path = format!("TranscodeTemplateList[{at}].TranscodeTemplateId");
                        return Err(Refusal::member(path));
                    };
                    self.templates[place] = Template::read(id, members, at)?;
                }
                None => {
                    let id = new_id(service);
                    self.templates.push(Template::read(id, members, at)?);
                }
            }
        }
        if self.templates.len() > MOST_TEMPLATES {
            return Err(Refusal::new(Code::TemplatesExceeded, ""));
        }
        Ok(())
    }

    pub(super) fn view(&self, default: Option<&str>, with_templates: bool) -> Value {
        let is_default = default == Some(&self.id);
        let mut view = json!({
            "TranscodeTemplateGroupId": self.id,
            "Name": self.name,
            "IsDefault": if is_default { "Default" } else { "NotDefault" },
            "Locked": if self.locked { "Enabled" } else { "Disabled" },
            "AppId": APP_ID,
        });
        if self.revision.is_some() {
            view["CreationTime"] = self.created.as_str().into();
            view["ModifyTime"] = self.modified.as_str().into();
        }
        if with_templates {
            let templates: Vec<_> = self.templates.iter().map(Template::view).collect();
            view["TranscodeTemplateList"] = templates.into();
        }
        view
    }
}

/// A group of the account's own.
pub(in crate::vod) async fn find(
    service: &Service,
    caller: &Caller,
    id: &str,
) -> Result<Option<Group>, ApiError> {
    let found = service.document(caller, KIND, id).await;
    let found = found.map_err(service_error)?;
    found.as_ref().map(Group::of).transpose()
}

/// A group that a call is to change.
pub(super) async fn changeable(
    service: &Service,
    caller: &Caller,
    id: &str,
) -> Result<Group, ApiError> {
    if id == NO_TRANSCODE {
        return Err(Refusal::new(Code::GroupSpecial, id).into());
    }
    let found = find(service, caller, id).await?;
    found.ok_or_else(|| Refusal::new(Code::GroupNotFound, id).into())
}

/// All of the account's own groups.
pub(super) async fn all(service: &Service, caller: &Caller) -> Result<Vec<Group>, ApiError> {
    let found = service
        .documents(caller, KIND)
        .await
        .map_err(service_error)?;
    found.iter().map(Group::of).collect()
}

pub(super) async fn forget(service: &Service, caller: &Caller, id: &str) -> Result<(), ApiError> {
    let forgotten = service.forget_document(caller, KIND, id).await;
    forgotten.map(drop).map_err(service_error)
}

/// The id of the default group; `VOD_NO_TRANSCODE` until an account has chosen one.
pub(super) async fn default_id(service: &Service, caller: &Caller) -> Result<String, ApiError> {
    let found = service.document(caller, DEFAULT, DEFAULT_ID).await;
    let found = found.map_err(service_error)?;
    let id = found.and_then(|it| it.body.as_str().map(str::to_owned));
    Ok(id.unwrap_or_else(|| NO_TRANSCODE.to_owned()))
}

/// The default group, unless that is to make nothing.
pub(in crate::vod) async fn find_default(
    service: &Service,
    caller: &Caller,
) -> Result<Option<Group>, ApiError> {
    match default_id(service, caller).await?.as_str() {
        NO_TRANSCODE => Ok(None),
        id => find(service, caller, id).await,
    }
}

pub(super) async fn make_default(
    service: &Service,
    caller: &Caller,
    id: &str,
) -> Result<(), ApiError> {
    let known = service.document(caller, DEFAULT, DEFAULT_ID).await;
    let known = known.map_err(service_error)?;
    let kept = service.keep_document(
        caller,
        KeepDocument {
            kind: DEFAULT,
            id: DEFAULT_ID.to_owned(),
            body: id.into(),
            replaces: known.map(|it| it.revision),
            most: 1,
        },
    );
    kept.await.map(drop).map_err(service_error)
}

/// A name that a call gives.
pub(super) fn name(params: &crate::rpc::Params) -> Result<Option<String>, Refusal> {
    match request::optional(params, "Name") {
        Some(name) if name.len() > MOST_NAME_BYTES => Err(Refusal::parameter("Name")),
        name => Ok(name.map(str::to_owned)),
    }
}
