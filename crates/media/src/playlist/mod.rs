//! HLS playlists: reading the ones we write, and master playlists over them. Pure.

mod choices;
mod master;
mod media;
mod rates;

pub use choices::{MasterError, MasterPlaylist, Variant, is_master};
pub use master::{Rendition, codecs, master_playlist};
pub(crate) use media::renamed;
pub use media::{MediaPlaylist, Misaligned, PlaylistError, Segment, segments_align};
pub use rates::{Rates, rates};
