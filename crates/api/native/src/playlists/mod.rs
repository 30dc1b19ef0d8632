//! Master playlists: create.

mod create;

pub(crate) use create::create;
