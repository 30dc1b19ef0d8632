//! JSON and XML bytes from one ordered value, so that an answer is composed once whatever format the caller wants.

use std::borrow::Cow;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use serde_json::Value;

/// Element name for array items that no key names: those of an array inside an array, or of a root array.
const NAMELESS_ITEM: &str = "Item";

type XmlWriter = Writer<Vec<u8>>;

/// Renders compact JSON; keys keep the order of the value.
pub fn to_json(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).expect("a JSON value has string keys and finite numbers")
}

/// Renders an XML document under the given root element.
///
/// An object becomes child elements, an array under key K one element K per item, null nothing at all. Characters
/// that XML 1.0 cannot hold become U+FFFD in text and `_` in names.
pub fn to_xml(root: &str, value: &Value) -> Vec<u8> {
    let mut writer = Writer::new(Vec::with_capacity(512));
    writer
        .write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))
        .and_then(|()| write_element(&mut writer, root, value))
        .expect("writing to memory does not fail");
    writer.into_inner()
}

fn write_element(writer: &mut XmlWriter, name: &str, value: &Value) -> io::Result<()> {
    let name = element_name(name);
    writer.write_event(Event::Start(BytesStart::new(name.as_ref())))?;
    match value {
        Value::Null => {}
        Value::Bool(flag) => write_text(writer, if *flag { "true" } else { "false" })?,
        Value::Number(number) => write_text(writer, &number.to_string())?,
        Value::String(text) => write_text(writer, &escape_text(text))?,
        Value::Array(_) => write_member(writer, NAMELESS_ITEM, value)?,
        Value::Object(members) => {
            for (key, member) in members {
                write_member(writer, key, member)?;
            }
        }
    }
    writer.write_event(Event::End(BytesEnd::new(name.as_ref())))
}

fn write_member(writer: &mut XmlWriter, key: &str, member: &Value) -> io::Result<()> {
    let items = match member {
        Value::Array(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    for item in items.iter().filter(|item| !item.is_null()) {
        write_element(writer, key, item)?;
    }
    Ok(())
}

fn write_text(writer: &mut XmlWriter, escaped: &str) -> io::Result<()> {
    writer.write_event(Event::Text(BytesText::from_escaped(escaped)))
}

/// Escapes markup. A carriage return is escaped too: parsers turn a bare one into a line feed.
fn escape_text(text: &str) -> Cow<'_, str> {
    if text.chars().all(stands_for_itself) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\r' => escaped.push_str("&#13;"),
            other if stands_for_itself(other) => escaped.push(other),
            _illegal => escaped.push(char::REPLACEMENT_CHARACTER),
        }
    }
    Cow::Owned(escaped)
}

/// Says whether a character is legal in XML 1.0 (section 2.2, `Char`) and needs no escape in text.
fn stands_for_itself(character: char) -> bool {
    match character {
        '&' | '<' | '>' | '\r' => false,
        '\t' | '\n' => true,
        '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => false,
        _ => true,
    }
}

/// Keys are field names in practice; one that is not an XML name must not break the document.
fn element_name(key: &str) -> Cow<'_, str> {
    let starts_well = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let goes_on = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if starts_well && key.chars().all(goes_on) {
        return Cow::Borrowed(key);
    }
    let body = key.replace(|c: char| !goes_on(c), "_");
    Cow::Owned(if starts_well {
        body
    } else {
        format!("_{body}")
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quick_xml::Reader;
    use serde_json::json;

    use super::*;

    fn xml(value: &Value) -> String {
        let text = String::from_utf8(to_xml("R", value)).unwrap();
        text.strip_prefix(r#"<?xml version="1.0" encoding="UTF-8"?>"#)
            .unwrap()
            .to_owned()
    }

    #[test]
    fn json_keeps_the_order_of_keys() {
        assert_eq!(to_json(&json!({"b": 1, "a": null})), br#"{"b":1,"a":null}"#);
    }

    #[test]
    fn arrays_repeat_the_element_of_their_key() {
        let wrapped = json!({"JobList": {"Job": [{"JobId": "1"}, {"JobId": "2"}]}});
        let expected =
            "<R><JobList><Job><JobId>1</JobId></Job><Job><JobId>2</JobId></Job></JobList></R>";
        assert_eq!(xml(&wrapped), expected);

        let bare = json!({"CanceledJobs": ["a", "b"]});
        assert_eq!(
            xml(&bare),
            "<R><CanceledJobs>a</CanceledJobs><CanceledJobs>b</CanceledJobs></R>"
        );
    }

    #[test]
    fn null_is_absent_and_an_empty_list_is_an_empty_wrapper() {
        assert_eq!(
            xml(&json!({"A": null, "B": {"C": []}, "D": [null]})),
            "<R><B></B></R>"
        );
    }

    #[test]
    fn scalars_are_text() {
        let scalars = json!({"B": true, "I": -3, "F": 1.5, "S": "", "N": [[1, 2]]});
        let expected =
            "<R><B>true</B><I>-3</I><F>1.5</F><S></S><N><Item>1</Item><Item>2</Item></N></R>";
        assert_eq!(xml(&scalars), expected);
    }

    #[test]
    fn markup_is_escaped_and_illegal_characters_are_replaced() {
        let value = json!({"T": "<a> & \"b\"\r\n\t\u{0}\u{b}\u{ffff}é😀", "1 x:y": 1, "": 2});
        let expected = "<R><T>&lt;a&gt; &amp; \"b\"&#13;\n\t\u{fffd}\u{fffd}\u{fffd}é😀</T>\
                        <_1_x_y>1</_1_x_y><_>2</_></R>";
        assert_eq!(xml(&value), expected);
    }

    proptest! {
        #[test]
        fn any_text_reads_back_as_well_formed_xml(key in any::<String>(), text in any::<String>()) {
            let document = to_xml("R", &json!({key: text}));
            let mut reader = Reader::from_reader(document.as_slice());
            while !matches!(reader.read_event().unwrap(), Event::Eof) {}
        }
    }
}
