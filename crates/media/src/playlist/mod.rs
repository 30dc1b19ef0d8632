//! HLS playlists: reading the ones we write, and master playlists and MPEG-DASH manifests over them. Pure.

mod choices;
mod listed;
mod manifest;
mod master;
mod media;
mod rates;
mod stream;

pub use choices::{MasterError, MasterPlaylist, Variant, is_master};
pub use listed::{ListedSegment, Manifest, ManifestError, Representation, is_manifest};
pub use manifest::manifest;
pub use master::{AudioTrack, Rendition, codecs, fps, master_playlist};
pub use media::{MediaPlaylist, Misaligned, PlaylistError, Segment, segments_align};
pub(crate) use media::{completed, encoded, first_number, renamed, with_lines};
pub use rates::{Rates, rates};
pub use stream::{NUMBER, Shows, Stream, Times, numbered};
