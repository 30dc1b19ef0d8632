//! The parts of a custom template, for the products that keep templates of this product's form.

use reelgate_domain::job::kind::transcode::Settings;
use serde_json::{Map, Value};

use super::fields;
use super::output::settings;

/// The names of the parts that settings are read from.
pub(crate) const PARTS: [&str; 5] = settings::PARTS;

/// The settings of a template, whose parts may be texts that contain objects. What cannot be read or is not served is
/// said in this product's words.
pub(crate) fn settings(parts: &Map<String, Value>) -> Result<Settings, String> {
    let mut parts = parts.clone();
    fields::expand(&mut parts, "").map_err(|refusal| refusal.message())?;
    settings::read(&parts).map_err(|refusal| refusal.message())
}
