//! Master playlists, read.

use std::collections::BTreeMap;

/// A master playlist, in the order of its lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MasterPlaylist {
    pub variants: Vec<Variant>,
    /// The lines of `EXT-X-MEDIA` with a media playlist of their own.
    pub media: Vec<Variant>,
}

/// One line of choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// As written: percent-encoded, relative to the playlist.
    pub uri: String,
    /// Of `EXT-X-STREAM-INF` or `EXT-X-MEDIA`, without quotation marks.
    pub attributes: BTreeMap<String, String>,
}

/// Why a text is no master playlist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MasterError {
    #[error("line {line} has attributes that cannot be told apart")]
    BadAttributes { line: usize },
    #[error("the address in line {line} has no #EXT-X-STREAM-INF before it")]
    NoAttributes { line: usize },
    #[error("it names no media playlist")]
    NoVariant,
}

const VARIANT: &str = "#EXT-X-STREAM-INF:";
const MEDIA: &str = "#EXT-X-MEDIA:";

/// Whether a playlist names other playlists rather than segments.
pub fn is_master(text: &str) -> bool {
    text.lines().any(|line| line.starts_with(VARIANT))
}

impl MasterPlaylist {
    pub fn parse(text: &str) -> Result<Self, MasterError> {
        let mut master = Self::default();
        let mut waiting = None;
        for (index, line) in text.lines().enumerate() {
            let (line, number) = (line.trim(), index + 1);
            let bad = || MasterError::BadAttributes { line: number };
            if let Some(list) = line.strip_prefix(VARIANT) {
                waiting = Some(attributes(list).ok_or_else(bad)?);
            } else if let Some(list) = line.strip_prefix(MEDIA) {
                let mut attributes = attributes(list).ok_or_else(bad)?;
                let uri = attributes.remove("URI");
                master
                    .media
                    .extend(uri.map(|uri| Variant { uri, attributes }));
            } else if !line.is_empty() && !line.starts_with('#') {
                let missing = MasterError::NoAttributes { line: number };
                master.variants.push(Variant {
                    uri: line.to_owned(),
                    attributes: waiting.take().ok_or(missing)?,
                });
            }
        }
        match master.variants.is_empty() {
            true => Err(MasterError::NoVariant),
            false => Ok(master),
        }
    }
}

/// `A=1,B="x,y"`: commas in quotation marks are part of a value.
fn attributes(mut list: &str) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    while !list.is_empty() {
        let (name, rest) = list.split_once('=')?;
        let (value, rest) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (value, rest) = quoted.split_once('"')?;
                (value, rest.strip_prefix(',').unwrap_or(rest))
            }
            None => rest.split_once(',').unwrap_or((rest, "")),
        };
        found.insert(name.trim().to_owned(), value.to_owned());
        list = rest;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_write_is_read() {
        let text = crate::playlist::master_playlist(
            &[crate::playlist::Rendition {
                uri: "high.m3u8".to_owned(),
                bandwidth: 1_500_000,
                average_bandwidth: 1_000_000,
                resolution: Some((1280, 720)),
                fps: Some(25.0),
                codecs: "avc1.64001F,mp4a.40.2".to_owned(),
                fragmented: false,
            }],
            &[],
        );
        assert!(is_master(&text));
        let variant = &MasterPlaylist::parse(&text).unwrap().variants[0];
        assert_eq!(variant.uri, "high.m3u8");
        let value = |name: &str| variant.attributes[name].as_str();
        assert_eq!(value("BANDWIDTH"), "1500000");
        assert_eq!(value("CODECS"), "avc1.64001F,mp4a.40.2");
        assert_eq!(value("FRAME-RATE"), "25.000");
    }

    #[test]
    fn sound_of_its_own_is_named_once() {
        let text = "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"de, at\",URI=\"de.m3u8\"\n\
            #EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"a\"\nhigh.m3u8\n";
        let media = MasterPlaylist::parse(text).unwrap().media;
        assert_eq!((media.len(), media[0].uri.as_str()), (1, "de.m3u8"));
        assert_eq!(media[0].attributes["NAME"], "de, at");
        assert_eq!(media[0].attributes["GROUP-ID"], "a");
    }

    #[test]
    fn broken_ones_are_refused() {
        for (text, expected) in [
            ("#EXTM3U\n", MasterError::NoVariant),
            ("#EXTM3U\na.m3u8\n", MasterError::NoAttributes { line: 2 }),
            (
                "#EXTM3U\n#EXT-X-STREAM-INF:CODECS=\"a\n",
                MasterError::BadAttributes { line: 2 },
            ),
            (
                "#EXTM3U\n#EXT-X-STREAM-INF:x\n",
                MasterError::BadAttributes { line: 2 },
            ),
        ] {
            assert_eq!(MasterPlaylist::parse(text), Err(expected), "{text:?}");
        }
    }
}
