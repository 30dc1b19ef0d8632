//! The parameters of one request, merged from query and form body, and how operations read them.

use std::ops::RangeInclusive;

use super::encoding::{self, DecodeError};
use super::errors::{ApiError, CommonError};

/// Far above what any operation needs; keeps sorting cheap whatever a stranger sends.
const MAX_PARAMS: usize = 4096;

/// Parameters of the protocol itself, and those that every product accepts and ignores.
const COMMON: [&str; 17] = [
    "AccessKeyId",
    "Action",
    "BearerToken",
    "Format",
    "OwnerAccount",
    "OwnerId",
    "RegionId",
    "ResourceOwnerAccount",
    "ResourceOwnerId",
    "SecurityToken",
    "Signature",
    "SignatureMethod",
    "SignatureNonce",
    "SignatureType",
    "SignatureVersion",
    "Timestamp",
    "Version",
];

/// A query or form body that cannot be read as parameters.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParamsError {
    #[error(transparent)]
    Encoding(#[from] DecodeError),
    #[error("the parameter {0} occurs more than once")]
    Repeated(String),
    #[error("there are more than {MAX_PARAMS} parameters")]
    TooMany,
}

/// Decoded parameters, sorted by the bytes of their names.
///
/// A name may occur once in the query and once in the body. Then the body's value counts, for the operation and for a
/// V1 signature alike: the SDKs build one map and let the body's parameters overwrite the query's before they sign. A
/// name repeated inside the query or inside the body is refused, because no map can have produced it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Params {
    /// All names and values, one after the other, so that a request costs one allocation instead of two per parameter.
    text: String,
    /// Sorted by name; of a shared name the query's comes first.
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    start: usize,
    name_end: usize,
    value_end: usize,
    source: Source,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Query,
    Form,
}

impl Params {
    /// Decodes a raw query and, if the request has one, a raw form body.
    pub fn parse(query: &[u8], form: Option<&[u8]>) -> Result<Self, ParamsError> {
        let form = form.unwrap_or_default();
        let mut text = Vec::with_capacity(query.len() + form.len());
        let mut entries = Vec::with_capacity(24);
        for (source, encoded) in [(Source::Query, query), (Source::Form, form)] {
            // As text it can be split with the standard library's fast search for one character.
            let encoded = std::str::from_utf8(encoded).map_err(|_invalid| DecodeError::Utf8)?;
            for pair in encoded.split('&').filter(|pair| !pair.is_empty()) {
                if entries.len() == MAX_PARAMS {
                    return Err(ParamsError::TooMany);
                }
                entries.push(decode_pair(&mut text, pair, source)?);
            }
        }
        let text = String::from_utf8(text).map_err(|_invalid| DecodeError::Utf8)?;
        Self::sorted(text, entries)
    }

    /// Builds query parameters from plain text; for clients.
    pub fn from_pairs<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, ParamsError> {
        let (mut text, mut entries) = (String::new(), Vec::new());
        for (name, value) in pairs {
            let start = text.len();
            text.push_str(name);
            let name_end = text.len();
            text.push_str(value);
            entries.push(Entry {
                start,
                name_end,
                value_end: text.len(),
                source: Source::Query,
            });
        }
        Self::sorted(text, entries)
    }

    fn sorted(text: String, mut entries: Vec<Entry>) -> Result<Self, ParamsError> {
        let bytes = text.as_bytes();
        entries.sort_unstable_by(|a, b| {
            a.name_bytes(bytes)
                .cmp(b.name_bytes(bytes))
                .then(a.source.cmp(&b.source))
        });
        let repeats = |pair: &&[Entry]| {
            pair[0].source == pair[1].source
                && pair[0].name_bytes(bytes) == pair[1].name_bytes(bytes)
        };
        if let Some(pair) = entries.windows(2).find(repeats) {
            return Err(ParamsError::Repeated(
                pair[0].name(&text).chars().take(64).collect(),
            ));
        }
        Ok(Self { text, entries })
    }

    /// Value of a parameter, business or common; an empty value is still a value.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (text, name) = (self.text.as_bytes(), name.as_bytes());
        let end = self
            .entries
            .partition_point(|entry| entry.name_bytes(text) <= name);
        let entry = self.entries[..end].last()?;
        (entry.name_bytes(text) == name).then(|| entry.value(&self.text))
    }

    /// All parameters in the order of their names, each name once.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let bytes = self.text.as_bytes();
        let counts = move |at: usize, entry: &Entry| {
            let next = self.entries.get(at + 1);
            next.is_none_or(|next| next.name_bytes(bytes) != entry.name_bytes(bytes))
        };
        let entries = self.entries.iter().enumerate();
        entries
            .filter(move |(at, entry)| counts(*at, entry))
            .map(|(_, entry)| self.pair(entry))
    }

    /// The query's own parameters in the order of their names, also those that the body overrides.
    pub fn query(&self) -> impl Iterator<Item = (&str, &str)> {
        let entries = self
            .entries
            .iter()
            .filter(|entry| entry.source == Source::Query);
        entries.map(|entry| self.pair(entry))
    }

    /// The operation's own parameters: all but those of the protocol and those that every product ignores.
    pub fn business(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter()
            .filter(|(name, _)| COMMON.binary_search(name).is_err())
    }

    /// Value of a mandatory parameter, else `Missing{Name}`. It may be empty: what that means is up to the product.
    pub fn required(&self, name: &str) -> Result<&str, ApiError> {
        self.get(name)
            .ok_or_else(|| CommonError::Missing(name).into())
    }

    /// An integer inside the range if the parameter is present; anything else, also an empty text, is `Invalid{Name}`.
    pub fn integer(&self, name: &str, range: RangeInclusive<i64>) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(number) if range.contains(&number) => Ok(Some(number)),
            _ => Err(CommonError::Invalid(name).into()),
        }
    }

    /// The items of a comma-separated list if the parameter is present. Blanks around items and empty items are
    /// dropped; more than `max` items are `Invalid{Name}`.
    pub fn comma_list(&self, name: &str, max: usize) -> Result<Option<Vec<&str>>, ApiError> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let items = text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty());
        let items: Vec<_> = items.take(max.saturating_add(1)).collect();
        if items.len() > max {
            return Err(CommonError::Invalid(name).into());
        }
        Ok(Some(items))
    }

    fn pair(&self, entry: &Entry) -> (&str, &str) {
        (entry.name(&self.text), entry.value(&self.text))
    }
}

impl Entry {
    fn name(self, text: &str) -> &str {
        &text[self.start..self.name_end]
    }

    /// For comparing: bytes and text have the same order, and slicing bytes looks for no character boundaries.
    fn name_bytes(self, text: &[u8]) -> &[u8] {
        &text[self.start..self.name_end]
    }

    fn value(self, text: &str) -> &str {
        &text[self.name_end..self.value_end]
    }
}

fn decode_pair(text: &mut Vec<u8>, pair: &str, source: Source) -> Result<Entry, DecodeError> {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let start = text.len();
    encoding::decode_into(text, name.as_bytes())?;
    let name_end = text.len();
    encoding::decode_into(text, value.as_bytes())?;
    Ok(Entry {
        start,
        name_end,
        value_end: text.len(),
        source,
    })
}

impl From<ParamsError> for ApiError {
    fn from(error: ParamsError) -> Self {
        CommonError::Malformed(&error.to_string()).into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(query: &str) -> Params {
        Params::parse(query.as_bytes(), None).unwrap()
    }

    fn code<T: std::fmt::Debug>(result: Result<T, ApiError>) -> String {
        result.unwrap_err().code.into_owned()
    }

    #[test]
    fn query_and_body_are_one_map_in_the_order_of_names() {
        let params = Params::parse(b"b=1&a=j+1&&c", Some(b"B=%2B&aa=x%3Dy")).unwrap();
        let all: Vec<_> = params.iter().collect();
        assert_eq!(
            all,
            [
                ("B", "+"),
                ("a", "j 1"),
                ("aa", "x=y"),
                ("b", "1"),
                ("c", "")
            ]
        );
        assert_eq!(params.get("c"), Some(""));
        assert_eq!(params.get("d"), None);
        assert_eq!(params.get(""), None);
    }

    #[test]
    fn the_body_overrides_the_query() {
        let params = Params::parse(b"z=0&a=query", Some(b"a=body")).unwrap();
        assert_eq!(params.get("a"), Some("body"));
        assert_eq!(
            params.iter().collect::<Vec<_>>(),
            [("a", "body"), ("z", "0")]
        );
        assert_eq!(
            params.query().collect::<Vec<_>>(),
            [("a", "query"), ("z", "0")]
        );
    }

    #[test]
    fn a_name_given_twice_in_one_place_is_refused() {
        let repeated = Err(ParamsError::Repeated("a".to_owned()));
        assert_eq!(Params::parse(b"a=1&b=2&%61=1", None), repeated);
        assert_eq!(Params::parse(b"a=1", Some(b"a=1&a=1")), repeated);
    }

    #[test]
    fn broken_encodings_and_floods_are_refused() {
        let broken = Err(ParamsError::Encoding(DecodeError::Percent));
        assert_eq!(Params::parse(b"a=%4", None), broken);
        let split_character = Err(ParamsError::Encoding(DecodeError::Utf8));
        assert_eq!(Params::parse(b"%C3=%A9", None), split_character);

        let flood: String = (0..=MAX_PARAMS).map(|n| format!("k{n}&")).collect();
        assert_eq!(
            Params::parse(flood.as_bytes(), None),
            Err(ParamsError::TooMany)
        );
    }

    #[test]
    fn business_parameters_exclude_the_protocol_and_what_all_products_ignore() {
        assert!(COMMON.is_sorted(), "the look-up is a binary search");
        let params = parse("JobId=1&Action=A&OwnerId=2&RegionId=r&Signature=s&x=y");
        assert_eq!(
            params.business().collect::<Vec<_>>(),
            [("JobId", "1"), ("x", "y")]
        );
    }

    #[test]
    fn a_required_parameter_may_be_empty_but_not_absent() {
        assert_eq!(parse("JobId=").required("JobId").unwrap(), "");
        assert_eq!(code(parse("jobid=1").required("JobId")), "MissingJobId");
    }

    #[test]
    fn integers_must_lie_in_their_range() {
        let read = |query| parse(query).integer("PageSize", 1..=100);
        assert_eq!(read("").unwrap(), None);
        assert_eq!(read("PageSize=100").unwrap(), Some(100));
        for bad in ["0", "101", "", "1.0", "ten", "99999999999999999999"] {
            let query = format!("PageSize={bad}");
            let result = parse(&query).integer("PageSize", 1..=100);
            assert_eq!(code(result), "InvalidPageSize", "{bad}");
        }
    }

    #[test]
    fn lists_drop_empty_items_and_have_a_maximum() {
        let params = parse("JobIds=a,+b,,c,");
        assert_eq!(
            params.comma_list("JobIds", 3).unwrap().unwrap(),
            ["a", "b", "c"]
        );
        assert_eq!(code(params.comma_list("JobIds", 2)), "InvalidJobIds");
        assert_eq!(params.comma_list("Other", 2).unwrap(), None);
    }

    proptest! {
        #[test]
        fn parsing_never_panics(query in any::<Vec<u8>>(), form in any::<Option<Vec<u8>>>()) {
            let _ = Params::parse(&query, form.as_deref());
        }

        #[test]
        fn parsing_near_misses_never_panics(
            query in "[ab%=&+C39é]{0,40}",
            form in "[ab%=&+C39é]{0,40}",
        ) {
            if let Ok(params) = Params::parse(query.as_bytes(), Some(form.as_bytes())) {
                for (name, value) in params.iter() {
                    prop_assert_eq!(params.get(name), Some(value));
                }
            }
        }

        #[test]
        fn what_a_client_encodes_parses_back(
            pairs in proptest::collection::btree_map(".{1,8}", any::<String>(), 0..8),
        ) {
            let encode = |(name, value): (&String, &String)| {
                format!("{}={}", encoding::encode(name), encoding::encode(value))
            };
            let query = pairs.iter().map(encode).collect::<Vec<_>>().join("&");
            let borrowed = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));

            let parsed = Params::parse(query.as_bytes(), None).unwrap();

            prop_assert!(parsed.iter().eq(borrowed));
        }
    }
}
