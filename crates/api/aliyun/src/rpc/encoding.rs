//! Percent-encoding as the signatures want it, and the decoding of queries and form bodies.

/// A query or form body that is not percent-encoded UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("a percent sign is not followed by two hex digits")]
    Percent,
    #[error("the decoded bytes are not UTF-8")]
    Utf8,
}

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

/// What each byte is encoded to, one after the other: a prefix and two upper-case hex digits.
const fn escapes<const WIDTH: usize, const LENGTH: usize>(prefix: &[u8]) -> [u8; LENGTH] {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut escapes = [0; LENGTH];
    let mut byte = 0;
    while byte < 256 {
        let start = byte * WIDTH;
        let mut at = 0;
        while at < prefix.len() {
            escapes[start + at] = prefix[at];
            at += 1;
        }
        escapes[start + at] = DIGITS[byte >> 4];
        escapes[start + at + 1] = DIGITS[byte & 15];
        byte += 1;
    }
    escapes
}

const fn as_text(bytes: &'static [u8]) -> &'static str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("escapes are text"),
    }
}

/// Encoded once, and once more.
const ONCE: &str = as_text(&escapes::<3, { 3 * 256 }>(b"%"));
const TWICE: &str = as_text(&escapes::<5, { 5 * 256 }>(b"%25"));

/// Encodes every byte outside the unreserved set as `%XX` in upper case; a space is `%20`.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 2);
    encode_into(&mut out, text);
    out
}

/// Appends the encoded text.
pub fn encode_into(out: &mut String, text: &str) {
    escape_into(out, text, ONCE, 3);
}

/// Appends the text encoded twice, in one pass: what the first round writes as `%XX`, the second writes as `%25XX`.
pub fn encode_twice_into(out: &mut String, text: &str) {
    escape_into(out, text, TWICE, 5);
}

#[inline]
fn escape_into(out: &mut String, text: &str, escapes: &str, width: usize) {
    let bytes = text.as_bytes();
    let mut copied = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if UNRESERVED[usize::from(*byte)] {
            continue;
        }
        // A run of unreserved bytes is ASCII, so its ends are character boundaries; between the bytes of one
        // character there is no run, and slicing there would panic.
        if copied < at {
            out.push_str(&text[copied..at]);
        }
        let escape = width * usize::from(*byte);
        out.push_str(&escapes[escape..escape + width]);
        copied = at + 1;
    }
    out.push_str(&text[copied..]);
}

/// Decodes one name or value; `+` and `%20` both are a space, because SDKs send either.
pub fn decode(encoded: &[u8]) -> Result<String, DecodeError> {
    let mut out = Vec::with_capacity(encoded.len());
    decode_into(&mut out, encoded)?;
    String::from_utf8(out).map_err(|_invalid| DecodeError::Utf8)
}

/// Appends the decoded bytes, which are UTF-8 by themselves.
pub fn decode_into(out: &mut Vec<u8>, encoded: &[u8]) -> Result<(), DecodeError> {
    let start = out.len();
    let mut rest = encoded;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'%' | b'+')) {
        out.extend_from_slice(&rest[..at]);
        let (byte, length) = match &rest[at..] {
            [b'+', ..] => (b' ', 1),
            [_, high, low, ..] => (hex_digit(*high)? << 4 | hex_digit(*low)?, 3),
            _ => return Err(DecodeError::Percent),
        };
        out.push(byte);
        rest = &rest[at + length..];
    }
    out.extend_from_slice(rest);
    match std::str::from_utf8(&out[start..]) {
        Ok(_) => Ok(()),
        Err(_invalid) => Err(DecodeError::Utf8),
    }
}

fn hex_digit(digit: u8) -> Result<u8, DecodeError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(DecodeError::Percent),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn encodes_all_but_the_unreserved_set() {
        assert_eq!(encode("j 1+*~/é"), "j%201%2B%2A~%2F%C3%A9");
        assert_eq!(encode("AZaz09-_.~"), "AZaz09-_.~");
        assert_eq!(encode("!'()"), "%21%27%28%29");
        assert_eq!(encode("😀"), "%F0%9F%98%80");
    }

    #[test]
    fn decodes_both_spellings_of_a_space_and_raw_characters() {
        assert_eq!(
            decode(b"j+1%20%2B%2a~%2F%C3%A9").as_deref(),
            Ok("j 1 +*~/é")
        );
        assert_eq!(decode(b"*()!'").as_deref(), Ok("*()!'"));
        assert_eq!(decode("é".as_bytes()).as_deref(), Ok("é"));
    }

    #[test]
    fn refuses_broken_escapes_and_bytes_that_are_no_text() {
        for broken in ["%", "%4", "a%", "%zz", "%4g", "%%41", "%+1"] {
            assert_eq!(
                decode(broken.as_bytes()),
                Err(DecodeError::Percent),
                "{broken}"
            );
        }
        assert_eq!(decode(b"%C3"), Err(DecodeError::Utf8));
        assert_eq!(decode(b"\xff"), Err(DecodeError::Utf8));
    }

    #[test]
    fn a_character_cannot_be_put_together_from_two_pieces() {
        let mut out = Vec::new();
        assert_eq!(decode_into(&mut out, b"a"), Ok(()));
        assert_eq!(decode_into(&mut out, b"%C3"), Err(DecodeError::Utf8));
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_back(text in any::<String>()) {
            let encoded = encode(&text);
            prop_assert_eq!(decode(encoded.as_bytes()), Ok(text));
        }

        #[test]
        fn encoding_twice_in_one_pass_equals_two_passes(text in any::<String>()) {
            let mut once = String::new();
            encode_twice_into(&mut once, &text);
            prop_assert_eq!(once, encode(&encode(&text)));
        }

        #[test]
        fn decoding_never_panics(bytes in any::<Vec<u8>>()) {
            let _ = decode(&bytes);
        }

        #[test]
        fn decoding_near_misses_never_panics(text in "[%+0-9a-fé=&]{0,40}") {
            let _ = decode(text.as_bytes());
        }
    }
}
