//! One line of a master playlist: rates measured on the segments, codecs and size as probed.

use std::collections::HashMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use reelgate_domain::ObjectRef;
use reelgate_domain::media::OutputFile;
use reelgate_media::mp4;
use reelgate_media::playlist::{Rendition, codecs, rates};

use crate::ServiceError;
use crate::playlists::Rung;

/// What stays as it is in a segment of a relative address.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

pub(super) fn of(rung: &Rung<'_>, target: &ObjectRef) -> Result<Rendition, ServiceError> {
    let changed = || rung.changed();
    let bytes = segment_bytes(rung).ok_or_else(changed)?;
    let measured = rates(&rung.playlist, &bytes).ok_or_else(changed)?;
    let named = match &rung.tracks {
        Some(tracks) => mp4::codecs(tracks),
        None => codecs(rung.facts),
    };
    let codecs = named.ok_or_else(|| {
        let message = format!("the codecs of {} have no name in playlists", rung.object);
        ServiceError::invalid(rung.job, message)
    })?;
    let uri = relative(target.key.folder(), rung.object.key.as_str());
    let is_fragmented = rung.playlist.init.is_some();
    Ok(Rendition::measured(
        uri,
        measured,
        codecs,
        rung.facts,
        is_fragmented,
    ))
}

/// The sizes of the playlist's segments, in its order.
fn segment_bytes(rung: &Rung<'_>) -> Option<Vec<u64>> {
    let sizes: HashMap<_, _> = rung
        .files
        .iter()
        .map(|file| (file.key.file_name(), file.bytes))
        .collect();
    let size = |uri: &str| {
        let name = percent_decode_str(uri).decode_utf8().ok()?;
        sizes.get(name.as_ref()).copied()
    };
    rung.playlist
        .segments
        .iter()
        .map(|segment| size(&segment.uri))
        .collect()
}

/// The file that an address in the playlist of an output names.
pub(super) fn file<'a>(files: &'a [OutputFile], uri: &str) -> Option<&'a OutputFile> {
    let name = percent_decode_str(uri).decode_utf8().ok()?;
    files.iter().find(|file| file.key.file_name() == name)
}

/// The address of `key` as seen from `folder`, percent-encoded.
fn relative(folder: &str, key: &str) -> String {
    let folders: Vec<_> = folder.split_terminator('/').collect();
    let target: Vec<_> = key.split('/').collect();
    // The last segment is the file's name and never shared with a folder.
    let shared = folders
        .iter()
        .zip(&target[..target.len() - 1])
        .take_while(|(folder, segment)| folder == segment)
        .count();
    let up = folders[shared..].iter().map(|_| "..".to_owned());
    let down = target[shared..]
        .iter()
        .map(|name| utf8_percent_encode(name, PATH).to_string());
    up.chain(down).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_relative_to_the_master_playlist() {
        for (folder, key, expected) in [
            ("", "a.m3u8", "a.m3u8"),
            ("hls/", "hls/a.m3u8", "a.m3u8"),
            ("hls/", "hls/x/a b.m3u8", "x/a%20b.m3u8"),
            ("hls/master/", "hls/x/a.m3u8", "../x/a.m3u8"),
            ("x/y/", "a.m3u8", "../../a.m3u8"),
        ] {
            assert_eq!(relative(folder, key), expected, "{folder} {key}");
        }
    }
}
