//! Animated WebP, which FFmpeg writes and cannot read: its RIFF chunks, by
//! <https://developers.google.com/speed/webp/docs/riff_container>.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use reelgate_domain::media::{FormatFacts, MediaFacts, StreamDetail, StreamFacts, VideoFacts};

/// An animation, as far as its chunks tell of it. Of pictures that never change the encoder makes a still one, which is
/// shown for no time that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Animation {
    pub(super) width: u32,
    pub(super) height: u32,
    /// 0: for ever. Absent: it is a still picture.
    pub(super) plays: Option<u32>,
    pub(super) frames: u64,
    pub(super) milliseconds: u64,
    bytes: u64,
}

const CHUNK_HEADER: u64 = 8;
/// Sides have 14 bits.
const MOST_SIDE: u32 = 0x3fff;

/// Errors of kind `InvalidData` say what is wrong with the file.
pub(super) fn read(path: &Path) -> io::Result<Animation> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len();
    animation(&mut BufReader::new(file), bytes)
}

fn animation(file: &mut (impl Read + Seek), bytes: u64) -> io::Result<Animation> {
    let mut head = [0; 12];
    file.read_exact(&mut head)?;
    let is_whole = u64::from(number(&head[4..8])) + CHUNK_HEADER == bytes;
    if !(head.starts_with(b"RIFF") && head.ends_with(b"WEBP") && is_whole) {
        return Err(wrong("it is no whole WebP file"));
    }
    let mut found = Animation {
        bytes,
        ..Animation::default()
    };
    let mut at = head.len() as u64;
    while at < bytes {
        let mut head = [0; CHUNK_HEADER as usize];
        file.read_exact(&mut head)?;
        let length = u64::from(number(&head[4..]));
        // Chunks begin at even places.
        let next = at + CHUNK_HEADER + length.next_multiple_of(2);
        if next > bytes {
            return Err(wrong("a chunk ends after the file"));
        }
        match &head[..4] {
            b"VP8X" => {
                let chunk = start::<10>(file)?;
                (found.width, found.height) = (number(&chunk[4..7]) + 1, number(&chunk[7..]) + 1);
            }
            b"ANIM" => found.plays = Some(number(&start::<6>(file)?[4..])),
            b"ANMF" => {
                found.frames += 1;
                found.milliseconds += u64::from(number(&start::<15>(file)?[12..]));
            }
            b"VP8 " => {
                let chunk = start::<10>(file)?;
                let side = |at: usize| number(&chunk[at..at + 2]) & MOST_SIDE;
                found.still(side(6), side(8));
            }
            b"VP8L" => {
                let sides = number(&start::<5>(file)?[1..]);
                found.still((sides & MOST_SIDE) + 1, ((sides >> 14) & MOST_SIDE) + 1);
            }
            _ => {}
        }
        at = next;
        file.seek(SeekFrom::Start(at))?;
    }
    match found.frames {
        0 => Err(wrong("it has no picture")),
        _ => Ok(found),
    }
}

fn start<const LENGTH: usize>(file: &mut impl Read) -> io::Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// At most four bytes, the least first.
fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .rev()
        .fold(0, |sum, byte| (sum << 8) | u32::from(*byte))
}

fn wrong(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

impl Animation {
    fn still(&mut self, width: u32, height: u32) {
        (self.width, self.height, self.frames) = (width, height, 1);
    }

    /// In the words of a probe.
    pub(super) fn facts(self) -> MediaFacts {
        let seconds = self.plays.map(|_| self.milliseconds as f64 / 1000.0);
        let rate = format!("{}/{}", self.frames * 1000, self.milliseconds.max(1));
        let rate = self.plays.map(|_| rate);
        MediaFacts {
            format: FormatFacts {
                name: "webp".to_owned(),
                long_name: "WebP".to_owned(),
                start_seconds: Some(0.0),
                duration_seconds: seconds,
                size_bytes: self.bytes,
                ..FormatFacts::default()
            },
            streams: vec![StreamFacts {
                codec_name: Some("webp".to_owned()),
                codec_long_name: Some("WebP".to_owned()),
                start_seconds: Some(0.0),
                duration_seconds: seconds,
                frames: self.plays.map(|_| self.frames),
                detail: StreamDetail::Video(VideoFacts {
                    width: self.width,
                    height: self.height,
                    sar: Some("1:1".to_owned()),
                    pixel_format: Some("yuv420p".to_owned()),
                    average_rate: rate.clone(),
                    base_rate: rate,
                    ..VideoFacts::default()
                }),
                ..StreamFacts::default()
            }],
            ..MediaFacts::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn chunk(name: &[u8], content: &[u8]) -> Vec<u8> {
        let length = (content.len() as u32).to_le_bytes();
        let mut chunk = [name, &length, content].concat();
        chunk.resize(chunk.len().next_multiple_of(2), 0);
        chunk
    }

    /// Two frames of 40 and 300 ms, 320x180 pixels, three times.
    fn file() -> Vec<u8> {
        let frame = |ms: u16, bytes: usize| {
            let mut content = vec![0; 16 + bytes];
            content[12..14].copy_from_slice(&ms.to_le_bytes());
            chunk(b"ANMF", &content)
        };
        let content = [
            b"WEBP".to_vec(),
            chunk(b"VP8X", &[2, 0, 0, 0, 63, 1, 0, 179, 0, 0]),
            chunk(b"ANIM", &[255, 255, 255, 255, 3, 0]),
            frame(40, 5),
            frame(300, 8),
        ];
        chunk(b"RIFF", &content.concat())
    }

    fn read(bytes: &[u8]) -> io::Result<Animation> {
        animation(&mut Cursor::new(bytes), bytes.len() as u64)
    }

    #[test]
    fn chunks_tell_of_an_animation() {
        let found = read(&file()).unwrap();
        assert_eq!(
            (found.width, found.height, found.plays),
            (320, 180, Some(3))
        );
        assert_eq!((found.frames, found.milliseconds), (2, 340));
        let facts = found.facts();
        assert_eq!(facts.format.duration_seconds, Some(0.34));
        assert!(facts.video().is_some());
    }

    #[test]
    fn pictures_that_never_change_are_a_still_one() {
        let of = |name: &[u8], content: &[u8]| {
            let content = [b"WEBP".to_vec(), chunk(name, content)].concat();
            let found = read(&chunk(b"RIFF", &content)).unwrap();
            (found.width, found.height, found.frames, found.plays)
        };
        let lossy = [0, 0, 0, 0x9d, 1, 0x2a, 0x40, 1, 0xb4, 0, 7];
        assert_eq!(of(b"VP8 ", &lossy), (320, 180, 1, None));
        let lossless = [0x2f, 0x3f, 0xc1, 0x2c, 0];
        assert_eq!(of(b"VP8L", &lossless), (320, 180, 1, None));
    }

    #[test]
    fn what_was_cut_off_is_no_animation() {
        let whole = file();
        for length in [0, 11, 40, whole.len() - 2] {
            assert!(read(&whole[..length]).is_err(), "{length}");
        }
        let mut long = whole.clone();
        // The length of the first frame.
        long[48 + 2] = 200;
        assert!(read(&long).is_err());
        let empty = [b"WEBP".to_vec(), chunk(b"EXIF", &[0; 4])].concat();
        assert!(read(&chunk(b"RIFF", &empty)).is_err());
    }
}
