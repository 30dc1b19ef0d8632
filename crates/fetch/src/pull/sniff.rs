//! What the first bytes of something say that it is.

/// How many bytes are looked at.
pub const HEAD_BYTES: usize = 4096;

/// What something begins like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Html,
    Xml,
    Json,
    /// A list of media files, such as an HLS playlist, and no media itself.
    Playlist,
    Text,
    Archive,
    Document,
    Program,
    Image,
    /// Audio or video in a container that is known by its first bytes.
    Media,
    /// Anything else: a closer look has to tell.
    Unknown,
}

impl Kind {
    /// Whether it may hold audio, video or pictures.
    pub fn may_be_media(self) -> bool {
        matches!(self, Self::Image | Self::Media | Self::Unknown)
    }

    /// With its article, for messages.
    pub fn described(self) -> &'static str {
        match self {
            Self::Html => "an HTML page",
            Self::Xml => "an XML document",
            Self::Json => "a JSON document",
            Self::Playlist => "a playlist",
            Self::Text => "a text",
            Self::Archive => "an archive",
            Self::Document => "a document",
            Self::Program => "a program",
            Self::Image => "a picture",
            Self::Media => "a media file",
            Self::Unknown => "something unknown",
        }
    }
}

/// Says what something is that begins like this: up to `HEAD_BYTES`, or all there is if that is less.
pub fn sniff(head: &[u8]) -> Kind {
    signature(head).unwrap_or_else(|| match as_text(head) {
        Some(text) => text_kind(&text),
        None => Kind::Unknown,
    })
}

/// Formats that are known by fixed bytes.
fn signature(head: &[u8]) -> Option<Kind> {
    let at = |offset: usize, magic: &[u8]| {
        head.get(offset..)
            .is_some_and(|rest| rest.starts_with(magic))
    };
    let riff = at(0, b"RIFF") || at(0, b"RF64");
    let kind = if at(4, b"ftyp") || at(4, b"moov") || at(4, b"mdat") && head.len() > 8 {
        match head.get(8..12) {
            Some(b"avif" | b"heic" | b"heix" | b"mif1") => Kind::Image,
            _ => Kind::Media,
        }
    } else if riff && at(8, b"WEBP") {
        Kind::Image
    } else if riff && (at(8, b"AVI ") || at(8, b"WAVE"))
        || at(0, b"\x1a\x45\xdf\xa3")
        || at(0, b"FLV\x01")
        || at(0, b"OggS")
        || at(0, b"fLaC")
        || at(0, b"ID3")
        || at(0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11")
        || at(0, b".RMF")
        || at(0, b"\x06\x0e\x2b\x34\x02\x05\x01\x01")
        || at(0, b"\x00\x00\x01\xba")
        || at(0, b"\x00\x00\x01\xb3")
        || at(0, b"#!AMR")
        || at(0, b"FORM") && (at(8, b"AIFF") || at(8, b"AIFC"))
        || is_transport_stream(head)
    {
        Kind::Media
    } else if at(0, b"\xff\xd8\xff")
        || at(0, b"\x89PNG\r\n\x1a\n")
        || at(0, b"GIF87a")
        || at(0, b"GIF89a")
        || at(0, b"II*\0")
        || at(0, b"MM\0*")
    {
        Kind::Image
    } else if at(0, b"PK\x03\x04")
        || at(0, b"PK\x05\x06")
        || at(0, b"\x1f\x8b\x08")
        || at(0, b"7z\xbc\xaf\x27\x1c")
        || at(0, b"Rar!\x1a\x07")
        || at(0, b"BZh") && at(4, b"1AY&SY")
        || at(0, b"\xfd7zXZ\0")
        || at(0, b"\x28\xb5\x2f\xfd")
        || at(257, b"ustar")
    {
        Kind::Archive
    } else if at(0, b"%PDF-") || at(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        Kind::Document
    } else if at(0, b"\x7fELF") || is_windows_program(head) {
        Kind::Program
    } else {
        return None;
    };
    Some(kind)
}

/// Packets of 188 bytes, or of 192 with a time before each, of which each begins with a G.
fn is_transport_stream(head: &[u8]) -> bool {
    [(0, 188), (4, 192), (0, 204)]
        .into_iter()
        .any(|(first, length)| {
            let packets = head.get(first..).unwrap_or_default().chunks(length).take(4);
            packets.len() == 4 && packets.into_iter().all(|packet| packet[0] == b'G')
        })
}

/// Two letters alone would be too little to refuse something for.
fn is_windows_program(head: &[u8]) -> bool {
    let offset = head
        .starts_with(b"MZ")
        .then(|| head.get(0x3c..0x40))
        .flatten();
    let offset = offset.and_then(|bytes| bytes.try_into().ok().map(u32::from_le_bytes));
    offset
        .and_then(|offset| head.get(offset as usize..))
        .is_some_and(|rest| rest.starts_with(b"PE\0\0"))
}

/// As a text, if it is one.
fn as_text(head: &[u8]) -> Option<String> {
    let wide = |read: fn([u8; 2]) -> u16, rest: &[u8]| {
        let units: Vec<u16> = rest
            .chunks_exact(2)
            .map(|it| read([it[0], it[1]]))
            .collect();
        String::from_utf16_lossy(&units)
    };
    let text = match head {
        [0xff, 0xfe, rest @ ..] => wide(u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => wide(u16::from_be_bytes, rest),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => {
            let valid = match std::str::from_utf8(head) {
                Ok(text) => text,
                // The last character may be cut.
                Err(error) if error.error_len().is_none() => {
                    std::str::from_utf8(&head[..error.valid_up_to()]).ok()?
                }
                // Pages in older encodings: their markup is ASCII.
                Err(_) => return old_page(head),
            };
            valid.to_owned()
        }
    };
    let is_text = text
        .chars()
        .all(|it| !it.is_control() || matches!(it, '\t' | '\n' | '\r' | '\x0c' | '\x1b'));
    is_text.then_some(text)
}

/// Markup in an encoding that is not UTF-8.
fn old_page(head: &[u8]) -> Option<String> {
    let text: String = head.iter().map(|byte| char::from(*byte)).collect();
    let is_markup = matches!(text_kind(&text), Kind::Html | Kind::Xml);
    is_markup.then_some(text)
}

fn text_kind(text: &str) -> Kind {
    let mut text = text.trim_start();
    let mut kind = Kind::Text;
    if text.starts_with("#EXTM3U") || text.starts_with("[playlist]") {
        return Kind::Playlist;
    }
    // A declaration or comments may stand before what tells.
    loop {
        if begins(text, "<?xml") {
            kind = Kind::Xml;
            text = after(text, "?>");
        } else if begins(text, "<!--") {
            kind = Kind::Xml;
            text = after(text, "-->");
        } else {
            break;
        }
    }
    let is_page = [
        "<!doctype html",
        "<html",
        "<head",
        "<body",
        "<script",
        "<title",
        "<meta",
    ]
    .into_iter()
    .any(|tag| begins(text, tag));
    let is_markup = text.starts_with('<')
        && text[1..].starts_with(|it: char| it.is_ascii_alphabetic() || it == '!');
    match text.chars().next() {
        _ if is_page => Kind::Html,
        _ if is_markup => Kind::Xml,
        Some('{' | '[') => Kind::Json,
        _ => kind,
    }
}

fn begins(text: &str, with: &str) -> bool {
    let start = text.as_bytes().get(..with.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(with.as_bytes()))
}

fn after<'a>(text: &'a str, end: &str) -> &'a str {
    let rest = text.find(end).map_or("", |at| &text[at + end.len()..]);
    rest.trim_start()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn first_bytes_tell_what_is_no_media() {
        let windows_1252 = b"<html><title>caf\xe9</title>";
        let utf_16 = b"\xff\xfe<\0h\0t\0m\0l\0>\0";
        for (head, kind) in [
            (&b"<!DOCTYPE html><html>"[..], Kind::Html),
            (b"\xef\xbb\xbf\r\n  <HTML lang=en>", Kind::Html),
            (b"<!-- hello --><html>", Kind::Html),
            (b"<?xml version='1.0'?><html xmlns='x'>", Kind::Html),
            (windows_1252, Kind::Html),
            (utf_16, Kind::Html),
            (
                b"<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code>",
                Kind::Xml,
            ),
            (b"<Error><Code>AccessDenied</Code></Error>", Kind::Xml),
            (b"{\"error\": 1}", Kind::Json),
            (b"[1, 2]", Kind::Json),
            (b"#EXTM3U\n#EXT-X-VERSION:3\n", Kind::Playlist),
            (b"not found", Kind::Text),
            ("文件不存在".as_bytes(), Kind::Text),
            (&"文件不存在".as_bytes()[..13], Kind::Text),
            (b"PK\x03\x04\x14\0", Kind::Archive),
            (b"\x1f\x8b\x08\0\0\0", Kind::Archive),
            (b"%PDF-1.7\n", Kind::Document),
            (b"\x7fELF\x02\x01", Kind::Program),
        ] {
            assert_eq!(sniff(head), kind, "{:?}", String::from_utf8_lossy(head));
            assert!(!kind.may_be_media());
        }
    }

    #[test]
    fn media_and_what_may_be_media_pass() {
        let mut packets = vec![0xff; 188 * 5];
        packets.iter_mut().step_by(188).for_each(|it| *it = b'G');
        for (head, kind) in [
            (&b"\0\0\0\x20ftypisom\0\0\x02\0"[..], Kind::Media),
            (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01", Kind::Media),
            (b"FLV\x01\x05\0\0\0\x09", Kind::Media),
            (b"RIFF\x24\0\0\0WAVEfmt ", Kind::Media),
            (b"OggS\0\x02", Kind::Media),
            (&packets, Kind::Media),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", Kind::Image),
            (b"\x89PNG\r\n\x1a\n\0\0", Kind::Image),
            // A frame of MP3 without tags, and noise.
            (b"\xff\xfb\x90\x64\0\x0f\xf0\0", Kind::Unknown),
            (b"MZ\x90\0", Kind::Unknown),
            (b"\0\x01\x02\x03", Kind::Unknown),
        ] {
            assert_eq!(sniff(head), kind, "{head:?}");
            assert!(kind.may_be_media());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_something(head in proptest::collection::vec(any::<u8>(), 0..300)) {
            sniff(&head);
        }
    }
}
