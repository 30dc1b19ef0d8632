//! A fingerprint and its stored form: versioned, compact, and sure to be noticed when it is damaged.
//!
//! ```text
//! "RGDNA" version  (tag length bytes)*  crc32 of all before it
//! ```
//!
//! Tags are 1 frames, 2 sound, 3 text. Numbers are little-endian or variable-length. A kept frame's view is written as
//! the places of the bits that differ from the last one's, when that is shorter than the bits themselves.

use crate::audio::AudioPrint;
use crate::code::Code;
use crate::text::{Piece, TextPrint};
use crate::video::{VIEWS, VideoPrint};

const MAGIC: &[u8; 5] = b"RGDNA";
const VERSION: u8 = 1;
const FRAMES: u8 = 1;
const SOUND: u8 = 2;
const TEXT: u8 = 3;
/// As many differing bits as this are still shorter than all bits.
const MOST_PLACES: usize = 30;
/// In place of their number: the frame has no hash of this view.
const ABSENT: u8 = 255;

/// What is known of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint {
    /// Frames of a video, or the one of a picture.
    pub video: Option<VideoPrint>,
    pub audio: Option<AudioPrint>,
    pub text: Option<TextPrint>,
}

/// Why stored bytes are no fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("the bytes are not a fingerprint")]
    Foreign,
    #[error("the fingerprint has form {0}, which this release does not know")]
    Version(u8),
    #[error("the fingerprint is damaged")]
    Damaged,
}

impl Fingerprint {
    /// Whether nothing could ever match it.
    pub fn is_blank(&self) -> bool {
        self.video.as_ref().is_none_or(VideoPrint::is_blank)
            && self
                .audio
                .as_ref()
                .is_none_or(|audio| audio.terms.is_empty())
            && self
                .text
                .as_ref()
                .is_none_or(|text| text.tokens().is_empty())
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        let mut section = |tag: u8, content: Vec<u8>| {
            bytes.push(tag);
            bytes.extend((content.len() as u64).to_le_bytes());
            bytes.extend(content);
        };
        if let Some(video) = &self.video {
            section(FRAMES, encode_video(video));
        }
        if let Some(audio) = &self.audio {
            section(SOUND, encode_audio(audio));
        }
        if let Some(text) = &self.text {
            section(TEXT, encode_text(text));
        }
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(DecodeError::Foreign)?;
        let version = *rest.first().ok_or(DecodeError::Damaged)?;
        if version != VERSION {
            return Err(DecodeError::Version(version));
        }
        let (content, sum) = rest[1..]
            .split_last_chunk::<4>()
            .ok_or(DecodeError::Damaged)?;
        let summed = &bytes[..bytes.len() - 4];
        if crc32fast::hash(summed) != u32::from_le_bytes(*sum) {
            return Err(DecodeError::Damaged);
        }
        Self::read(&mut Reader(content)).ok_or(DecodeError::Damaged)
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let mut print = Self::default();
        while !reader.0.is_empty() {
            let tag = reader.byte()?;
            let length = u64::from_le_bytes(*reader.take(8)?.first_chunk()?);
            let mut section = Reader(reader.take(usize::try_from(length).ok()?)?);
            match tag {
                FRAMES => print.video = Some(decode_video(&mut section)?),
                SOUND => print.audio = Some(decode_audio(&mut section)?),
                TEXT => print.text = Some(decode_text(&mut section)?),
                _ => return None,
            }
            if !section.0.is_empty() {
                return None;
            }
        }
        Some(print)
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        Some(self.take(1)?[0])
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// A number of things that each take at least `size` bytes, so that damage asks for no memory.
    fn count(&mut self, size: usize) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count.checked_mul(size)? <= self.0.len()).then_some(count)
    }
}

fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn encode_video(video: &VideoPrint) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_number(&mut bytes, u64::from(video.frames));
    put_number(&mut bytes, video.starts.len() as u64);
    let mut last_start = 0;
    let mut last = [Code::default(); VIEWS];
    for (start, codes) in video.starts.iter().zip(&video.codes) {
        let is_blank = codes[0].is_none();
        put_number(
            &mut bytes,
            u64::from(start - last_start) << 1 | u64::from(is_blank),
        );
        last_start = *start;
        if is_blank {
            continue;
        }
        let places = [0, 1, 2].map(|view: usize| differing(&codes[view], &last[view]));
        // Whether each view is written by places, for all three in one byte.
        let absent = [0, 1, 2].map(|view: usize| codes[view].is_none());
        let by_places =
            [0, 1, 2].map(|view: usize| absent[view] || places[view].len() <= MOST_PLACES);
        bytes.push(
            (0..VIEWS)
                .map(|view| u8::from(by_places[view]) << view)
                .sum(),
        );
        for view in 0..VIEWS {
            if absent[view] {
                bytes.push(ABSENT);
                continue;
            }
            match by_places[view] {
                true => {
                    bytes.push(places[view].len() as u8);
                    bytes.extend(&places[view]);
                }
                false => bytes.extend(codes[view].to_bytes()),
            }
            last[view] = codes[view];
        }
    }
    bytes
}

fn differing(code: &Code, from: &Code) -> Vec<u8> {
    let differs = |bit: &u8| {
        let (word, place) = (usize::from(bit / 64), bit % 64);
        (code.0[word] ^ from.0[word]) >> place & 1 == 1
    };
    (0..=255).filter(differs).collect()
}

fn decode_video(reader: &mut Reader<'_>) -> Option<VideoPrint> {
    let frames = u32::try_from(reader.number()?).ok()?;
    let count = reader.count(1)?;
    let mut video = VideoPrint {
        frames,
        starts: Vec::with_capacity(count),
        codes: Vec::with_capacity(count),
    };
    let mut start = 0_u64;
    let mut last = [Code::default(); VIEWS];
    for at in 0..count {
        let number = reader.number()?;
        let step = number >> 1;
        start += step;
        if start >= u64::from(frames) || (at == 0) != (step == 0) {
            return None;
        }
        video.starts.push(start as u32);
        if number & 1 == 1 {
            video.codes.push([Code::default(); VIEWS]);
            continue;
        }
        let by_places = reader.byte()?;
        let mut codes = [Code::default(); VIEWS];
        for (view, code) in last.iter_mut().enumerate() {
            if by_places >> view & 1 == 1 {
                let count = reader.byte()?;
                if count == ABSENT {
                    continue;
                }
                for bit in reader.take(usize::from(count))? {
                    code.0[usize::from(bit / 64)] ^= 1 << (bit % 64);
                }
            } else {
                *code = Code::from_bytes(reader.take(32)?.first_chunk()?);
            }
            codes[view] = *code;
        }
        if codes[0].is_none() {
            return None;
        }
        video.codes.push(codes);
    }
    (count > 0 || frames == 0).then_some(video)
}

fn encode_audio(audio: &AudioPrint) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_number(&mut bytes, audio.millis);
    put_number(&mut bytes, audio.terms.len() as u64);
    bytes.extend(audio.terms.iter().flat_map(|term| term.to_le_bytes()));
    bytes
}

fn decode_audio(reader: &mut Reader<'_>) -> Option<AudioPrint> {
    let millis = reader.number()?;
    let count = reader.count(4)?;
    let (terms, _) = reader.take(count * 4)?.as_chunks::<4>();
    Some(AudioPrint {
        terms: terms.iter().map(|term| u32::from_le_bytes(*term)).collect(),
        millis,
    })
}

fn encode_text(text: &TextPrint) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_number(&mut bytes, text.pieces.len() as u64);
    for piece in &text.pieces {
        bytes.push(u8::from(piece.millis.is_some()));
        if let Some((from, to)) = piece.millis {
            put_number(&mut bytes, from);
            put_number(&mut bytes, to);
        }
        put_number(&mut bytes, piece.text.len() as u64);
        bytes.extend(piece.text.as_bytes());
    }
    bytes
}

fn decode_text(reader: &mut Reader<'_>) -> Option<TextPrint> {
    let count = reader.count(2)?;
    let mut pieces = Vec::with_capacity(count);
    for _ in 0..count {
        let millis = match reader.byte()? {
            0 => None,
            1 => Some((reader.number()?, reader.number()?)),
            _ => return None,
        };
        let length = reader.count(1)?;
        let text = str::from_utf8(reader.take(length)?).ok()?.to_owned();
        pieces.push(Piece { millis, text });
    }
    Some(TextPrint { pieces })
}

#[cfg(test)]
mod tests;
