//! `QueryTemplateList`: templates by id. These are the static video presets; there are no others yet.

use serde_json::{Value, json};

use super::presets;
use super::request;
use crate::rpc::{ApiError, Params};

pub(super) fn call(params: &Params) -> Result<Value, ApiError> {
    let ids = request::items("TemplateIds", request::required(params, "TemplateIds")?)?;
    let (mut templates, mut missing) = (Vec::new(), Vec::new());
    for id in ids {
        match presets::find(id) {
            Some(preset) => templates.push(preset.template()),
            None => missing.push(id),
        }
    }
    let mut answer = json!({"TemplateList": {"Template": templates}});
    if !missing.is_empty() {
        answer["NonExistTids"] = json!({"String": missing});
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mps::shapes;

    fn ask(ids: &str) -> Value {
        call(&Params::from_pairs([("TemplateIds", ids)]).unwrap()).unwrap()
    }

    #[test]
    fn presets_are_found_and_others_named() {
        let answer = ask("S00000001-100050,S00000001-000040,S00000002-200040,nonsense");
        shapes::check("QueryTemplateList", &answer);
        let templates = answer["TemplateList"]["Template"].as_array().unwrap();
        let names: Vec<_> = templates.iter().map(|template| &template["Name"]).collect();
        assert_eq!(names, ["M3U8-XLD", "FLV-FHD"]);
        let missing = json!({"String": ["S00000002-200040", "nonsense"]});
        assert_eq!(answer["NonExistTids"], missing);
    }

    #[test]
    fn nothing_missing_means_no_list_of_it() {
        assert_eq!(ask("S00000001-200030").get("NonExistTids"), None);
    }
}
