//! `encryption`: the segments of all outputs of a task in AES-128.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reelgate_domain::job::kind::transcode::{Encryption, Iv, SegmentKey, sixteen};

use super::off::asks_for_nothing;
use crate::errors::ApiError;
use crate::mpc::fields::Fields;

/// Takes it out of the body.
pub(super) fn take(body: &mut Fields) -> Result<Option<Encryption>, ApiError> {
    if body
        .members()
        .get("encryption")
        .is_some_and(asks_for_nothing)
    {
        body.value("encryption");
    }
    let Some(mut outer) = body.object("encryption")? else {
        return Ok(None);
    };
    let encryption = outer.object("hls_encrypt")?.map(read).transpose()?;
    outer.finish()?;
    Ok(encryption)
}

/// Players of AES-128 know nothing but CBC, whatever the documented default is.
fn read(mut part: Fields) -> Result<Encryption, ApiError> {
    match part.text("algorithm")?.as_deref() {
        None | Some("AES-128-CBC") => {}
        Some("AES-128-CTR" | "SM4CBC") => {
            let why = "must be AES-128-CBC: nothing else is made here";
            return Err(part.refuse("algorithm", why));
        }
        Some(_) => return Err(part.refuse("algorithm", "must be AES-128-CBC")),
    }
    let uri = part.text("url")?;
    let uri = uri.ok_or_else(|| part.refuse("url", "is missing"))?;
    let key = sixteen_of(&mut part, "key")?;
    let key = key.ok_or_else(|| part.refuse("key", "is missing"))?;
    let iv = sixteen_of(&mut part, "iv")?;
    let mut encryption = Encryption::with(key, uri);
    if !encryption.keys.iter().all(SegmentKey::has_plain_uri) {
        let why = "must be 1 to 2048 visible characters of ASCII without quotes";
        return Err(part.refuse("url", why));
    }
    part.finish()?;
    encryption.keys[0].iv = iv.map(Iv);
    Ok(encryption)
}

/// 16 bytes in Base64, which no answer repeats.
fn sixteen_of(part: &mut Fields, name: &str) -> Result<Option<[u8; 16]>, ApiError> {
    let Some(text) = part.text(name)? else {
        return Ok(None);
    };
    match sixteen(&text) {
        Some(bytes) => Ok(Some(bytes)),
        None if STANDARD.decode(&text).is_ok() => {
            Err(part.refuse(name, "must be 128 bits, that is 16 bytes, in Base64"))
        }
        None => Err(part.refuse(name, "must be in Base64")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODw==";

    fn take(text: &str) -> Result<Option<Encryption>, ApiError> {
        let mut body = Fields::body(text.as_bytes())?;
        let taken = super::take(&mut body)?;
        body.finish()?;
        Ok(taken)
    }

    fn member(text: &str) -> Result<Option<Encryption>, ApiError> {
        take(&format!(
            r#"{{"encryption":{{"hls_encrypt":{{"key":"{KEY}","url":"https://k.example/a"{text}}}}}}}"#
        ))
    }

    #[test]
    fn keys_are_read_and_cbc_is_what_is_made() {
        for text in ["", r#","algorithm":"AES-128-CBC""#] {
            let key = std::array::from_fn(|at| at as u8);
            let expected = Encryption::with(key, "https://k.example/a");
            assert_eq!(member(text).unwrap(), Some(expected), "{text}");
        }
        let with_iv = member(&format!(r#","iv":"{KEY}""#)).unwrap().unwrap();
        let iv = with_iv.keys[0].iv.unwrap().to_string();
        assert_eq!(iv, "000102030405060708090a0b0c0d0e0f");
        for nothing in [
            "{}",
            r#"{"encryption":null}"#,
            r#"{"encryption":{}}"#,
            r#"{"encryption":{"hls_encrypt":null}}"#,
        ] {
            assert_eq!(take(nothing).unwrap(), None, "{nothing}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_and_keys_are_not_repeated() {
        for (hls_encrypt, name) in [
            (r#"{"key":"c2VjcmV0","url":"u"}"#, "key"),
            (r#"{"key":"secret","url":"u"}"#, "key"),
            (r#"{"url":"u"}"#, "key"),
            (&*format!(r#"{{"key":"{KEY}"}}"#), "url"),
            (
                &*format!(r#"{{"key":"{KEY}","url":"u","iv":"secret"}}"#),
                "iv",
            ),
            (
                &*format!(r#"{{"key":"{KEY}","url":"u","algorithm":"SM4CBC"}}"#),
                "algorithm",
            ),
            (
                &*format!(r#"{{"key":"{KEY}","url":"u","algorithm":"AES-128-CTR"}}"#),
                "algorithm",
            ),
            (&*format!(r#"{{"key":"{KEY}","url":"u","x":1}}"#), "x"),
            (&*format!(r#"{{"key":"{KEY}","url":"a b"}}"#), "url"),
            (&*format!(r#"{{"key":"{KEY}","url":"a\"b"}}"#), "url"),
            (
                &*format!(r#"{{"key":"{KEY}","url":"{}"}}"#, "u".repeat(2049)),
                "url",
            ),
        ] {
            let text = format!(r#"{{"encryption":{{"hls_encrypt":{hls_encrypt}}}}}"#);
            let error = take(&text).unwrap_err();
            assert_eq!(error.code(), "MPC.10202");
            let begin = format!("Invalid request parameter, encryption.hls_encrypt.{name} ");
            assert!(error.message().starts_with(&begin), "{error}");
            assert!(!error.message().contains("secret"), "{error}");
        }
    }
}
