//! Query parameters: only those that an action knows, each at most once unless it may repeat.

use std::str::FromStr;

use http::Uri;
use percent_encoding::percent_decode_str;

use super::Problem;

/// The parameters of one request, decoded.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the query. A parameter that is not in `known` is refused: ignoring a filter with a
    /// typing error would answer another question than the one asked.
    pub(crate) fn of(uri: &Uri, known: &[&str]) -> Result<Self, Problem> {
        let Self(pairs) = Self::any(uri)?;
        match pairs.iter().find(|(name, _)| !known.contains(&&**name)) {
            None => Ok(Self(pairs)),
            Some((name, _)) => {
                let detail = match known {
                    [] => format!("unknown query parameter {name}: there are none here"),
                    _ => format!(
                        "unknown query parameter {name}: known are {}",
                        known.join(", ")
                    ),
                };
                Err(Problem::invalid_field(name, detail))
            }
        }
    }

    /// Reads a query of which not all parameters are known yet.
    pub(crate) fn any(uri: &Uri) -> Result<Self, Problem> {
        let query = uri.query().unwrap_or_default();
        if percent_decode_str(query).decode_utf8().is_err() {
            return Err(Problem::invalid("the query is not UTF-8"));
        }
        let pairs = form_urlencoded::parse(query.as_bytes());
        Ok(Self(pairs.into_owned().collect()))
    }

    /// The values of a parameter that may repeat or hold several with commas between.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(given, _)| given == name)
            .flat_map(|(_, value)| value.split(','))
    }

    /// The value of a parameter that may be given once.
    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.0.iter().filter(|(given, _)| given == name);
        let first = values.next().map(|(_, value)| value.as_str());
        if values.next().is_some() {
            let detail = format!("query parameter {name} is given more than once");
            return Err(Problem::invalid_field(name, detail));
        }
        Ok(first)
    }

    /// The value of a parameter, read by its type; `expected` says what it would have to be.
    pub(crate) fn parsed<T: FromStr>(
        &self,
        name: &str,
        expected: &str,
    ) -> Result<Option<T>, Problem> {
        let Some(value) = self.one(name)? else {
            return Ok(None);
        };
        value.parse().map(Some).map_err(|_ignored| {
            Problem::invalid_field(name, format!("{name} must be {expected}, not {value:?}"))
        })
    }

    /// How many entries a page may have.
    pub(crate) fn limit(&self, default: u32, most: u32) -> Result<u32, Problem> {
        let expected = format!("a number from 1 to {most}");
        let limit = self.parsed("limit", &expected)?.unwrap_or(default);
        if (1..=most).contains(&limit) {
            return Ok(limit);
        }
        let detail = format!("limit must be {expected}, not {limit}");
        Err(Problem::invalid_field("limit", detail))
    }
}
