//! JSON as a policy needs it: bounded before anything recurses, members in order, repeated ones not lost.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::error::{Fault, PolicyError, excerpt};
use super::{MAX_NESTING, MAX_STATEMENTS};

/// A JSON value.
#[derive(Debug)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Integer(String),
    /// A number with fraction or exponent. Its exact value is lost, so nothing reads it.
    Float,
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a text of at most that many characters.
    pub(super) fn parse(text: &str, limit: usize) -> Result<Self, PolicyError> {
        // No character has more than four bytes: a huge text is not counted to its end.
        if text.len() > limit * 4 || text.chars().count() > limit {
            return Err(Fault::TooLong { limit }.into());
        }
        if nests_deeper_than(text, MAX_NESTING) {
            return Err(Fault::TooDeep.into());
        }
        serde_json::from_str(text).map_err(|error| Fault::Syntax(error.to_string()).into())
    }

    /// What the value is, in the words of a message.
    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Integer(_) | Self::Float => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    pub(super) fn not(&self, expected: &'static str) -> PolicyError {
        let found = self.kind();
        Fault::Type { expected, found }.into()
    }

    pub(super) fn text(&self, expected: &'static str) -> Result<&str, PolicyError> {
        match self {
            Self::Text(text) => Ok(text),
            other => Err(other.not(expected)),
        }
    }

    /// The members of an object, in order and possibly repeated; at least one.
    pub(super) fn entries(&self, expected: &'static str) -> Result<&[(String, Self)], PolicyError> {
        match self {
            Self::Object(entries) if entries.is_empty() => Err(Fault::Empty { expected }.into()),
            Self::Object(entries) => Ok(entries),
            other => Err(other.not(expected)),
        }
    }

    /// The members of an object that has no others than the known ones, each once.
    pub(super) fn members(
        &self,
        expected: &'static str,
        known: &[&str],
    ) -> Result<Members<'_>, PolicyError> {
        let entries = self.entries(expected)?;
        for (index, (name, _)) in entries.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let (kind, name) = ("member", excerpt(name));
                return Err(Fault::Unknown {
                    kind,
                    name,
                    expected,
                }
                .into());
            }
            // Short: there are no more entries before this one than known names.
            if entries[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(Fault::Repeated(name.clone()).into());
            }
        }
        Ok(Members(entries))
    }

    /// Reads each value of a list, or the one value that stands without one.
    pub(super) fn each<'a, T>(
        &'a self,
        expected: &'static str,
        mut read: impl FnMut(&'a Self) -> Result<T, PolicyError>,
    ) -> Result<Box<[T]>, PolicyError> {
        let Self::List(values) = self else {
            return Ok(Box::new([read(self)?]));
        };
        if values.is_empty() {
            return Err(Fault::Empty { expected }.into());
        }
        let values = values.iter().enumerate();
        values
            .map(|(index, value)| read(value).map_err(|error| error.at(index)))
            .collect()
    }

    /// Reads the statements of a document; one may stand without a list.
    pub(super) fn statements<'a, T>(
        &'a self,
        expected: &'static str,
        read: impl FnMut(&'a Self) -> Result<T, PolicyError>,
    ) -> Result<Box<[T]>, PolicyError> {
        match self {
            Self::List(statements) if statements.len() > MAX_STATEMENTS => {
                let limit = MAX_STATEMENTS;
                Err(Fault::TooMany { limit }.into())
            }
            one_or_more => one_or_more.each(expected, read),
        }
    }
}

/// The members of an object, each known and there once.
pub(super) struct Members<'a>(&'a [(String, Json)]);

impl<'a> Members<'a> {
    /// Reads the member of that name, if it is there; an error names it.
    pub(super) fn read<T>(
        &self,
        name: &str,
        read: impl FnOnce(&'a Json) -> Result<T, PolicyError>,
    ) -> Result<Option<T>, PolicyError> {
        let found = self.0.iter().find(|(member, _)| member == name);
        found
            .map(|(_, value)| read(value).map_err(|error| error.within(name)))
            .transpose()
    }

    /// Reads the member of that name, which has to be there.
    pub(super) fn require<T>(
        &self,
        name: &str,
        expected: &'static str,
        read: impl FnOnce(&'a Json) -> Result<T, PolicyError>,
    ) -> Result<T, PolicyError> {
        let value = self.read(name, read)?;
        value.ok_or_else(|| PolicyError::from(Fault::Missing { expected }).within(name))
    }
}

/// Whether brackets outside of strings stand deeper than that; the text need not be JSON.
fn nests_deeper_than(text: &str, limit: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > limit {
            return true;
        }
    }
    false
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Integer(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Integer(value.to_string()))
    }

    fn visit_f64<E>(self, _value: f64) -> Result<Json, E> {
        Ok(Json::Float)
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Json::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Json, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = object.next_entry()? {
            entries.push(entry);
        }
        Ok(Json::Object(entries))
    }
}
