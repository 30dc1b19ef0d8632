//! What the operations on pipelines share: reading their parameters, and pipelines as answers show them.
//!
//! A role is stored and repeated, and nothing else: there is nobody here to assume it. Every pipeline is a standard
//! one of the lowest level.

use reelgate_api_kit::json;
use reelgate_api_kit::time::format_utc;
use reelgate_domain::Pipeline;
use reelgate_domain::pipeline::MAX_NAME_BYTES;
use serde_json::{Map, Value};

use super::errors::{Code, Refusal};
use super::fields::Fields;
use super::notify::NotifyConfig;
use super::origin::PipelineRequest;
use super::request;
use super::status::pipeline_word;
use crate::rpc::{ApiError, Params};

/// The only type of queue there is.
pub(crate) const SPEED: &str = "Standard";
const SPEED_LEVEL: u32 = 1;
const MAX_ROLE_BYTES: usize = 1024;

/// Which operation shows the pipeline: they differ in two fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    AddOrQuery,
    Update,
    Search,
}

pub(super) fn render(pipeline: &Pipeline, view: View) -> Value {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("Id", pipeline.id.to_string().into());
    put("Name", pipeline.name.as_str().into());
    put("State", pipeline_word(pipeline.state).into());
    put("Speed", SPEED.into());
    if view != View::Update {
        put("SpeedLevel", SPEED_LEVEL.into());
    }
    let request = PipelineRequest::of(pipeline.origin.as_ref());
    if let Some(role) = request.role {
        put("Role", role.into());
    }
    let notify = request.notify.members();
    if !notify.is_empty() {
        put("NotifyConfig", Value::Object(notify));
    }
    if view == View::Search {
        let created = format_utc(pipeline.created_at.as_millis());
        put("CreationTime", created.into());
    }
    Value::Object(members)
}

/// The mandatory name: 1 to 128 bytes, the first character not a special one.
pub(super) fn name(params: &Params) -> Result<&str, ApiError> {
    let name = request::required(params, "Name")?;
    if name.len() > MAX_NAME_BYTES {
        return Err(Refusal::new(Code::OutOfRange, "Name").into());
    }
    let starts_well = name.starts_with(|first: char| !first.is_ascii() || first.is_alphanumeric());
    if !starts_well || name.chars().any(char::is_control) {
        return Err(Refusal::new(Code::Invalid, "Name").into());
    }
    Ok(name)
}

pub(super) fn role(params: &Params) -> Result<Option<String>, Refusal> {
    match request::optional(params, "Role") {
        Some(role) if role.len() > MAX_ROLE_BYTES => Err(Refusal::new(Code::OutOfRange, "Role")),
        role => Ok(role.map(str::to_owned)),
    }
}

/// Accepts the type and level that every pipeline has.
pub(super) fn check_speed(params: &Params) -> Result<(), Refusal> {
    if request::optional(params, "Speed").is_some_and(|speed| speed != SPEED) {
        return Err(Refusal::new(Code::NotSupported, "Speed"));
    }
    if request::number(params, "SpeedLevel", 3, SPEED_LEVEL)? != SPEED_LEVEL {
        return Err(Refusal::new(Code::NotSupported, "SpeedLevel"));
    }
    Ok(())
}

/// Where messages go; one without names asks for none.
pub(super) fn notify_config(params: &Params) -> Result<Option<NotifyConfig>, Refusal> {
    let config = json_object(params, "NotifyConfig")?;
    config.map(|config| NotifyConfig::read(&config)).transpose()
}

/// Boosting is not served, so only a configuration without it is accepted.
pub(super) fn check_extend_config(params: &Params) -> Result<(), Refusal> {
    let Some(config) = json_object(params, "ExtendConfig")? else {
        return Ok(());
    };
    let mut fields = Fields::new("ExtendConfig", &config);
    fields.only("IsBoostNew", "false")?;
    fields.finish()
}

fn json_object(params: &Params, name: &str) -> Result<Option<Map<String, Value>>, Refusal> {
    let Some(text) = request::optional(params, name) else {
        return Ok(None);
    };
    match json::parse(text) {
        Ok(Value::Object(members)) => Ok(Some(members)),
        Ok(_) => Err(Refusal::new(Code::JsonObjectFormat, name)),
        Err(_) => Err(Refusal::new(Code::JsonFormat, name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params<'a>(pairs: &[(&'a str, &'a str)]) -> Params {
        Params::from_pairs(pairs.iter().copied()).unwrap()
    }

    #[test]
    fn names_are_checked() {
        let most = "é".repeat(64);
        for good in ["default", "0", "é", "a b.c", most.as_str()] {
            assert_eq!(name(&params(&[("Name", good)])).unwrap(), good);
        }
        let longer = format!("{most}a");
        let cases = [
            ("", "InvalidParameter.EmptyValue"),
            ("-a", "InvalidParameter"),
            ("_a", "InvalidParameter"),
            (" a", "InvalidParameter"),
            ("a\tb", "InvalidParameter"),
            (longer.as_str(), "InvalidParameter.OutOfRange"),
        ];
        for (bad, code) in cases {
            assert_eq!(
                name(&params(&[("Name", bad)])).unwrap_err().code,
                code,
                "{bad}"
            );
        }
        assert_eq!(name(&params(&[])).unwrap_err().code, "MissingName");
    }

    #[test]
    fn what_has_no_effect_is_refused() {
        let speed = |name: &str, value: &str| check_speed(&params(&[(name, value)]));
        assert_eq!(speed("Speed", "Standard"), Ok(()));
        assert_eq!(speed("SpeedLevel", "1"), Ok(()));
        let refusal = |code, name: &str| Err(Refusal::new(code, name));
        assert_eq!(
            speed("Speed", "Boost"),
            refusal(Code::NotSupported, "Speed")
        );
        assert_eq!(
            speed("SpeedLevel", "2"),
            refusal(Code::NotSupported, "SpeedLevel")
        );
        assert_eq!(
            speed("SpeedLevel", "4"),
            refusal(Code::OutOfRange, "SpeedLevel")
        );

        let notify = |value: &str| notify_config(&params(&[("NotifyConfig", value)]));
        assert_eq!(notify(""), Ok(None));
        for nothing in ["{}", r#"{"Topic": "", "QueueName": null}"#] {
            assert_eq!(
                notify(nothing),
                Ok(Some(NotifyConfig::default())),
                "{nothing}"
            );
        }
        let bad = Refusal::new(Code::JsonFormat, "NotifyConfig");
        assert_eq!(notify("{"), Err(bad));

        let extend = |value: &str| check_extend_config(&params(&[("ExtendConfig", value)]));
        assert_eq!(extend(r#"{"IsBoostNew": false}"#), Ok(()));
        let boost = extend(r#"{"IsBoostNew": true}"#);
        assert_eq!(
            boost,
            refusal(Code::NotSupported, "ExtendConfig.IsBoostNew")
        );
        let speeds = extend(r#"{"MaxMultiSpeed": 5}"#);
        assert_eq!(
            speeds,
            refusal(Code::NotSupported, "ExtendConfig.MaxMultiSpeed")
        );
    }
}
