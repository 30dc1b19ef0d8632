//! Media playlists of the form we write.

/// A finished media playlist.
#[derive(Clone, Debug, PartialEq)]
pub struct MediaPlaylist {
    pub target_seconds: u32,
    /// The init segment of fragmented MP4.
    pub init: Option<String>,
    pub segments: Vec<Segment>,
}

/// One segment of a media playlist.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// As written: percent-encoded, relative to the playlist.
    pub uri: String,
    pub seconds: f64,
}

/// Why a text is not a playlist of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaylistError {
    #[error("it does not start with #EXTM3U")]
    NoHeader,
    #[error("line {line} has no valid {tag}")]
    BadTag { line: usize, tag: &'static str },
    #[error("the address in line {line} has no #EXTINF before it")]
    NoDuration { line: usize },
    #[error("it has no #EXT-X-TARGETDURATION")]
    NoTarget,
    #[error("it names no segment")]
    NoSegment,
    #[error("it has no #EXT-X-ENDLIST")]
    Unfinished,
}

impl MediaPlaylist {
    pub fn parse(text: &str) -> Result<Self, PlaylistError> {
        let mut lines = text.lines().enumerate();
        if lines.next().map(|(_, line)| line.trim_end()) != Some("#EXTM3U") {
            return Err(PlaylistError::NoHeader);
        }
        let (mut target, mut init, mut segments) = (None, None, Vec::new());
        let (mut duration, mut ended) = (None, false);
        for (index, line) in lines {
            let bad = |tag| PlaylistError::BadTag {
                line: index + 1,
                tag,
            };
            let line = line.trim();
            if let Some(value) = line.strip_prefix("#EXT-X-TARGETDURATION:") {
                target = Some(value.parse().map_err(|_| bad("EXT-X-TARGETDURATION"))?);
            } else if let Some(value) = line.strip_prefix("#EXTINF:") {
                let number = value.split(',').next().unwrap_or_default();
                duration = Some(seconds(number).ok_or_else(|| bad("EXTINF"))?);
            } else if let Some(value) = line.strip_prefix("#EXT-X-MAP:") {
                init = Some(map_uri(value).ok_or_else(|| bad("EXT-X-MAP"))?.to_owned());
            } else if line == "#EXT-X-ENDLIST" {
                ended = true;
            } else if !line.is_empty() && !line.starts_with('#') {
                let seconds = duration
                    .take()
                    .ok_or(PlaylistError::NoDuration { line: index + 1 })?;
                segments.push(Segment {
                    uri: line.to_owned(),
                    seconds,
                });
            }
        }
        if segments.is_empty() {
            return Err(PlaylistError::NoSegment);
        }
        if !ended {
            return Err(PlaylistError::Unfinished);
        }
        Ok(Self {
            target_seconds: target.ok_or(PlaylistError::NoTarget)?,
            init,
            segments,
        })
    }

    /// The length of the whole.
    pub fn seconds(&self) -> f64 {
        self.segments.iter().map(|segment| segment.seconds).sum()
    }
}

/// A length. Rust also reads signs, `inf` and `NaN`, none of which is one.
fn seconds(text: &str) -> Option<f64> {
    let digits = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    text.parse()
        .ok()
        .filter(|seconds: &f64| text.bytes().all(digits) && seconds.is_finite())
}

fn map_uri(attributes: &str) -> Option<&str> {
    let (_, rest) = attributes.split_once("URI=\"")?;
    rest.split_once('"').map(|(uri, _)| uri)
}

/// Two playlists whose segments do not start at the same times.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "segment {segment} starts at {first_seconds:.3} s in {first} and at {second_seconds:.3} s in {second}"
)]
pub struct Misaligned {
    pub first: String,
    pub second: String,
    /// Counted from 1. One past the last of the shorter playlist if only their ends differ.
    pub segment: usize,
    pub first_seconds: f64,
    pub second_seconds: f64,
}

/// Whether players can change between two renditions at every segment: all start within half a
/// frame of each other. Names stand for the playlists in the error.
pub fn segments_align(
    first: (&str, &MediaPlaylist),
    second: (&str, &MediaPlaylist),
    frame_seconds: f64,
) -> Result<(), Misaligned> {
    let (starts, others) = (boundaries(first.1), boundaries(second.1));
    let misaligned = |index: usize| Misaligned {
        first: first.0.to_owned(),
        second: second.0.to_owned(),
        segment: index + 1,
        first_seconds: starts.get(index).or(starts.last()).copied().unwrap_or(0.0),
        second_seconds: others.get(index).or(others.last()).copied().unwrap_or(0.0),
    };
    let differs = |(a, b): (&f64, &f64)| (a - b).abs() >= frame_seconds / 2.0;
    // The last boundary is an end: renditions may end a frame or a burst of sound apart.
    let inner = starts.len().min(others.len()) - 1;
    let pairs = || starts.iter().zip(&others).take(inner);
    if let Some(index) = pairs().position(differs) {
        return Err(misaligned(index));
    }
    if starts.len() != others.len() {
        return Err(misaligned(inner));
    }
    Ok(())
}

/// The start of every segment, and the end of the last.
fn boundaries(playlist: &MediaPlaylist) -> Vec<f64> {
    let mut at = 0.0;
    let mut boundaries = vec![at];
    for segment in &playlist.segments {
        at += segment.seconds;
        boundaries.push(at);
    }
    boundaries
}

/// The number of the first segment of a playlist.
pub(crate) fn first_number(text: &str) -> u64 {
    let number = |line: &str| {
        line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:")?
            .trim()
            .parse()
            .ok()
    };
    text.lines().find_map(number).unwrap_or(0)
}

/// A playlist of the muxer of segments, with the tags that the muxer of playlists writes.
pub(crate) fn completed(text: &str) -> String {
    let mut completed = String::with_capacity(text.len() + 64);
    for line in text.lines() {
        let line = match line {
            "#EXT-X-VERSION:3" => "#EXT-X-VERSION:6",
            "#EXT-X-MEDIA-SEQUENCE:0" => "#EXT-X-MEDIA-SEQUENCE:1",
            "#EXT-X-ALLOW-CACHE:YES" => "#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS",
            other => other,
        };
        completed.extend([line, "\n"]);
    }
    completed
}

/// The playlist with further lines before those of each segment, which begin with its length.
pub(crate) fn with_lines(text: &str, lines: &[Vec<String>]) -> String {
    let mut lines = lines.iter();
    let mut written = String::with_capacity(text.len());
    for line in text.lines() {
        if line.starts_with("#EXTINF:") {
            for further in lines.next().into_iter().flatten() {
                written.extend([further, "\n"]);
            }
        }
        written.extend([line, "\n"]);
    }
    written
}

/// The playlist with file names that start with `stem` instead of `scratch`, as valid addresses.
pub(crate) fn renamed(text: &str, scratch: &str, stem: &str) -> String {
    let stem = encoded(stem);
    let mut renamed = String::with_capacity(text.len());
    for line in text.lines() {
        let map = line.strip_prefix("#EXT-X-MAP:URI=\"");
        if let Some(rest) = map.and_then(|uri| uri.strip_prefix(scratch)) {
            renamed.extend(["#EXT-X-MAP:URI=\"", &stem, rest]);
        } else if let Some(rest) = line.strip_prefix(scratch) {
            renamed.extend([&stem, rest]);
        } else {
            renamed.push_str(line);
        }
        renamed.push('\n');
    }
    renamed
}

/// Percent-encodes all but what stands for itself everywhere in an address (RFC 3986, 2.3).
pub(crate) fn encoded(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n\
        #EXT-X-MAP:URI=\"out-init.mp4\"\n#EXTINF:2.002000,\nout-00001.m4s\n\
        #EXTINF:1.5,\nout-00002.m4s\n#EXT-X-ENDLIST\n";

    fn playlist(seconds: &[f64]) -> MediaPlaylist {
        MediaPlaylist {
            target_seconds: 2,
            init: None,
            segments: seconds
                .iter()
                .map(|&seconds| Segment {
                    uri: "x.ts".to_owned(),
                    seconds,
                })
                .collect(),
        }
    }

    #[test]
    fn our_own_playlists_are_understood() {
        let parsed = MediaPlaylist::parse(TEXT).unwrap();
        assert_eq!(parsed.target_seconds, 2);
        assert_eq!(parsed.init.as_deref(), Some("out-init.mp4"));
        assert_eq!(parsed.segments[1].uri, "out-00002.m4s");
        assert!((parsed.seconds() - 3.502).abs() < 1e-9);
    }

    #[test]
    fn broken_playlists_are_refused() {
        for (text, expected) in [
            ("", PlaylistError::NoHeader),
            ("#EXTM3U\n", PlaylistError::NoSegment),
            ("#EXTM3U\nx.ts\n", PlaylistError::NoDuration { line: 2 }),
            (
                "#EXTM3U\n#EXTINF:x,\n",
                PlaylistError::BadTag {
                    line: 2,
                    tag: "EXTINF",
                },
            ),
            ("#EXTM3U\n#EXTINF:1,\nx.ts\n", PlaylistError::Unfinished),
        ] {
            assert_eq!(MediaPlaylist::parse(text), Err(expected), "{text:?}");
        }
    }

    /// A playlist that somebody changed in the bucket could have a length that is no number, and no
    /// rate or alignment could be told from it.
    #[test]
    fn a_length_is_a_plain_number() {
        let line = 2;
        let bad = PlaylistError::BadTag {
            line,
            tag: "EXTINF",
        };
        let endless = "9".repeat(400);
        for length in ["-1", "+1", "NaN", "inf", "1e3", "", " 1", &endless] {
            let text = format!("#EXTM3U\n#EXTINF:{length},\nx.ts\n");
            assert_eq!(MediaPlaylist::parse(&text), Err(bad.clone()), "{length}");
        }
    }

    #[test]
    fn file_names_become_valid_addresses() {
        let text = renamed(TEXT, "out", "a b#50%:é");
        let parsed = MediaPlaylist::parse(&text).unwrap();
        assert_eq!(
            parsed.init.as_deref(),
            Some("a%20b%2350%25%3A%C3%A9-init.mp4")
        );
        assert_eq!(parsed.segments[0].uri, "a%20b%2350%25%3A%C3%A9-00001.m4s");
    }

    #[test]
    fn further_lines_stand_before_their_segments() {
        let lines = [vec!["#a".to_owned(), "#b".to_owned()], vec![]];
        let text = with_lines(TEXT, &lines);
        assert!(text.contains("-init.mp4\"\n#a\n#b\n#EXTINF:2.002000,\nout-00001.m4s\n#EXTINF"));
        assert_eq!(MediaPlaylist::parse(&text), MediaPlaylist::parse(TEXT));
        assert_eq!(with_lines(TEXT, &[]), TEXT);
        assert_eq!(first_number(TEXT), 0);
        assert_eq!(first_number("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:7\n"), 7);
    }

    #[test]
    fn segments_align_within_half_a_frame() {
        let long = playlist(&[2.0, 2.0, 1.0]);
        let near = playlist(&[2.01, 1.99, 1.04]);
        assert_eq!(segments_align(("a", &long), ("b", &near), 0.04), Ok(()));
        let late = playlist(&[2.02, 1.98, 1.0]);
        let error = segments_align(("a", &long), ("b", &late), 0.04).unwrap_err();
        assert_eq!((error.segment, error.second.as_str()), (2, "b"));
    }

    #[test]
    fn a_missing_segment_is_named() {
        let long = playlist(&[2.0, 2.0, 1.0]);
        let short = playlist(&[2.0, 2.0]);
        let error = segments_align(("a", &long), ("b", &short), 0.04).unwrap_err();
        assert_eq!(error.segment, 3);
    }
}
