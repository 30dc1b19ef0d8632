//! Media DNA: libraries of fingerprints, what is kept in them, and what a search in one finds.
//!
//! A library has a version, which grows by one with each change of what it holds. A search is made at a
//! version; what is stored "only if there is no duplicate" is stored only if nothing was added since that
//! version, so that of two jobs with the same new content one finds the other's.

mod library;
mod matches;

pub use library::{
    DnaEntry, DnaModel, InvalidPrimaryKey, Library, LibraryName, LibraryStatus, PrimaryKey,
};
pub use matches::{Channel, EntryMatch, MatchedText, Matches, Segment, Span};

use crate::ids::hex_id;

hex_id! {
    /// A library: a UUIDv7, so ids sort by creation.
    LibraryId
}
