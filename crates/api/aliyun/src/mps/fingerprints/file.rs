//! A file as answers name it whose request is not known.

use reelgate_domain::ObjectRef;
use serde_json::{Map, Value};

use crate::dna::LOCATION;
use crate::mps::input;

/// Bucket, location and key, the key percent-encoded as requests have it.
pub(super) fn named(object: &ObjectRef) -> Map<String, Value> {
    let key = input::encoded(object.key.as_str());
    input::file(object.bucket.as_str(), LOCATION, &key)
}
