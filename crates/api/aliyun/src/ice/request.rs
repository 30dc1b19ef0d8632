//! Reading the parameters of calls about fingerprints and pipelines.

use std::str::FromStr;

use reelgate_api_kit::json as strict_json;
use reelgate_domain::PipelineId;
use reelgate_domain::dna::LibraryId;
use reelgate_domain::ids::InvalidId;
use reelgate_domain::job::Priority;
use serde_json::{Map, Value};

use super::codes::Code;
use super::errors::{Refusal, no_library};
use crate::rpc::{ApiError, CommonError, Params};

/// The most ids that a call may name; the vendor recommends ten and states no limit.
pub(super) const MOST_IDS: usize = 100;

/// An optional parameter; an empty one is absent.
pub(super) fn optional<'a>(params: &'a Params, name: &str) -> Option<&'a str> {
    params.get(name).filter(|text| !text.is_empty())
}

/// A mandatory parameter; an empty one is missing too.
pub(super) fn required<'a>(params: &'a Params, name: &str) -> Result<&'a str, ApiError> {
    optional(params, name).ok_or_else(|| CommonError::Missing(name).into())
}

/// The library of a call. What can be no id is the id of no library.
pub(super) fn library(params: &Params) -> Result<LibraryId, ApiError> {
    let text = required(params, "DBId")?;
    text.parse()
        .map_err(|_invalid: InvalidId| no_library(text).into())
}

/// A pipeline by its id. What can be no id is the id of no pipeline.
pub(super) fn pipeline(text: &str) -> Result<PipelineId, Refusal> {
    text.parse()
        .map_err(|_invalid: InvalidId| Refusal::new(Code::ResourceNotFound, text))
}

/// The items of a comma-separated list that may have so many: all of them count.
pub(super) fn items<'a>(name: &str, text: &'a str, most: usize) -> Result<Vec<&'a str>, ApiError> {
    let items = text.split(',').map(str::trim);
    let items: Vec<_> = items.filter(|item| !item.is_empty()).collect();
    match items.len() {
        0 => Err(CommonError::Missing(name).into()),
        count if count > most => Err(Refusal::new(Code::ListSizeExceed, name).into()),
        _ => Ok(items),
    }
}

/// Ids from a comma-separated list, each once. What can be no id names nothing, as an unknown one does.
pub(super) fn ids<T: FromStr + PartialEq>(name: &str, text: &str) -> Result<Vec<T>, ApiError> {
    let mut ids: Vec<T> = Vec::new();
    let items = items(name, text, MOST_IDS)?;
    for id in items.into_iter().filter_map(|item| item.parse().ok()) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// A whole number inside the range.
pub(super) fn number(
    params: &Params,
    name: &str,
    range: std::ops::RangeInclusive<u32>,
) -> Result<Option<u32>, Refusal> {
    let Some(text) = optional(params, name) else {
        return Ok(None);
    };
    let number: i64 = text
        .parse()
        .map_err(|_invalid| Refusal::invalid(name, "it is a whole number"))?;
    match u32::try_from(number) {
        Ok(number) if range.contains(&number) => Ok(Some(number)),
        _ => Err(Refusal::new(Code::OutOfRange, name)),
    }
}

/// The priority of a pipeline.
pub(super) fn priority(params: &Params) -> Result<Option<Priority>, Refusal> {
    let level = number(params, "Priority", 1..=10)?;
    Ok(level
        .and_then(|level| u8::try_from(level).ok())
        .and_then(Priority::new))
}

/// A parameter that is a JSON object with nothing but these members.
pub(super) fn object(
    name: &str,
    text: &str,
    known: &[&str],
) -> Result<Map<String, Value>, Refusal> {
    let members = match strict_json::parse(text) {
        Ok(Value::Object(members)) => members,
        Ok(_) => return Err(Refusal::new(Code::JsonObjectFormat, name)),
        Err(_) => return Err(Refusal::new(Code::JsonFormat, name)),
    };
    match members
        .keys()
        .find(|member| !known.contains(&member.as_str()))
    {
        None => Ok(members),
        Some(member) => {
            let why = format!("{name} has no other members than {}", known.join(", "));
            Err(Refusal::invalid(format!("{name}.{member}"), why))
        }
    }
}

/// A member that is a text; null and empty ones are absent.
pub(super) fn text<'a>(
    members: &'a Map<String, Value>,
    parameter: &str,
    name: &str,
) -> Result<Option<&'a str>, Refusal> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(_) => Err(Refusal::invalid(
            format!("{parameter}.{name}"),
            "it is a text",
        )),
    }
}

#[cfg(test)]
mod tests {
    use reelgate_domain::JobId;

    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    fn params<'a>(pairs: &[(&'a str, &'a str)]) -> Params {
        Params::from_pairs(pairs.iter().copied()).unwrap()
    }

    #[test]
    fn what_is_needed_and_empty_is_missing() {
        for pairs in [&[][..], &[("JobId", "")]] {
            let error = required(&params(pairs), "JobId").unwrap_err();
            assert_eq!((error.status.as_u16(), &*error.code), (400, "MissingJobId"));
        }
        let error = items("PrimaryKeys", " , ", 50).unwrap_err();
        assert_eq!(error.code, "MissingPrimaryKeys");
    }

    #[test]
    fn lists_hold_each_id_once_and_ignore_what_is_none() {
        let ids: Vec<JobId> = ids("JobIds", &format!("{ID}, x,{ID}")).unwrap();
        assert_eq!(ids.len(), 1);
        let keys = |count: usize| vec!["a"; count].join(",");
        assert_eq!(items("PrimaryKeys", &keys(50), 50).unwrap().len(), 50);
        let error = items("PrimaryKeys", &keys(51), 50).unwrap_err();
        assert_eq!(error.code, "InvalidParameter.ListSizeExceed");
    }

    #[test]
    fn numbers_are_inside_their_range() {
        let read = |text| priority(&params(&[("Priority", text)])).map_err(|it| it.code);
        assert_eq!(read("10").unwrap().map(Priority::level), Some(10));
        assert_eq!(read(""), Ok(None));
        for bad in ["0", "11", "-1", "99999999999"] {
            assert_eq!(read(bad), Err(Code::OutOfRange), "{bad}");
        }
        assert_eq!(read("six"), Err(Code::Invalid));
    }
}
