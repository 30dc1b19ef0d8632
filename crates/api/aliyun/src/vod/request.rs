//! Reading the parameters of calls: lists of ids and of addresses, pages, times, JSON.

use std::str::FromStr;

use reelgate_api_kit::json as strict_json;
use reelgate_api_kit::time::parse_utc;
use reelgate_domain::Timestamp;
use reelgate_domain::ids::InvalidId;
use serde_json::{Map, Value};

use super::errors::{Code, Refusal};
use crate::rpc::{Params, encoding};

/// An optional parameter; an empty one is absent.
pub(crate) fn optional<'a>(params: &'a Params, name: &str) -> Option<&'a str> {
    params.get(name).filter(|text| !text.is_empty())
}

pub(crate) fn required<'a>(params: &'a Params, name: &str) -> Result<&'a str, Refusal> {
    optional(params, name).ok_or_else(|| Refusal::new(Code::MissingParameter, name))
}

/// An id of 32 hex digits.
pub(crate) fn id<T: FromStr<Err = InvalidId>>(name: &str, text: &str) -> Result<T, Refusal> {
    text.parse().map_err(|_invalid| Refusal::parameter(name))
}

/// The items of a comma-separated list that may have so many: all of them count, each is answered once.
pub(crate) fn items<'a>(text: &'a str, most: usize, name: &str) -> Result<Vec<&'a str>, Refusal> {
    let items = text.split(',').map(str::trim);
    let items: Vec<_> = items.filter(|item| !item.is_empty()).collect();
    if items.is_empty() {
        return Err(Refusal::new(Code::MissingParameter, name));
    }
    if items.len() > most {
        return Err(Refusal::parameter(name));
    }
    Ok(items)
}

/// Without those that were there before, in order.
pub(crate) fn each_once<T: PartialEq>(items: Vec<T>) -> Vec<T> {
    let mut once = Vec::with_capacity(items.len());
    for item in items {
        if !once.contains(&item) {
            once.push(item);
        }
    }
    once
}

/// Addresses from a list, which callers encode once more than the protocol does. Some do not: what begins like an
/// address is one already, and is not decoded again.
pub(crate) fn addresses(text: &str, most: usize, name: &str) -> Result<Vec<String>, Refusal> {
    let items = items(text, most, name)?.into_iter();
    items.map(|item| address(item, name)).collect()
}

/// One address, encoded or plain.
pub(crate) fn address(text: &str, name: &str) -> Result<String, Refusal> {
    let is_plain = ["http://", "https://"].iter().any(|scheme| {
        let start = text.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    if is_plain {
        return Ok(text.to_owned());
    }
    encoding::decode(text.as_bytes()).map_err(|_malformed| Refusal::parameter(name))
}

/// What names the things of a call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Named<'a> {
    Ids(Vec<&'a str>),
    Addresses(Vec<String>),
}

/// Jobs by their ids or by what they fetch, at most 10 of either. If both are given the ids count alone; one of both
/// has to be.
pub(crate) fn named<'a>(params: &'a Params, addresses_in: &str) -> Result<Named<'a>, Refusal> {
    const MOST: usize = 10;
    if let Some(text) = optional(params, "JobIds") {
        let ids = items(text, MOST, "JobIds")?;
        return Ok(Named::Ids(each_once(ids)));
    }
    let Some(text) = optional(params, addresses_in) else {
        let either = format!("JobIds or {addresses_in}");
        return Err(Refusal::new(Code::MissingParameter, either));
    };
    let addresses = addresses(text, MOST, addresses_in)?;
    Ok(Named::Addresses(each_once(addresses)))
}

/// A whole number inside the range.
pub(crate) fn number(
    params: &Params,
    name: &str,
    range: std::ops::RangeInclusive<u32>,
    default: u32,
) -> Result<u32, Refusal> {
    let Some(text) = optional(params, name) else {
        return Ok(default);
    };
    let number = text.parse::<u32>().ok();
    number
        .filter(|number| range.contains(number))
        .ok_or_else(|| Refusal::parameter(name))
}

/// A page by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) number: u32,
    pub(crate) size: u32,
}

impl Page {
    pub(crate) fn read(params: &Params, default: u32, most: u32) -> Result<Self, Refusal> {
        Ok(Self {
            number: number(params, "PageNo", 1..=i32::MAX as u32, 1)?,
            size: number(params, "PageSize", 1..=most, default)?,
        })
    }

    /// How many entries come before the page.
    pub(crate) fn offset(self) -> usize {
        (self.number as usize - 1).saturating_mul(self.size as usize)
    }

    /// Those of the entries that are on the page.
    pub(crate) fn of<T>(self, entries: Vec<T>) -> Vec<T> {
        let entries = entries.into_iter().skip(self.offset());
        entries.take(self.size as usize).collect()
    }
}

/// A time, `yyyy-MM-ddTHH:mm:ssZ`.
pub(crate) fn time(params: &Params, name: &str) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = optional(params, name) else {
        return Ok(None);
    };
    let time = parse_utc(text).ok_or_else(|| Refusal::parameter(name))?;
    Ok(Some(Timestamp::from_millis(time)))
}

/// Parameters that ask for what is not served are refused by name.
pub(crate) fn unserved(params: &Params, names: &[&str]) -> Result<(), Refusal> {
    let given = names.iter().find(|name| optional(params, name).is_some());
    given.map_or(Ok(()), |name| Err(Refusal::parameter(name)))
}

/// The only application that there is.
pub(crate) const APP_ID: &str = "app-1000000";

pub(crate) fn app_id(params: &Params) -> Result<(), Refusal> {
    match optional(params, "AppId") {
        None | Some(APP_ID) => Ok(()),
        Some(_) => Err(Refusal::parameter("AppId")),
    }
}

/// A parameter that is a JSON list of objects.
pub(crate) fn list(name: &str, text: &str) -> Result<Vec<Map<String, Value>>, Refusal> {
    let Ok(Value::Array(items)) = strict_json::parse(text) else {
        return Err(Refusal::parameter(name));
    };
    let objects = items.into_iter().map(|item| match item {
        Value::Object(members) => Ok(members),
        _ => Err(Refusal::parameter(name)),
    });
    objects.collect()
}

/// A parameter that is a JSON object.
pub(crate) fn object(name: &str, text: &str) -> Result<Map<String, Value>, Refusal> {
    match strict_json::parse(text) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(Refusal::parameter(name)),
    }
}

/// A scalar member as text; null and empty ones are absent.
pub(crate) fn text(
    members: &Map<String, Value>,
    parameter: &str,
    name: &str,
) -> Result<Option<String>, Refusal> {
    let text = match members.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(flag)) => flag.to_string(),
        Some(Value::Array(_) | Value::Object(_)) => {
            return Err(Refusal::member(format!("{parameter}.{name}")));
        }
    };
    Ok(Some(text).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named_of(pairs: &[(&str, &str)]) -> Result<String, Refusal> {
        let params = Params::from_pairs(pairs.iter().copied()).unwrap();
        named(&params, "UploadUrls").map(|named| format!("{named:?}"))
    }

    #[test]
    fn ids_win_over_addresses_and_one_of_them_is_needed() {
        let both = named_of(&[("JobIds", "a,b,a"), ("UploadUrls", "%")]).unwrap();
        assert_eq!(both, r#"Ids(["a", "b"])"#);
        let urls = named_of(&[("JobIds", ""), ("UploadUrls", "http%3A%2F%2Fh%2Fa")]).unwrap();
        assert_eq!(urls, r#"Addresses(["http://h/a"])"#);
        let missing = Refusal::new(Code::MissingParameter, "JobIds or UploadUrls");
        assert_eq!(named_of(&[]), Err(missing.clone()));
        assert_eq!(named_of(&[("JobIds", "")]), Err(missing));
        let missing = Refusal::new(Code::MissingParameter, "JobIds");
        assert_eq!(named_of(&[("JobIds", " , ")]), Err(missing));
    }

    #[test]
    fn eleven_items_are_too_many_even_if_they_are_one() {
        let eleven = ["a"; 11].join(",");
        assert_eq!(
            named_of(&[("JobIds", &eleven)]),
            Err(Refusal::parameter("JobIds"))
        );
        assert_eq!(
            named_of(&[("UploadUrls", &eleven)]),
            Err(Refusal::parameter("UploadUrls"))
        );
        assert!(named_of(&[("JobIds", &["a"; 10].join(","))]).is_ok());
    }

    #[test]
    fn addresses_are_decoded_once_unless_they_are_plain() {
        let read = |text: &str| addresses(text, 10, "UploadUrls");
        let one = |text: &str| Ok(vec![text.to_owned()]);
        assert_eq!(read("http%3A%2F%2Fh%2Fa%2520b"), one("http://h/a%20b"));
        assert_eq!(read("http://h/a%20b"), one("http://h/a%20b"));
        assert_eq!(read("HTTPS://h/%zz"), one("HTTPS://h/%zz"));
        assert_eq!(read("nothing"), one("nothing"));
        for malformed in ["http%3A%2F%2Fh%2", "%zz", "%ff%fe"] {
            assert_eq!(
                read(malformed),
                Err(Refusal::parameter("UploadUrls")),
                "{malformed}"
            );
        }
    }

    #[test]
    fn a_page_takes_its_part() {
        let page = Page { number: 2, size: 3 };
        assert_eq!(page.of((1..=7).collect()), [4, 5, 6]);
        let last = Page { number: 3, size: 3 };
        assert_eq!(last.of((1..=7).collect()), [7]);
    }
}
