//! Fingerprint libraries: what they hold, jobs that search and fill them, and what those have found.

mod entries;
mod jobs;
mod libraries;
mod matches;

pub use entries::{EntryQuery, LibraryEntries, LibraryEntry};
pub use jobs::{DnaMedia, NewFingerprint, SaveMode};
pub use libraries::{DnaModel, Libraries, Library, NewLibrary};
pub use matches::{EntryMatch, MatchedSegment, MatchedText, Matches, Span};
