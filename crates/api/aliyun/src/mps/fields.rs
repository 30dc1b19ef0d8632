//! Reading JSON objects that callers send: lenient about types as the vendor is, strict about what is not known.

use std::ops::RangeInclusive;

use reelgate_api_kit::json::{self, is_deeper};
use reelgate_domain::ObjectRef;
use reelgate_service::parse_address;
use serde_json::{Map, Value};

use super::errors::{Code, Refusal};

/// One JSON object, read field by field. [`Fields::finish`] refuses whatever nobody has read.
///
/// Scalars may be strings, numbers or booleans. What is null, an empty text, an empty list or an object of nothing but
/// such values counts as absent: it asks for nothing.
pub(super) struct Fields<'a> {
    path: String,
    members: &'a Map<String, Value>,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// `path` is what refusals put before the fields' names; empty for none.
    pub(super) fn new(path: impl Into<String>, members: &'a Map<String, Value>) -> Self {
        Self {
            path: path.into(),
            members,
            known: Vec::new(),
        }
    }

    pub(super) fn members(&self) -> &'a Map<String, Value> {
        self.members
    }

    /// Where the object is, as refusals name it; empty where they put nothing before its fields.
    pub(super) fn place(&self) -> &str {
        &self.path
    }

    /// The path of a field as refusals name it.
    pub(super) fn path(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    pub(super) fn refuse<T>(&self, code: Code, name: &str) -> Result<T, Refusal> {
        Err(Refusal::new(code, self.path(name)))
    }

    fn take(&mut self, name: &'static str) -> Option<&'a Value> {
        self.known.push(name);
        self.members.get(name)
    }

    /// What is neither a scalar nor an object; nothing if it asks for nothing.
    pub(super) fn value(&mut self, name: &'static str) -> Option<&'a Value> {
        self.take(name).filter(|value| !asks_for_nothing(value))
    }

    /// A scalar as text.
    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<String>, Refusal> {
        match self.take(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match scalar(value) {
                Some(text) if text.is_empty() => Ok(None),
                Some(text) => Ok(Some(text)),
                None => self.refuse(Code::Format, name),
            },
        }
    }

    /// A scalar that must be there and not be empty.
    pub(super) fn required(&mut self, name: &'static str) -> Result<String, Refusal> {
        let present = self.members.get(name).is_some_and(|value| !value.is_null());
        match self.text(name)? {
            Some(text) => Ok(text),
            None if present => self.refuse(Code::EmptyValue, name),
            None => self.refuse(Code::NullValue, name),
        }
    }

    /// A whole number inside the range.
    pub(super) fn integer(
        &mut self,
        name: &'static str,
        range: RangeInclusive<u32>,
    ) -> Result<Option<u32>, Refusal> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let Ok(number) = text.trim().parse::<i64>() else {
            return self.refuse(Code::NumberFormat, name);
        };
        match u32::try_from(number) {
            Ok(number) if range.contains(&number) => Ok(Some(number)),
            _ => self.refuse(Code::OutOfRange, name),
        }
    }

    /// A number, with decimals or without, for which `fits` holds.
    pub(super) fn decimal(
        &mut self,
        name: &'static str,
        fits: impl FnOnce(f64) -> bool,
    ) -> Result<Option<f64>, Refusal> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        match text.trim().parse::<f64>() {
            Ok(number) if !number.is_finite() => self.refuse(Code::NumberFormat, name),
            Ok(number) if fits(number) => Ok(Some(number)),
            Ok(_) => self.refuse(Code::OutOfRange, name),
            Err(_) => self.refuse(Code::NumberFormat, name),
        }
    }

    /// True or false; absent is false.
    pub(super) fn flag(&mut self, name: &'static str) -> Result<bool, Refusal> {
        match self.text(name)? {
            None => Ok(false),
            Some(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Some(_) => self.refuse(Code::NotBoolean, name),
        }
    }

    /// Accepts a field that says what is done anyway, and nothing else.
    pub(super) fn only(&mut self, name: &'static str, done_anyway: &str) -> Result<(), Refusal> {
        match self.text(name)? {
            Some(text) if !text.eq_ignore_ascii_case(done_anyway) => {
                self.refuse(Code::NotSupported, name)
            }
            _ => Ok(()),
        }
    }

    /// A nested object; an empty one is absent.
    pub(super) fn object(&mut self, name: &'static str) -> Result<Option<Fields<'a>>, Refusal> {
        match self.take(name) {
            None => Ok(None),
            Some(value) if asks_for_nothing(value) => Ok(None),
            Some(Value::Object(members)) => Ok(Some(Fields::new(self.path(name), members))),
            Some(_) => self.refuse(Code::JsonObjectFormat, name),
        }
    }

    /// A list of objects; an empty one is absent. Members name themselves with their place, as in `WaterMarks[0]`.
    pub(super) fn list(&mut self, name: &'static str) -> Result<Vec<Fields<'a>>, Refusal> {
        let items = match self.take(name) {
            None => return Ok(Vec::new()),
            Some(value) if asks_for_nothing(value) => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(_) => return self.refuse(Code::JsonArrayFormat, name),
        };
        let each = items.iter().enumerate().map(|(place, item)| {
            let path = format!("{}[{place}]", self.path(name));
            match item {
                Value::Object(members) => Ok(Fields::new(path, members)),
                _ => Err(Refusal::new(Code::JsonObjectFormat, path)),
            }
        });
        each.collect()
    }

    /// The object that an address such as `http://bucket.endpoint/key` names.
    pub(super) fn address(&mut self, name: &'static str) -> Result<Option<ObjectRef>, Refusal> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        match parse_address(text.trim()) {
            Ok(object) => Ok(Some(object)),
            Err(_) => self.refuse(Code::Format, name),
        }
    }

    /// Refuses the first field that was not read, unless it asks for nothing.
    pub(super) fn finish(self) -> Result<(), Refusal> {
        let unread = self
            .members
            .iter()
            .find(|(name, value)| !self.known.contains(&name.as_str()) && !asks_for_nothing(value));
        match unread {
            None => Ok(()),
            Some((name, _)) => self.refuse(Code::NotSupported, name),
        }
    }
}

/// A scalar's text; a number that is whole has no decimals, however it was written.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(match number.as_f64() {
            Some(float) if number.is_f64() => float.to_string(),
            _ => number.to_string(),
        }),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The scalars of an object as texts, at any depth, without what asks for nothing: what SDKs read out of answers.
pub(super) fn texts(members: &Map<String, Value>) -> Map<String, Value> {
    let texts = members.iter().filter_map(|(name, value)| {
        let value = match value {
            value if asks_for_nothing(value) => return None,
            Value::Object(members) => Value::Object(texts(members)),
            value => scalar(value)?.into(),
        };
        Some((name.clone(), value))
    });
    texts.collect()
}

/// Whether a value is as good as an absent one.
pub(super) fn asks_for_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) | Value::Number(_) => false,
        // Old clients send nested values as strings.
        Value::String(text) => matches!(text.trim(), "" | "[]" | "{}"),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(asks_for_nothing),
    }
}

/// Fields that hold objects, which old clients send as strings containing JSON.
const NESTED: [&str; 28] = [
    "Container",
    "Video",
    "Audio",
    "TransConfig",
    "MuxConfig",
    "Clip",
    "TimeSpan",
    "Segment",
    "Gif",
    "Webp",
    "BitrateBnd",
    "Volume",
    "WaterMarks",
    "DeWatermark",
    "InputFile",
    "Timeline",
    "TextWaterMark",
    "MergeList",
    "OpeningList",
    "TailSlateList",
    "Amix",
    "SubtitleConfig",
    "ExtSubtitleList",
    "SubtitleList",
    "Input",
    "Encryption",
    "M3U8NonStandardSupport",
    "TS",
];

/// How deep the value of such a field may be.
const MOST_LEVELS: usize = 32;

/// Puts the objects in place of the strings that contain them.
///
/// What comes out is as deep as one text may be, however many texts lie in one another.
pub(super) fn expand(members: &mut Map<String, Value>, path: &str) -> Result<(), Refusal> {
    expand_within(members, path, MOST_LEVELS)
}

fn expand_within(
    members: &mut Map<String, Value>,
    path: &str,
    levels: usize,
) -> Result<(), Refusal> {
    for (name, value) in members.iter_mut() {
        if !NESTED.contains(&name.as_str()) {
            continue;
        }
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        if let Value::String(text) = value
            && !text.trim().is_empty()
        {
            *value = json::parse(text)
                .map_err(|_malformed| Refusal::new(Code::JsonFormat, path.as_str()))?;
        }
        if is_deeper(value, levels) {
            return Err(Refusal::new(Code::JsonFormat, path));
        }
        match value {
            Value::Object(members) => expand_within(members, &path, levels - 1)?,
            Value::Array(items) => {
                for (place, item) in items.iter_mut().enumerate() {
                    if let Value::Object(members) = item {
                        let path = format!("{path}[{place}]");
                        expand_within(members, &path, levels.saturating_sub(2))?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Lets what `over` asks for take the place of the same in `base`, field by field at any depth.
pub(super) fn overlay(base: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (name, value) in over {
        if asks_for_nothing(value) {
            continue;
        }
        match (base.get_mut(name), value) {
            (Some(Value::Object(inner)), Value::Object(value)) => overlay(inner, value),
            _ => {
                base.insert(name.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn refusal(code: Code, about: &str) -> Refusal {
        Refusal::new(code, about)
    }

    #[test]
    fn scalars_are_read_from_strings_and_numbers() {
        let members = object(json!({"A": "5", "B": 5, "C": 5.0, "D": 2.5, "E": true, "F": " 7 "}));
        let mut fields = Fields::new("Video", &members);
        assert_eq!(fields.integer("A", 1..=9), Ok(Some(5)));
        assert_eq!(fields.integer("B", 1..=9), Ok(Some(5)));
        assert_eq!(fields.integer("C", 1..=9), Ok(Some(5)));
        assert_eq!(fields.decimal("D", |_| true), Ok(Some(2.5)));
        assert_eq!(fields.flag("E"), Ok(true));
        assert_eq!(fields.integer("F", 1..=9), Ok(Some(7)));
        assert_eq!(fields.integer("G", 1..=9), Ok(None));
        assert_eq!(fields.finish(), Ok(()));
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_path() {
        let members = object(json!({"A": "x", "B": 10, "C": "nan", "D": [1], "E": "yes", "F": 1}));
        let mut fields = Fields::new("Video", &members);
        let found = fields.integer("A", 1..=9).unwrap_err();
        assert_eq!(found, refusal(Code::NumberFormat, "Video.A"));
        let found = fields.integer("B", 1..=9).unwrap_err();
        assert_eq!(found, refusal(Code::OutOfRange, "Video.B"));
        let found = fields.decimal("C", |_| true).unwrap_err();
        assert_eq!(found, refusal(Code::NumberFormat, "Video.C"));
        let found = fields.text("D").unwrap_err();
        assert_eq!(found, refusal(Code::Format, "Video.D"));
        let found = fields.flag("E").unwrap_err();
        assert_eq!(found, refusal(Code::NotBoolean, "Video.E"));
        let found = fields.object("F").err().unwrap();
        assert_eq!(found, refusal(Code::JsonObjectFormat, "Video.F"));
    }

    /// What was accepted went to the store deeper than the store could read it back, and its job failed.
    #[test]
    fn texts_inside_texts_cannot_get_deeper_than_one_text() {
        let nested = |inner: &str| format!("{}{inner}{}", r#"{"Video":"#.repeat(9), "}".repeat(9));
        let mut text = nested("{}");
        for levels in [10, 19, 28, 37] {
            let mut members = object(json!({"Video": text}));
            let expanded = expand(&mut members, "").is_ok();
            assert_eq!(expanded, levels <= MOST_LEVELS, "{levels}");
            text = nested(&serde_json::to_string(&text).unwrap());
        }
    }

    #[test]
    fn absent_and_empty_are_told_apart_where_a_value_is_required() {
        let members = object(json!({"A": "", "B": null}));
        let mut fields = Fields::new("", &members);
        let cases = [
            ("A", Code::EmptyValue),
            ("B", Code::NullValue),
            ("C", Code::NullValue),
        ];
        for (name, code) in cases {
            assert_eq!(fields.required(name), Err(refusal(code, name)));
        }
    }

    #[test]
    fn unread_fields_are_refused_unless_they_ask_for_nothing() {
        let nothing = json!({"A": null, "B": "", "C": [], "D": {"E": {}}, "F": "[]", "G": " {} "});
        assert_eq!(Fields::new("", &object(nothing)).finish(), Ok(()));
        for something in [
            json!(0),
            json!(false),
            json!("0"),
            json!([{}]),
            json!({"A": 1}),
        ] {
            let members = object(json!({"Crop": something}));
            let found = Fields::new("Video", &members).finish();
            assert_eq!(found, Err(refusal(Code::NotSupported, "Video.Crop")));
        }
    }

    #[test]
    fn objects_in_strings_are_unfolded() {
        let mut members = object(json!({
            "Clip": "{\"TimeSpan\": \"{\\\"Seek\\\": 1}\"}",
            "Video": "",
            "UserData": "{\"a\": 1}",
        }));
        expand(&mut members, "").unwrap();
        let expected = json!({
            "Clip": {"TimeSpan": {"Seek": 1}},
            "Video": "",
            "UserData": "{\"a\": 1}",
        });
        assert_eq!(Value::Object(members), expected);

        let mut members = object(json!({"Clip": {"TimeSpan": "{"}}));
        let found = expand(&mut members, "");
        assert_eq!(found, Err(refusal(Code::JsonFormat, "Clip.TimeSpan")));
    }

    #[test]
    fn an_overlay_replaces_field_by_field() {
        let mut base =
            object(json!({"Video": {"Width": "1280", "Bitrate": "1800"}, "Audio": {"A": "1"}}));
        let over =
            object(json!({"Video": {"Width": 640, "Bitrate": ""}, "Audio": {}, "Clip": {"B": 1}}));
        overlay(&mut base, &over);
        let expected = json!({"Video": {"Width": 640, "Bitrate": "1800"}, "Audio": {"A": "1"}, "Clip": {"B": 1}});
        assert_eq!(Value::Object(base), expected);
    }
}
