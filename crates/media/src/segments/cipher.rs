//! AES-128 in CBC mode with PKCS #7 padding over whole files.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::Path;

use aes::Aes128;
use cbc::cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _};

const BLOCK: usize = 16;
/// A multiple of a block.
const CHUNK: usize = 64 * 1024;

/// Encrypts a file in its place. What was written is read back and opened before it replaces the file: a full disk must
/// not be found out by players.
pub(super) fn encrypt(path: &Path, key: &[u8; 16], iv: &[u8; 16]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".sealed");
    seal(path, beside.as_ref(), key, iv)?;
    if !opens_to(beside.as_ref(), path, key, iv)? {
        return Err(io::ErrorKind::InvalidData.into());
    }
    std::fs::rename(beside, path)
}

fn seal(plain: &Path, sealed: &Path, key: &[u8; 16], iv: &[u8; 16]) -> io::Result<()> {
    let mut cipher = cbc::Encryptor::<Aes128>::new(key.into(), iv.into());
    let (mut from, mut to) = (File::open(plain)?, File::create_new(sealed)?);
    let mut bytes = vec![0; CHUNK + BLOCK];
    loop {
        let read = fill(&mut from, &mut bytes[..CHUNK])?;
        let end = padded(&mut bytes, read);
        for block in bytes[..end].as_chunks_mut::<BLOCK>().0 {
            cipher.encrypt_block(block.into());
        }
        to.write_all(&bytes[..end])?;
        if read < CHUNK {
            return to.flush();
        }
    }
}

fn opens_to(sealed: &Path, plain: &Path, key: &[u8; 16], iv: &[u8; 16]) -> io::Result<bool> {
    let mut cipher = cbc::Decryptor::<Aes128>::new(key.into(), iv.into());
    let (mut from, mut wanted) = (File::open(sealed)?, File::open(plain)?);
    let (mut opened, mut expected) = (vec![0; CHUNK + BLOCK], vec![0; CHUNK + BLOCK]);
    loop {
        let read = fill(&mut wanted, &mut expected[..CHUNK])?;
        let end = padded(&mut expected, read);
        from.read_exact(&mut opened[..end])?;
        for block in opened[..end].as_chunks_mut::<BLOCK>().0 {
            cipher.decrypt_block(block.into());
        }
        if opened[..end] != expected[..end] {
            return Ok(false);
        }
        if read < CHUNK {
            return Ok(fill(&mut from, &mut opened)? == 0);
        }
    }
}

/// Pads the last chunk, which alone is shorter than one, and tells how many bytes are to be encrypted.
fn padded(bytes: &mut [u8], read: usize) -> usize {
    if read == CHUNK {
        return CHUNK;
    }
    let end = (read / BLOCK + 1) * BLOCK;
    // 1 to 16.
    bytes[read..end].fill((end - read) as u8);
    end
}

/// Reads until the buffer is full or there is no more.
fn fill(from: &mut impl Read, bytes: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < bytes.len() {
        match from.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NIST SP 800-38A, F.2.1: CBC-AES128.Encrypt.
    #[test]
    fn the_published_vectors_come_out() {
        let bytes = |text: &str| hex::decode(text).unwrap();
        let key = bytes("2b7e151628aed2a6abf7158809cf4f3c");
        let iv = bytes("000102030405060708090a0b0c0d0e0f");
        let plain = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51\
            30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";
        let sealed = "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2\
            73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("segment");
        std::fs::write(&path, bytes(plain)).unwrap();
        let (key, iv) = (key.try_into().unwrap(), iv.try_into().unwrap());
        encrypt(&path, &key, &iv).unwrap();
        let found = std::fs::read(&path).unwrap();
        // A whole block of padding follows what fills its blocks.
        assert_eq!(found.len(), 80);
        assert_eq!(hex::encode(&found[..64]), sealed);
        let left = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, 1);
    }

    #[test]
    fn files_of_every_length_open_to_what_they_were_and_with_no_other_key() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (key, iv) = ([7; 16], [9; 16]);
        for length in [0, 1, 15, 16, 17, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            let plain: Vec<u8> = (0..length).map(|it| (it * 31 % 251) as u8).collect();
            std::fs::write(at("plain"), &plain).unwrap();
            std::fs::write(at("made"), &plain).unwrap();
            encrypt(&at("made"), &key, &iv).unwrap();
            let sealed = std::fs::read(at("made")).unwrap();
            assert_eq!(sealed.len(), length / BLOCK * BLOCK + BLOCK);
            assert!(opens_to(&at("made"), &at("plain"), &key, &iv).unwrap());
            assert!(!opens_to(&at("made"), &at("plain"), &[8; 16], &iv).unwrap());
            assert!(!opens_to(&at("made"), &at("plain"), &key, &[8; 16]).unwrap());
            let mut longer = sealed.clone();
            longer.push(0);
            std::fs::write(at("made"), longer).unwrap();
            assert!(!opens_to(&at("made"), &at("plain"), &key, &iv).unwrap());
        }
    }
}
