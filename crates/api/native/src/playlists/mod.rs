//! Master playlists: create.

mod create;

#[cfg(feature = "fuzzing")]
pub(crate) use create::CreateBody;
pub(crate) use create::create;
