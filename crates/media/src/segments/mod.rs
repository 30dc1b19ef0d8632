//! What is done with the segments of an HLS output once they are known to be right: they are encrypted, and the
//! playlist says by which keys, and how many bytes they have.

mod cipher;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use md5::{Digest as _, Md5};
use reelgate_domain::job::kind::transcode::{ContentKey, Iv, SegmentKey, SegmentTags};
use reelgate_domain::job::{Fault, FaultCode};

use crate::argv;
use crate::plan::Plan;
use crate::playlist::{MediaPlaylist, first_number, with_lines};

/// Finishes the output of `plan` in `folder`, which still has its scratch names. Dropped on the way it leaves
/// segments of which some are encrypted.
pub(crate) async fn finish(plan: &Plan, folder: &Path) -> Result<(), Fault> {
    if plan.encryption.is_none() && !plan.segment_tags.is_any() {
        return Ok(());
    }
    let path = folder.join(argv::PLAYLIST_FILE);
    let text = std::fs::read_to_string(&path).map_err(|error| lost("the playlist", &error))?;
    let playlist = MediaPlaylist::parse(&text).map_err(|error| {
        let message = format!("the playlist written is not understood: {error}");
        Fault::new(FaultCode::EngineFailed, message)
    })?;
    let first = first_number(&text);
    let mut lines = Vec::with_capacity(playlist.segments.len());
    for (place, segment) in playlist.segments.iter().enumerate() {
        let mut before = Vec::new();
        let mut sealing = None;
        let key = plan.encryption.as_ref().and_then(|it| it.key_of(place));
        if let Some((key, is_first)) = key {
            if is_first {
                before.push(key_line(key));
            }
            let number = Iv::of_number(first + place as u64);
            sealing = Some((opened(&key.key)?, key.iv.unwrap_or(number)));
        }
        let (path, tags) = (folder.join(&segment.uri), plan.segment_tags);
        // One at a time: whoever stops the job waits for no more.
        let made = tokio::task::spawn_blocking(move || one(&path, sealing, tags)).await;
        let made = made.unwrap_or_else(|error| Err(io::Error::other(error)));
        before.extend(made.map_err(|error| lost(&segment.uri, &error))?);
        lines.push(before);
    }
    std::fs::write(&path, with_lines(&text, &lines)).map_err(|error| lost("the playlist", &error))
}

/// Finishes one segment, and answers with the lines that tell of it.
fn one(
    path: &PathBuf,
    sealing: Option<([u8; 16], Iv)>,
    tags: SegmentTags,
) -> io::Result<Vec<String>> {
    if let Some((key, iv)) = sealing {
        cipher::encrypt(path, &key, &iv.0)?;
    }
    let mut lines = Vec::new();
    if tags.md5 {
        lines.push(format!("#EXT-X-MD5:{}", digest(path)?));
    }
    if tags.size {
        lines.push(format!("#EXT-X-SIZE:{}", std::fs::metadata(path)?.len()));
    }
    Ok(lines)
}

fn digest(path: &PathBuf) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut digest = Md5::new();
    let mut bytes = vec![0; 64 * 1024];
    loop {
        match file.read(&mut bytes)? {
            0 => return Ok(hex::encode(digest.finalize())),
            read => digest.update(&bytes[..read]),
        }
    }
}

fn key_line(key: &SegmentKey) -> String {
    let iv = key.iv.map_or_else(String::new, |iv| format!(",IV=0x{iv}"));
    format!("#EXT-X-KEY:METHOD=AES-128,URI=\"{}\"{iv}", key.uri)
}

fn opened(key: &ContentKey) -> Result<[u8; 16], Fault> {
    match key {
        ContentKey::Open(key) => Ok(*key),
        // Plans are not made with them.
        ContentKey::Sealed(_) => Err(Fault::new(
            FaultCode::StorageFailed,
            "a key of the segments could not be read",
        )),
    }
}

fn lost(what: &str, error: &io::Error) -> Fault {
    let message = format!("{what} could not be finished: {}", error.kind());
    Fault::new(FaultCode::StorageFailed, message)
}
