//! The boxes that an MP4 consists of, read without FFmpeg.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// What FFmpeg writes has four, and two more for each fragment; more than this is no media.
const MOST_BOXES: usize = 1 << 20;

/// A box at the top of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TopBox {
    pub(crate) kind: [u8; 4],
    /// The byte after its last one, also where the file ends before.
    pub(crate) end: u64,
}

/// The boxes of the MP4 at `path` up to the end of the file, or up to the first that reaches it.
pub(crate) fn boxes(path: &Path) -> io::Result<Vec<TopBox>> {
    let mut file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let mut found = Vec::new();
    let mut end = 0_u64;
    while end < bytes && found.len() < MOST_BOXES {
        file.seek(SeekFrom::Start(end))?;
        let (mut short, mut kind, mut long) = ([0; 4], [0; 4], [0; 8]);
        file.read_exact(&mut short)?;
        file.read_exact(&mut kind)?;
        let length = match u64::from(u32::from_be_bytes(short)) {
            1 => {
                file.read_exact(&mut long)?;
                u64::from_be_bytes(long)
            }
            length => length,
        };
        // What is shorter than its own head has a length that was never filled in.
        if length < 8 {
            return Err(io::ErrorKind::InvalidData.into());
        }
        end = end.saturating_add(length);
        found.push(TopBox { kind, end });
    }
    Ok(found)
}

/// Whether an MP4 ends where its last box does. Its index stands first, so that a file without its
/// end looks complete to ffprobe.
pub(crate) fn is_whole(path: &Path) -> io::Result<bool> {
    let bytes = path.metadata()?.len();
    Ok(boxes(path)?.last().is_some_and(|last| last.end == bytes))
}

/// Whether the index stands before the media.
pub(crate) fn is_index_first(boxes: &[TopBox]) -> bool {
    let place = |kind: &[u8; 4]| boxes.iter().position(|it| it.kind == *kind);
    match (place(b"moov"), place(b"mdat")) {
        (Some(index), Some(media)) => index < media,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_mp4_without_its_end_is_not_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("made.mp4");
        let whole = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            is_whole(&path).unwrap_or(false)
        };
        let short = b"\0\0\0\x0cftyp1234\0\0\0\x0amdat56";
        assert!(whole(short));
        let long = b"\0\0\0\x0cftyp1234\0\0\0\x01mdat\0\0\0\0\0\0\0\x1256";
        assert!(whole(long));
        for made in [&short[..], long] {
            for cut in (13..made.len()).chain(1..12) {
                assert!(!whole(&made[..cut]), "the first {cut} bytes");
            }
        }
        // A length of 0 is what stands there until FFmpeg knows it.
        assert!(!whole(b"\0\0\0\x0cftyp1234\0\0\0\0mdat56"));
        assert!(!whole(
            b"\0\0\0\x0cftyp1234\0\0\0\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff"
        ));
    }

    #[test]
    fn the_index_stands_before_the_media_or_after_it() {
        let of = |kinds: &[&[u8; 4]]| -> Vec<TopBox> {
            let top = |kind: &&[u8; 4]| TopBox {
                kind: **kind,
                end: 0,
            };
            kinds.iter().map(top).collect()
        };
        assert!(is_index_first(&of(&[b"ftyp", b"moov", b"free", b"mdat"])));
        assert!(!is_index_first(&of(&[b"ftyp", b"mdat", b"moov"])));
        assert!(!is_index_first(&of(&[b"ftyp", b"mdat"])));
    }
}
