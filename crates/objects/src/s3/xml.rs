//! The XML of S3's answers, as far as it is read.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

/// How deep elements may be inside each other; answers have four levels.
const DEEPEST: usize = 16;

/// An element with all that is in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    /// Without a prefix of a namespace.
    pub(super) name: String,
    text: String,
    children: Vec<Self>,
}

impl Element {
    /// Reads a whole document. One that breaks off is none.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
        let mut reader = Reader::from_str(text);
        let mut open: Vec<Self> = Vec::new();
        loop {
            let event = reader.read_event().map_err(|error| error.to_string())?;
            match event {
                Event::Start(start) => {
                    if open.len() == DEEPEST {
                        return Err("elements are too deep inside each other".to_owned());
                    }
                    open.push(Self::named(start.local_name().as_ref()));
                }
                Event::Empty(empty) => {
                    let element = Self::named(empty.local_name().as_ref());
                    match open.last_mut() {
                        Some(parent) => parent.children.push(element),
                        None => return Ok(element),
                    }
                }
                Event::End(_) => {
                    let Some(closed) = open.pop() else {
                        return Err("an end without a start".to_owned());
                    };
                    match open.last_mut() {
                        Some(parent) => parent.children.push(closed),
                        None => return Ok(closed),
                    }
                }
                Event::Text(text) => add(&mut open, &text),
                Event::CData(text) => add(&mut open, &text),
                Event::GeneralRef(reference) => {
                    let character = reference.resolve_char_ref();
                    match character.map_err(|error| error.to_string())? {
                        Some(character) => add(&mut open, character.encode_utf8(&mut [0; 4])),
                        None => match resolve_predefined_entity(&reference) {
                            Some(text) => add(&mut open, text),
                            None => return Err("an entity that is not known".to_owned()),
                        },
                    }
                }
                Event::Eof => return Err("it breaks off".to_owned()),
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
    }

    fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// The text of the first child of this name.
    pub(super) fn text<'a>(&'a self, name: &str) -> Option<&'a str> {
        self.all(name).next().map(|child| child.text.trim())
    }

    /// The same with the spaces around it, as keys may have them.
    pub(super) fn exact<'a>(&'a self, name: &str) -> Option<&'a str> {
        self.all(name).next().map(|child| child.text.as_str())
    }

    /// Its children of this name.
    pub(super) fn all<'a, 'n>(
        &'a self,
        name: &'n str,
    ) -> impl Iterator<Item = &'a Self> + use<'a, 'n> {
        self.children.iter().filter(move |child| child.name == name)
    }
}

fn add(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_with_its_entities_and_without_its_namespace() {
        let text = br#"<?xml version="1.0"?>
            <x:List xmlns:x="y"><Key>a &amp; b&#233;<![CDATA[<]]></Key><Key> c</Key><None/></x:List>"#;
        let element = Element::parse(text).unwrap();
        assert_eq!(element.name, "List");
        let keys: Vec<_> = element.all("Key").map(|key| key.text.as_str()).collect();
        assert_eq!(keys, ["a & b\u{e9}<", " c"]);
        assert_eq!(
            (element.text("None"), element.text("Else")),
            (Some(""), None)
        );
        assert_eq!(element.exact("Key"), Some("a & b\u{e9}<"));
    }

    #[test]
    fn an_answer_that_breaks_off_anywhere_is_none() {
        let text = "<List><Key>a</Key><More><Key>b&amp;</Key></More></List>";
        assert!(Element::parse(text.as_bytes()).is_ok());
        for end in 0..text.len() {
            assert!(Element::parse(&text.as_bytes()[..end]).is_err(), "{end}");
        }
        let deep = "<a>".repeat(100_000);
        assert!(Element::parse(deep.as_bytes()).is_err());
        assert!(Element::parse(b"<a>&unknown;</a>").is_err());
    }
}
