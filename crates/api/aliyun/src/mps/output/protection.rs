//! `Encryption` and `M3U8NonStandardSupport`: what is done with the segments of a playlist.
//!
//! The vendor does not document what its playlists say of segments, nor whether it asks the key's address: see
//! `docs/mps.md`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reelgate_domain::job::kind::transcode::{
    Container, Encryption, SegmentKey, SegmentTags, sixteen,
};
use serde_json::{Map, Value};

use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::Fields;

/// Takes both out of the fields of an output in this container.
pub(super) fn read(
    fields: &mut Fields<'_>,
    container: Container,
) -> Result<(Option<Encryption>, SegmentTags), Refusal> {
    let is_hls = matches!(container, Container::Hls { .. });
    let encryption = match fields.object("Encryption")? {
        Some(_) if !is_hls => return fields.refuse(Code::EncryptionContainer, "Encryption"),
        part => part.map(encryption).transpose()?,
    };
    let tags = tags(fields.object("M3U8NonStandardSupport")?)?;
    if tags.is_any() && !is_hls {
        return fields.refuse(Code::NotSupported, "M3U8NonStandardSupport");
    }
    Ok((encryption, tags))
}

/// Nobody has to keep a key that is sealed with the job: not even as a part of what was asked for.
pub(super) fn without_key(request: &mut Map<String, Value>) {
    if let Some(Value::Object(encryption)) = request.get_mut("Encryption") {
        encryption.shift_remove("Key");
    }
}

fn encryption(mut part: Fields<'_>) -> Result<Encryption, Refusal> {
    let kind = part.required("Type")?;
    if !kind.eq_ignore_ascii_case("hls-aes-128") {
        return part.refuse(Code::NotSupported, "Type");
    }
    part.only("KeyType", "Base64")?;
    let key = part.required("Key")?;
    let Some(key) = sixteen(key.trim()) else {
        return part.refuse(wrong(&key), "Key");
    };
    let uri = part.required("KeyUri")?;
    let Ok(bytes) = STANDARD.decode(uri.trim()) else {
        return part.refuse(Code::Base64Format, "KeyUri");
    };
    let Ok(uri) = String::from_utf8(bytes) else {
        return part.refuse(Code::Invalid, "KeyUri");
    };
    let encryption = Encryption::with(key, uri);
    if !encryption.keys.iter().all(SegmentKey::has_plain_uri) {
        return part.refuse(Code::Invalid, "KeyUri");
    }
    part.finish()?;
    Ok(encryption)
}

/// What is Base64 is a key of another length.
fn wrong(key: &str) -> Code {
    match STANDARD.decode(key.trim()) {
        Ok(_) => Code::Invalid,
        Err(_) => Code::Base64Format,
    }
}

fn tags(part: Option<Fields<'_>>) -> Result<SegmentTags, Refusal> {
    let Some(mut part) = part else {
        return Ok(SegmentTags::default());
    };
    let mut tags = SegmentTags::default();
    if let Some(mut segments) = part.object("TS")? {
        tags.md5 = segments.flag("Md5Support")?;
        tags.size = segments.flag("SizeSupport")?;
        segments.finish()?;
    }
    part.finish()?;
    Ok(tags)
}
