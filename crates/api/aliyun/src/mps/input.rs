//! The `Input` parameter of a submission: where the source is.

use reelgate_api_kit::json;
use reelgate_domain::{BucketName, ObjectKey, ObjectRef};
use serde_json::{Map, Value, json};

use super::errors::{Code, Refusal};
use super::fields::Fields;
use crate::rpc::encoding;

/// A source, understood and as received.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Input {
    pub(super) object: ObjectRef,
    pub(super) location: String,
    /// `Bucket`, `Location` and `Object` as the caller wrote them.
    pub(super) echo: Map<String, Value>,
}

impl Input {
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let members = match json::parse(text) {
            Ok(Value::Object(members)) => members,
            Ok(_) => return Err(Refusal::new(Code::JsonObjectFormat, "Input")),
            Err(_) => return Err(Refusal::new(Code::JsonFormat, "Input")),
        };
        let mut fields = Fields::new("Input", &members);
        let bucket = fields.required("Bucket")?;
        // Whatever it says: there is one region here.
        let location = fields.required("Location")?;
        let key = fields.required("Object")?;
        // `Referer`, and `Audio` and `Container` of raw audio, have no effect yet.
        fields.finish()?;
        Ok(Self {
            object: ObjectRef {
                bucket: bucket_name(&bucket)?,
                key: object_key(decoded(&key)?)?,
            },
            echo: file(&bucket, &location, &key),
            location,
        })
    }
}

/// A file as requests and answers name it.
pub(super) fn file(bucket: &str, location: &str, object: &str) -> Map<String, Value> {
    match json!({"Bucket": bucket, "Location": location, "Object": object}) {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

pub(super) fn bucket_name(text: &str) -> Result<BucketName, Refusal> {
    BucketName::new(text).map_err(|_invalid| Refusal::new(Code::BucketName, text))
}

/// Decodes an object key, which callers percent-encode once more than the protocol does. A `+` is a space, because
/// the vendor's Java samples encode with `URLEncoder`; a plus sign travels as `%2B`.
pub(super) fn decoded(key: &str) -> Result<String, Refusal> {
    encoding::decode(key.as_bytes()).map_err(|_invalid| Refusal::new(Code::ObjectKey, key))
}

pub(super) fn object_key(key: String) -> Result<ObjectKey, Refusal> {
    ObjectKey::new(key.as_str()).map_err(|_invalid| Refusal::new(Code::ObjectKey, key))
}

/// Encodes a key as callers are told to: slashes stay.
pub(super) fn encoded(key: &str) -> String {
    let segments: Vec<_> = key.split('/').map(encoding::encode).collect();
    segments.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_decoded_once_and_echoed_as_received() {
        let text = r#"{"Bucket": "media", "Location": "oss-cn-hangzhou",
                       "Object": "%E9%98%BF%E9%87%8C%E4%BA%91/mts%20HD%2B.mp4"}"#;
        let input = Input::parse(text).unwrap();
        assert_eq!(input.object.to_string(), "media/阿里云/mts HD+.mp4");
        assert_eq!(
            input.echo["Object"],
            "%E9%98%BF%E9%87%8C%E4%BA%91/mts%20HD%2B.mp4"
        );
        assert_eq!(encoded(input.object.key.as_str()), input.echo["Object"]);
        assert_eq!(decoded("a+b").unwrap(), "a b");
    }

    #[test]
    fn inputs_that_cannot_be_used_are_refused() {
        let cases = [
            ("{", Code::JsonFormat, "Input"),
            ("[]", Code::JsonObjectFormat, "Input"),
            ("{}", Code::NullValue, "Input.Bucket"),
            (r#"{"Bucket": ""}"#, Code::EmptyValue, "Input.Bucket"),
            (r#"{"Bucket": "b"}"#, Code::NullValue, "Input.Location"),
            (
                r#"{"Bucket": "abc", "Location": ""}"#,
                Code::EmptyValue,
                "Input.Location",
            ),
            (
                r#"{"Bucket": "abc", "Location": "x"}"#,
                Code::NullValue,
                "Input.Object",
            ),
            (
                r#"{"Bucket": "B", "Location": "x", "Object": "a"}"#,
                Code::BucketName,
                "B",
            ),
            (
                r#"{"Bucket": "abc", "Location": "x", "Object": "/a"}"#,
                Code::ObjectKey,
                "/a",
            ),
            (
                r#"{"Bucket": "abc", "Location": "x", "Object": "%2Fa"}"#,
                Code::ObjectKey,
                "/a",
            ),
            (
                r#"{"Bucket": "abc", "Location": "x", "Object": "a%0Ab"}"#,
                Code::ObjectKey,
                "a\nb",
            ),
            (
                r#"{"Bucket": "abc", "Location": "x", "Object": "50%"}"#,
                Code::ObjectKey,
                "50%",
            ),
            (
                r#"{"Bucket": "abc", "Location": "x", "Object": "a", "Referer": "http://a"}"#,
                Code::NotSupported,
                "Input.Referer",
            ),
            (
                r#"{"Bucket": "abc", "Location": "x", "Object": "a", "Audio": {"Channels": "2"}}"#,
                Code::NotSupported,
                "Input.Audio",
            ),
        ];
        for (text, code, about) in cases {
            assert_eq!(Input::parse(text), Err(Refusal::new(code, about)), "{text}");
        }
    }

    #[test]
    fn fields_that_ask_for_nothing_are_accepted() {
        let text =
            r#"{"Bucket": "abc", "Location": "x", "Object": "a", "Referer": "", "Audio": {}}"#;
        assert!(Input::parse(text).is_ok());
    }
}
