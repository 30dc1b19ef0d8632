//! `Audio.Volume`: how loud an output is.

use reelgate_domain::job::kind::transcode::Volume;

use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::Fields;

/// dB of a method that takes off or adds some, where nothing is said.
const DEFAULT_LEVEL: f64 = -20.0;

/// Reads the object. Members that belong to another method are checked and have no effect, as at the vendor's.
pub(super) fn read(part: Option<Fields<'_>>) -> Result<Option<Volume>, Refusal> {
    let Some(mut fields) = part else {
        return Ok(None);
    };
    let method = fields.required("Method")?.to_ascii_lowercase();
    let level = fields.decimal("Level", |db| (-100.0..=20.0).contains(&db))?;
    let volume = match method.as_str() {
        "linear" => Volume::Gain {
            db: level.unwrap_or(DEFAULT_LEVEL),
        },
        _ => return fields.refuse(Code::NotSupported, "Method"),
    };
    fields.finish()?;
    Ok(Some(volume))
}
