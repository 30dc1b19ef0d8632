//! Answers: whatever value is rendered, as JSON and as XML, reads back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quick_xml::Reader;
use quick_xml::events::Event;
use reelgate_api_kit::render::{to_json, to_xml};
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Ok(value) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let read: Value = serde_json::from_slice(&to_json(&value)).expect("rendered JSON reads back");
    assert_eq!(read, value);
    check_xml(&to_xml("R", &value), &value);
});

/// One root, every element closed under its own name, and all texts of the value in their order.
fn check_xml(document: &[u8], value: &Value) {
    let mut expected = Vec::new();
    texts(value, &mut expected);
    let mut found = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut roots = 0;
    let mut text = String::new();
    let mut reader = Reader::from_reader(document);
    loop {
        match reader.read_event().expect("the document is well-formed") {
            Event::Start(start) => {
                roots += usize::from(open.is_empty());
                open.push(start.name().as_ref().to_owned());
                text.clear();
            }
            Event::End(end) => {
                assert_eq!(open.pop().as_deref(), Some(end.name().as_ref()));
                if !text.is_empty() {
                    found.push(std::mem::take(&mut text));
                }
            }
            Event::Text(part) => text.push_str(part.as_ref()),
            Event::GeneralRef(reference) => {
                match reference.resolve_char_ref().expect("a character") {
                    Some(character) => text.push(character),
                    None => text.push(match reference.as_ref() {
                        "amp" => '&',
                        "lt" => '<',
                        "gt" => '>',
                        other => panic!("the entity {other}"),
                    }),
                }
            }
            Event::Decl(_) => {}
            Event::Eof => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((roots, open.len()), (1, 0));
    assert_eq!(found, expected);
}

/// The texts of a value's leaves as a reader of the XML sees them.
fn texts(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Null => {}
        Value::Array(items) => items.iter().for_each(|item| texts(item, out)),
        Value::Object(members) => members.values().for_each(|member| texts(member, out)),
        Value::String(text) => {
            let legal =
                |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
            let text: String = text
                .chars()
                .map(|c| if legal(c) { c } else { '\u{fffd}' })
                .collect();
            out.extend((!text.is_empty()).then_some(text));
        }
        scalar => out.push(scalar.to_string()),
    }
}
