//! Checksums of files, read piece by piece so that whoever drops the future waits for one piece at most.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use md5::{Digest as _, Md5};
use reelgate_domain::job::{Fault, FaultCode};
use tokio::task::spawn_blocking;

/// How much is read before it can be given up.
const PIECE_BYTES: usize = 16 << 20;
const BUFFER_BYTES: usize = 256 << 10;

/// A file as far as it was read.
struct Reading {
    file: File,
    digest: Md5,
    bytes: u64,
}

/// The MD5 of a file, in 32 hex digits.
pub(crate) async fn md5(
    path: &Path,
    on_progress: &mut (dyn FnMut(u8) + Send),
) -> Result<String, Fault> {
    let path = path.to_owned();
    let opened = off(move || {
        let file = File::open(path)?;
        Ok((file.metadata()?.len(), file))
    });
    let (total, file) = opened.await?;
    let mut reading = Reading {
        file,
        digest: Md5::new(),
        bytes: 0,
    };
    loop {
        let before = reading.bytes;
        reading = off(move || piece(reading)).await?;
        if reading.bytes == before {
            return Ok(hex::encode(reading.digest.finalize()));
        }
        let percent = reading.bytes.saturating_mul(100) / total.max(1);
        on_progress(percent.min(99) as u8);
    }
}

fn piece(mut reading: Reading) -> io::Result<Reading> {
    let mut buffer = vec![0; BUFFER_BYTES];
    for _ in 0..PIECE_BYTES / BUFFER_BYTES {
        match reading.file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                reading.digest.update(&buffer[..count]);
                reading.bytes += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(reading)
}

async fn off<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Fault> {
    let done = spawn_blocking(work).await.unwrap_or_else(|error| {
        // It was not aborted, so it panicked.
        Err(io::Error::other(error))
    });
    done.map_err(|error| {
        let message = format!("a file could not be read: {}", error.kind());
        Fault::new(FaultCode::StorageFailed, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_checksum_is_of_all_pieces() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("large");
        let content: Vec<u8> = (0..PIECE_BYTES + 7).map(|at| (at % 251) as u8).collect();
        std::fs::write(&path, &content).unwrap();
        let mut told = Vec::new();
        let found = md5(&path, &mut |percent| told.push(percent)).await.unwrap();
        assert_eq!(found, hex::encode(Md5::digest(&content)));
        assert_eq!(told.len(), 2);
        std::fs::write(&path, "").unwrap();
        let empty = md5(&path, &mut |_| {}).await.unwrap();
        assert_eq!(empty, "d41d8cd98f00b204e9800998ecf8427e");
    }
}
