//! `Audio.Volume`: how loud an output is.

use reelgate_domain::job::kind::transcode::Volume;

use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::Fields;

/// dB of a method that takes off or adds some, where nothing is said.
const DEFAULT_LEVEL: f64 = -20.0;

/// LUFS and dBTP of what is brought to a loudness.
const DEFAULT_INTEGRATED: f64 = -6.0;
const DEFAULT_TRUE_PEAK: f64 = -1.0;
/// A share of full scale.
const DEFAULT_PEAK: f64 = 0.9;

/// Reads the object. Members that belong to another method are checked and have no effect, as at the vendor's.
pub(super) fn read(part: Option<Fields<'_>>) -> Result<Option<Volume>, Refusal> {
    let Some(mut fields) = part else {
        return Ok(None);
    };
    let method = fields.required("Method")?.to_ascii_lowercase();
    let level = fields.decimal("Level", |db| (-100.0..=20.0).contains(&db))?;
    let integrated = fields.decimal("IntegratedLoudnessTarget", |lufs| {
        (-70.0..=-5.0).contains(&lufs)
    })?;
    let true_peak = fields.decimal("TruePeak", |dbtp| (-9.0..=0.0).contains(&dbtp))?;
    // The range is that of the source: nothing is compressed but peaks.
    fields.decimal("LoudnessRangeTarget", |lu| (1.0..=20.0).contains(&lu))?;
    let peak = fields.decimal("PeakLevel", |level| (0.0..=1.0).contains(&level))?;
    let volume = match method.as_str() {
        "linear" => Volume::Gain {
            db: level.unwrap_or(DEFAULT_LEVEL),
        },
        "dynamic" => Volume::Loudness {
            integrated: integrated.unwrap_or(DEFAULT_INTEGRATED),
            true_peak: true_peak.unwrap_or(DEFAULT_TRUE_PEAK),
        },
        "adaptive" => Volume::Peak {
            level: peak.unwrap_or(DEFAULT_PEAK),
        },
        "auto" => Volume::AUTO,
        _ => return fields.refuse(Code::NotSupported, "Method"),
    };
    fields.finish()?;
    Ok(Some(volume))
}
