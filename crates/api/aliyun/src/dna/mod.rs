//! Fingerprints, as far as two products have them in common: `ice` and the older family of `mps`. They see the same
//! libraries and the same jobs; what each calls them, and how it reads requests, stays in its folder.

// Each product uses its part of this.
pub(crate) mod codes;
pub(crate) mod failure;
pub(crate) mod pipeline;
pub(crate) mod submit;
pub(crate) mod words;

/// Where all files of libraries are said to be: there is one region here, and a location is accepted whatever it says.
pub(crate) const LOCATION: &str = "oss-cn-shanghai";
