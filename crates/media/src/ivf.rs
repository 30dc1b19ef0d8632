//! IVF, the plainest file of VP9 and AV1: a header, then each frame with its size and time. Pieces of a picture are
//! kept in it, counted and put together.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, Write as _};
use std::path::Path;

use crate::plan::FrameRate;

/// Signature, version and length of the header, codec, size, rate, frames, and four bytes of nothing.
const HEADER: usize = 32;
const SIGNATURE: &[u8; 4] = b"DKIF";
/// Size and time of a frame.
const FRAME_HEADER: usize = 12;
/// How much of a frame says what it is like; sequence headers are shorter.
const HEAD: usize = 256;

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Measured {
    pub(crate) frames: u64,
    /// What decoders are told of the pictures, which has to be the same in all that are put together.
    pub(crate) form: Vec<u8>,
}

/// Counts the frames of a file that is whole.
pub(crate) fn measure(path: &Path) -> io::Result<Measured> {
    let mut file = BufReader::new(File::open(path)?);
    let bytes = file.get_ref().metadata()?.len();
    let header = read_header(&mut file)?;
    let mut measured = Measured {
        frames: 0,
        form: header[8..16].to_vec(),
    };
    let mut at = HEADER as u64;
    while at < bytes {
        let size = read_size(&mut file)?;
        let next = at + FRAME_HEADER as u64 + u64::from(size);
        if next > bytes || size == 0 {
            return Err(invalid("a frame is cut off"));
        }
        let mut skip = i64::from(size);
        if measured.frames == 0 {
            let mut head = vec![0; HEAD.min(size as usize)];
            file.read_exact(&mut head)?;
            skip -= head.len() as i64;
            measured.form.extend(form(&header[8..12], &head));
        }
        file.seek_relative(skip)?;
        at = next;
        measured.frames += 1;
    }
    Ok(measured)
}

/// Puts files together into one, whose frames follow each other at this rate.
pub(crate) fn join(pieces: &[impl AsRef<Path>], rate: FrameRate, to: &Path) -> io::Result<u64> {
    let mut out = BufWriter::new(File::create(to)?);
    let mut frames = 0_u64;
    let mut first_header = None;
    for piece in pieces {
        let mut file = BufReader::new(File::open(piece)?);
        let bytes = file.get_ref().metadata()?.len();
        let mut header = read_header(&mut file)?;
        if first_header.is_none() {
            header[16..20].copy_from_slice(&rate.num.to_le_bytes());
            header[20..24].copy_from_slice(&rate.den.to_le_bytes());
            out.write_all(&header)?;
            first_header = Some(header);
        }
        let mut at = HEADER as u64;
        while at < bytes {
            let size = read_size(&mut file)?;
            out.write_all(&size.to_le_bytes())?;
            out.write_all(&frames.to_le_bytes())?;
            let copied = io::copy(&mut (&mut file).take(u64::from(size)), &mut out)?;
            if copied != u64::from(size) {
                return Err(invalid("a frame is cut off"));
            }
            at += FRAME_HEADER as u64 + copied;
            frames += 1;
        }
    }
    let mut file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.seek(io::SeekFrom::Start(24))?;
    file.write_all(&u32::try_from(frames).unwrap_or(u32::MAX).to_le_bytes())?;
    Ok(frames)
}

fn read_header(file: &mut impl io::Read) -> io::Result<[u8; HEADER]> {
    let mut header = [0; HEADER];
    file.read_exact(&mut header)?;
    if &header[..4] != SIGNATURE || header[6..8] != [HEADER as u8, 0] {
        return Err(invalid("this is no IVF"));
    }
    Ok(header)
}

fn read_size(file: &mut impl io::Read) -> io::Result<u32> {
    let mut header = [0; FRAME_HEADER];
    file.read_exact(&mut header)?;
    Ok(u32::from_le_bytes([
        header[0], header[1], header[2], header[3],
    ]))
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// The part of a first frame that is the same whatever it shows.
fn form(codec: &[u8], frame: &[u8]) -> Vec<u8> {
    match codec {
        // Profile, kind of frame, start code, colours and most of the size (VP9 bitstream specification, 6.2).
        b"VP90" => frame[..frame.len().min(8)].to_vec(),
        b"AV01" => sequence_header(frame).unwrap_or_default().to_vec(),
        _ => Vec::new(),
    }
}

/// The sequence header among the units of a first frame (AV1 bitstream specification, 5.3).
fn sequence_header(frame: &[u8]) -> Option<&[u8]> {
    const SEQUENCE_HEADER: u8 = 1;
    let mut rest = frame;
    loop {
        let (&first, mut after) = rest.split_first()?;
        let (kind, has_extension, has_size) = (first >> 3 & 15, first & 4 != 0, first & 2 != 0);
        if has_extension {
            after = after.get(1..)?;
        }
        let mut size = after.len();
        if has_size {
            let (given, left) = leb128(after)?;
            (size, after) = (given, left);
        }
        if kind == SEQUENCE_HEADER {
            return after.get(..size);
        }
        rest = after.get(size..)?;
    }
}

/// A number in groups of seven bits, and what follows it.
fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_u64;
    for (place, byte) in bytes.iter().take(8).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, &bytes[place + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, frames: &[&[u8]]) {
        let mut bytes = b"DKIF\0\0\x20\0VP90\x40\x01\xb4\0".to_vec();
        bytes.extend([0; 16]);
        for (time, frame) in frames.iter().enumerate() {
            bytes.extend((frame.len() as u32).to_le_bytes());
            bytes.extend((time as u64 + 100).to_le_bytes());
            bytes.extend(*frame);
        }
        std::fs::write(path, bytes).unwrap();
    }

    #[test]
    fn frames_of_all_pieces_follow_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        write(&at("a"), &[b"12345678-first", b"second"]);
        write(&at("b"), &[b"12345678-third"]);
        let (a, b) = (measure(&at("a")).unwrap(), measure(&at("b")).unwrap());
        assert_eq!((a.frames, b.frames), (2, 1));
        assert_eq!(a.form, b.form);
        let rate = FrameRate::new(30_000, 1001).unwrap();
        assert_eq!(join(&[at("a"), at("b")], rate, &at("c")).unwrap(), 3);
        let all = measure(&at("c")).unwrap();
        assert_eq!((all.frames, all.form), (3, a.form));
        let bytes = std::fs::read(at("c")).unwrap();
        assert_eq!(bytes[16..20], 30_000_u32.to_le_bytes());
        assert_eq!(bytes[20..28], [0xe9, 3, 0, 0, 3, 0, 0, 0]);
        let last = bytes.len() - b"12345678-third".len();
        assert_eq!(bytes[last - 8..last], 2_u64.to_le_bytes());
    }

    #[test]
    fn what_is_cut_off_is_not_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        write(&path, &[b"12345678", b"12345678"]);
        let whole = std::fs::read(&path).unwrap();
        for cut in (1..whole.len()).filter(|cut| *cut != HEADER && *cut != HEADER + 20) {
            std::fs::write(&path, &whole[..cut]).unwrap();
            assert!(measure(&path).is_err(), "the first {cut} bytes");
        }
    }

    #[test]
    fn the_form_of_av1_is_its_sequence_header() {
        // A temporal delimiter, a sequence header of three bytes, a frame.
        let frame = [0x12, 0, 0x0a, 3, 7, 8, 9, 0x32, 1, 5];
        assert_eq!(form(b"AV01", &frame), [7, 8, 9]);
        assert_eq!(form(b"AV01", &frame[..4]), Vec::<u8>::new());
    }
}
