//! Reading queries: parameters once or repeated, ids, pages.

use reelgate_domain::JobNumber;

use super::errors::invalid;
use super::times;
use crate::errors::ApiError;
use crate::signature::decode;

/// The most ids of one call.
const MOST_IDS: usize = 10;

/// The largest id that statically typed clients read.
pub(super) const MOST_ID: i64 = 0x7fff_ffff;

const MOST_PAGE: u32 = 50_000;

/// The parameters of a query, in the order in which they came.
#[derive(Debug)]
pub(super) struct Query(Vec<(String, String)>);

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// From 0.
    pub(super) number: u32,
    pub(super) size: u32,
}

impl Page {
    /// How many entries come before it.
    pub(super) fn offset(self) -> u64 {
        u64::from(self.number) * u64::from(self.size)
    }
}

impl Query {
    /// Refuses parameters that are not known.
    pub(super) fn read(wire: &str, known: &[&'static str]) -> Result<Self, ApiError> {
        let mut pairs = Vec::new();
        for pair in wire.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let text = |wire: &str| {
                let bytes = decode(wire.as_bytes());
                bytes.and_then(|bytes| String::from_utf8(bytes).ok())
            };
            let (Some(name), Some(value)) = (text(name), text(value)) else {
                return Err(invalid("the query is not percent-encoded UTF-8"));
            };
            if !known.contains(&name.as_str()) {
                let name: String = name.chars().take(100).collect();
                return Err(invalid(&format!(
                    "{name} is no parameter of this operation"
                )));
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(its, _)| its == name);
        named.map(|(_, value)| value.as_str())
    }

    pub(super) fn one<'a>(&'a self, name: &'a str) -> Result<Option<&'a str>, ApiError> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            _ => Err(invalid(&format!("{name} comes twice"))),
        }
    }

    pub(super) fn needed<'a>(&'a self, name: &'a str) -> Result<&'a str, ApiError> {
        match self.one(name)? {
            None => Err(invalid(&format!("{name} is missing"))),
            Some("") => Err(invalid(&format!("{name} is empty"))),
            Some(value) => Ok(value),
        }
    }

    /// A whole number of digits only.
    pub(super) fn number(
        &self,
        name: &str,
        (least, most): (u32, u32),
        default: u32,
    ) -> Result<u32, ApiError> {
        let Some(text) = self.one(name)? else {
            return Ok(default);
        };
        match digits(text) {
            None => Err(invalid(&format!("{name} must be an integer"))),
            Some(number) => u32::try_from(number)
                .ok()
                .filter(|number| (least..=most).contains(number))
                .ok_or_else(|| invalid(&format!("{name} must be {least} to {most}"))),
        }
    }

    /// `page` and `size`, of which there may be so many at once.
    pub(super) fn page(&self, most_size: u32) -> Result<Page, ApiError> {
        Ok(Page {
            number: self.number("page", (0, MOST_PAGE), 0)?,
            size: self.number("size", (1, most_size), 10)?,
        })
    }

    /// The only thing of a call about one.
    pub(super) fn id(&self, name: &str) -> Result<i64, ApiError> {
        id(name, self.needed(name)?)
    }

    /// The only task of a call about one.
    pub(super) fn task(&self) -> Result<JobNumber, ApiError> {
        id("task_id", self.needed("task_id")?).map(JobNumber)
    }

    /// Ids under this name, as they were given: in any order, and repeated ones as often as they are repeated.
    pub(super) fn ids(&self, name: &str) -> Result<Vec<i64>, ApiError> {
        let ids: Result<Vec<i64>, ApiError> = self.all(name).map(|text| id(name, text)).collect();
        let ids = ids?;
        match ids.len() > MOST_IDS {
            true => Err(invalid(&format!("{name} comes more than {MOST_IDS} times"))),
            false => Ok(ids),
        }
    }

    /// `start_time` and `end_time`, in milliseconds; the last second of the range belongs to it as a whole.
    pub(super) fn time_range(&self) -> Result<(Option<i64>, Option<i64>), ApiError> {
        let time = |name| match self.one(name)? {
            None => Ok(None),
            Some(text) => times::parse(text)
                .map(Some)
                .ok_or_else(|| invalid(&format!("{name} is no time as yyyymmddhhmmss"))),
        };
        let (start, end) = (time("start_time")?, time("end_time")?);
        if let (Some(start), Some(end)) = (start, end)
            && start > end
        {
            return Err(invalid("start_time cannot be greater than end_time"));
        }
        Ok((start, end.map(|end| end.saturating_add(999))))
    }
}

/// An id as clients send it.
fn id(name: &str, text: &str) -> Result<i64, ApiError> {
    let number = digits(text).ok_or_else(|| invalid(&format!("{name} must be an integer")))?;
    match number {
        0..=MOST_ID => Ok(number),
        _ => Err(invalid(&format!("{name} must be 0 to {MOST_ID}"))),
    }
}

/// A decimal number with or without a minus sign; one that is too large for its type is as large as that can be.
fn digits(text: &str) -> Option<i64> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &[
        "task_id",
        "page",
        "size",
        "start_time",
        "end_time",
        "status",
    ];

    fn read(wire: &str) -> Query {
        Query::read(wire, KNOWN).unwrap()
    }

    #[test]
    fn ids_come_as_they_were_given() {
        assert_eq!(
            read("task_id=11&task_id=2&task_id=11")
                .ids("task_id")
                .unwrap(),
            [11, 2, 11]
        );
        let eleven = "task_id=1&".repeat(11);
        assert!(read(&eleven).ids("task_id").is_err());
        assert_eq!(read("").ids("task_id").unwrap(), [0; 0]);
    }

    #[test]
    fn a_task_is_named_by_one_integer_in_range() {
        let largest = "task_id=2147483647";
        assert_eq!(read(largest).task().unwrap(), JobNumber(MOST_ID));
        for (wire, why) in [
            ("", "task_id is missing"),
            ("task_id=", "task_id is empty"),
            ("task_id=x", "task_id must be an integer"),
            ("task_id=1.5", "task_id must be an integer"),
            ("task_id=%201", "task_id must be an integer"),
            ("task_id=%2B1", "task_id must be an integer"),
            ("task_id=-1", "task_id must be 0 to 2147483647"),
            ("task_id=2147483648", "task_id must be 0 to 2147483647"),
            (
                "task_id=99999999999999999999",
                "task_id must be 0 to 2147483647",
            ),
            ("task_id=1&task_id=2", "task_id comes twice"),
        ] {
            let refused = read(wire).task().unwrap_err();
            let expected = format!("Invalid request parameter, {why}.");
            assert_eq!(refused.message(), expected, "{wire}");
        }
    }

    #[test]
    fn pages_and_times_have_ranges() {
        let page = read("page=3&size=100").page(100).unwrap();
        assert_eq!(page.offset(), 300);
        assert_eq!(
            read("").page(100).unwrap(),
            Page {
                number: 0,
                size: 10
            }
        );
        for wire in ["page=-1", "page=50001", "size=0", "size=101", "size=x"] {
            assert!(read(wire).page(100).is_err(), "{wire}");
        }
        let range = read("start_time=20260115083000&end_time=20260115083000");
        assert_eq!(
            range.time_range().unwrap(),
            (Some(1_768_465_800_000), Some(1_768_465_800_999))
        );
        for wire in [
            "start_time=20260115083001&end_time=20260115083000",
            "start_time=2026-01-15",
            "end_time=20260230000000",
        ] {
            assert!(read(wire).time_range().is_err(), "{wire}");
        }
        assert!(Query::read("naem=1", KNOWN).is_err());
        assert!(Query::read("page=%ff", KNOWN).is_err());
    }
}
