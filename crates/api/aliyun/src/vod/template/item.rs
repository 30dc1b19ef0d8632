//! One template of a group: what a stream is to be like.

use reelgate_domain::job::kind::transcode::Settings;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::mps::template as form;
use crate::vod::errors::{Code, Refusal};

/// The parameter that templates come in.
const PARAMETER: &str = "TranscodeTemplateList";
/// The words for how good a stream is.
const DEFINITIONS: [&str; 10] = [
    "LD", "SD", "HD", "FHD", "2K", "4K", "SQ", "HQ", "OD", "AUTO",
];
const MOST_NAME_BYTES: usize = 128;

/// A template as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Template {
    pub(super) id: String,
    /// As received, but for its id.
    pub(super) members: Map<String, Value>,
}

impl Template {
    /// Reads one that a caller sent: all of it is understood and can be done.
    pub(super) fn read(
        id: String,
        members: Map<String, Value>,
        at: usize,
    ) -> Result<Self, Refusal> {
        let path = |name: &str| format!("{PARAMETER}[{at}].{name}");
        for (name, value) in &members {
            let is_known = match name.as_str() {
                "TranscodeTemplateId" | "TemplateName" | "Definition" => value.is_string(),
                "Type" => matches!(value.as_str(), Some("" | "Normal")),
                "Rotate" => matches!(value.to_string().trim_matches('"'), "" | "0"),
                part => form::PARTS.contains(&part),
            };
            if !is_known && !asks_for_nothing(value) {
                return Err(Refusal::member(path(name)));
            }
        }
        let text = |name: &str| {
            members
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        if text("TemplateName").len() > MOST_NAME_BYTES {
            return Err(Refusal::member(path("TemplateName")));
        }
        if !DEFINITIONS.contains(&text("Definition")) {
            return Err(Refusal::member(path("Definition")));
        }
        let mut template = Self { id, members };
        template.members.shift_remove("TranscodeTemplateId");
        template.settings().map_err(|refusal| {
            let text = format!("{PARAMETER}[{at}]: {}", refusal.message());
            Refusal::saying(Code::Invalid, text)
        })?;
        Ok(template)
    }

    pub(super) fn settings(&self) -> Result<Settings, Refusal> {
        let parts = self.members.iter();
        let parts = parts.filter(|(name, _)| form::PARTS.contains(&name.as_str()));
        let parts = parts
            .map(|(name, part)| (name.clone(), part.clone()))
            .collect();
        form::settings(&parts).map_err(|text| Refusal::saying(Code::Invalid, text))
    }

    pub(super) fn definition(&self) -> &str {
        let definition = self.members.get("Definition");
        definition.and_then(Value::as_str).unwrap_or_default()
    }

    /// As answers show it: what is an object travels as text.
    pub(super) fn view(&self) -> Value {
        let mut view = Map::new();
        view.insert("TranscodeTemplateId".to_owned(), self.id.clone().into());
        view.insert("Type".to_owned(), "Normal".into());
        for (name, value) in &self.members {
            if asks_for_nothing(value) {
                continue;
            }
            let text = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            view.insert(name.clone(), text.into());
        }
        Value::Object(view)
    }
}

fn asks_for_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => matches!(text.trim(), "" | "[]" | "{}"),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(template: Value) -> Result<Template, String> {
        let members = template.as_object().unwrap().clone();
        Template::read("t1".to_owned(), members, 0).map_err(|refusal| refusal.message())
    }

    #[test]
    fn parts_may_be_objects_or_texts_and_are_shown_as_texts() {
        let template = read(json!({
            "TemplateName": "small",
            "Definition": "SD",
            "Container": {"Format": "mp4"},
            "Video": "{\"Codec\":\"H.264\",\"Width\":\"640\",\"Bitrate\":\"400\"}",
            "Audio": {"Codec": "AAC", "Bitrate": "64"},
            "WatermarkIds": [],
            "Rotate": "0",
        }));
        let template = template.unwrap();
        assert!(template.settings().unwrap().video.is_some());
        let view = template.view();
        assert_eq!(view["Container"], r#"{"Format":"mp4"}"#);
        assert_eq!(view["TranscodeTemplateId"], "t1");
        assert_eq!(view.get("WatermarkIds"), None);
    }

    #[test]
    fn what_is_not_served_is_refused_by_name() {
        let with = |name: &str, value: Value| {
            let mut template = json!({"Definition": "SD", "Container": {"Format": "mp4"}});
            template[name] = value;
            read(template).unwrap_err()
        };
        for (name, value) in [
            ("WatermarkIds", json!(["w"])),
            ("EncryptSetting", json!({"EncryptType": "Private"})),
            ("PackageSetting", json!({"PackageType": "HLSPackage"})),
            ("Type", json!("VideoPackage")),
            ("Rotate", json!("90")),
            ("Definition", json!("UHD")),
            ("Unheard", json!(1)),
        ] {
            let text = with(name, value);
            let expected =
                format!("The specified parameter TranscodeTemplateList[0].{name} is not valid.");
            assert_eq!(text, expected);
        }
        let text = with("Video", json!({"Degrain": "1"}));
        assert_eq!(
            text,
            r#"TranscodeTemplateList[0]: The specified parameter "Video.Degrain" is not supported."#
        );
    }
}
