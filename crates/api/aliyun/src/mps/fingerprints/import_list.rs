//! The list of an import: one JSON object a line, each a file and its key.
//!
//! <https://help.aliyun.com/document_detail/312262.html>

use reelgate_domain::ObjectRef;
use reelgate_domain::dna::PrimaryKey;
use serde_json::{Map, Value};

use super::config;
use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::Fields;
use crate::mps::input;

/// The most lines of one list.
pub(super) const MOST_FILES: usize = 1000;
/// The most bytes of one list.
pub(super) const MOST_BYTES: u64 = 1 << 20;

/// A file that is to be stored.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Listed {
    pub(super) file: ObjectRef,
    /// `Bucket`, `Location` and `Object` as the list has them.
    pub(super) echo: Map<String, Value>,
    pub(super) key: PrimaryKey,
}

/// Reads a list, which has at least one line. Refusals name the line.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Listed>, Refusal> {
    let text = std::str::from_utf8(bytes);
    let text = text.map_err(|_invalid| Refusal::new(Code::Format, "Input"))?;
    let text = text.trim_start_matches('\u{feff}');
    let lines = (1..).zip(text.lines().map(str::trim));
    let mut files: Vec<Listed> = Vec::new();
    for (at, line) in lines.filter(|(_, line)| !line.is_empty()) {
        if files.len() == MOST_FILES {
            return Err(Refusal::new(Code::ListSizeExceed, "Input"));
        }
        files.push(listed(at, line)?);
    }
    if files.is_empty() {
        return Err(Refusal::new(Code::EmptyValue, "Input"));
    }
    Ok(files)
}

/// Keys of objects stand in a list as they are: in the vendor's example, too, they are not percent-encoded.
fn listed(at: usize, line: &str) -> Result<Listed, Refusal> {
    let path = format!("Input line {at}");
    let members = match reelgate_api_kit::json::parse(line) {
        Ok(Value::Object(members)) => members,
        Ok(_) => return Err(Refusal::new(Code::JsonObjectFormat, path)),
        Err(_) => return Err(Refusal::new(Code::JsonFormat, path)),
    };
    let mut fields = Fields::new(path, &members);
    let key = config::primary_key(&mut fields)?;
    let bucket = fields.required("Bucket")?;
    let object = fields.required("Object")?;
    let location = fields.text("Location")?.unwrap_or_default();
    fields.finish()?;
    Ok(Listed {
        file: ObjectRef {
            bucket: input::bucket_name(&bucket)?,
            key: input::object_key(object.clone())?,
        },
        echo: input::file(&bucket, &location, &input::encoded(&object)),
        key,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_a_file_a_line() {
        let text = "\u{feff}{\"Bucket\":\"media\",\"Location\":\"oss-test\",\"Object\":\"书/a b+.txt\",\
                    \"PrimaryKey\":\"one\"}\r\n\n  {\"Bucket\":\"media\",\"Object\":\"b.txt\",\"PrimaryKey\":\"two\"}";
        let files = parse(text.as_bytes()).unwrap();
        assert_eq!(files.len(), 2);
        assert_eq!(files[0].file.to_string(), "media/书/a b+.txt");
        assert_eq!(files[0].echo["Object"], "%E4%B9%A6/a%20b%2B.txt");
        assert_eq!(files[0].echo["Location"], "oss-test");
        assert_eq!(files[1].key.as_str(), "two");
    }

    #[test]
    fn a_line_that_cannot_be_used_is_named() {
        let line = |n: usize| {
            format!("{{\"Bucket\":\"media\",\"Object\":\"{n}\",\"PrimaryKey\":\"{n}\"}}\n")
        };
        let many = |count: usize| (0..count).map(line).collect::<String>();
        assert_eq!(parse(many(1000).as_bytes()).map(|it| it.len()), Ok(1000));
        let second = |text: &str| format!("{}{text}", line(1));
        let cases = [
            (many(1001), Code::ListSizeExceed, "Input"),
            (" \n".to_owned(), Code::EmptyValue, "Input"),
            (second("not json"), Code::JsonFormat, "Input line 2"),
            (second("[]"), Code::JsonObjectFormat, "Input line 2"),
            (
                second(r#"{"Bucket": "media", "Object": "a"}"#),
                Code::NullValue,
                "Input line 2.PrimaryKey",
            ),
            (
                second(r#"{"Bucket": "media", "PrimaryKey": "a"}"#),
                Code::NullValue,
                "Input line 2.Object",
            ),
            (
                second(r#"{"Bucket": "media", "Object": "a", "PrimaryKey": "a", "Text": "t"}"#),
                Code::NotSupported,
                "Input line 2.Text",
            ),
            (
                second(r#"{"Bucket": "M", "Object": "a", "PrimaryKey": "a"}"#),
                Code::BucketName,
                "M",
            ),
        ];
        for (text, code, about) in cases {
            let refused = parse(text.as_bytes()).err();
            assert_eq!(refused, Some(Refusal::new(code, about)));
        }
        let refused = parse(b"\xff").err();
        assert_eq!(refused, Some(Refusal::new(Code::Format, "Input")));
    }
}
