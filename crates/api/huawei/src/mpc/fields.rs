//! Reading JSON bodies member by member: exact about types, strict about what is not known.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::errors::invalid;
use crate::errors::ApiError;

/// Far longer than any request that can be honoured.
const MOST_BYTES: usize = 512 * 1024;

/// The longest name of the caller's that a refusal repeats, in characters.
const MOST_CHARS: usize = 100;

/// One JSON object, from which members are taken. [`Fields::finish`] refuses whatever is left.
///
/// A member that is `null` is absent.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fields {
    path: String,
    members: Map<String, Value>,
}

impl Fields {
    /// A whole body.
    pub(super) fn body(bytes: &[u8]) -> Result<Self, ApiError> {
        if bytes.len() > MOST_BYTES {
            return Err(invalid(&format!(
                "the body is longer than {MOST_BYTES} bytes"
            )));
        }
        let text =
            std::str::from_utf8(bytes).map_err(|_invalid| invalid("the body is no UTF-8"))?;
        if text.trim().is_empty() {
            return Err(invalid("the body is missing"));
        }
        match reelgate_api_kit::json::parse(text) {
            Ok(Value::Object(members)) => Ok(Self::new("", members)),
            Ok(_) => Err(invalid("the body is no JSON object")),
            Err(_) => Err(invalid(
                "the body is no JSON, names a member twice or is nested too deep",
            )),
        }
    }

    /// `path` is what refusals put before the members' names; empty for none.
    pub(super) fn new(path: impl Into<String>, members: Map<String, Value>) -> Self {
        let path = path.into();
        Self { path, members }
    }

    /// The members that nobody has taken yet.
    pub(super) fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// What was sent, as answers repeat it: nothing that is null, and whole numbers without decimals.
    pub(super) fn sent(&self) -> Map<String, Value> {
        let members = self.members.iter().filter(|(_, value)| !value.is_null());
        members
            .map(|(name, value)| (name.clone(), tidy(value.clone())))
            .collect()
    }

    /// A member's name, after those of the objects it is in.
    pub(super) fn path(&self, name: &str) -> String {
        let name: String = name.chars().take(MOST_CHARS).collect();
        match self.path.as_str() {
            "" => name,
            path => format!("{path}.{name}"),
        }
    }

    /// The refusal of a member: `why` goes on after its name.
    pub(super) fn refuse(&self, name: &str, why: &str) -> ApiError {
        invalid(&format!("{} {why}", self.path(name)))
    }

    /// Whatever it is.
    pub(super) fn value(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.refuse(name, "must be a string")),
        }
    }

    /// A text that has to be there and is not empty.
    pub(super) fn needed_text(&mut self, name: &str) -> Result<String, ApiError> {
        match self.text(name)? {
            None => Err(self.refuse(name, "is missing")),
            Some(text) if text.is_empty() => Err(self.refuse(name, "is empty")),
            Some(text) => Ok(text),
        }
    }

    /// A whole number inside the range.
    pub(super) fn integer(
        &mut self,
        name: &str,
        range: RangeInclusive<i64>,
    ) -> Result<Option<i64>, ApiError> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let number = whole(&value).ok_or_else(|| self.refuse(name, "must be an integer"))?;
        match range.contains(&number) {
            true => Ok(Some(number)),
            false => {
                let (least, most) = range.into_inner();
                Err(self.refuse(name, &format!("must be {least} to {most}")))
            }
        }
    }

    /// A number with or without decimals.
    pub(super) fn number(&mut self, name: &str) -> Result<Option<f64>, ApiError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(number.as_f64()),
            Some(_) => Err(self.refuse(name, "must be a number")),
        }
    }

    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(self.refuse(name, "must be true or false")),
        }
    }

    pub(super) fn object(&mut self, name: &str) -> Result<Option<Self>, ApiError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(Self::new(self.path(name), members))),
            Some(_) => Err(self.refuse(name, "must be an object")),
        }
    }

    /// An object that has to be there.
    pub(super) fn needed_object(&mut self, name: &str) -> Result<Self, ApiError> {
        self.object(name)?
            .ok_or_else(|| self.refuse(name, "is missing"))
    }

    pub(super) fn list(&mut self, name: &str) -> Result<Option<Vec<Value>>, ApiError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(self.refuse(name, "must be a list")),
        }
    }

    /// A list of objects; each goes by its place in it.
    pub(super) fn objects(&mut self, name: &str) -> Result<Option<Vec<Self>>, ApiError> {
        let Some(items) = self.list(name)? else {
            return Ok(None);
        };
        let mut objects = Vec::with_capacity(items.len());
        for (at, item) in items.into_iter().enumerate() {
            let Value::Object(members) = item else {
                return Err(self.refuse(name, "must be a list of objects"));
            };
            objects.push(Self::new(format!("{}[{at}]", self.path(name)), members));
        }
        Ok(Some(objects))
    }

    /// A list of whole numbers.
    pub(super) fn integers(&mut self, name: &str) -> Result<Option<Vec<i64>>, ApiError> {
        let Some(items) = self.list(name)? else {
            return Ok(None);
        };
        let numbers: Option<Vec<i64>> = items.iter().map(whole).collect();
        numbers
            .map(Some)
            .ok_or_else(|| self.refuse(name, "must be a list of integers"))
    }

    pub(super) fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, ApiError> {
        let Some(items) = self.list(name)? else {
            return Ok(None);
        };
        let texts = items.into_iter().map(|item| match item {
            Value::String(text) => Some(text),
            _ => None,
        });
        let texts: Option<Vec<String>> = texts.collect();
        texts
            .map(Some)
            .ok_or_else(|| self.refuse(name, "must be a list of strings"))
    }

    /// Refuses the first member that nobody has taken.
    pub(super) fn finish(self) -> Result<(), ApiError> {
        let left = self.members.iter().find(|(_, value)| !value.is_null());
        match left {
            None => Ok(()),
            Some((name, _)) => Err(self.refuse(name, "is no parameter of this operation")),
        }
    }
}

fn tidy(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(members.map(|(name, value)| (name, tidy(value))).collect())
        }
        Value::Array(items) => items.into_iter().map(tidy).collect(),
        Value::Number(_) => whole(&value).map_or(value, Value::from),
        other => other,
    }
}

/// The part of a number before the point.
pub(super) fn whole(value: &Value) -> Option<i64> {
    let Value::Number(number) = value else {
        return None;
    };
    number.as_i64().or_else(|| {
        let float = number.as_f64()?.trunc();
        // Up to here each whole number is one of its own.
        const MOST: f64 = 9_007_199_254_740_991.0;
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and in range")]
        (float.abs() <= MOST).then_some(float as i64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> Fields {
        Fields::body(text.as_bytes()).unwrap()
    }

    #[test]
    fn what_was_sent_is_repeated_in_its_declared_types() {
        let sent = body(r#"{"a":1.9,"b":null,"c":{"d":null,"e":[2.0,"x"]},"f":true}"#).sent();
        let expected = r#"{"a":1,"c":{"e":[2,"x"]},"f":true}"#;
        assert_eq!(Value::Object(sent).to_string(), expected);
    }

    #[test]
    fn a_body_is_one_json_object() {
        for (text, why) in [
            ("", "the body is missing"),
            (" \n", "the body is missing"),
            ("[]", "the body is no JSON object"),
            ("null", "the body is no JSON object"),
            (
                "{",
                "the body is no JSON, names a member twice or is nested too deep",
            ),
            (
                r#"{"a":1,"a":2}"#,
                "the body is no JSON, names a member twice or is nested too deep",
            ),
        ] {
            let refused = Fields::body(text.as_bytes()).unwrap_err();
            assert_eq!(
                refused.message(),
                format!("Invalid request parameter, {why}.")
            );
        }
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(MOST_BYTES));
        assert!(Fields::body(long.as_bytes()).is_err());
        assert!(Fields::body(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn types_are_exact_and_decimals_are_cut_off() {
        let mut fields = body(r#"{"a":"1","b":12.9,"c":-3,"d":true,"e":1e300,"f":null,"g":7}"#);
        let refused = fields.integer("a", 0..=9).unwrap_err();
        let expected = "Invalid request parameter, a must be an integer.";
        assert_eq!(refused.message(), expected);
        assert_eq!(fields.integer("b", 0..=99).unwrap(), Some(12));
        assert_eq!(fields.integer("c", -9..=9).unwrap(), Some(-3));
        for name in ["d", "e"] {
            assert!(fields.integer(name, i64::MIN..=i64::MAX).is_err(), "{name}");
        }
        assert_eq!(fields.integer("f", 0..=9).unwrap(), None);
        let refused = fields.integer("g", 0..=6).unwrap_err();
        assert_eq!(
            refused.message(),
            "Invalid request parameter, g must be 0 to 6."
        );
        assert_eq!(fields.text("h").unwrap(), None);
    }

    #[test]
    fn what_nobody_takes_is_refused_by_its_path() {
        let mut fields = body(r#"{"list":[{"x":1},{"y":{"z":2}}],"none":null}"#);
        let mut items = fields.objects("list").unwrap().unwrap();
        assert!(fields.finish().is_ok());
        let mut last = items.pop().unwrap();
        let inner = last.object("y").unwrap().unwrap();
        let expected = "Invalid request parameter, list[1].y.z is no parameter of this operation.";
        assert_eq!(inner.finish().unwrap_err().message(), expected);
    }
}
