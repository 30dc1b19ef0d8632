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
    // Hardly anything else comes to be UTF-8 by chance.
    if is_utf8 && !bytes.is_ascii() {
        return Err("is in UTF-8, and not in the encoding that is said");
    }
    match wanted {
        TextEncoding::Auto => found(bytes).map(Some).ok_or(UNKNOWN),
        TextEncoding::Utf8 => Err("is not in UTF-8"),
        TextEncoding::Gbk if pairs(bytes, is_gbk).is_none() => Err("is not in GBK"),
        TextEncoding::Big5 if pairs(bytes, is_big5).is_none() => Err("is not in Big5"),
        TextEncoding::Gbk => Ok(Some("GBK")),
        TextEncoding::Big5 => Ok(Some("BIG5")),
        // FFmpeg fails where these do not fit.
        TextEncoding::ShiftJis => Ok(Some("CP932")),
        TextEncoding::EucKr => Ok(Some("CP949")),
        TextEncoding::Windows1251 => Ok(Some("CP1251")),
        TextEncoding::Windows1252 => Ok(Some("CP1252")),
    }
}

const UNKNOWN: &str =
    "is in none of UTF-8, UTF-16 with its mark, GBK and Big5 for certain: say its encoding";

/// Of what is not Unicode. Nearly all bytes fit encodings of one byte, and Japanese and Korean ones fit GBK, so that
/// those have to be said.
fn found(bytes: &[u8]) -> Option<&'static str> {
    // All that fits Big5 fits GBK.
    let gbk = pairs(bytes, is_gbk)?;
    // Simplified Chinese hardly ever has second bytes below 0x80, and a third of those of Big5 are.
    let is_low = share(&gbk, |(_, trail)| trail < 0x80) > 0.1;
    match is_low && pairs(bytes, is_big5).is_some() {
        true => Some("BIG5"),
        false => is_simplified(&gbk).then_some("GBK"),
    }
}

/// Whether pairs that fit GBK are simplified Chinese.
fn is_simplified(pairs: &[(u8, u8)]) -> bool {
    // Most characters of Shift JIS begin below, where GBK keeps what is rare.
    let common = share(pairs, |(lead, trail)| lead > 0xa0 && trail > 0xa0);
    // The syllables of Japanese in EUC, which GBK has in the same place.
    let kana = share(pairs, |(lead, _)| matches!(lead, 0xa4 | 0xa5));
    // Syllables of Korean end at 0xc8; of Chinese characters, sorted by sound, nearly half come after.
    let characters: Vec<(u8, u8)> = pairs.iter().copied().filter(|it| it.0 >= 0xb0).collect();
    let late = share(&characters, |(lead, _)| lead > 0xc8);
    common > 0.8 && kana < 0.2 && late > 0.1
}

fn share(pairs: &[(u8, u8)], is: impl Fn((u8, u8)) -> bool) -> f64 {
    let some = pairs.iter().filter(|pair| is(**pair)).count();
    some as f64 / pairs.len().max(1) as f64
}

/// The characters of two bytes, if all have one that is ASCII or two that fit.
fn pairs(bytes: &[u8], fits: fn(u8, u8) -> bool) -> Option<Vec<(u8, u8)>> {
    let mut pairs = Vec::new();
    let mut rest = bytes;
    loop {
        rest = match rest {
            [] => return Some(pairs),
            [0..=0x7f, rest @ ..] => rest,
            [lead, trail, rest @ ..] if fits(*lead, *trail) => {
                pairs.push((*lead, *trail));
                rest
            }
            _ => return None,
        };
    }
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
        // "Hello, world" in Japanese, in its two encodings, and "hello" in Korean.
        let shift_jis = b"\x82\xb1\x82\xf1\x82\xc9\x82\xbf\x82\xcd\x81\x41\x90\xa2\x8a\x45";
        let euc_jp = b"\xa4\xb3\xa4\xf3\xa4\xcb\xa4\xc1\xa4\xcf\xa1\xa2\xc0\xa4\xb3\xa6";
        let euc_kr = b"\xbe\xc8\xb3\xe7\xc7\xcf\xbc\xbc\xbf\xe4";
        for word in [&shift_jis[..], euc_jp, euc_kr] {
            assert_eq!(auto(word), Err(UNKNOWN), "{word:x?}");
        }
        // "We begin now" in simplified Chinese.
        let more = b"\xce\xd2\xc3\xc7\xcf\xd6\xd4\xda\xbf\xaa\xca\xbc";
        assert_eq!(auto(more), Ok(Some("GBK")));
    }

    #[test]
    fn an_encoding_that_is_said_has_to_be_that_of_the_file() {
        let told = |word: &[u8], encoding| charset(&file(word), encoding);
        let (gbk, big5) = ([0xd7, 0xd6, 0xc4, 0xbb], [0xa6, 0x72, 0xb9, 0xf5]);
        assert_eq!(told(&gbk, TextEncoding::Gbk), Ok(Some("GBK")));
        assert_eq!(told(&big5, TextEncoding::Big5), Ok(Some("BIG5")));
        assert_eq!(told(&gbk, TextEncoding::Utf8), Err("is not in UTF-8"));
        let utf8 = "\u{5b57}\u{5e55}".as_bytes();
        for encoding in [
            TextEncoding::Gbk,
            TextEncoding::Big5,
            TextEncoding::ShiftJis,
        ] {
            assert!(told(utf8, encoding).unwrap_err().starts_with("is in UTF-8"));
        }
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
