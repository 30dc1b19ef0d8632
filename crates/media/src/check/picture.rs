//! What a file of one picture says of itself: its size, and whether it is all there.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use crate::plan::Size;

/// Sizes stand within the first kilobyte of what FFmpeg writes.
const HEAD_BYTES: u64 = 64 * 1024;
const PNG_START: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
const PNG_END: &[u8] = b"IEND\xaeB`\x82";
const JPEG_START: [u8; 2] = [0xFF, 0xD8];
const JPEG_END: [u8; 2] = [0xFF, 0xD9];

/// The size of the JPEG or PNG at `path`; none of what is neither, or not whole.
pub(crate) fn measured(path: &Path) -> io::Result<Option<Size>> {
    let mut file = File::open(path)?;
    let mut head = Vec::new();
    (&mut file).take(HEAD_BYTES).read_to_end(&mut head)?;
    let bytes = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(bytes.saturating_sub(8)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let size = match () {
        () if head.starts_with(PNG_START) && tail.ends_with(PNG_END) => png(&head),
        () if head.starts_with(&JPEG_START) && tail.ends_with(&JPEG_END) => jpeg(&head),
        () => None,
    };
    Ok(size)
}

fn png(head: &[u8]) -> Option<Size> {
    let side = |at: usize| Some(u32::from_be_bytes(head.get(at..at + 4)?.try_into().ok()?));
    Some(Size {
        width: side(PNG_START.len())?,
        height: side(PNG_START.len() + 4)?,
    })
}

/// Walks over the segments up to the one that begins a frame.
fn jpeg(head: &[u8]) -> Option<Size> {
    let two = |at: usize| Some(u16::from_be_bytes(head.get(at..at + 2)?.try_into().ok()?));
    let mut at = JPEG_START.len();
    loop {
        match head.get(at..at + 2)? {
            [0xFF, 0xC0..=0xC2] => {
                return Some(Size {
                    width: u32::from(two(at + 7)?),
                    height: u32::from(two(at + 5)?),
                });
            }
            [0xFF, _] => at += 2 + usize::from(two(at + 2)?),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: Option<(u32, u32)>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture");
        std::fs::write(&path, bytes).unwrap();
        let found = measured(&path).unwrap();
        assert_eq!(found.map(|size| (size.width, size.height)), expected);
    }

    #[test]
    fn sizes_are_read_of_whole_files_alone() {
        let jpeg = b"\xff\xd8\xff\xe0\0\x04JF\xff\xc0\0\x11\x08\x02\xd0\x05\0\x03\xff\xd9";
        check(jpeg, Some((1280, 720)));
        let png = [PNG_START, b"\0\0\x05\0\0\0\x02\xd0....", PNG_END].concat();
        check(&png, Some((1280, 720)));
        for whole in [&jpeg[..], &png] {
            for cut in 0..whole.len() {
                check(&whole[..cut], None);
            }
        }
        check(b"\xff\xd8\xff\xe0\xff\xff\xff\xd9", None);
        check(b"GIF89a", None);
    }
}
