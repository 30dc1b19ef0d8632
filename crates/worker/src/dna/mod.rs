//! Fingerprints on this node: how they are taken of files, the node's copies of libraries, and what a search in one
//! of them finds.

mod copies;
mod copy;
mod extract;
mod frames;
mod join;
mod matches;
mod query;
mod texts;

use reelgate_domain::dna::Matches;

pub(crate) use copies::{LibraryCopies, Trouble};
pub use extract::{Extracted, Extraction};
pub(crate) use extract::{Means, extract, text};
pub(crate) use matches::{Searched, matches};
pub use query::PreparedQuery;
pub(crate) use texts::MOST_TEXT_BYTES;

/// Puts what a search found into the shape of one dialect, for jobs that came through it.
pub trait MatchesDocument: Send + Sync {
    /// The dialect's word, as the origins of its jobs have it.
    fn dialect(&self) -> &'static str;

    /// What is put after the key of the result to name the document.
    fn suffix(&self) -> &'static str;

    fn render(&self, matches: &Matches) -> Vec<u8>;
}
