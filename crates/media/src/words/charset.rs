//! What a file of subtitles is written in.

use reelgate_domain::job::kind::transcode::TextEncoding;

/// The text of a file that is marked as UTF-16, and is that. FFmpeg 5.1 loses characters of it.
pub(crate) fn utf16(bytes: &[u8]) -> Option<String> {
    let (rest, unit): (_, fn([u8; 2]) -> u16) = match bytes {
        [0xff, 0xfe, rest @ ..] => (rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => (rest, u16::from_be_bytes),
        _ => return None,
    };
    let (pairs, odd) = rest.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    String::from_utf16(&units).ok().filter(|_| odd.is_empty())
}

/// What FFmpeg calls the encoding of a file, nothing for UTF-8; or what is wrong with the file, to come after its name.
pub(crate) fn charset(
    bytes: &[u8],
    wanted: TextEncoding,
) -> Result<Option<&'static str>, &'static str> {
    let is_utf8 = std::str::from_utf8(bytes).is_ok();
    if is_utf8 && matches!(wanted, TextEncoding::Auto | TextEncoding::Utf8) {
        return Ok(None);
    }
    match wanted {
        TextEncoding::Auto => found(bytes).map(Some),
        TextEncoding::Utf8 => Err("is not in UTF-8"),
        TextEncoding::Gbk if low_share(bytes, is_gbk).is_none() => Err("is not in GBK"),
        TextEncoding::Big5 if low_share(bytes, is_big5).is_none() => Err("is not in Big5"),
        TextEncoding::Gbk => Ok(Some("GBK")),
        TextEncoding::Big5 => Ok(Some("BIG5")),
        // FFmpeg fails where these do not fit.
        TextEncoding::ShiftJis => Ok(Some("CP932")),
        TextEncoding::EucKr => Ok(Some("CP949")),
        TextEncoding::Windows1251 => Ok(Some("CP1251")),
        TextEncoding::Windows1252 => Ok(Some("CP1252")),
    }
}

/// Of what is not Unicode. Nearly all bytes fit encodings of one byte, so that those have to be said.
fn found(bytes: &[u8]) -> Result<&'static str, &'static str> {
    match (low_share(bytes, is_gbk), low_share(bytes, is_big5)) {
        // Simplified Chinese hardly ever has second bytes below 0x80, and a third of those of Big5 are.
        (Some(low), Some(_)) if low > 0.1 => Ok("BIG5"),
        (Some(_), _) => Ok("GBK"),
        (None, Some(_)) => Ok("BIG5"),
        (None, None) => {
            Err("is in none of UTF-8, UTF-16 with its mark, GBK and Big5: say its encoding")
        }
    }
}

/// Which share of the second bytes of characters is below 0x80, if all characters have one or two bytes that fit.
fn low_share(bytes: &[u8], fits: fn(u8, u8) -> bool) -> Option<f64> {
    let (mut pairs, mut low) = (0_u32, 0_u32);
    let mut rest = bytes;
    loop {
        rest = match rest {
            [] => break,
            [0..=0x7f, rest @ ..] => rest,
            [lead, trail, rest @ ..] if fits(*lead, *trail) => {
                pairs += 1;
                low += u32::from(*trail < 0x80);
                rest
            }
            _ => return None,
        };
    }
    Some(f64::from(low) / f64::from(pairs.max(1)))
}

const fn is_gbk(lead: u8, trail: u8) -> bool {
    matches!((lead, trail), (0x81..=0xfe, 0x40..=0x7e | 0x80..=0xfe))
}

const fn is_big5(lead: u8, trail: u8) -> bool {
    matches!((lead, trail), (0xa1..=0xf9, 0x40..=0x7e | 0xa1..=0xfe))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A subtitle of a word in these bytes.
    fn file(word: &[u8]) -> Vec<u8> {
        [b"1\n00:00:01,000 --> 00:00:02,000\n", word, b"\n"].concat()
    }

    #[test]
    fn encodings_are_told_apart_by_their_bytes() {
        // "Subtitles" in simplified and in traditional Chinese.
        let utf8 = "\u{5b57}\u{5e55}".as_bytes();
        let (gbk, big5) = ([0xd7, 0xd6, 0xc4, 0xbb], [0xa6, 0x72, 0xb9, 0xf5]);
        let auto = |word: &[u8]| charset(&file(word), TextEncoding::Auto);
        assert_eq!(auto(utf8), Ok(None));
        assert_eq!(auto(&gbk), Ok(Some("GBK")));
        assert_eq!(auto(&big5), Ok(Some("BIG5")));
        assert!(auto(&[0xff, 0xff]).is_err());
        // The word for coffee, as western Europe wrote it.
        assert!(auto(b"caf\xe9 !").is_err());
    }

    #[test]
    fn an_encoding_that_is_said_has_to_be_that_of_the_file() {
        let told = |word: &[u8], encoding| charset(&file(word), encoding);
        let (gbk, big5) = ([0xd7, 0xd6, 0xc4, 0xbb], [0xa6, 0x72, 0xb9, 0xf5]);
        assert_eq!(told(&gbk, TextEncoding::Gbk), Ok(Some("GBK")));
        assert_eq!(told(&big5, TextEncoding::Big5), Ok(Some("BIG5")));
        assert_eq!(told(&gbk, TextEncoding::Utf8), Err("is not in UTF-8"));
        assert_eq!(told(&[0x80, 0x20], TextEncoding::Gbk), Err("is not in GBK"));
        assert_eq!(
            told(b"caf\xe9 !", TextEncoding::Windows1252),
            Ok(Some("CP1252"))
        );
    }

    #[test]
    fn utf16_has_its_mark() {
        let units = "\u{feff}a\u{1f600}".encode_utf16();
        let mut wide: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
        assert_eq!(utf16(&wide).unwrap(), "a\u{1f600}");
        assert_eq!(utf16(&wide[2..]), None);
        wide.pop();
        assert_eq!(utf16(&wide), None);
        assert!(charset(&wide, TextEncoding::Auto).is_err());
    }
}
