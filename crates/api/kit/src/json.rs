//! JSON in which no object names a member twice: of two values one would be ignored without a word.
//!
//! It is also nested only so deep. What is kept of a request is wrapped in more objects when it is stored, and what is
//! read back from there has a limit of its own.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Far deeper than anything that is asked for.
const MAX_DEPTH: usize = 32;

/// Reads a text; a repeated member is as malformed as a missing brace.
pub fn parse(text: &str) -> serde_json::Result<Value> {
    let Strict(value) = serde_json::from_str(text)?;
    if is_deeper(&value, MAX_DEPTH) {
        return Err(Error::custom(format_args!(
            "nested deeper than {MAX_DEPTH} levels"
        )));
    }
    Ok(value)
}

/// Whether lists and objects lie in one another more than this deep.
pub fn is_deeper(value: &Value, levels: usize) -> bool {
    let inside = |mut values: Box<dyn Iterator<Item = &Value> + '_>| match levels.checked_sub(1) {
        None => true,
        Some(levels) => values.any(|value| is_deeper(value, levels)),
    };
    match value {
        Value::Array(items) => inside(Box::new(items.iter())),
        Value::Object(members) => inside(Box::new(members.values())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// A value inside some other structure in which no member is repeated.
#[derive(Debug)]
pub struct Strict(pub Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, _>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(format_args!("{name} occurs twice")));
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_what_the_library_reads() {
        let text = r#"{"a":[1,-2,3.5,true,null,"é\n"],"b":{"c":{}},"d":[]}"#;
        assert_eq!(
            parse(text).unwrap(),
            serde_json::from_str::<Value>(text).unwrap()
        );
    }

    #[test]
    fn nesting_has_an_end() {
        let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(&nested(MAX_DEPTH)).is_ok());
        for levels in [MAX_DEPTH + 1, 127, 10_000] {
            assert!(parse(&nested(levels)).is_err(), "{levels}");
        }
        assert!(parse(&"{\"a\":".repeat(10_000)).is_err());
        let object = parse(r#"{"a": {"b": [], "c": 1}}"#).unwrap();
        assert!(is_deeper(&object, 2));
        assert!(!is_deeper(&object, 3));
    }

    #[test]
    fn a_repeated_member_is_refused_at_any_depth() {
        for text in [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"c":2,"a":3}}]"#] {
            assert!(
                parse(text)
                    .unwrap_err()
                    .to_string()
                    .contains("a occurs twice"),
                "{text}"
            );
        }
    }
}
