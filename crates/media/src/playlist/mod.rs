//! HLS playlists: reading the ones we write, and master playlists over them. Pure.

mod master;
mod media;
mod rates;

pub use master::{Rendition, codecs, master_playlist};
pub(crate) use media::renamed;
pub use media::{MediaPlaylist, Misaligned, PlaylistError, Segment, segments_align};
pub use rates::{Rates, rates};
