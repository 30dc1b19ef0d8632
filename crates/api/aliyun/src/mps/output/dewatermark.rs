//! The `DeWatermark` part of an output: places of the source's picture that are painted over.

use reelgate_domain::job::kind::transcode::{Erasing, Spot};
use serde_json::Value;

use crate::mps::errors::{Code, Refusal};
use crate::mps::fields::{Fields, scalar};

const NAME: &str = "DeWatermark";
/// 23:59:59.999.
const MOST_MS: u64 = 86_399_999;
/// The largest picture has no more pixels on a side.
const MOST_PIXELS: f64 = 8192.0;

/// Reads the object: places by the milliseconds from which on they are painted over, each until the next.
pub(super) fn read(fields: &mut Fields<'_>) -> Result<Vec<Erasing>, Refusal> {
    let Some(value) = fields.value(NAME) else {
        return Ok(Vec::new());
    };
    let Value::Object(members) = value else {
        return fields.refuse(Code::Format, NAME);
    };
    if members.len() > Erasing::MOST {
        return fields.refuse(Code::ListSizeExceed, NAME);
    }
    let mut moments = Vec::new();
    for (key, places) in members {
        let path = format!("{NAME}.{key}");
        let Ok(from_ms) = key.trim().parse::<u64>() else {
            return Err(Refusal::new(Code::NumberFormat, path));
        };
        if from_ms > MOST_MS {
            return Err(Refusal::new(Code::OutOfRange, path));
        }
        let Value::Array(places) = places else {
            return Err(Refusal::new(Code::Format, path));
        };
        if places.len() > Erasing::MOST_PLACES {
            return Err(Refusal::new(Code::ListSizeExceed, path));
        }
        let places = places.iter().enumerate();
        let places = places.map(|(place, spot)| self::spot(&format!("{path}[{place}]"), spot));
        moments.push(Erasing {
            from_ms,
            places: places.collect::<Result<_, _>>()?,
        });
    }
    moments.sort_by_key(|moment| moment.from_ms);
    // Two ways to write one number.
    let is_once = moments.is_sorted_by(|a, b| a.from_ms < b.from_ms);
    match is_once {
        true => Ok(moments),
        false => fields.refuse(Code::Format, NAME),
    }
}

fn spot(path: &str, value: &Value) -> Result<Spot, Refusal> {
    let Value::Object(members) = value else {
        return Err(Refusal::new(Code::Format, path));
    };
    let mut fields = Fields::new(path, members);
    let number = |fields: &mut Fields<'_>, name: &'static str| {
        let present = members.get(name).and_then(scalar);
        if present.is_none_or(|text| text.is_empty()) {
            return fields.refuse(Code::NullValue, name);
        }
        let number = fields.decimal(name, |number| (0.0..=MOST_PIXELS).contains(&number))?;
        Ok(number.unwrap_or_default())
    };
    let spot = Spot {
        left: number(&mut fields, "l")?,
        top: number(&mut fields, "t")?,
        width: number(&mut fields, "w")?,
        height: number(&mut fields, "h")?,
    };
    for (name, length) in [("w", spot.width), ("h", spot.height)] {
        if length <= 0.0 {
            return fields.refuse(Code::OutOfRange, name);
        }
    }
    fields.finish()?;
    Ok(spot)
}
