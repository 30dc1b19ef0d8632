//! Encryption of HLS segments with AES-128 (RFC 8216, 4.3.2.4), and tags beside them that tell of their bytes.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Container, OutOfRange, OutputSpec, check};

/// Bytes of a key, and of an initialization vector.
pub const KEY_BYTES: usize = 16;

/// How the segments of an output are encrypted: each as a whole, so that its first bytes tell nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encryption {
    /// 1 to 100 keys. After the last one the first one follows again.
    pub keys: Vec<SegmentKey>,
    /// How many segments each key is for, 1 to 100000. Given with two keys or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments_per_key: Option<u32>,
}

/// One key, and what players are told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentKey {
    pub key: ContentKey,
    /// Where players get the key, written into the playlist as it is: 1 to 2048 visible characters of ASCII but `"`.
    pub uri: String,
    /// The initialization vector of every segment. Absent: each segment's number in the playlist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iv: Option<Iv>,
}

/// A key of 128 bits. No `{:?}` shows it, and it is not serialized until it is sealed.
#[derive(Clone, PartialEq, Eq)]
pub enum ContentKey {
    /// As it was given: 16 bytes in Base64.
    Open([u8; KEY_BYTES]),
    /// As it is stored.
    Sealed(Vec<u8>),
}

/// An initialization vector: 32 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Iv(pub [u8; KEY_BYTES]);

/// What a playlist says of the bytes of each segment, in tags that are no part of HLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SegmentTags {
    /// `#EXT-X-MD5:` and 32 hex digits.
    pub md5: bool,
    /// `#EXT-X-SIZE:` and a number of bytes.
    pub size: bool,
}

/// What sealed keys begin with where they are stored.
const SEALED: &str = "sealed:";
const MOST_KEYS: usize = 100;
const MOST_URI_BYTES: usize = 2048;

impl Encryption {
    /// With one key for all segments.
    pub fn with(key: [u8; KEY_BYTES], uri: impl Into<String>) -> Self {
        let key = SegmentKey {
            key: ContentKey::Open(key),
            uri: uri.into(),
            iv: None,
        };
        Self {
            keys: vec![key],
            segments_per_key: None,
        }
    }

    /// The key of the segment at this place, counted from 0, and whether it is the first in a row that has it.
    /// None only where there is no key.
    pub fn key_of(&self, place: usize) -> Option<(&SegmentKey, bool)> {
        let each = self.segments_per_key.map_or(usize::MAX, |it| it as usize);
        let each = each.max(1);
        let key = self
            .keys
            .get((place / each).checked_rem(self.keys.len())?)?;
        Some((key, place.is_multiple_of(each)))
    }

    fn validate(&self, container: Container) -> Result<(), OutOfRange> {
        check_hls(container, "encryption")?;
        let count = (1..=MOST_KEYS).contains(&self.keys.len());
        check(count, "encryption.keys", "1 to 100 keys")?;
        check(
            (self.keys.len() > 1) == self.segments_per_key.is_some(),
            "encryption.segments_per_key",
            "given with two keys or more, and left out with one",
        )?;
        let each = self.segments_per_key;
        check(
            each.is_none_or(|each| (1..=100_000).contains(&each)),
            "encryption.segments_per_key",
            "1 to 100000",
        )?;
        check(
            self.keys.iter().all(SegmentKey::has_plain_uri),
            "encryption.keys.uri",
            "1 to 2048 visible characters of ASCII but \"",
        )
    }
}

impl OutputSpec {
    /// Checks what is asked of segments.
    pub(super) fn check_segments(&self) -> Result<(), OutOfRange> {
        let container = self.settings.container;
        if let Some(encryption) = &self.encryption {
            encryption.validate(container)?;
        }
        self.segment_tags.validate(container)
    }
}

impl SegmentKey {
    /// Whether its address can stand in a playlist: a quote or a line's end would write other tags into it.
    pub fn has_plain_uri(&self) -> bool {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"';
        (1..=MOST_URI_BYTES).contains(&self.uri.len()) && self.uri.bytes().all(is_plain)
    }
}

impl SegmentTags {
    pub const fn is_any(self) -> bool {
        self.md5 || self.size
    }

    fn validate(self, container: Container) -> Result<(), OutOfRange> {
        match self.is_any() {
            true => check_hls(container, "segment_tags"),
            false => Ok(()),
        }
    }
}

fn check_hls(container: Container, field: &'static str) -> Result<(), OutOfRange> {
    let is_hls = matches!(container, Container::Hls { .. });
    check(is_hls, field, "left out for all but hls")
}

impl fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentKey(…)")
    }
}

impl Serialize for ContentKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Open(_) => Err(S::Error::custom("a key of segments is stored sealed alone")),
            Self::Sealed(sealed) => {
                serializer.serialize_str(&format!("{SEALED}{}", STANDARD.encode(sealed)))
            }
        }
    }
}

impl<'de> Deserialize<'de> for ContentKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // What was sent is not repeated: it may be all but right.
        let wrong = || D::Error::custom("a key is 16 bytes in Base64");
        let text = String::deserialize(deserializer).map_err(|_| wrong())?;
        match text.strip_prefix(SEALED) {
            Some(sealed) => STANDARD.decode(sealed).map(Self::Sealed),
            None => Ok(Self::Open(sixteen(&text).ok_or_else(wrong)?)),
        }
        .map_err(|_| wrong())
    }
}

/// A key, or a vector, of 16 bytes in Base64.
pub fn sixteen(base64: &str) -> Option<[u8; KEY_BYTES]> {
    STANDARD.decode(base64).ok()?.try_into().ok()
}

impl Iv {
    /// That of a segment by its number in the playlist.
    pub fn of_number(number: u64) -> Self {
        Self(u128::from(number).to_be_bytes())
    }
}

impl fmt::Display for Iv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl Serialize for Iv {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Iv {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_hex = text.len() == 32 && text.bytes().all(|it| it.is_ascii_hexdigit());
        let number = is_hex.then(|| u128::from_str_radix(&text, 16).ok());
        let number = number.flatten().map(u128::to_be_bytes).map(Self);
        number.ok_or_else(|| D::Error::custom("an initialization vector is 32 hex digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::SegmentFormat;
    use super::*;

    const HLS: Container = Container::Hls {
        segments: SegmentFormat::Ts,
        segment_seconds: 4,
    };

    fn read(keys: usize, each: Option<u32>) -> Encryption {
        let one = r#"{"key":"AAECAwQFBgcICQoLDA0ODw==","uri":"https://k.example/1"}"#;
        let mut read: Encryption = serde_json::from_str(&format!(r#"{{"keys":[{one}]}}"#)).unwrap();
        read.keys = vec![read.keys[0].clone(); keys];
        read.segments_per_key = each;
        read
    }

    #[test]
    fn keys_take_turns() {
        let mut two = read(2, Some(3));
        two.keys[1].uri = "https://k.example/2".to_owned();
        let turn = |place| {
            let (key, is_first) = two.key_of(place).unwrap();
            (&key.uri[18..], is_first)
        };
        let turns: Vec<_> = (0..8).map(turn).collect();
        let expected = [
            ("1", true),
            ("1", false),
            ("1", false),
            ("2", true),
            ("2", false),
            ("2", false),
            ("1", true),
            ("1", false),
        ];
        assert_eq!(turns, expected);
        let one = read(1, None);
        assert!(one.key_of(0).unwrap().1 && !one.key_of(9).unwrap().1);
    }

    #[test]
    fn a_key_is_shown_nowhere_and_written_only_sealed() {
        let mut encryption = read(1, None);
        let shown = format!("{encryption:?}");
        assert!(shown.contains("ContentKey(…)"), "{shown}");
        let refused = serde_json::to_string(&encryption).unwrap_err().to_string();
        assert!(refused.contains("sealed alone"), "{refused}");
        encryption.keys[0].key = ContentKey::Sealed(vec![1, 2, 3]);
        encryption.keys[0].iv = Some(Iv::of_number(258));
        let text = serde_json::to_string(&encryption).unwrap();
        assert_eq!(
            text,
            r#"{"keys":[{"key":"sealed:AQID","uri":"https://k.example/1","iv":"00000000000000000000000000000102"}]}"#
        );
        assert_eq!(
            serde_json::from_str::<Encryption>(&text).unwrap(),
            encryption
        );
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_repeated() {
        for key in ["\"c2VjcmV0\"", "\"AAECAwQFBgcICQoLDA0ODw\"", "\"\"", "5"] {
            let text = format!(r#"{{"keys":[{{"key":{key},"uri":"u"}}]}}"#);
            let error = serde_json::from_str::<Encryption>(&text).unwrap_err();
            let error = error.to_string();
            assert!(error.starts_with("a key is 16 bytes in Base64"), "{error}");
        }
        for iv in ["", "0x00000000000000000000000000000000", "+1"] {
            let text = format!("\"{iv}\"");
            assert!(serde_json::from_str::<Iv>(&text).is_err(), "{iv}");
        }
    }

    #[test]
    fn what_does_not_go_together_is_named() {
        let field = |encryption: &Encryption, container| {
            let checked = encryption.validate(container);
            checked.map_or_else(|error| error.field, |()| "")
        };
        assert_eq!(field(&read(1, None), HLS), "");
        assert_eq!(field(&read(2, Some(1)), HLS), "");
        assert_eq!(field(&read(1, None), Container::Mp4), "encryption");
        assert_eq!(field(&read(0, None), HLS), "encryption.keys");
        assert_eq!(field(&read(101, Some(1)), HLS), "encryption.keys");
        for (keys, each) in [(2, None), (1, Some(1)), (2, Some(0)), (2, Some(100_001))] {
            let found = field(&read(keys, each), HLS);
            assert_eq!(found, "encryption.segments_per_key", "{keys} {each:?}");
        }
        let long = "u".repeat(2049);
        for uri in ["", "a b", "a\"b", "a\n#EXT-X-ENDLIST", "é", &long] {
            let mut encryption = read(1, None);
            encryption.keys[0].uri = uri.to_owned();
            assert_eq!(field(&encryption, HLS), "encryption.keys.uri", "{uri}");
        }
        let tags = SegmentTags {
            md5: true,
            size: false,
        };
        assert_eq!(
            tags.validate(Container::Mp4).unwrap_err().field,
            "segment_tags"
        );
        assert_eq!(SegmentTags::default().validate(Container::Mp4), Ok(()));
    }
}
