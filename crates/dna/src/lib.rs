//! Media DNA: from frames, samples and text to fingerprints, and from a fingerprint to where it was seen before.
//!
//! Nothing here starts a process or asks a database. Frames and samples are handed in as FFmpeg's pipes give them,
//! fingerprints go out as bytes to keep, and an index is a directory that can always be made again from those.

mod align;
mod audio;
mod code;
mod frame;
mod index;
pub mod params;
mod print;
mod search;
mod text;
mod video;

pub use audio::{AudioExtractor, AudioPrint, AudioQuery};
pub use code::{Code, scan};
pub use frame::{FrameError, Grey};
pub use index::{Change, Damage, Index, IndexError, Opened};
pub use print::{DecodeError, Fingerprint};
pub use search::{Channel, Found, Passage, Query, Segment};
pub use text::{Piece, TextPrint, Token};
pub use video::{PictureQuery, VIEWS, VideoExtractor, VideoPrint, VideoQuery};
