//! `SearchTemplate`: the account's own templates, of which there are none yet. Presets are not among them.

use serde_json::{Value, json};

use super::errors::{Code, Refusal};
use super::request::{self, Page};
use super::status::TEMPLATE_STATES;
use crate::rpc::{ApiError, Params};

pub(super) fn call(params: &Params) -> Result<Value, ApiError> {
    let page = Page::read(params)?;
    if request::optional(params, "State").is_some_and(|word| !TEMPLATE_STATES.contains(&word)) {
        return Err(Refusal::new(Code::InvalidState, "State").into());
    }
    Ok(json!({
        "TemplateList": {"Template": []},
        "TotalCount": 0,
        "PageNumber": page.number,
        "PageSize": page.size,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mps::shapes;

    #[test]
    fn there_are_no_custom_templates() {
        let params = Params::from_pairs([("State", "Normal"), ("PageNumber", "2")]).unwrap();
        let answer = call(&params).unwrap();
        shapes::check("SearchTemplate", &answer);
        assert_eq!(
            (&answer["TotalCount"], &answer["PageNumber"]),
            (&json!(0), &json!(2))
        );

        let params = Params::from_pairs([("State", "Active")]).unwrap();
        let error = call(&params).unwrap_err();
        assert_eq!(error.code, "InvalidParameter.InvalidState");
    }
}
