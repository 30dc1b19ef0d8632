//! What the fuzz targets reach of this crate: the reader of playlists that streams have in buckets, where others can
//! write too.

use crate::live::playlist::{Playlist, Segment};

/// Goes on with a playlist that is there: its text as it is written again, then with a segment more, then finished.
/// `None` if it is none of ours.
pub fn go_on(text: &str, window: usize) -> Option<[String; 3]> {
    let mut playlist = Playlist::read(text)?;
    let again = playlist.text();
    let segment = Segment {
        name: "next.ts".to_owned(),
        seconds: 2.0,
        is_break: true,
        map: None,
    };
    playlist.push(segment, window);
    for name in playlist.due(window) {
        playlist.removed(&name);
    }
    let longer = playlist.text();
    playlist.end();
    Some([again, longer, playlist.text()])
}
