//! Percent-encoding as the canonical request wants it, straight from the encoding of the wire.

use super::SignatureError;

/// Unreserved bytes, which stay as they are: letters, digits and `-_.~`.
const UNRESERVED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
        byte += 1;
    }
    table
};

/// Where the text stands, which decides about slashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Slashes separate segments, an encoded one too: the path is decoded before it is split.
    Path,
    /// Slashes are encoded like all else.
    Query,
}

/// Appends the text with each byte in its one spelling, however the wire had it. A plus sign stays one.
pub(super) fn recode(out: &mut Vec<u8>, wire: &[u8], place: Place) -> Result<(), SignatureError> {
    let mut rest = wire;
    while !rest.is_empty() {
        let plain = rest
            .iter()
            .position(|byte| !UNRESERVED[usize::from(*byte)])
            .unwrap_or(rest.len());
        out.extend_from_slice(&rest[..plain]);
        rest = &rest[plain..];
        let (byte, length) = match rest {
            [] => break,
            [b'%', ..] => (escaped(rest)?, 3),
            [byte, ..] => (*byte, 1),
        };
        rest = &rest[length..];
        if UNRESERVED[usize::from(byte)] || (byte == b'/' && place == Place::Path) {
            out.push(byte);
        } else {
            let digit = |value: u8| b"0123456789ABCDEF"[usize::from(value)];
            out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    Ok(())
}

/// The bytes that a percent-encoded text stands for; `None` where a percent sign stands for nothing.
pub fn decode(wire: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(wire.len());
    let mut rest = wire;
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        out.extend_from_slice(&rest[..at]);
        out.push(escaped(&rest[at..]).ok()?);
        rest = &rest[at + 3..];
    }
    out.extend_from_slice(rest);
    Some(out)
}

/// The bytes of a text that [`recode`] wrote, one after the other.
pub(super) fn decoded(canonical: &[u8]) -> impl Iterator<Item = u8> {
    let mut rest = canonical;
    std::iter::from_fn(move || {
        let (byte, length) = match rest {
            [] => return None,
            [b'%', ..] => (escaped(rest).ok()?, 3),
            [byte, ..] => (*byte, 1),
        };
        rest = &rest[length..];
        Some(byte)
    })
}

/// The byte that `%XX` at the start of the text stands for.
fn escaped(text: &[u8]) -> Result<u8, SignatureError> {
    match text {
        [_, high, low, ..] => Ok(hex_digit(*high)? << 4 | hex_digit(*low)?),
        _ => Err(SignatureError::Malformed),
    }
}

fn hex_digit(digit: u8) -> Result<u8, SignatureError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(SignatureError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn recoded(wire: &[u8], place: Place) -> Option<String> {
        let mut out = Vec::new();
        recode(&mut out, wire, place).ok()?;
        Some(String::from_utf8(out).unwrap())
    }

    #[test]
    fn each_byte_has_one_spelling() {
        let query = |wire: &str| recoded(wire.as_bytes(), Place::Query).unwrap();
        assert_eq!(query("AZaz09-_.~"), "AZaz09-_.~");
        assert_eq!(query("%41%7e%2d"), "A~-");
        assert_eq!(query("a b*+/%2f%2F"), "a%20b%2A%2B%2F%2F%2F");
        assert_eq!(query("é%c3%A9%FF"), "%C3%A9%C3%A9%FF");
        assert_eq!(recoded(b"/v1/a%2Fb+", Place::Path).unwrap(), "/v1/a/b%2B");
    }

    #[test]
    fn a_percent_sign_needs_two_hex_digits() {
        for wire in ["%", "%4", "a%", "%zz", "%4g", "%%41", "%+1"] {
            assert_eq!(recoded(wire.as_bytes(), Place::Query), None, "{wire}");
            assert_eq!(decode(wire.as_bytes()), None, "{wire}");
        }
    }

    proptest! {
        #[test]
        fn recoding_changes_no_byte(bytes in any::<Vec<u8>>()) {
            let wire: String = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
            let canonical = recoded(wire.as_bytes(), Place::Query).unwrap();
            prop_assert_eq!(decoded(canonical.as_bytes()).collect::<Vec<_>>(), bytes.clone());
            prop_assert_eq!(decode(wire.as_bytes()), Some(bytes));
            prop_assert_eq!(recoded(canonical.as_bytes(), Place::Query), Some(canonical.clone()));
        }

        #[test]
        fn near_misses_never_panic(wire in "[%+0-9a-fé/]{0,40}") {
            let _ = recoded(wire.as_bytes(), Place::Path);
            let _ = decode(wire.as_bytes());
        }
    }
}
