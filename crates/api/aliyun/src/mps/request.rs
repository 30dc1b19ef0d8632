//! Reading the parameters of calls: ids, lists of ids, pages.

use std::str::FromStr;

use reelgate_domain::ids::InvalidId;

use super::errors::{Code, Refusal};
use crate::rpc::{ApiError, Params};

/// The most ids one call may ask for.
const MOST_IDS: usize = 10;

/// A mandatory parameter that may not be empty.
pub(super) fn required<'a>(params: &'a Params, name: &str) -> Result<&'a str, ApiError> {
    let text = params.required(name)?;
    if text.is_empty() {
        return Err(Refusal::new(Code::EmptyValue, name).into());
    }
    Ok(text)
}

/// An optional parameter; an empty one is absent.
pub(super) fn optional<'a>(params: &'a Params, name: &str) -> Option<&'a str> {
    params.get(name).filter(|text| !text.is_empty())
}

/// An id of 32 hex digits.
pub(super) fn id<T: FromStr<Err = InvalidId>>(name: &str, text: &str) -> Result<T, Refusal> {
    text.parse()
        .map_err(|_invalid| Refusal::new(Code::UuidFormat, name))
}

/// The items of a comma-separated list, each once, in the order given.
pub(super) fn items<'a>(name: &str, text: &'a str) -> Result<Vec<&'a str>, Refusal> {
    items_up_to(MOST_IDS, name, text)
}

/// The same of a list that may have so many items.
pub(super) fn items_up_to<'a>(
    most: usize,
    name: &str,
    text: &'a str,
) -> Result<Vec<&'a str>, Refusal> {
    let mut items: Vec<&str> = Vec::new();
    for item in text.split(',').map(str::trim) {
        if !item.is_empty() && !items.contains(&item) {
            items.push(item);
        }
        if items.len() > most {
            return Err(Refusal::new(Code::ListSizeExceed, name));
        }
    }
    if items.is_empty() {
        return Err(Refusal::new(Code::EmptyValue, name));
    }
    Ok(items)
}

/// Ids from a comma-separated list.
pub(super) fn ids<T: FromStr<Err = InvalidId>>(name: &str, text: &str) -> Result<Vec<T>, Refusal> {
    let items = items(name, text)?;
    items.into_iter().map(|item| id(name, item)).collect()
}

/// A whole number between 1 and `most`.
pub(super) fn number(params: &Params, name: &str, most: u32, default: u32) -> Result<u32, Refusal> {
    let Some(text) = optional(params, name) else {
        return Ok(default);
    };
    let number: i64 = text
        .parse()
        .map_err(|_invalid| Refusal::new(Code::NumberFormat, name))?;
    match u32::try_from(number) {
        Ok(number) if (1..=most).contains(&number) => Ok(number),
        _ => Err(Refusal::new(Code::OutOfRange, name)),
    }
}

/// A page by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) number: u32,
    pub(super) size: u32,
}

impl Page {
    pub(super) fn read(params: &Params) -> Result<Self, Refusal> {
        Ok(Self {
            number: number(params, "PageNumber", i32::MAX as u32, 1)?,
            size: number(params, "PageSize", 100, 10)?,
        })
    }

    /// How many entries come before the page.
    pub(super) fn offset(self) -> u64 {
        u64::from(self.number - 1) * u64::from(self.size)
    }
}

#[cfg(test)]
mod tests {
    use reelgate_domain::JobId;

    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn lists_are_split_at_commas_and_hold_each_item_once() {
        assert_eq!(items("Ids", "a, b,,a"), Ok(vec!["a", "b"]));
        let ten = "0,1,2,3,4,5,6,7,8,9";
        assert_eq!(
            items("Ids", &format!("{ten},9")).map(|items| items.len()),
            Ok(10)
        );
        let eleven = format!("{ten},10");
        assert_eq!(
            items("Ids", &eleven),
            Err(Refusal::new(Code::ListSizeExceed, "Ids"))
        );
        assert_eq!(
            items("Ids", " , "),
            Err(Refusal::new(Code::EmptyValue, "Ids"))
        );
        let mixed = ids::<JobId>("Ids", &format!("{ID},x"));
        assert_eq!(mixed, Err(Refusal::new(Code::UuidFormat, "Ids")));
    }

    #[test]
    fn pages_start_at_one_and_have_ten_entries() {
        let read = |pairs: &[(&str, &str)]| {
            Page::read(&Params::from_pairs(pairs.iter().copied()).unwrap())
        };
        assert_eq!(
            read(&[]),
            Ok(Page {
                number: 1,
                size: 10
            })
        );
        let third = read(&[("PageNumber", "3"), ("PageSize", "100")]).unwrap();
        assert_eq!(third.offset(), 200);
        let cases = [
            ("PageNumber", "0", Code::OutOfRange),
            ("PageNumber", "-1", Code::OutOfRange),
            ("PageSize", "101", Code::OutOfRange),
            ("PageSize", "ten", Code::NumberFormat),
        ];
        for (name, text, code) in cases {
            assert_eq!(
                read(&[(name, text)]),
                Err(Refusal::new(code, name)),
                "{text}"
            );
        }
    }
}
