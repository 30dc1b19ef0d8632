//! Fingerprint libraries and what is in them. Jobs of kind `fingerprint` are submitted like all others.

mod check;
mod entries;
mod libraries;
mod matches;

pub use libraries::NewLibrary;

/// The most libraries an account may have: what CreateDNADB's vendor gives by default.
const MOST_LIBRARIES: u32 = 5;
/// The most entries in a page of a listing.
const MOST_ENTRIES: u32 = 1000;
