//! Encryption of segments, and what playlists say of them.

use reelgate_domain::job::kind::transcode::{ContentKey, Encryption, SegmentTags};

use super::*;

/// Of 16 bytes from 0 on.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODw==";
/// `https://k.example/a`.
const URI: &str = "aHR0cHM6Ly9rLmV4YW1wbGUvYQ==";

fn asked(part: Value) -> Result<Accepted, Refusal> {
    parse_with(M3U8_LD, json!({"Encryption": part}))
}

#[test]
fn a_key_is_used_and_not_remembered() {
    let whole = json!({"Type": "hls-aes-128", "Key": KEY, "KeyType": "Base64", "KeyUri": URI});
    for part in [whole.clone(), json!(whole.to_string())] {
        let accepted = asked(part).unwrap();
        let key: Vec<u8> = (0..16).collect();
        let expected = Encryption::with(key.try_into().unwrap(), "https://k.example/a");
        let found = accepted.spec.encryption.unwrap();
        assert_eq!(found, expected);
        assert!(matches!(found.keys[0].key, ContentKey::Open(_)));
        let kept = serde_json::to_string(&accepted.request).unwrap();
        assert!(kept.contains(URI) && !kept.contains(KEY), "{kept}");
    }
}

#[test]
fn what_is_wrong_with_an_encryption_is_named() {
    let with = |field: &str, value: Value| {
        let mut part = json!({"Type": "hls-aes-128", "Key": KEY, "KeyUri": URI});
        part[field] = value;
        asked(part).err()
    };
    for (field, value, code) in [
        ("Type", json!("sample-aes"), Code::NotSupported),
        ("Type", json!(null), Code::NullValue),
        ("KeyType", json!("KMS"), Code::NotSupported),
        ("Key", json!(null), Code::NullValue),
        ("Key", json!("not base64"), Code::Base64Format),
        ("Key", json!("c2hvcnQ="), Code::Invalid),
        ("KeyUri", json!(null), Code::NullValue),
        ("KeyUri", json!("https://k.example"), Code::Base64Format),
        // A line's end in it.
        ("KeyUri", json!("YQojRVhU"), Code::Invalid),
        ("Id", json!("1"), Code::NotSupported),
        ("SkipCnt", json!("1"), Code::NotSupported),
    ] {
        let expected = Refusal::new(code, format!("Encryption.{field}"));
        assert_eq!(
            with(field, value.clone()),
            Some(expected),
            "{field} {value}"
        );
    }
    let part = json!({"Type": "hls-aes-128", "Key": KEY, "KeyUri": URI});
    refused(
        json!({"Encryption": part}),
        Code::EncryptionContainer,
        "Encryption",
    );
}

#[test]
fn playlists_say_of_segments_what_is_asked_for() {
    let tags = |part: Value| {
        let accepted = parse_with(M3U8_LD, json!({"M3U8NonStandardSupport": {"TS": part}}));
        accepted.unwrap().spec.segment_tags
    };
    let both = json!({"Md5Support": true, "SizeSupport": "true"});
    let expected = SegmentTags {
        md5: true,
        size: true,
    };
    assert_eq!(tags(both), expected);
    assert_eq!(tags(json!({"Md5Support": false})), SegmentTags::default());
    let support = json!({"M3U8NonStandardSupport": {"TS": {"SizeSupport": true}}});
    refused(support, Code::NotSupported, "M3U8NonStandardSupport");
}
